"""Do sweeps give the same on every backend, and does a run that hangs end itself alone?"""

import dataclasses
import functools
import os
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from own import GRID, Mine, scaled, sweep
from small_tasks import regression
from sweep_cases import numbers
from torch import nn
from torch.utils.data import TensorDataset

import unlearnlab as ul
from unlearnlab.study.store import Store


@dataclass(frozen=True, kw_only=True)
class Hanging(ul.GD):
    def loss(self, state, retain, forget):
        while self.lr > 1e-3:
            time.sleep(0.1)
        return super().loss(state, retain, forget)


@dataclass(frozen=True, kw_only=True)
class Leaving(ul.GD):
    how: str = "exit"

    def loss(self, state, retain, forget):
        if self.lr > 1e-3:
            raise SystemExit(3) if self.how == "exit" else KeyboardInterrupt
        return super().loss(state, retain, forget)


def with_dropout(seed):
    x = torch.randn(12, 2, generator=torch.Generator().manual_seed(seed))

    def build(s):
        torch.manual_seed(s)
        return nn.Sequential(nn.Linear(2, 16), nn.Dropout(0.5), nn.Linear(16, 1))

    return ul.Task(
        "dropout",
        "regression",
        seed,
        build(1),
        None,
        TensorDataset(x[:8], x[:8, :1]),
        TensorDataset(x[8:], x[8:, :1]),
        build,
        lambda m: {"size": m[0].weight.detach().norm()},
    )


def test_every_kind_of_factory_gives_the_same_on_every_backend(tmp_path):
    """A seed for every kind, and the factory that asks them is a closure itself."""
    k = 3
    kinds = {
        1: scaled,
        2: lambda seed: scaled(seed, k),
        3: functools.partial(scaled, k=4),
        4: with_dropout,
    }
    grid = [GRID, (Mine(margin=2), 3)]
    from distributed import Client

    with Client(n_workers=1, threads_per_worker=1, dashboard_address=None) as client:
        serial, local, dask = (
            numbers(
                sweep(
                    lambda seed: kinds[seed](seed),
                    grid,
                    kinds,
                    tmp_path / str(i),
                    backend,
                    workers=1,
                )
            )
            for i, backend in enumerate(("serial", "local", client))
        )
        assert client.submit(lambda: 5).result() == 5  # one's own: it stays open
    assert serial["error"].isna().all() and serial.groupby("seed").size().nunique() == 1
    assert serial.equals(local) and serial.equals(dask)


SCRIPT = """
import sys, torch, tempfile, unlearnlab as ul
from dataclasses import dataclass
from torch.utils.data import TensorDataset
x = torch.linspace(-1, 1, 20)[:, None]
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = torch.nn.Linear(1, 4), torch.nn.Linear(4, 1)
    def forward(self, x): return self.b(torch.tanh(self.a(x)))
def build(seed): torch.manual_seed(seed); return Net()
def evaluate(model): return {"size": float(model.a.weight.detach().norm())}
def factory(seed):
    retain, forget = TensorDataset(x[:15], x[:15]), TensorDataset(x[15:], x[15:])
    return ul.Task("mine", "regression", seed, build(seed), None, retain, forget, build, evaluate)
@dataclass(frozen=True, kw_only=True)
class Mine(ul.GD):
    margin: float = .5
    def loss(self, state, retain, forget): return self.margin * super().loss(state, retain, forget)
"""
CALL = """
grid, how = {Mine: {"epochs": 3, "margin": [.5, 2.]}}, {"workers": 1, "progress": False}
tables = [ul.sweep(factory, grid, [1, 2], tempfile.mkdtemp(), b, **how) for b in BACKENDS]
assert tables[0].error.isna().all(), tables[0].error.tolist()
numbers = [t.drop(columns="seconds") for t in tables]
assert all(t.equals(numbers[0]) for t in numbers), tables
print("equal", tables[0].method.unique().tolist(), flush=True)
"""


def run_program(tmp_path, source):
    (tmp_path / "program.py").write_text(source)
    return subprocess.run(
        [sys.executable, str(tmp_path / "program.py")], capture_output=True, text=True, timeout=300
    )


def test_a_script_s_own_task_method_and_network_run_on_local(tmp_path):
    guarded = "if __name__ == '__main__':\n" + textwrap.indent(CALL, "    ")
    result = run_program(tmp_path, SCRIPT + "BACKENDS = ('serial', 'local')\n" + guarded)
    assert "equal ['Mine']" in result.stdout, result.stderr[-2000:]


def test_a_notebook_s_own_task_method_and_network_run_on_local(tmp_path):
    shell = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
    )
    cells = "".join(
        f"assert shell.run_cell({cell!r}).success\n"
        for cell in (SCRIPT, "BACKENDS = ('serial', 'local')", CALL)
    )
    result = run_program(tmp_path, shell + cells)
    assert "equal ['Mine']" in result.stdout, result.stderr[-2000:] + result.stdout[-2000:]


