"""What holds for every lab whose sliders redraw at once: each slider changes the picture and the
numbers, labs do not move each other, an error is shown and gone with the next frame, and a stored
notebook holds a picture and words."""

from dataclasses import dataclass

import pytest

from unlearnlab.chapters import ch02_relaxed, ch05_linear, ch06_linear_network, ch07_two_layer


@dataclass
class Case:
    """chapter: that has the lab of this name. computes: what of its lab.py computes a frame.
    start: arguments that differ from every value below. values: of every control. same: how many
    pictures of a control are alike. views: controls that change no number. stored: its words in a
    stored notebook; alt: words of its alt text."""

    chapter: object
    computes: str
    start: dict
    values: dict
    descriptions: list
    stored: str
    alt: str
    same: dict = ()
    views: tuple = ()

    @property
    def make(self):
        return getattr(self.chapter, self.stored.split(":")[0])


CASES = [
    Case(
        ch02_relaxed,
        "move",
        {"off": 0.15, "along": 0.05},
        {"off": (0, 0.5, 1), "along": (0, 0.5, 1), "n_pert": (4, 0, 9)},
        ["off the span", "along the span", "n_pert (rows)"],
        "SpanLab: off the span 0.1, along the span 0.0, n_pert (rows) 9",
        "retain outputs",
    ),
    Case(
        ch05_linear,
        "scene",
        {"heading": 110, "tilt": 35, "label": 1.1},
        {
            "heading": (0, 180, 360),
            "tilt": (-90, 0, 90),
            "label": (-1.5, 0.5, 2.5),
            "retained": (1, 2),
            "azimuth": (-180, 0, 180),
            "elevation": (-90, 0, 90),
        },
        ["heading", "tilt", "forget label", "retain inputs", "azimuth", "elevation"],
        "LinearLab: heading 75, tilt 50, forget label 2.0, retain inputs 2, azimuth -20, "
        "elevation 30",
        "retain span",
        same={"heading": 1, "azimuth": 1},  # 0 and 360 degrees, -180 and 180 are one view
        views=("azimuth", "elevation"),
    ),
    Case(
        ch06_linear_network,
        "compare",
        {"seed": 2, "depth": 2, "width": 4, "n_retain": 5},
        {"depth": (1, 3, 6), "width": (1, 6, 12), "n_retain": (1, 8, 15), "seed": (0, 10, 20)},
        ["depth L", "width", "retain points", "seed"],
        "LinearNetworkLab: depth L 3, width 6, retain points 6, seed 1",
        "retain error",
    ),
    Case(
        ch07_two_layer,
        "cut_network",
        {"n_r": 9, "h": 80},
        {
            "n_r": (5, 8, 12),
            "copies": (1, 3, 0),
            "h": (40, 90, 150),
            "activation": ("ReLU", "tanh", "GELU"),
            "method": ("linear program", "matching pursuit", "pivoted"),
            "inputs": (2, 1),
        },
        ["retain points", "of them copies", "neurons h", "activation", "survivors by", "inputs"],
        "PruneLab: retain points 10, of them copies 0, neurons h 100, activation SiLU, "
        "survivors by pivoted, inputs 1",
        "neurons",
    ),
]
every_lab = pytest.mark.parametrize("case", CASES, ids=lambda case: case.make.__name__)


@pytest.mark.parametrize(
    "case, name",
    [pytest.param(c, name, id=f"{c.make.__name__}-{name}") for c in CASES for name in c.values],
)
def test_every_slider_gives_a_new_frame_and_new_numbers_from_end_to_end(case, name):
    lab, seen = case.make(**case.start), set()
    for value in case.values[name]:
        frames, numbers, png = lab.canvas.frames, lab.numbers.value, lab.canvas.png()
        getattr(lab, name).value = value
        assert lab.error is None and "Error" not in lab.status.value
        assert lab.canvas.frames == frames + 1 and lab.canvas.png() != png
        assert (lab.numbers.value != numbers) == (name not in case.views)
        seen.add(lab.canvas.png())
    assert len(seen) == len(case.values[name]) - dict(case.same).get(name, 0)


@every_lab
def test_two_labs_do_not_move_each_other(case):
    one, other = case.make(), case.make(**case.start)
    frames, name = other.canvas.frames, list(case.values)[0]
    getattr(one, name).value = case.values[name][0]
    assert other.canvas.frames == frames and getattr(other, name).value != case.values[name][0]


@every_lab
def test_an_error_while_drawing_is_shown_and_kept_and_cleared_by_the_next_frame(case, monkeypatch):
    lab, (name, values) = case.make(**case.start), list(case.values.items())[0]
    with monkeypatch.context() as broken:
        broken.setattr(f"{case.chapter.__name__}.lab.{case.computes}", lambda *a, **more: 1 / 0)
        getattr(lab, name).value = values[0]
    assert isinstance(lab.error, ZeroDivisionError) and "ZeroDivisionError" in lab.status.value
    getattr(lab, name).value = values[1]
    assert "Error" not in lab.status.value and lab.error is None


@every_lab
def test_a_stored_notebook_holds_a_picture_and_words_that_do_not_change(case):
    (data, metadata), (other, _) = (case.make()._repr_mimebundle_() for _ in range(2))
    assert data["image/png"].startswith(b"\x89PNG") and isinstance(data["image/png"], bytes)
    assert data["image/png"] == other["image/png"]
    assert data["text/plain"] == other["text/plain"] == case.stored
    assert case.alt in metadata["image/png"]["alt"]


@every_lab
def test_the_panel_holds_what_the_reader_needs(case):
    lab = case.make()
    top, picture, status = lab.panel.children
    column, numbers = top.children
    assert [control.description for control in column.children] == case.descriptions
    assert picture is lab.canvas.widget and numbers is lab.numbers and status is lab.status
