"""Exercises: `check` tests the learner's own function, says what is wrong with it, and hands back
one that works.

    project = ch.check("project", project)  # the learner's; the reference for a stub
    ch.hints("project")                     # unfold one by one; the solution comes last

The exercises of one notebook live in the module named after its topic.
"""

import copy
import html
import inspect
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch


class WrongAnswer(AssertionError):
    """The learner's function is not right yet. The message says on which input, what came,
    and what was expected."""

    def _render_traceback_(self):  # IPython shows this instead of a stack of our own frames
        return [f"✗ {self}"]


@dataclass(frozen=True)
class Exercise:
    """One exercise. test(learner) raises WrongAnswer; hints go from a nudge to nearly all of it."""

    name: str
    reference: Callable
    test: Callable[[Callable], None]
    hints: tuple[str, ...]


EXERCISES: dict[str, Exercise] = {}


def exercise(
    name: str,
    test: Callable | None = None,
    hints: list[str] | dict[str, str] = (),
    *,
    cases: Callable | None = None,
    mistakes: Callable | None = None,
    scale: Callable | None = None,
):
    """Decorator that registers a reference as the exercise `name`; its source is the solution.

    cases: of a random generator, yields what the learner's function is tried on, tuples of
    arguments or Trap(arguments, words); the reference says what is right. mistakes: of the same
    arguments, pairs (wrong answer, message). scale: of the same arguments, what counts as 1,
    default the length of the right answer. test: instead of these, raises WrongAnswer by itself.
    hints: or what `messages` made of a text; its hints have names that begin with "hint".
    """
    if isinstance(hints, dict):
        hints = [words for key, words in hints.items() if key.startswith("hint")]

    def register(reference):
        if name in EXERCISES:
            raise ValueError(f"exercise {name!r} exists already")

        def by_cases(learner):
            for given in cases(torch.Generator().manual_seed(0)):
                given, trap = given if isinstance(given, Trap) else Trap(given)
                answer, right = call(learner, *given, trap=trap), reference(*given)
                wrong = mistakes(*given) if mistakes and not trap else []
                compare(answer, right, wrong, given, scale and scale(*given), trap)

        EXERCISES[name] = Exercise(name, reference, test or by_cases, tuple(hints))
        return reference

    return register


class Trap(NamedTuple):
    """Arguments that catch a kind of answer by themselves, and words for it: "Here ..."."""

    given: tuple
    words: str = ""


def yes_or_no(cases: Callable) -> Callable:
    """The test of an exercise whose answer is True or False.

    cases: of a random generator, yields (arguments, right answer, what a wrong one means).
    """

    def test(learner):
        for given, right, message in cases(torch.Generator().manual_seed(0)):
            answer = call(learner, *given, trap=message)
            expect(answer is not None, "your function returns None: is there a return?")
            tensor = isinstance(answer, torch.Tensor)
            one = tensor and answer.dtype == torch.bool and answer.ndim == 0
            what = tuple(answer.shape) if tensor else type(answer).__name__
            expect(one or isinstance(answer, bool), f"return one True or False, got {what}")
            expect(bool(answer) == right, message)

    return test


def check(name: str, learner: Callable) -> Callable:
    """Tests the learner's function. Returns it when it is right, the reference while it raises
    NotImplementedError.

    Raises WrongAnswer, with a message for the learner, when it is wrong; KeyError for an unknown
    exercise.
    """
    found = _find(name)
    if not callable(learner):
        raise WrongAnswer(
            f"{name}: expected your function, got {type(learner).__name__}. Pass the "
            "function itself, without calling it: "
            f"ch.check({name!r}, {name})"
        )
    try:
        found.test(learner)
    except NotImplementedError:
        print(f"○ {name}: still a stub, so the cells below use the reference.")
        return found.reference
    except WrongAnswer as wrong:
        raise WrongAnswer(f"{name}: {wrong}") from None
    print(f"✓ {name}: right. The cells below use your function.")
    return learner


def call(learner: Callable, *args, trap: str = ""):
    """learner(*args) on copies of the arguments.

    Raises WrongAnswer when it raises, with the words of the trap, or changes an argument in place.
    """
    given = copy.deepcopy(args)
    try:
        answer = learner(*given)
    except NotImplementedError:
        raise
    except Exception as error:
        here = f"\nHere {trap}" if trap else ""
        raise WrongAnswer(
            f"your function raised {type(error).__name__} on {describe(*args)}: {error}{here}"
        ) from error
    for i, (before, after) in enumerate(zip(args, given)):
        expect(
            _unchanged(before, after),
            f"your function changed its argument number {i + 1} in place; work on a copy",
        )
    return answer


def _unchanged(before, after):
    if isinstance(before, list):
        return len(before) == len(after) and all(map(_unchanged, before, after))
    return not isinstance(before, torch.Tensor) or torch.equal(before, after)