def test_a_script_s_own_run_on_dask_and_need_no_guard_there(tmp_path):
    result = run_program(tmp_path, SCRIPT + "BACKENDS = ('serial', 'dask')\n" + CALL)
    assert "equal ['Mine']" in result.stdout, result.stderr[-2000:]


def test_dropout_draws_from_the_run_s_own_seed_and_leaves_torch_s_as_it_was():
    task = with_dropout(1)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = ul.unlearn(task, ul.GD(), 5)
    assert torch.equal(torch.rand(3), expected)
    drawing = ul.unlearn(task, ul.GD(), 5, callback=lambda run: torch.rand(7))
    assert first.metrics == drawing.metrics != ul.unlearn(task, ul.GD(), 5, seed=1).metrics


@pytest.mark.parametrize("backend", ["local", "dask"])
def test_a_run_that_hangs_is_ended_and_has_that_in_its_row(tmp_path, backend):
    frame = sweep(
        regression,
        {Hanging: {"epochs": 2, "lr": [1e-3, 1e-2]}},
        [1, 2],
        tmp_path,
        backend,
        timeout=8,
    )
    assert frame["error"].isna().tolist() == [True, True, False, False]
    assert (frame["error"][2:] == "it took longer than timeout=8 seconds").all() and len(
        Store(tmp_path).names()
    ) == 2


@pytest.mark.parametrize(
    "backend, how, error",
    [
        ("serial", "exit", "SystemExit: 3"),
        ("local", "exit", "SystemExit: 3"),
        ("local", "key", "KeyboardInterrupt: "),
    ],
)
def test_a_run_that_leaves_has_that_in_its_row_and_ends_nothing(tmp_path, backend, how, error):
    frame = sweep(
        regression,
        {Leaving: {"epochs": 2, "lr": [1e-2, 1e-3], "how": how}},
        [1, 2],
        tmp_path,
        backend,
    )
    assert frame["error"].tolist()[:2] == [error, error] and frame["error"].isna().tolist()[2:] == [
        True,
        True,
    ]


def test_stop_ends_a_hanging_run_within_a_second(tmp_path):
    stop, began = threading.Event(), []
    done = lambda row, finished, total: (began.append(time.monotonic()), stop.set())
    frame = ul.sweep(
        regression,
        [(Hanging(), 1), (Hanging(lr=1e-2), 1)],
        [1],
        tmp_path,
        workers=2,
        progress=done,
        stop=stop,
    )
    assert len(frame) == 1 and time.monotonic() - began[0] < 5


@pytest.mark.parametrize(
    "arguments, words",
    [
        (dict(seeds=[1.9]), "each of seeds must be a non-negative integer, got 1.9"),
        (dict(seeds="12"), "each of seeds must be .*, got .12."),
        (dict(seeds=[-1]), "got -1"),
        (dict(seeds=[True]), "got True"),
        (dict(seeds=1.5), "seeds must be"),
        (dict(run_seed=-1), "run_seed must be .*got -1"),
        (dict(run_seed=0.5), "run_seed"),
        (dict(timeout=0), "timeout must be a number greater than 0"),
        (dict(timeout="1"), "timeout"),
        (dict(timeout=1), 'timeout needs a process to end: .* got "serial"'),
    ],
)
def test_wrong_seeds_and_times_are_refused_beforehand(arguments, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        sweep(**{"factory": regression, "grid": GRID, "seeds": [1], "store": tmp_path, **arguments})
    assert not any(tmp_path.iterdir())


def test_numpy_s_integers_are_welcome_everywhere(tmp_path):
    plain = sweep(
        regression, {"MinNorm-OG": {"epochs": 2, "n_pert": [3, 5]}}, [1, 2], tmp_path / "a"
    )
    one = np.int64(1)
    again = sweep(
        regression,
        {"MinNorm-OG": {"epochs": np.int32(2), "n_pert": np.array([3, 5])}},
        np.arange(1, 3),
        tmp_path / "a",
        workers=one,
        threads=one,
        run_seed=np.int64(0),
    )
    assert again.equals(plain) and len(Store(tmp_path / "a").names()) == 4
    assert len(sweep(regression, (ul.GD(), np.int64(2)), one, tmp_path / "b")) == 1
    assert regression(1).seed == dataclasses.replace(regression(1), seed=one).seed
    assert ul.unlearn(regression(1), ul.GD(), np.int64(1), seed=np.int64(0)).epochs == 1


def test_what_cannot_travel_or_be_identified_is_refused_by_name(tmp_path):
    stream = open(os.devnull)
    with pytest.raises(TypeError, match="evaluate|stream.* has no state"):
        sweep(
            lambda seed: dataclasses.replace(regression(seed), evaluate=lambda m: stream.fileno()),
            GRID,
            [1],
            tmp_path,
        )
    stream = threading.Lock()
    with pytest.raises(TypeError, match='cannot go to another process .*take the backend "serial"'):
        sweep(lambda seed: regression(seed if stream else 0), GRID, [1], tmp_path, "local")
