"""The recorded runs of notebook 12: two ladders of networks, unlearned, and their decision regions.

python -m unlearnlab.study width           # an hour of one core
python -m unlearnlab.study width-planes    # more planes, at the settings that width.json selects
python -m unlearnlab.study width-cifar10   # the ladders on a part of CIFAR-10
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ...course.rows import method_of
from ...course.studies import Shape, run_rows
from ...loop import unlearn
from ...study import table
from ...study.grid import expand
from ...study.sweep import sweep
from ...tasks import width as tasks
from ...tasks.width import CHANNELS, ROLES, SHARES
from ...training.fit import Stopped
from . import choosing, regions
from .choosing import GOALS, NEAR

LADDERS = {"allcnn": (1, 2, 3, 4, 5), "resnet18": (1, 2, 3)}  # seeds of each
SHARE_WIDTHS = (2 / 96,)  # of AllCNN, at which the shares for validation are varied
SHARE_METHODS = ("SCRUB", "NegGrad", "l1-Sparse")
REGIONS_OF, WIDEST = "allcnn", 1 / 8  # whose regions are compared, up to which width
PLANES = {  # full: millions of points a model
    "small": {"planes": 40, "resolution": 20},
    "full": {"planes": 500, "resolution": 50},
}


@dataclass(frozen=True)
class Ladders:
    """What `load` returns, three pandas.DataFrames and the provenance.

    Every row has network, width, share and seed. runs: one per run, as `ul.sweep` returns them.
    models: one per trained model, with role, parameters, what `evaluate` says of it, and
    training_error. regions: one per pair of models compared, with before, after, goal (of a
    method's selection), survey ("small" or "full"), c_prox and s_far, and c_prox_se and s_far_se,
    their standard errors over planes. A table that the file has not is empty.
    """

    runs: object
    models: object
    regions: object
    provenance: dict


def load(path: Path | str) -> Ladders:
    """The tables of a file that one of the studies here made. Errors as in `table.read`."""
    import pandas

    recorded, empty = table.read(path), pandas.DataFrame({"network": [], "width": []})
    names = "runs", "models", "regions"
    frames = [_exact(recorded[name]) if name in recorded else empty for name in names]
    return Ladders(*frames, recorded.provenance)


def _exact(frame):
    """With widths in half channels: the file holds six digits, a ladder the fraction itself."""
    half = 2 * frame["network"].map(CHANNELS)
    return frame.assign(width=(frame["width"] * half).round() / half)


@dataclass(frozen=True)
class Rung:
    """A rung of a recorded ladder. cache: the folder of its models."""

    dataset: str
    network: str
    width: float
    share: float
    cache: Path

    def facts(self) -> dict:
        return {"network": self.network, "width": self.width, "share": self.share}

    def name(self) -> str:
        return f"{self.network}-{self.width:.4g}-{self.share}"

    def made(self, maker, seed: int, stop=None):
        """What `tasks.task` or `tasks.retrained_again` makes here: the task, or its second ground
        truth."""
        how = {"cache": self.cache, "progress": lambda *done: None, "stop": stop}
        return maker(self.dataset, "quick", seed, **self.facts(), **how)

    def rows(self, seed: int, rows: list[dict]) -> list[dict]:
        """`rows` with where they belong, floats with 6 digits."""
        named = [{**self.facts(), "seed": seed, **row} for row in rows]
        return [{key: table.significant(cell) for key, cell in row.items()} for row in named]


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
            return {"regions": self._regions(place, so_far["runs"])}
        tables = {"models": []}
        for rung, methods in self._rungs(part, place):
            place.go_on()
            place.say(f"{rung.network} at width {rung.width:.4g}, share {rung.share}, seed {part}")
            task, again = rung.made(tasks.task, part, place.stop), None
            if self.dataset == "digits":
                again = rung.made(tasks.retrained_again, part, place.stop)
                runs = tables.setdefault("runs", [])
                runs += rung.rows(part, _runs(rung, part, methods, place))
            tables["models"] += rung.rows(part, _model_rows(task, again))
        return tables

    def _rungs(self, seed, place):
        """(Rung, names of methods) of a seed; None for all methods."""
        cache = place.store / "models"
        for network, seeds in LADDERS.items():
            if seed in seeds:
                for width in tasks.ladder(self.dataset, network=network):
                    yield Rung(self.dataset, network, width, 0.2, cache), None
                if network == REGIONS_OF and self.dataset == "digits":
                    for share in SHARES:
                        for width in SHARE_WIDTHS if share != 0.2 else ():
                            yield Rung(self.dataset, network, width, share, cache), SHARE_METHODS

    def _regions(self, place, run_rows):
        import pandas

        runs, rows = _exact(pandas.DataFrame(run_rows)), []
        for width in tasks.ladder(network=REGIONS_OF):
            for seed in LADDERS[REGIONS_OF] if width <= WIDEST else ():
                if seed in self.seeds:
                    rows += _region_rows(self, width, seed, runs, "small", place)
        return rows


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
        runs, rows = load(path).runs, []
        for width in self.widths:
            if runs.query("network == @REGIONS_OF and width == @width").empty:
                raise ValueError(f"{path} has no runs of {REGIONS_OF} at width {width:.4g}")
            rows += _region_rows(self, width, part, runs, "full", place)
        return {"regions": rows}


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


def _runs(rung, seed, methods, place):
    """The rows of a sweep over the rung's grid. Raises Stopped for one that is not whole."""
    grid, store = choosing.grid(methods=methods), place.store / rung.name()
    how = {"backend": "serial", "progress": False, "stop": place.stop}
    frame = sweep(partial(rung.made, tasks.task), grid, [seed], store, **how)
    if len(frame) < len(expand(grid)):
        raise Stopped("stopped")
    return run_rows(frame)


def _model_rows(task, again):
    """A row for the original and for each retrained model, of which the second may be None."""
    rows = []
    for role, model in zip(ROLES, (task.original, task.ground_truth, again)):
        if model:
            errors = task.evaluate(model)
            size = sum(p.numel() for p in model.parameters())
            known = {"training_error": errors["retain_error"]}
            rows.append({"role": role, "parameters": size, **errors, **known})
    rows[0]["training_error"] = float(task.facts["original"]["training_error"])
    return rows


def _region_rows(study, width, seed, runs, survey, place):
    """What is compared of REGIONS_OF at one width and seed, at the settings that its runs
    select."""
    rung = Rung("digits", REGIONS_OF, width, 0.2, place.store / "models")
    own = runs.query("network == @REGIONS_OF and width == @width and share == 0.2")
    settings = []
    for goal in GOALS:
        best = choosing.select(own, goal).query("seed == @seed and method != 'Retrain'")
        for row in best.to_dict("records"):
            settings.append((goal, method_of(row), int(row["epochs"])))

    def compare():
        makers = tasks.task, tasks.retrained_again
        task, again = (rung.made(maker, seed, place.stop) for maker in makers)
        return {"regions": _compare(task, again, settings, PLANES[survey])}

    name = f"regions-{rung.name()}-{seed}-{survey}"
    kept = place.kept(study, name, compare, given=str(settings))["regions"]
    return rung.rows(seed, [{"survey": survey, **row} for row in kept])


def _compare(task, again, settings, size):
    """Rows of C_prox and S_far of pairs of models.

    Two retrained models (the floor), the original and a retrained one, the original and what each
    selected setting makes of it.
    """
    seen = task.original.normalise(task.retain.tensors[0])
    delta = NEAR * regions.typical_distance(seen)
    test = tasks.splits(seed=task.seed)["test"]
    survey = regions.survey(task, test, **size, delta=delta, seed=task.seed)
    original, retrained = survey.classes(task.original), survey.classes(task.ground_truth)
    pairs = [
        ("retrained", "retrained again", None, retrained, survey.classes(again)),
        ("original", "retrained", None, original, retrained),
    ]
    for goal, method, epochs in settings:
        after = survey.classes(unlearn(task, method, epochs).model)
        pairs.append(("original", method.name, goal, original, after))
    rows = []
    for before, after, goal, one, other in pairs:
        scores = {**survey.scores(one, other), **survey.standard_errors(one, other)}
        rows.append({"before": before, "after": after, "goal": goal, **scores})
    return rows
