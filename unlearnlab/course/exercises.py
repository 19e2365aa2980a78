"""Exercises: `check` tests the learner's own function, says what is wrong with it, and hands back
one that works.

    project = ch.check("project", project)  # the learner's; the reference for a stub
    ch.hints("project")                     # unfold one by one; the solution comes last

The exercises of a notebook are in its chapter's exercises.py: a text with hints and with what is
said of each wrong answer, cases to try, and a reference that is the solution. Most wrong answers
are slips: what the reference gives with one piece of its source replaced.
"""

import contextlib
import copy
import functools
import html
import inspect
import operator
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real

import numpy as np
import torch

from .console import written

CLOSE = 1e-6  # relative; room for any stable way to compute, none for a wrong one


class WrongAnswer(AssertionError):
    """The learner's function is not right yet. The message says on which input, what came,
    and what was expected."""

    def _render_traceback_(self):  # IPython shows this instead of a stack of our own frames
        return [f"✗ {self}"]


# Wrong answers that come in many exercises, made of the right one. They are tried where the words
# of an exercise have the name.
USUAL = {
    "sign": torch.neg,
    "unit": lambda right: right / right.norm(),
    "half": lambda right: right / 2,
    "column": lambda right: right[:, None],
    "transposed": lambda right: right.movedim(0, -1),
    "number": torch.sum,
}


@dataclass(frozen=True)
class Exercise:
    """One exercise, as `exercise` makes it."""

    reference: Callable
    words: dict[str, str]  # by name; those of "hint 1", ... go from a nudge to nearly all of it
    cases: Callable = tuple
    mistakes: Callable | None = None
    judge: Callable | None = None
    more: Callable | None = None
    run: Callable = lambda learner, *given: learner(*given)
    close: float = CLOSE

    def test(self, learner: Callable) -> None:
        """Raises WrongAnswer, with a message for the learner, unless the function is right."""
        for case in list(self.cases()):
            name, *given = case if isinstance(case[0], str) else ("", *case)
            trap = self.words.get(name, "")
            raised = trap or self.words.get("raised", "")
            answer = call(functools.partial(self.run, learner), *given, trap=raised)
            answer = self.compare(answer, given, trap)
            values, holds = self.judge(answer, *given) if self.judge else ({}, {})
            values |= {"on": describe(*given), "here": _here(trap)}
            for name in holds:
                expect(holds[name], self.words[name].format(**values))
        if self.more:
            self.more(self.words, learner)

    def compare(self, answer, given: tuple, trap: str = "") -> None:
        """Passes a right answer; names the mistake that gives exactly this answer; else says how
        far off it is. Several tensors are compared one by one.

        given: the arguments. trap: what is special about them. Returns the answer in the dtype of
        the right one: float32 is allowed, and a judge multiplies it with float64.
        """
        right = self.run(self.reference, *given)
        if "parts" not in self.words:
            return self._compare_one(answer, right, given, trap)
        fits = isinstance(answer, (list, tuple)) and len(answer) == len(right)
        expect(fits, self.words["parts"].format(n=len(right)))
        parts = []
        for i, (part, wanted) in enumerate(zip(answer, right)):
            try:
                parts.append(self._compare_one(part, wanted, given, trap, operator.itemgetter(i)))
            except WrongAnswer as wrong:
                said = self.words.get("part", "{wrong}").format(i=i, wrong=wrong)
                raise WrongAnswer(said) from None
        return parts

    def wrong(self, right: torch.Tensor, given: tuple, part: Callable = lambda answer: answer):
        """Yields the name of a wrong answer, and it, for the USUAL ones and for the slips that can
        be made of these arguments. part: of an answer, the tensor that is compared."""
        for name in self.words:
            with contextlib.suppress(Exception):
                if name in USUAL:
                    yield name, USUAL[name](right)
                elif SLIP.search(name):
                    yield name, _right_tensor(part(self.run(slipped(self.reference, name), *given)))

    def _compare_one(self, answer, right, given, trap, *part):
        measured = isinstance(right, torch.Tensor) and right.is_floating_point()
        answer, right = _as_tensor(answer, right, self.words), _right_tensor(right)
        scale = float(right.double().norm())
        scale = scale if scale > 1e-12 else 1.0  # where 0 is right, up to rounding
        near = functools.partial(same, answer, scale=scale, close=self.close)
        fits = near(right)
        for name, value in () if fits or trap else list(self.wrong(right, given, *part)):
            of_its_shape = value.shape == answer.shape != right.shape
            broken = not (value.isfinite().all() or answer.isfinite().all())
            by_value = near(value) and not self.judge
            expect(not (of_its_shape or broken or by_value), self.words[name])
        expect_tensor(answer, right, trap)
        if fits or self.judge:
            return answer.to(right.dtype)
        expect(not trap, f"wrong where {trap}" if measured else trap)
        for name, value in self.mistakes(answer, *given).items() if self.mistakes else ():
            expect(not near(value), self.words[name])
        off = (answer.double() - right.double()).abs()
        if measured:
            wrong = f"the result is off by {float(off.norm()) / scale:.1g} of its natural size"
        else:
            at = off.argmax()
            wanted, came = describe(right.flatten()[at]), describe(answer.flatten()[at])
            where = f"entry {at}" if right.ndim else "the result"
            wrong = f"{where} should be {wanted}, got {came}"
        raise WrongAnswer(f"on {describe(*given)} {wrong}")


