"""What does unlearning make of a model that does not interpolate? Originals stopped early, and images with wrong labels.

    python -m unlearnlab.experiments.interpolation       # about a quarter of an hour on one core

writes notebooks/results/interpolation.json. Every finished training is kept, and the same command goes on from there.
"""
import argparse
import copy
import dataclasses
import json
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import torch
from torch.utils.data import TensorDataset

from ..methods import GD, Method, MinNormOG
from ..methods.relabelling import wrong_labels
from ..models import MLP, seeded
from ..provenance import provenance
from ..training.recipe import Recipe, full_batch
from ..task import Task
from ..training.fit import fit
from ..unlearning import unlearn
from . import erasure, sine
from ..ground import checks, seeds
from ..ground.files import default_folder, interruptible, kept, write_text
from .outputs import outputs
from .presets import share_of

SINE_EPOCHS = (100, 300, 1_000, 3_000, 10_000)   # and the shipped models, trained to the end
DIGITS_EPOCHS = (1, 3, 6, 12, 20, 30)            # of the recipe's 30
NOISE = (0., .2, .4)                             # share of the training images with a wrong label
UNLEARN_DIGITS = {"GD": GD(lr=3e-3), "MinNorm-OG": MinNormOG(lr=3e-3, reg=.05, reg_decay=.8)}
SINE_T, DIGITS_T = 100, 3


def stopped_sines(seed: int, epochs: Iterable[int] = SINE_EPOCHS) -> list[dict]:
    """Rows of the sine task whose original was stopped after `epochs`, multiples of 100, and of the shipped original.

    A row: "trained" (epochs), "loss" (the original's mean squared error on retain and forget set), "model", and the errors of
    `sine.errors` of that model. Models: "original"; "retrained", on the retain set alone for as many epochs; and the original
    after T = 100 of GD and of MinNorm-OG at the paper's best settings.
    """
    task, epochs = sine.task(seed), sorted(epochs)
    both = [torch.cat(pair) for pair in zip(task.retain.tensors, task.forget.tensors)]
    stopped = {}
    for i, (role, data) in enumerate({"original": both, "retrained": task.retain.tensors}.items()):
        model = seeded(lambda: MLP(sine.WIDTHS), 1_000 * seed + i)
        stopped[role] = _snapshots(partial(fit, model, *data, full_batch(epochs[-1])), model, epochs)
    shipped = sine.RECIPES["original"].epochs
    stopped["original"][shipped], stopped["retrained"][shipped] = task.original, task.ground_truth
    settings, rows = sine.best_settings(SINE_T), []
    for trained, original in stopped["original"].items():
        start = dataclasses.replace(task, original=original)
        models = {"original": original, "retrained": stopped["retrained"][trained]}
        models |= {name: unlearn(start, settings[name], SINE_T).model for name in ("GD", "MinNorm-OG")}
        facts = {"task": "sine", "seed": seed, "noise": 0., "trained": trained, "loss": _loss(task, original, *both)}
        rows += [{**facts, "model": name, **sine.errors(task, model)} for name, model in models.items()]
    return rows


