"""The recorded runs of notebook 12: two ladders of networks, unlearned, and their decision regions.

python -m unlearnlab.study width           # an hour of one core
python -m unlearnlab.study width-planes    # more planes, at the settings that width.json selects
python -m unlearnlab.study width-cifar10   # the ladders on a part of CIFAR-10
"""

import itertools
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pandas

from ...course.rows import method_of
from ...course.studies import Shape, run_rows
from ...loop import unlearn
from ...study import table
from ...study.sweep import sweep
from ...tasks import width as tasks
from ...tasks.width import CHANNELS, ROLES, SHARES
from . import choosing, regions
from .choosing import GOALS, NEAR

LADDERS = {"allcnn": (1, 2, 3, 4, 5), "resnet18": (1, 2, 3)}  # seeds of each
SHARE_WIDTH = 2 / 96  # of AllCNN, at which the shares for validation are varied
SHARE_METHODS = ("SCRUB", "NegGrad", "l1-Sparse")
REGIONS_OF, WIDEST = "allcnn", 1 / 8  # whose regions are compared, up to which width
PLANES = {  # full: millions of points a model
    "small": {"planes": 40, "resolution": 20},
    "full": {"planes": 500, "resolution": 50},
}


def load(path: Path | str) -> SimpleNamespace:
    """What a file that one of the studies here made holds: its tables as pandas.DataFrames, of
    `runs`, `models` and `regions` those that it has, and `provenance`.

    Every row has network, width, share and seed. runs: one per run, as `ul.sweep` returns them.
    models: one per trained model, with role, parameters, what `evaluate` says of it, and
    training_error. regions: one per pair of models compared, with before, after, goal (of a
    method's selection), survey ("small" or "full"), c_prox and s_far, and c_prox_se and s_far_se,
    their standard errors over planes. Errors as in `table.read`.
    """
    recorded = table.read(path)
    frames = {name: _exact(recorded[name]) for name in recorded.rows}
    return SimpleNamespace(**frames, provenance=recorded.provenance)


def _exact(frame):
    """With widths in half channels: a table holds six digits, a ladder the fraction itself."""
    half = 2 * frame["network"].map(CHANNELS)
    return frame.assign(width=(frame["width"] * half).round() / half)


def _rungs(dataset, seed):
    """The rungs of a seed, options of `tasks.task`, each with the names of its methods, None for
    all."""
    for network, seeds in LADDERS.items():
        if seed in seeds:
            for width in tasks.ladder(dataset, network=network):
                yield {"network": network, "width": width, "share": 0.2}, None
            if network == REGIONS_OF and dataset == "digits":
                for share in (share for share in SHARES if share != 0.2):
                    rung = {"network": network, "width": SHARE_WIDTH, "share": share}
                    yield rung, SHARE_METHODS


def _made(maker, rung, seed, place, dataset="digits"):
    """What `tasks.task` or `tasks.retrained_again` makes of a rung: the task, or its second ground
    truth."""
    how = {"cache": place.store / "models", "progress": lambda *done: None, "stop": place.stop}
    return maker(dataset, "quick", seed, **rung, **how)


def _name(rung):
    return "{network}-{width:.4g}-{share}".format(**rung)


@dataclass(frozen=True, kw_only=True)
class LadderStudy(Shape):
    """Trains the ladders of a data set; on digits also unlearns them, and compares regions.

    A part is a seed; on digits a last one, "regions", needs the runs on all seeds, because they
    select the settings. seeds: of those that LADDERS has.
    """

    dataset: str
    unit = "parts"

    def __post_init__(self):
        known = sorted({*sum(LADDERS.values(), ())})
        if not {*self.seeds} <= {*known}:
            raise ValueError(f"seeds must be among {known}, got {self.seeds}")

    def parts(self):
        return (*self.seeds, "regions") if self.dataset == "digits" else self.seeds

    def make(self, part, place, so_far):
        if part == "regions":
            widths = [w for w in tasks.ladder(network=REGIONS_OF) if w <= WIDEST]
            seeds = [seed for seed in LADDERS[REGIONS_OF] if seed in self.seeds]
            runs = _exact(pandas.DataFrame(so_far["runs"]))
            return _regions(self, itertools.product(widths, seeds), runs, "small", place)
        tables = defaultdict(list)
        for rung, methods in _rungs(self.dataset, part):
            place.go_on()
            said = "{network} at width {width:.4g}, share {share}, seed {seed}"
            place.say(said.format(**rung, seed=part))
            task, again = _made(tasks.task, rung, part, place, self.dataset), None
            rows = {}
            if self.dataset == "digits":
                again = _made(tasks.retrained_again, rung, part, place)
                rows["runs"] = _runs(task, choosing.grid(methods=methods), place, _name(rung))
            rows["models"] = _model_rows(task, again)
            for name, own in rows.items():
                tables[name] += [{**rung, "seed": part, **row} for row in own]
        return tables


