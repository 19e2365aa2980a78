"""How does work end within a second once somebody has set a threading.Event?"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import ExitStack, contextmanager

from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook

SECONDS = 0.2  # between two looks at a stop


class Stopped(Exception):
    """Work was stopped on request. What was done of a training is in its checkpoint, if there is
    one."""


@contextmanager
def heeding(stop, model: nn.Module, when: str):
    """Inside, a forward pass in this thread and a backward pass of `model` end by Stopped within a
    layer of `stop`, a threading.Event or None.

    when: for the message. Nothing is computed in another way, and the model can be copied, pickled
    and scripted: the forward's hook is not its own. Whoever catches that inside, as what guards
    itself against all errors does, has no result: it is raised again at the end.
    """
    heard, here = [], threading.get_ident()

    def check(*_):
        if stop.is_set():
            heard.append(Stopped(f"stopped {when}"))
            raise heard[0]

    def forward(*_):  # called for every module, in every thread
        if threading.get_ident() == here:
            check()

    with ExitStack() as hooks:
        if stop:
            hooks.enter_context(register_module_forward_pre_hook(forward))
            for p in model.parameters():
                if p.requires_grad:
                    hooks.enter_context(p.register_post_accumulate_grad_hook(check))
        yield
    if heard:
        raise heard[0]


def left_behind(stop, work: Callable, what: str):
    """What work(left) returns or raises, in a thread that is left behind once `stop` is set: by
    Stopped, and with `left` set, after which the work is to end when it can.

    stop: a threading.Event, or None. what: for the message. For what may wait for long without
    looking, such as a network.
    """
    left, future = threading.Event(), Future()

    def run():
        try:
            future.set_result(work(left))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        while not future.done():
            if stop and stop.is_set():
                raise Stopped(f"stopped during {what}")
            wait([future], SECONDS)
        return future.result()
    finally:
        left.set()
