"""The loop: nothing of the original changes, runs repeat, stop when asked, and fail in words."""

import random
import threading
import weakref
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from small_tasks import classification, parameters, regression, spoken

import unlearnlab as ul
from unlearnlab import loop
from unlearnlab.loop import batch, batches


def tasks_for(name):
    return [
        task for task in (regression(), classification()) if task.kind in ul.METHODS[name].kinds
    ]


@pytest.mark.parametrize("name", ul.METHODS)
def test_the_original_is_never_touched_and_equal_seeds_give_equal_runs(name):
    for task in tasks_for(name):
        before, mode = parameters(task.original), task.original.training
        first, again = (ul.unlearn(task, ul.METHODS[name](), 3, seed=2) for _ in range(2))
        assert torch.equal(parameters(task.original), before) and task.original.training == mode
        assert all(p.grad is None for p in task.original.parameters())
        assert torch.equal(parameters(first.model), parameters(again.model))
        assert not first.model.training


@pytest.mark.parametrize("draw", [torch.rand, np.random.rand, lambda n: [random.random()]])
def test_what_a_model_draws_in_training_repeats_and_the_callers_numbers_are_not_spent(draw):
    class Dropping(torch.nn.Linear):
        def forward(self, x):
            kept = float(draw(1)[0]) if self.training else 1.0
            return kept * super().forward(x)

    task = regression().changed(original=Dropping(2, 1), build=None, evaluate=lambda model: {})
    first = parameters(ul.unlearn(task, ul.GD(), 3, seed=2).model)
    state = random.getstate(), np.random.get_state()[1:3], torch.get_rng_state()
    again = parameters(ul.unlearn(task, ul.GD(), 3, seed=2).model)
    other = parameters(ul.unlearn(task, ul.GD(), 3, seed=3).model)
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert random.getstate() == state[0] and torch.equal(torch.get_rng_state(), state[2])
    assert all(map(np.array_equal, np.random.get_state()[1:3], state[1]))


class Reaching(torch.nn.Module):
    """Runs one of its layers through something that a copy keeps as it is."""

    def __init__(self, reach):
        super().__init__()
        self.first, self.out = torch.nn.Linear(2, 4), torch.nn.Linear(4, 1)
        self.reached = reach(self.first)

    def forward(self, x):
        return self.out(self.reached(x))


def by_closure(layer):
    return lambda x: torch.tanh(layer(x))


def weakly(layer):
    there = weakref.ref(layer)
    return lambda x: torch.tanh(there()(x))


@pytest.mark.parametrize("reach", [by_closure, weakly])
@pytest.mark.parametrize("trained", [False, True])
def test_a_copy_that_runs_the_original_s_layers_is_refused(reach, trained):
    """Its layers were never trained, and nothing was said."""
    original = Reaching(reach)
    if trained:
        original(torch.ones(1, 2)).sum().backward()
    task = regression().changed(original=original, build=None, evaluate=lambda model: {})
    with pytest.raises(ValueError, match="a copy of it still runs its layers"):
        ul.unlearn(task, ul.GD(), 2)


def test_a_method_that_sends_gradients_into_the_original_is_told_to_detach():
    class Near(ul.GD):
        def loss(self, state, retain, forget):
            pairs = zip(state.model.parameters(), state.task.original.parameters())
            return super().loss(state, retain, forget) + sum(((p - q) ** 2).sum() for p, q in pairs)

    with pytest.raises(ValueError, match="If the method uses them, detach them"):
        ul.unlearn(regression(), Near(), 1)


def test_a_train_that_returns_nothing_is_no_trouble():
    class Forgetful(torch.nn.Linear):
        def train(self, mode=True):
            super().train(mode)

    size = lambda model: {"size": float(model.weight.detach().norm())}
    task = regression().changed(original=Forgetful(2, 1), build=None, evaluate=size)
    for method in ul.GD(), ul.MinNormOG(n_pert=0):
        assert ul.unlearn(task, method, 2).metrics["size"] > 0


def test_the_callers_random_state_is_left_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    (
        ul.unlearn(regression(), ul.NGD(), 2),
        ul.unlearn(regression(), ul.Retrain(), 2),
        regression().fresh(3),
    )
    assert torch.equal(torch.rand(3), expected)


def test_history_has_one_entry_per_epoch_and_the_callback_sees_each():
    seen = []
    run = ul.unlearn(
        regression(), ul.Ridge(), 5, callback=lambda run: seen.append(len(run.history))
    )
    assert seen == [1, 2, 3, 4, 5] and [h["epoch"] for h in run.history] == list(range(5))
    assert all(a["seconds"] <= b["seconds"] for a, b in zip(run.history, run.history[1:]))
    assert run.seconds == run.history[-1]["seconds"] and not run.stopped and "size" in run.metrics


def test_a_stop_ends_the_run_at_once_and_keeps_what_was_done():
    stop = threading.Event()
    run = ul.unlearn(
        regression(),
        ul.GD(),
        10**7,
        stop=stop,
        callback=lambda run: stop.set() if len(run.history) == 3 else None,
    )
    assert run.stopped and len(run.history) == 3 and run.metrics
    stop.set()
    assert ul.unlearn(regression(), ul.GD(), 5, stop=stop).history == []


