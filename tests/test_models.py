"""Do the networks have the shapes, names and numbers of parameters that others expect of them?"""
import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector

import unlearnlab as ul
from unlearnlab.models import ResNet, seeded


def test_a_slice_of_an_mlp_is_its_layers_with_the_same_weights():
    net, x = ul.MLP([2, 5, 4, 1]), torch.randn(3, 2)  # a slice once raised: Sequential calls the class with its layers
    assert torch.equal(net[-1](net[:-1](x)), net(x))
    assert isinstance(net[0], nn.Linear) and net[:1][0] is net[0]


@pytest.mark.parametrize("options, count", [
    (dict(depth=18, classes=[10, 3]), 11_175_501), (dict(depth=18, classes=1000, stem="imagenet"), 11_689_512),
    (dict(depth=50, classes=1000, stem="imagenet"), 25_557_032), (dict(depth=18, classes=10), 11_173_962)])
def test_resnets_have_the_published_number_of_parameters(options, count):
    assert sum(p.numel() for p in ResNet(**options).parameters()) == count


def test_resnet_parameters_carry_torchvisions_names():
    names = set(ResNet(50, 1000, stem="imagenet").state_dict())
    assert {"conv1.weight", "bn1.running_var", "layer1.0.conv3.weight", "layer1.0.downsample.0.weight", "layer4.2.bn3.bias", "fc.weight"} <= names
    assert "layer1.1.downsample.0.weight" not in names and len(names) == 320


@pytest.mark.parametrize("depth, stem, size", [(18, "cifar", 16), (18, "imagenet", 64), (50, "cifar", 8)])
def test_resnets_give_one_output_or_one_per_head(depth, stem, size):
    x = torch.randn(2, 3, size, size)
    assert ResNet(depth, 7, width=1 / 16, stem=stem)(x).shape == (2, 7)
    content, color = ResNet(depth, [7, 3], width=1 / 16, stem=stem)(x)
    assert content.shape == (2, 7) and color.shape == (2, 3)


@pytest.mark.parametrize("options, words", [(dict(depth=34), "depth must be 18 or 50, got 34"), (dict(stem="mnist"), "stem must be"),
                                            (dict(width=0), "width must be at least"), (dict(classes=[]), "classes must be a positive integer"),
                                            (dict(classes=[10, 0]), "classes must be")])
def test_a_wrong_resnet_is_refused_by_name(options, words):
    with pytest.raises(ValueError, match=words):
        ResNet(**options)


@pytest.mark.parametrize("depth", [18, 50])
def test_a_minnorm_step_on_a_resnet_equals_the_dense_projection(depth):
    model = seeded(lambda: ResNet(depth, [4, 3], width=1 / 16), 3)
    x = torch.randn(6, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    model.train()(x), model.eval()  # running statistics of its own
    theta = parameters_to_vector(model.parameters()).detach().double()
    rows = ul.output_gradients(copy.deepcopy(model).double(), x)
    step = ul.minnorm_step(model, x, .5)
    expected = theta - .5 * ul.project_out(theta, rows)
    assert step.rows == 12
    assert (parameters_to_vector(model.parameters()).double() - expected).norm() < 1e-6 * (theta - expected).norm()