def expect(condition: bool, message: str) -> None:
    """Raises WrongAnswer(message) unless the condition holds."""
    if not condition:
        raise WrongAnswer(message)


def expect_tensor(answer, like: torch.Tensor, trap: str = "") -> None:
    """The answer must be a finite tensor of the same shape as the reference's."""
    expect(
        isinstance(answer, torch.Tensor),
        f"expected a tensor, got {type(answer).__name__}"
        + (" (is there a return?)" if answer is None else ""),
    )
    expect(
        answer.dtype in (torch.float32, torch.float64),
        f"expected float32 or float64 numbers, got {answer.dtype}",
    )
    expect(
        answer.shape == like.shape, f"expected shape {tuple(like.shape)}, got {tuple(answer.shape)}"
    )
    here = f"\nHere {trap}" if trap else ""
    expect(bool(torch.isfinite(answer).all()), f"the result holds a NaN or an infinity{here}")


CLOSE = 1e-6  # relative; room for any stable way to compute, none for a wrong one


def draw(generator: torch.Generator, *shape: int) -> torch.Tensor:
    """Standard normal numbers, float64."""
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def same(answer: torch.Tensor, value: torch.Tensor, scale, close: float = CLOSE) -> bool:
    """Whether they are equal up to close * scale."""
    return answer.shape == value.shape and bool((answer - value).norm() <= close * scale)


def compare(
    answer,
    right: torch.Tensor,
    mistakes,
    given: tuple,
    scale=None,
    trap: str = "",
    close: float = CLOSE,
) -> None:
    """Passes a right answer; names the mistake that gives exactly this answer; else says how far
    off it is.

    mistakes: pairs (wrong value, message); a value of another shape than the right one stands for
    all of its shape, [] for every list or tuple. given: the arguments, for the message. scale: what
    counts as 1, default |right|. trap: what is special about the arguments. close: relative to
    scale, what passes.
    """
    for value, message in mistakes:
        if isinstance(value, list):
            expect(not isinstance(answer, (list, tuple)), message)
        elif isinstance(answer, torch.Tensor):
            wrong_shape = getattr(value, "shape", right.shape) != right.shape
            expect(not (wrong_shape and answer.shape == value.shape), message)
    expect_tensor(answer, right, trap)
    scale = right.norm() if scale is None else scale
    if same(answer, right, scale, close):
        return
    expect(not trap, f"wrong where {trap}")
    for value, message in mistakes:
        is_list = isinstance(value, list)
        expect(is_list or not same(answer, value, scale, close), message)
    far = float((answer - right).norm() / scale)
    raise WrongAnswer(f"on {describe(*given)} the result is off by {far:.1g} of its natural size")


def messages(text: str) -> dict[str, str]:
    """name -> message, from lines "name: message"; what is indented goes on the line before it."""
    lines = re.sub(r"\n +", " ", text.strip()).splitlines()
    return dict(line.split(": ", 1) for line in lines)


def told(wrong: dict, words: dict[str, str], **numbers) -> list[tuple]:
    """Mistakes for `compare`: name -> wrong value, name -> message. numbers: for the messages."""
    return [(value, words[name].format(**numbers)) for name, value in wrong.items()]


def describe(*args) -> str:
    """The arguments in words: tensors by their shape, numbers by their value."""

    def word(value):
        if isinstance(value, torch.Tensor):
            return f"a tensor of shape {tuple(value.shape)}"
        known = isinstance(value, (int, float, str, list, tuple))
        return repr(value) if known else f"a {type(value).__name__}"

    return ", ".join(map(word, args))


class Hints(tuple):
    """The hints of an exercise and, last, its solution. A notebook shows them folded, each
    inside the one before."""

    def _repr_html_(self):
        inner = ""
        for i, text in reversed(list(enumerate(self))):
            last = i == len(self) - 1
            name, text = "Solution" if last else f"Hint {i + 1}", html.escape(text)
            body = f"<pre><code>{text}</code></pre>" if last else f"<p>{text}</p>"
            inner = f"<details><summary>{name}</summary>{body}{inner}</details>"
        return inner

    def __repr__(self):
        return (
            f"{len(self) - 1} hints and the solution; read them one at a time, as in hints(...)[0]"
        )


def hints(name: str) -> Hints:
    """The hints of exercise `name`, from a nudge to the whole, and the reference's source as the
    last entry."""
    found = _find(name)
    source = textwrap.dedent(inspect.getsource(found.reference))
    lines = source.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("def "))
    return Hints((*found.hints, "\n".join(lines[first:])))


def _find(name):
    if name not in EXERCISES:
        raise KeyError(f"there is no exercise {name!r}; there are {', '.join(sorted(EXERCISES))}")
    return EXERCISES[name]
