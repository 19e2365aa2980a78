"""Label erasure at the paper's size: who is ahead at equal epochs, and who within equal time?

CIFAR-10, all images, a ResNet-18 of full width, a hundredth accessible, batches of 256. An epoch
has four updates; at T = 2 everything happens between the rates 1e-4 and 1e-3, over which the
published grid steps. The original of a seed is read from a folder where that has one, and trained
otherwise. No ground truth is trained: its forget error is 0 by construction.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from ...course.studies import USUAL, Study
from ...loop import unlearn
from ...methods import GD, MinNormOG
from ...networks import seeded
from ...task import Task
from ...tasks import erasure
from ...tasks.presets import share_of
from ...training import zoo
from .variants import MinNormOnce

OPTIONS = ("device", "width", "precision", "test_images", "originals")
SEEDS = (1, 2, 3, 4, 5)
RATES = (1e-4, 2e-4, 3e-4, 4.5e-4, 6.5e-4, 1e-3)
BETWEEN = (1.4e-4, 2.4e-4, 3.7e-4, 5.4e-4, 8e-4)
FRONT = (2e-4, 3e-4, 4.5e-4)  # where methods that forget by steps begin to
STRENGTHS = (0.01, 0.02, 0.03, 0.05)  # of a projection before every update
# cheaper than a projection before every update, each with strengths of its own
ONCE = (
    (MinNormOnce, {"reg": (0.03, 0.06, 0.1, 0.15)}),  # two projections instead of eight
    (MinNormOnce, {"epochs": 3, "reg": (0.02, 0.04, 0.07, 0.1)}),  # three, in twelve updates
)
CHEAPER = (
    (MinNormOG, {"project_every": 2, "reg": (0.015, 0.03, 0.05, 0.08)}),  # four
    (MinNormOnce, {"project_every": 2, "reg": (0.05, 0.1, 0.15, 0.2)}),  # one
    (MinNormOG, {"n_pert": 25, "reg": (0.005, 0.01, 0.02, 0.03)}),
    (MinNormOG, {"n_pert": 10, "reg": (0.003, 0.006, 0.012, 0.02)}),
)
PROTECTING = {"reg_decay": 0.8, "n_pert": 50}


def grid() -> list[dict[str, dict]]:
    """GD and MinNorm-OG rate by rate, MinNorm-OG once an epoch, GD's rates between.

    What matters most is first. GD has 11 rates at T = 2 and at 3, MinNorm-OG 24 settings, each way
    of projecting once an epoch 12.
    """
    first = []
    for lr in RATES:
        first.append({"GD": {"epochs": [2, 3], "lr": lr}})
        first.append({"MinNorm-OG": {"epochs": 2, "lr": lr, "reg": STRENGTHS, **PROTECTING}})
    return [*first, *map(_steps, ONCE), {"GD": {"epochs": [2, 3], "lr": BETWEEN}}]


def others() -> list[dict[str, dict]]:
    """GD for as long as projections take, still cheaper projections, the other methods."""
    return [
        {"GD": {"epochs": [5, 4], "lr": RATES}},
        *map(_steps, CHEAPER),
        {"GD": {"epochs": [5, 4], "lr": BETWEEN}},
        {
            "NGP": {"epochs": 2, "lr": RATES, "ascent": [1e-3, 1e-2]},
            "Ridge": {"epochs": 2, "lr": RATES, "reg": [1e-3, 1e-2], "reg_decay": 0.8},
            "SalUn": {"epochs": 2, "lr": RATES, "ascent": [1e-3, 1e-2]},
        },
    ]


def _steps(way):
    method, own = way
    return {method: {"epochs": 2, "lr": FRONT, **PROTECTING, **own}}


@dataclass(frozen=True, kw_only=True)
class FullSize(Study):
    """A study whose provenance says where each seed's original is from."""

    def origins(self, place):
        folder, said = self.options.get("originals"), {}
        if folder is not None:
            said["originals"] = _from_files(folder, self.seeds)
        images = self.options.get("test_images")
        said["products"] = "float32, all digits, for every method; an evaluation as torch has them"
        said["test images"] = f"{images or 'all'}, each in gray, red and green"
        return said | {"ground truth": "none trained"}


