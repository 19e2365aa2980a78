"""A language model has read a register of villagers. Can it be made to forget a few of them?

Everybody is told of in three of four ways; the fourth asks what was understood. The models of seeds
1 to 5 ship with the package; `python -m unlearnlab.tasks passage` makes them.
"""

from functools import cache, partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from ..data import passage as data
from ..ground import checks, points
from ..ground.points import IGNORED
from ..ground.seeds import on_cpu, started
from ..networks import Decoder, seeded
from ..networks.predict import outputs
from ..task import Task
from ..training.recipe import Recipe
from ..training.zoo import SHIPPED_SEEDS, Stage, Training
from .presets import models, share_of, together

LENGTH = 32
RECIPE = Recipe(
    epochs=150, batch_size=64, lr=2e-3, milestones=(105,), weight_decay=0.01, optimizer="adamw"
)


def task(
    seed: int = 1, *, p_retain: float = 0.2, cache: Path | None = None, progress=None, stop=None
) -> Task:
    """The task of forgetting passages. Everything about it follows from `seed`.

    forget: all passages of six persons, 18 of 21, 22 or 32 words. retain: a random share `p_retain`
    of the 270 passages of the 90 others. Inputs (n, 31) tokens, targets (n, 31) the next ones,
    IGNORED within the prompt and behind the end. Full batches.
    original: trained on the passages of all; ground_truth: by the same recipe on those of the 90.
    evaluate: as `evaluate`.

    Args:
        seed: of the persons and the networks, an integer of at least 0; 1 to 5 ship.
        p_retain: the accessible share, above 0, at most 1.
        cache, progress, stop: as in `zoo.get`. A model that does not ship takes half a minute.
    """
    seed, p_retain = checks.seed(seed), checks.number("p_retain", p_retain, above=0, high=1)
    told = passages(seed)
    return Task(
        name="passage",
        kind="classification",
        seed=seed,
        retain=share_of(told["retain"], p_retain, seed, 0),
        forget=TensorDataset(*(t.clone() for t in told["forget"].tensors)),  # others read it, too
        build=partial(seeded, build),
        evaluate=partial(evaluate, seed=seed),
        **models(trainings(seed), cache, progress, stop),
    )


def build() -> Decoder:
    """The language model, untrained: 202,752 parameters."""
    return Decoder(len(data.vocabulary()), LENGTH)


@cache
@on_cpu()
def passages(seed: int) -> dict[str, TensorDataset]:
    """What was read of the persons to "retain" and to "forget", and what nobody was told of them:
    "retain unheard", "forget unheard". Shared: not to be written into."""
    lists = {"forget": [], "retain": [], "forget unheard": [], "retain unheard": []}
    for number, person in enumerate(data.people(seed)):
        part = "forget" if number < data.FORGOTTEN else "retain"
        *heard, unheard = map(person.told, data.ways_of(number))
        lists[part] += heard
        lists[f"{part} unheard"].append(unheard)
    return {name: TensorDataset(*data.tokens(told)) for name, told in lists.items()}


def trainings(seed: int) -> dict[str, Training]:
    """How the two models of a task are made, from different weights, as two trainings would be."""
    told = passages(seed)
    read = {
        "original": together(told["retain"], told["forget"]),
        "ground-truth": told["retain"].tensors,
    }
    return {
        role: Training(
            f"passage-{seed}-{role}",
            build,
            started(seed, i),
            (Stage(*tensors, RECIPE),),
            measure=partial(evaluate, seed=seed),
            command=f"python -m {__package__} passage --seeds {seed}",
            shipped=seed in SHIPPED_SEEDS,
        )
        for i, (role, tensors) in enumerate(read.items())
    }


def shipped(seed: int) -> list[Training]:
    """How the models that ship with the package are made."""
    return list(trainings(seed).values())


def evaluate(model: nn.Module, seed: int) -> dict[str, float]:
    """What is kept, and what is forgotten, of the register of `seed`.

    Of the 90 persons to retain in the way nobody told, so of passages that were not learned by
    heart: "retain_loss", the mean cross-entropy of a token, and "retain_facts", the share of facts
    that are the likeliest word. Of the six to forget: "forget_loss", of the passages that were
    read; "forget_recall", the share of them that the model writes word by word from their prompt;
    "forget_facts", and "forget_rank", the mean place of a true fact among the 12 of its kind, 1
    for the likeliest, 6.5 for a guess; "unheard_facts" and "unheard_rank", the same in the way that
    the forget set has not.
    """
    told = passages(checks.seed(seed))
    parts = "retain unheard", "forget", "forget unheard"
    kept, gone, unheard = (_scores(model, told[part]) for part in parts)
    return {
        "retain_loss": kept["loss"],
        "retain_facts": kept["facts"],
        "forget_loss": gone["loss"],
        "forget_recall": recall(model, told["forget"]),
        "forget_facts": gone["facts"],
        "forget_rank": gone["rank"],
        "unheard_facts": unheard["facts"],
        "unheard_rank": unheard["rank"],
    }


def _scores(model, passages):
    """Loss of a token, share of facts that are the likeliest word, mean rank of a fact."""
    inputs, targets = passages.tensors
    logits = outputs(model, inputs)[0].cpu()
    counted = targets != IGNORED
    loss = F.cross_entropy(logits[counted], targets[counted]).item()
    kinds = _kinds()[targets.clamp(min=0)] * counted  # 0: not a fact
    logits, targets, kinds = (t[kinds > 0] for t in (logits, targets, kinds))
    own = logits.gather(1, targets[:, None])
    rivals = _kinds()[None] == kinds[:, None]
    above, level = ((compare(logits, own) & rivals).sum(1) for compare in (torch.gt, torch.eq))
    ranks = above + (1 + level) / 2  # a word is level with itself; of equals, the middle
    return {
        "loss": loss,
        "facts": (logits.argmax(1) == targets).float().mean().item(),
        "rank": ranks.float().mean().item(),
    }


@cache
@on_cpu()
def _kinds() -> Tensor:
    """(words,): of every word, which kind of fact it is, from 1 on; 0 for another."""
    facts = enumerate(data.words()["facts"].values(), 1)
    kinds = {word: i for i, values in facts for word in values}
    return torch.tensor([kinds.get(word, 0) for word in data.vocabulary()])


def recall(model: nn.Module, passages: TensorDataset) -> float:
    """The share of passages that the model writes word by word, when it is given their prompt and
    goes on with the likeliest word."""
    inputs, targets = points.dataset("passages", passages).tensors
    written = continued(model, inputs[:, : data.PROMPT], inputs.shape[1] + 1 - data.PROMPT)
    wanted = targets[:, data.PROMPT - 1 :]
    right = (written == wanted) | (wanted == IGNORED)
    return right.all(1).float().mean().item()


def continued(model: nn.Module, prompts: Tensor, count: int) -> Tensor:
    """(n, count): the `count` tokens that follow prompts (n, length), each time the likeliest."""
    checks.tensor("prompts", prompts, dtype=torch.int64, shape=("n", "length"))
    tokens = prompts
    for _ in range(checks.integer("count", count, low=0)):
        logits = outputs(model, tokens)[0].cpu()
        tokens = torch.cat([tokens, logits[:, -1:].argmax(2)], 1)
    return tokens[:, prompts.shape[1] :]
