"""Layers that are used otherwise than their formula says, and inputs that a model cannot take."""

import copy

import pytest
import torch
import torch.nn.functional as F
from test_projection import dense_projection, flat
from torch import nn
from torch.utils.checkpoint import checkpoint

import unlearnlab as ul
from unlearnlab.projection.step import Projection


class Routed(nn.Module):
    """A mixture of experts: an expert may get as many tokens as there are samples, but not one of
    each."""

    def __init__(self):
        super().__init__()
        self.router, self.out = nn.Linear(6, 3), nn.Linear(8, 3)
        self.experts = nn.ModuleList(nn.Linear(6, 8) for _ in range(3))

    def forward(self, x):
        tokens = x.flatten(0, 1)
        weights, expert = self.router(tokens).softmax(-1).max(1)
        out = tokens.new_zeros(len(tokens), 8)
        for k, layer in enumerate(self.experts):
            own = (expert == k).nonzero().flatten()
            out = out.index_add(0, own, layer(tokens[own]) * weights[own, None])
        return self.out(out.unflatten(0, x.shape[:2]).mean(1))


class Rescaled(nn.Module):
    """Runs its layers with other weights than their own."""

    def __init__(self):
        super().__init__()
        self.net, self.scale = (
            nn.Sequential(nn.Linear(4, 8), nn.Tanh()),
            nn.Parameter(torch.ones(1)),
        )
        self.out = nn.Linear(8, 3)

    def forward(self, x):
        weights = {name: p * self.scale for name, p in self.net.named_parameters()}
        return self.out(torch.func.functional_call(self.net, weights, (x,)))


class Force(nn.Module):
    """The gradient of an energy, as models of forces and scores have it."""

    def __init__(self):
        super().__init__()
        self.a, self.out = nn.Linear(4, 8), nn.Linear(4, 3)

    def forward(self, x):
        with torch.enable_grad():
            z = x.detach().requires_grad_()
            energy = self.a(z).tanh().sum()
            return self.out(torch.autograd.grad(energy, z, create_graph=True)[0])


@pytest.mark.parametrize("make, shape", [(Routed, (5, 6)), (Rescaled, (4,)), (Force, (4,))])
def test_a_layer_whose_weight_is_not_used_as_its_formula_says_gets_single_rows(make, shape):
    for seed in range(4):
        torch.manual_seed(seed)
        model, x = make().double(), torch.randn(5, *shape).double()
        values = model(x).max(1).values
        rows = [torch.autograd.grad(v, [*model.parameters()], retain_graph=True) for v in values]
        rows, before = torch.stack([torch.cat([g.flatten() for g in r]) for r in rows]), flat(model)
        ul.minnorm_step(model, x, 1.0)
        assert (before - flat(model) - dense_projection(before, rows)).norm() < 1e-8


def test_a_forward_that_writes_into_a_parameter_is_refused_by_name():
    model = nn.Sequential(nn.Embedding(9, 6, max_norm=0.1), nn.Flatten(), nn.Linear(12, 3))
    with pytest.raises(ValueError, match="writes into the parameter '0.weight'"):
        ul.minnorm_step(model, torch.randint(0, 9, (4, 2)), 0.5)


def test_conjugate_gradients_take_checkpoints_and_name_what_has_no_second_derivative():
    torch.manual_seed(0)
    a, b, x = nn.Linear(4, 8), nn.Linear(8, 3), torch.randn(6, 4)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
    model[0].forward = lambda x: checkpoint(F.linear, x, model[0].weight, use_reentrant=False)
    assert ul.minnorm_step(model, x, 0.5, solver="cg").rows == 6
    with pytest.raises(ValueError, match='solver="cg" takes gradients of gradients'):
        ul.minnorm_step(nn.Sequential(a, nn.Hardsigmoid(), b), x, 0.5, solver="cg")


@pytest.mark.parametrize("solver", ["layerwise", "cg"])
def test_inputs_that_a_model_cannot_take_are_named_with_its_complaint(solver):
    model = ul.MLP([3, 4, 2])
    for x in torch.randn(2, 4), torch.arange(6).reshape(2, 3):
        with pytest.raises(ValueError, match=r"model cannot be run on inputs, shape \(2, .*mat1"):
            ul.minnorm_step(model, x, 0.5, solver=solver)
    with pytest.raises(ValueError, match=r"toward must hold .*got \['int', 'int'\]"):
        ul.minnorm_step(model, torch.randn(2, 3), 0.5, toward=[1, 2], solver=solver)


