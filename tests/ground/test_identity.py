"""Is everything that a number follows from seen, and is what is equal found equal, in another
process too?"""

import collections
import dataclasses
import enum
import functools
import importlib
import linecache
import random
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from edits import EDITS, made
from torch import nn
from torch.utils.data import TensorDataset

import unlearnlab as ul
from unlearnlab.ground import origin
from unlearnlab.ground.identity import CannotIdentify, fingerprint


def network(**given):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Linear(2, 3), nn.ReLU(), nn.Dropout(0.1), nn.BatchNorm1d(3), nn.Linear(3, 1)
    )
    return net


def changed_network(change):
    net = network()
    change(net)
    return net


def put(index, layer):
    return lambda net: net.__setitem__(index, layer)


NETWORKS = {
    "dropout rate": lambda net: setattr(net[2], "p", 0.2),
    "another activation": put(1, nn.Tanh()),
    "frozen layer": lambda net: net[0].requires_grad_(False),
    "one weight": lambda net: net[4].weight.data[0, 0].add_(1e-6),
    "evaluation mode": lambda net: net.eval(),
    "one layer's mode": lambda net: net[3].eval(),
    "momentum of batch norm": lambda net: setattr(net[3], "momentum", 0.2),
    "no running statistics": lambda net: setattr(net[3], "track_running_stats", False),
    "a buffer": lambda net: net[3].running_mean.add_(1),
    "forward hook": lambda net: net[1].register_forward_hook(lambda m, i, o: o * 2),
    "forward hook's constant": lambda net: net[1].register_forward_hook(lambda m, i, o: o * 3),
    "gradient hook": lambda net: net[1].register_full_backward_hook(lambda m, i, o: None),
    "forward in its place": lambda net: setattr(net[1], "forward", lambda x: x),
    "an attribute of one's own": lambda net: setattr(net, "gain", 2),
    "tied weights": lambda net: setattr(net, "again", net[0].weight),
    "a copy of the weights": lambda net: setattr(
        net, "again", nn.Parameter(net[0].weight.detach().clone())
    ),
    "double precision": lambda net: net.double(),
}


def test_every_change_of_a_network_is_seen():
    found = {name: fingerprint(changed_network(change)) for name, change in NETWORKS.items()}
    assert len({*found.values(), fingerprint(network())}) == len(NETWORKS) + 1


def test_of_what_bears_a_name_like_torch_s_notes_only_these_are_passed_over():
    """torch.compile writes an address on a function; a reader's own name may look like its."""

    def noted(**notes):
        def function():
            return 1

        vars(function).update(notes)
        return fingerprint(function)

    assert noted(_torchdynamo_wrapper_id=1) == noted(_torchdynamo_wrapper_id=2) == noted()
    for name in ("_dynamo_rate", "_torchdynamo_rate"):
        assert noted(**{name: 1}) != noted(**{name: 2})


def test_equal_networks_are_equal_however_many_hooks_torch_has_counted():
    hook = NETWORKS["forward hook"]
    assert fingerprint(network()) == fingerprint(network())
    assert fingerprint(changed_network(hook)) == fingerprint(changed_network(hook))


@pytest.mark.parametrize("name", EDITS)
def test_every_edit_is_seen_and_the_same_source_again_is_the_same(name):
    first, second = EDITS[name]
    assert fingerprint(made(first)["f"]) == fingerprint(made(first)["f"])
    assert fingerprint(made(first)["f"]) != fingerprint(made(second)["f"])


@pytest.mark.parametrize(
    "first, second",
    [
        (
            "def f(x):\n  return x + 1",
            "def f(x):\n  '''Adds one.'''\n  # by adding\n\n  return (x\n    + 1)",
        ),
        ("k = 1\ndef f(x): return x", "k = 2\ndef f(x): return x"),
        ("class f:\n  '''One.'''\n  k = 1", "class f:\n  '''Other.'''\n  k: int = 1"),
        ("f = lambda x: x", "\n\n\nf = lambda x: x"),
    ],
)
def test_what_changes_nothing_is_not_taken_for_an_edit(first, second):
    assert fingerprint(made(first)["f"]) == fingerprint(made(second)["f"])


