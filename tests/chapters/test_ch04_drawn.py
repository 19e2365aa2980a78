"""Can SineLab's picture be drawn again, or a point of it be taken, while a run is at work on it?"""

import threading

import torch
from patience import QUIET

from unlearnlab.chapters.ch04_sine import SineLab
from unlearnlab.ground.models import copied


def test_what_is_drawn_again_is_not_the_model_that_a_run_moves():
    lab = SineLab(seed=1, epochs=5)
    lab.wait()
    model = copied(lab.task.original)
    lab.frame(model)
    before, shown = lab.canvas.png(), lab.drawn
    model.double()  # as while it is projected
    lab.frame(lab.drawn)
    assert lab.canvas.png() == before
    assert all(map(torch.equal, shown.parameters(), lab.task.original.parameters()))


def test_a_point_is_taken_where_it_is_seen_while_the_picture_is_drawn_anew(monkeypatch):
    lab = SineLab(seed=1, epochs=5)
    x, y = lab.figure.axes[0].transData.transform(lab.places[3])
    spot = {"type": "mousedown", "dataX": x, "dataY": lab.figure.bbox.height - y}
    hand = threading.Thread(target=lab.drag, args=[spot])
    drawn = lab.draw

    def draw():  # before the layout has put the axes in their places
        drawn()
        hand.start()
        hand.join(0.5)  # it waits for the picture; one that does not wait has taken a point by now

    monkeypatch.setattr(lab, "draw", draw)
    lab.show()
    hand.join(QUIET)
    assert lab.point.value == 4 and lab.dragged
