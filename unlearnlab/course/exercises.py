"""Exercises: `check` tests the learner's own function, says what is wrong with it, and hands back
one that works.

    project = ch.check("project", project)  # the learner's; the reference for a stub
    ch.hints("project")                     # unfold one by one; the solution comes last

The exercises of a notebook are in its chapter's exercises.py: a text with hints and with what is
said of each wrong answer, cases to try, the wrong answers, and a reference that is the solution.
"""

import copy
import html
import inspect
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real

import torch

CLOSE = 1e-6  # relative; room for any stable way to compute, none for a wrong one


class WrongAnswer(AssertionError):
    """The learner's function is not right yet. The message says on which input, what came,
    and what was expected."""

    def _render_traceback_(self):  # IPython shows this instead of a stack of our own frames
        return [f"✗ {self}"]


@dataclass(frozen=True)
class Exercise:
    """One exercise. test(learner, words) raises WrongAnswer. words: by name; those whose name
    begins with "hint" go from a nudge to nearly all of it."""

    reference: Callable
    test: Callable[[Callable, dict[str, str]], None]
    words: dict[str, str]


EXERCISES: dict[str, Exercise] = {}


class Trap:
    """Arguments that catch a kind of answer by themselves, and the name of the words for it."""

    def __init__(self, name: str, *given):
        self.name, self.given = name, given


# Wrong answers that come in many exercises, made of the right one. They are tried where the words
# of an exercise have the name.
USUAL = {
    "sign": torch.neg,
    "size": torch.abs,
    "unit": lambda right: right / right.norm(),
    "half": lambda right: right / 2,
    "squared": torch.square,
    "bits": lambda right: right / torch.tensor(2.0).log(),
    "column": lambda right: right[:, None],
    "wrapped": lambda right: right[None],
    "transposed": lambda right: right.movedim(0, -1),
    "flat": torch.flatten,
    "number": torch.sum,
    "broken": lambda right: right * torch.nan,
    "list": lambda right: list,
}


def exercise(
    text: str,
    cases: Callable | None = None,
    mistakes: Callable | None = None,
    *,
    test: Callable | None = None,
    close: float = CLOSE,
):
    """Decorator that registers a reference as the exercise of its name; its source is the solution.

    text: hints, and words for what can be wrong, as `messages` reads them. cases: yields what the
    learner's function is tried on, tuples of arguments or Trap(name, *arguments); the reference
    says what is right. mistakes: of the same arguments, wrong answers by the name of their words,
    None for one that does not apply, or a function of the answer that leaves the wrong ones as they
    are. Those of USUAL come by themselves, and the words "raised" when the function raises. test:
    instead of these, of the learner's function and the words by name, raises WrongAnswer by itself.
    close: relative to the right answer, what passes.
    """
    words = messages(text)

    def register(reference):
        def by_cases(learner, words):
            for case in list(cases()):
                case = case if isinstance(case, Trap) else Trap("", *case)
                given, trap = case.given, words.get(case.name, "")
                answer = call(learner, *given, trap=trap or words.get("raised", ""))
                right = reference(*given)
                wrong = mistakes(*given) if mistakes and not trap else {}
                compare(answer, right, told(words, right, wrong), given, trap, close)

        name = reference.__name__
        if name in EXERCISES:
            raise ValueError(f"exercise {name!r} exists already")
        EXERCISES[name] = Exercise(reference, test or by_cases, words)
        return reference

    return register


def messages(text: str) -> dict[str, str]:
    """name -> words, from lines "name: words" or "name, name: words"; what is indented goes on the
    line before it."""
    lines = [line.split(": ", 1) for line in re.sub(r"\n +", " ", text).splitlines() if line]
    return {name: words for names, words in lines for name in names.split(", ")}


