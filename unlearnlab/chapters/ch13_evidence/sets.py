"""What do the metrics say when the forget set is another one? A forget set of its own for every
network, and forget sets chosen by how far their examples were learnt by heart."""

import torch
from torch.utils.data import TensorDataset

from ...ground.seeds import from_seed, uniform
from ...loop import unlearn
from ...methods import Method
from ...metrics import Interval, halves, jackknife, margin, memorisation, u_lira
from ...task import Task
from .privacy import BATCH, EPOCHS, FORGET, TRAIN, build, problem
from .shadow import train_ensemble

NETWORKS = 192  # each with a forget set of its own
LEVELS, LEVEL_SIZE, LEVEL_NETWORKS = ("low", "medium", "high"), 30, 16
UNSEEN, FORGOTTEN, RETAINED = range(3)  # what an example is to a network


def several(methods: dict[str, Method]) -> list[dict]:
    """U-LiRA where every network has its own training and its own forget set.

    Of 460 digits each of NETWORKS originals sees 400, and is to forget 60 of them. So every example
    is forgotten by some networks and was never seen by others, while all else is alike. Rows, by
    name and `against`: accuracy, of each example, of telling networks that forgot it from
    "never seen", networks of the same kind that never saw it; or from "retrained", networks that
    were retrained without it. And their mean with its interval over networks.
    """
    the = problem()
    pool = torch.cat([the.forget, the.retain, the.unseen])
    x, y = the.inputs[pool], the.labels[pool]
    roles = drawn(NETWORKS, len(pool))
    included = torch.cat([roles != UNSEEN, roles == RETAINED])
    stack = train_ensemble(build, x, y, included, epochs=20, lr=1e-2, seed=1)
    models = {"original": stack[:NETWORKS], "retrained": stack[NETWORKS:]}
    tasks = [_task(*one, x, y) for one in zip(models["original"], roles == FORGOTTEN, roles > 0)]
    rows, said = [], {}
    for name, method in [*zip(models, (None, None)), *methods.items()]:
        some = models[name] if method is None else _unlearned(tasks, method)
        said[name] = _margins(some, x, y)
    for name, margins in said.items():
        for against, others in (("never seen", None), ("retrained", said["retrained"])):
            if name == "retrained" and others is not None:
                continue
            both = torch.stack([margins, margins if others is None else others, roles.double()], 1)
            rows.append({"name": name, "against": against, **_told_apart(both, others is None)})
    return rows


def _told_apart(both, matched):
    """U-LiRA of every example, and its mean with an interval; both: (networks, 3, n), margins of
    the networks, those of the others, and roles."""

    def accuracies(some):
        roles = some[:, 2]
        outside = roles == (UNSEEN if matched else FORGOTTEN)
        columns = range(some.shape[2])
        forgot = [some[roles[:, i] == FORGOTTEN, 0, i] for i in columns]
        never = [some[outside[:, i], 1, i] for i in columns]
        return torch.cat([u_lira(a[:, None], b[:, None]) for a, b in zip(forgot, never)])

    sure: Interval = jackknife(lambda some: accuracies(some).mean(), both)
    each = [round(value, 3) for value in accuracies(both).tolist()]
    return {"accuracy": each, **{key: round(x, 4) for key, x in sure._asdict().items()}}


def drawn(networks: int, examples: int, seed: int = 0) -> torch.Tensor:
    """(networks, examples): UNSEEN, FORGOTTEN or RETAINED; for each network at random, 60 to
    forget of 400 that it is trained on."""
    rank = uniform(networks, examples, generator=from_seed(seed)).argsort(1).argsort(1)
    roles = torch.full_like(rank, RETAINED)
    roles[rank < FORGET] = FORGOTTEN
    roles[rank >= TRAIN] = UNSEEN
    return roles


def by_memorisation(methods: dict[str, Method]) -> list[dict]:
    """Forget sets of the least, the next to most and the most memorised of the 400 digits, 30 each:
    for every level, name and network its accuracy on forget, retain and test examples, and the mean
    score of the level. Zhao et al. (2024), who refine the forget set so."""
    the = problem()
    chosen = torch.cat([the.forget, the.retain])
    x, y = the.inputs[chosen], the.labels[chosen]
    included = halves(64, len(chosen))
    half = train_ensemble(build, x, y, included, epochs=20, lr=1e-2)
    scores = memorisation(_margins(half, x, y) > 0, included)
    order = scores.argsort(stable=True)
    of_level = order[:LEVEL_SIZE], order[-2 * LEVEL_SIZE : -LEVEL_SIZE], order[-LEVEL_SIZE:]
    everything = torch.ones(LEVEL_NETWORKS, len(chosen), dtype=torch.bool)
    rows = []
    for level, forget in zip(LEVELS, of_level):
        gone = torch.isin(torch.arange(len(chosen)), forget)
        included = torch.cat([everything, (~gone).expand(2 * LEVEL_NETWORKS, -1)])
        stack = train_ensemble(build, x, y, included, epochs=20, lr=1e-2, seed=2)
        models = {"original": stack[:LEVEL_NETWORKS], "retrained": stack[LEVEL_NETWORKS:]}
        tasks = [_task(original, gone, gone | True, x, y) for original in models["original"]]
        models |= {name: _unlearned(tasks, method) for name, method in methods.items()}
        parts = {"forget": (x[gone], y[gone]), "retain": (x[~gone], y[~gone])}
        parts["test"] = the.inputs[the.test], the.labels[the.test]
        score = round(scores[forget].mean().item(), 3)
        for name, some in models.items():
            right = {part: _right(some, *pair) for part, pair in parts.items()}
            for i in range(len(some)):
                own = {part: round(values[i].item(), 4) for part, values in right.items()}
                rows.append({"level": level, "score": score, "name": name, "network": i, **own})
    return rows


def _task(original, forgotten, seen, x, y):
    """One network's own problem; forgotten, seen: (n,) booleans."""
    sets = {"retain": seen & ~forgotten, "forget": forgotten}
    parts = {name: TensorDataset(x[some], y[some]) for name, some in sets.items()}
    parts |= {"build": build, "evaluate": lambda model: {}, "batch_size": BATCH}
    return Task("digits-sets", "classification", 0, original, None, **parts)


def _unlearned(tasks, method):
    return [unlearn(task, method, EPOCHS, seed=i).model for i, task in enumerate(tasks)]


@torch.no_grad()
def _margins(models, x, y):
    return margin(torch.stack([model(x) for model in models]), y).double()


@torch.no_grad()
def _right(models, x, y):
    """Of every model, the share that it has right."""
    return torch.stack([(model(x).argmax(1) == y).double().mean() for model in models])
