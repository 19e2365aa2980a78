"""Small tasks for the tests, with models that take milliseconds."""

import torch
from torch import nn
from torch.utils.data import TensorDataset

import unlearnlab as ul
from unlearnlab.networks import seeded


def regression(seed=0, retain=12, forget=3, batch_size=None, dtype=torch.float32):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(retain + forget, 2, generator=g).to(dtype)
    y = torch.sin(x.sum(1, keepdim=True))
    build = lambda s: seeded(lambda: ul.MLP([2, 16, 1]), s).to(dtype)
    return ul.Task(
        "toy",
        "regression",
        seed,
        build(77),
        None,
        TensorDataset(x[:retain], y[:retain]),
        TensorDataset(x[retain:], y[retain:] + 1),
        build,
        lambda m: {"size": float(sum(p.detach().norm() for p in m.parameters()))},
        batch_size=batch_size,
    )


def spoken(seed=0):
    """As `regression`; its metric is what the model says, not its weights alone."""
    task = regression(seed)
    inputs = task.retain.tensors[0]
    return task.changed(evaluate=lambda model: {"said": model(inputs).square().mean().item()})


class TwoHeads(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.body, self.content, self.color = (
            ul.MLP([4, 12, 8]),
            nn.Linear(8, classes),
            nn.Linear(8, 3),
        )

    def forward(self, x):
        h = torch.relu(self.body(x))
        return self.content(h), self.color(h)


def classification(seed=0, classes=5, heads=2, batch_size=6, retain=40, forget=10):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(retain + forget, 4, generator=g)
    labels = torch.stack(
        [torch.arange(retain + forget) % classes, torch.arange(retain + forget) % 3], 1
    )
    y = labels if heads == 2 else labels[:, 0]
    build = lambda s: seeded(
        lambda: TwoHeads(classes) if heads == 2 else ul.MLP([4, 12, classes]), s
    )
    return ul.Task(
        "toy classes",
        "classification",
        seed,
        build(5),
        None,
        TensorDataset(x[:retain], y[:retain]),
        TensorDataset(x[retain:], y[retain:]),
        build,
        lambda m: {"one": 1.0},
        batch_size=batch_size,
    )


def parameters(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])