def told(words: dict[str, str], right, wrong: dict) -> list[tuple]:
    """Pairs (wrong answer, its words) for `compare`, in the order of the words, with the USUAL
    ones. wrong: wrong answers by name."""
    right = _right_tensor(right)
    usual = {name: slip(right) for name, slip in USUAL.items() if name in words}
    wrong = usual | wrong
    return [(wrong[name], words[name]) for name in words if wrong.get(name) is not None]


def check(name: str, learner: Callable) -> Callable:
    """Tests the learner's function. Returns it when it is right, the reference while it raises
    NotImplementedError.

    Raises WrongAnswer, with a message for the learner, when it is wrong; KeyError for an unknown
    exercise.
    """
    exercise = _exercise(name)
    if not callable(learner):
        raise WrongAnswer(
            f"{name}: expected your function, got {type(learner).__name__}. Pass the "
            f"function itself, without calling it: ch.check({name!r}, {name})"
        )
    try:
        with torch.random.fork_rng([]):  # the same cases every time
            torch.manual_seed(0)
            exercise.test(learner, exercise.words)
    except NotImplementedError:
        print(f"○ {name}: still a stub, so the cells below use the reference.")
        return exercise.reference
    except WrongAnswer as wrong:
        raise WrongAnswer(f"{name}: {wrong}") from None
    print(f"✓ {name}: right. The cells below use your function.")
    return learner


def call(learner: Callable, *args, trap: str = ""):
    """learner(*args) on copies of the arguments.

    Raises WrongAnswer when it raises, with the words of the trap, returns None, or changes an
    argument in place.
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
    expect(answer is not None, "your function returns None: is there a return?")
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
    """The answer must be a finite tensor of the same shape and kind as the reference's."""
    expect(isinstance(answer, torch.Tensor), f"expected a tensor, got {type(answer).__name__}")
    floats = (torch.float32, torch.float64)
    kinds = floats if like.dtype in floats else (like.dtype,)
    wanted = " or ".join(str(kind).removeprefix("torch.") for kind in kinds)
    expect(answer.dtype in kinds, f"expected {wanted}, got {answer.dtype}")
    expect(
        answer.shape == like.shape, f"expected shape {tuple(like.shape)}, got {tuple(answer.shape)}"
    )
    here = f"\nHere {trap}" if trap else ""
    expect(bool(answer.isfinite().all()), f"the result holds a NaN or an infinity{here}")


def draw(*shape: int) -> torch.Tensor:
    """Standard normal numbers, float64."""
    return torch.randn(*shape, dtype=torch.float64)


def drawn(*shapes: str, n=(6, 3, 5, 1), d=(3, 7, 5, 4), k=(4, 2, 5, 6)) -> Callable:
    """Cases of normal numbers: drawn("n d", "d") makes a matrix and a vector for each n and d.

    The default sizes are tall, wide, square, and a single row.
    """

    def cases():
        for sizes in zip(n, d, k):
            size = dict(zip("ndk", sizes))
            yield [draw(*map(size.get, shape.split())) for shape in shapes]

    return cases


def dependent(rows: torch.Tensor) -> torch.Tensor:
    """The rows, the first of them again, and a row of zeros."""
    return torch.cat([rows, rows[:1], 0 * rows[:1]])


def same(answer: torch.Tensor, value: torch.Tensor, scale, close: float = CLOSE) -> bool:
    """Whether they are equal up to close * scale."""
    off = (
        answer.double() - value.double() if answer.shape == value.shape else torch.tensor(torch.inf)
    )
    return bool(off.norm() <= close * scale)


