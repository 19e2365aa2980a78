"""torch's optimizers as they are, but for a second of every process.

Some of their methods are wrapped for torch.compile. The wrappers import all of it at their first
call, which takes as long as importing torch itself, in every kernel and every worker, and nothing
here is compiled. AdamW, Adam and SGD here have the methods without the wrappers.
"""

import inspect

import torch

WRAPPED = "step", "zero_grad", "add_param_group", "state_dict", "load_state_dict"


def _plain(optimizer):
    methods = {name: inspect.unwrap(getattr(optimizer, name)) for name in WRAPPED}
    methods["step"] = torch.no_grad()(methods["step"])  # which the wrapper saw to
    return type(optimizer.__name__, (optimizer,), methods)


AdamW, Adam, SGD = map(_plain, (torch.optim.AdamW, torch.optim.Adam, torch.optim.SGD))
