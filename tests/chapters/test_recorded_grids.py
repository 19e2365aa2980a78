"""The grids of the recorded runs hold what the paper says, and a study says what was chosen."""

import dataclasses

import pytest
import torch

import unlearnlab as ul
from unlearnlab.chapters import ch10_collapse, ch11_replication
from unlearnlab.chapters.ch11_replication import VARIANTS
from unlearnlab.chapters.recording import studies
from unlearnlab.course.studies import Place, command, record
from unlearnlab.study import table
from unlearnlab.study.grid import expand
from unlearnlab.tasks import papers


@pytest.mark.parametrize("epochs, minnorm, all_", [(10, 54, 76), (100, 24, 46), (1000, 54, 76)])
def test_the_grid_of_table_1_is_the_papers_and_holds_its_best_settings(epochs, minnorm, all_):
    settings = expand(ul.sine.published_grid(epochs))
    assert (
        len(settings) == 3 * all_
        and sum(s.method.name == "MinNorm-OG" for s in settings) == 3 * minnorm
    )
    assert {s.epochs for s in settings} == {epochs} and {s.method.name for s in settings} == set(
        ul.sine.PUBLISHED[epochs]
    )
    for name, best in ul.sine.best_settings(epochs).items():
        assert any(s.method == best for s in settings), name


def test_another_T_has_no_published_grid():
    with pytest.raises(ValueError, match=r"one of 10, 100, 1000, the paper's, got 50"):
        ul.sine.published_grid(50)


@pytest.mark.parametrize(
    "epochs, share, rates, penalties, last",
    [
        (5, 0.001, {1e-3, 5e-4, 1e-4}, {0.1, 0.2, 0.5, 0.9}, {1, 2, 3}),
        (5, 0.01, {5e-3, 1e-3, 5e-4, 1e-4}, {0.01, 0.1, 0.5, 0.9}, {1, 2, 3}),
        (15, 0.001, {5e-3, 1e-3, 5e-4, 1e-4}, {0.01, 0.1, 0.5, 0.9}, {3, 5, 7}),
    ],
)
def test_a_row_of_the_table_of_representation_collapse_has_the_papers_grid(
    epochs, share, rates, penalties, last
):
    _, found = settings("collapse", dataset="cifar10", preset="paper", p_retain=share)
    found = [s for s in found if s.epochs == epochs]
    own = [s.method for s in found if s.method.name == "MinNorm-OG"]
    assert {s.method.name for s in found} == set(ch10_collapse.study.PUBLISHED[share, epochs]) and {
        s.epochs for s in found
    } == {epochs}
    assert {s.method.lr for s in found} == rates and len(own) == len(rates) * 4 * 3 * 3
    assert (
        {m.reg for m in own} == penalties
        and {m.descent_epochs for m in own} == last
        and {m.n_pert for m in own} == {50}
    )


def test_a_row_or_a_data_set_that_the_paper_has_not_is_refused():
    paper = {"dataset": "cifar10", "preset": "paper", "p_retain": 0.1}
    with pytest.raises(ValueError, match="must be one of 0.001, 0.01, .* got 0.1"):
        studies("collapse", paper)
    with pytest.raises(
        ValueError,
        match="dataset must be one of cifar10, tiny-imagenet, mnist, the paper's, got 'digits'",
    ):
        studies("erasure", {"preset": "paper"})


def test_the_grid_of_label_erasure_has_every_classification_method_at_every_rate():
    found = expand(papers.grid("erasure", 3, lr=[1e-3, 1e-2]))
    assert (
        len(found) == 2 * 63
        and {s.epochs for s in found} == {3}
        and {s.method.lr for s in found} == {1e-3, 1e-2}
    )
    assert {s.method.name for s in found} == set(ul.METHODS)
    assert set(found) < set(expand(papers.grid("erasure-wide", 3)))


