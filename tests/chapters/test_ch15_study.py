"""Are the stopped originals the ones they claim to be, and does an interrupted record go on?"""

import pytest
import torch

import unlearnlab as ul
from unlearnlab.chapters.ch15_interpolation import study as interpolation
from unlearnlab.course.studies import Place, record
from unlearnlab.methods import GD
from unlearnlab.networks import ResNet
from unlearnlab.study import table
from unlearnlab.tasks.erasure import ErasurePreset


@pytest.fixture
def tiny(monkeypatch):
    old = ul.erasure.PRESETS["digits", "quick"]
    network = lambda classes: ResNet(18, classes, width=1 / 32)
    monkeypatch.setitem(
        ul.erasure.PRESETS,
        ("digits", "quick"),
        ErasurePreset(
            network=network,
            recipe=old.recipe.__class__(epochs=1, batch_size=256, lr=3e-2),
            batch_size=256,
            p_forget=0.1,
            p_retain=0.1,
            train_images=500,
            test_images=100,
        ),
    )


def test_a_sine_model_stopped_early_is_the_one_that_training_passes_through(monkeypatch):
    from unlearnlab.data import sine as data
    from unlearnlab.training.fit import fit
    from unlearnlab.training.recipe import full_batch

    monkeypatch.setattr(interpolation, "SINE_EPOCHS", (100, 300))
    rows = {(row["trained"], row["model"]): row for row in interpolation.stopped_sines(2)}
    task, model = ul.sine.task(2), interpolation.seeded(lambda: ul.MLP(ul.sine.WIDTHS), 2_000)
    retain, forget = data.points(2)
    both = [torch.cat(pair) for pair in zip(retain.tensors, forget.tensors)]
    fit(model, *both, full_batch(100))
    assert rows[100, "original"]["sup_error"] == pytest.approx(
        ul.sine.errors(task, model)["sup_error"], rel=1e-4
    )
    assert rows[100_000, "original"]["sup_error"] == pytest.approx(
        task.evaluate(task.original)["sup_error"]
    )
    assert rows[100_000, "retrained"]["sup_error"] == pytest.approx(
        task.evaluate(task.ground_truth)["sup_error"]
    )
    assert rows[100, "GD"]["loss"] == rows[100, "original"]["loss"] > rows[300, "original"]["loss"]
    assert {trained for trained, _ in rows} == {100, 300, 100_000}


def test_wrong_labels_are_wrong_as_many_as_asked_for_and_the_test_images_keep_theirs(tiny):
    clean = ul.erasure.PRESETS["digits", "quick"].images("digits")
    images, noisy = interpolation._mislabelled(clean, 0.2, 3)
    changed = images.train.tensors[1] != clean.train.tensors[1]
    assert torch.equal(changed, noisy) and int(noisy.sum()) == 100
    assert torch.equal(images.test.tensors[1], clean.test.tensors[1])


def test_a_row_for_every_epoch_and_model_and_no_memorised_noise_without_noise(tiny, monkeypatch):
    monkeypatch.setattr(interpolation, "DIGITS_EPOCHS", (1, 2))
    monkeypatch.setattr(interpolation, "UNLEARN_DIGITS", {"GD": GD(lr=1e-3)})
    rows = interpolation.stopped_digits(1, 0.0)
    assert [(row["trained"], row["model"]) for row in rows] == [
        (1, "original"),
        (1, "GD"),
        (2, "original"),
        (2, "GD"),
    ]
    assert all(row["wrong_open"] != row["wrong_open"] for row in rows)
    noisy = interpolation.stopped_digits(1, 0.5)
    assert 0 <= noisy[0]["wrong_closed"] <= 1 and noisy[0]["loss"] > rows[0]["loss"]


def test_the_study_has_a_row_per_model_and_goes_on_where_it_was(tmp_path, monkeypatch):
    asked = []

    def rows(seed, noise=None):
        asked.append((seed, noise))
        return [{"seed": seed, "model": "GD", "loss": 1 / 3, "wrong_open": float("nan")}]

    def failing(seed, noise):
        if seed == 2:
            raise ZeroDivisionError
        return rows(seed, noise)

    study, _ = interpolation.STUDIES
    place = Place(tmp_path / "store", tmp_path / "r.json", say=lambda words: None)
    monkeypatch.setattr(interpolation, "stopped_sines", rows)
    monkeypatch.setattr(interpolation, "stopped_digits", failing)
    with pytest.raises(ZeroDivisionError):
        record(study, place)
    stopped = table.read(place.out)
    assert stopped.provenance["finished"] == "1 of 5 seeds" and set(stopped["models"].seed) == {1}
    monkeypatch.setattr(interpolation, "stopped_digits", rows)
    assert record(study, place) == 5
    frame = table.read(place.out)["models"]
    assert len(frame) == 5 + 4 * 3 == len(set(asked)) == len(asked)  # nothing twice
    assert set(frame.loss) == {0.33333} and frame.wrong_open.isna().all()
