"""Do the pictures of notebook 01 draw, with every label inside, and say in words what they show?"""

import pytest
import torch
from pictures import check_picture

from unlearnlab.chapters.ch01_loss import pictures

X = torch.tensor([[1.0, 0.5], [0.25, 1.0]]).double()
PATH = torch.linspace(0, 1, 20)[:, None] * torch.tensor([0.4, 1.1])
PICTURES = {
    "leak_space": lambda: pictures.leak_space(
        torch.eye(3)[:2],
        {"leaked": (torch.zeros(3), torch.ones(3)), "forget input": torch.eye(3)[1:]},
    )
}


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_draws_and_says_in_words_what_it_shows(name):
    figure = PICTURES[name]()
    check_picture(figure, titles_name_heights=True)
    assert len(figure.alt) > 20
