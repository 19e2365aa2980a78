"""Does a sweep end soon when it is asked to, also while a model is measured, and is every run that
nobody stopped in its table?"""

import functools
import io
import threading
from concurrent.futures import Future
from contextlib import suppress
from types import SimpleNamespace

import pytest
import torch
from small_tasks import regression, spoken
from sweep_cases import GRID, numbers, sweep
from torch.utils.data import TensorDataset

import unlearnlab as ul
from unlearnlab import loop
from unlearnlab.ground.models import copied
from unlearnlab.ground.stopping import Stopped, heeding
from unlearnlab.study import workers
from unlearnlab.study.store import Store


@pytest.mark.parametrize("backend", ["serial", "local"])
def test_stop_ends_soon_and_gives_what_is_finished(tmp_path, backend):
    """One run is short and one endless. Side by side the short one ends, and asks for the stop."""
    stop = threading.Event()
    endless = {"GD": {"epochs": [2, 10**7]}}
    soon = lambda *done: threading.Timer(0.5, stop.set).start()
    if backend == "serial":
        soon()  # either of the two may be the first
    frame = sweep(endless, [1], tmp_path, backend, workers=2, stop=stop, progress=soon)
    assert stop.is_set() and frame.columns[0] == "method"
    assert len(frame) == 1 or backend == "serial" and len(frame) == 0


@pytest.mark.parametrize("nth", [0, 1, 2])
def test_a_stop_while_the_tasks_are_made_is_heard_before_the_next(tmp_path, nth):
    """At full size one takes hours. What is finished of the seeds until then comes back."""
    whole, stop, made = sweep(GRID, [1], tmp_path, "serial"), threading.Event(), []

    def factory(seed):
        made.append(seed)
        if len(made) == nth:
            stop.set()
        return regression(seed)

    if nth == 0:
        stop.set()
    frame = ul.sweep(factory, GRID, [1, 2, 3], tmp_path, "serial", progress=False, stop=stop)
    assert made == [1, 2, 3][:nth]
    assert numbers(frame).equals(numbers(whole)) if nth else len(frame) == 0
    assert [*frame] == [name for name in whole if nth or name != "size"]


@pytest.mark.parametrize("nth, finished", [(1, 0), (2, 0), (3, 1)])
def test_a_stop_within_an_evaluation_is_heard_there(tmp_path, monkeypatch, nth, finished):
    """At full size an evaluation takes longer than a run: of the original first, then of each."""
    stop, calls, ended, real = threading.Event(), [], [], loop.measure

    def measure(*arguments):
        calls.append(1)
        if len(calls) == nth:
            stop.set()
        metrics = real(*arguments)
        ended.append(1)
        return metrics

    once = functools.partial(ul.sweep, spoken, GRID, [1], backend="serial", progress=False)
    with monkeypatch.context() as patch:
        patch.setattr(loop, "measure", measure)
        frame = once(store=tmp_path / "a", stop=stop)
    assert len(frame) == finished == len(Store(tmp_path / "a").names())
    assert len(calls) == nth and len(ended) == nth - 1
    after = numbers(once(store=tmp_path / "a"))
    assert after.error.isna().all() and after.equals(numbers(once(store=tmp_path / "b")))


def test_a_stop_that_an_evaluation_swallows_makes_no_number():
    """One that guards itself against all errors."""
    stop, said = threading.Event(), []

    def guarded(model):
        try:
            return {"said": model(inputs).square().mean().item()}
        except Exception:
            return {"said": -1.0}

    def ready(run):
        said.append(run)
        stop.set()

    task = regression(1)
    inputs = task.retain.tensors[0]
    task = task.changed(evaluate=guarded)
    with pytest.raises(Stopped, match="stopped while a model was measured"):
        ul.unlearn(task, ul.GD(), 1, stop=stop, whole=True, callback=ready)
    assert len(said[0].history) == 1 and said[0].metrics == {}
    kept = ul.unlearn(task, ul.GD(), 1, stop=stop)
    assert kept.stopped and kept.metrics["said"] > 0


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
@pytest.mark.parametrize("stop", [None, threading.Event()])
def test_an_evaluation_may_save_and_script_what_it_measures(tmp_path, stop):
    """Nothing that hears a stop hangs on the model, where a file could not hold it."""

    def saved(model):
        file, x = io.BytesIO(), torch.ones(1, 2)
        torch.save(model, file)
        file.seek(0)
        again = torch.load(file, weights_only=False)
        off = [(other(x) - model(x)).abs().item() for other in (again, torch.jit.script(model))]
        return {"off": max(off)}

    factory = lambda seed: regression(seed).changed(evaluate=saved)
    grid = {"GD": {"epochs": 1}}
    frame = ul.sweep(factory, grid, [1], tmp_path, "serial", progress=False, stop=stop)
    assert frame.error.isna().all() and frame.off.tolist() == [0]


