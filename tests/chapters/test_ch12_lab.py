"""Does WidthLab show what its record and its networks say, and does every control change the
picture?"""

from types import SimpleNamespace

import pandas
import pytest
import torch

import unlearnlab as ul
from unlearnlab.chapters.ch12_width import choosing, regions
from unlearnlab.chapters.ch12_width.lab import METHOD_NAMES, WidthLab

WIDTHS, RESNET = ul.width.ladder(network="allcnn"), ul.width.ladder(network="resnet18")[::2]
RUNGS = [("allcnn", width) for width in WIDTHS] + [("resnet18", width) for width in RESNET]
SETTINGS = {
    "SCRUB": dict(lr=1e-3, ascent=1.0, reg=0.1, max_epochs=1, variant="original"),
    "NegGrad": dict(lr=1e-3, ascent=0.3),
    "l1-Sparse": dict(lr=3e-3, reg=1e-3),
    "MinNorm-OG": dict(lr=1e-3, reg=0.01, n_pert=50),
}


@pytest.fixture(scope="module")
def record():
    """Two settings of each method at each width of two ladders, one for either goal, with made-up
    errors of two seeds."""
    rows = []
    for network, width in RUNGS:
        for method, given in SETTINGS.items():
            for lr, forget in ((given["lr"], 0.1 + width), (3 * given["lr"], 0.6 + width)):
                rows += [
                    {
                        "network": network,
                        "width": width,
                        "share": 0.2,
                        "method": method,
                        "epochs": 2,
                        "seed": seed,
                        **given,
                        "lr": lr,
                        "batch_norm": "frozen",
                        "forget_error": forget + 0.01 * seed,
                        "forget_test_error": 0.1,
                        "forget_validation_error": 0.1,
                        "validation_error": 0.1 if forget < 0.4 else 0.2,
                        "test_error": 0.2 - 0.1 * width + 0.02 * seed,
                        "retain_error": 0.0,
                    }
                    for seed in (1, 2)
                ]
    models = [
        {
            "network": network,
            "width": width,
            "share": 0.2,
            "seed": seed,
            "role": role,
            "training_error": max(0, 0.06 - width),
            "forget_error": 0.05,
            "test_error": 0.1,
        }
        for network, width in RUNGS
        for role in ("original", "ground-truth")
        for seed in (1, 2)
    ]
    return SimpleNamespace(runs=pandas.DataFrame(rows), models=pandas.DataFrame(models))


@pytest.fixture(scope="module")
def one(record):
    return WidthLab(record)


@pytest.fixture
def lab(one):
    """The same lab for every test, put back to where it began."""
    first = {"rung": ("allcnn", 1 / 8), "method": "NegGrad", "goal": "bias", "lam": 0.4}
    for name, value in (first | {"plane": 1}).items():
        getattr(one, name).value = value
    return one


@pytest.fixture(scope="module")
def still(record):
    """One that no test moves."""
    return WidthLab(record)


def with_objective(metrics):
    return metrics | {"objective": choosing.objective(metrics, "bias", 0.4)}


def curves(lab):
    return lab.canvas.figure.axes[0]


def test_the_record_selects_the_setting_for_the_goal_and_the_networks_give_the_numbers(lab):
    task = ul.width.task(seed=1, network="allcnn", width=1 / 8)
    run = ul.unlearn(task, ul.NegGrad(lr=3e-3, ascent=0.3, batch_norm="frozen"), 2)
    told = {name: with_objective(run.metrics) for name in ("NegGrad",)}
    told["retrained"] = with_objective(task.evaluate(task.ground_truth))
    assert {name: lab.shown.metrics[name] for name in told} == told
    assert lab.shown.setting == "lr 0.003, ascent 0.3, 2 epochs"
    assert f"{run.metrics['forget_error']:.3f}" in lab.numbers.value
    assert f"{told['NegGrad']['objective']:.3f}" in lab.numbers.value
    lab.goal.value = "privacy"
    assert lab.shown.setting == "lr 0.001, ascent 0.3, 2 epochs"
    upright = [line.get_xdata()[0] for line in curves(lab).lines if len(line.get_xdata()) == 2]
    assert 1 / 16 in upright  # where every seed interpolates


def test_the_curves_are_means_over_the_seeds_of_the_record(still):
    line = next(line for line in curves(still).lines if len(line.get_xdata()) == 7)
    assert line.get_xdata().tolist() == list(WIDTHS) and line.get_ydata().tolist() == pytest.approx(
        [0.6 + w + 0.015 for w in WIDTHS]
    )