def test_a_method_s_class_and_its_patched_attributes_are_seen():
    source = """
from dataclasses import dataclass
@dataclass(frozen=True, kw_only=True)
class Mine(ul.GD):
    margin: float = .5
    def loss(self, state, retain, forget): return {sign} * super().loss(state, retain, forget)
"""
    plus, minus = (made(source.format(sign=sign))["Mine"] for sign in ("1", "-1"))
    assert fingerprint(plus()) != fingerprint(minus()) and fingerprint(plus()) != fingerprint(
        plus(margin=0.25)
    )
    before = fingerprint(plus())
    assert before == fingerprint(made(source.format(sign="1"))["Mine"]())
    plus.loss = lambda self, state, retain, forget: None
    assert fingerprint(plus()) != before


def test_a_patched_class_of_the_package_or_of_torch_is_seen(monkeypatch):
    before = fingerprint(ul.GD()), fingerprint(network())
    monkeypatch.setattr(ul.GD, "loss", lambda self, state, retain, forget: 0)
    monkeypatch.setattr(nn.ReLU, "forward", lambda self, x: x)
    assert fingerprint(ul.GD()) != before[0] and fingerprint(network()) != before[1]


def test_a_module_of_the_reader_is_followed_by_the_names_a_function_uses(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "kept_apart.py").write_text("K = 1\nOTHER = 1\ndef helper(x): return K * x\n")
    import kept_apart

    space = made("def f(x): return kept_apart.helper(x)", kept_apart=kept_apart)
    inside = made("def f(x):\n  import kept_apart as k\n  return k.helper(x)")
    dynamic = made("def f(x): return getattr(kept_apart, x)", kept_apart=kept_apart)
    everywhere = lambda: [fingerprint(found["f"]) for found in (space, inside, dynamic)]
    before = everywhere()
    kept_apart.OTHER = 2
    assert everywhere()[:2] == before[:2] and everywhere()[2] != before[2]
    kept_apart.K = 2
    assert not {*everywhere()} & {*before}
    edited = everywhere()
    (tmp_path / "kept_apart.py").write_text("K = 2\nOTHER = 2\ndef helper(x): return K / x\n")
    linecache.checkcache()
    assert everywhere() == edited, "what is loaded counts, not what a file has become"
    importlib.reload(kept_apart)
    assert not {*everywhere()} & {*edited}


def test_an_installed_package_goes_by_its_version_and_one_from_a_folder_by_what_it_does(
    tmp_path, monkeypatch
):
    (tmp_path / "measures.py").write_text("def score(x): return 1.0\n")
    about = tmp_path / "measures_of_mine-1.0.dist-info"
    about.mkdir()
    (about / "RECORD").write_text("measures.py,,\nmeasures_of_mine-1.0.dist-info/METADATA,,\n")
    describe = lambda version, source="": (
        (about / "METADATA").write_text(f"Name: measures-of-mine\nVersion: {version}\n"),
        (about / "direct_url.json").write_text(source),
    )
    describe("1.0")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(origin, "_folders", lambda: (tmp_path,))
    import measures

    def seen():
        origin._packages.cache_clear(), origin.library.cache_clear()
        return origin.library("measures"), fingerprint(measures.score)

    assert seen()[0] == "measures 1.0"
    first = seen()
    describe("1.1")
    assert seen()[1] != first[1]
    describe("1.0", '{"url": "https://x/y", "vcs_info": {"commit_id": "abc"}}')
    assert "abc" in seen()[0]
    from_a_folder = '{"url": "file:///somewhere", "dir_info": {}}'
    describe("1.0", from_a_folder)
    (about / "INSTALLER").write_text("conda\n")  # which builds everything in one
    measures.__version__ = "1.0, as loaded"
    assert seen()[0] == "measures 1.0, as loaded"
    del measures.__version__
    assert seen()[0] == "measures 1.0"
    (about / "INSTALLER").write_text("pip\n")
    name, before = seen()
    assert name is None
    (tmp_path / "measures.py").write_text("def score(x): return 2.0\n")
    importlib.invalidate_caches()
    importlib.reload(measures)
    assert seen()[1] != before
    (about / "RECORD").unlink()
    (about / "METADATA").unlink()  # nobody knows its version, but perhaps it does
    assert seen()[0] is None
    measures.__version__ = "3.0"
    assert seen()[0] == "measures 3.0"
    origin._packages.cache_clear(), origin.library.cache_clear()


class Color(enum.Enum):
    RED, BLUE = 1, 2


