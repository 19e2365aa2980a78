"""What no public function can use is refused in words that name the argument."""

import dataclasses
import tempfile
import threading

import numpy as np
import pandas
import pytest
import torch

import unlearnlab as ul
from unlearnlab.chapters.ch07_two_layer.fitting import fit
from unlearnlab.training.fit import Stopped

X = torch.randn(12, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
Y = X[:, 0] * 1
MODELS = torch.randn(12, 30, generator=torch.Generator().manual_seed(1))
LAYERS = ul.linear_network.min_param_norm(X[0], [4, 3])
ODD = {
    "None": None,
    "nan": float("nan"),
    "inf": float("inf"),
    "words": "some words",
    "complex": 1j,
    "negative": -3,
    "huge": 1e300,
    "a list": [None, "a"],
    "an object": object(),
    "numpy": np.full((2, 2), np.nan),
    "whole numbers": torch.arange(6).reshape(2, 3),
    "no numbers": torch.full((12, 5), torch.nan),
    "another shape": torch.zeros(3, 2, 4),
    "half": torch.zeros(3, dtype=torch.bool),
    "one number": torch.tensor(2.5),
    "a table": pandas.DataFrame({"a": [1]}),
}
N, L, M = ul.linear, ul.linear_network, ul.metrics
HALF = M.halves(12, 30)
GAPS = {"retain_accuracy": 0.5, "forget_accuracy": 0.5, "test_accuracy": 0.5}
LABELS = torch.arange(12) % 2
LABELS30 = torch.arange(30) % 2
TASK = ul.Task(
    "mine",
    "classification",
    0,
    torch.nn.Linear(5, 2),
    None,
    (X.float(), LABELS),
    (X[:2].float(), LABELS[:2]),
    lambda seed: torch.nn.Linear(5, 2),
    lambda model: {"wrong": 0.5},
)
RUNS = pandas.DataFrame({"method": ["GD"], "epochs": [1], "lr": [0.1], "seed": [1], "wrong": [0.5]})
CALLS = {
    ul.project_out: {"theta": X[0], "rows": X[:3]},
    ul.output_gradients: {"model": ul.MLP([5, 3, 1])},
    ul.minnorm_step: {"model": ul.MLP([5, 3, 1]), "strength": 0.5},
    ul.MLP: {"widths": [3, 2, 2], "activation": torch.nn.ReLU},
    N.min_norm: {"X": X, "y": Y},
    N.unlearn: {"theta": X[0], "X_retain": X[:3]},
    L.unlearn: {"layers": LAYERS, "X_retain": X[:3]},
    L.min_param_norm: {"w": X[0], "widths": [4, 3]},
    ul.two_layer.sparsify: {"c": X[0], "features": X},
    ul.two_layer.features: {"A": X[:4], "X": X, "activation": torch.relu},
    ul.two_layer.rank: {"features": X},
    ul.sine.task: {"seed": 1, "preset": "quick"},
    ul.curve.task: {"seed": 1},
    ul.GD: {"lr": 0.1, "weight_decay": 0.1},
    ul.MinNormOG: {"reg": 0.1, "reg_decay": 0.9, "n_pert": 5, "project_every": 2},
    M.margin: {"logits": MODELS, "labels": torch.zeros(12, dtype=torch.long)},
    M.mia: {"seen": MODELS[0], "unseen": MODELS[1], "folds": 2, "repeats": 1, "seed": 0},
    M.klom: {"unlearned": MODELS, "retrained": MODELS, "bins": 5, "floor": 0.1},
    M.u_lira: {"unlearned": MODELS, "retrained": MODELS, "folds": 3, "seed": 0},
    M.lira_score: {"phi": MODELS, "inside": MODELS, "outside": MODELS},
    M.halves: {"models": 4, "examples": 3, "seed": 0},
    M.memorisation: {"correct": HALF, "included": HALF},
    M.memorisation_floor: {"correct": HALF, "included": HALF, "draws": 2, "seed": 0},
    M.interval: {"values": [1.0, 2.0], "level": 0.5},
    M.against_itself: {"metric": M.klom, "retrained": MODELS, "draws": 2, "seed": 0},
    N.gd_limit: {"X": X[:3], "y": Y[:3], "start": X[0]},
    N.ridge: {"X": X, "y": Y, "lam": 0.1},
    ul.two_layer.cut: {"A": X[:4], "c": X[0, :4], "X_retain": X, "activation": torch.relu},
    ul.two_layer.predict: {"A": X[:4], "c": X[0, :4], "X": X, "activation": torch.relu},
    ul.two_layer.active_neurons: {"A": X[:4], "c": X[0, :4]},
    M.tow: {"unlearned": GAPS, "retrained": GAPS},
    M.average_gap: {"unlearned": GAPS, "retrained": GAPS},
    ul.sine.best_settings: {"epochs": 10},
    ul.sine.published_grid: {"epochs": 10},
    ul.unlearn: {"task": TASK, "method": ul.GD(), "epochs": 1, "seed": 0, "callback": None},
    ul.table.read: {"path": "table1"},
}

STOP = threading.Event()
STOP.set()  # so that nothing is trained
WORK = tempfile.mkdtemp()
IMAGES = {"seed": 1, "batch_size": 64, "cache": WORK, "device": "cpu", "evaluate_in": None}
IMAGES |= {"recipe": None, "stop": STOP}
CALLS |= {
    ul.erasure.task: IMAGES | {"p_color": None, "both_heads": True},
    ul.collapse.task: IMAGES | {"p_forget": None, "warm_start": None},
    ul.width.task: IMAGES | {"network": "resnet18", "share": 0.2, "forget": 200},
    ul.sine.task: {"seed": 1, "preset": "quick", "progress": None, "stop": None},
    ul.passage.task: {"seed": 1, "p_retain": 0.2, "cache": WORK, "progress": None, "stop": STOP},
    ul.sweep: {
        "grid": {"GD": {"epochs": 1}},
        "seeds": [1],
        "store": f"{WORK}/runs",
        "backend": "serial",
        "workers": 1,
        "threads": 1,
        "run_seed": 0,
        "progress": False,
        "stop": None,
    },
    ul.table.write: {"provenance": {"a": "b"}},
    TASK.to: {"device": "cpu"},
    L.flatten: {"layers": LAYERS},
    L.random_network: {"m": 3, "widths": [2], "seed": 0},
}
CALLS |= {
    kind: {f.name: f.default for f in dataclasses.fields(kind)}
    for kind in (*ul.METHODS.values(), ul.NTK, ul.RUM)
}

TWO = RUNS.loc[[0, 0]].assign(seed=[1, 2], right=0.5)
C, IMAGE_SET = ul.choosing, ul.images.load("digits")
FEW = torch.utils.data.TensorDataset(*(t[:20] for t in IMAGE_SET.train.tensors))
PARTS = ul.width.splits(seed=1)
SINE, CURVE = ul.sine.task(1), ul.curve.task(1)


def jackknife(score, models, groups, seed, level):
    M.jackknife(score, models, groups=groups, seed=seed, level=level)


def own(low, high, positive):
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Mine(ul.Method):
        margin: float = ul.hyperparameter(low=low, high=high, positive=positive)


CALLS |= {
    jackknife: {
        "score": lambda a: float(a.double().mean()),
        "models": MODELS,
        "groups": 3,
        "seed": 0,
        "level": 0.9,
    },
    M.gap_floor: {"metric": M.tow, "retrained": [GAPS, GAPS]},
    C.front: {"points": np.ones((3, 2))},
    C.hypervolume: {"points": np.zeros((3, 2)), "reference": [1, 1]},
    C.standard_error: {"values": [1.0, 2.0]},
    C.held_out: {"frame": TWO, "metrics": ["wrong", "right"], "reference": [1, 1]},
    C.points: {"frame": TWO, "metrics": ["wrong"]},
    ul.select: {"frame": TWO, "metric": "wrong", "rule": "oracle", "by": ("method",)},
    ul.sine.evaluate: {"model": SINE.original},
    ul.sine.errors: {"task": SINE, "model": SINE.original},
    ul.curve.evaluate: {"model": CURVE.original},
    ul.erasure.evaluate: {
        "model": ul.erasure.task().original,
        "test": FEW,
        "both_heads": True,
        "precision": None,
    },
    ul.collapse.evaluate: {"model": ul.collapse.task().original, "test": FEW, "precision": None},
    ul.width.evaluate: {
        "model": ul.width.task(width=3 / 32).original,
        "parts": PARTS,
        "precision": None,
    },
    ul.passage.evaluate: {"model": ul.passage.task(1).original, "seed": 1},
    ul.erasure.forget_set: {"images": IMAGE_SET, "p_color": 0.1, "seed": 1},
    ul.erasure.retain_set: {"images": IMAGE_SET},
    ul.erasure.painted: {"data": FEW, "name": "red"},
    ul.collapse.forget_set: {"images": IMAGE_SET, "p_forget": 0.1, "seed": 1},
    ul.collapse.retain_set: {"images": IMAGE_SET},
    ul.width.splits: {"dataset": "digits", "preset": "quick", "seed": 1, "share": 0.2},
    ul.width.ladder: {"dataset": "digits", "preset": "quick", "network": "resnet18"},
    ul.images.load: {"name": "digits"},
    ul.recipes.Recipe: dataclasses.asdict(ul.recipes.Recipe(epochs=1, batch_size=2, lr=0.1)),
    ul.recipes.full_batch: {"epochs": 1, "lr": 0.1, "weight_decay": 0.1},
    L.unflatten: {"theta": L.flatten(LAYERS), "like": LAYERS},
    L.norm_squared: {"layers": LAYERS},
    L.predictor: {"layers": LAYERS},
    L.upper: {"layers": LAYERS},
    L.output_gradients: {"layers": LAYERS, "X": X},
    L.perturbation: {"layers": LAYERS, "X_retain": X[:3]},
    own: {"low": 0.0, "high": 4.0, "positive": False},
    ul.Task: {name: value for name, value in vars(TASK).items() if name != "ground_truth"}
    | {"ground_truth": None, "build": None},
    TASK.fresh: {"seed": 1},
    ul.minnorm_step: {
        "model": ul.MLP([5, 3, 1]),
        "strength": 0.5,
        "solver": "auto",
        "toward": None,
        "outputs": "largest",
    },
    ul.output_gradients: {"model": ul.MLP([5, 3, 1]), "outputs": "largest"},
    ul.unlearn: CALLS[ul.unlearn] | {"products": "float32", "stop": None, "whole": False},
    M.mia: CALLS[M.mia]
    | {"attack": "logistic", "seen_labels": LABELS30, "unseen_labels": LABELS30},
    fit: {"X": X[:3, :2], "y": Y[:3], "width": 8, "activation": torch.tanh, "seed": 0},
}

INPUTS = {"inputs": X.float()}  # what a model takes, it says itself
OTHERS = {ul.output_gradients: INPUTS, ul.minnorm_step: INPUTS}
OTHERS[ul.sweep] = {"task_factory": lambda seed: TASK}
OTHERS[ul.table.write] = {"path": f"{WORK}/table.json", "tables": {"runs": RUNS}}


def name_of(function):
    return f"{function.__module__.removeprefix('unlearnlab.')}.{function.__name__}"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("function", CALLS, ids=name_of)
def test_what_a_function_cannot_use_is_refused_by_name(function, monkeypatch):
    monkeypatch.chdir(WORK)  # words are a good name of a folder
    good, unclear = CALLS[function], []
    more = OTHERS.get(function, {})
    function(**good, **more)
    for argument in good:
        for what, odd in ODD.items():
            try:
                function(**good | more | {argument: odd})
            except Stopped:
                pass
            except (TypeError, ValueError, OSError, ArithmeticError) as error:
                if argument not in str(error) and not isinstance(error, OSError):
                    unclear.append(f"{argument}: {what}: {type(error).__name__}: {error}")
            except Exception as error:
                unclear.append(f"{argument}: {what}: {type(error).__name__}: {error}")
    assert not unclear, "\n" + "\n".join(unclear)
