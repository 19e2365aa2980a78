"""Do methods and metrics of one's own run everywhere, and give never another's numbers?"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import own
import pandas
import pytest
import torch
from own import GRID, Mine, scaled, sweep
from small_tasks import parameters, regression
from sweep_cases import numbers

import unlearnlab as ul
from unlearnlab.chapters.ch11_replication import MinNormPublished
from unlearnlab.course.rows import method_of
from unlearnlab.methods import base
from unlearnlab.study import runs
from unlearnlab.study.choosing import points
from unlearnlab.study.store import Store, StoreMismatch
from unlearnlab.study.sweep import expand

RESULTS = Path(ul.__file__).parents[1] / "notebooks" / "results"


def with_metrics(metrics):
    return lambda seed: dataclasses.replace(
        regression(seed), name="mine", evaluate=lambda model: metrics
    )


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
    assert {"margin", "times", "squared", "word"} <= {*frame.attrs["hyperparameters"]}
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
    with pytest.raises(
        ValueError, match="two runs of one setting on one seed: give rows that agree"
    ):
        ul.select(frame, "size")
    with pytest.raises(ValueError, match="two runs of one setting on one seed"):
        points(frame, ["size"])


def test_what_a_sweep_wrote_down_tells_settings_apart_when_the_class_is_gone():
    rows = {"method": "Unknown", "epochs": 1, "own": [1, 2], "seed": 1, "size": [1.0, 2.0]}
    frame = pandas.DataFrame(rows)
    frame.attrs["hyperparameters"] = ["own"]
    assert ul.select(frame, "size")["own"].tolist() == [1]


def test_a_run_has_the_threads_that_were_asked_for(tmp_path):
    before = torch.get_num_threads()
    used = lambda model: {"used": torch.get_num_threads()}
    factory = lambda seed: regression(seed).changed(evaluate=used)
    for threads in (before + 1, before):  # the second time they are other runs
        frame = sweep(factory, GRID, [1], tmp_path, threads=threads)
        assert frame["used"].tolist() == 2 * [threads] and torch.get_num_threads() == before


def test_metrics_that_are_no_numbers_after_a_run_are_the_error_of_its_row(tmp_path):
    def factory(seed):
        task = regression(seed)
        start = parameters(task.original)
        good = lambda model: 1.0 if torch.equal(parameters(model), start) else None
        return task.changed(evaluate=lambda model: {"a": good(model)})

    frame = sweep(factory, GRID, [1], tmp_path)
    assert frame["error"].str.startswith("BadMetrics: the metric 'a'").tolist() == [True, True]


def test_a_method_that_is_another_one_where_it_runs_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "fingerprint", lambda method: "another")
    with pytest.raises(StoreMismatch, match="GD is another method where it runs than when"):
        sweep(regression, GRID, [1], tmp_path)


def test_a_method_that_a_run_changes_is_refused_in_words(tmp_path):
    seen = {}

    @dataclass(frozen=True, kw_only=True)
    class Counting(ul.GD):
        def loss(self, state, retain, forget):
            seen[self.lr] = seen.get(self.lr, 0) + 1
            return super().loss(state, retain, forget)

    with pytest.raises(StoreMismatch, match="Counting .*or does a run change what it uses"):
        sweep(regression, {Counting: GRID["GD"]}, [1], tmp_path)


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    "error, said",
    [
        (Mute, "Mute"),
        (lambda: GeneratorExit("its own"), "GeneratorExit: its own"),
        (lambda: BaseExceptionGroup("two", [SystemExit()]), "BaseExceptionGroup: two (1 sub-"),
        (lambda: SystemExit(3), "SystemExit: 3"),
    ],
)
def test_whatever_a_run_raises_here_is_the_error_of_its_row_alone(tmp_path, error, said):
    @dataclass(frozen=True, kw_only=True)
    class Failing(ul.GD):
        def loss(self, state, retain, forget):
            if self.lr > 0.1:
                raise error()
            return super().loss(state, retain, forget)

    frame = sweep(regression, {Failing: {"epochs": 1, "lr": [1, 1e-3]}}, [1], tmp_path)
    assert frame["error"][0].startswith(said) and frame["error"].isna().tolist() == [False, True]


def test_ctrl_c_ends_a_sweep_here(tmp_path):
    @dataclass(frozen=True, kw_only=True)
    class Interrupted(ul.GD):
        def loss(self, state, retain, forget):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(regression, {Interrupted: {"epochs": 1}}, [1], tmp_path)


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
        (dict(batch_norm="x"), "must be one of retain, all, frozen"),
    ],
)
def test_own_hyperparameters_are_checked_by_name(values, words):
    with pytest.raises(ValueError, match=words):
        Mine(**values)


def test_what_a_reader_enters_among_the_ranges_does_no_harm(monkeypatch):
    monkeypatch.setitem(base.RANGES, "margin", (0, float("inf"), False))
    assert Mine(margin=2).margin == 2


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
    monkeypatch.setattr(own, "FACTOR", 20)
    second = sweep(scaled, GRID, [1], tmp_path)
    assert np.allclose(second["size"], 10 * first["size"])
    with pytest.raises(StoreMismatch, match=r"another task in the worker than before \(evaluate\)"):
        sweep(
            scaled, GRID, [1], tmp_path / "other", "local"
        )  # where the module still has its old value


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


def test_a_record_under_another_s_name_is_found_and_run_again(tmp_path):
    frame = sweep(regression, GRID, [1], tmp_path)
    a, b = sorted(tmp_path.iterdir())
    b.write_bytes(a.read_bytes())
    with pytest.warns(UserWarning, match=f"{b.name} in the store .* is not the record of this run"):
        again = sweep(regression, GRID, [1], tmp_path)
    assert numbers(again).equals(numbers(frame)) and a.read_bytes() != b.read_bytes()


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


def test_the_example_of_the_readme_runs(tmp_path, monkeypatch):
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    section = text.partition("## A task and a method of your own")[2]
    code = section.partition("```python")[2].partition("```")[0]
    monkeypatch.chdir(tmp_path)
    space = {"__name__": "__main__"}
    exec(code.replace('store="runs/mine"', 'store="runs/mine", backend="serial"'), space)
    assert space["runs"]["error"].isna().all() and len(space["runs"]) == 9


def test_a_store_under_the_home_folder_is_found_there(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    sweep(regression, GRID, [1], "~/runs")
    assert len(Store(tmp_path / "runs").names()) == 2 and not Path("~").exists()


def test_a_recorded_row_with_the_published_switches_is_not_taken_for_the_corrected_method():
    arms = ul.table.read(RESULTS / "replication-arms.json")["runs"]
    arms = arms[arms["method"] == "MinNorm-OG"]
    corrected = (arms["rows"] == "eval") & (arms["outputs"] == "after")
    corrected &= arms["decay"] == "projection"
    rebuilt = [type(method_of(row, MinNormPublished)) for _, row in arms.iterrows()]
    right = [ul.MinNormOG if plain else MinNormPublished for plain in corrected]
    assert rebuilt == right and {*right} == {ul.MinNormOG, MinNormPublished}
    row = arms[arms["outputs"] == "before"].iloc[0]
    again = method_of(row, MinNormPublished)
    assert (again.rows, again.outputs) == (row["rows"], "before")


@pytest.mark.parametrize(
    "loss, words",
    [
        (lambda said: None, "Own: loss must return a tensor of one real number, got NoneType"),
        (lambda said: 0.0, "Own: loss must return a tensor of one real number, got float"),
        (lambda said: said**2, r"one real number, got torch.float32 \(50, 1\)"),
        (lambda said: said.mean().long(), r"one real number, got torch.int64 \(\)"),
        (lambda said: said.mean() * 1j, r"one real number, got torch.complex64 \(\)"),
        (lambda said: said.mean().detach(), "Own: the loss has no gradient by any weight: it, or"),
    ],
)
def test_a_loss_that_is_none_is_told_by_the_method_s_name(loss, words):
    class Own(ul.Method):
        name = "Own"

        def loss(self, state, retain, forget):
            return loss(state.model(retain.inputs))

    with pytest.raises((TypeError, ValueError), match=words):
        ul.unlearn(ul.sine.task(1), Own(), 1)
