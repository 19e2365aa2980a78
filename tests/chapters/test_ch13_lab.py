"""EvidenceLab in-process: every control everywhere, its numbers against the metrics', and the
picture for web pages."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch.nn.functional as F
from pictures import check_picture
from PIL import Image

import unlearnlab as ul
from unlearnlab.chapters import ch13_evidence as ch
from unlearnlab.chapters.ch13_evidence import verdicts

RECORD = Path(__file__).parents[2] / "notebooks" / "results" / "evidence.json"
EVIDENCE = verdicts.load(RECORD)[0]


@pytest.fixture(scope="module")
def one():
    return ch.EvidenceLab(EVIDENCE, metric="KLoM")


@pytest.fixture()
def lab(one):
    """The same lab for every test, put back to where it began."""
    for control, value in (
        (one.metric, "KLoM"),
        (one.method, "MinNorm-OG"),
        (one.part, "forget set"),
        (one.example, 0),
        (one.network, 0),
    ):
        control.value = value
    return one


def moved(lab, control, value):
    """Sets a control; whether there is another picture, and no error."""
    before, changed = lab.canvas.png(), control.value != value
    control.value = value
    assert lab.error is None and "Error" not in lab.status.value
    return (lab.canvas.png() != before) == changed


def test_every_method_metric_and_slider_gives_a_picture(lab):
    for name in lab.method.options:
        assert moved(lab, lab.method, name) and f"of {name}: " in lab.status.value
    for part in lab.part.options:
        assert moved(lab, lab.part, part)
    for value in (lab.example.max, lab.example.max // 2, lab.example.min):
        assert moved(lab, lab.example, value)
    for metric in lab.metric.options:
        assert moved(lab, lab.metric, metric)
    assert lab.metric.value == verdicts.ATTACK
    for value in (lab.network.max, lab.network.min):
        assert moved(lab, lab.network, value)


def test_its_numbers_are_those_of_the_metric_on_the_recorded_margins(lab):
    rows = lab.evidence.margins["forget"]
    half = len(rows["retrained"]) // 2
    lab.example.value = 7
    each = ul.metrics.klom(rows["MinNorm-OG"], rows["retrained"][half:])
    floor = ul.metrics.against_itself(ul.metrics.klom, rows["retrained"]).mean(1)
    sure = ul.metrics.jackknife(
        lambda a, b: ul.metrics.klom(a, b).mean(), rows["MinNorm-OG"], rows["retrained"][half:]
    )
    assert lab.status.value == (
        f"<span>This example: {each[7]:.2f}. KLoM of MinNorm-OG: {sure}; "
        f"retrained against retrained {floor.mean():.3f} "
        f"({floor.min():.3f} to {floor.max():.3f}). "
        f"Setting: {lab.evidence.settings['MinNorm-OG']}.</span>"
    )
    assert sure.mean == each.mean() and sure.low < sure.mean < sure.high
    drawn = [
        patch.get_data().values
        for patch in lab.canvas.figure.axes[0].patches
        if not patch.get_fill()
    ]
    assert np.isclose(sum(drawn[0]), 1) and len(drawn) == 2
    lab.method.value = "retrained"
    own = ul.metrics.klom(rows["retrained"][:half], rows["retrained"][half:])
    assert f"KLoM of retrained: {own.mean():.3f}" in lab.status.value


def test_the_attack_is_that_on_the_chosen_network(lab):
    lab.metric.value, lab.method.value, lab.network.value = verdicts.ATTACK, "original", 3
    losses = [
        F.softplus(-lab.evidence.margins[part]["original"][3]) for part in ("forget", "unseen")
    ]
    assert (
        f"membership attack of original: {ul.metrics.mia(*losses, repeats=1):.3f}"
        in lab.status.value
    )
    assert lab.example.disabled and lab.part.disabled and not lab.network.disabled
    lab.metric.value = "KLoM"
    assert not lab.example.disabled and lab.network.disabled


def test_the_stored_picture_is_an_image_with_words(lab):
    check_picture(lab.canvas.figure, titles_name_heights=True)
    data, metadata = lab._repr_mimebundle_()
    assert (
        Image.open(io.BytesIO(data["image/png"])).size[0] > 800
        and "KLoM of MinNorm-OG" in metadata["image/png"]["alt"]
    )
    assert "MinNorm-OG under KLoM" in data["text/plain"]


def test_an_error_is_shown(lab, monkeypatch):
    def fails(*args):
        raise ArithmeticError("no such number")

    monkeypatch.setattr(lab, "_judged", fails)
    lab.example.value = 3
    assert "ArithmeticError: no such number" in lab.status.value and isinstance(
        lab.error, ArithmeticError
    )


def test_what_is_not_there_is_refused_by_name():
    with pytest.raises(
        ValueError, match="method must be one of original, retrained, .*, got 'Undo'"
    ):
        ch.EvidenceLab(EVIDENCE, method="Undo")
    with pytest.raises(ValueError, match="metric must be one of .*membership attack, got 'MIA'"):
        ch.EvidenceLab(EVIDENCE, metric="MIA")