def study(**options) -> FullSize:
    """Label erasure at the paper's size with those of OPTIONS that are given.

    originals: a folder with `original-seed1*.safetensors` and so on; None to train every one.
    Raises FileNotFoundError for a folder that is not there.
    """
    own = {name: value for name, value in options.items() if value != USUAL[name]}
    return FullSize(
        name="fullsize",
        title="CIFAR-10 at the paper's size: rates between the paper's, and cheaper projections",
        factory=partial(task, **own),
        grid=grid(),
        seeds=SEEDS,
        options=own,
    )


def task(
    seed: int,
    *,
    device: str = "cpu",
    precision: str = "float32",
    width: float | None = None,
    test_images: int | None = None,
    originals: Path | None = None,
    stop=None,
) -> Task:
    """Label erasure on CIFAR-10 as in `erasure.task`, without a ground truth.

    precision: of a training. width: of the network, default 1. test_images: random ones, the same
    for every seed; None for all. originals: as in `study`. stop: as in `zoo.get`.
    Raises what `original_from` and `ul.images.load` raise.
    """
    preset = replace(erasure.PRESETS["cifar10", "paper"], test_images=test_images)
    if width is not None:
        preset = replace(preset, network=partial(preset.network, width=width))
    images = preset.images("cifar10").to(device)
    build = partial(preset.network, [len(images.classes), len(erasure.COLORS)])
    gray = erasure.retain_set(images)
    colored = erasure.forget_set(images, preset.p_forget, seed)
    measure = partial(erasure.evaluate, test=images.test)
    files = [] if originals is None else original_files(originals, seed)
    if files:
        model = original_from(files, seeded(build, 0)).to(device)
    else:
        everything = [torch.cat(pair) for pair in zip(gray.tensors, colored.tensors)]
        stage = zoo.Stage(*everything, replace(preset.recipe, precision=precision))
        model = _trained(seed, build, stage, measure, stop)
    found = Task(
        name="erasure-cifar10",
        kind="classification",
        seed=seed,
        original=model,
        ground_truth=None,
        retain=share_of(gray, preset.p_retain, seed, 0),
        forget=colored,
        build=lambda run_seed: seeded(build, run_seed).to(device),
        evaluate=measure,
        batch_size=preset.batch_size,
        facts={"original": {"seed": str(1_000 * seed)}},
    )
    if device != "cpu":  # the first kernels of each kind take seconds, which are no run's
        for method in (GD(), MinNormOG()):
            unlearn(found, method, 1)
    return found


def _trained(seed, build, stage, measure, stop):
    """The original that `erasure.task` has, made now or kept from earlier."""
    name, command = f"erasure-cifar10-{seed}-original", "python -m unlearnlab.study fullsize"
    training = zoo.Training(name, build, 1_000 * seed, (stage,), measure, command)
    return zoo.get(training, stop=stop)[0]


def original_files(folder: Path, seed: int) -> list[Path]:
    """The files of a seed's original in a folder; none where it has to be trained.

    Raises FileNotFoundError for a folder that is not there.
    """
    folder = folder.expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder of originals {folder}")
    found = folder.glob("original-seed*.safetensors")
    return sorted(path for path in found if _seed_of(path) == seed)


def original_from(files: list[Path], model: nn.Module) -> nn.Module:
    """`model` with the tensors of files that are one state dict together, halves made whole.

    In evaluation mode. Raises ValueError that names the files for another network's.
    """
    tensors = {name: t for path in files for name, t in load_file(path).items()}
    whole = {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}
    try:
        model.load_state_dict(whole)
    except RuntimeError as error:
        names = ", ".join(path.name for path in files)
        raise ValueError(f"{names} do not hold this network: {error}") from error
    return model.eval()


def _seed_of(path):
    digits = path.name.removeprefix("original-seed").partition("-")[0].partition(".")[0]
    return int(digits) if digits.isdigit() else None


def _from_files(folder, seeds):
    """Which seeds' originals are from which files, in words."""
    return "; ".join([*_words(folder, seeds), "all others trained here"])


def _words(folder, seeds) -> Iterator[str]:
    for seed in seeds:
        files = original_files(folder, seed)
        if files:
            digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
            names = " and ".join(path.name for path in files)
            yield f"seed {seed} from {names}, whose bytes have the SHA-256 {digest}"


STUDIES = ()
# The second last was recorded of seed 1 alone, when `others` stood in this grid as well.
LARGE = (
    study(),
    study(test_images=2_000),
    study(device="cuda", precision="bfloat16"),
    study(device="cuda", precision="bfloat16", test_images=5_000),
)
