"""Is this the same thing as before? A fingerprint of tensors, networks, functions, classes, tasks.

What numbers follow from is followed to its end: a function of the reader's is its bytecode, its
defaults, what it closes over and the globals it names; a class its attributes and bases; a module
of a network every attribute and hook; any other object its state. What libraries and the counted
modules of this package bring goes by its name, because `package_digest` and the versions of
libraries stand beside it. Bytecode rather than source: it is what runs, in a notebook too, where a
file or a cell may have been edited since. dask.tokenize was tried before: it takes importable
functions by name alone, and those of a notebook with the path of the kernel's cell file, so that
one edit is missed and another restart is not.
"""

import copyreg
import dis
import functools
import hashlib
import importlib
import types
import weakref

import numpy
import torch

from .models import LOCKS
from .origin import is_replacement, library, library_of_class

PLAIN = (type(None), bool, int, float, complex, str, bytes, type(...), torch.dtype, torch.device)
CONSTANT = (tuple, frozenset, set, types.CodeType)
# Builtins through which a function may use anything at all.
UNSEEN = ("eval", "exec", "globals", "__import__")
GLOBAL_STEPS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
# Of a function's code, beside its bytecode and its constants.
SIGNATURE = """co_argcount co_posonlyargcount co_kwonlyargcount co_names co_varnames co_freevars
    co_cellvars""".split()
HAS_DOCSTRING = 0x4000000  # a flag of code since Python 3.14
# Of classes: texts, annotations, places, and what Python keeps for itself.
SILENT = """__doc__ __module__ __dict__ __weakref__ __annotations__ __annotate__ __annotate_func__
    __annotations_cache__ __firstlineno__ __static_attributes__ __abstractmethods__ _abc_impl
    __dataclass_fields__ __dataclass_params__ __match_args__ __parameters__ __orig_bases__
    __slotnames__ __replace__""".split()


class CannotIdentify(TypeError):
    """Nobody can tell whether a thing is the same as before. The message says where it was met."""


def fingerprint(*things) -> str:
    """SHA-256, in hexadecimal digits, of all that the behaviour of these things follows from.

    Equal for equal things in any process of one Python version, and in any version for plain
    values, tensors, and functions and classes of libraries and of the counted modules. Versions of
    torch and numpy are not part of it.

    Raises CannotIdentify, which names the thing and where it was met: an open file, a generator, a
    function that calls eval.
    """
    return _walked(things).sha.hexdigest()


def tensors_of(*things) -> list[torch.Tensor]:
    """The tensors that a fingerprint of these things looks at, each once."""
    return [thing for _, thing in _walked(things).met.values() if isinstance(thing, torch.Tensor)]


def _walked(things):
    walk = _Walk()
    try:
        walk.see(things, "")
    except RecursionError as error:
        raise CannotIdentify(f"cannot identify {walk.where()}: it is nested too deeply") from error
    return walk


