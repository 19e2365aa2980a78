"""What does unlearning make of a model that does not interpolate?

Originals stopped early, and images with wrong labels.

python -m unlearnlab.study interpolation       # about a quarter of an hour on one core
python -m unlearnlab.study interpolation-arms  # its digits with projections alone, four minutes
"""

import copy
import dataclasses
from dataclasses import dataclass
from functools import partial

import torch
from torch.utils.data import TensorDataset

from ...course.studies import Shape, significant
from ...ground import seeds
from ...loop import unlearn
from ...methods import GD, Method, MinNormOG
from ...methods.relabelling import wrong_labels
from ...networks import MLP, seeded
from ...networks.predict import outputs
from ...task import Task
from ...tasks import erasure, sine
from ...tasks.presets import share_of, together
from ...training.fit import fit
from ...training.recipe import full_batch

SINE_EPOCHS = (100, 300, 1_000, 3_000, 10_000)  # and the shipped models, trained to the end
DIGITS_EPOCHS = (1, 3, 6, 12, 20, 30)  # of the recipe's 30
NOISE = (0.0, 0.2, 0.4)  # share of the training images with a wrong label
UNLEARN_DIGITS = {"GD": GD(lr=3e-3), "MinNorm-OG": MinNormOG(lr=3e-3, reg=0.05, reg_decay=0.8)}
# MinNorm-OG whose descent does nothing: in float32 this rate is 0
PROJECTIONS = {"projections only": MinNormOG(lr=1e-300, reg=0.05, reg_decay=0.8)}
SINE_T, DIGITS_T = 100, 3


def stopped_sines(seed: int) -> list[dict]:
    """Rows of the sine task, its original stopped after SINE_EPOCHS, multiples of 100, and shipped.

    A row: "trained" (epochs), "loss" (the original's mean squared error on retain and forget set),
    "model", and the errors of `sine.errors` of that model. Models: "original"; "retrained", on the
    retain set alone for as many epochs; and the original after T = 100 of GD and of MinNorm-OG at
    the paper's best settings.
    """
    task, best = sine.task(seed), sine.best_settings(SINE_T)
    both, stopped = together(task.retain, task.forget), []
    for i, data in enumerate((both, task.retain.tensors)):
        model = seeded(lambda: MLP(sine.WIDTHS), seeds.started(seed, i))
        stopped.append(_snapshots(model, data, full_batch(max(SINE_EPOCHS)), SINE_EPOCHS))
    to_the_end = sine.RECIPES["original"].epochs
    originals, retrained = stopped
    originals[to_the_end], retrained[to_the_end] = task.original, task.ground_truth
    methods = {name: best[name] for name in ("GD", "MinNorm-OG")}
    facts = {"task": "sine", "seed": seed, "noise": 0.0}
    loss = lambda model: task.loss(model(both[0]), both[1])
    errors = partial(sine.errors, task)
    return _rows(facts, task, originals, retrained, methods, SINE_T, loss, errors)


def stopped_digits(seed: int, noise: float = 0.0, arms: dict[str, Method] | None = None):
    """Rows of label erasure on digits, a share `noise` of the training images mislabelled.

    Its content label is wrong, the same one in every color. A row as in `stopped_sines`, with the
    cross-entropy as "loss" and the metrics of `erasure.evaluate`, on test images with right labels.
    "wrong_open" and "wrong_closed": of the gray training images with a wrong label, the share that
    is answered with just this label, among those that unlearning may look at and among the others
    (NaN without noise). Models: "original", and the original after three epochs of each of
    `arms`, default UNLEARN_DIGITS.
    """
    preset = erasure.PRESETS["digits", "quick"]
    images, noisy = _mislabelled(preset.images("digits"), noise, seed)
    plan, gray = erasure.EXPERIMENT.plan(seed, preset, images), erasure.retain_set(images)
    both, model = together(gray, plan.forget), seeded(plan.build, seeds.started(seed, 0))
    recipe = dataclasses.replace(preset.recipe, epochs=max(DIGITS_EPOCHS))
    originals = _snapshots(model, both, recipe, DIGITS_EPOCHS, seed=seeds.started(seed, 0))
    task = Task(
        name=f"erasure-digits-noise-{noise:g}",
        kind="classification",
        seed=seed,
        original=model,
        ground_truth=None,
        build=partial(seeded, plan.build),
        retain=plan.retain,
        forget=plan.forget,
        evaluate=plan.evaluate,
        batch_size=preset.batch_size,
    )
    numbers = torch.arange(len(gray))
    reach = torch.isin(numbers, *share_of(TensorDataset(numbers), preset.p_retain, seed, 0)[:])
    wrong = {"wrong_open": noisy & reach, "wrong_closed": noisy & ~reach}

    def measure(model):
        said = outputs(model, gray.tensors[0])[0].argmax(1) == gray.tensors[1][:, 0]
        learnt = {part: said[where].double().mean().item() for part, where in wrong.items()}
        return task.evaluate(model) | learnt

    facts = {"task": "digits", "seed": seed, "noise": noise}
    loss = lambda model: task.loss(outputs(model, both[0]), both[1])
    return _rows(facts, task, originals, {}, arms or UNLEARN_DIGITS, DIGITS_T, loss, measure)