def test_the_planes_show_the_classes_of_the_three_networks(still):
    task = ul.width.task(seed=1, network="allcnn", width=1 / 8)
    survey = regions.survey(task, ul.width.splits(seed=1)["test"], planes=1, resolution=30, seed=1)
    for ax, model in zip(still.canvas.figure.axes[1::2], (task.original, task.ground_truth)):
        assert torch.equal(
            torch.tensor(ax.images[0].get_array()), regions.classes(model, survey.near)[0]
        )


@pytest.mark.parametrize("name", ["rung", "lam", "plane", "method", "goal"])
def test_every_control_gives_a_new_picture(lab, name):
    control = getattr(lab, name)
    values = {
        "rung": [("allcnn", WIDTHS[0]), ("resnet18", RESNET[-1])],
        "lam": [0.2, 0.8],
        "plane": [6, 12],
        "method": METHOD_NAMES[::2],
        "goal": ["privacy", "bias"],
    }[name]
    for value in values:
        frames, png = lab.canvas.frames, lab.canvas.png()
        control.value = value
        assert (
            lab.error is None
            and lab.status.value == ""
            and lab.canvas.frames == frames + 1
            and lab.canvas.png() != png
        )
    assert f"{lab.rung.value[1]:.4g}" in lab.canvas.figure.alt
    assert lab.method.value in lab.canvas.figure.alt


def test_the_first_slider_climbs_one_ladder_after_the_other(lab):
    rungs = [value for _, value in lab.rung.options]
    assert rungs == [("allcnn", w) for w in WIDTHS] + [("resnet18", w) for w in RESNET]
    lab.rung.value = "resnet18", RESNET[-1]
    assert lab.error is None and "resnet18" in lab.summary
    task = ul.width.task(seed=1, network="resnet18", width=RESNET[-1])
    retrained = task.evaluate(task.ground_truth)
    assert lab.shown.metrics["retrained"] == with_objective(retrained)
    line = next(line for line in curves(lab).lines if len(line.get_xdata()) == len(RESNET))
    assert line.get_xdata().tolist() == list(RESNET)


def test_a_run_is_made_and_measured_once_for_a_choice(lab, monkeypatch):
    lab.plane.value = 3
    monkeypatch.setattr(
        "unlearnlab.chapters.ch12_width.lab.unlearn",
        lambda *arguments: pytest.fail("unlearned again"),
    )
    monkeypatch.setattr(ul.width, "_attack", lambda *parts: pytest.fail("measured again"))
    lab.plane.value = 4
    assert lab.error is None


def test_an_error_is_shown_and_kept_and_cleared_by_the_next_frame(lab, monkeypatch):
    lab.unlearned.cache_clear()
    with monkeypatch.context() as broken:
        broken.setattr("unlearnlab.chapters.ch12_width.lab.unlearn", lambda *arguments: 1 / 0)
        lab.method.value = "SCRUB"
    assert isinstance(lab.error, ZeroDivisionError) and "ZeroDivisionError" in lab.status.value
    lab.method.value = "NegGrad"
    assert lab.error is None and lab.status.value == ""


def test_a_stored_notebook_holds_a_picture_and_words_that_do_not_change(record, still):
    (data, metadata), (other, _) = (still._repr_mimebundle_(), WidthLab(record)._repr_mimebundle_())
    assert data["image/png"].startswith(b"\x89PNG") and data["image/png"] == other["image/png"]
    assert (
        data["text/plain"].startswith(
            "WidthLab: NegGrad for bias, lambda 0.4, allcnn at width 0.125"
        )
        and data["text/plain"] == other["text/plain"]
    )
    assert "forget errors original" in metadata["image/png"]["alt"]


def test_what_the_record_does_not_hold_is_refused_by_name(record):
    for change, words in (
        (dict(rung=("allcnn", 0.3)), r"rung must be one of .* got \('allcnn', 0.3\)"),
        (dict(method="GD"), "method must be one of SCRUB, .* got 'GD'"),
        (dict(goal="utility"), "goal must be one of .* got 'utility'"),
        (dict(lam=0.5), "lam must be one of .* got 0.5"),
        (dict(rung=("resnet50", 0.5)), "rung must be one of .* got .'resnet50'"),
    ):
        with pytest.raises(ValueError, match=words):
            WidthLab(record, **change)
