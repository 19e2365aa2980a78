"""Does a sweep lose nothing, mix nothing, and give the same table whatever runs it and whatever
dies on the way?"""

import dataclasses
import functools
import gc
import os
import signal
import subprocess
import sys
import time
import weakref
from pathlib import Path

import numpy as np
import pytest
from patience import END
from small_tasks import regression
from sweep_cases import GRID, numbers, sweep

import unlearnlab as ul
from unlearnlab.study.grid import Setting, expand
from unlearnlab.study.store import Store

RUNS = 6 * 3


# for `deadly`, each of whose deaths costs seconds
ONE_DEADLY = GRID | {"MinNorm-OG": {"epochs": 3, "reg": 0.1}}


def deadly(seed, times=10**9, folder=None, pause=0):
    """The toy task, but the run whose shrinkage leaves a certain size kills its process, the first
    `times` times; every other run lasts `pause` seconds longer."""
    task = regression(seed)
    original = task.evaluate(task.original)["size"]

    def evaluate(model):
        size = task.evaluate(model)
        if size["size"] < 0.9 * original and seed == 1:
            deaths = len(list(folder.iterdir())) if folder else 0
            if deaths < times:
                if folder:
                    (folder / str(time.time_ns())).touch()
                os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(pause)
        return size

    return ul.Task(
        **{**{f: getattr(task, f) for f in task.__dataclass_fields__}, "evaluate": evaluate}
    )


def test_a_grid_names_every_combination_once_in_its_order():
    found = expand(
        [GRID, {"GD": {"epochs": 2, "lr": 1e-3}}, (ul.GA(lr=1.0), 7), Setting(ul.NGP(), 1)]
    )
    assert (
        len(found) == 8
        and found[0] == Setting(ul.GD(lr=1e-3), 2)
        and found[6] == Setting(ul.GA(lr=1.0), 7)
    )
    assert [s.epochs for s in found[:4]] == [2, 2, 4, 4] and found[5].method.reg == 0.5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Odd(ul.GD):
    """Its settings may compare equal and run otherwise."""

    gain: float = dataclasses.field(default=1.0, compare=False)
    mode: object = None


def test_settings_that_merely_compare_equal_are_two():
    modes = [1, True, 1.0, "1", None, 1, float("nan"), float("nan")]
    found = expand({Odd: {"epochs": 1, "mode": modes}})
    assert list(map(repr, modes[:5] + modes[6:7])) == [repr(s.method.mode) for s in found]
    found = expand({Odd: {"epochs": 1, "gain": [1.0, 5.0, 5, np.float32(5)]}})
    assert [setting.method.gain for setting in found] == [1, 5]


@pytest.mark.parametrize("large", [2**53 + 1, 2**63 - 1, 2**63, -(2**70)])
def test_a_large_integer_stands_in_the_table_as_it_is(tmp_path, large):
    frame = sweep([(Odd(mode=large), 1), (ul.GD(), 1)], [1], tmp_path, "serial")
    assert frame["mode"][0] == large and frame["mode"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    "grid, words",
    [
        (
            {"GDD": {"epochs": 1}},
            "grid names no method: 'GDD'; there are .*MinNorm-OG.* such as ul.NTK",
        ),
        (
            {"GD": {"epochs": 1, "rate": [1]}},
            "GD has no hyperparameter 'rate'; it has epochs, lr, weight_decay",
        ),
        ({"GD": {"lr": 1e-3}}, r"grid\['GD'\] must say for how many epochs"),
        ({"GD": {"epochs": 1, "lr": []}}, r"grid\['GD'\]\['lr'\] is empty"),
        ({"GD": {"epochs": 0}}, "GD: epochs must be an integer of at least 1, got 0"),
        ({"GD": {"epochs": 1, "lr": [-1]}}, "GD: lr must be"),
        ({"GD": 3}, r"grid\['GD'\] must be a dict"),
        ({}, "grid is empty"),
        (7, "grid must be a dict of methods"),
        (
            {"MinNorm-OG": {"epochs": 2, "descent_epochs": 5}},
            "descent_epochs=5 is more than epochs=2",
        ),
    ],
)
def test_a_wrong_grid_is_refused_by_name_before_any_work(grid, words, tmp_path):
    with pytest.raises((TypeError, ValueError), match=words):
        sweep(grid, [1], tmp_path)
    assert not any(tmp_path.iterdir())


def test_other_wrong_arguments_are_refused_before_any_work(tmp_path):
    for arguments, words in [
        (dict(seeds=[]), "seeds is empty"),
        (dict(workers=0), "workers must be .* got 0"),
        (dict(threads=0), "threads must be"),
        (dict(backend="slurm"), "backend must be .*got 'slurm'"),
    ]:
        with pytest.raises(ValueError, match=words):
            sweep(**{"grid": GRID, "seeds": [1], "store": tmp_path, **arguments})
    with pytest.raises(TypeError, match=r"task_factory\(1\) must be a ul.Task, got"):
        ul.sweep(lambda seed: seed, GRID, [1], tmp_path, progress=False)
    task = regression(1)
    with pytest.raises(ValueError, match="one and the same task of seeds 1 and 2"):
        ul.sweep(lambda seed: task, GRID, [1, 2], tmp_path, progress=False)
    assert not any(tmp_path.iterdir())
    with pytest.raises(TypeError, match="task_factory must be a function"):
        ul.sweep(regression(), GRID, [1], tmp_path, progress=False)