def test_a_stopped_run_is_measured_all_the_same():
    stop = threading.Event()
    run = ul.unlearn(spoken(), ul.GD(), 5, stop=stop, callback=lambda run: stop.set())
    assert run.stopped and len(run.history) == 1 and run.metrics["said"] > 0


def test_the_loss_of_an_epoch_is_the_mean_over_its_updates():
    seen = []

    class Look(ul.GD):
        def loss(self, state, retain, forget):
            seen.append(super().loss(state, retain, forget))
            return seen[-1]

    run = ul.unlearn(classification(), Look(lr=0.1), 1)
    losses = [loss.item() for loss in seen]
    assert len({*losses}) == 2 and run.history[0]["loss"] == pytest.approx(np.mean(losses))


def test_the_seed_of_the_task_counts_beside_that_of_the_run():
    tasks = [regression().changed(seed=seed) for seed in (0, 1)]
    assert not torch.equal(*(parameters(ul.unlearn(t, ul.Retrain(), 1).model) for t in tasks))


def test_what_a_callback_draws_changes_nothing_of_the_run():
    layers = torch.nn.Linear(2, 8), torch.nn.Dropout(), torch.nn.Linear(8, 1)
    original = torch.nn.Sequential(*layers)
    task = regression().changed(original=original, build=None, evaluate=lambda model: {})
    runs = [ul.unlearn(task, ul.GD(), 3, callback=c) for c in (None, lambda run: torch.rand(1))]
    assert torch.equal(*(parameters(run.model) for run in runs))


def test_the_time_a_callback_takes_does_not_count(monkeypatch):
    clock = [0.0]

    def tick():
        clock[0] += 1
        return clock[0]

    def wait(run):
        clock[0] += 1000

    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=tick))
    run = ul.unlearn(regression(), ul.GD(), 3, callback=wait)
    assert run.seconds == run.history[-1]["seconds"] < 10


