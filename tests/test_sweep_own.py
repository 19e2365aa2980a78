"""Do tasks and methods of one's own run everywhere, give the same numbers everywhere, and never
another's?"""

import dataclasses
import functools
import json
import os
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas
import pytest
import torch
from tasks import regression
from torch import nn
from torch.utils.data import TensorDataset

import unlearnlab as ul
from unlearnlab.pareto import points
from unlearnlab.store import Store, StoreMismatch
from unlearnlab.study.rows import method_of
from unlearnlab.sweep import expand

GRID = {"GD": {"epochs": 2, "lr": [1e-3, 1e-2]}}
FACTOR = 2


@dataclass(frozen=True, kw_only=True)
class Mine(ul.Method):
    name: ClassVar[str] = "Mine"
    margin: float = 0.5
    times: int = ul.hyperparameter(1, low=1, high=9)
    squared: bool = True
    word: str = "mean"

    def loss(self, state, retain, forget):
        outputs = state.model(retain.inputs)
        extra = outputs.square() if self.squared else outputs.abs()
        return (
            state.task.loss(outputs, retain.targets)
            + self.times * self.margin * getattr(extra, self.word)()
        )


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


def scaled(seed, k=1):
    task = regression(seed)
    return dataclasses.replace(
        task, evaluate=lambda model: {"size": k * FACTOR * task.evaluate(model)["size"]}
    )


def with_metrics(metrics):
    return lambda seed: dataclasses.replace(
        regression(seed), name="mine", evaluate=lambda model: metrics
    )


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


def sweep(factory, grid, seeds, store, backend="serial", **more):
    return ul.sweep(factory, grid, seeds, store, backend, progress=False, **{"workers": 2, **more})


def numbers(frame):
    return frame.drop(columns="seconds")


# --- the same everywhere ---


def test_every_kind_of_factory_gives_the_same_on_every_backend(tmp_path):
    k = 3
    factories = {
        "module": scaled,
        "lambda": lambda seed: scaled(seed, k),
        "partial": functools.partial(scaled, k=4),
        "dropout": with_dropout,
    }
    from distributed import Client

    with Client(n_workers=1, threads_per_worker=2, dashboard_address=None) as client:
        for name, factory in factories.items():
            tables = [
                numbers(
                    sweep(
                        factory,
                        [GRID, (Mine(margin=2), 3)],
                        [1, 2],
                        tmp_path / name / str(i),
                        backend,
                    )
                )
                for i, backend in enumerate(("serial", "local", client))
            ]
            assert (
                tables[0]["error"].isna().all()
                and tables[0].equals(tables[1])
                and tables[0].equals(tables[2])
            ), name


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


def test_a_script_s_own_task_method_and_network_run_on_every_backend(tmp_path):
    guarded = "if __name__ == '__main__':\n" + textwrap.indent(CALL, "    ")
    result = run_program(tmp_path, SCRIPT + "BACKENDS = ('serial', 'local', 'dask')\n" + guarded)
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


def test_a_script_without_a_guard_is_told_so_on_dask(tmp_path):
    result = run_program(tmp_path, SCRIPT + "BACKENDS = ('dask',)\n" + CALL)
    assert (
        result.returncode
        and 'must do so under `if __name__ == "__main__":`' in result.stderr.splitlines()[-1]
    )


def test_dropout_draws_from_the_run_s_own_seed_and_leaves_torch_s_as_it_was():
    task = with_dropout(1)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = ul.unlearn(task, ul.GD(), 5)
    assert torch.equal(torch.rand(3), expected)
    drawing = ul.unlearn(task, ul.GD(), 5, callback=lambda run: torch.rand(7))
    assert first.metrics == drawing.metrics != ul.unlearn(task, ul.GD(), 5, seed=1).metrics


# --- methods of one's own ---


