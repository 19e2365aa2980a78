"""The recorded runs of notebook 12: ladders of networks, unlearned, and their decision regions.

python -m unlearnlab.study width               # an hour of one core
python -m unlearnlab.study width-planes        # more planes, at settings that width.json selects
python -m unlearnlab.study width-cifar10       # the ladders' models on a part of CIFAR-10
python -m unlearnlab.study width-photographs   # two rungs of it, unlearned: half an hour
python -m unlearnlab.study width-depth         # two other depths at one width: three minutes
python -m unlearnlab.study width-vit           # a narrow and a wide transformer: three minutes
python -m unlearnlab.study width-following     # rates that fall with the width: three minutes
python -m unlearnlab.study width --dataset cifar10 --preset paper --device cuda    # all of CIFAR-10
"""

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pandas

from ...course.rows import method_of
from ...course.studies import USUAL, Shape, run_rows, significant, unusual
from ...ground.checks import one_of
from ...ground.files import beside
from ...loop import unlearn
from ...study import table
from ...study.sweep import sweep
from ...tasks import width as tasks
from ...tasks.presets import choose
from ...tasks.width import CHANNELS, ROLES, SHARES
from ...training.recipe import Recipe
from . import choosing, regions
from .choosing import GOALS, NEAR
from .vit import ViT

