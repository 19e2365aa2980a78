"""A model that is made when somebody asks for it stands for itself once it was edited."""

import pytest
import torch
from torch import nn

from unlearnlab.ground.identity import fingerprint
from unlearnlab.task import Later


def made():
    torch.manual_seed(0)
    later = Later(lambda: nn.Sequential(nn.Linear(1, 3), nn.ReLU(), nn.Linear(3, 1)), {"seed": "0"})
    assert fingerprint(later) == fingerprint(Later(None, {"seed": "0"}))
    later()
    return later


EDITS = {
    "a weight": lambda model: nn.init.zeros_(model[0].weight),
    "another activation": lambda model: model.__setitem__(1, nn.Tanh()),
    "a hook": lambda model: model.register_forward_hook(lambda *given: 0 * given[-1]),
    "frozen": lambda model: model.requires_grad_(False),
}


@pytest.mark.parametrize("edit", EDITS)
def test_any_edit_makes_it_another(edit):
    later = made()
    assert fingerprint(later) == fingerprint(made())
    EDITS[edit](later())
    assert fingerprint(later) != fingerprint(made())


def test_one_that_nobody_can_tell_from_others_is_there_all_the_same():
    with open(__file__) as file:
        model = nn.Linear(1, 1)
        model.file = file
        assert Later(lambda: model, {})() is model
