"""The ways to a layer's share of the projection: each is the dense one, and what a GPU is asked
for is little and does not grow with the samples."""

import copy
from collections import Counter

import pytest
import torch
import torch.nn.functional as F
from test_projection import build, dense_projection, flat, jacobian
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

import unlearnlab as ul
from unlearnlab.networks import ResNet, seeded
from unlearnlab.projection import Projection, layers
from unlearnlab.projection.patches import patches

IMAGES = [
    "two heads, conv, batch norm, in-place",
    "conv, many and few positions",
    "grouped and padded conv",
]
# kernel, stride, padding, dilation, bias
CONVOLUTIONS = {
    "3x3": (3, 1, 1, 1, False),
    "strided": (3, 2, 1, 1, True),
    "dilated": (3, 1, 2, 2, True),
    "1x1": (1, 1, 0, 1, False),
    "1x1, strided": (1, 2, 0, 1, True),
    "uneven": ((3, 2), (2, 1), (1, 0), (1, 2), True),
    "the whole map": (9, 1, 0, 1, True),
}


@pytest.fixture(params=["the cheaper one", "pairs", "rows"])
def way(request, monkeypatch):
    """How a layer's share of K is computed: by the cheaper formula, or by one for all."""
    if request.param != "the cheaper one":
        monkeypatch.setattr(layers, "compares_pairs", lambda *_: request.param == "pairs")
    return request.param


def error(model, inputs, strength=0.7):
    """|the step - the dense one| / |theta|."""
    before, rows = flat(model).double(), jacobian(model, inputs)
    ul.minnorm_step(model, inputs, strength)
    moved = before - flat(model).double()
    return (moved - strength * dense_projection(before, rows)).norm() / before.norm()


class Two(nn.Module):
    """One convolution under test between others, seen by two heads."""

    def __init__(self, kernel, stride, padding, dilation, bias):
        super().__init__()
        self.first = nn.Conv2d(3, 5, 1)
        self.tested = nn.Conv2d(5, 6, kernel, stride, padding, dilation, bias=bias)
        self.content, self.color = nn.Linear(6, 10), nn.Linear(6, 3)

    def forward(self, x):
        h = torch.tanh(self.tested(torch.tanh(self.first(x)))).square().mean((2, 3))
        return self.content(h), self.color(h)