EXERCISES: dict[str, Exercise] = {}


def exercise(text: str, cases: Callable, **how):
    """Decorator that registers a reference as the exercise of its name; its source is the solution.

    text: hints, and words for what can be wrong, as `messages` reads them: the wrong answers by
    slip, those of USUAL by their name, and "raised", said when the function raises; "list", when
    several come for one; "parts" and "part", where the answer is several tensors. cases: yields
    what the learner's function is tried on, tuples of arguments; a tuple that begins with the name
    of words is a trap, which catches a kind of answer by itself. The reference says what is right.

    how: mistakes(answer, *arguments): wrong answers by the name of their words, for those that are
    no slips. judge(answer, *arguments): where many answers are right; the reference only tells
    their shape. A dictionary of values for the words, which know `on`, the arguments, and `here`,
    the trap, besides; and one of what must hold, by name. more(words, learner): what else to test;
    raises WrongAnswer by itself. run(learner, *arguments): gives the answer, default
    learner(*arguments). close: relative to the right answer, what passes.
    """

    def register(reference):
        name = reference.__name__
        if name in EXERCISES:
            raise ValueError(f"exercise {name!r} exists already")
        EXERCISES[name] = Exercise(reference, messages(text), cases, **how)
        return reference

    return register


LINE = re.compile(r"^([\w ,]*?) ?(?:\[(.*?)\])?: (.*)", re.M)
SLIP = re.compile(r"^return | -> ")


def messages(text: str) -> dict[str, str]:
    """name -> words, from lines "name: words", "name, name: words", "[slip]: words",
    "name [slip] [slip]: words"; what is indented goes on the line before it.

    A slip "old -> new" replaces the last `old` in the reference's source; a slip "return new" its
    last return. {name} in the words is their name.
    """
    return {
        name: words.replace("{name}", name)
        for names, slips, words in LINE.findall(re.sub(r"\n +", " ", text))
        for name in [*names.split(", "), *slips.split("] [")]
        if name
    }


@functools.cache
def slipped(reference: Callable, slip: str) -> Callable:
    """The reference with a slip in its source. ValueError where it does not have what is
    replaced."""
    old, arrow, new = slip.partition(" -> ")
    old = old if arrow else "return "
    before, there, after = solution(reference).rpartition(old)
    if not there:
        raise ValueError(f"{reference.__name__} does not have {old!r}")
    made = {}
    exec(before + (new + after if arrow else slip), vars(inspect.getmodule(reference)), made)
    return made[reference.__name__]


def solution(reference: Callable) -> str:
    """The source of a reference without the decorator of the exercise."""
    source = textwrap.dedent(inspect.getsource(reference))
    return source[re.search(r"^(def |@dataclass)", source, re.M).start() :].strip()