@dataclass(frozen=True, kw_only=True)
class PlanesStudy(Shape):
    """Surveys 500 planes at 50 by 50 points of a narrow and a wide network, at recorded settings.

    The settings are those that the runs in width.json select, beside the file that is made or
    among the notebooks' results; its commit is part of the provenance.
    """

    seeds: tuple[int, ...] = (1,)
    widths: tuple[float, ...] = (2 / 96, 6 / 96)

    def origins(self, place):
        return {"runs": load(place.beside("width.json")).provenance["commit"]}

    def make(self, part, place, so_far):
        path = place.beside("width.json")
        runs = load(path).runs
        for width in self.widths:
            if runs.query("network == @REGIONS_OF and width == @width").empty:
                raise ValueError(f"{path} has no runs of {REGIONS_OF} at width {width:.4g}")
        return _regions(self, [(width, part) for width in self.widths], runs, "full", place)


STUDIES = (
    LadderStudy(
        name="width",
        title="the ladders on digits, unlearned, and decision regions: an hour",
        dataset="digits",
        seeds=(1, 2, 3, 4, 5),
    ),
    PlanesStudy(name="width-planes", title="decision regions on 500 planes: half an hour"),
    LadderStudy(
        name="width-cifar10",
        title="the ladders' models on a part of CIFAR-10",
        dataset="cifar10",
        seeds=(1,),
    ),
)


def _runs(task, grid, place, name):
    """The rows of a sweep over a grid on one task. Raises Stopped for one that is not whole."""
    how = {"backend": "serial", "progress": False, "stop": place.stop}
    frame = sweep({task.seed: task}.__getitem__, grid, [task.seed], place.store / name, **how)
    place.go_on()
    return run_rows(frame)


def _model_rows(task, again):
    """A row for the original and for each retrained model, of which the second may be None."""
    rows = []
    for role, model in zip(ROLES, (task.original, task.ground_truth, again)):
        if model:
            errors = task.evaluate(model)
            size = sum(p.numel() for p in model.parameters())
            own = {"role": role, "parameters": size, **errors}
            rows.append(own | {"training_error": errors["retain_error"]})
    rows[0]["training_error"] = float(task.facts["original"]["training_error"])
    return rows


def _regions(study, places, runs, survey, place):
    """What is compared of REGIONS_OF at widths and seeds, at the settings that its runs select."""
    rows = []
    for width, seed in places:
        rung = {"network": REGIONS_OF, "width": width, "share": 0.2}
        own = runs.query("network == @REGIONS_OF and width == @width and share == 0.2")
        settings = []
        for goal in GOALS:
            best = choosing.select(own, goal).query("seed == @seed and method != 'Retrain'")
            for row in best.to_dict("records"):
                settings.append((goal, method_of(row), int(row["epochs"])))

        def compare():
            makers = tasks.task, tasks.retrained_again
            models = (_made(maker, rung, seed, place) for maker in makers)
            return {"regions": _compare(*models, settings, PLANES[survey])}

        name = f"regions-{_name(rung)}-{seed}-{survey}"
        kept = place.kept(study, name, compare, given=str(settings))["regions"]
        rows += [{**rung, "seed": seed, "survey": survey, **row} for row in kept]
    return {"regions": rows}


def _compare(task, again, settings, size):
    """Rows of C_prox and S_far of pairs of models.

    Two retrained models (the floor), the original and a retrained one, the original and what each
    selected setting makes of it.
    """
    seen = task.original.normalise(task.retain.tensors[0])
    delta = NEAR * regions.typical_distance(seen)
    test = tasks.splits(seed=task.seed)["test"]
    survey = regions.survey(task, test, **size, delta=delta, seed=task.seed)
    original, retrained = map(survey.classes, (task.original, task.ground_truth))

    def row(before, after, one, other, goal=None):
        return {"before": before, "after": after, "goal": goal, **survey.scores(one, other)}

    rows = [row("retrained", "retrained again", retrained, again)]
    rows.append(row("original", "retrained", original, retrained))
    for goal, method, epochs in settings:
        model = unlearn(task, method, epochs).model
        rows.append(row("original", method.name, original, model, goal))
    return rows