def test_the_table_has_one_row_per_run_in_the_order_of_the_grid(tmp_path):
    frame = sweep(GRID, range(3), tmp_path, "serial")
    assert len(frame) == RUNS and frame["seed"].tolist() == [0, 1, 2] * 6
    assert frame.columns[:3].tolist() == ["method", "epochs", "seed"] and {
        "lr",
        "reg",
        "size",
        "seconds",
        "commit",
        "torch",
    } <= {*frame.columns}
    assert frame["error"].isna().all() and frame["n_pert"].dtype == "Int64"
    run = ul.unlearn(regression(2), ul.MinNormOG(reg=0.5), 3)
    assert frame.iloc[-1]["size"] == run.metrics["size"]


def test_the_same_call_again_runs_nothing_and_another_grid_reuses_what_fits(tmp_path):
    seen = []
    count = lambda row, done, total: seen.append((done, total))
    first = ul.sweep(regression, GRID, range(3), tmp_path, "serial", progress=count)
    assert seen == [(i, RUNS) for i in range(1, RUNS + 1)]
    seen.clear()
    assert (
        ul.sweep(regression, GRID, range(3), tmp_path, "serial", progress=count).equals(first)
        and not seen
    )
    wider = ul.sweep(
        regression,
        [GRID, {"GD": {"epochs": 2, "lr": 1e-4}}],
        range(4),
        tmp_path,
        "serial",
        progress=count,
    )
    assert len(seen) == 7 * 4 - RUNS and len(wider) == 28
    assert len(sweep({"GD": {"epochs": 2, "lr": 1e-3}}, [1], tmp_path, "serial")) == 1


def test_the_seed_of_the_runs_and_the_threads_are_part_of_a_run(tmp_path):
    noisy = {"NGD": {"epochs": 2}}
    a, b = (sweep(noisy, [1], tmp_path, "serial", run_seed=seed) for seed in (0, 1))
    assert a["size"][0] != b["size"][0] and len(Store(tmp_path).names()) == 2


def test_a_run_that_diverges_has_its_error_in_its_row_and_is_not_run_again(tmp_path):
    grid = {"GA": {"epochs": 40, "lr": [1e-3, 1e30]}}
    frame = sweep(grid, [1], tmp_path, "serial")
    assert frame["error"].isna().tolist() == [True, False] and "lr=1e+30" in frame["error"][1]
    seen = []
    again = ul.sweep(regression, grid, [1], tmp_path, "serial", progress=lambda *a: seen.append(a))
    assert again.equals(frame) and not seen


def test_a_run_that_fails_for_another_reason_is_tried_again(tmp_path):
    def factory(seed):
        task = regression(seed)

        def evaluate(model):
            raise MemoryError("no room")

        return ul.Task(
            **{**{f: getattr(task, f) for f in task.__dataclass_fields__}, "evaluate": evaluate}
        )

    frame = ul.sweep(factory, GRID, [1], tmp_path, "serial", progress=False)
    assert (frame["error"] == "MemoryError: no room").all() and not Store(tmp_path).names()


@pytest.mark.parametrize("backend", ["local", "dask"])
def test_workers_give_the_same_numbers_and_a_run_that_kills_its_own_ends_in_its_row_alone(
    tmp_path, backend
):
    frame = ul.sweep(
        deadly, ONE_DEADLY, range(3), tmp_path / "a", backend, workers=2, progress=False
    )
    expected = sweep(ONE_DEADLY, range(3), tmp_path / "b", "serial")
    dead = frame["error"].notna()
    assert (
        dead == (frame["seed"] == 1) & (frame["method"] == "MinNorm-OG")
    ).all() and dead.sum() == 1
    alive = [numbers(table)[~dead].drop(columns="error") for table in (frame, expected)]
    assert alive[0].equals(alive[1]) and frame["error"][~dead].isna().all()
    assert frame["error"][dead].str.contains("died 2 times").all()
    assert len(Store(tmp_path / "a").names()) == len(frame) - 1


def test_who_shares_a_worker_with_a_run_that_kills_it_is_not_blamed(tmp_path):
    import dask
    from distributed import Client

    with (
        dask.config.set(
            {
                "distributed.scheduler.allowed-failures": 0,
                "distributed.deploy.lost-worker-timeout": "1 hour",
            }
        ),
        Client(n_workers=1, threads_per_worker=3, dashboard_address=None) as client,
    ):
        frame = ul.sweep(
            functools.partial(deadly, pause=0.3), ONE_DEADLY, [1], tmp_path, client, progress=False
        )
    assert (frame["error"].notna() == (frame["method"] == "MinNorm-OG")).all()


