"""The recorded evidence: who is who, what is chosen, and a file that comes back
as it was written."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import unlearnlab as ul
from unlearnlab.chapters.ch13_evidence import challenge, privacy, verdicts
from unlearnlab.chapters.ch13_evidence import study as evidence
from unlearnlab.course.studies import Place, record
from unlearnlab.study import table

RECORD = Path(__file__).parents[2] / "notebooks" / "results" / "evidence.json"


@pytest.fixture(scope="module")
def recorded():
    return verdicts.load(RECORD)


def test_nobody_has_two_roles_and_the_unseen_are_of_the_same_classes():
    the = privacy.problem()
    parts = [the.forget, the.retain, the.unseen, the.validation, the.test]
    everyone = torch.cat(parts)
    assert len(everyone) == len(everyone.unique()) and [len(part) for part in parts[:3]] == [
        60,
        340,
        60,
    ]
    assert torch.equal(
        the.labels[the.forget].bincount(minlength=10), the.labels[the.unseen].bincount(minlength=10)
    )
    assert (
        the.inputs.min() >= -0.5
        and the.inputs.max() <= 0.5
        and torch.equal(privacy.data(the, "test").tensors[1], the.labels[the.test])
    )


def test_only_originals_learn_the_forget_set(monkeypatch):
    seen = {}
    monkeypatch.setattr(
        privacy,
        "train_ensemble",
        lambda build, x, y, included, **more: seen.update(included=included),
    )
    the = privacy.problem()
    privacy.train(the, torch.tensor([True, False]), 0)
    rows = seen["included"]
    assert rows[:, the.retain].all() and rows[0, the.forget].all() and not rows[1, the.forget].any()
    assert rows.sum(1).tolist() == [400, 340]


def test_the_setting_with_the_least_privacy_loss_is_chosen(monkeypatch):
    """J from the errors by hand: E_val + lambda (|E_forget - E_val| - E_val)."""
    wrong = {0.001: (0.0, 0.1), 0.003: (0.1, 0.12), 0.01: (0.3, 0.3)}  # by rate: forget, validation
    monkeypatch.setattr(
        privacy, "unlearn", lambda task, method, epochs: type("Run", (), {"model": method.lr})
    )
    monkeypatch.setattr(
        privacy, "_right", lambda lr, data: 1 - wrong[lr][0 if data == "forget" else 1]
    )
    monkeypatch.setattr(privacy, "data", lambda the, part: part)
    assert privacy.choose(None, [None], "GD").lr == 0.003
    assert privacy._goal(None, 0.001) == pytest.approx(0.6 * 0.1 + 0.4 * 0.1)


def test_the_record_holds_every_method_and_its_margins_fit_its_accuracies(recorded):
    found, rows, made = recorded
    erased, poisoned = rows["erasure"], rows["sine"]
    names = ["original", "retrained", *ul.METHODS]
    for part, count in (("forget", 60), ("unseen", 60), ("retain", 20)):
        assert list(found.margins[part]) == names
        assert all(
            rows.shape == (64 if name == "retrained" else 32, count)
            for name, rows in found.margins[part].items()
        )
    for name in names:  # what has more than half of the probability is right, and more may be
        assert (
            (found.margins["forget"][name] > 0).double().mean(1)
            <= found.accuracy["forget"][name] + 1e-4
        ).all()
    assert (
        found.accuracy["retain"]["original"].mean() > 0.999
        and made["command"] == "python -m unlearnlab.experiments.evidence"
    )
    assert (
        set(erased.method) == {"original", "ground truth", *ul.METHODS}
        and len(erased) == 15 * 5
        and erased.mia.between(0.4, 0.7).all()
    )
    assert (
        set(poisoned.method) == {"original", "ground truth", *ul.sine.best_settings(100)}
        and len(poisoned) == 10 * 10
    )


def test_recorded_originals_can_be_made_again(recorded):
    """Two of the 32, trained in another stack, by the same seeds, orders and number of batches
    apart: alike, not equal."""
    the = privacy.problem()
    again = privacy.train(the, torch.tensor([True, True]), 0)
    said = torch.stack([model(the.inputs[the.forget]) for model in again])
    margins = ul.metrics.margin(said, the.labels[the.forget])
    told = recorded[0].margins["forget"]["original"]
    assert (margins > 0).double().mean() > 0.97 and (
        margins.mean() - told.mean()
    ).abs() < 3 * told.mean(1).std()


def test_the_other_copies_are_the_colored_images_that_were_not_trained_on():
    task = ul.erasure.task(seed=2)
    others = evidence._other_copies(task, 2)
    key = lambda data: {
        (bytes(x.numpy().tobytes()), tuple(y.tolist())) for x, y in zip(*data.tensors)
    }
    count = len(ul.erasure.images().train)
    assert not key(others) & key(task.forget) and len(others) + len(task.forget) == 2 * count
    assert set(others.tensors[1][:, 1].tolist()) == {1, 2}


def test_a_sines_row_says_what_the_models_say(recorded):
    """Of seed 3, by plain sums: the shares within .1, and the largest error."""
    task, row = (
        ul.sine.task(3),
        recorded[1]["sine"].query("seed == 3 and method == 'ground truth'").iloc[0],
    )
    with torch.no_grad():
        close = {
            part: ((task.ground_truth(x) - y).abs() < 0.1).double().mean().item()
            for part, (x, y) in (("forget", task.forget.tensors), ("retain", task.retain.tensors))
        }
    assert all(
        abs(row[part] - share) < 0.03 for part, share in close.items()
    ) and row.sup_error == pytest.approx(task.evaluate(task.ground_truth)["sup_error"], abs=1e-3)
    assert 0.2 < row.test <= 1 and 0 <= row.mia <= 1 and 0 < row.relearn <= 200


def test_an_erasures_row_has_both_heads_right(recorded):
    task = ul.erasure.task(seed=1)
    told = recorded[1]["erasure"].query("seed == 1 and method == 'original'").iloc[0]
    with torch.no_grad():
        content, color = task.original(task.forget.tensors[0])
    right = (content.argmax(1) == task.forget.tensors[1][:, 0]) & (
        color.argmax(1) == task.forget.tensors[1][:, 1]
    )
    assert abs(told.forget - right.double().mean().item()) < 0.01
    assert (
        recorded[1]["erasure"].query("method == 'ground truth'").forget.max() == 0
    )  # it has no word for red


def test_the_study_has_three_experiments_and_reads_the_settings_of_erasures_runs(
    tmp_path, monkeypatch
):
    margins = {"part": "forget", "name": "retrained", "network": 0, "margins": [1.25, -3.0]}
    tables = {
        "settings": [{"method": "GD", "setting": "lr 0.1"}],
        "level": [{"relearn_level": 0.5}],
        "relearn": [
            {"name": "original", "network": i, "steps": steps} for i, steps in enumerate((3, None))
        ],
        "margins": [margins, margins | {"network": 1, "margins": [0.0, 1.0]}],
        "accuracy": [{"part": "forget", "name": "original", "network": 0, "accuracy": 0.5}],
    }
    given = {}
    monkeypatch.setattr(privacy, "experiment", lambda say: tables)
    monkeypatch.setattr(
        evidence,
        "erased",
        lambda seed, settings: given.update(settings) or [{"seed": seed, "relearn": None}],
    )
    monkeypatch.setattr(evidence, "poisoned", lambda seed: [{"seed": seed, "relearn": 4}])
    (study,) = evidence.STUDIES
    assert (
        record(study, Place(tmp_path / "store", tmp_path / "evidence.json", say=lambda words: None))
        == 11
    )
    found, frames, made = verdicts.load(tmp_path / "evidence.json")
    assert found.margins["forget"]["retrained"].tolist() == [
        [1.25, -3.0],
        [0.0, 1.0],
    ] and found.settings == {"GD": "lr 0.1"}
    assert found.accuracy["forget"]["original"].tolist() == [0.5] and found.relearn == {
        "original": [3, np.inf]
    }
    assert frames["erasure"].relearn.tolist() == 5 * [np.inf] and frames[
        "sine"
    ].relearn.tolist() == 10 * [4]
    assert (
        list(given) == list(ul.METHODS)
        and made["erasure"] == table.read(RECORD.with_name("erasure.json")).provenance["commit"]
    )


def test_a_verdict_is_the_metric_against_the_other_half_of_the_retrained(recorded):
    found = recorded[0]
    rows = found.margins["unseen"]
    scores, each, floor = verdicts.judge(found, "challenge epsilon", "unseen")
    epsilons = challenge.epsilons(rows["GD"], rows["retrained"][32:])
    assert torch.equal(each["GD"], epsilons)
    assert scores["GD"] == challenge.forgetting_quality(epsilons)
    assert list(scores) == ["original", "retrained", *ul.METHODS] and floor.ndim == 1
    sure = verdicts.sure(found, "KLoM", "forget", "GD")
    assert sure == ul.metrics.jackknife(
        lambda a, b: ul.metrics.klom(a, b).mean(),
        found.margins["forget"]["GD"],
        found.margins["forget"]["retrained"][32:],
    )
    scores, floor = verdicts.attack(found, 3, others=2)
    losses = [F.softplus(-found.margins[part]["GA"][3]) for part in ("forget", "unseen")]
    assert scores["GA"] == ul.metrics.mia(*losses, repeats=1) and floor.shape == (2,)
