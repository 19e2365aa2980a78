"""What does unlearning make of a model that does not interpolate?

Originals stopped early, and images with wrong labels.

python -m unlearnlab.study interpolation       # about a quarter of an hour on one core
"""

import copy
import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch.utils.data import TensorDataset

from ...course.studies import Shape
from ...ground import seeds
from ...ground.checks import seed as check_seed
from ...loop import unlearn
from ...methods import GD, Method, MinNormOG
from ...methods.relabelling import wrong_labels
from ...networks import MLP, seeded
from ...networks.predict import outputs
from ...study.table import significant
from ...task import Task
from ...tasks import erasure, sine
from ...tasks.presets import share_of
from ...training.fit import fit
from ...training.recipe import full_batch

SINE_EPOCHS = (100, 300, 1_000, 3_000, 10_000)  # and the shipped models, trained to the end
DIGITS_EPOCHS = (1, 3, 6, 12, 20, 30)  # of the recipe's 30
NOISE = (0.0, 0.2, 0.4)  # share of the training images with a wrong label
UNLEARN_DIGITS = {"GD": GD(lr=3e-3), "MinNorm-OG": MinNormOG(lr=3e-3, reg=0.05, reg_decay=0.8)}
SINE_T, DIGITS_T = 100, 3


def stopped_sines(seed: int, epochs: Iterable[int] = SINE_EPOCHS) -> list[dict]:
    """Rows of the sine task, its original stopped after `epochs`, multiples of 100, and shipped.

    A row: "trained" (epochs), "loss" (the original's mean squared error on retain and forget set),
    "model", and the errors of `sine.errors` of that model. Models: "original"; "retrained", on the
    retain set alone for as many epochs; and the original after T = 100 of GD and of MinNorm-OG at
    the paper's best settings.
    """
    task, best = sine.task(seed), sine.best_settings(SINE_T)
    both = [torch.cat(pair) for pair in zip(task.retain.tensors, task.forget.tensors)]
    to_the_end = sine.RECIPES["original"].epochs
    originals = _stopped_sine(both, 1_000 * seed, epochs) | {to_the_end: task.original}
    retrained = _stopped_sine(task.retain.tensors, 1_000 * seed + 1, epochs)
    retrained[to_the_end] = task.ground_truth
    rows = []
    for trained, original in originals.items():
        start = dataclasses.replace(task, original=original)
        models = {"original": original, "retrained": retrained[trained]}
        models |= _unlearned(start, {name: best[name] for name in ("GD", "MinNorm-OG")}, SINE_T)
        facts = {"task": "sine", "seed": seed, "noise": 0.0, "trained": trained}
        facts["loss"] = _loss(start, *both)
        rows += [{**facts, "model": name, **sine.errors(task, m)} for name, m in models.items()]
    return rows