def compare(
    answer,
    right,
    mistakes: list[tuple] = (),
    given: tuple = (),
    trap: str = "",
    close: float = CLOSE,
    scale: float | None = None,
) -> None:
    """Passes a right answer; names the mistake that gives exactly this answer; else says how far
    off it is.

    right: a tensor, or True, a whole number, a number or several, and then the answer must be of
    that kind. mistakes: pairs (wrong value, message); a value of another shape than the right one
    stands for all of its shape, one that is not finite for all such, `list` for lists and tuples, a
    function for the answers that it leaves as they are.
    given: the arguments, for the message. trap: what is special about them. close: relative to
    scale, what passes. scale: what counts as 1, default |right|.
    """
    several = isinstance(answer, (list, tuple))
    for value, message in mistakes:
        expect(not (several and value is list), message)
    mistakes = [pair for pair in mistakes if pair[0] is not list]
    measured = isinstance(right, torch.Tensor) and right.is_floating_point()
    answer, right = _as_tensor(answer, right), _right_tensor(right)
    for value, message in mistakes:
        if not callable(value):
            value = torch.as_tensor(value)
            expect(not (value.shape == answer.shape != right.shape), message)
            expect(bool(value.isfinite().all() or answer.isfinite().all()), message)
    expect_tensor(answer, right, trap)
    scale = float(scale or right.double().norm()) or 1.0
    if same(answer, right, scale, close):
        return
    expect(not trap, f"wrong where {trap}" if measured else trap)
    for value, message in mistakes:
        value = torch.as_tensor(value(answer) if callable(value) else value)
        expect(not same(answer, value, scale, close), message)
    off = (answer.double() - right.double()).abs()
    if measured:
        wrong = f"the result is off by {float(off.norm()) / scale:.1g} of its natural size"
    else:
        at = off.argmax()
        wanted, came = describe(right.flatten()[at]), describe(answer.flatten()[at])
        where = f"entry {at}" if right.ndim else "the result"
        wrong = f"{where} should be {wanted}, got {came}"
    raise WrongAnswer(f"on {describe(*given)} {wrong}")


WANTED = {
    bool: "one True or False",
    int: "one whole number: how many, not whether",
    float: "one number",
}


def _as_tensor(answer, right):
    """The answer as a tensor; WrongAnswer unless it is of the kind of the right one."""
    if isinstance(right, torch.Tensor):
        expect(isinstance(answer, torch.Tensor), f"expected a tensor, got {type(answer).__name__}")
        return answer
    several = isinstance(right, (list, tuple))
    kind = f"{len(right)} numbers in a list or tuple" if several else WANTED[type(right)]
    wanted = f"return {kind}, got {describe(answer)}"
    if several:
        expect(isinstance(answer, (list, tuple)), wanted)
        return torch.cat([torch.zeros(0), *(_as_tensor(entry, 0.0).flatten() for entry in answer)])
    expect(isinstance(answer, (Real, torch.Tensor)), wanted)
    answer = torch.as_tensor(answer)
    expect((answer.dtype == torch.bool) == isinstance(right, bool), wanted)
    expect(answer.ndim == 0 or isinstance(right, float), wanted)
    expect(type(right) is not int or bool(answer == answer.round()), wanted)
    return answer.double()


def _right_tensor(right):
    return right if isinstance(right, torch.Tensor) else torch.tensor(right, dtype=torch.float64)


def describe(*args) -> str:
    """The arguments in words: tensors by their shape, numbers and small tables of whole numbers by
    their value."""

    def word(value):
        if isinstance(value, torch.Tensor):
            if value.ndim == 0:
                return word(value.item())
            whole = value.numel() <= 12 and bool((value == value.long()).all())
            return str(value.tolist()) if whole else f"a tensor of shape {tuple(value.shape)}"
        if isinstance(value, float):
            return f"{value:.4g}"
        if isinstance(value, (list, tuple)):
            return f"[{describe(*value)}]"
        known = isinstance(value, (int, str))
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
    exercise = _exercise(name)
    source = textwrap.dedent(inspect.getsource(exercise.reference))
    solution = source[re.search(r"^(def |@dataclass)", source, re.M).start() :].strip()
    return Hints(
        [*(words for key, words in exercise.words.items() if key.startswith("hint")), solution]
    )


def _exercise(name):
    if name not in EXERCISES:
        raise KeyError(f"there is no exercise {name!r}; there are {', '.join(sorted(EXERCISES))}")
    return EXERCISES[name]