@pytest.mark.parametrize("name", CONVOLUTIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_way_through_every_convolution_is_the_dense_projection(name, dtype, way):
    torch.manual_seed(0)
    model, inputs = Two(*CONVOLUTIONS[name]).to(dtype), torch.randn(7, 3, 9, 9, dtype=dtype)
    assert error(model, inputs) < (1e-4 if dtype == torch.float32 else 1e-9)


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("kept", [0, 2**28])
def test_every_way_through_an_image_net_is_the_dense_projection(name, kept, way, monkeypatch):
    """Whether rows are kept or made again, of any memory layout, and where K must be redone."""
    monkeypatch.setattr(layers, "KEPT_BYTES", {"cpu": kept})
    model, inputs = build(name, 6)
    for x in (inputs, inputs.to(memory_format=torch.channels_last), inputs.repeat(2, 1, 1, 1)):
        assert error(copy.deepcopy(model), x) < 1e-5
    turned = copy.deepcopy(model).to(memory_format=torch.channels_last)
    assert error(turned, inputs.to(memory_format=torch.channels_last)) < 1e-5


@pytest.mark.parametrize("name", ["mlp", "attention, layer norm, own token", "tied layers"])
def test_linear_layers_go_every_way(name, way):
    assert error(*build(name, 6)) < 1e-5


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_patches_are_those_of_unfold(name):
    kernel, stride, padding, dilation, _ = CONVOLUTIONS[name]
    conv = nn.Conv2d(3, 4, kernel, stride, padding, dilation)
    x = torch.randn(5, 3, 9, 11)
    geometry = conv.kernel_size, conv.dilation, conv.padding, conv.stride
    ours = lambda x: patches(x, conv.kernel_size, conv.stride, conv.padding, conv.dilation)
    assert torch.equal(ours(x), F.unfold(x, *geometry))
    view = torch.randn(3, 11, 5, 9).permute(2, 0, 3, 1)[1:]
    assert torch.equal(ours(view), F.unfold(view, *geometry))


class Calls(TorchDispatchMode):
    """Counts what torch is asked for, but for views of what is there."""

    def __init__(self):
        super().__init__()
        self.names = Counter()

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        returned = [value.alias_info for value in operation._schema.returns]
        if not any(alias and not alias.is_write for alias in returned):
            self.names[str(operation)] += 1
        return operation(*args, **(kwargs or {}))


def test_a_projection_of_a_resnet_asks_for_little_whatever_the_samples():
    """A call is one launch on a GPU or a few: 2,568, with views, before patches, rows joined over
    layers and parameters moved together. The first projection also asks whether samples
    stand apart, and whether layers get them in their order."""
    first, later = [], []
    for n in (10, 50):
        projection = Projection(seeded(lambda: ResNet(18, [10, 3], 1 / 16), 0))
        for counts in (first, later):
            with Calls() as calls:
                projection.step(torch.randn(n, 3, 32, 32), 0.1)
            counts.append(calls.names.total())
            assert "aten.im2col.default" not in calls.names
    assert first[0] == first[1] < 1200 and later[0] == later[1] < 650, (first, later)


def test_the_formula_is_the_one_that_multiplies_least():
    resnet = lambda positions, channels: layers.compares_pairs(
        50, 2, positions, 9 * channels, channels
    )
    ways = [resnet(*sizes) for sizes in ((1024, 64), (256, 128), (64, 256), (16, 512))]
    assert ways == [False, False, False, True]
    assert layers.compares_pairs(50, 1, 1, 300, 300)


class Switched(nn.Module):
    """What a forward does with its layers hangs on a flag, of which no plan knows."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(4, 6), nn.Linear(6, 6), nn.Linear(6, 1)
        self.way = "plain"

    def forward(self, x):
        h = torch.tanh(self.a(x))
        if self.way == "twice":
            h = torch.tanh(self.b(h))
        if self.way == "scaled":
            h = h * self.b.bias
        if self.way == "sequence first":
            return self.c(torch.tanh(self.b(h.transpose(0, 1))).cumsum(0)[-1])
        return self.c(torch.tanh(self.b(h)) if h.ndim == 2 else torch.tanh(self.b(h)).sum(1))


def _frozen(model):
    model.b.weight.requires_grad_(False)


def _hooked(model):
    model.b.register_forward_hook(lambda module, args, out: out * 2)


def _replaced(model):
    model.b = nn.Sequential(nn.Linear(6, 6), nn.LayerNorm(6))


CHANGES = {
    "nothing": lambda model: None,
    "a layer runs twice": lambda model: setattr(model, "way", "twice"),
    "a bias is used elsewhere": lambda model: setattr(model, "way", "scaled"),
    "another dimension is the samples": lambda model: setattr(model, "way", "sequence first"),
    "a weight is frozen": _frozen,
    "a hook changes an output": _hooked,
    "a layer is replaced": _replaced,
    "the precision": lambda model: model.double(),
}


def test_a_norm_may_have_a_bias_and_no_weight():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6), nn.Linear(6, 1)).double()
    model[1].weight = None
    inputs, before = torch.randn(3, 4).double(), flat(model)
    rows = jacobian(model, inputs)
    ul.minnorm_step(model, inputs, 1.0)
    moved = before - flat(model)
    assert (moved - dense_projection(before, rows)).norm() < 1e-10 * before.norm()


@pytest.mark.parametrize("name", CHANGES)
def test_a_plan_is_made_once_and_again_whenever_a_pass_is_another(name):
    torch.manual_seed(0)
    sequence = name == "another dimension is the samples"
    model, inputs = Switched(), torch.randn(*((5, 5, 4) if sequence else (5, 4)))
    projection, passes = Projection(model), []
    model.register_forward_pre_hook(lambda *_: passes.append(1))
    projection.step(inputs, 0.1)
    assert len(passes) == 2
    projection.step(inputs[:3], 0.1)
    assert len(passes) == 3
    CHANGES[name](model)
    same, inputs = copy.deepcopy(model), inputs.to(next(model.parameters()).dtype)
    projection.step(inputs, 0.1)
    ul.minnorm_step(same, inputs, 0.1)
    for p, q in zip(model.parameters(), same.parameters()):
        assert torch.equal(p, q)
