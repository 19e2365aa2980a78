"""Is a model copied whatever it keeps, and left as it was when it has run?"""

import copy
import io

import pytest
import torch
from torch import nn
from torch.nn.utils import weight_norm

from unlearnlab.ground.models import copied, undisturbed, unwrapped


class Keeping(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 5), nn.Linear(5, 3)
        self.kept, self.by_name, self.calls = [], {}, 0
        self.register_buffer("last", torch.zeros(5))

    def forward(self, x):
        self.features = self.a(x)
        self.kept.append(self.features)
        self.by_name["features"] = self.features
        self.calls += 1
        self.last = self.features.mean(0)
        return self.b(self.features.tanh())


def test_a_model_that_keeps_tensors_of_a_forward_is_copied():
    model, x = Keeping(), torch.randn(2, 4)
    said = model(x)
    with pytest.raises(RuntimeError, match="graph leaves"):
        copy.deepcopy(model)
    twin = copied(model)
    assert torch.equal(twin.features, model.features) and twin.features.is_leaf
    assert twin.features is twin.kept[0] is twin.by_name["features"]
    assert torch.equal(twin(x), said) and model.calls == 1


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
def test_an_old_weight_norm_is_copied_and_the_copy_learns_by_itself():
    model, x = weight_norm(nn.Linear(3, 2)), torch.randn(4, 3)
    model(x)
    twin = copied(model)
    with torch.no_grad():
        twin.weight_g.mul_(2)
    assert torch.allclose(twin(x) - twin.bias, 2 * (model(x) - model.bias), atol=1e-6)


def test_a_plain_model_is_copied_as_ever():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    twin = copied(model)
    assert all(map(torch.equal, model.state_dict().values(), twin.state_dict().values()))
    assert twin[0].weight is not model[0].weight


def test_what_a_forward_leaves_behind_is_taken_away():
    model = Keeping()
    last = model.last
    with undisturbed(model.modules()):
        model(torch.randn(2, 4))
        assert model.calls == 1 and len(model.kept) == 1 and model.last is not last
    assert model.calls == 0 and model.kept == [] and model.by_name == {} and model.last is last
    assert not hasattr(model, "features")
    torch.save(model, io.BytesIO())
    copy.deepcopy(model)(torch.randn(2, 4))


def test_it_is_taken_away_after_an_error_too():
    model = Keeping()
    with pytest.raises(ZeroDivisionError), undisturbed(model.modules()):
        model(torch.randn(2, 4))
        1 / 0
    assert not hasattr(model, "features")


def test_the_model_inside_a_wrapper():
    model = nn.Linear(2, 1)
    assert unwrapped(nn.DataParallel(model)) is model is unwrapped(model)
