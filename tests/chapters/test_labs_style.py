"""A reader's own plot style changes no lab, and no lab changes it."""

from pathlib import Path

import ipywidgets
import matplotlib
import pytest
from matplotlib import style
from pictures import READERS

from unlearnlab.chapters import (
    ch02_relaxed,
    ch04_sine,
    ch05_linear,
    ch06_linear_network,
    ch07_two_layer,
    ch09_erasure,
    ch10_collapse,
    ch12_width,
    ch13_evidence,
    ch18_passage,
)

RESULTS = Path(__file__).parents[2] / "notebooks" / "results"
LABS = {
    "SpanLab": ch02_relaxed.SpanLab,
    "ValleyLab": ch02_relaxed.ValleyLab,
    "SineLab": lambda: ch04_sine.SineLab(epochs=2),
    "LinearLab": ch05_linear.LinearLab,
    "LinearNetworkLab": ch06_linear_network.LinearNetworkLab,
    "PruneLab": ch07_two_layer.PruneLab,
    "ErasureLab": lambda: ch09_erasure.ErasureLab(epochs=1),
    "CollapseLab": lambda: ch10_collapse.CollapseLab(epochs=1),
    "WidthLab": lambda: ch12_width.WidthLab(ch12_width.study.load(RESULTS / "width.json")),
    "EvidenceLab": lambda: ch13_evidence.EvidenceLab(
        ch13_evidence.verdicts.load(RESULTS / "evidence.json")[0]
    ),
    "PassageLab": lambda: ch18_passage.PassageLab(method="GA", epochs=1),
}


@pytest.mark.parametrize("name", LABS)
def test_a_lab_looks_the_same_in_every_style(name):
    pictures = []
    for own in ("default", READERS):
        with style.context(own):
            before = dict(matplotlib.rcParams)
            pictures.append(LABS[name]().canvas.png())
            assert dict(matplotlib.rcParams) == before
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("name", LABS)
def test_the_words_beside_a_control_are_not_cut_off(name):
    """The front end has room for 14 letters, or 110 pixels."""
    lab = LABS[name]()
    kinds = ipywidgets.IntSlider, ipywidgets.FloatSlider, ipywidgets.SelectionSlider
    controls = [w for w in vars(lab).values() if isinstance(w, (*kinds, ipywidgets.Dropdown))]
    words = [w.description for w in controls]
    assert words and [said for said in words if len(said) > 14] == []