def test_the_grid_of_representation_collapse_has_every_published_method_at_three_rates_at_least():
    _, found = settings("collapse")
    rates = {
        name: {s.method.lr for s in found if s.method.name == name}
        for name in ch10_collapse.study.PUBLISHED[0.001, 15]
    }
    assert {s.method.name for s in found} == set(rates) and {s.epochs for s in found} == {15}
    assert min(map(len, rates.values())) >= 3 and 5 * len(found) < 600


def settings(name, **options):
    (study,) = studies(name, options)
    return study, expand(study.grid)


def test_a_recorded_run_of_table_1_is_what_unlearning_gives(tmp_path):
    (study,) = studies("table1")
    tiny = {"GD": {"epochs": 10, "lr": [1e-3]}}
    tiny = dataclasses.replace(study, grid=tiny, seeds=(1, 2))
    assert record(tiny, Place(tmp_path / "store", tmp_path / "t.json", workers=1)) == 2
    recorded = table.read(tmp_path / "t.json")
    run = ul.unlearn(ul.sine.task(2), ul.GD(lr=1e-3), 10)
    assert recorded["runs"].seed.tolist() == [1, 2]
    assert recorded["runs"].sup_error[1] == pytest.approx(run.metrics["sup_error"], rel=1e-3)


def test_at_the_papers_size_label_erasure_has_the_papers_grid_and_says_what_was_chosen():
    study, found = settings("erasure", dataset="cifar10", preset="paper", precision="bfloat16")
    later = ("KL-Unif", "NegGrad")
    published = [s for s in found if s.epochs == 2 and s.method.lr <= 1e-3]
    published = [s for s in published if s.method.name not in later]
    assert len(published) == 224  # the paper's main figure
    assert {s.method.lr for s in published} == {1e-3, 1e-4, 1e-5, 1e-6}
    assert {s.epochs for s in found if s.method.name == "GD"} == {2, 8}
    recipe = dataclasses.replace(ul.recipes.CIFAR10_ERASURE, precision="bfloat16")
    assert study.factory.args == ("cifar10", "paper")
    assert study.factory.keywords == {"recipe": recipe}
    words = "erasure --dataset cifar10 --preset paper --precision bfloat16"
    assert command(study) == f"python -m unlearnlab.study {words}"


def test_at_the_papers_size_representation_collapse_has_the_rows_of_its_share():
    study, found = settings("collapse", dataset="cifar10", preset="paper", p_retain=0.001)
    assert study.factory.keywords["p_retain"] == 0.001
    assert {s.epochs for s in found} == {5, 10, 15}
    assert command(study).endswith("collapse --dataset cifar10 --preset paper --p-retain 0.001")
    both = {"dataset": "cifar10", "preset": "paper", "precision": "bfloat16"}
    recipes = settings("collapse", **both)[0].factory.keywords
    precisions = {name: recipe.precision for name, recipe in recipes.items()}
    assert precisions == {"recipe": "bfloat16", "warm_start": "bfloat16"}
    plain, _ = settings("collapse")
    usual = ul.collapse.PRESETS["digits", "quick"]
    recipes = {"recipe": usual.recipe, "warm_start": usual.warm_start}
    assert plain.factory.keywords == recipes
    assert command(plain) == "python -m unlearnlab.study collapse"


def test_on_a_laptop_photographs_have_a_shorter_grid_and_a_narrower_network():
    for name in ("erasure", "collapse"):
        _, whole = settings(name)
        study, short = settings(name, dataset="cifar10", width=0.25)
        network = study.factory.keywords["network"]([10, 3])
        assert network.fc[0].in_features == 128 and network.conv1.out_channels == 16  # a quarter
        assert {s.method.name for s in short} == {s.method.name for s in whole}
        assert len(short) < len(whole) / 3
        assert command(study).endswith("--dataset cifar10 --width 0.25")
    assert study.seeds == (1, 2, 3)


def test_another_device_is_where_the_task_is_made():
    study, _ = settings("erasure", device="cuda:0")
    assert study.factory.keywords["device"] == "cuda:0"


