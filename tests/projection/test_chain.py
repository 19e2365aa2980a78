"""A chain of linear layers and activations takes the short way, with the same numbers to the bit;
whatever is unusual takes the long one."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from unlearnlab.projection import minnorm_step, step
from unlearnlab.projection.chain import ACTIVATIONS, is_chain


class LongWay(nn.Sequential):
    """The same network, of a class that nobody knows."""


def layers(seed, bias=True):
    g = torch.Generator().manual_seed(seed)
    draw = lambda low, high: int(torch.randint(low, high, (), generator=g))
    widths, kinds = [draw(1, 30) for _ in range(draw(2, 5))], sorted(ACTIVATIONS, key=str)
    torch.manual_seed(seed)
    made = []
    for a, b in zip(widths, widths[1:]):
        made += [nn.Linear(a, b, bias and draw(0, 3) > 0), kinds[draw(0, len(kinds))]()]
    if draw(0, 3):
        made.pop()
    return made, torch.randn(draw(1, 40), widths[0], generator=g)


@pytest.mark.parametrize("outputs", ["largest", "every", "summed"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_both_ways_give_the_same_to_the_bit(outputs, dtype, monkeypatch):
    for seed in range(40):
        made, x = layers(seed)
        short, long = nn.Sequential(*made).to(dtype), LongWay(*copy.deepcopy(made)).to(dtype)
        assert is_chain(short, x) and not is_chain(long, x)
        steps = [minnorm_step(model, x, 0.4, outputs=outputs) for model in (long, short)]
        assert steps[0] == steps[1]
        assert all(torch.equal(a, b) for a, b in zip(long.parameters(), short.parameters()))
    monkeypatch.setattr(step, "Network", None)
    minnorm_step(short, x, 0.4, outputs=outputs)


def plain():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 5), nn.Tanh(), nn.Linear(5, 2))


def tied(model):
    model[2].weight = model[4].weight = nn.Parameter(torch.randn(5, 5))


UNUSUAL = {
    "a hook": lambda model: model[1].register_forward_hook(lambda *given: 2 * given[-1]),
    "a hook before": lambda model: model.register_forward_pre_hook(lambda m, given: given),
    "its own forward": lambda model: setattr(model[0], "forward", model[2].forward),
    "in place": lambda model: setattr(model[1], "inplace", True),
    "frozen": lambda model: model[0].weight.requires_grad_(False),
    "tied": tied,
    "two dtypes": lambda model: model[4].double(),
    "half": lambda model: model.half(),
    "another layer": lambda model: model.append(nn.Dropout()),
    "no linear layer first": lambda model: model.insert(0, nn.Tanh()),
    "another parameter": lambda model: model.register_parameter(
        "mine", nn.Parameter(torch.ones(1))
    ),
    "of a layer": lambda model: model[0].register_parameter("mine", nn.Parameter(torch.ones(1))),
    "normed weights": lambda model: nn.utils.parametrizations.weight_norm(model[0]),
    "pruned": lambda model: prune.random_unstructured(model[0], "weight", 0.5),
}


@pytest.mark.parametrize("change", UNUSUAL)
def test_what_is_unusual_takes_the_long_way(change):
    model, x = plain(), torch.randn(4, 3)
    assert is_chain(model, x)
    UNUSUAL[change](model)
    assert not is_chain(model, x)


@pytest.mark.parametrize(
    "inputs",
    [torch.ones(4, 2), torch.ones(3), torch.ones(0, 3), torch.ones(4, 3).cfloat(), [[1.0]]],
)
def test_inputs_that_do_not_fit_have_the_message_of_the_long_way(inputs):
    said = []
    for model in (plain(), LongWay(*plain())):
        with pytest.raises((TypeError, ValueError)) as error:
            minnorm_step(model, inputs, 0.4)
        said.append(str(error.value).replace("float64", "float32"))
    assert said[0] == said[1]


def test_a_hook_on_all_modules_is_called():
    seen = []
    hook = nn.modules.module.register_module_forward_hook(lambda *given: seen.append(1) and None)
    try:
        minnorm_step(plain(), torch.randn(4, 3), 0.4)
    finally:
        hook.remove()
    assert seen
