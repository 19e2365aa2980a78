"""The recorded metrics of label erasure and of the sine, and the probe that reads colors."""

import dataclasses
from pathlib import Path

import pytest
import torch
from torch import nn

import unlearnlab as ul
from unlearnlab.chapters.ch14_to_forget import study
from unlearnlab.course.studies import Place, record
from unlearnlab.study import table

RESULTS = Path(__file__).parents[2] / "notebooks" / "results"


@pytest.fixture(scope="module")
def recorded():
    names = {"erasure": "evidence-erasure", "sine": "evidence-sine"}
    return {key: table.read(RESULTS / f"{name}.json")["runs"] for key, name in names.items()}


class Seeing(nn.Module):
    """Its features are the mean of every channel: colors, and nothing else; or noise."""

    def __init__(self, sees):
        super().__init__()
        self.sees = sees

    def features(self, pixels):
        colors = pixels.double().mean((2, 3))
        noise = torch.randn(colors.shape, generator=torch.Generator().manual_seed(len(pixels)))
        return colors if self.sees else noise.double()


def test_the_probe_reads_colors_that_are_there_and_no_others():
    images = ul.erasure.images()
    fit, test = images.train[:50], images.test[:100]
    assert study.readable(Seeing(True), fit, test) > 0.99
    assert abs(study.readable(Seeing(False), fit, test) - 1 / 3) < 0.1


def test_the_records_hold_every_method_at_the_setting_of_its_own_record(recorded):
    erased, poisoned = recorded["erasure"], recorded["sine"]
    names = {"untrained", "original", "ground truth", *ul.METHODS}
    assert set(erased.method) == names and len(erased) == len(names) * 5
    assert erased.mia.between(0.4, 0.7).all() and erased.probe.between(1 / 3, 1).all()
    names = {"original", "ground truth", *ul.sine.best_settings(100)}
    assert set(poisoned.method) == names and len(poisoned) == len(names) * 10
    best = study.nearest(table.read("erasure")["runs"])
    assert list(best) == list(ul.METHODS) and best["GD"][1] == 3


@pytest.mark.parametrize("dataset", ["mnist", "cifar10"])
def test_larger_images_have_the_same_columns_but_no_relearning(dataset, recorded):
    frame = table.read(RESULTS / f"evidence-erasure-{dataset}-quick.json")["runs"]
    assert {*frame.columns} == {*recorded["erasure"].columns} - {"relearn"}
    assert set(frame.method) == set(recorded["erasure"].method)


def test_a_study_writes_its_rows_and_where_its_settings_come_from(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "erased", lambda task, images, best: [{"seed": 1}])
    one = dataclasses.replace(study.study(), seeds=(1,))
    record(one, Place(tmp_path / "store", tmp_path / "it.json", say=lambda words: None))
    written = table.read(tmp_path / "it.json")
    assert written.rows["runs"] == [{"seed": 1}]
    source = table.read(RESULTS / "erasure.json").provenance
    assert written.provenance["erasure"] == source["commit"]


def test_the_other_copies_are_the_colored_images_that_were_not_trained_on():
    task = ul.erasure.task(seed=2)
    others = study.other_copies(ul.erasure.images(), len(task.forget), 2)
    key = lambda data: {
        (bytes(x.numpy().tobytes()), tuple(y.tolist())) for x, y in zip(*data.tensors)
    }
    assert not key(others) & key(task.forget)
    assert len(others) == 2 * len(task.forget)
    assert set(others.tensors[1][:, 1].tolist()) == {1, 2}


def test_a_sines_row_says_what_the_models_say(recorded):
    """Of seed 3, by plain sums: the shares within .1, and the largest error."""
    task, row = (
        ul.sine.task(3),
        recorded["sine"].query("seed == 3 and method == 'ground truth'").iloc[0],
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
    told = recorded["erasure"].query("seed == 1 and method == 'original'").iloc[0]
    with torch.no_grad():
        content, color = task.original(task.forget.tensors[0])
    right = (content.argmax(1) == task.forget.tensors[1][:, 0]) & (
        color.argmax(1) == task.forget.tensors[1][:, 1]
    )
    assert abs(told.forget - right.double().mean().item()) < 0.01
    assert (
        recorded["erasure"].query("method == 'ground truth'").forget.max() == 0
    )  # it has no word for red