def test_a_stop_is_heard_while_salun_looks_at_the_forget_set():
    task, stop, seen = classification().changed(evaluate=lambda model: {}), threading.Event(), []
    handle = task.original.register_forward_hook(
        lambda module, *rest: seen.append(1) or stop.set()
    )  # the run's copy has it too
    batches = -(-len(task.forget) // task.batch_size)
    run = ul.unlearn(task, ul.SalUn(), 3, stop=stop)
    handle.remove()
    assert run.stopped and run.history == [] and len(seen) == 1 < batches


def test_what_the_callback_raises_comes_through():
    def fail(run):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        ul.unlearn(regression(), ul.GD(), 5, callback=fail)


def both(task, indices):
    return [batch(task, *each) for each in zip(("retain", "forget"), indices)]


def test_batches_pair_every_forget_sample_once_with_cycling_retain_samples():
    task = classification(batch_size=4, retain=10, forget=9)
    task.retain.tensors[0][:, 0] = torch.arange(10.0)
    task.forget.tensors[0][:, 0] = torch.arange(9.0)
    epochs, kept = batches(task, torch.Generator().manual_seed(0)), []
    for _ in range(4):
        pairs = [both(task, indices) for indices in next(epochs)]
        assert (
            [len(f) for _, f in pairs]
            == [4, 4, 1]
            == [len(r) for r, _ in pairs]
            == [len(r.targets) for r, _ in pairs]
        )
        assert sorted(int(v) for _, f in pairs for v in f.inputs[:, 0]) == list(range(9))
        assert all(torch.equal(b.inputs[:, 0].long(), b.index) for pair in pairs for b in pair)
        kept += [int(v) for r, _ in pairs for v in r.inputs[:, 0]]
    for start in range(0, 30, 10):
        assert sorted(kept[start : start + 10]) == list(range(10))


def test_a_retain_set_smaller_than_the_batch_gives_every_batch_each_of_its_samples_once():
    task = classification(batch_size=8, retain=3, forget=20)
    epochs = batches(task, torch.Generator().manual_seed(0))
    for retain, forget in (both(task, indices) for indices in next(epochs)):
        assert sorted(retain.index.tolist()) == [0, 1, 2] and len(forget) in (8, 4)


def test_the_whole_retain_set_comes_whole_after_a_short_batch_too():
    task, whole = classification(batch_size=8, retain=7, forget=20), []
    epochs = batches(task, torch.Generator().manual_seed(0))
    for _ in range(6):
        whole += [retain.tolist() for retain, forget in next(epochs) if len(forget) == 8]
    assert all(sorted(index) == list(range(7)) for index in whole) and len(whole) == 12


def test_arguments_are_checked_before_any_work():
    task = regression()
    for epochs in (0, -1, 2.5, "10", True):
        with pytest.raises(ValueError, match="epochs must be an integer of at least 1"):
            ul.unlearn(task, ul.GD(), epochs)
    with pytest.raises(ValueError, match="seed must be a non-negative integer, got -1"):
        ul.unlearn(task, ul.GD(), 1, seed=-1)
    with pytest.raises(TypeError, match="method must be an instance"):
        ul.unlearn(task, ul.GD, 1)
    with pytest.raises(TypeError, match="task must be a ul.Task, got "):
        ul.unlearn(3, ul.GD(), 1)
    with pytest.raises(TypeError, match="whole must be True or False, got 'yes'"):
        ul.unlearn(task, ul.GD(), 1, whole="yes")
    with pytest.raises(ValueError, match="descent_epochs=50 is more than epochs=10"):
        ul.unlearn(task, ul.MinNormOG(descent_epochs=50), 10)


def test_a_task_needs_points_on_both_sides_and_a_known_kind():
    task = regression()
    with pytest.raises(ValueError, match="forget is empty"):
        ul.Task(
            **{
                **task.__dict__,
                "forget": torch.utils.data.TensorDataset(torch.empty(0, 2), torch.empty(0, 1)),
            }
        )
    for size in (0, -1, 2.5, "all"):
        with pytest.raises(ValueError, match="batch_size must be None"):
            ul.Task(**{**task.__dict__, "batch_size": size})
    with pytest.raises(ValueError, match="seed must be a non-negative integer, got -1"):
        ul.Task(**{**task.__dict__, "seed": -1})
    with pytest.raises(ValueError, match=r"the model returns \(3,\) for targets of shape \(3, 1\)"):
        task.loss(torch.ones(3), torch.ones(3, 1))
    with pytest.raises(
        ValueError, match=r"a model with 2 heads needs targets \(n, 2\), got \(4,\)"
    ):
        classification().loss(
            (torch.ones(4, 5), torch.ones(4, 3)), torch.zeros(4, dtype=torch.long)
        )
    frozen = regression()
    frozen.original.requires_grad_(False)
    with pytest.raises(ValueError, match="GD has nothing to move"):
        ul.unlearn(frozen, ul.GD(), 1)
    with pytest.raises(ValueError, match="kind must be one of"):
        ul.Task(**{**task.__dict__, "kind": "clustering"})
    only = ul.Task(**{**task.__dict__, "name": "toy"})

    class ForClasses(ul.GD):
        kinds = ("classification",)

    with pytest.raises(
        ValueError, match="ForClasses needs a classification task, toy is a regression one"
    ):
        ul.unlearn(only, ForClasses(), 1)


def test_a_task_moves_to_a_device_and_leaves_the_first_where_it_was():
    task = regression()
    moved = task.to("cpu")
    assert moved.original is not task.original and torch.equal(
        parameters(moved.original), parameters(task.original)
    )
    assert torch.equal(
        parameters(ul.unlearn(moved, ul.MinNormOG(), 3).model),
        parameters(ul.unlearn(task, ul.MinNormOG(), 3).model),
    )


def test_runs_in_threads_give_what_they_give_alone():
    """torch has one global generator: two labs once drew their fresh models
    from each other's seeds."""
    expected, go, wrong = (
        parameters(ul.unlearn(regression(), ul.Retrain(), 1).model),
        threading.Event(),
        [],
    )

    def work(seed):
        while not go.is_set():
            ul.sine.task(2), regression().fresh(seed)

    threads = [threading.Thread(target=work, args=(s,)) for s in (1, 2)]
    [t.start() for t in threads]
    for _ in range(40):
        wrong.append(
            not torch.equal(parameters(ul.unlearn(regression(), ul.Retrain(), 1).model), expected)
        )
    go.set()
    [t.join() for t in threads]
    assert not any(wrong)


def test_grad_mode_of_the_caller_does_not_matter_except_inference():
    with torch.no_grad():
        inside = ul.unlearn(regression(), ul.GD(), 3)
    assert torch.equal(
        parameters(inside.model), parameters(ul.unlearn(regression(), ul.GD(), 3).model)
    )
    assert all(p.grad is None for p in inside.model.parameters())
    with torch.inference_mode(), pytest.raises(RuntimeError, match="outside torch.inference_mode"):
        ul.unlearn(regression(), ul.GD(), 3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU on this machine")
@pytest.mark.parametrize("name", ul.METHODS)
def test_every_method_runs_on_a_gpu_and_agrees_with_the_cpu_at_first(name):
    for task in tasks_for(name):
        method = (
            ul.NGD(noise=0.0) if name == "NGD" else ul.METHODS[name]()
        )  # each device draws its own noise
        cpu, gpu = (ul.unlearn(t, method, 2) for t in (task, task.to("cuda")))
        assert next(gpu.model.parameters()).is_cuda
        torch.testing.assert_close(
            parameters(gpu.model).cpu(), parameters(cpu.model), rtol=1e-3, atol=1e-4
        )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU on this machine")
def test_noise_drawn_on_a_gpu_repeats_by_seed():
    runs = [
        parameters(ul.unlearn(regression().to("cuda"), ul.NGD(), 2, seed=s).model)
        for s in (0, 0, 1)
    ]
    torch.testing.assert_close(runs[0], runs[1])
    assert (runs[0] - runs[2]).norm() > 1e-3