def check(name: str, learner: Callable) -> Callable:
    """Tests the learner's function. Returns it when it is right, the reference while it is a stub,
    which raises NotImplementedError without a word; torch's own have some. Raises WrongAnswer, with
    a message for the learner, when it is wrong; KeyError for an unknown exercise.
    """
    exercise = _exercise(name)
    expect(
        callable(learner),
        f"{name}: expected your function, got {type(learner).__name__}. Pass the "
        f"function itself, without calling it: ch.check({name!r}, {name})",
    )
    try:
        with torch.random.fork_rng([]):  # the same cases every time
            torch.manual_seed(0)
            exercise.test(learner)
    except NotImplementedError:
        print(written(f"○ {name}: still a stub, so the cells below use the reference."))
        return exercise.reference
    except WrongAnswer as wrong:
        raise WrongAnswer(f"{name}: {wrong}") from None
    print(written(f"✓ {name}: right. The cells below use your function."))
    return learner


def call(learner: Callable, *args, trap: str = ""):
    """learner(*args) on copies of the arguments.

    Raises WrongAnswer when it raises, with the words of the trap, returns None, or changes an
    argument in place.
    """
    given = copy.deepcopy(args)
    try:
        answer = learner(*given)
    except WrongAnswer:
        raise
    except Exception as error:
        if isinstance(error, NotImplementedError) and not error.args:
            raise
        raised = f"your function raised {type(error).__name__} on {describe(*args)}: {error}"
        raise WrongAnswer(raised + _here(trap)) from error
    for i, (before, after) in enumerate(zip(args, given)):
        expect(
            _unchanged(before, after),
            f"your function changed its argument number {i + 1} in place; work on a copy",
        )
    expect(answer is not None, "your function returns None: is there a return?")
    return answer


def _here(trap):
    return f"\nHere {trap}" if trap else ""


def _unchanged(before, after):
    if isinstance(before, list):
        return len(before) == len(after) and all(map(_unchanged, before, after))
    return not isinstance(before, torch.Tensor) or torch.equal(before, after)


def expect(condition, message: str) -> None:
    """Raises WrongAnswer(message) unless the condition holds."""
    if not condition:
        raise WrongAnswer(message)


def expect_tensor(answer: torch.Tensor, like: torch.Tensor, trap: str = "") -> None:
    """The answer must be finite and of the same shape and kind as the reference's."""
    kinds = "float32 or float64" if like.is_floating_point() else str(like.dtype)[6:]
    expect(str(answer.dtype)[6:] in kinds, f"expected {kinds}, got {answer.dtype}")
    wanted, came = tuple(like.shape), tuple(answer.shape)
    expect(came == wanted, f"expected shape {wanted}, got {came}")
    expect(answer.isfinite().all(), f"the result holds a NaN or an infinity{_here(trap)}")


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
    if answer.shape != value.shape:
        return False
    return bool((answer.double() - value.double()).norm() <= close * scale)


WANTED = {
    bool: "one True or False",
    int: "one whole number: how many, not whether",
    float: "one number",
}


def _as_tensor(answer, right, words):
    """The answer as a tensor; WrongAnswer unless it is of the kind of the right one."""
    if isinstance(right, torch.Tensor):
        expect("list" not in words or not isinstance(answer, (list, tuple)), words.get("list"))
        expect(isinstance(answer, torch.Tensor), f"expected a tensor, got {type(answer).__name__}")
        empty = answer.numel() == right.numel() == 0  # torch.tensor([]) is float, whatever it lists
        return answer.to(right.dtype) if empty else answer
    several = isinstance(right, (list, tuple))
    kind = f"{len(right)} numbers in a list or tuple" if several else WANTED[type(right)]
    wanted = f"return {kind}, got {describe(answer)}"
    if several:
        expect(isinstance(answer, (list, tuple)), wanted)
        return torch.cat(
            [torch.zeros(0), *(_as_tensor(entry, 0.0, words).flatten() for entry in answer)]
        )
    expect(isinstance(answer, (Real, np.bool_, torch.Tensor)), wanted)
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
        if isinstance(value, (int, str)):
            return repr(value)
        return f"a {type(value).__name__}"

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
    texts = [words for key, words in exercise.words.items() if key.startswith("hint")]
    return Hints([*texts, solution(exercise.reference)])


def _exercise(name):
    if name not in EXERCISES:
        raise KeyError(f"there is no exercise {name!r}; there are {', '.join(sorted(EXERCISES))}")
    return EXERCISES[name]