OPTIONS = ("dataset", "preset", "device", "precision")
OWN = {"vit": ViT}  # networks that the task has no name for
SHARE_WIDTH = 2 / 96  # of AllCNN, at which the shares for validation are varied
SHARE_METHODS = ("SCRUB", "NegGrad", "l1-Sparse")
REGIONS_OF = "allcnn"  # whose regions are compared on many planes, and shares varied
MIDDLE = 1 / 24  # the width at which a rate that follows the width is the grid's
PLANES = {  # full: millions of points a model
    "small": {"planes": 40, "resolution": 20},
    "photographs": {"planes": 20, "resolution": 12},
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
    half = 2 * frame["network"].map(CHANNELS).fillna(64)
    return frame.assign(width=(frame["width"] * half).round() / half)


def _made(maker, rung, seed, place, dataset="digits", preset="quick", **more):
    """What `tasks.task` or `tasks.retrained_again` makes of a rung: the task, or its second ground
    truth."""
    network = OWN.get(rung["network"], rung["network"])
    return maker(
        dataset,
        preset,
        seed,
        **{**rung, "network": network},
        cache=place.store / "models",
        progress=lambda *done: None,
        stop=place.stop,
        **more,
    )


def _name(rung):
    return "{network}-{width:.4g}-{share}".format(**rung)


@dataclass(frozen=True, kw_only=True)
class LadderStudy(Shape):
    """Trains networks on ladders of widths, unlearns them, and compares regions.

    A part is a seed; where `survey` names a size of PLANES, a last one, "regions", needs the runs
    on all seeds, because they select the settings.

    Args:
        dataset: "digits" or "cifar10"; preset: its size.
        ladders: network -> the seeds it is trained with.
        channels: of the first layer on the rungs, () for those of the preset.
        grid: in tasks/papers.json, of the unlearning; "" for the models alone.
        methods: of the grid, None for all.
        follow: whether the grid's rates are those at a width of MIDDLE, and inverse to the width.
        shares: whether other shares for validation are tried, at one width.
        survey: of regions, a name in PLANES, "" for none.
        compared: network, and the width up to which its regions are compared.
        recipe: of the trainings, None for the preset's.
    """

    dataset: str = "digits"
    preset: str = "quick"
    ladders: Mapping[str, Sequence[int]]
    channels: Sequence[float] = ()
    grid: str = ""
    methods: Sequence[str] | None = None
    follow: bool = False
    shares: bool = False
    survey: str = ""
    compared: Sequence = ("", 0)
    recipe: Recipe | None = None
    unit = "parts"

    def __post_init__(self):
        known = sorted({*itertools.chain(*self.ladders.values())})
        if not {*self.seeds} <= {*known}:
            raise ValueError(f"seeds must be among {known}, got {self.seeds}")

    def parts(self):
        return (*self.seeds, "regions") if self.survey else self.seeds

    def rungs(self, seed):
        """Of a seed, options of `tasks.task`, each with the names of its methods, None for all."""
        for network, seeds in self.ladders.items():
            if seed in seeds:
                own = [count / CHANNELS.get(network, 64) for count in self.channels]
                for width in own or tasks.ladder(self.dataset, self.preset, network):
                    yield {"network": network, "width": width, "share": 0.2}, self.methods
        if self.shares:
            for share in (share for share in SHARES if share != 0.2):
                yield {"network": REGIONS_OF, "width": SHARE_WIDTH, "share": share}, SHARE_METHODS

    def make(self, part, place, so_far):
        if part == "regions":
            return self._compare(place, so_far)
        tables = defaultdict(list)
        for rung, methods in self.rungs(part):
            place.go_on()
            said = "{network} at width {width:.4g}, share {share}, seed {seed}"
            place.say(said.format(**rung, seed=part))
            how = {"dataset": self.dataset, "preset": self.preset, "recipe": self.recipe}
            how["device"] = self.options.get("device", "cpu")
            task, rows = _made(tasks.task, rung, part, place, **how), {}
            if self.grid:
                grid = choosing.grid(self.grid, methods)
                if self.follow:
                    grid = _following(grid, rung["width"])
                rows["runs"] = _runs(task, grid, place, _name(rung))
            if not self.follow:  # its models are those of the usual ladder
                again = self.grid and _made(tasks.retrained_again, rung, part, place, **how)
                rows["models"] = _model_rows(task, again)
            for name, own in rows.items():
                tables[name] += [{**rung, "seed": part, **row} for row in own]
        return tables

    def _compare(self, place, so_far):
        network, widest = self.compared
        rungs = [r for r, _ in self.rungs(self.ladders[network][0]) if r["network"] == network]
        widths = sorted({rung["width"] for rung in rungs if rung["width"] <= widest})
        seeds = [seed for seed in self.ladders[network] if seed in self.seeds]
        runs = _exact(pandas.DataFrame(so_far["runs"]))
        places = itertools.product(widths, seeds)
        return _regions(self, network, places, runs, self.survey, place)


def _following(grid, width):
    """The settings of a grid, with its rates times MIDDLE / width."""
    return {
        name: {**own, "lr": [significant(lr * MIDDLE / width) for lr in own["lr"]]}
        for name, own in grid.items()
    }


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
        places = [(width, part) for width in self.widths]
        return _regions(self, REGIONS_OF, places, runs, "full", place)


def _ladders():
    """The studies in ladders.json, by name."""
    for row in beside(__file__, "ladders.json"):
        if own := row.get("recipe"):
            row["recipe"] = Recipe(**own)
        yield row["name"], LadderStudy(**row | {"seeds": tuple(row["seeds"])})


def study(**options) -> LadderStudy:
    """The ladders on CIFAR-10, unlearned, with those of OPTIONS that are given."""
    whole = USUAL | {"dataset": "cifar10"} | options
    one_of("--dataset", whole["dataset"], ("cifar10",), ", for width")
    size = choose(tasks.PRESETS, whole["dataset"], whole["preset"])
    return LadderStudy(
        name="width",
        title="the ladders, unlearned",
        options=unusual(whole),
        dataset=whole["dataset"],
        preset=whole["preset"],
        ladders={"allcnn": (1,), "resnet18": (1,)},
        grid="width-photographs",
        recipe=size.recipes_in(whole["precision"])["recipe"],
        seeds=(1,),
    )


LADDERS = dict(_ladders())
PLANES_STUDY = PlanesStudy(name="width-planes", title="regions on 500 planes: half an hour")
STUDIES = (*LADDERS.values(), PLANES_STUDY)


def _runs(task, grid, place, name):
    """The rows of a sweep over a grid on one task. Raises Stopped for one that is not whole."""
    frame = sweep(
        {task.seed: task}.__getitem__,
        grid,
        [task.seed],
        place.store / name,
        backend="serial",
        progress=False,
        stop=place.stop,
    )
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


def _regions(study, network, places, runs, survey, place):
    """What is compared at widths and seeds of a network, at the settings that its runs select."""
    dataset, rows = getattr(study, "dataset", "digits"), []
    for width, seed in places:
        rung = {"network": network, "width": width, "share": 0.2}
        own = runs.query("network == @network and width == @width and share == 0.2")
        settings = []
        for goal in GOALS:
            best = choosing.select(own, goal).query("seed == @seed and method != 'Retrain'")
            for row in best.to_dict("records"):
                settings.append((goal, method_of(row), int(row["epochs"])))

        def compare():
            makers = tasks.task, tasks.retrained_again
            models = (_made(maker, rung, seed, place, dataset) for maker in makers)
            test = tasks.splits(dataset, "quick", seed)["test"]
            return {"regions": _compare(*models, test, settings, PLANES[survey])}

        name = f"regions-{_name(rung)}-{seed}-{survey}"
        kept = place.kept(study, name, compare, given=str(settings))["regions"]
        rows += [{**rung, "seed": seed, "survey": survey, **row} for row in kept]
    return {"regions": rows}


def _compare(task, again, test, settings, size):
    """Rows of C_prox and S_far of pairs of models.

    Two retrained models (the floor), the original and a retrained one, the original and what each
    selected setting makes of it.
    """
    seen = task.original.normalise(task.retain.tensors[0])
    delta = NEAR * regions.typical_distance(seen)
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
