"""Every method on every seed of the sine task, one after the other."""

from collections.abc import Callable, Iterable

from ...loop import unlearn
from ...methods import Method
from ...tasks import sine


def compare(
    seeds: Iterable[int],
    epochs: int,
    settings: dict[str, Method] | None = None,
    progress: Callable[[dict, int], None] | None = None,
    stop=None,
) -> list[dict]:
    """Every method on every seed: [{"method", "seed", "sup_error", "seconds"}, ...], methods in the
    table's order.

    settings: name -> Method, default `sine.best_settings(epochs)`. progress(record, number of runs
    in all) after every run. stop: a threading.Event; once set, the records finished so far come
    back.
    """
    settings, seeds = settings or sine.best_settings(epochs), list(seeds)
    tasks, records = {seed: sine.task(seed) for seed in seeds}, []
    for name, method in settings.items():
        for seed in seeds:
            run = unlearn(tasks[seed], method, epochs, stop=stop)
            if run.stopped:
                return records
            records.append({"method": name, "seed": seed, **run.metrics, "seconds": run.seconds})
            if progress is not None:
                progress(records[-1], len(settings) * len(seeds))
    return records
