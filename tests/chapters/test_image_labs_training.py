"""ErasureLab and CollapseLab on data whose models do not ship: when they are trained, what is said
meanwhile, and what Stop does."""

import pytest
from small_images import small

from unlearnlab.chapters.ch09_erasure import ErasureLab
from unlearnlab.chapters.ch10_collapse import CollapseLab
from unlearnlab.course import unlearning_lab
from unlearnlab.tasks import presets


def listening(monkeypatch):
    """What labs say from now on."""
    said, say = [], unlearning_lab.UnlearningLab.say
    hear = lambda lab, text="", **kind: said.append(text) or say(lab, text, **kind)
    monkeypatch.setattr(unlearning_lab.UnlearningLab, "say", hear)
    return said


@pytest.mark.parametrize("kind, each", [(ErasureLab, [2, 2]), (CollapseLab, [4, 2])])
def test_the_models_of_another_data_set_are_trained_when_asked_for_stopped_resumed_and_kept(
    kind, each, tmp_path, monkeypatch
):
    small(monkeypatch, tmp_path, kind.experiment, "mnist", 28)
    said, trained = listening(monkeypatch), unlearning_lab.ImageLab.trained
    with monkeypatch.context() as patch:
        patch.setattr(
            unlearning_lab.ImageLab,
            "trained",
            lambda lab, *done: trained(lab, *done) or lab.stop.click(),
        )
        lab = kind(dataset="mnist", method="GD", epochs=1)
        lab.wait()
    original, truth = each
    assert said[1].startswith("Getting the images")
    assert said[2].startswith("Training the original of seed 1")
    assert f"epoch 1 of {original}, loss" in said[2]
    assert "Stopped before the models of seed 1 were there" in lab.status.value
    del said[:]
    lab.run.click()
    lab.wait()
    epochs = [text.split(": ")[1].split(",")[0] for text in said if "Training" in text]
    assert epochs == [f"epoch {i} of {original}" for i in range(2, original + 1)]
    assert lab.status.value == "" and len(lab.track) == 2
    assert lab.truth_metrics is None and "ground truth" not in lab.readout.value
    assert not [*tmp_path.rglob("*ground-truth*")]  # nobody has asked for it
    del said[:]
    lab.truth.value = True
    lab.wait()
    epochs = [text.split(": ")[1].split(",")[0] for text in said if "Training" in text]
    assert epochs == [f"epoch {i} of {truth}" for i in range(1, truth + 1)]
    assert "ground truth" in said[-2] and lab.status.value == "" and len(lab.track) == 2
    assert lab.truth_metrics == lab.task.evaluate(lab.task.ground_truth)
    assert "<td>ground truth</td>" in lab.readout.value
    names = [control.description for control in lab.left.children]
    assert len(names) == len(set(names)) > 3
    del said[:]
    again = kind(dataset="mnist", method="GD", epochs=1)
    again.wait()
    assert not any("Training" in text for text in said) and again.track == lab.track
    assert again.truth_metrics == lab.truth_metrics  # it is there: no box need be ticked


def test_a_training_of_the_ground_truth_is_stopped_and_the_lab_goes_on_without(
    tmp_path, monkeypatch
):
    small(monkeypatch, tmp_path, ErasureLab.experiment, "mnist", 28)
    lab = ErasureLab(dataset="mnist", method="GD", epochs=1)
    lab.wait()
    trained = unlearning_lab.ImageLab.trained
    with monkeypatch.context() as patch:
        patch.setattr(
            unlearning_lab.ImageLab,
            "trained",
            lambda lab, *done: trained(lab, *done) or lab.stop.click(),
        )
        lab.truth.value = True
        lab.wait()
    assert "Stopped before the models of seed 1 were there" in lab.status.value
    lab.images.value = 5  # what was there may still be looked at
    assert lab.error is None
    lab.truth.value = False
    lab.wait()
    assert lab.truth_metrics is None and lab.status.value == "" and len(lab.track) == 2
    said = listening(monkeypatch)
    lab.truth.value = True
    lab.wait()
    assert [text for text in said if "Training" in text][0].count("epoch 2 of 2") == 1
    assert lab.truth_metrics and lab.status.value == ""


def test_missing_data_are_told_in_the_lab_which_goes_on_once_they_are_there(tmp_path, monkeypatch):
    def fails(*args, **more):
        raise ConnectionError("cannot download it")

    with monkeypatch.context() as patch:
        patch.setenv("UNLEARNLAB_DATA", str(tmp_path))
        patch.setattr(presets.data, "fetch", fails)
        lab = ErasureLab(dataset="mnist", method="GD", epochs=1)
        with pytest.raises(ConnectionError):
            lab.wait()
    assert "ConnectionError: cannot download it" in lab.status.value and lab.stop.disabled
    data, metadata = lab._repr_mimebundle_()
    assert "image/png" not in data and metadata == {} and data["text/plain"] == lab.summary
    small(monkeypatch, tmp_path, lab.experiment, "mnist", 28)
    lab.run.click()
    lab.wait()
    assert len(lab.track) == 2 and lab.status.value == ""
    assert "image/png" in lab._repr_mimebundle_()[0]
