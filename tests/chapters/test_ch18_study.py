"""The methods of the passages' study, its grids, and the models of its null floor."""

import copy
import dataclasses
from collections import Counter

import pytest
import torch

import unlearnlab as ul
from unlearnlab.chapters.ch18_passage import pictures, study
from unlearnlab.course.studies import Place, record
from unlearnlab.networks import Decoder, seeded
from unlearnlab.study import table
from unlearnlab.study.grid import expand


def flat(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


@pytest.fixture
def task():
    """Five sequences of four words, and a decoder that has not learned them."""
    draw = torch.Generator().manual_seed(0)
    tokens = torch.randint(7, (5, 5), generator=draw)
    points = torch.utils.data.TensorDataset(tokens[:, :-1], tokens[:, 1:])
    model = seeded(lambda: Decoder(7, 4, width=8, depth=1, heads=2), 3)
    return ul.Task(
        name="five",
        kind="classification",
        seed=1,
        original=model,
        ground_truth=None,
        build=lambda seed: seeded(lambda: Decoder(7, 4, width=8, depth=1, heads=2), seed),
        retain=points,
        forget=points,
        evaluate=lambda model: {},
    )


def test_a_row_a_passage_is_the_dense_projection_off_the_gradients_of_summed_logits(task):
    model, inputs = copy.deepcopy(task.original), task.retain.tensors[0]
    rows = []
    for passage in inputs:
        model.zero_grad()
        model(passage[None])[0].amax(1).sum().backward()
        rows.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    theta = flat(task.original)
    away = ul.project_out(theta, torch.stack(rows))
    method = study.MinNormPassages(lr=1e-30, weight_decay=0, reg=0.3, n_pert=5)
    moved = flat(ul.unlearn(task, method, 1).model)
    assert torch.allclose(moved, theta - 0.3 * away, atol=1e-6)
    assert not torch.allclose(
        moved, flat(ul.unlearn(task, ul.MinNormOG(lr=1e-30, reg=0.3, n_pert=5), 1).model), atol=1e-4
    )


def test_npo_with_a_retain_term_is_the_sum_of_two_losses(task):
    ahead = lambda method: flat(ul.unlearn(task, method, 1).model)
    assert torch.equal(ahead(study.NPORetain(ascent=0.0)), ahead(ul.GD()))
    apart = (ahead(study.NPORetain(ascent=1e6)) - ahead(ul.NPO())).abs()
    assert (apart < 1e-6).double().mean() > 0.9  # AdamW does not feel a loss's scale
    assert (ahead(ul.GD()) - ahead(ul.NPO())).abs().median() > 1e-3


def test_every_way_has_twelve_settings_and_equal_work_the_epochs_that_cost_as_much():
    main, work = (
        Counter((s.method.name, s.epochs) for s in expand(one.grid)) for one in study.STUDIES[:2]
    )
    assert {name for name, _ in main} == {*ul.METHODS, *study.OWN} and {*main.values()} == {12}
    assert {epochs for _, epochs in main} == {10}
    assert work == {
        ("MinNorm-OG", 10): 6,
        ("GD", 84): 12,
        ("NPO", 188): 12,
        ("NPO + retain", 59): 12,
    }
    pairs = lambda one, n: {
        (s.method.lr, s.method.reg)
        for s in expand(one.grid)
        if getattr(s.method, "n_pert", -1) == n
    }
    first, second, wider = study.STUDIES
    assert pairs(second, 6) < pairs(first, 54) == pairs(first, 0)  # setting by setting
    assert not {*expand(first.grid)} & {*expand(wider.grid)} and len(expand(wider.grid)) == 8 * 12


def test_a_record_has_the_runs_of_its_grid_and_four_models_of_every_seed(tmp_path, monkeypatch):
    recipe = dataclasses.replace(study.passage.RECIPE, epochs=1, milestones=())
    monkeypatch.setattr(study.passage, "RECIPE", recipe)
    trainings = study.passage.trainings
    monkeypatch.setattr(
        study.passage,
        "trainings",
        lambda seed: {
            role: dataclasses.replace(it, shipped=False) for role, it in trainings(seed).items()
        },
    )
    main = study.STUDIES[0]
    factory = lambda seed, stop=None: ul.passage.task(seed, cache=tmp_path, progress=lambda *_: 0)
    tiny = dataclasses.replace(
        main, factory=factory, grid={"GD": {"epochs": 1, "lr": [1e-4, 1e-3]}}, seeds=(2,)
    )
    place = Place(tmp_path / "store", tmp_path / "p.json", workers=1, say=lambda words: None)
    assert record(tiny, place) == 1
    recorded = table.read(tmp_path / "p.json")
    run = ul.unlearn(factory(2), ul.GD(lr=1e-3), 1)
    assert recorded["runs"].lr.tolist() == [1e-4, 1e-3]
    assert recorded["runs"].retain_loss[1] == pytest.approx(run.metrics["retain_loss"], rel=1e-4)
    models = recorded["models"]
    assert models.role.tolist() == ["original", "ground truth", "retrained", "retrained"]
    assert models.retain_loss.nunique() == 4  # from other weights, each


@pytest.mark.parametrize("name", ["passage", "passage-work", "passage-wider"])
def test_the_record_has_every_setting_of_its_grid_on_every_seed_and_no_run_failed(name):
    (one,) = (one for one in study.STUDIES if one.name == name)
    recorded = table.read(name)
    assert recorded.provenance["command"] == f"python -m unlearnlab.study {name}"
    assert "finished" not in recorded.provenance
    runs, settings = recorded["runs"], expand(one.grid)
    assert runs.error.isna().all() and len(runs) == len(settings) * runs.seed.nunique()
    assert set(runs.seed) == set(one.seeds)
    first = runs[runs.seed == 1]
    assert Counter(zip(first.method, first.epochs)) == Counter(
        (s.method.name, s.epochs) for s in settings
    )
    assert set(first.lr) == {s.method.lr for s in settings}


def test_the_recorded_models_are_those_that_ship_and_two_more():
    models = table.read("passage")["models"]
    assert (
        models.groupby("seed").role.apply(sorted).tolist()
        == [["ground truth", "original", "retrained", "retrained"]] * 5
    )
    task = ul.passage.task(3)
    own = models[(models.seed == 3) & (models.role == "ground truth")].iloc[0]
    for metric, value in task.evaluate(task.ground_truth).items():
        assert own[metric] == pytest.approx(value, rel=0.01, abs=0.01), metric


def test_the_pictures_say_their_finding_and_name_what_they_draw():
    strengths, moved = [0.01, 0.1], {"a row a word": [[1e-3, 2e-3], [0.1, 0.2]]}
    fig = pictures.linear(strengths, moved, "It is linear")
    assert fig.axes[0].get_title() == "It is linear" and "It is linear." in fig.alt
    points = {"GD": [[0.9, 0.5], [0.5, 0.1]], "NPO": [[0.8, 0.2]]}
    fig = pictures.fronts(points, {"original": (0.95, 1.0)}, "GD leads")
    assert "GD leads." in fig.alt and "forget gap" in fig.axes[0].get_ylabel()
    assert fig.alt.startswith("Facts kept of the persons to retain and forget gap: GD, front of")
