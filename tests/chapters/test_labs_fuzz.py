"""What a lab cannot begin with is refused in words that name the argument."""

import inspect

import pytest
from test_fuzz import ODD
from test_labs_style import LABS, RESULTS

from unlearnlab.chapters import (
    ch04_sine,
    ch09_erasure,
    ch10_collapse,
    ch12_width,
    ch13_evidence,
    ch18_passage,
)
from unlearnlab.course import curve
from unlearnlab.course.lab import SliderLab

GIVEN = {
    "WidthLab": {"record": ch12_width.study.load(RESULTS / "width.json")},
    "EvidenceLab": {"evidence": ch13_evidence.verdicts.load("evidence")[0]},
}
ONE = 1
IMAGES = {"seed": 1, "method": "GD", "epochs": 1, "dataset": "digits", "preset": "quick"}
UNLEARNING = {
    ch04_sine.SineLab: {"seed": 1, "method": "GD", "epochs": 10, "methods": ()},
    ch09_erasure.ErasureLab: IMAGES | {"device": "cpu"},
    ch10_collapse.CollapseLab: IMAGES | {"device": "cpu"},
    ch18_passage.PassageLab: {"seed": 1, "method": "GD", "epochs": 10},
}


def arguments(name):
    """The lab's class, and what it begins with."""
    lab = LABS[name]()
    try:
        if isinstance(lab, SliderLab):
            first = {control: getattr(lab, control).value for control in lab.offers}
            return type(lab), GIVEN.get(name, {"seed": ONE} if name == "SpanLab" else {}) | first
        return type(lab), UNLEARNING[type(lab)]
    finally:
        lab.close()


@pytest.mark.parametrize("name", LABS)
def test_what_a_lab_cannot_begin_with_is_refused_by_name(name, monkeypatch):
    trained, train = curve.task(1), curve.task
    monkeypatch.setattr(curve, "task", lambda seed: trained if seed is ONE else train(seed))
    lab, good = arguments(name)
    unclear, offered = [], inspect.signature(lab).parameters
    for argument in good:
        for what, odd in ODD.items():
            if odd is None and argument in offered and offered[argument].default is None:
                continue  # it may begin with that, and would run
            try:
                lab(**good | {argument: odd}).close()
            except (TypeError, ValueError) as error:
                if argument not in str(error):
                    unclear.append(f"{argument}: {what}: {type(error).__name__}: {error}")
            except Exception as error:
                unclear.append(f"{argument}: {what}: {type(error).__name__}: {error}")
    assert not unclear, "\n" + "\n".join(unclear)


def test_a_control_that_a_lab_has_not_is_refused_by_name():
    with pytest.raises(ValueError, match="first value must be one of .*, got 'speed'"):
        LABS["LinearLab"](speed=1)
