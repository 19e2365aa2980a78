"""What does a function load by name? Read off its bytecode, without running it."""

import builtins
import dis
import importlib
import re
import types
from collections import defaultdict

from .origin import library

# Through which a function may use anything at all, known by what they are, under any name.
UNSEEN = {
    id(thing): thing.__name__
    for thing in (eval, exec, globals, __import__, importlib.import_module)
}
GLOBAL_STEPS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
LOCAL_STEPS = ("LOAD_FAST", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM")


def loads(function) -> list[tuple]:
    """(name, value) of the globals that a function and those within it load, and of what they
    import.

    In the place of a module of the reader's stands what is taken from it; the module itself where
    nothing is: whoever it is given to may take anything. A library's module stands for all in it.
    """
    steps, bound, before = [*_steps(function.__code__)], defaultdict(dict), -1
    while sum(map(len, bound.values())) > before:  # a loop or a handler loads what is stored below
        before = sum(map(len, bound.values()))
        found = _once(steps, function.__globals__, bound)
    return found


def _once(steps, space, bound):
    """`loads` of these steps, and into `bound` what each name of theirs may hold, by its id."""
    found, values, module = {}, {}, {}
    for i, (does, name) in enumerate(steps[:-1]):
        then, taken = steps[i + 1]
        if does == "IMPORT_NAME":
            values = module = _by_id([_imported(name, space, steps[i - 1][1], steps[i - 2][1])])
        elif does in ("LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM"):
            held = module if steps[i - 1][0].startswith("STORE") else values  # the next of several
            values = _by_id(value for each in held.values() for value in _taken(each, name))
        elif does in GLOBAL_STEPS:
            own = [space[name]] if name in space else _taken(builtins, name)
            values = bound[name] | _by_id(own)
        elif does.startswith("LOAD"):
            values = bound[name] if does.startswith(LOCAL_STEPS) else {}
        else:
            if does.startswith("STORE"):
                bound[name] = bound[name] | values
            continue
        used = does.startswith("IMPORT") or then.endswith(("_ATTR", "_METHOD"))
        whole = not used or taken == "__dict__"
        for value in values.values():
            if whole or not _is_followed(value):
                found[name, id(value)] = name, value
    return [*found.values()]


def _by_id(values):
    return {id(value): value for value in values}


def _steps(code):
    """(what it does, with what) of every step, and of those of the functions within. Some of
    Python 3.13 do two things: they are two."""
    for step in dis.get_instructions(code):
        if step.opname == "LOAD_FAST" and step.argval in (*code.co_cellvars, *code.co_freevars):
            yield "LOAD_CLOSURE", step.argval  # as it was called: it is no use of what it holds
        elif "_FAST_" in step.opname and isinstance(step.argval, tuple):
            yield from zip(re.findall("LOAD_FAST|STORE_FAST", step.opname), step.argval)
        elif step.opname != "EXTENDED_ARG":
            yield step.opname, step.argval
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from _steps(const)


def _imported(name, space, names, level):
    """The module that an import gives, with those of its modules that are among `names`, as when
    it runs; None where there is none."""
    try:
        return __import__(name, space, None, names, level)
    except ImportError:
        return None


def _is_followed(value):
    return isinstance(value, types.ModuleType) and library(value.__name__) is None


def _taken(module, name):
    """[an attribute of a module], or [] of one that says nothing that the module does not, and of
    other things, which are seen as they are: to ask them for an attribute may run anything."""
    value = getattr(module, name, None) if isinstance(module, types.ModuleType) else None
    tells = _is_followed(module) and not name.startswith("__") or id(value) in UNSEEN
    return [value] if tells or _is_followed(value) else []