def test_layers_that_get_the_samples_in_another_order_are_seen():
    class Turned(nn.Sequential):
        def forward(self, x):
            return self[1](torch.tanh(self[0](x.flip(0)).flip(0)))

    torch.manual_seed(0)
    model, x = Turned(nn.Linear(6, 6), nn.Linear(6, 5)), torch.randn(9, 6)
    by_layers, by_cg = copy.deepcopy(model), copy.deepcopy(model)
    ul.minnorm_step(by_layers, x, 1.0)
    ul.minnorm_step(by_cg, x, 1.0, solver="cg")
    assert (by_layers[0].weight - by_cg[0].weight).norm() < 1e-4 * by_cg[0].weight.norm()


def shuffler(pick):
    """A model that sorts its batch by the first number of each sample, runs a layer, and puts the
    samples back in their order. pick(order, x): x in that order."""

    class Shuffled(nn.Sequential):
        def forward(self, x):
            order = x[:, 0].argsort()
            return self[1](pick(order.argsort(), self[0](pick(order, x)).tanh()))

    return Shuffled(nn.Linear(6, 6), nn.Linear(6, 5))


PICKS = {
    "by number": lambda order, x: x[order],
    "einsum": lambda order, x: torch.einsum("ij,jd->id", F.one_hot(order, len(x)).to(x), x),
    "matmul": lambda order, x: F.one_hot(order, len(x)).to(x) @ x,
    "gather": lambda order, x: x.gather(0, order[:, None].expand_as(x)),
    "scatter": lambda order, x: torch.zeros_like(x).scatter(
        0, order.argsort()[:, None].expand_as(x), x
    ),
    "select": lambda order, x: torch.stack([x[i] for i in order.tolist()]),
    "slice": lambda order, x: torch.cat([x[i : i + 1] for i in order.tolist()]),
    "unbind": lambda order, x: torch.stack([x.unbind()[i] for i in order.tolist()]),
    "split": lambda order, x: torch.cat([x.split(1)[i] for i in order.tolist()]),
    "take": lambda order, x: x.take(order[:, None] * x.shape[1] + torch.arange(x.shape[1])),
}


@pytest.mark.parametrize("pick", PICKS)
def test_an_order_that_follows_from_the_data_is_seen_at_every_batch(pick):
    torch.manual_seed(0)
    model, x = shuffler(PICKS[pick]), torch.randn(9, 6)
    projection, in_order = Projection(model), x[x[:, 0].argsort()]
    projection.step(in_order, 0.5)
    twin = copy.deepcopy(model)
    projection.step(x, 1.0)
    ul.minnorm_step(twin, x, 1.0, solver="cg")
    assert (flat(model) - flat(twin)).norm() < 1e-4 * flat(twin).norm()


def test_samples_that_are_rolled_by_what_is_in_them_are_seen_at_every_batch():
    class Rolled(nn.Sequential):
        def forward(self, x):
            places = int(x[:, 0].argmax())
            return self[1](self[0](x.roll(-places, 0)).tanh().roll(places, 0))

    torch.manual_seed(0)
    model, x = Rolled(nn.Linear(6, 6), nn.Linear(6, 5)), torch.randn(9, 6)
    projection, unmoved = Projection(model), x.roll(-int(x[:, 0].argmax()), 0)
    projection.step(unmoved, 0.5)
    twin = copy.deepcopy(model)
    projection.step(x, 1.0)
    ul.minnorm_step(twin, x, 1.0, solver="cg")
    assert (flat(model) - flat(twin)).norm() < 1e-4 * flat(twin).norm()


class LongWay(nn.Sequential):
    """None that is known, so that its pass is looked at."""


def test_plain_layers_are_asked_for_the_order_once(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "unlearnlab.projection.layers._not_routed", lambda sides, *_: asked.append(1) or sides
    )
    for layers in [nn.Linear(6, 6, bias=False), nn.Linear(6, 5)], [nn.Linear(6, 5, bias=False)]:
        projection = Projection(LongWay(*layers))
        for _ in range(3):
            projection.step(torch.randn(9, 6), 0.5)
    assert len(asked) == 2


