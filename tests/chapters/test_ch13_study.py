"""The recorded evidence: who is who, what is chosen, and a file that comes back
as it was written."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import unlearnlab as ul
from unlearnlab.chapters.ch13_evidence import challenge, privacy, verdicts
from unlearnlab.course.studies import Place, record

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
    found, made = recorded
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
        and made["command"] == "python -m unlearnlab.study evidence"
    )
    assert list(found.methods) == list(ul.METHODS)


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


def test_what_is_recorded_comes_back_as_it_was_written(tmp_path, monkeypatch):
    margins = {"part": "forget", "name": "retrained", "network": 0, "margins": [1.25, -3.0]}
    tables = {
        "settings": [{"method": "GD", "setting": "lr 0.1", "lr": 0.1}],
        "relearn": [
            {"name": "original", "network": i, "steps": steps} for i, steps in enumerate((3, None))
        ],
        "margins": [margins, margins | {"network": 1, "margins": [0.0, 1.0]}],
        "accuracy": [{"part": "forget", "name": "original", "network": 0, "accuracy": 0.5}],
    }
    monkeypatch.setattr(privacy, "experiment", lambda say: tables)
    (study,) = privacy.STUDIES
    place = Place(tmp_path / "store", tmp_path / "evidence.json", say=lambda words: None)
    assert record(study, place) == 1
    found, _ = verdicts.load(tmp_path / "evidence.json")
    assert found.margins["forget"]["retrained"].tolist() == [[1.25, -3.0], [0.0, 1.0]]
    assert found.settings == {"GD": "lr 0.1"} and found.methods == {"GD": ul.GD(lr=0.1)}
    assert found.accuracy["forget"]["original"].tolist() == [0.5]
    assert found.relearn == {"original": [3, np.inf]}


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
