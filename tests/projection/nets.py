"""Models of many kinds for the tests of projections: layers with formulas and layers without."""

import torch
import torch.nn.utils.prune
from torch import nn

import unlearnlab as ul


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1, bias=False),
            nn.BatchNorm2d(6),
            nn.ReLU(inplace=True),
            nn.Conv2d(6, 8, 3, stride=2, padding=1),
            nn.SiLU(),
            nn.Flatten(),
        )
        self.content, self.color = nn.Linear(8 * 16, 10), nn.Linear(8 * 16, 3)

    def forward(self, x):
        h = self.body(x)
        return self.content(h), self.color(h)


class Tied(nn.Module):
    """One weight used by two calls and once outside any layer."""

    def __init__(self):
        super().__init__()
        self.first, self.shared, self.last = nn.Linear(3, 5), nn.Linear(5, 5), nn.Linear(5, 1)

    def forward(self, x):
        h = torch.tanh(self.shared(torch.tanh(self.shared(self.first(x)))))
        return self.last(h) + (h @ self.first.weight).sum(1, keepdim=True)


def tied_layers():
    """Two layers with one weight: the second owns only its bias."""
    model = ul.MLP([4, 6, 6, 6, 1], nn.Tanh)
    model[4].weight = model[2].weight
    return model


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.norm, self.head = nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 3)
        self.mix = nn.MultiheadAttention(8, 2, batch_first=True)
        self.token = nn.Parameter(torch.randn(1, 1, 8))

    def forward(self, x):
        h = self.embed(x)
        h = torch.cat([self.token.expand(len(h), -1, -1), h], 1)
        h = h + self.mix(self.norm(h), self.norm(h), self.norm(h), need_weights=False)[0]
        return self.head(h[:, 0])


class SequenceFirst(nn.Module):
    """The sequence stands first while the layer runs, and is as long as the batch is large."""

    def __init__(self):
        super().__init__()
        self.each, self.out = nn.Linear(3, 5), nn.Linear(5, 1)

    def forward(self, x):
        return self.out(torch.cumsum(torch.tanh(self.each(x.transpose(0, 1))), 0)[-1])


def pruned():
    model = ul.MLP([4, 6, 1], nn.Tanh)
    torch.nn.utils.prune.l1_unstructured(model[0], "weight", 0.5)
    return copyable(model)


def old_weight_norm():
    return copyable(
        nn.Sequential(torch.nn.utils.weight_norm(nn.Linear(4, 6)), nn.Tanh(), nn.Linear(6, 1))
    )


def copyable(model):
    """The first layer's weight is a result, made again at every forward;
    deepcopy refuses it with its graph."""
    model[0].weight = model[0].weight.detach()
    return model


def hooked():
    model = ul.MLP([4, 6, 1], nn.Tanh)
    model[0].register_forward_hook(lambda module, args, out: out * 2)
    return model


def shared_buffer():
    model = nn.Sequential(
        nn.BatchNorm1d(4), nn.Linear(4, 6), nn.Tanh(), nn.BatchNorm1d(6), nn.Linear(6, 1)
    )
    for module in (model[0], model[3]):
        module.register_buffer(
            "mask", model[0].running_mean if module is model[0] else model[0]._buffers["mask"]
        )
    return model


class Branching(nn.Module):
    """A forward that looks at its data, which vmap cannot follow, and a parameter no layer owns."""

    def __init__(self):
        super().__init__()
        self.layer, self.scale = nn.Linear(3, 2), nn.Parameter(torch.ones(2))

    def forward(self, x):
        return self.layer(x) * self.scale if x.sum() > -1e9 else self.layer(x)


def image_net():
    return nn.Sequential(
        nn.Conv2d(3, 16, 3),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, dilation=2),
        nn.Tanh(),
        nn.Conv2d(32, 4, 2),
        nn.Flatten(),
        nn.Linear(36, 5),
    )


MODELS = {
    "mlp": (lambda: ul.MLP([6, 40, 30, 1]), (6,)),
    "two heads, conv, batch norm, in-place": (TwoHeads, (3, 8, 8)),
    "conv, many and few positions": (image_net, (3, 10, 10)),
    "grouped and padded conv": (
        lambda: nn.Sequential(
            nn.Conv2d(4, 8, 3, groups=2, padding="same"),
            nn.SiLU(),
            nn.Conv2d(8, 4, 3, padding=1, padding_mode="circular"),
            nn.Flatten(),
            nn.Linear(64, 3),
        ),
        (4, 4, 4),
    ),
    "shared weights": (Tied, (3,)),
    "tied layers": (tied_layers, (4,)),
    "sequence first": (SequenceFirst, (12, 3)),
    "pruned": (pruned, (4,)),
    "a hook that changes the output": (hooked, (4,)),
    "one buffer in two modules": (shared_buffer, (4,)),
    "old weight norm": (old_weight_norm, (4,)),
    "attention, layer norm, own token": (Attention, (5, 4)),
    "branching": (Branching, (3,)),
    "in-place after linear": (
        lambda: nn.Sequential(nn.Linear(6, 20), nn.SiLU(inplace=True), nn.Linear(20, 2)),
        (6,),
    ),
    "one layer": (lambda: nn.Linear(30, 1), (30,)),
}


def build(name, n, seed=0):
    torch.manual_seed(seed)
    make, shape = MODELS[name]
    model, inputs = make(), torch.randn(n, *shape)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            (
                module.running_mean.normal_(),
                module.running_var.uniform_(0.5, 2),
                module.weight.data.normal_(),
            )
    return model, inputs