def stopped_digits(seed: int, noise: float = 0., epochs: Iterable[int] = DIGITS_EPOCHS, recipe: Recipe | None = None,
                   methods: dict[str, Method] = UNLEARN_DIGITS) -> list[dict]:
    """Rows of the label-erasure task on digits, of which a share `noise` of the training images has a wrong content label, the same
    one in every color.

    A row as in `stopped_sines`, with the cross-entropy as "loss" and the metrics of `erasure.evaluate`, on test images with right
    labels; "wrong_open" and "wrong_closed": of the gray training images with a wrong label, the share that is answered with just this
    label, among those that unlearning may look at and among the others (NaN without noise). Models: "original", and the original
    after three epochs of each of the `methods`.
    """
    seed, chosen, epochs = checks.seed(seed), erasure.PRESETS["digits", "quick"], sorted(epochs)
    images, noisy = _mislabelled(chosen.images("digits"), noise, seed)
    gray, colored = erasure.retain_set(images), erasure.forget_set(images, chosen.p_forget, seed)
    build = partial(chosen.network, [len(images.classes), len(erasure.COLORS)])
    both = [torch.cat(pair) for pair in zip(gray.tensors, colored.tensors)]
    model = seeded(build, 1_000 * seed)
    recipe = dataclasses.replace(recipe or chosen.recipe, epochs=epochs[-1])
    stopped = _snapshots(partial(fit, model, *both, recipe, seed=1_000 * seed), model, epochs)
    (accessible,) = share_of(TensorDataset(torch.arange(len(gray))), chosen.p_retain, seed, 0).tensors
    reach = torch.zeros(len(gray), dtype=torch.bool)
    reach[accessible] = True
    rows = []
    for trained, original in stopped.items():
        task = Task(name=f"erasure-digits-noise-{noise:g}", kind="classification", seed=seed, original=original, ground_truth=None,
                    retain=TensorDataset(*(t[accessible] for t in gray.tensors)), forget=colored,
                    build=lambda run_seed: seeded(build, run_seed), evaluate=partial(erasure.evaluate, test=images.test), batch_size=chosen.batch_size)
        facts = {"task": "digits", "seed": seed, "noise": noise, "trained": trained, "loss": _loss(task, original, *both)}
        models = {"original": original} | {name: unlearn(task, method, DIGITS_T).model for name, method in methods.items()}
        for name, model in models.items():
            said = outputs(model, gray.tensors[0])[0].argmax(1) == gray.tensors[1][:, 0]
            learnt = {f"wrong_{where}": said[noisy & part].double().mean().item() for where, part in (("open", reach), ("closed", ~reach))}
            rows.append({**facts, "model": name, **task.evaluate(model), **learnt})
    return rows


def record(out: Path, store: Path, pieces: dict[str, Callable[[], list[dict]]], made: dict[str, str], progress: Callable[[str], None] = print) -> None:
    """Makes the rows of every piece that `store` does not hold yet, and writes all of them to `out` with the provenance `made`."""
    rows = []
    for i, (name, make) in enumerate(pieces.items(), 1):
        rows += kept(store / f"{name}-{made['commit'][:12]}.json", make)  # another commit may train another way
        progress(f"{name}: {i} of {len(pieces)}")
    short = lambda value: value if not isinstance(value, float) else None if value != value else float(f"{value:.5g}")
    lines = ",\n".join(json.dumps({key: short(value) for key, value in row.items()}) for row in rows)
    write_text(Path(out), f'{{"provenance": {json.dumps(made)},\n"rows": [\n{lines}\n]}}\n')


def load(path: Path | str):
    """(pandas.DataFrame with one row per model, provenance) of a file that `record` made."""
    import pandas
    content = json.loads(Path(path).read_text(encoding="utf-8"))
    return pandas.DataFrame(content["rows"]), content["provenance"]


def _snapshots(training, model, epochs):
    """{epochs: copy of the model in evaluation mode} at those epochs of the training that `training` runs."""
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
    noisy[torch.randperm(len(labels), generator=draw)[:round(noise * len(labels))]] = True
    wrong = wrong_labels(labels, [len(images.classes)], draw)
    return dataclasses.replace(images, train=TensorDataset(pixels, torch.where(noisy, wrong, labels))), noisy


@torch.no_grad()
def _loss(task, model, inputs, targets):
    said = model(inputs) if task.kind == "regression" else outputs(model, inputs)
    return task.loss(said, targets).item()


def _main():
    parser = argparse.ArgumentParser(prog="python -m unlearnlab.experiments.interpolation", description=__doc__.splitlines()[0])
    parser.add_argument("--store", type=Path, help="folder for finished trainings (default: the user cache)")
    parser.add_argument("--out", type=Path, help="the JSON file (default: notebooks/results/interpolation.json)")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    pieces = {f"sine-{seed}": partial(stopped_sines, seed) for seed in range(1, 6)}
    pieces |= {f"digits-{seed}-{noise:g}": partial(stopped_digits, seed, noise) for seed in range(1, 5) for noise in NOISE}
    out = chosen.out or Path(__file__).parents[2] / "notebooks" / "results" / "interpolation.json"
    store = chosen.store or default_folder("runs", "interpolation")
    return interruptible(lambda: record(out, store, pieces, provenance("python -m unlearnlab.experiments.interpolation")))


if __name__ == "__main__":
    sys.exit(_main())
