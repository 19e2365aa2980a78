"""What models return, and the precisions and kinds of their parameters."""

import collections
import copy
import dataclasses

import pytest
import torch
from test_projection import flat
from torch import nn

import unlearnlab as ul


@dataclasses.dataclass
class Output:
    logits: torch.Tensor
    features: torch.Tensor


class Naming(nn.Module):
    def __init__(self, give):
        super().__init__()
        self.a, self.b, self.give = nn.Linear(4, 8), nn.Linear(8, 3), give

    def forward(self, x):
        features = self.a(x).tanh()
        return self.give(self.b(features), features)


GIVE = [Output, collections.namedtuple("Named", "logits features")]


@pytest.mark.parametrize("give", [*GIVE, lambda a, b: {"features": b, "logits": a}])
def test_logits_are_known_by_their_name(give):
    torch.manual_seed(0)
    named, x = Naming(give), torch.randn(6, 4)
    plain = copy.deepcopy(named)
    plain.give = lambda a, b: a
    assert ul.minnorm_step(named, x, 0.5).rows == 6
    ul.minnorm_step(plain, x, 0.5)
    assert torch.equal(flat(named), flat(plain))


def test_heads_that_only_training_has_are_left_out_where_logits_are_named():
    """As GoogLeNet and Inception return them."""

    class Auxiliary(Naming):
        def forward(self, x):
            out = super().forward(x)
            return out if self.training else out.logits

    x, y = torch.randn(6, 4), torch.arange(6) % 3
    task = ul.Task("t", "classification", 0, Auxiliary(GIVE[1]), None, (x, y), (x, y), None, dict)
    for method in ul.GD(), ul.MinNormOG(n_pert=0), ul.NPO():
        ul.unlearn(task.changed(evaluate=lambda model: {}), method, 2)


def test_outputs_of_no_known_name_are_refused_with_a_way_out():
    with pytest.raises(ValueError, match=r"got dict.*\nclass Logits"):
        ul.minnorm_step(Naming(lambda a, b: {"score": a}), torch.randn(6, 4), 0.5)


class Precise(nn.Module):
    """A layer in float64 before one in float32."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 8).double(), nn.Linear(8, 3)

    def forward(self, x):
        return self.b(self.a(x.double()).tanh().float())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("solver", ["layerwise", "cg"])
def test_layers_of_several_precisions_keep_their_own(solver):
    torch.manual_seed(0)
    model, x = Precise(), torch.randn(6, 4)
    rows = ul.output_gradients(model, x)
    before = flat(model)
    ul.minnorm_step(model, x, 1.0, solver=solver)
    assert [p.dtype for p in model.parameters()] == [torch.float64] * 2 + [torch.float32] * 2
    expected = ul.project_out(before.double(), rows.double())
    assert (flat(model) - (before - expected)).norm() < 1e-4 * before.norm()


class Squeezing(nn.Linear):
    def forward(self, x):
        return super().forward(x).squeeze()


@pytest.mark.parametrize("n", [1, 5])
def test_a_model_that_squeezes_a_single_sample_s_outputs_is_understood(n):
    torch.manual_seed(0)
    model, x = Squeezing(4, 3), torch.randn(n, 4)
    plain = nn.Linear(4, 3)
    plain.load_state_dict(model.state_dict())
    for each in model, plain:
        assert ul.minnorm_step(each, x, 0.5).rows == n
    assert torch.equal(flat(model), flat(plain))


def test_parameters_that_no_step_can_move_are_refused_by_name():
    with pytest.raises(ValueError, match="parameter '0.weight' is made by a first forward"):
        ul.minnorm_step(nn.Sequential(nn.LazyLinear(3)), torch.randn(6, 4), 0.5)
    model = nn.Linear(4, 3, dtype=torch.complex64)
    with pytest.raises(ValueError, match="parameter 'weight' is complex"):
        ul.minnorm_step(model, torch.randn(6, 4), 0.5)


def test_frozen_weights_count_when_a_model_is_small_enough_for_float64():
    """All of them are computed in that precision, whatever is trainable."""

    class Seen(torch.nn.Linear):
        def forward(self, x):
            seen.append(x.dtype)
            return super().forward(x)

    seen, head = [], Seen(600, 2)
    body = torch.nn.Linear(1_700, 600).requires_grad_(False)  # with 1.02 million weights
    x = torch.randn(3, 1_700, generator=torch.Generator().manual_seed(0))
    ul.minnorm_step(torch.nn.Sequential(body, head), x, 0.5)
    assert {*seen} == {torch.float32}
    seen.clear()
    ul.minnorm_step(head, body(x), 0.5)
    assert torch.float64 in seen