class Called(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.out = nn.Linear(40, 40), nn.Linear(40, 3)

    def forward(self, x):
        return self.out(self.layer(self.layer(x).tanh()))


def test_auto_counts_the_rows_of_layers_that_are_called_twice(monkeypatch):
    bytes_of_rows = 5 * 40 * 41 * 8
    for limit, solver in (bytes_of_rows, "layerwise"), (bytes_of_rows - 1, "cg"):
        monkeypatch.setattr("unlearnlab.projection.step.ROW_BYTES", limit)
        model, x = Called(), torch.randn(5, 40)
        assert ul.minnorm_step(model, x, 0.5).solver == solver
        assert ul.minnorm_step(model, x, 0.5, solver="layerwise").solver == "layerwise"


@pytest.mark.parametrize("solver", ["layerwise", "cg"])
def test_a_single_sample_that_is_not_finite_is_named_once(solver):
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    with pytest.raises(ValueError, match=r"of samples \[0\] are not finite"):
        ul.minnorm_step(model, torch.full((1, 3), torch.nan), 0.5, solver=solver)


class Conv1D(nn.Linear):
    """Not what the name stands for elsewhere."""

    def forward(self, x):
        return super().forward(x) * self.weight.sum()


class Square(nn.Module):
    """Its weight is (in, out), but it is scaled."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(6, 6))

    def forward(self, x):
        return x @ self.weight * self.weight.sum()


Square.__name__ = "Conv1D"


@pytest.mark.parametrize("make", [lambda: Conv1D(6, 6), Square])
def test_another_layer_called_conv1d_gets_single_rows(make):
    torch.manual_seed(0)
    model, x = nn.Sequential(make(), nn.Tanh(), nn.Linear(6, 3)), torch.randn(5, 6)
    twin = copy.deepcopy(model)
    ul.minnorm_step(model, x, 1.0)
    ul.minnorm_step(twin, x, 1.0, solver="cg")
    assert (flat(model) - flat(twin)).norm() < 1e-4 * flat(twin).norm()


def test_a_parameter_whose_effect_is_kept_outside_the_model_gets_its_rows():
    kept = {}

    class Cached(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight, self.out = nn.Parameter(torch.randn(4, 5)), nn.Linear(5, 3)

        def forward(self, x):
            if "doubled" not in kept:
                kept["doubled"] = 2 * self.weight
            return self.out((x @ kept["doubled"]).tanh())

    torch.manual_seed(0)
    model, x = Cached().double(), torch.randn(6, 4, dtype=torch.float64)
    rows = [
        torch.cat([g.flatten() for g in torch.autograd.grad(head.max(), [*model.parameters()])])
        for head in (kept.clear() or model(x[None, i])[0] for i in range(6))
    ]
    kept.clear()
    before = flat(model)
    ul.minnorm_step(model, x, 1.0)
    assert (before - flat(model) - dense_projection(before, torch.stack(rows))).norm() < 1e-8


@pytest.mark.parametrize("solver", ["layerwise", "cg"])
def test_parameters_that_a_forward_finds_in_a_list_have_their_rows(solver):
    class Listed(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.out = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 3)
            self.weights = [self.a.weight, self.b.weight]

        def forward(self, x):
            for weight in self.weights:
                x = F.linear(x, weight, self.a.bias).tanh()
            return self.out(x)

    torch.manual_seed(0)
    model, x = Listed().double(), torch.randn(5, 4, dtype=torch.float64)
    del model.b.bias
    rows = [torch.autograd.grad(model(one[None]).max(), [*model.parameters()]) for one in x]
    rows, before = torch.stack([torch.cat([g.flatten() for g in r]) for r in rows]), flat(model)
    ul.minnorm_step(model, x, 1.0, solver=solver)
    assert (before - flat(model) - dense_projection(before, rows)).norm() < 1e-8
    assert model.weights[0] is model.a.weight and isinstance(model.a.weight, nn.Parameter)


@pytest.mark.parametrize("solver", ["layerwise", "cg"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_parameter_that_cannot_be_replaced_is_named(solver, dtype):
    class Bound(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.out = nn.Linear(4, 4, dtype=dtype), nn.Linear(4, 3, dtype=dtype)
            self.pair = self.a.weight, self.a.bias

        def forward(self, x):
            return self.out(F.linear(x, *self.pair).tanh())

    model = Bound()
    before = flat(model)
    with pytest.raises(ValueError, match="finds the parameter 'a.weight' where it cannot be"):
        ul.minnorm_step(model, torch.randn(5, 4, dtype=dtype), 0.5, solver=solver)
    assert torch.equal(flat(model), before)


@pytest.mark.parametrize("solver", ["layerwise", "cg"])
def test_a_model_without_gradients_is_refused_and_keeps_its_weights(solver):
    class Detached(nn.Linear):
        def forward(self, x):
            return super().forward(x).detach()

    model, x = Detached(4, 3), torch.randn(5, 4)
    before = flat(model)
    with pytest.raises(ValueError, match="no output has a gradient by any parameter"):
        ul.minnorm_step(model, x, 0.5, solver=solver)
    assert torch.equal(flat(model), before)
    points = x, torch.arange(5) % 3
    make = ul.Task("t", "classification", 0, model, None, points, points, None, lambda m: {})
    with pytest.raises(ValueError, match="GD: the loss has no gradient by any weight"):
        ul.unlearn(make, ul.GD(), 1)