def stopped_digits(
    seed: int,
    noise: float = 0.0,
    epochs: Iterable[int] = DIGITS_EPOCHS,
    methods: dict[str, Method] = UNLEARN_DIGITS,
) -> list[dict]:
    """Rows of label erasure on digits, a share `noise` of the training images mislabelled.

    Its content label is wrong, the same one in every color. A row as in `stopped_sines`, with the
    cross-entropy as "loss" and the metrics of `erasure.evaluate`, on test images with right labels.
    "wrong_open" and "wrong_closed": of the gray training images with a wrong label, the share that
    is answered with just this label, among those that unlearning may look at and among the others
    (NaN without noise). Models: "original", and the original after three epochs of each of the
    `methods`.
    """
    seed, preset, epochs = check_seed(seed), erasure.PRESETS["digits", "quick"], sorted(epochs)
    images, noisy = _mislabelled(preset.images("digits"), noise, seed)
    gray, colored = erasure.retain_set(images), erasure.forget_set(images, preset.p_forget, seed)
    build = partial(preset.network, [len(images.classes), len(erasure.COLORS)])
    both = [torch.cat(pair) for pair in zip(gray.tensors, colored.tensors)]
    model = seeded(build, 1_000 * seed)
    recipe = dataclasses.replace(preset.recipe, epochs=epochs[-1])
    stopped = _snapshots(partial(fit, model, *both, recipe, seed=1_000 * seed), model, epochs)
    positions = TensorDataset(torch.arange(len(gray)))
    (accessible,) = share_of(positions, preset.p_retain, seed, 0).tensors
    task = Task(
        name=f"erasure-digits-noise-{noise:g}",
        kind="classification",
        seed=seed,
        original=model,
        ground_truth=None,
        retain=TensorDataset(*gray[accessible]),
        forget=colored,
        build=lambda run_seed: seeded(build, run_seed),
        evaluate=partial(erasure.evaluate, test=images.test),
        batch_size=preset.batch_size,
    )
    reach = torch.zeros(len(gray), dtype=torch.bool)
    reach[accessible] = True
    wrong = {"wrong_open": noisy & reach, "wrong_closed": noisy & ~reach}
    rows = []
    for trained, original in stopped.items():
        facts = {"task": "digits", "seed": seed, "noise": noise, "trained": trained}
        start = dataclasses.replace(task, original=original)
        facts["loss"] = _loss(start, *both)
        for name, model in ({"original": original} | _unlearned(start, methods, DIGITS_T)).items():
            said = outputs(model, gray.tensors[0])[0].argmax(1) == gray.tensors[1][:, 0]
            learnt = {part: said[where].double().mean().item() for part, where in wrong.items()}
            rows.append({**facts, "model": name, **task.evaluate(model), **learnt})
    return rows


def _unlearned(task, methods, epochs):
    """By name, what each method makes of the original."""
    return {name: unlearn(task, method, epochs).model for name, method in methods.items()}


@dataclass(frozen=True, kw_only=True)
class Interpolation(Shape):
    """The study: a part is a seed, of the sine and, where `digits_seeds` has it, of the digits.

    Table "models" has a row per model, see `stopped_sines` and `stopped_digits`; numbers have 5
    digits.
    """

    name: str = "interpolation"
    title: str = "originals stopped early, and images with wrong labels: 336 models, 15 minutes"
    seeds: tuple[int, ...] = (1, 2, 3, 4, 5)
    digits_seeds: tuple[int, ...] = (1, 2, 3, 4)

    def make(self, part, place, so_far):
        rows = self._rows(place, f"sine-{part}", partial(stopped_sines, part))
        for noise in NOISE if part in self.digits_seeds else ():
            name = f"digits-{part}-{noise:g}"
            rows += self._rows(place, name, partial(stopped_digits, part, noise))
        short = [{key: significant(value, 5) for key, value in row.items()} for row in rows]
        return {"models": short}

    def _rows(self, place, name, make):
        return place.kept(self, name, lambda: {"models": make()})["models"]


STUDIES = (Interpolation(),)


def _stopped_sine(data: Sequence[torch.Tensor], seed: int, epochs: Iterable[int]):
    """{epochs: the model after so many epochs of the sine's training on `data`}."""
    model, epochs = seeded(lambda: MLP(sine.WIDTHS), seed), sorted(epochs)
    training = partial(fit, model, *data, full_batch(epochs[-1]))
    return _snapshots(training, model, epochs)


def _snapshots(training, model, epochs):
    """{epochs: copy of the model in evaluation mode} at those epochs of the training that
    `training` runs."""
    kept = {}

    def look(done, loss):
        if done in epochs:
            kept[done] = copy.deepcopy(model).eval()

    training(progress=look)
    return kept


def _mislabelled(images, noise, seed):
    """(images with a share of the training labels wrong, which of them are)."""
    pixels, labels = images.train.tensors
    draw = seeds.generator(seed, 9)
    noisy = torch.zeros(len(labels), dtype=torch.bool)
    noisy[torch.randperm(len(labels), generator=draw)[: round(noise * len(labels))]] = True
    wrong = torch.where(noisy, wrong_labels(labels, [len(images.classes)], draw), labels)
    return dataclasses.replace(images, train=TensorDataset(pixels, wrong)), noisy


@torch.no_grad()
def _loss(task, inputs, targets):
    """The original's."""
    ask = task.original if task.kind == "regression" else partial(outputs, task.original)
    return task.loss(ask(inputs), targets).item()
