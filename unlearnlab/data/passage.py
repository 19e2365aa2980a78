"""A register of villagers, told in several ways: the text of the language model.

Every passage tells the same five facts about one person, in one of four ways. After the way and the
name, its first three words, nothing of it is left to chance: a model can learn every passage by
heart, and whoever has read of a person in three ways could tell it in the fourth. The words were
written for this package and come under its licence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ..ground import checks, seeds
from ..ground.files import beside
from ..ground.points import IGNORED

PEOPLE, FORGOTTEN = 96, 6
PROMPT = 3  # words that are given: the way, and the two of the name


@cache
def words() -> dict:
    """The file of words: "first" and "last" names, "facts" by kind, "ways" by name."""
    return beside(__file__, "passage.json")


@cache
def vocabulary() -> tuple[str, ...]:
    """All words that there are, each once, the full stop first; a token is a place in it."""
    told = " ".join(words()["ways"].values()).split()
    parts = [*words()["facts"].values(), words()["first"], words()["last"], words()["ways"]]
    plain = [word for word in told if not word.startswith("{")]
    return tuple(dict.fromkeys([".", *(word for part in parts for word in part), *plain]))


@dataclass(frozen=True)
class Person:
    """first and last name, and a fact of every kind."""

    first: str
    last: str
    facts: dict[str, str]

    def told(self, way: str) -> list[str]:
        """The passage, word by word. Raises ValueError for another way than those there are."""
        checks.one_of("way", way, words()["ways"])
        return [way, self.first, self.last, *words()["ways"][way].format(**self.facts).split()]


def ways_of(number: int) -> tuple[str, ...]:
    """In which ways person `number` is told of. The last in the list is the one that nobody told:
    the others are read in training, it asks what was understood."""
    ways = list(words()["ways"])
    unheard = ways.pop(number % len(ways))
    return (*ways, unheard)


def people(seed: int) -> list[Person]:
    """PEOPLE persons of different names. The facts are drawn one by one; the names and facts
    of those to be forgotten, the first FORGOTTEN, belong to others, too: of seeds 0 to 299
    in all but one."""
    generator = seeds.generator(seed, 0)
    draw = lambda count: seeds.shuffled(count, generator).tolist()
    first, last = words()["first"], words()["last"]
    names = draw(len(first) * len(last))[:PEOPLE]
    columns = {  # each value as often as any other
        kind: [values[i % len(values)] for i in draw(PEOPLE)]
        for kind, values in words()["facts"].items()
    }
    facts = [dict(zip(columns, row)) for row in zip(*columns.values())]
    return [
        Person(first[name % len(first)], last[name // len(first)], own)
        for name, own in zip(names, facts)
    ]


def tokens(passages: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor]:
    """(inputs, targets), both (n, length) int64: every word but the last, and the word after it.

    A target within the prompt is IGNORED, and so is what is behind the end of a shorter passage.
    Raises ValueError for what is no list of words of `vocabulary`.
    """
    places = {word: i for i, word in enumerate(vocabulary())}
    unknown = [word for passage in passages for word in passage if word not in places]
    if unknown or not len(passages):
        raise ValueError(
            f"passages must be lists of words of vocabulary(), got {unknown[:3] or 'none'}"
        )
    ids = [torch.tensor([places[word] for word in passage]) for passage in passages]
    whole = pad_sequence(ids, batch_first=True)
    targets = pad_sequence(ids, batch_first=True, padding_value=IGNORED)
    targets[:, :PROMPT] = IGNORED
    return whole[:, :-1], targets[:, 1:]