def test_a_worker_that_grows_keeps_its_task(tmp_path):
    """loky would begin it anew after 300 MB, and the next run would make the task again."""
    calls = tmp_path / "calls"

    def growing(model):
        with calls.open("a") as file:
            file.write(".")
        if calls.stat().st_size == 3:  # the original is measured first, and a run
            sys.hoard = np.ones(50_000_000)  # where no fingerprint looks
            time.sleep(1.5)  # it looks once a second
        return {"worker": float(os.getpid())}

    factory = lambda seed: regression(seed).changed(evaluate=growing)
    grid = {"GD": {"epochs": 1, "lr": [1e-3, 2e-3, 3e-3]}}
    store = tmp_path / "store"
    frame = ul.sweep(factory, grid, [1], store, "local", workers=1, progress=False)
    assert frame.error.isna().all() and frame.worker.nunique() == 1
    assert calls.stat().st_size == 4


def test_a_worker_that_dies_once_costs_nothing(tmp_path):
    (tmp_path / "deaths").mkdir()
    dying = functools.partial(deadly, times=1, folder=tmp_path / "deaths")
    # one run that dies: two at once could both be the first
    frame = ul.sweep(dying, ONE_DEADLY, range(3), tmp_path / "store", workers=2, progress=False)
    assert frame["error"].isna().all() and len(frame) == 3 * len(expand(ONE_DEADLY))
    assert len(list((tmp_path / "deaths").iterdir())) == 1


PROGRAM = """
import sys, time, unlearnlab as ul
sys.path.insert(0, {tests!r})
from small_tasks import regression
def slow(row, done, total):
    print(done, flush=True)
    time.sleep({end} if done == {hang} else .05)
if __name__ == "__main__":
    how = dict(backend={backend!r}, workers=2, progress=slow)
    print(len(ul.sweep(regression, {grid!r}, range(3), {store!r}, **how)), "rows", flush=True)
"""


def program(tmp_path, backend="serial", hang=None):
    source = PROGRAM.format(
        tests=str(Path(__file__).parents[1]),
        grid=GRID,
        store=str(tmp_path / "store"),
        backend=backend,
        hang=hang,
        end=END,
    )
    (tmp_path / "program.py").write_text(source)
    return subprocess.Popen(
        [sys.executable, str(tmp_path / "program.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # a shell's background jobs inherit a deaf ear


@pytest.mark.parametrize(
    "backend, how",
    [
        ("serial", signal.SIGKILL),
        ("local", signal.SIGKILL),
        ("local", signal.SIGINT),
        ("dask", signal.SIGINT),
    ],
)
def test_a_killed_or_interrupted_sweep_goes_on_where_it_was(tmp_path, backend, how):
    process = program(tmp_path, backend, hang=4)  # it waits after the fourth, with others under way
    for line in process.stdout:
        if line.strip() == "4":
            break
    process.send_signal(how)
    process.stdout.read()
    assert process.wait(END) != 0
    done = len(Store(tmp_path / "store").read_all())
    assert 4 <= done < RUNS  # those that were under way may have ended
    seen = []
    frame = ul.sweep(
        regression, GRID, range(3), tmp_path / "store", "serial", progress=lambda *a: seen.append(a)
    )
    assert len(seen) == RUNS - done and numbers(frame).equals(
        numbers(sweep(GRID, range(3), tmp_path / "whole", "serial"))
    )


@pytest.mark.parametrize("name", ["seed", "epochs", "threads", "error", "task", "rule", "run_seed"])
def test_a_hyperparameter_named_like_a_column_is_refused_by_name(tmp_path, name):
    own = dataclasses.make_dataclass(
        "Mine", [(name, int, 5)], bases=(ul.GD,), frozen=True, kw_only=True
    )
    with pytest.raises(ValueError, match=f"has a hyperparameter '{name}', as a column"):
        sweep([(own(), 1)], [1], tmp_path, "serial")


def test_a_serial_sweep_lets_go_of_its_last_task(tmp_path):
    made = []
    factory = lambda seed: made.append(weakref.ref(task := regression(seed))) or task
    ul.sweep(factory, {"GD": {"epochs": 1}}, [1], tmp_path, "serial", progress=False)
    gc.collect()
    assert len(made) == 2 and [one() for one in made] == [None, None]


def test_two_processes_share_a_store(tmp_path):
    both = [program(tmp_path), program(tmp_path)]
    outputs = [process.communicate(timeout=END)[0] for process in both]
    assert all(f"{RUNS} rows" in output for output in outputs), outputs
    assert len(Store(tmp_path / "store").read_all()) == RUNS and not list(
        (tmp_path / "store").glob(".*.tmp")
    )
    assert numbers(sweep(GRID, range(3), tmp_path / "store", "serial")).equals(
        numbers(sweep(GRID, range(3), tmp_path / "whole", "serial"))
    )