def test_own_hyperparameters_run_in_sweeps_tables_fronts_and_selection(tmp_path):
    grid = [
        {
            Mine: {
                "epochs": 3,
                "margin": [0.0, 5.0],
                "times": np.array([1, 2]),
                "squared": [True, False],
            }
        },
        {"GD": {"epochs": 3}},
    ]
    frame = sweep(regression, grid, [1, 2, 3], tmp_path)
    assert frame["error"].isna().all() and len(frame) == 27
    assert {"margin", "times", "squared", "word"} <= {*frame.columns} and frame[
        "times"
    ].dtype == "Int64"
    for table in (
        frame,
        pandas.DataFrame(frame.to_dict("list")),
    ):  # one that has lost what pandas carries along
        chosen = ul.select(table, "size")
        assert chosen.groupby("method").size().to_dict() == {"GD": 3, "Mine": 3}
        assert (
            chosen[chosen.method == "Mine"][["margin", "times", "squared"]]
            .drop_duplicates()
            .shape[0]
            == 1
        )
        assert len(points(table, ["size"])) == 9
    row = frame.iloc[2]
    assert method_of(row, Mine) == expand(grid)[0].method and method_of(frame.iloc[-1]) == ul.GD()
    with pytest.raises(KeyError, match="there is no method 'Mine'; there are"):
        method_of(row)


def test_a_table_whose_settings_cannot_be_told_apart_is_not_chosen_from():
    frame = pandas.DataFrame(
        {"method": "Unknown", "epochs": 1, "own": [1, 2], "seed": 1, "size": [1.0, 2.0]}
    )
    with pytest.raises(ValueError, match="two runs of one setting on one seed: name the columns"):
        ul.select(frame, "size")


@pytest.mark.parametrize(
    "values, words",
    [
        (dict(margin="a"), "Mine: margin must be a number, got 'a'"),
        (dict(times=0), r"Mine: times must be an integer in \[1, 9\], got 0"),
        (dict(times=1.5), "times must be an integer"),
        (dict(squared=1), "squared must be True or False, got 1"),
        (dict(word=3), "word must be a word, got 3"),
        (dict(margin=float("nan")), "margin must be a number, got nan"),
        (dict(lr=0), "Mine: lr must be a number greater than 0, got 0"),
        (dict(batch_norm="x"), 'must be "retain", "all" or "frozen"'),
    ],
)
def test_own_hyperparameters_are_checked_by_name(values, words):
    with pytest.raises(ValueError, match=words):
        Mine(**values)


def test_numpy_s_values_and_the_words_of_other_methods_are_welcome():
    mine = Mine(
        margin=np.float32(2), times=np.int64(3), squared=np.bool_(False), word=np.str_("sum")
    )
    assert [type(v) for v in (mine.margin, mine.times, mine.squared, mine.word)] == [
        float,
        int,
        bool,
        str,
    ]

    @dataclass(frozen=True, kw_only=True)
    class Clash(ul.Method):
        heads: int = 3
        decay: float = 0.5
        rows: str = "many"
        reg: float = ul.hyperparameter(7.0, low=5, high=8)
        limit: float | None = None

    assert Clash(heads=5, decay=2, rows="few", limit=None).limit is None and Clash.name == "Clash"
    with pytest.raises(ValueError, match=r"reg must be a number in \[5, 8\]"):
        Clash(reg=0.1)


def test_a_class_without_the_decorator_says_what_it_lacks():
    class Bare(ul.GD):
        margin: float = 1.0

    with pytest.raises(
        TypeError,
        match=r"Bare needs @dataclass\(frozen=True, kw_only=True\) above it, or margin is no",
    ):
        Bare()


def test_two_methods_of_one_name_are_kept_apart_or_refused(tmp_path):
    def version(sign, **more):
        @dataclass(frozen=True, kw_only=True)
        class Up(ul.GD):
            def loss(self, state, retain, forget):
                return sign * super().loss(state, retain, forget)

        return Up()

    frame = sweep(regression, [(ul.GD(), 20), (version(-1), 20)], [1], tmp_path)
    assert frame["method"].tolist() == ["GD", "Up"] and frame["size"][0] != frame["size"][1]
    for sign in (1, -1):  # a cell that is edited and run again
        assert (
            sweep(regression, (version(sign), 20), [1], tmp_path)["size"][0]
            == ul.unlearn(regression(1), version(sign), 20).metrics["size"]
        )
    with pytest.raises(ValueError, match="two methods of this grid are called 'Up'"):
        sweep(regression, [(version(1), 20), (version(-1), 20)], [1], tmp_path)


def test_an_edited_global_of_a_metric_makes_other_runs(tmp_path, monkeypatch):
    first = sweep(scaled, GRID, [1], tmp_path)
    monkeypatch.setitem(globals(), "FACTOR", 20)
    second = sweep(scaled, GRID, [1], tmp_path)
    assert np.allclose(second["size"], 10 * first["size"])
    with pytest.raises(StoreMismatch, match=r"another task in the worker than before \(evaluate\)"):
        sweep(
            scaled, GRID, [1], tmp_path / "other", "local"
        )  # where the module still has its old value


