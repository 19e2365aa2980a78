"""What every unlearning method has: hyperparameters that are checked, and the rules the loop
calls."""

import dataclasses
import inspect
import math
import numbers
from typing import ClassVar

import numpy
from torch import Tensor, nn

from ..ground import checks
from ..ground.models import copied, heads
from ..ground.points import IGNORED

# What a method is: annotated fields, set once and by name
rule = dataclasses.dataclass(frozen=True, kw_only=True)


@rule
class Method:
    """A method is its hyperparameters plus its rules. A run calls `start` once and `begin` once for
    each of its `stages`; every update calls, in this order, project, loss, perturb, AdamW with `lr`
    and decoupled `weight_decay` (.01: the paper's, and AdamW's own default), and settle.
    batch_norm: "retain", "all" or "frozen", what may reach running statistics (batch_norm.py); a
    loss that takes `state.outputs(batch)` or `state.loss(batch)` keeps to it.

    A method of your own is a subclass with @dataclass(frozen=True, kw_only=True); its fields are
    its hyperparameters, of any name. They hold numbers, words, or True and False, and take what
    their annotations say; `hyperparameter` gives one limits. A name that another method has, such
    as "reg", has its limits unless it says otherwise. `name` stands in tables: by default the name
    of the class.
    """

    name: ClassVar[str] = "Method"
    kinds: ClassVar[tuple[str, ...]] = ("regression", "classification")
    lr: float = 1e-3
    weight_decay: float = 0.01
    batch_norm: str = "retain"

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        if "name" not in vars(cls):
            cls.name = cls.__name__

    def __new__(cls, *args, **values):
        fields = {f.name for f in dataclasses.fields(cls)}
        for name, kind in inspect.get_annotations(cls).items():
            if name not in fields and "ClassVar" not in str(kind):
                raise TypeError(
                    f"{cls.__name__} needs @dataclass(frozen=True, kw_only=True) above it, or "
                    f"{name} is no hyperparameter"
                )
        return super().__new__(cls)

    def __post_init__(self):
        for f in dataclasses.fields(self):
            value = limits(f).check(f"{self.name}: {f.name}", getattr(self, f.name))
            object.__setattr__(self, f.name, value)

    def check(self, task, epochs: int) -> None:
        """Raises ValueError when the method cannot work on this task for this many epochs."""
        if task.kind not in self.kinds:
            raise ValueError(
                f"{self.name} needs a {' or '.join(self.kinds)} task, {task.name} is a "
                f"{task.kind} one"
            )
        if not any(p.requires_grad for p in task.original.parameters()):
            raise ValueError(
                f"{self.name} has nothing to move: every parameter of {task.name}'s original is "
                "frozen"
            )

    def start(self, task, seed: int) -> nn.Module:
        """The model the run begins with: a copy of the original."""
        return copied(task.original)

    def stages(self, state):
        """The tasks it works through, one after the other, each from `begin` to the last epoch."""
        return (state.task,)

    def begin(self, state) -> None:
        """May look at the task before the first update, and keep what it finds in
        `state.memory`."""

    def passes(self, state) -> tuple[str, ...]:
        """How epoch `state.epoch` goes over its batches: once, or once per name; `state.turn` tells
        `loss` which it is."""
        return ("both",)

    def project(self, state, retain) -> None:
        """May move the weights before the outputs are computed."""

    def loss(self, state, retain, forget) -> Tensor:
        """The objective that AdamW descends, a scalar."""
        raise NotImplementedError(f"method {self.name} has no loss: define one in its class")

    def perturb(self, state) -> None:
        """May change the gradients before AdamW uses them."""

    def settle(self, state) -> None:
        """May correct the weights after AdamW moved them."""


def decaying(state, method) -> float:
    """`reg` times `reg_decay` for every call before."""
    strength = state.memory.get("strength", method.reg)
    state.memory["strength"] = strength * method.reg_decay
    return strength


