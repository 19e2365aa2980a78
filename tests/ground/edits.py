"""Sources of notebook cells in pairs, one an edit of the other, and what a cell leaves behind."""

import functools

import numpy as np
import torch
from torch import nn

import unlearnlab as ul


def made(source, **given):
    """What a notebook's cell leaves behind: its names, with functions that have no file."""
    space = {
        "__name__": "__main__",
        "torch": torch,
        "nn": nn,
        "np": np,
        "functools": functools,
        "ul": ul,
        **given,
    }
    exec(source, space)
    return space


# Each: two sources of one cell, and what is fingerprinted.
EDITS = {
    "a constant": ("f = lambda x: x + 1", "f = lambda x: x + 2"),
    "an operator": ("f = lambda x: x + 1", "f = lambda x: x - 1"),
    "an attribute": ("f = lambda x: x.min()", "f = lambda x: x.max()"),
    "the other lambda of one line": (
        "f, g = lambda x: x * 2, lambda x: x * 3",
        "g, f = lambda x: x * 2, lambda x: x * 3",
    ),
    "a default": ("def f(x, k=1): return k", "def f(x, k=2): return k"),
    "a keyword default": ("def f(x, *, k=1): return k", "def f(x, *, k=2): return k"),
    "a global": ("k = 1\ndef f(x): return k", "k = 2\ndef f(x): return k"),
    "a global of a nested function": (
        "k = 1\ndef f(x):\n  def g(): return k\n  return g()",
        "k = 2\ndef f(x):\n  def g(): return k\n  return g()",
    ),
    "a global in a comprehension": (
        "k = 1\ndef f(x): return [k for _ in x]",
        "k = 2\ndef f(x): return [k for _ in x]",
    ),
    "a global list": ("k = [1, 2]\ndef f(x): return k", "k = [2, 1]\ndef f(x): return k"),
    "a global array": (
        "k = np.arange(3)\ndef f(x): return k",
        "k = np.arange(3) * 2\ndef f(x): return k",
    ),
    "a global tensor": (
        "k = torch.ones(2)\ndef f(x): return k",
        "k = torch.zeros(2)\ndef f(x): return k",
    ),
    "the type of an array": (
        "k = np.arange(3)\ndef f(x): return k",
        "k = np.arange(3, dtype='int32')\ndef f(x): return k",
    ),
    "a helper": (
        "def g(x): return 1\ndef f(x): return g(x)",
        "def g(x): return 2\ndef f(x): return g(x)",
    ),
    "a constant of a helper's helper": (
        "k = 1\ndef h(x): return k\ndef g(x): return h(x)\ndef f(x): return g(x)",
        "k = 2\ndef h(x): return k\ndef g(x): return h(x)\ndef f(x): return g(x)",
    ),
    "a closure": (
        "def m(k): return lambda x: k\nf = m(1)",
        "def m(k): return lambda x: k\nf = m(2)",
    ),
    "a closure's dict": (
        "def m(k): return lambda x: k\nf = m({1: 2})",
        "def m(k): return lambda x: k\nf = m({1: 3})",
    ),
    "an argument of a partial": (
        "def g(x, k): return k\nf = functools.partial(g, k=1)",
        "def g(x, k): return k\nf = functools.partial(g, k=2)",
    ),
    "what a cache wraps": (
        "@functools.lru_cache\ndef f(x): return 1",
        "@functools.lru_cache\ndef f(x): return 2",
    ),
    "what torch wraps": (
        "@torch.no_grad()\ndef f(x): return 1",
        "@torch.no_grad()\ndef f(x): return 2",
    ),
    "what functools.wraps wraps": (
        "def d(g):\n  @functools.wraps(g)\n  def w(x): return g(x)\n  return w\n@d\ndef f(x): "
        "return 1",
        "def d(g):\n  @functools.wraps(g)\n  def w(x): return g(x)\n  return w\n@d\ndef f(x): "
        "return 2",
    ),
    "the state of a callable object": (
        "class C:\n  def __init__(s, k): s.k = k\n  def __call__(s, x): return s.k\nf = C(1)",
        "class C:\n  def __init__(s, k): s.k = k\n  def __call__(s, x): return s.k\nf = C(2)",
    ),
    "the code of a callable object": (
        "class C:\n  def __call__(s, x): return 1\nf = C()",
        "class C:\n  def __call__(s, x): return 2\nf = C()",
    ),
    "the object of a bound method": (
        "class C:\n  def __init__(s, k): s.k = k\n  def m(s, x): return s.k\nf = C(1).m",
        "class C:\n  def __init__(s, k): s.k = k\n  def m(s, x): return s.k\nf = C(2).m",
    ),
    "slots": (
        "class C:\n  __slots__ = ('k',)\nf = C()\nf.k = 1",
        "class C:\n  __slots__ = ('k',)\nf = C()\nf.k = 2",
    ),
    "a list of one's own": ("class C(list): pass\nf = C([1])", "class C(list): pass\nf = C([2])"),
    "an attribute of a class": ("class f:\n  k = 1", "class f:\n  k = 2"),
    "a base": ("class B:\n  k = 1\nclass f(B): pass", "class B:\n  k = 2\nclass f(B): pass"),
    "a property": (
        "class f:\n  @property\n  def k(s): return 1",
        "class f:\n  @property\n  def k(s): return 2",
    ),
    "a class method": (
        "class f:\n  @classmethod\n  def k(s): return 1",
        "class f:\n  @classmethod\n  def k(s): return 2",
    ),
    "a static method": (
        "class f:\n  @staticmethod\n  def k(): return 1",
        "class f:\n  @staticmethod\n  def k(): return 2",
    ),
    "a class that a function makes": (
        "class C:\n  k = 1\ndef f(x): return C().k",
        "class C:\n  k = 2\ndef f(x): return C().k",
    ),
    "a network's forward": (
        "class C(nn.Module):\n  def forward(s, x): return x\nf = C()",
        "class C(nn.Module):\n  def forward(s, x): return -x\nf = C()",
    ),
    "a network's class in a builder": (
        "class C(nn.Module):\n  def __init__(s): super().__init__(); s.a = nn.Linear(1, 1)\ndef "
        "f(seed): return C()",
        "class C(nn.Module):\n  def __init__(s): super().__init__(); s.a = nn.Linear(1, 2)\ndef "
        "f(seed): return C()",
    ),
    "a layer's class in a builder": ("def f(s): return nn.ReLU()", "def f(s): return nn.Tanh()"),
    "a set": ("f = {1, 2}", "f = {1, 3}"),
    "a number's type": ("f = 1", "f = True"),
    "the sign of zero": ("f = 0.0", "f = -0.0"),
    "the state of a generator": ("f = np.random.default_rng(1)", "f = np.random.default_rng(2)"),
    "the state of torch's generator": (
        "f = torch.Generator().manual_seed(1)",
        "f = torch.Generator().manual_seed(2)",
    ),
    "what an exception does": (
        "def f(x):\n  try: return 1\n  except ValueError: return 2",
        "def f(x):\n  try: return 1\n  except TypeError: return 2",
    ),
    "sharing": ("a, b = [1], [1]\nf = [a, a]", "a, b = [1], [1]\nf = [a, b]"),
    "an import within": (
        "def f(x):\n  from math import sin as g\n  return g(x)",
        "def f(x):\n  from math import cos as g\n  return g(x)",
    ),
}
