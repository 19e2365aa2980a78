"""Label erasure at the paper's size: who is ahead at equal epochs, and who within equal time?

CIFAR-10, all images, a ResNet-18 of full width, a hundredth accessible, batches of 256. An epoch
has four updates; at T = 2 everything happens between the rates 1e-4 and 1e-3, over which the
published grid steps. The original of a seed is read from a folder where that has one, and trained
otherwise. No ground truth is trained: its forget error is 0 by construction.
"""

import hashlib
from dataclasses import replace
from pathlib import Path

from safetensors.torch import load_file

from ...course.image_study import image_study
from ...course.studies import Study
from ...loop import unlearn
from ...methods import GD, MinNormOG
from ...networks import seeded
from ...task import Task
from ...tasks import erasure
from ...training import zoo
from .study import GRIDS, SEEDS, grid

OPTIONS = ("device", "width", "precision", "test_images", "originals")


class FullSize(Study):
    """A study whose provenance says where each seed's original is from."""

    large = True

    def origins(self, place):
        said, images = {}, self.options.get("test_images")
        if folder := self.options.get("originals"):
            there = {seed: original_files(folder, seed) for seed in self.seeds}
            words = [_words(seed, files) for seed, files in there.items() if files]
            said["originals"] = "; ".join([*words, "all others trained here"])
        said["products"] = "float32, all digits, for every method; an evaluation as torch has them"
        said["test images"] = f"{images or 'all'}, each in gray, red and green"
        return said | {"ground truth": "none trained"}


def study(name: str = "fullsize", **options) -> FullSize:
    """Label erasure at the paper's size with those of OPTIONS that are given.

    name: "fullsize", or "others" for the settings that are not needed for its comparison.
    originals: a folder with `original-seed1*.safetensors` and so on; None to train every one.
    Raises FileNotFoundError for a folder that is not there.
    """
    case = GRIDS["at full size"][name]
    return image_study(
        task,
        erasure.PRESETS,
        options,
        FullSize,
        ("cifar10", "paper"),
        name=name,
        title=case["title"],
        grid=grid(case["grid"]),
        seeds=SEEDS,
    )


def task(
    dataset: str,
    preset: str,
    seed: int,
    *,
    originals: Path | None = None,
    device: str = "cpu",
    stop=None,
    **options,
) -> Task:
    """Label erasure as in `erasure.task`, without a ground truth, trained as the preset says.

    originals: as in `study`. device, stop: as in `erasure.task`. options: in place of what the
    preset says, test_images too. Raises ValueError that names the files for those of another
    network, and what `ul.images.load` raises.
    """
    size, plan, trainings = erasure.EXPERIMENT.prepared(
        dataset, preset, seed, device=device, **options
    )
    training = replace(
        trainings["original"], command="python -m unlearnlab.study fullsize", shipped=False
    )
    files = [] if originals is None else original_files(originals, seed)
    made = Task(
        name=f"erasure-{dataset}",
        kind="classification",
        seed=seed,
        original=_read(training, files) if files else zoo.get(training, stop=stop)[0],
        ground_truth=None,
        retain=plan.retain,
        forget=plan.forget,
        build=lambda run_seed: seeded(plan.build, run_seed).to(device),
        evaluate=plan.evaluate,
        batch_size=size.batch_size,
        facts={"original": {"seed": str(training.seed)}},
    )
    if device != "cpu":  # the first kernels of each kind take seconds, which are no run's
        for method in (GD(), MinNormOG()):
            unlearn(made, method, 1)
    return made


def _read(training, files):
    """An original of one state dict, which may be in parts, on the data's device."""
    model = seeded(training.build, 0)
    try:
        model.load_state_dict({name: t for path in files for name, t in load_file(path).items()})
    except RuntimeError as error:
        names = ", ".join(path.name for path in files)
        raise ValueError(f"{names} do not hold this network: {error}") from error
    return model.eval().to(training.stages[0].inputs.device)


def original_files(folder: Path, seed: int) -> list[Path]:
    """The files of a seed's original in a folder; none where it has to be trained.

    Raises FileNotFoundError for a folder that is not there.
    """
    folder = folder.expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder of originals {folder}")
    return sorted(folder.glob(f"original-seed{seed}[-.]*safetensors"))


def _words(seed, files):
    """Which files a seed's original is from."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    names = " and ".join(path.name for path in files)
    return f"seed {seed} from {names}, whose bytes have the SHA-256 {digest}"


# The fourth was recorded of seed 1 alone, when the settings of "others" stood in its grid as well;
# of the second and the third, on two cores, there are some settings of seed 1.
STUDIES = (
    study(),
    study(test_images=2_000),
    study("others", test_images=2_000),
    study(device="cuda", precision="bfloat16"),
    study(device="cuda", precision="bfloat16", test_images=5_000),
    study("others", device="cuda", precision="bfloat16", test_images=5_000),
)
