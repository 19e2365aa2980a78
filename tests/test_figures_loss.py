"""Do the pictures of notebook 01 draw, and do their words say what the data show?"""
import numpy as np
import pytest
import torch

from unlearnlab.figures import loss
from unlearnlab.figures.style import Figure

STEPS = torch.arange(1., 51)
CURVE = {"method": "GA", "label": "ascent", "drift": 1e-6 * 1.1 ** STEPS, "expected": 1e-6 * 1.1 ** STEPS}
X = torch.tensor([[1., .5], [.25, 1.]]).double()
PATH = torch.linspace(0, 1, 20)[:, None] * torch.tensor([.4, 1.1])
ZERO = {"retain": torch.tensor(0.), "forget": torch.tensor(0.), "output": torch.tensor(3.)}
STEEP = {"retain": torch.tensor(.5), "forget": torch.tensor(2.), "output": torch.tensor(3.)}

FIGURES = {
    "many_minimisers": lambda: loss.many_minimisers(torch.linspace(-.5, 1.5, 9), [0.] * 9, np.linspace(9, 0, 9), np.linspace(3, 4, 9)),
    "two_fits": lambda: loss.two_fits(STEPS / 10, STEPS.sin(), STEPS.cos(), (STEPS[:3], STEPS[:3]), (STEPS[:1], STEPS[:1])),
    "gradient_norms": lambda: loss.gradient_norms({"interpolating": ZERO, "steep": STEEP}),
    "steps_from_interpolation": lambda: loss.steps_from_interpolation([CURVE, {**CURVE, "expected": None}]),
    "noise_clouds": lambda: loss.noise_clouds([("Forget A", torch.randn(30, 2), torch.tensor([3., 0.]))] * 2, torch.zeros(2)),
    "adamw_drift": lambda: loss.adamw_drift([("exact", [CURVE], "a note"), ("rounded", [CURVE], None)]),
    "leak_plane": lambda: loss.leak_plane(X[0], torch.tensor(1.), X[1], torch.tensor(1.25), PATH, PATH / 2),
    "leak_space": lambda: loss.leak_space(torch.eye(3)[:2], torch.tensor([1., 1., 1.]), torch.tensor([.5, .2, .8])),
    "attack": lambda: loss.attack({"original": (torch.rand(20) * .9, torch.tensor(1.)), "hidden": (torch.rand(20), torch.tensor(0.)),
                                   "projected": None}),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_picture_draws_and_says_in_words_what_it_shows(name):
    fig = FIGURES[name]()
    assert isinstance(fig, Figure)
    assert fig.png().startswith(b"\x89PNG")
    assert len(fig.alt) > 40 and fig.alt != Figure.alt


def test_the_words_name_the_models_whose_gradients_vanish():
    assert "for interpolating, and for no other" in FIGURES["gradient_norms"]().alt
    assert "for none, and" in loss.gradient_norms({"steep": STEEP}).alt


def test_the_words_name_the_models_that_give_the_forget_input_away():
    alt = FIGURES["attack"]().alt
    assert "candidate in: original." in alt and "left in: projected" in alt
