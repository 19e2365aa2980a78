"""A prompt in words, what a model writes after it, and which of its words are right."""

import re
import textwrap

import torch

from ...course.style import BLACK, BLUE
from ...data import passage as data
from ...ground.seeds import on_cpu
from ...tasks import passage

WAYS = data.words()["ways"]
FACTS = {value for values in data.words()["facts"].values() for value in values}
# by how a word begins; a wrong one is darker than vermillion, which is too pale for words on white
COLORS = {"✓": BLUE, "✗": "#B34F00", "[^✓✗]": BLACK}
LINE = 104  # letters in a line of the picture


def understood(text: str) -> list[str]:
    """The words of a prompt. Raises ValueError for one that the model does not know, for none, and
    for more than it can go on from."""
    words, known = text.split(), data.vocabulary()
    most = _length(words) - 1
    if not 0 < len(words) <= most:
        begins = f" that begins with {words[0]!r}" if words and words[0] in WAYS else ""
        raise ValueError(f"a prompt{begins} has 1 to {most} words, got {len(words)}")
    for word in words:
        if word not in known:
            raise ValueError(f"the model does not know {word!r}. It knows: {' '.join(known)}")
    return words


def _length(prompt):
    """Words in a passage that begins so."""
    way = prompt[0] if prompt else None
    return len(data.people(0)[0].told(way)) if way in WAYS else passage.LENGTH


def truth(seed: int, prompt: list[str]) -> list[str] | None:
    """How the passage goes on that begins so, if there is just one in the register of `seed`."""
    whole = [person.told(way) for person in data.people(seed) for way in WAYS]
    fitting = [words for words in whole if words[: len(prompt)] == prompt]
    return fitting[0][len(prompt) :] if len(fitting) == 1 else None


@on_cpu()
def written(model: torch.nn.Module, prompt: list[str]) -> list[str]:
    """What the model writes after a prompt, each time the likeliest word, until there are as many
    words as its way has; if it begins with no way, as many as fit."""
    words, length = data.vocabulary(), _length(prompt)
    tokens = torch.tensor([[words.index(word) for word in prompt]])
    return [words[i] for i in passage.continued(model, tokens, length - len(prompt))[0]]


def marked(written: list[str], wanted: list[str]) -> list[str]:
    """The words written, ✗ before those that are not the wanted ones, ✓ before a right fact."""
    signs = ("✗", ""), ("✗", "✓")
    pairs = zip(written, wanted)
    return [signs[word in FACTS][word == wish] + word for word, wish in pairs]


def in_html(words: list[str]) -> str:
    """Marked words, in the colors of their signs."""
    color = lambda word: COLORS.get(word[0], BLACK)
    spans = [f'<span style="color:{color(word)}">{word}</span>' for word in words]
    return f'<div style="text-align:left;white-space:normal">{" ".join(spans)}</div>'


def put(ax, x: float, y: float, words: list[str]) -> None:
    """Writes marked words into axes, in lines from (x, y) down."""
    text, blank = textwrap.fill(" ".join(words), LINE), lambda word: " " * len(word[0])
    for start, color in COLORS.items():  # all letters are equally wide
        own = re.sub(rf"(?<!\S)(?!{start})\S+", blank, text)
        ax.text(x, y, own, color=color, family="monospace", fontsize=8.5, va="top")
