"""Can SineLab's picture be drawn again while a run has its model in other hands?"""

import torch

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