def counted(logits, targets: Tensor) -> tuple[list[Tensor], Tensor]:
    """(heads, labels): each head (m, classes), labels (m,) or (m, heads).

    Of sequences, logits (n, length, classes) and targets (n, length), every position that is not
    IGNORED counts as a sample.
    """
    if isinstance(logits, (tuple, list)) or logits.ndim == 2:
        return heads(logits), targets
    kept = targets != IGNORED
    return [logits[kept]], targets[kept]


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a hyperparameter may be.

    kind: float, int, bool or str; None for any of these, or None. low, high: of numbers, both
    allowed; with `positive` zero is not. choices: the words that are allowed, () for any. meaning:
    a few words for the reader of a slider.
    """

    kind: type | None = float
    low: float = -math.inf
    high: float = math.inf
    positive: bool = False
    choices: tuple[str, ...] = ()
    meaning: str = ""

    def __post_init__(self):
        for name in ("low", "high"):
            checks.instance(name, getattr(self, name), numbers.Real, "a number")
        checks.flag("positive", self.positive)

    def check(self, name: str, value):
        """`value` as a plain Python value, so that numpy's are welcome. Raises ValueError that
        starts with `name`."""
        plain = value.item() if isinstance(value, numpy.generic) else value
        if self.kind in (int, float):
            ends = {"low": self.low, "high": self.high, "above": 0 if self.positive else -math.inf}
            words = checks.range_words(NOUNS[self.kind], **ends)
            found = checks.number(name, plain, **ends, words=words)
            whole = int(found) if found.is_integer() else plain
            return found if self.kind is float else checks.integer(name, whole, words=words)
        if self.choices:
            checks.one_of(name, plain, self.choices)
        elif not isinstance(plain, self.kind or (bool, int, float, str, type(None))):
            raise ValueError(f"{name} must be {NOUNS[self.kind]}, got {value!r}")
        return plain


NOUNS = {
    None: "a number, a word, True, False or None",
    bool: "True or False",
    str: "a word",
    int: "an integer",
    float: "a number",
}
# One meaning per name, in every method.
RANGES = {
    "lr": Limits(positive=True),
    "weight_decay": Limits(low=0),
    "reg": Limits(low=0),
    "reg_decay": Limits(low=0, high=1),
    "n_pert": Limits(low=0),
    "project_every": Limits(low=1),
    "descent_epochs": Limits(low=0),
    "ascent": Limits(low=0),
    "noise": Limits(low=0),
    "temperature": Limits(positive=True),
    "max_epochs": Limits(low=1),
}
# The words of those that are not numbers.
CHOICES = {
    "batch_norm": ("retain", "all", "frozen"),
    "variant": ("paper-A", "original"),
    "heads": ("product", "sum"),
    "rows": ("eval", "train"),
    "outputs": ("after", "before"),
    "decay": ("projection", "epoch"),
}
HYPERPARAMETERS = (*RANGES, *CHOICES)


def hyperparameter(default=dataclasses.MISSING, **given):
    """A field of a Method with limits of its own, such as `margin: float = ul.hyperparameter(.5,
    low=0, high=4)`.

    default: its value; without one it must be given. low, high, positive, choices, meaning: as in
    `Limits`. Raises TypeError for another keyword.
    """
    Limits(**given)  # refuses other keywords
    return dataclasses.field(default=default, metadata={"limits": given})


def limits(field: dataclasses.Field) -> Limits:
    """Of a Method's field: what its metadata says, else what its name means in other methods, else
    what its type says."""
    kind = _kind(field)
    known = Limits(kind)
    if kind in (int, float) and isinstance(RANGES.get(field.name), Limits):
        known = dataclasses.replace(RANGES[field.name], kind=kind)
    elif kind is str and field.default in CHOICES.get(field.name, ()):
        known = Limits(str, choices=CHOICES[field.name])
    return dataclasses.replace(known, **field.metadata.get("limits", {}))


def _kind(field):
    """float, int, bool or str, by the annotation or by the default; None for anything else."""
    named = {"float": float, "int": int, "bool": bool, "str": str}
    annotation = field.type if isinstance(field.type, str) else getattr(field.type, "__name__", "")
    return named.get(annotation) or named.get(type(field.default).__name__)


def hyperparameters(frame) -> list[str]:
    """The columns of a table of runs in which settings of one method may differ.

    frame: what `ul.sweep` returned, or anything like it: a method of one's own is known by the
    sweep that made the table, or by its class, while it is there.
    """
    methods = set(frame.get("method", ()))
    own = set(frame.attrs.get("hyperparameters", ()))
    for kind in _subclasses(Method):
        if kind.name in methods:
            own |= {f.name for f in dataclasses.fields(kind)}
    known = [name for name in HYPERPARAMETERS if name in frame.columns]
    return known + [name for name in frame.columns if name in own and name not in known]


def _subclasses(kind):
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)