MORE = ("-longer", "-start", "-finer")  # more settings of another case


@pytest.mark.parametrize("name", ch11_replication.study.CASES)
def test_a_case_of_the_replication_has_settings_that_can_be_run(name):
    case = ch11_replication.study.CASES[name]
    found = expand(case.grid)
    methods = {s.method.name for s in found}
    assert case.title and case.name == f"replication-{name}" and 5 * len(found) < 1_500
    if name == "cifar10-wider":  # more settings of a record of label erasure
        _, beside = settings("erasure", dataset="cifar10", width=0.25)
        assert not set(found) & set(beside)
        assert {s.method.lr for s in found} <= {s.method.lr for s in beside} | {1e-4}
    elif name.endswith(MORE):
        other = ch11_replication.study.CASES[name.rpartition("-")[0]]
        assert len(methods & set(VARIANTS)) == 1 or methods == {"MinNorm-OG"}
        assert not set(found) & set(expand(other.grid)) and case.factory is other.factory
    else:
        ours = "MinNorm-OG as published" if name.startswith("arms") else "MinNorm-OG"
        assert ours in methods and (name == "arms-resnet" or "GD" in methods)
    if name in ("digits", "normed", "no-norm", "few", "many", "mnist", "cifar10"):
        assert {"Ridge", "NGP"} <= methods
        epochs = {m: {s.epochs for s in found if s.method.name == m} for m in methods}
        assert epochs["GD"] > epochs["MinNorm-OG"]


def test_where_norms_are_compared_every_way_has_as_many_settings_and_the_same_rates():
    for name in ("none", "group", "batch", "few"):
        case, ways = ch11_replication.study.CASES[f"norms-{name}"], {}
        for s in expand(case.grid):
            own = getattr(s.method, "n_pert", None), s.method.batch_norm
            ways.setdefault((s.method.name, s.epochs, *own), []).append(s.method.lr)
        ways.pop(("Retrain", 15, None, "retain"), None)
        rates = {*ways["MinNorm-OG", 3, 0, "retain"]}
        assert len(rates) == 3
        assert all(len(own) == 9 and rates <= {*own} for own in ways.values()), name
    primary = ch11_replication.study.GRIDS["primary"]
    assert {*primary["cases"]} < {*ch11_replication.study.CASES} and len(primary["over"]) == 5


def test_the_arms_undo_each_oddity_of_the_public_code_and_the_digits_have_the_published_grid():
    arms = set()
    for setting in expand(ch11_replication.study.CASES["arms"].grid):
        if setting.method.name == "MinNorm-OG as published":
            method = setting.method
            arms.add((method.rows, method.outputs, method.decay, method.batch_norm))
    named = [
        tuple(arm[name] for name in ("rows", "outputs", "decay", "batch_norm"))
        for arm in ch11_replication.study.ARMS.values()
    ]
    assert arms == {*named} and len(named) == 7
    grid = papers.grid("erasure", 3)
    published = set(expand({name: grid[name] for name in ("MinNorm-OG", "GD")}))
    assert published <= set(expand(ch11_replication.study.CASES["digits"].grid))


def test_what_chooses_a_setting_of_collapse_is_none_of_what_judges_it(monkeypatch):
    study = ch10_collapse.study
    size = dataclasses.replace(ul.collapse.PRESETS["digits", "quick"], test_images=100)
    monkeypatch.setitem(ul.collapse.PRESETS, ("digits", "quick"), size)
    sets = []
    monkeypatch.setattr(
        study.collapse,
        "evaluate",
        lambda model, test, precision=None: {"own": sets.append(test.tensors[0]) or len(test)},
    )
    task = study.validated("digits", 1)
    sets.clear()
    assert task.evaluate(task.original) == {"own": 100, "validation_own": 200}
    both = torch.cat([images.flatten(1) for images in sets])
    assert len(both.unique(dim=0)) == len(both) == 300