def test_a_stop_ends_the_passes_of_its_own_thread_alone_those_of_copies_too():
    stop, model, x, other = threading.Event(), regression().original, torch.ones(1, 2), []
    stop.set()
    with pytest.raises(Stopped, match="stopped here"), heeding(stop, model, "here"):
        thread = threading.Thread(target=lambda: other.append(model(x)))
        thread.start()
        thread.join()
        copied(model)(x)
    assert len(other) == 1 and torch.equal(other[0], model(x))


@pytest.mark.parametrize("ends", ["by a stop", "by an error"])
def test_a_run_that_ended_while_nobody_asked_is_kept(tmp_path, monkeypatch, ends):
    """A reader's progress may take long, as a plot does, and other workers go on meanwhile."""
    several, stop, ended, alone = threading.Event(), threading.Event(), [], workers.supervised

    def watched(run, job):
        outcome = alone(run, job)
        ended.extend([job] if outcome else [])
        if len(ended) == 2:
            several.set()
        return outcome

    def progress(row, done, total):
        several.wait()
        stop.set()
        if ends == "by an error":
            raise RuntimeError("the plot failed")

    monkeypatch.setattr(workers, "supervised", watched)
    grid, how = {"GD": {"epochs": 1, "lr": [1e-3, 2e-3, 3e-3]}}, {"workers": 2, "stop": stop}
    with suppress(RuntimeError):
        ul.sweep(regression, grid, [1], tmp_path, progress=progress, **how)
    assert len([*tmp_path.glob("*.json")]) == len(ended) >= 2


def test_no_hook_is_left_where_a_model_cannot_take_one():
    lazy = torch.nn.Sequential(torch.nn.LazyLinear(3))
    with pytest.raises(ValueError, match="uninitialized"), heeding(threading.Event(), lazy, "here"):
        pytest.fail("it has no hook on its parameters")
    assert not torch.nn.modules.module._global_forward_pre_hooks


class Doubled(ul.Task):
    """A task whose making changes it."""

    def __post_init__(self):
        super().__post_init__()
        inputs, targets = self.forget.tensors
        object.__setattr__(self, "forget", TensorDataset(inputs, -targets))


def test_a_sweep_runs_on_the_task_that_the_factory_made(tmp_path):
    doubled = lambda seed: Doubled(**vars(regression(seed)))
    frame = ul.sweep(doubled, {"GA": {"epochs": 3}}, [1], tmp_path, "serial", progress=False)
    alone = ul.unlearn(doubled(1), ul.GA(), 3).metrics
    assert frame["size"].tolist() == [alone["size"]]


@pytest.mark.parametrize("backend", ["serial", "local"])
def test_a_run_whose_task_says_that_it_was_stopped_has_that_in_its_row(tmp_path, backend):
    """Nobody stopped the sweep, so no run may be missing."""

    def stopped(model):
        raise Stopped("stopped, by its own clock")

    factory = lambda seed: regression(seed).changed(evaluate=stopped)
    grid = {"GD": {"epochs": 1, "lr": [1e-3, 1e-2]}}
    frame = ul.sweep(factory, grid, [1], tmp_path, backend, workers=1, progress=False)
    assert frame.error.tolist() == ["Stopped: stopped, by its own clock"] * 2


def test_a_stop_is_heard_while_a_worker_gets_ready(monkeypatch):
    """With a timeout it first imports what a run needs, which takes seconds."""

    class Never(Future):
        def result(self, timeout=None):
            raise AssertionError("it would wait for ever")

    never = SimpleNamespace(submit=lambda *given: Never(), shutdown=lambda **how: None)
    run = SimpleNamespace(sweep="ended", timeout=60, get_ready=None)
    monkeypatch.setattr(workers, "_ended", {"ended"})
    monkeypatch.setattr(workers, "_idle_worker", lambda sweep: never)
    assert workers.supervised(run, "a job") is None
