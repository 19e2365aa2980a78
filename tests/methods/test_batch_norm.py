"""Do forget batches reach running statistics exactly when the policy says so, and does a batch
of one sample do no harm?"""

import copy
import itertools

import pytest
import torch
import torch.nn.functional as F
from small_tasks import parameters, regression
from torch import nn
from torch.utils.checkpoint import checkpoint
from torch.utils.data import TensorDataset

import unlearnlab as ul
from unlearnlab.chapters.ch11_replication import MinNormPublished
from unlearnlab.chapters.ch11_replication.published import batch_statistics_step
from unlearnlab.methods.base import CHOICES, Method
from unlearnlab.networks import seeded

STILL = {"lr": 1e-300, "weight_decay": 0.0}  # the weights stay, so that only statistics can change


def flat():
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3))


def convolutional():
    return nn.Sequential(
        nn.Unflatten(1, (1, 2, 2)),
        nn.Conv2d(1, 5, 2),
        nn.BatchNorm2d(5),
        nn.Flatten(),
        nn.Linear(5, 3),
    )


def instances():
    """InstanceNorm writes into its statistics whenever it normalises by a sample's own."""
    norm = nn.InstanceNorm1d(2, affine=True, track_running_stats=True)
    return nn.Sequential(nn.Unflatten(1, (2, 2)), norm, nn.Flatten(), nn.Linear(4, 3))


class Averages(nn.Module):
    """A norm of one's own: its running mean is a buffer that training moves."""

    def __init__(self):
        super().__init__()
        self.register_buffer("running_mean", torch.zeros(4))

    def forward(self, x):
        if self.training:
            self.running_mean.lerp_(x.detach().mean(0), 0.1)
        return x - (x.mean(0) if self.training else self.running_mean)


def averages():
    return nn.Sequential(Averages(), nn.Linear(4, 3))


def normalised(build=flat, batch_size=None, retain=24, forget=8):
    """A task whose forget inputs lie elsewhere, and an original with running statistics
    of its own."""
    g = torch.Generator().manual_seed(0)
    x = torch.randn(retain + forget, 4, generator=g)
    x[retain:] += 5
    y = torch.arange(retain + forget) % 3
    make = lambda seed: seeded(build, seed)
    original = make(1)
    original(x), original.eval()
    return ul.Task(
        "normalised",
        "classification",
        0,
        original,
        None,
        TensorDataset(x[:retain], y[:retain]),
        TensorDataset(x[retain:], y[retain:]),
        make,
        lambda model: {},
        batch_size=batch_size,
    )


def statistics(model):
    return {name: b.clone() for name, b in model.named_buffers()}


def passed(task, *sets):
    """The statistics after whole sets went through the original in training mode,
    by torch alone."""
    model = copy.deepcopy(task.original).train()
    for data in sets:
        model(data.tensors[0])
    return statistics(model)


