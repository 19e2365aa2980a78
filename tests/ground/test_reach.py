"""Is what a function reaches in a roundabout way seen: by an import within, a module passed on, a
cache, something put in the place of a class's own?"""

import collections
import dis
import functools
import importlib
import operator
import pickle
import sys
import types

import numpy as np
import pytest
import torch
from edits import made
from torch import nn

import unlearnlab as ul
from unlearnlab.ground import identity, loads, origin
from unlearnlab.ground.identity import CannotIdentify, fingerprint


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A folder of the reader's with a module that its package does not import."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "mine" / "deep").mkdir(parents=True)
    (tmp_path / "mine" / "deep" / "sums.py").write_text("from mine.scores import f\n")
    (tmp_path / "mine" / "__init__.py").write_text("")
    (tmp_path / "mine" / "scores.py").write_text("K = 1\nOTHER = 1\ndef f(x): return K\n")
    yield tmp_path / "mine"
    for name in [name for name in sys.modules if name.partition(".")[0] == "mine"]:
        del sys.modules[name]


IMPORTS = {
    "a module of a package": "def f(x):\n  from mine import scores\n  return scores.f(x)",
    "under another name": "def f(x):\n  import mine.scores as s\n  return s.f(x)",
    "one further down": "def f(x):\n  import mine.deep.sums as s\n  return s.f(x)",
    "by a class within": "def f(x):\n  class A:\n    from mine import scores as s\n    k = s.f(x)\n"
    "  return A.k",
    "a name of a module": "def f(x):\n  from mine.scores import f as s\n  return s(x)",
    "the second of two names": "def f(x):\n  from mine.scores import OTHER, f as s\n  return s(x)",
    "the package": "def f(x):\n  import mine.scores\n  return mine.scores.f(x)",
    "for a function within": "def f(x):\n  from mine import scores\n  return [scores.f(v) for v "
    "in x]",
    "passed on": "def g(h): return h.K\ndef f(x):\n  from mine import scores\n  return g(scores)",
    "one of two": "def f(x):\n  try: from mine import scores as s\n  except ImportError: import "
    "math as s\n  return s.f(x)",
    "in a handler": "def f(x):\n  try: import nowhere as s\n  except ImportError: import "
    "mine.scores as s\n  return s.f(x)",
    "below its use": "def f(x):\n  s = None\n  for v in x:\n    if s: v = s.f(v)\n    from mine "
    "import scores as s\n  return v",
    "by a function within": "def f(x):\n  s = None\n  def g():\n    nonlocal s\n    from mine "
    "import scores as s\n  g()\n  return s.f(x)",
    "for another": "def g(x): return mine.scores.K\ndef f(x):\n  import mine.scores\n  return g(x)",
}


@pytest.mark.parametrize("name", IMPORTS)
def test_what_is_imported_within_is_seen_whether_or_not_it_has_been_imported_yet(name, package):
    space = made(IMPORTS[name])
    if name == "for another":
        space["mine"] = importlib.import_module("mine")
    before = fingerprint(space["f"])
    scores = importlib.import_module("mine.scores")
    assert fingerprint(space["f"]) == before
    scores.K = 2
    assert fingerprint(space["f"]) != before


def test_what_is_taken_of_a_package_stays_the_same_as_it_loads_other_parts_of_itself(package):
    late = "def mean(x):\n  from . import deep\n  return K\nK = 1\n"
    (package / "__init__.py").write_text(late)
    (package / "plots.py").write_text("")
    f = made("def f(x):\n  import mine\n  return mine.mean(x)")["f"]
    before = [fingerprint(f) for _ in range(3)]
    importlib.import_module("mine.plots")
    assert {fingerprint(f), *before} == {before[0]}
    sys.modules["mine"].K = 2
    assert fingerprint(f) != before[0]


def test_a_name_that_is_bound_again_and_again_is_looked_at_once():
    lines = "".join("  x = torch.relu(x) * SCALE\n" for _ in range(40))
    space = made(f"import torch\nSCALE = 2\ndef f(x):\n{lines}  return x")
    assert {*loads.loads(space["f"])} == {("SCALE", 2), ("torch", torch), ("x", 2)}


