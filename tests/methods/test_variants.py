"""Variants of MinNorm-OG: each does the one thing its name says, and is MinNorm-OG in the rest."""

import copy
from dataclasses import replace

import pytest
import torch
from small_tasks import classification, parameters, regression
from test_batch_norm import convolutional, normalised
from torch import nn

import unlearnlab as ul
from unlearnlab.chapters.ch11_replication import (
    VARIANTS,
    MinNormDirection,
    MinNormOnce,
    MinNormPublished,
    MinNormStart,
)
from unlearnlab.study.store import key, task_parts

TINY = {"lr": 1e-12, "weight_decay": 0.0}  # AdamW then moves nothing that a test can see


def started(task, seed=5):
    return replace(task, facts={"original": {"seed": str(seed)}})


def images(batch_size=None):
    """A small convolutional network with batch norm,
    whose running statistics are those of its data."""
    return normalised(convolutional, batch_size)


def test_once_an_epoch_is_one_projection_an_epoch_however_many_batches():
    task, common = (
        classification(batch_size=4),
        {"reg": 0.5, "reg_decay": 0.5, "n_pert": 4},
    )  # three forget batches
    every, once = (ul.unlearn(task, method(**common), 3) for method in (ul.MinNormOG, MinNormOnce))
    assert [h["strength"] for h in once.history] == [0.5, 0.25, 0.125]
    assert [h["strength"] for h in every.history] == [0.5**3, 0.5**6, 0.5**9]


def test_once_an_epoch_on_a_full_batch_is_minnorm_og():
    task, common = (
        regression(),
        {"reg": 0.5, "reg_decay": 0.5, "n_pert": 4, "project_every": 2, "descent_epochs": 1},
    )
    models = [ul.unlearn(task, method(**common), 4).model for method in (ul.MinNormOG, MinNormOnce)]
    assert torch.equal(parameters(models[0]), parameters(models[1]))


@pytest.mark.parametrize("batch_size", [None, 4])
def test_to_the_start_moves_what_training_changed_and_the_outputs_cannot_feel(batch_size):
    task = started(regression(retain=6, dtype=torch.float64, batch_size=batch_size))
    theta, start = parameters(task.original), parameters(task.fresh(5))
    run = ul.unlearn(task, MinNormStart(reg=0.7, n_pert=99, **TINY), 1)
    if batch_size is None:
        expected = theta - 0.7 * ul.project_out(
            theta - start, ul.output_gradients(task.original, task.retain.tensors[0])
        )
        torch.testing.assert_close(parameters(run.model), expected, rtol=1e-6, atol=1e-8)
    assert (parameters(run.model) - start).norm() < (theta - start).norm()
    plain = ul.unlearn(task, ul.MinNormOG(reg=0.7, n_pert=99, **TINY), 1)
    assert (parameters(plain.model) - parameters(run.model)).norm() > 0.1 * theta.norm()


def test_to_the_start_from_the_start_moves_nothing():
    task = started(regression(), 77)  # the toy's original is untrained: build(77)
    run = ul.unlearn(task, MinNormStart(reg=1, n_pert=5, **TINY), 1)
    torch.testing.assert_close(parameters(run.model), parameters(task.original))


def test_the_start_of_an_experiment_is_where_its_original_began():
    task = ul.erasure.task("digits", "quick", 2)
    assert task.facts["original"]["seed"] == "2000"
    MinNormStart().check(task, 1)


def test_directions_move_as_in_minnorm_og_and_every_filter_keeps_its_length():
    task = images()
    plain, kept = (
        ul.unlearn(task, method(reg=0.6, n_pert=6, **TINY), 1).model
        for method in (ul.MinNormOG, MinNormDirection)
    )
    lengths = lambda model: torch.cat(
        [
            m.weight.detach().flatten(1).norm(dim=1)
            for m in model.modules()
            if isinstance(m, nn.Conv2d)
        ]
    )
    torch.testing.assert_close(lengths(kept), lengths(task.original))
    assert ((lengths(plain) / lengths(task.original) - 1).abs() > 0.02).all()
    for a, b in zip(plain.parameters(), kept.parameters()):
        if a.ndim == 4:
            torch.testing.assert_close(
                a / a.flatten(1).norm(dim=1).view(-1, 1, 1, 1),
                b / b.flatten(1).norm(dim=1).view(-1, 1, 1, 1),
            )
        else:
            torch.testing.assert_close(a, b)


def test_under_the_statistics_of_the_batch_the_length_of_a_filter_changes_no_output():
    task = images()
    x = task.retain.tensors[0]
    longer = copy.deepcopy(task.original).double().train()
    before = longer(x.double())
    for m in longer.modules():
        if isinstance(m, nn.Conv2d):
            m.weight.data.mul_(7)
    torch.testing.assert_close(
        longer(x.double()), before, rtol=1e-3, atol=1e-4
    )  # but for the epsilon of the layer


def test_the_published_procedure_with_all_corrections_is_minnorm_og():
    common = {"reg": 0.5, "reg_decay": 0.5, "n_pert": 4}
    right = {"rows": "eval", "outputs": "after", "decay": "projection", "batch_norm": "retain"}
    for task in (regression(), classification(batch_size=4), images(4)):
        models = [
            ul.unlearn(task, method, 3).model
            for method in (ul.MinNormOG(**common), MinNormPublished(**common, **right))
        ]
        assert torch.equal(parameters(models[0]), parameters(models[1]))


def test_errors_say_what_a_variant_needs():
    with pytest.raises(
        ValueError, match="needs the weights the original started from, and toy does not say"
    ):
        ul.unlearn(regression(), MinNormStart(), 1)
    with pytest.raises(ValueError, match="n_pert must be at least 1, got 0"):
        ul.unlearn(started(regression()), MinNormStart(n_pert=0), 1)
    with pytest.raises(ValueError, match="needs batch norm, and toy's network has none"):
        ul.unlearn(regression(), MinNormDirection(), 1)


def test_a_sweep_takes_variants_by_class_and_they_are_no_published_methods(tmp_path):
    kinds = (ul.MinNormOG, MinNormOnce, MinNormStart)
    grid = {kind: {"epochs": 1, "reg": [0.1, 0.2]} for kind in kinds}
    frame = ul.sweep(
        lambda seed: started(regression(seed)), grid, [1], tmp_path, "serial", progress=False
    )
    assert frame["error"].isna().all() and frame["method"].tolist() == [
        kind.name for kind in kinds for _ in range(2)
    ]
    assert not ul.METHODS.keys() & VARIANTS.keys() and len(VARIANTS) == 4
    # where the original began is part of what a number follows from
    assert key(task_parts(started(regression()))) != key(task_parts(regression()))


def test_a_sweep_makes_its_own_task_where_an_earlier_one_had_the_same_data(tmp_path):
    setting = [(MinNormStart(), 1)]
    ul.sweep(regression, [(ul.MinNormOG(), 1)], [1], tmp_path / "first", "serial", progress=False)
    frame = ul.sweep(
        lambda seed: started(regression(seed)),
        setting,
        [1],
        tmp_path / "second",
        "serial",
        progress=False,
    )
    assert frame["error"].isna().all()  # what the start is, no fingerprint of data says
