"""A study on images: which data set, of what size, on which device."""

from collections.abc import Callable
from functools import partial

from ..tasks.presets import choose
from .studies import USUAL, Study, unusual

OPTIONS = ("dataset", "preset", "device", "p_retain", "width", "precision", "test_images")
PLAIN = ("device", "p_retain", "test_images", "originals")  # which the task takes as they are
WHOLE = ("digits", "mnist")  # whose quick preset runs in seconds: they get whole grids


def image_study(
    task: Callable, presets: dict, options: dict, kind: type[Study] = Study, size=(), **study
) -> Study:
    """A grid on the task that `task` makes, such as `ul.erasure.task` with its PRESETS.

    options: some of USUAL, for a task that is another. p_retain: the accessible share; width: of
    the network; None for the preset's. precision: of the trainings; "bfloat16" on a GPU alone.
    size: the data set and the preset, where the options do not say it. study: name, title, grid and
    seeds of the study, whose class is `kind`.
    Raises ValueError for a data set or a preset that there is not.
    """
    whole, own = USUAL | options, unusual(options)
    dataset, name = size or (whole["dataset"], whole["preset"])
    preset = choose(presets, dataset, name)
    given = {option: value for option, value in own.items() if option in PLAIN}
    if "width" in own:
        given["network"] = partial(preset.network, width=own["width"])
    # said here, as that of a "paper" preset follows the device, which no file's name says
    given |= preset.recipes_in(whole["precision"])
    return kind(factory=partial(task, dataset, name, **given), options=own, **study)