@pytest.mark.parametrize(
    "line",
    [
        "torch.backends.cudnn.deterministic = True",
        "torch.backends.cuda.matmul.allow_tf32 = False",
        "torch.backends.mkldnn.is_available()",
    ],
)
def test_switches_of_torch_go_by_its_name(line):
    assert fingerprint(made(f"import torch\ndef f(x):\n  {line}\n  return x")["f"])
    assert fingerprint(torch.backends.cudnn) == fingerprint(torch.backends.cudnn)


def test_the_package_passed_on_goes_by_all_of_its_files(monkeypatch):
    f = made("import unlearnlab as ul\ndef g(u): return u.GD\ndef f(x): return g(ul)")["f"]
    before = fingerprint(f)
    assert fingerprint(f) == before
    monkeypatch.setattr(identity, "contents", lambda: "another edition")
    assert fingerprint(f) != before


def test_an_import_of_what_is_not_there_says_nothing_and_one_of_a_library_its_name():
    found = loads.loads(made("def f(x):\n  from numpy import pi\n  return pi * x")["f"])
    assert found == [("numpy", np)]
    missing = made("def f(x):\n  import nowhere\n  from math import nothing\n  return x")["f"]
    drawing = made("def f(x):\n  from numpy.random import rand\n  return rand(x)")["f"]
    before = fingerprint(missing), fingerprint(drawing)
    np.random.rand()
    assert (fingerprint(missing), fingerprint(drawing)) == before


@pytest.mark.parametrize(
    "source",
    [
        "def g(h): return h.K\ndef f(x): return g(mine)",
        "def f(x):\n  m = mine\n  return m.K",
        "def f(x): return mine.__dict__['K']",
        "def f(x): return vars(mine)['K']",
        "def f(x): return operator.attrgetter('K')(mine)",
        "def g(h): return h.inner.K\ndef f(x): return g(outer)",
        "def g(h): return h.K\ndef f(x): return g(outer.inner)",
    ],
)
def test_a_module_that_is_passed_on_is_seen_as_a_whole(source):
    mine, outer = types.ModuleType("mine"), types.ModuleType("outer")
    mine.K, outer.inner = 1, mine
    f = made(source, mine=mine, outer=outer, operator=operator)["f"]
    before = fingerprint(f)
    assert fingerprint(f) == before
    mine.K = 2
    assert fingerprint(f) != before


def test_a_thing_is_not_asked_for_the_attributes_that_a_function_takes_of_it():
    class Thing:
        @property
        def costly(self):
            raise AssertionError("it was asked")

    source = "def f(x):\n  t = thing\n  return t.costly + thing.costly"
    assert fingerprint(made(source, thing=Thing())["f"])


def test_steps_of_newer_pythons_that_do_two_things_are_two(monkeypatch):
    step = lambda name, of: types.SimpleNamespace(opname=name, argval=of)
    both = [
        step("STORE_FAST_LOAD_FAST", ("m", "x")),
        step("LOAD_FAST_BORROW_LOAD_FAST_BORROW", ("x", "m")),
        step("LOAD_CONST", ("a", "b")),
        step("EXTENDED_ARG", 1),
    ]
    monkeypatch.setattr(dis, "get_instructions", lambda code: both)
    assert [*loads._steps((lambda: 0).__code__)] == [
        ("STORE_FAST", "m"),
        ("LOAD_FAST", "x"),
        ("LOAD_FAST", "x"),
        ("LOAD_FAST", "m"),
        ("LOAD_CONST", ("a", "b")),
    ]


@pytest.mark.parametrize(
    "source, name",
    [
        ("from importlib import import_module as im\ndef f(x): return im('m').K", "import_module"),
        ("def f(x):\n  from importlib import import_module as im\n  im(x)", "import_module"),
        ("E = eval\ndef f(x): return E('K')", "eval"),
        ("import builtins\ndef f(x): return builtins.exec('K')", "exec"),
        ("def f(x, g=globals): return g()['K']", "globals"),
        ("f = functools.partial(__import__, 'm')", "__import__"),
    ],
)
def test_what_may_use_anything_is_refused_under_any_name(source, name):
    with pytest.raises(CannotIdentify, match=f"it calls {name}, and what that uses"):
        fingerprint(made(source)["f"])


def test_where_a_network_keeps_its_own_functions_is_seen_though_torch_s_numbers_are_not():
    def network(key):
        net = nn.Linear(1, 1, bias=False)
        net.weight.data.fill_(1)
        net.hooks = {key: torch.tanh}
        net.register_forward_hook(torch.relu)
        return net

    assert fingerprint(network("a")) == fingerprint(network("a")) != fingerprint(network("b"))