# --- metrics ---


@pytest.mark.parametrize(
    "value",
    [
        torch.tensor(0.5),
        torch.tensor([[0.5]], requires_grad=True),
        np.float32(0.5),
        np.array([0.5]),
        0.5,
    ],
)
def test_metrics_of_one_number_become_floats(value, tmp_path):
    factory = with_metrics({"accuracy": value})
    assert ul.unlearn(factory(1), ul.GD(), 1).metrics == {"accuracy": 0.5}
    frame = sweep(factory, GRID, [1], tmp_path)
    assert frame["accuracy"].tolist() == [0.5, 0.5] and frame["accuracy"].dtype == float


@pytest.mark.parametrize(
    "metrics, words",
    [
        (None, "evaluate of mine must return a dict of numbers, got NoneType"),
        ({"a": None}, "the metric 'a' of mine must be a number, got None"),
        ({"a": "x"}, "must be a number, got 'x'"),
        ({"a": torch.ones(2)}, "must be a number"),
        ({"lr": 1.0}, "named 'lr', which is the name of a column"),
        ({"seconds": 1.0}, "named 'seconds'"),
        ({"seed": 1.0}, "named 'seed'"),
        ({3: 1.0}, "named 3"),
        ({"margin": 1.0}, "is a hyperparameter of Mine"),
    ],
)
@pytest.mark.parametrize("backend", ["serial", "local"])
def test_other_metrics_are_refused_by_name_before_any_run(metrics, words, backend, tmp_path):
    if backend == "local" and metrics is not None:
        pytest.skip("one is enough")
    factory = with_metrics(metrics)
    with pytest.raises(TypeError, match=words):
        ul.unlearn(factory(1), Mine(), 10**9)
    with pytest.raises(TypeError, match=words):
        sweep(factory, [(Mine(), 10**9)], [1], tmp_path, backend)
    assert not Store(tmp_path).names()


# --- what runs may do ---


@pytest.mark.parametrize("backend", ["local", "dask"])
def test_a_run_that_hangs_is_ended_and_has_that_in_its_row(tmp_path, backend):
    frame = sweep(
        regression,
        {Hanging: {"epochs": 2, "lr": [1e-3, 1e-2]}},
        [1, 2],
        tmp_path,
        backend,
        timeout=4,
    )
    assert frame["error"].isna().tolist() == [True, True, False, False]
    assert (frame["error"][2:] == "it took longer than timeout=4 seconds").all() and len(
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
        (dict(seeds=[1.9]), "each of seeds must be an integer of at least 0, got 1.9"),
        (dict(seeds="12"), "seeds must hold .*, got '12'"),
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


# --- records ---


def test_a_record_under_another_s_name_is_found_and_run_again(tmp_path):
    frame = sweep(regression, GRID, [1], tmp_path)
    a, b = sorted(tmp_path.iterdir())
    b.write_bytes(a.read_bytes())
    with pytest.warns(UserWarning, match=f"{b.name} in the store .* is not the record of this run"):
        again = sweep(regression, GRID, [1], tmp_path)
    assert numbers(again).equals(numbers(frame)) and a.read_bytes() != b.read_bytes()


def test_a_folder_where_a_record_belongs_is_refused_by_name(tmp_path):
    sweep(regression, GRID, [1], tmp_path)
    victim = sorted(tmp_path.iterdir())[0]
    victim.unlink()
    victim.mkdir()
    with pytest.raises(
        NotADirectoryError, match=f"{victim.name} is a folder where a record belongs"
    ):
        sweep(regression, GRID, [1], tmp_path)


@pytest.mark.parametrize(
    "content",
    ["[" * 100_000, json.dumps({"run": {}, "sha256": "0"}), "{}", "null", '{"sha256": 3}'],
)
def test_a_record_that_is_no_record_is_named_and_run_again(tmp_path, content):
    frame = sweep(regression, GRID, [1], tmp_path)
    victim = sorted(tmp_path.iterdir())[0]
    victim.write_text(content)
    with pytest.warns(UserWarning, match=f"{victim.name} in the store .* is damaged"):
        assert numbers(sweep(regression, GRID, [1], tmp_path)).equals(numbers(frame))


def test_a_store_under_the_home_folder_is_found_there(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    sweep(regression, GRID, [1], "~/runs")
    assert len(Store(tmp_path / "runs").names()) == 2 and not Path("~").exists()
