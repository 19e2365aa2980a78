"""A study on images: which data set, of what size, on which device."""

from dataclasses import replace
from functools import partial
from types import ModuleType

from ..tasks.presets import choose
from .studies import USUAL, Study

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
    given = {}
    for option in ("device", "p_retain"):
        if chosen[option] != USUAL[option]:
            given[option] = chosen[option]
    if chosen["width"] is not None:
        given["network"] = partial(preset.network, width=chosen["width"])
    on_a_gpu = chosen["device"] != USUAL["device"]
    # a "paper" preset's own precision follows the device, which no file's name says
    if chosen["precision"] != USUAL["precision"] or on_a_gpu and chosen["preset"] == "paper":
        for recipe in ("recipe", "warm_start"):
            if hasattr(preset, recipe):
                given[recipe] = replace(getattr(preset, recipe), precision=chosen["precision"])
    factory = partial(experiment.task, chosen["dataset"], chosen["preset"], **given)
    own = {option: value for option, value in options.items() if value != USUAL[option]}
    return Study(name=name, title=title, factory=factory, grid=grid, seeds=seeds, options=own)
