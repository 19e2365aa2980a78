"""Do the pictures of notebook 01 draw, with every label inside, and say in words what they show?"""

import numpy as np
import pytest
import torch
from pictures import check_picture

from unlearnlab.chapters.ch01_loss import pictures

STEPS = torch.arange(1.0, 51)
RISE = 1e-6 * 1.1**STEPS
DRIFTS = {"GA (w = 0)": RISE, "GD (w = 0)": RISE / 9}
X = torch.tensor([[1.0, 0.5], [0.25, 1.0]]).double()
PATH = torch.linspace(0, 1, 20)[:, None] * torch.tensor([0.4, 1.1])
ZERO = {"retain": torch.tensor(0.0), "forget": torch.tensor(0.0), "output": torch.tensor(3.0)}
STEEP = {"retain": torch.tensor(0.5), "forget": torch.tensor(2.0), "output": torch.tensor(3.0)}
CLOUD = ("Forget A", torch.randn(30, 2), torch.tensor([3.0, 0.0]))
FOUND = {
    "original": (torch.rand(20) * 0.9, torch.tensor(1.0)),
    "hidden": (torch.rand(20), torch.tensor(0.0)),
    "projected": None,
}
PICTURES = {
    "many_minimisers": lambda: pictures.many_minimisers(
        torch.linspace(-0.5, 1.5, 9), [0.0] * 9, np.linspace(9, 0, 9), np.linspace(3, 4, 9)
    ),
    "gradient_norms": lambda: pictures.gradient_norms({"interpolating": ZERO, "steep": STEEP}),
    "steps_from_interpolation": lambda: pictures.steps_from_interpolation(
        {"GA": RISE, "GD from 1": RISE / 9}, {"GA": RISE}
    ),
    "noise_clouds": lambda: pictures.noise_clouds([CLOUD] * 2, torch.zeros(2)),
    "adamw_drift": lambda: pictures.adamw_drift(dict.fromkeys(("exact", "rounded"), DRIFTS)),
    "leak_plane": lambda: pictures.leak_plane(X, torch.tensor([1.0, 1.25]), PATH, PATH / 2),
    "leak_space": lambda: pictures.leak_space(
        torch.eye(3)[:2], torch.tensor([1.0, 1.0, 1.0]), torch.tensor([0.5, 0.2, 0.8])
    ),
    "attack": lambda: pictures.attack(FOUND),
}


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_draws_and_says_in_words_what_it_shows(name):
    figure = PICTURES[name]()
    check_picture(figure, titles_name_heights=True)
    assert len(figure.alt) > 20


def test_a_gradient_that_is_exactly_zero_stands_at_a_tick_that_says_at_most():
    (drawn,) = PICTURES["gradient_norms"]().axes
    assert drawn.get_xticks()[0] == drawn.lines[0].get_xdata()[0] == pictures.NOTHING
    assert drawn.get_xticklabels()[0].get_text().startswith("≤")


def test_a_model_without_a_leak_has_no_scores():
    drawn = PICTURES["attack"]().axes[0]
    rows = {round(float(line.get_ydata()[0])) for line in drawn.lines}
    assert rows == {0, 1} and "no leaked component" in drawn.texts[0].get_text()
