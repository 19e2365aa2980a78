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
import types
import weakref

import numpy
import torch

from .loads import UNSEEN, loads
from .models import LOCKS
from .origin import PACKAGE, is_replacement, library, library_of_class
from .source import contents

PLAIN = (type(None), bool, int, float, complex, str, bytes, type(...), torch.dtype, torch.device)
CONSTANT = (tuple, frozenset, set, types.CodeType)
# Of a function's code, beside its bytecode and its constants.
SIGNATURE = """co_argcount co_posonlyargcount co_kwonlyargcount co_names co_varnames co_freevars
    co_cellvars""".split()
HAS_DOCSTRING = 0x4000000  # a flag of code since Python 3.14
HOOKS = {name for name in vars(torch.nn.Module()) if "hooks" in name}
# Of classes: texts, annotations, places, and what Python keeps for itself.
SILENT = """__doc__ __module__ __dict__ __weakref__ __annotations__ __annotate__ __annotate_func__
    __annotations_cache__ __firstlineno__ __static_attributes__ __abstractmethods__ _abc_impl
    __dataclass_fields__ __dataclass_params__ __match_args__ __parameters__ __orig_bases__
    __slotnames__ __replace__""".split()
# What torch.compile writes on functions and parameters: an address, and that it has seen them.
NOTES = {"_torchdynamo_wrapper_id", "_dynamo_static_input_type"}
_CACHED = weakref.WeakKeyDictionary()  # what each function with a cache was when last looked at


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
    walk = _Walk()
    try:
        walk.see(things, "")
    except RecursionError as error:
        raise CannotIdentify(f"cannot identify {walk.where()}: it is nested too deeply") from error
    return walk.sha.hexdigest()


class _Walk:
    """Goes once over everything that can be reached, and feeds what it meets to a hash."""

    def __init__(self, alone=False):
        self.alone = alone  # looks at what a cache wraps, and does not ask what caches keep
        self.sha = hashlib.sha256()
        # id -> (number, thing): shared and circular things are seen once, and live till the end
        self.met = {}
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
        if id(thing) in UNSEEN:
            self.refuse(f"it calls {UNSEEN[id(thing)]}, and what that uses cannot be seen")
        elif isinstance(thing, torch.Tensor) and thing.layout is torch.strided:
            self._tensor(thing)
        elif isinstance(thing, (numpy.ndarray, numpy.generic)) and not thing.dtype.hasobject:
            self.put("array", f"{thing.dtype!r} {thing.shape}")
            self.see(type(thing), "")
            self.put("bytes", numpy.ascontiguousarray(thing).tobytes())
            if isinstance(thing, numpy.ma.MaskedArray):  # of which pickle keeps no more
                self._items("masked", [numpy.ma.getmaskarray(thing), thing.fill_value])
            elif not isinstance(thing, numpy.memmap):  # whose attributes say where it lies
                self._named(getattr(thing, "__dict__", {}))
        elif isinstance(thing, torch.nn.Module):
            self.put("network")
            self.see(type(thing), "")
            self._named({name: _in_order(name, value) for name, value in vars(thing).items()})
        elif isinstance(thing, type):
            self._class(thing)
        elif isinstance(thing, types.ModuleType):
            self._module(thing)
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
        names = values.keys() - NOTES
        self.put("names", str(len(names)))
        for name in sorted(names):
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
        if home == "functools" and hasattr(function, "registry"):  # not what it found there before
            self._items("dispatch", [function.registry])
            return
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
        for name, value in loads(function):
            self.put("global", name)
            self.see(value, f"global {name}")

    def _module(self, module):
        """Of the reader's: all that it holds. This package as a whole: all of its files."""
        own = module.__name__ == PACKAGE
        named = f"{PACKAGE} {contents()}" if own else library(module.__name__)
        self.put("module", named or "")
        if not named:
            held = vars(module).items()
            self._named({name: value for name, value in held if not name.startswith("__")})

    # --- classes and objects ---

    def _class(self, kind):
        named = library_of_class(kind)
        self.put("class", f"{named} {kind.__qualname__}" if named else kind.__name__)
        for base in kind.__mro__[1:]:
            self.see(base, "")
        own = {name: value for name, value in vars(kind).items() if name not in SILENT}
        if named:  # of which only what the reader has put in the place of its own is looked at
            replaced = [name for name in own if is_replacement(own[name], kind.__qualname__)]
            own = {name: own[name] for name in replaced}
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

    def _cache(self, thing):
        """What it wraps. Refused where what it keeps came from that before it was another."""
        self._items("cache", [thing.__wrapped__])
        if self.alone:
            return
        walk = _Walk(alone=True)
        walk.see(thing.__wrapped__, "")
        now = walk.sha.hexdigest()
        if _CACHED.get(thing, now) != now and thing.cache_info().currsize:
            self.refuse("something it uses changed after it was called: call its cache_clear()")
        _CACHED[thing] = now

    def _builtin(self, thing):
        owner = thing.__self__
        module = owner.__name__ if isinstance(owner, types.ModuleType) else ""
        self.put("builtin", f"{module} {thing.__qualname__}")
        if not module:
            self.see(owner, "")


# exact type -> the attributes that it is made of
PARTS = {
    types.MethodType: ("__func__", "__self__"),
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
    types.BuiltinFunctionType: _Walk._builtin,
    functools.partial: _Walk._partial,
    type(functools.lru_cache(len)): _Walk._cache,
    weakref.ref: lambda walk, thing: walk._items("reference", [thing()]),
    torch.Generator: lambda walk, thing: walk._items("generator", [thing.get_state()]),
    **dict.fromkeys(LOCKS, lambda walk, thing: walk.put("lock")),
}


def _content(cell):
    try:
        return cell.cell_contents
    except ValueError:  # not bound yet
        return "nothing"


def _in_order(name, value):
    """A network's hooks without the numbers that torch gives them, which count over the process."""
    return [*value.values()] if name in HOOKS and isinstance(value, dict) and value else value
