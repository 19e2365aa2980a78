"""A study on images: which data set, of what size, on which device."""

from dataclasses import replace
from functools import partial
from types import ModuleType

from ..tasks.presets import choose
from .studies import USUAL, Study, unusual

OPTIONS = ("dataset", "preset", "device", "p_retain", "width", "precision")
WHOLE = ("digits", "mnist")  # whose quick preset runs in seconds: they get whole grids


def image_study(
    name: str, title: str, experiment: ModuleType, grid, seeds: tuple[int, ...], options: dict
) -> Study:
    """A grid on the task that the module `experiment` makes, such as `ul.erasure`.

    options: some of USUAL, for a task that is another. p_retain: the accessible share; width: of
    the network; None for the preset's. precision: of the trainings; "bfloat16" on a GPU alone.
    Raises ValueError for a data set or a preset that there is not.
    """
    chosen = USUAL | options
    preset = choose(experiment.PRESETS, chosen["dataset"], chosen["preset"])
    own = unusual(options)
    given = {option: own[option] for option in ("device", "p_retain") if option in own}
    if "width" in own:
        given["network"] = partial(preset.network, width=own["width"])
    # a "paper" preset's own precision follows the device, which no file's name says
    if "precision" in own or "device" in own and chosen["preset"] == "paper":
        for recipe in vars(preset).keys() & {"recipe", "warm_start"}:
            given[recipe] = replace(getattr(preset, recipe), precision=chosen["precision"])
    factory = partial(experiment.task, chosen["dataset"], chosen["preset"], **given)
    return Study(name=name, title=title, factory=factory, grid=grid, seeds=seeds, options=own)
