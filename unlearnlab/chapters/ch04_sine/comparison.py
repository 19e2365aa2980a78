"""Every method on every seed of the sine task, one after the other."""

import itertools
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
    settings, tasks = settings or sine.best_settings(epochs), map(sine.task, seeds)
    pairs, records = list(itertools.product(settings.items(), tasks)), []
    for (name, method), task in pairs:
        run = unlearn(task, method, epochs, stop=stop)
        if run.stopped:
            break
        records.append({"method": name, "seed": task.seed, **run.metrics, "seconds": run.seconds})
        if progress is not None:
            progress(records[-1], len(pairs))
    return records