class _Walk:
    """Goes once over everything that can be reached, and feeds what it meets to a hash."""

    def __init__(self):
        self.sha = hashlib.sha256()
        # id -> (number, thing): shared and circular things are seen once, and live till the end
        self.met = {}
        self.looked = set()  # (id of a module, name) whose value has been seen
        self.path = []

    def where(self):
        return " > ".join(self.path[-4:]) or "it"

    def put(self, kind: str, content: str | bytes = b"") -> None:
        content = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        self.sha.update(f"{kind} {len(content)} ".encode())
        self.sha.update(content)

    def refuse(self, why):
        raise CannotIdentify(
            f"cannot identify {self.where()}: {why}. Numbers that follow from it could be taken "
            "for others"
        )

    def see(self, thing, name: str) -> None:
        """Feeds one thing; `name` says how it was reached."""
        if name:
            self.path.append(name)
        if type(thing) in PLAIN:
            self.put(type(thing).__name__, repr(thing))
        elif type(thing) in CONSTANT:  # not remembered: Python shares equal constants at will
            self._constant(thing)
        elif id(thing) in self.met:
            self.put("met", str(self.met[id(thing)][0]))
        else:
            self.met[id(thing)] = len(self.met), thing
            self._new(thing)
        if name:
            self.path.pop()

    def _constant(self, thing):
        if isinstance(thing, types.CodeType):
            self._code(thing)
        elif isinstance(thing, tuple):
            self._items("tuple", thing)
        else:
            self.put(type(thing).__name__, " ".join(sorted(map(fingerprint, thing))))

    def _new(self, thing):
        if isinstance(thing, torch.Tensor) and thing.layout is torch.strided:
            self._tensor(thing)
        elif isinstance(thing, (numpy.ndarray, numpy.generic)) and not thing.dtype.hasobject:
            self.put("array", f"{thing.dtype!r} {thing.shape}")
            self.see(type(thing), "")
            self.put("bytes", numpy.ascontiguousarray(thing).tobytes())
        elif isinstance(thing, torch.nn.Module):
            self.put("network")
            self.see(type(thing), "")
            self._named({name: _in_order(name, value) for name, value in vars(thing).items()})
        elif isinstance(thing, type):
            self._class(thing)
        elif type(thing) in PARTS:
            kind = type(thing)
            self._items(kind.__name__, [getattr(thing, part) for part in PARTS[kind]])
        elif type(thing) in KINDS:
            KINDS[type(thing)](self, thing)
        else:
            self._object(thing)

    def _items(self, kind, items):
        self.put(kind, str(len(items)))
        for item in items:
            self.see(item, "")

    def _named(self, values):
        """Of a namespace, whose order says nothing."""
        self.put("names", str(len(values)))
        for name in sorted(values):
            self.put("name", name)
            self.see(values[name], name)

    def _dict(self, thing):
        self.put("dict", str(len(thing)))
        for key, value in thing.items():
            self.see(key, "")
            self.see(value, repr(key)[:40])

    def _tensor(self, tensor):
        size, trained, place = tuple(tensor.shape), tensor.requires_grad, tensor.device.type
        self.put("tensor", f"{tensor.dtype} {size} {trained} {place}")
        self.see(type(tensor), "")
        if tensor.device.type != "meta":
            plain = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()
            self.put("bytes", plain.reshape(-1).view(torch.uint8).numpy().tobytes())
        self._named(vars(tensor))

    # --- functions and modules ---

    def _function(self, function):
        code, home = function.__code__, function.__globals__.get("__name__") or ""
        named = library(home)
        local = named is None or "<locals>" in code.co_qualname or "<lambda>" in code.co_qualname
        self.put("function", f"{named} {code.co_qualname}" if named else "")
        if named is None or "<lambda>" in code.co_qualname:  # several lambdas may have one name
            self._code(code, function.__doc__)
        if local:
            self.see(function.__defaults__, "defaults")
            self._named(function.__kwdefaults__ or {})
            cells = zip(code.co_freevars, function.__closure__ or ())
            self._named({name: _content(cell) for name, cell in cells})
            self._named(vars(function))
        if named is None:
            self._globals(function)

    def _code(self, code, doc=None):
        self.put("code", repr([getattr(code, name) for name in SIGNATURE]))
        self.put("flags", str(code.co_flags & ~HAS_DOCSTRING))
        self.put("bytecode", code.co_code)
        self.put("exceptions", code.co_exceptiontable)
        documents = code.co_consts[:1] == (doc,)  # up to Python 3.13 None stands where no text does
        if documents and doc is not None:  # or the text is one that the function works with, too
            steps = dis.get_instructions(code)
            documents = not any(step.opcode in dis.hasconst and step.arg == 0 for step in steps)
        self._items("constants", code.co_consts[1:] if documents else code.co_consts)

    def _globals(self, function):
        """The values of the globals that a function names, and of what it imports."""
        used, attributes, imported = set(), set(), set()
        for code in _all_code(function.__code__):
            attributes |= {*code.co_names}
            steps = list(dis.get_instructions(code))
            used |= {step.argval for step in steps if step.opname in GLOBAL_STEPS}
            imports = [i for i, step in enumerate(steps) if step.opname == "IMPORT_NAME"]
            imported |= {(steps[i].argval, steps[i - 2].argval) for i in imports}
        dynamic = {*UNSEEN} & used - {*function.__globals__} | {"import_module"} & attributes
        for name in sorted(dynamic):
            self.refuse(f"it calls {name}, and what that uses cannot be seen")
        space = function.__globals__
        for name in sorted(used):
            if name in space:
                self.put("global", name)
                self._global(space[name], name, attributes)
        for name, level in sorted(imported):
            self.put("import", name)
            for module in sorted({name, name.partition(".")[0]}):
                self._global(_imported(module, level, space.get("__package__")), name, attributes)

    def _global(self, value, name, attributes):
        if isinstance(value, types.ModuleType):
            self.path.append(name)
            self._module(value, attributes)
            self.path.pop()
        else:
            self.see(value, f"global {name}")

    def _module(self, module, attributes=("getattr",)):
        """Of the reader's: the values that a function names, or all if it may name any."""
        named = library(module.__name__)
        self.put("module", named or "")
        if not named:
            self._attributes(module, attributes)

    def _attributes(self, module, attributes):
        names = {*attributes}
        if names & {"getattr", "vars", "__dict__"}:
            names |= {*vars(module)}
        for name in sorted(names):
            new = (id(module), name) not in self.looked and not name.startswith("__")
            if not new or not hasattr(module, name):
                continue
            self.looked.add((id(module), name))
            value = getattr(module, name)
            if not isinstance(value, types.ModuleType):
                self.put("attribute", name)
                self.see(value, f"global {name}")
            elif library(value.__name__) is None:  # whether it has been imported yet says nothing
                self._attributes(value, attributes)

    # --- classes and objects ---

    def _class(self, kind):
        named = library_of_class(kind)
        self.put("class", f"{named} {kind.__qualname__}" if named else kind.__name__)
        for base in kind.__mro__[1:]:
            self.see(base, "")
        own = {name: value for name, value in vars(kind).items() if name not in SILENT}
        if named:  # of which only what the reader has put in the place of its own is looked at
            own = {name: value for name, value in own.items() if is_replacement(value)}
        self._named(own)
        self.see(type(kind), "")

    def _object(self, thing):
        kind = type(thing)
        self.put("object")
        self.see(kind, "")
        if hasattr(kind, "__identity__"):  # it says itself what matters, as a Task does
            self._named(thing.__identity__())
            return
        if library_of_class(kind) is None:
            names = {*getattr(thing, "__dict__", ()), *(copyreg._slotnames(kind) or ())}
            self._named({name: getattr(thing, name) for name in names if hasattr(thing, name)})
            if all(base is object or library_of_class(base) is None for base in kind.__mro__):
                return
        self._reduced(thing)

    def _reduced(self, thing):
        """What pickle would keep of it."""
        try:
            reduce = copyreg.dispatch_table.get(type(thing))
            parts = reduce(thing) if reduce else thing.__reduce_ex__(4)
        except Exception:
            self.refuse(f"a {type(thing).__name__} has no state that can be read")
        if isinstance(parts, str):
            self.put("named", f"{getattr(thing, '__module__', '')} {parts}")
            return
        for part, name in zip(parts, ("", "", "state", "items", "items")):
            self.see(list(part) if name == "items" and part is not None else part, name)

    def _partial(self, thing):
        self.put("partial")
        self.see(thing.func, "function")
        self.see(thing.args, "arguments")
        self._named(thing.keywords)  # in whatever order they are given

    def _builtin(self, thing):
        owner = thing.__self__
        module = owner.__name__ if isinstance(owner, types.ModuleType) else ""
        self.put("builtin", f"{module} {thing.__qualname__}")
        if not module:
            self.see(owner, "")