Point = collections.namedtuple("Point", "x y")
VALUES = [
    None,
    1,
    1.0,
    "1",
    b"1",
    float("nan"),
    (1,),
    [1],
    {1: 1},
    {1},
    frozenset([2]),
    Color.RED,
    Color.BLUE,
    Point(1, 2),
    range(3),
    slice(1),
    np.float32(1),
    np.float64(1),
    np.arange(1),
    np.array(["a"], object),
    torch.ones(1),
    torch.ones(1, 1),
    torch.ones(1, requires_grad=True),
    torch.ones(1, dtype=torch.bfloat16),
    torch.float32,
    torch.Size([1]),
    collections.OrderedDict(a=1),
    collections.defaultdict(list, a=[1]),
    collections.Counter("a"),
    TensorDataset(torch.ones(2)),
    random.Random(1),
    len,
    torch.relu,
    np.add,
    str.lower,
    nn.ReLU,
    ul.MLP,
    ul.sine.evaluate,
    threading.Lock(),
    Path("a"),
    list[int],
    int | str,
    nn.LSTM(1, 1).flatten_parameters,
    torch.ones(2).to_sparse(),
    1j,
    ...,
]


def test_different_values_differ():
    found = [fingerprint(value) for value in VALUES]
    assert len({*found}) == len(VALUES)


def test_another_process_with_another_order_of_hashes_finds_the_same(tmp_path):
    program = tmp_path / "program.py"
    program.write_text("""
import sys, torch, unlearnlab as ul, functools
from torch import nn
from unlearnlab.ground.identity import fingerprint
K = {"a", "b", "c"}
class Net(nn.Module):
    def __init__(self): super().__init__(); self.a = nn.Linear(2, 2)
    def forward(self, x): return self.a(x) * len(K)
torch.manual_seed(1)
things = (Net(), Net, lambda x: x in {"a", "b"}, functools.partial(Net), ul.MinNormOG())
print([fingerprint(thing) for thing in (*things, ul.sine.task(1).evaluate)])
""")
    run = lambda seed: (
        subprocess.run(
            [sys.executable, program],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path), "OMP_NUM_THREADS": "1"},
        ).stdout
    )
    assert run("1") == run("2")


@pytest.mark.parametrize(
    "thing, words",
    [
        (lambda x: eval(x), "it calls eval"),
        ((i for i in range(3)), "a generator has no state"),
        ({"here": {"stream": sys.stdout}}, "'here' > 'stream': a .* has no state"),
        (
            made("s = (i for i in [1])\ndef g(x): return next(s)\ndef f(x): return g(x)")["f"],
            "global g > global s: a generator",
        ),
        (functools.reduce(lambda inner, _: [inner], range(100_000), []), "nested too deeply"),
    ],
)
def test_what_cannot_be_identified_is_refused_by_name(thing, words):
    with pytest.raises(CannotIdentify, match=words):
        fingerprint(thing)


def test_a_method_called_eval_is_no_builtin():
    first, second = made("f = lambda m: m.eval()"), made("f = lambda m: m.train()")
    assert fingerprint(first["f"]) != fingerprint(second["f"])
    importing = made("import importlib\ndef f(x): return importlib.import_module(x)")["f"]
    with pytest.raises(CannotIdentify, match="it calls import_module"):
        fingerprint(importing)


def test_circular_things_end():
    ring = []
    ring.append(ring)
    other = []
    other.append([other])
    assert fingerprint(ring) == fingerprint(ring) != fingerprint(other)


def test_a_task_is_known_by_its_parts_and_not_by_how_its_models_were_made():
    task = ul.sine.task(1)
    made_otherwise = {
        role: {"commit": "x", "seed": facts["seed"]} for role, facts in task.facts.items()
    }
    assert fingerprint(task) == fingerprint(dataclasses.replace(task, facts=made_otherwise))
    for other in (
        dict(batch_size=3),
        dict(facts={}),
        dict(seed=2),
        dict(build=lambda seed: None),
        dict(forget=task.retain),
    ):
        assert fingerprint(task) != fingerprint(dataclasses.replace(task, **other))

    class Other(ul.Task):
        def loss(self, outputs, targets):
            return 2 * super().loss(outputs, targets)

    assert fingerprint(Other(**vars(task))) != fingerprint(task)


def test_a_text_that_a_function_describes_itself_by_and_works_with_is_seen():
    def made(text):
        space = {}
        exec(f"def evaluate(x):\n {text!r}\n return x[{text!r}]", space)
        return space["evaluate"]

    assert fingerprint(made("accuracy")) != fingerprint(made("loss"))
    assert fingerprint(made("loss")) == fingerprint(made("loss"))