@torch.no_grad()
def _rows(facts, task, originals, retrained, methods, epochs, loss, measure):
    """Of every original, by the epochs of its training: its row, that of the retrained model of as
    many, where there is one, and those of what the methods make of it."""
    rows = []
    for trained, original in originals.items():
        models, start = {"original": original}, dataclasses.replace(task, original=original)
        if trained in retrained:
            models["retrained"] = retrained[trained]
        for name, method in methods.items():
            models[name] = unlearn(start, method, epochs).model
        known = {**facts, "trained": trained, "loss": loss(original).item()}
        rows += [{**known, "model": name, **measure(model)} for name, model in models.items()]
    return rows


@dataclass(frozen=True, kw_only=True)
class Interpolation(Shape):
    """The study: a part is a seed, of the sine and, where `digits_seeds` has it, of the digits.

    Table "models" has a row per model, see `stopped_sines` and `stopped_digits`; numbers have 5
    digits.
    """

    digits_seeds: tuple[int, ...] = (1, 2, 3, 4)

    def runs(self, part):
        """Name -> what returns the rows of a run, of this part."""
        runs = {f"sine-{part}": partial(stopped_sines, part)}
        for noise in NOISE if part in self.digits_seeds else ():
            runs[f"digits-{part}-{noise:g}"] = partial(stopped_digits, part, noise)
        return runs

    def make(self, part, place, so_far):
        short = []
        for name, run in self.runs(part).items():
            rows = place.kept(self, name, lambda: {"models": run()})["models"]
            short += [{key: significant(value, 5) for key, value in row.items()} for row in rows]
        return {"models": short}


class Arms(Interpolation):
    """The digits with a fifth of wrong labels, and projections alone beside the two methods."""

    def runs(self, part):
        arms = UNLEARN_DIGITS | PROJECTIONS
        return {f"arms-{part}": partial(stopped_digits, part, 0.2, arms)}


STUDIES = (
    Interpolation(
        name="interpolation",
        title="originals stopped early, and images with wrong labels: 336 models, 15 minutes",
        seeds=(1, 2, 3, 4, 5),
    ),
    Arms(
        name="interpolation-arms",
        title="digits with a fifth of wrong labels, projections alone beside both methods",
        seeds=tuple(range(1, 9)),
    ),
)


def _snapshots(model, data, recipe, epochs, **how):
    """{epochs: copy of the model in evaluation mode} at those epochs of its training."""
    kept = {}

    def look(done, loss):
        if done in epochs:
            kept[done] = copy.deepcopy(model).eval()

    fit(model, *data, recipe, progress=look, **how)
    return kept


def _mislabelled(images, noise, seed):
    """(images with a share of the training labels wrong, which of them are)."""
    pixels, labels = images.train.tensors
    draw = seeds.generator(seed, 9)
    noisy = torch.zeros(len(labels), dtype=torch.bool)
    noisy[torch.randperm(len(labels), generator=draw)[: round(noise * len(labels))]] = True
    wrong = torch.where(noisy, wrong_labels(labels, [len(images.classes)], draw), labels)
    return dataclasses.replace(images, train=TensorDataset(pixels, wrong)), noisy