# exact type -> the attributes that it is made of
PARTS = {
    types.MethodType: ("__func__", "__self__"),
    type(functools.lru_cache(len)): ("__wrapped__",),
    property: ("fget", "fset", "fdel"),
    staticmethod: ("__func__",),
    classmethod: ("__func__",),
    types.MemberDescriptorType: ("__name__",),
    types.GetSetDescriptorType: ("__name__",),
}
# exact type -> how to feed it
KINDS = {
    list: lambda walk, thing: walk._items("list", thing),
    dict: _Walk._dict,
    types.MappingProxyType: _Walk._dict,
    types.FunctionType: _Walk._function,
    types.ModuleType: _Walk._module,
    types.BuiltinFunctionType: _Walk._builtin,
    functools.partial: _Walk._partial,
    weakref.ref: lambda walk, thing: walk._items("reference", [thing()]),
    torch.Generator: lambda walk, thing: walk._items("generator", [thing.get_state()]),
    **dict.fromkeys(LOCKS, lambda walk, thing: walk.put("lock")),
}


def _content(cell):
    try:
        return cell.cell_contents
    except ValueError:  # not bound yet
        return "nothing"


def _all_code(code):
    """A code object and those within it."""
    yield code
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from _all_code(const)


def _imported(name, level, package):
    """The module that `import name` within a function gives; None where there is none."""
    try:
        return importlib.import_module("." * level + name, package)
    except ImportError:
        return None


def _in_order(name, value):
    """A network's hooks without the numbers that torch gives them, which count over the process."""
    return [*value.values()] if "hooks" in name and isinstance(value, dict) and value else value
