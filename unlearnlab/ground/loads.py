"""What does a function load by name? Read off its bytecode, without running it."""

import builtins
import dis
import importlib
import types

from .origin import library

# Through which a function may use anything at all, known by what they are, under any name.
UNSEEN = {
    id(thing): thing.__name__
    for thing in (eval, exec, globals, __import__, importlib.import_module)
}
GLOBAL_STEPS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
ATTRIBUTE_STEPS = ("LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM")


def loads(function) -> list[tuple]:
    """(name, value) of the globals that a function and those within it load, and of what they
    import.

    Of a module of the reader's that is what is taken from it at once, as in `mine.f` or `from mine
    import f`. In any other use it is the module, with all that it holds: so after `import mine`
    within the function. A library's module stands for all in it.
    """
    space, found, module = function.__globals__, {}, None
    steps = [*_steps(function.__code__), ("", "")]
    for i, (does, name) in enumerate(steps):
        if does in GLOBAL_STEPS:
            value = space.get(name, getattr(builtins, name, None))
            if name not in space and id(value) not in UNSEEN:
                continue
        elif does == "IMPORT_NAME":
            value = module = _imported(name, space, steps[i - 1][1], steps[i - 2][1])
        elif does == "IMPORT_FROM" and _is_followed(module):  # the next of several, too
            value = getattr(module, name, None)
        else:
            continue
        while _is_followed(value) and steps[i + 1][0] in ATTRIBUTE_STEPS:
            i, name = i + 1, steps[i + 1][1]
            if name.startswith("__"):  # such as __dict__, which gives all
                break
            value = getattr(value, name, None)
        found[name, id(value)] = name, value
    return [*found.values(), *_hidden(found.values(), steps)]


def _hidden(found, steps):
    """What of UNSEEN the modules found hold under a name that stands among the steps."""
    names = {name for _, name in steps if isinstance(name, str)}
    held = [vars(value) for _, value in found if isinstance(value, types.ModuleType)]
    pairs = [(name, space.get(name)) for space in held for name in names]
    return [pair for pair in pairs if id(pair[1]) in UNSEEN]


def _steps(code):
    """(what it does, with what) of every step, and of those of the functions within."""
    for step in dis.get_instructions(code):
        if step.opname != "EXTENDED_ARG":
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