class Kept(np.ndarray):
    pass


def test_masks_and_attributes_of_arrays_are_seen():
    masked = lambda mask, **given: np.ma.array([1.0, 2.0], mask=mask, **given)
    one = masked([0, 1])
    before = fingerprint(one)
    assert one.filled()[1] == 1e20  # asks for what to fill with, which makes it
    assert before == fingerprint(one) == fingerprint(pickle.loads(pickle.dumps(one)))
    others = [masked([1, 0]), masked([0, 0]), masked([0, 1], fill_value=0)]
    assert len({before, *map(fingerprint, others)}) == 4
    assert fingerprint(masked(False)) == fingerprint(pickle.loads(pickle.dumps(masked(False))))
    kept = lambda k: np.arange(2.0).view(Kept)
    first, second = kept(1), kept(2)
    first.k, second.k = 1, 2
    assert fingerprint(first) != fingerprint(second)


def test_attributes_that_say_where_an_array_lies_are_not(tmp_path):
    lying = [np.memmap(tmp_path / name, dtype="f4", mode="w+", shape=(2,)) for name in "ab"]
    assert fingerprint(lying[0]) == fingerprint(lying[1])


class Bound:
    def __get__(self, method, kind):
        return lambda state, retain, forget: 0


def mine(self, state, retain, forget):
    return 0


REPLACEMENTS = {
    "what torch decorates": torch.enable_grad()(functools.wraps(ul.GD.loss)(mine)),
    "a partial method": functools.partialmethod(lambda self, k, *batches: 0, 1),
    "a descriptor": Bound(),
    "one of its kind": type("Other", (Bound,), {})(),
    "a cache": functools.lru_cache(mine),
    "a static method": staticmethod(mine),
    "a property": property(mine),
    "another method's": ul.GA.loss,
}


@pytest.mark.parametrize("name", REPLACEMENTS)
def test_whatever_stands_in_the_place_of_a_class_s_own_function_is_seen(name, monkeypatch):
    before = fingerprint(ul.GD()), fingerprint(ul.GA())
    monkeypatch.setattr(ul.GD, "loss", REPLACEMENTS[name])
    assert fingerprint(ul.GD()) != before[0] and fingerprint(ul.GA()) == before[1]
    monkeypatch.undo()
    assert fingerprint(ul.GD()) == before[0]


def test_classes_of_libraries_that_nobody_changed_hold_nothing_but_their_own():
    places = [vars(module) for module in (torch, nn, np, np.random, collections, ul)]
    kinds = {kind for place in places for kind in place.values() if isinstance(kind, type)}
    kinds |= {type(np.unique_counts([1]))}  # a named tuple, which is made by a text
    of_libraries = [kind for kind in kinds if origin.library_of_class(kind)]
    assert len(of_libraries) > 200
    for kind in of_libraries:
        for name, value in vars(kind).items():
            assert not origin.is_replacement(value, kind.__qualname__), (kind, name)


def test_a_cache_that_was_filled_before_an_edit_is_refused_until_it_is_cleared():
    space = made(
        "K = 1\n@functools.cache\ndef g(n): return K * (n and g(n - 1))\ndef f(x): return g(x)"
    )
    f, g = space["f"], space["g"]
    before = fingerprint(f)
    g(2)
    assert fingerprint(f) == before
    space["K"] = 10
    for _ in range(2):
        with pytest.raises(
            CannotIdentify, match=r"global g: something .* call its cache_clear\(\)"
        ):
            fingerprint(f)
    g.cache_clear()
    edited = fingerprint(f)
    assert edited != before
    g(2)
    assert fingerprint(f) == edited


def test_a_function_that_dispatches_is_the_same_after_it_was_called_and_another_with_other_parts():
    source = "@functools.singledispatch\ndef f(x): return 1\n@f.register\ndef _(x: int): return {}"
    f, other = (made(source.format(k))["f"] for k in (2, 3))
    before = fingerprint(f)
    assert (f(1), f("a")) == (2, 1)
    assert fingerprint(f) == before != fingerprint(other)
    f.register(str, lambda x: 4)
    assert fingerprint(f) != before