def equal(found, expected):
    return all(torch.equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize("build", [flat, convolutional, instances, averages])
@pytest.mark.parametrize("method", [ul.GD, ul.NGP, ul.SalUn, ul.KLUnif, ul.NegGrad])
def test_by_default_retain_batches_alone_reach_the_running_statistics(build, method):
    task = normalised(build)
    assert equal(
        statistics(ul.unlearn(task, method(**STILL), 2).model),
        passed(task, task.retain, task.retain),
    )


@pytest.mark.parametrize("build", [flat, instances, averages])
@pytest.mark.parametrize("method", [ul.GA, ul.NPO])
def test_by_default_a_method_that_uses_no_retain_batch_leaves_the_running_statistics(method, build):
    task = normalised(build)
    assert equal(statistics(ul.unlearn(task, method(**STILL), 2).model), statistics(task.original))


@pytest.mark.parametrize("build", [flat, instances, averages])
@pytest.mark.parametrize("method", [ul.GD, ul.GA, ul.NGP, ul.MinNormOG, ul.SCRUB, ul.NPO])
def test_all_lets_both_batches_in_whatever_the_method_uses(method, build):
    task = normalised(build)
    run = ul.unlearn(
        task,
        method(**STILL, batch_norm="all", **({"reg": 0.0} if method is ul.MinNormOG else {})),
        2,
    )
    assert equal(
        statistics(run.model), passed(task, task.retain, task.forget, task.retain, task.forget)
    )


@pytest.mark.parametrize("build", [flat, instances])
@pytest.mark.parametrize("name", ul.METHODS)
def test_frozen_statistics_do_not_move_while_scale_and_shift_train(name, build):
    task = normalised(build)
    run = ul.unlearn(task, ul.METHODS[name](batch_norm="frozen", lr=0.01), 3)
    start = task.fresh(0) if name == "Retrain" else task.original
    assert equal(statistics(run.model), statistics(start))
    moved = not torch.equal(run.model[1].weight, task.original[1].weight)
    assert moved or build is instances  # two weights, which SalUn may hold not salient


def test_frozen_stays_frozen_when_a_callback_sets_the_model_to_training():
    task = normalised()
    run = ul.unlearn(task, ul.NGP(batch_norm="frozen"), 3, callback=lambda run: run.model.train())
    assert equal(statistics(run.model), statistics(task.original))


@pytest.mark.parametrize("policy, mode", [("retain", True), ("all", True), ("frozen", False)])
def test_a_forget_batch_is_normalised_as_the_policy_says(policy, mode):
    task, seen = normalised(), []

    class Look(ul.GA):
        def loss(self, state, retain, forget):
            seen.append(super().loss(state, retain, forget))
            return seen[-1]

    ul.unlearn(task, Look(**STILL, batch_norm=policy), 1)
    x, y = task.forget.tensors
    expected = -F.cross_entropy(copy.deepcopy(task.original).train(mode)(x), y)
    torch.testing.assert_close(seen[0], expected)
    assert not torch.isclose(
        seen[0], -F.cross_entropy(copy.deepcopy(task.original).train(not mode)(x), y)
    )


@pytest.mark.parametrize("build", [flat, convolutional])
@pytest.mark.parametrize("policy", CHOICES["batch_norm"])
def test_a_last_batch_of_one_sample_is_normalised_by_the_running_statistics(build, policy):
    task, seen = normalised(build, batch_size=4, forget=9), []
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        copy.deepcopy(task.original).train()(task.forget.tensors[0][:1])

    class Look(ul.GA):
        def loss(self, state, retain, forget):
            before = statistics(state.model)
            found = super().loss(state, retain, forget)
            seen.append(
                (
                    len(forget),
                    found,
                    -state.task.loss(
                        copy.deepcopy(state.model).eval()(forget.inputs), forget.targets
                    ),
                    equal(statistics(state.model), before),
                )
            )
            return found

    ul.unlearn(task, Look(**STILL, batch_norm=policy), 1)
    assert [n for n, *_ in seen] == [4, 4, 1] and all(kept for *_, kept in seen)
    torch.testing.assert_close(seen[2][1], seen[2][2])
    assert torch.isclose(seen[0][1], seen[0][2]) == (policy == "frozen")


def test_a_batch_of_two_samples_has_statistics_of_its_own():
    task = normalised(forget=2)
    x, y = task.forget.tensors
    expected = -F.cross_entropy(copy.deepcopy(task.original).train()(x), y).item()
    run = ul.unlearn(task, ul.GA(**STILL), 1)
    assert run.history[0]["loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ul.METHODS)
@pytest.mark.parametrize("policy", CHOICES["batch_norm"])
def test_every_method_survives_batches_and_sets_of_one_sample(name, policy):
    for task in (
        normalised(batch_size=4, forget=5),
        normalised(forget=1),
        normalised(batch_size=4, retain=1),
    ):
        run = ul.unlearn(task, ul.METHODS[name](batch_norm=policy), 2)
        assert len(run.history) == 2


@pytest.mark.parametrize("rows", ["eval", "train"])
def test_minnorm_takes_rows_of_the_deployed_network_or_of_the_subsamples_own_statistics(rows):
    task, expected = normalised(), {}
    for kind, step in (("eval", ul.minnorm_step), ("train", batch_statistics_step)):
        expected[kind] = copy.deepcopy(task.original)
        step(expected[kind], task.retain.tensors[0], 0.5)
    run = ul.unlearn(
        task, MinNormPublished(**STILL, reg=0.5, rows=rows, outputs="after", batch_norm="retain"), 1
    )
    torch.testing.assert_close(parameters(run.model), parameters(expected[rows]))
    assert (parameters(expected["train"]) - parameters(expected["eval"])).norm() > 0.01
    assert (
        run.model[1].num_batches_tracked == task.original[1].num_batches_tracked + 1
    )  # the descent's batch, not the rows'


@pytest.mark.parametrize("outputs", ["before", "after"])
def test_the_public_codes_pass_for_the_rows_leaves_a_trace_in_the_running_statistics(outputs):
    task, own = normalised(), {**STILL, "reg": 0, "n_pert": 3, "rows": "eval", "outputs": outputs}
    runs = {
        t: ul.unlearn(task, MinNormPublished(**own, trace=t), 1).model[1] for t in (False, True)
    }
    without, traced = runs[False], runs[True]
    assert traced.num_batches_tracked == without.num_batches_tracked + 1
    last = 10 * (traced.running_mean - 0.9 * without.running_mean)  # momentum 0.1
    first = task.original[0](task.retain.tensors[0]).detach()
    closest = [
        (first[list(three)].mean(0) - last).abs().max()
        for three in itertools.combinations(range(len(first)), 3)
    ]
    assert min(closest) < 1e-4
    clean = ul.unlearn(task, MinNormPublished(**own, batch_norm="retain"), 1).model[1]
    assert clean.num_batches_tracked == task.original[1].num_batches_tracked + 1


def test_the_mask_of_salun_is_that_of_the_deployed_network():
    task = normalised()
    x, y = task.forget.tensors
    moved = parameters(ul.unlearn(task, ul.SalUn(lr=0.01), 2).model) != parameters(task.original)
    for mode in (False, True):
        model = copy.deepcopy(task.original).train(mode)
        sizes = torch.cat(
            [
                g.abs().flatten()
                for g in torch.autograd.grad(F.cross_entropy(model(x), y), model.parameters())
            ]
        )
        assert torch.equal(moved, sizes > sizes.median()) == (not mode)


def test_a_forward_pass_that_fails_leaves_every_mode_as_it_was():
    task, seen = normalised(), []
    task.original.append(nn.Linear(7, 1))  # does not fit

    class Look(Method):
        def loss(self, state, retain, forget):
            before = [(m.training, m.track_running_stats) for m in state.norms]
            with pytest.raises(RuntimeError):
                state.loss(forget)
            seen.append(
                before
                == [(m.training, m.track_running_stats) for m in state.norms]
                == [(True, True)]
            )
            return sum(p.sum() for p in state.model.parameters())

    ul.unlearn(task, Look(), 1)
    assert seen == [True]


def test_layers_that_the_model_keeps_in_evaluation_mode_stay_in_it():
    class Kept(nn.Sequential):
        def train(self, mode=True):
            super().train(mode)
            self[1].eval()
            return self

    task = normalised(lambda: Kept(*flat()))
    assert equal(statistics(ul.unlearn(task, ul.NGP(), 2).model), statistics(task.original))


def test_a_layer_whose_tracking_was_switched_off_stays_so():
    task = normalised()
    task.original[1].track_running_stats = False
    assert equal(
        statistics(ul.unlearn(task, ul.NGP(batch_norm="all"), 2).model), statistics(task.original)
    )


@pytest.mark.parametrize("name", ["GD", "NGP", "MinNorm-OG"])
def test_without_batch_norm_every_policy_is_the_same_run(name):
    runs = [
        ul.unlearn(regression(), ul.METHODS[name](batch_norm=policy), 3)
        for policy in CHOICES["batch_norm"]
    ]
    assert all(torch.equal(parameters(run.model), parameters(runs[0].model)) for run in runs[1:])


@pytest.mark.parametrize("policy", CHOICES["batch_norm"])
@pytest.mark.parametrize("build", [flat, convolutional, instances, averages])
def test_a_method_that_goes_past_the_policy_is_refused_and_told_the_way(build, policy):
    class Past(Method):
        def loss(self, state, retain, forget):
            return state.task.loss(state.model(retain.inputs), retain.targets)

    class PastInPerturb(ul.GD):  # as methods do that look at a second gradient
        def perturb(self, state):
            state.model(state.task.forget.tensors[0])

    class PastInBegin(ul.GD):
        def begin(self, state):
            state.model(state.task.forget.tensors[0])

    class Looks(Method):
        def loss(self, state, retain, forget):
            return state.loss(retain) + 0 * state.outputs(forget).sum()

    task = normalised(build)
    for past in (Past, PastInPerturb, PastInBegin):
        words = rf"{past.__name__} lets .*batch_norm='{policy}' .*state.outputs\(batch\)"
        with pytest.raises(ValueError, match=words):
            ul.unlearn(task, past(batch_norm=policy), 1)
    looked, gd = (ul.unlearn(task, m(batch_norm=policy), 3).model for m in (Looks, ul.GD))
    assert equal(statistics(looked), statistics(gd))


def test_a_checkpoint_that_runs_batch_norm_twice_is_refused():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = flat()

        def forward(self, x):
            return checkpoint(self.layers, x, use_reentrant=False)

    with pytest.raises(ValueError, match="GD lets .* checkpoint around batch norm runs it twice"):
        ul.unlearn(normalised(Twice), ul.GD(), 1)
