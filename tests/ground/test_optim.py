"""Are our optimizers torch's, to the bit, and is torch.compile left alone?"""

import subprocess
import sys

import pytest
import torch

from unlearnlab.ground import optim

KINDS = {
    "AdamW": {"lr": 1e-2, "weight_decay": 0.1, "fused": True},
    "Adam": {"lr": 1e-2},
    "SGD": {"lr": 1e-2, "momentum": 0.9, "fused": True},
}


def descended(optimizer, model, x, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()
    return torch.cat([p.detach().flatten() for p in model.parameters()])


@pytest.mark.parametrize("name", KINDS)
def test_steps_and_saved_states_are_torch_s(name):
    x, ends = torch.randn(5, 3), []
    start = torch.nn.Linear(3, 2).state_dict()
    for module in (torch.optim, optim):
        model = torch.nn.Linear(3, 2)
        model.load_state_dict(start)
        make = lambda: getattr(module, name)(model.parameters(), **KINDS[name])
        first, second = make(), make()
        descended(first, model, x, 3)
        second.load_state_dict(first.state_dict())
        ends.append(descended(second, model, x, 3))
    assert torch.equal(*ends) and not torch.equal(ends[0][:6], start["weight"].flatten())
    assert all(p.grad.requires_grad is False for p in model.parameters())


def test_the_first_run_of_a_process_imports_none_of_torch_s_slow_parts():
    program = (
        "import sys, unlearnlab as ul\n"
        "for task in ul.sine.task(1), ul.collapse.task():\n"
        "    ul.unlearn(task, ul.MinNormOG(descent_epochs=0), 1)\n"
        "slow = {'torch._dynamo', 'torch.distributed.tensor', 'sympy'}\n"
        "assert not slow & sys.modules.keys(), slow & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
