"""A lab that is made again leaves nothing of the one before: no widget, no picture."""

import gc
import weakref

import pytest
from ipywidgets.widgets import widget
from test_labs_style import LABS

from unlearnlab.course import lab as base


def left():
    gc.collect()
    return len(widget._instances)


@pytest.mark.parametrize("name", LABS)
def test_a_lab_that_nobody_has_is_gone_with_its_widgets(name):
    LABS[name]()
    before, made = left(), LABS[name]()
    assert left() > before
    gone, figure = weakref.ref(made), weakref.ref(made.canvas.figure)
    made = None
    assert left() == before and gone() is figure() is None


def test_another_method_closes_the_sliders_of_the_one_before():
    lab = LABS["SineLab"]()
    lab.name.value = "NGP"
    lab.wait()
    before = left()
    for method in ("GD", "NGP"):
        lab.name.value = method
        lab.wait()
    assert left() == before


def test_a_cell_that_runs_again_closes_what_it_showed(monkeypatch):
    class Shell:
        def get_parent(self):
            return {"header": {"msg_id": self.run}, "metadata": {"cellId": self.cell}}

    monkeypatch.setattr(base, "get_ipython", lambda: Shell)
    monkeypatch.setattr(Shell, "get_parent", classmethod(Shell.get_parent))
    monkeypatch.setattr(base, "SHOWN", {})

    def shown(run, cell, *labs):
        Shell.run, Shell.cell = run, cell
        for lab in labs:
            lab._repr_mimebundle_()
        return labs

    history = shown("1", "a", LABS["LinearLab"](), LABS["SpanLab"]())  # as IPython keeps it in Out
    other = shown("2", "b", LABS["LinearLab"]())
    assert all(lab.canvas for lab in (*history, *other))
    before = left()
    again = shown("3", "a", LABS["LinearLab"](), LABS["SpanLab"]())
    assert left() == before and not any(lab.canvas for lab in history)
    shown("4", "a", again[0])  # the same lab, once more
    assert again[0].canvas and not again[1].canvas and other[0].canvas
