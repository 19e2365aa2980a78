"""ErasureLab in-process: every control everywhere, its numbers against the task's, Stop, errors,
and the picture for web pages."""

import dataclasses
import io
import threading

import ipywidgets
import numpy as np
import pytest
from patience import END
from PIL import Image
from small_images import small

import unlearnlab as ul
from unlearnlab.chapters import ch09_erasure as ch
from unlearnlab.course import unlearning_lab
from unlearnlab.data.tint import tint
from unlearnlab.tasks import erasure, presets


@pytest.fixture(scope="module")
def one():
    made = ch.ErasureLab(seed=2, method="GD", epochs=1)
    yield made
    made.job.stop()
    made.job.wait(END)


@pytest.fixture()
def lab(one):
    """The same lab for every test, put back to where it began: another one takes a second."""
    for control, value in (
        (one.seed, 2),
        (one.name, "GD"),
        (one.epochs, 1),
        (one.images, 1),
        (one.zoom, False),
    ):
        control.value = value
    one.reset.click()
    one.wait()
    return one


def positions(slider):
    """Least, middle, greatest value of a slider."""
    if isinstance(slider, ipywidgets.FloatLogSlider):
        return [10**slider.min, 10 ** ((slider.min + slider.max) / 2), 10**slider.max]
    middle = (slider.min + slider.max) / 2
    return [
        slider.min,
        int(middle) if isinstance(slider, ipywidgets.IntSlider) else middle,
        slider.max,
    ]


def alone(lab, monkeypatch):
    """Runs without the seconds of the unlearning and its measuring: the model stays as it is."""

    def still(task, method, epochs, callback, stop):
        method.check(task, epochs)
        run = ul.Run(method, epochs, 0, task.original, [{"epoch": 0}], metrics=lab.start_metrics)
        callback(run)
        return run

    monkeypatch.setattr(
        lab, "task", dataclasses.replace(lab.task, evaluate=lambda model: lab.start_metrics)
    )
    monkeypatch.setattr(unlearning_lab, "unlearn", still)


@pytest.mark.parametrize(
    "name", ["MinNorm-OG", "SCRUB", "NGD", "Ridge"]
)  # they have every slider between them
def test_every_hyperparameter_at_least_middle_and_greatest_makes_a_run_without_an_error(
    one, name, monkeypatch
):
    lab = one
    alone(lab, monkeypatch)
    lab.epochs.value, lab.name.value = 4, name
    lab.wait()
    assert "lr" in lab.hyperparameters
    for key, slider in lab.hyperparameters.items():
        for value in positions(slider):
            frames, changed = lab.canvas.frames, slider.value != value
            slider.value = value
            lab.wait()
            assert lab.canvas.frames > frames or not changed, (key, value)
            assert getattr(lab.method, key) == pytest.approx(value) and lab.status.value == ""


@pytest.mark.parametrize("name", ul.METHODS)
def test_every_method_really_runs_from_its_first_values(one, name):
    lab = one
    lab.epochs.value, lab.name.value = 1, name
    lab.wait()
    expected = (
        dataclasses.replace(lab.settings[name], descent_epochs=1)
        if name == "MinNorm-OG"
        else lab.settings[name]
    )
    for f in dataclasses.fields(expected):
        assert getattr(lab.method, f.name) == (
            pytest.approx(v) if isinstance(v := getattr(expected, f.name), float) else v
        )
    assert f"<td>{name}</td>" in lab.readout.value and len(lab.track) == 2


def test_seed_epochs_images_and_zoom_at_their_ends_give_new_pictures(lab, monkeypatch):
    alone(lab, monkeypatch)
    for control, values in (
        (lab.seed, (1, 3, 5)),
        (lab.epochs, (20, 10, 1)),
        (lab.images, (lab.images.max, 40, 1)),
        (lab.zoom, (True, False)),
    ):
        for value in values:
            before, frames = lab.canvas.png(), lab.canvas.frames
            control.value = value
            lab.wait()
            assert lab.canvas.frames > frames and lab.status.value == ""
            assert lab.canvas.png() != before or control is lab.epochs
    assert lab.task.seed == 5


def test_what_is_shown_is_what_unlearn_and_the_task_give(lab):
    lab.epochs.value = 2
    lab.wait()
    task, seen = ul.erasure.task(seed=2), []
    run = ul.unlearn(
        task, lab.settings["GD"], 2, callback=lambda run: seen.append(task.evaluate(run.model))
    )
    way = [(m["retain_accuracy"], m["forget_error"]) for m in [task.evaluate(task.original), *seen]]
    assert lab.track == way and np.array_equal(lab.picture.track.get_xydata(), way)
    for model in (task.original, task.ground_truth, run.model):
        assert f"{task.evaluate(model)['forget_error']:.3f}</td>" in lab.readout.value
    lab.images.value = 3
    pixels, labels = (t[8:12] for t in erasure.images().test.tensors)
    for row, (name, color) in enumerate(erasure.COLORS.items()):
        digits, colors = run.model(tint(pixels, color))
        for i, text in enumerate(lab.picture.after[4 * row : 4 * row + 4]):
            mark, digit, said, p = text.get_text().split()
            assert (int(digit), said) == (
                digits[i].argmax(),
                list(erasure.COLORS)[colors[i].argmax()],
            )
            assert float(p) == pytest.approx(colors[i].softmax(0)[0].item(), abs=0.006)
            assert (mark == "✓") == (int(digit) == labels[i] and said == "gray")
            assert (
                lab.picture.before[4 * row + i].get_text().split()[2] == name
            )  # the original still sees color


def test_the_run_before_stays_as_a_ghost_and_another_seed_removes_it(lab):
    lab.name.value = "NGP"
    lab.wait()
    first = lab.track
    lab.name.value = "GD"
    lab.wait()
    assert (
        np.array_equal(lab.picture.ghost.get_xydata(), first)
        and "NGP" in lab.picture.titles[2].get_text()
    )
    lab.images.value = 2
    assert np.array_equal(lab.picture.ghost.get_xydata(), first)
    lab.seed.value = 3
    lab.wait()
    assert len(lab.picture.ghost.get_xydata()) == 0 and lab.picture.titles[2].get_text() == ""


def test_stop_ends_a_run_and_says_how_far_it_came(lab, monkeypatch):
    began, real = threading.Event(), ul.unlearn

    def endless(task, method, epochs, callback, stop):
        return real(
            task, method, 10**6, callback=lambda run: (callback(run), began.set()), stop=stop
        )

    with monkeypatch.context() as patch:
        patch.setattr(unlearning_lab, "unlearn", endless)
        lab.run.click()
        assert began.wait(END) and not lab.stop.disabled
        lab.images.value = 5  # the picture may be changed on the way
        lab.stop.click()
        lab.wait()
    assert "Stopped in epoch" in lab.status.value and lab.stop.disabled
    assert lab.picture.after[0].get_text()
    lab.run.click()
    lab.wait()
    assert lab.status.value == ""


def test_images_chosen_at_the_very_end_of_a_run_get_their_captions(lab, monkeypatch):
    def late(*args, **kwargs):
        run = ul.unlearn(*args, **kwargs)
        lab.images.value = 6
        assert lab.picture.after[0].get_text() == ""  # the model is not the lab's yet
        return run

    monkeypatch.setattr(unlearning_lab, "unlearn", late)
    lab.run.click()
    lab.wait()
    assert all(text.get_text() for text in lab.picture.after)


def test_the_newest_request_wins(lab):
    lab.epochs.value = 20
    for value in (1e-3, 2e-3):
        lab.hyperparameters["lr"].value = value
    lab.epochs.value = 1
    lab.wait()
    assert "for 1 epoch<" in lab.readout.value and len(lab.track) == 2


def test_a_diverged_run_is_shown_and_gone_after_the_next(lab, monkeypatch):
    def diverge(*args, **kwargs):
        raise ul.Diverged("GD: the loss became <nan>")

    with monkeypatch.context() as patch:
        patch.setattr(unlearning_lab, "unlearn", diverge)
        lab.run.click()
        with pytest.raises(ul.Diverged):
            lab.wait()
    assert "Diverged: GD: the loss became &lt;nan&gt;" in lab.status.value and lab.stop.disabled
    lab.run.click()
    lab.wait()
    assert lab.status.value == ""


def test_an_error_while_drawing_again_is_shown_kept_and_cleared(lab, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(lab.picture, "show_images", lambda *args: 1 / 0)
        lab.images.value = 9
        with pytest.raises(ZeroDivisionError):
            lab.wait()
    assert "ZeroDivisionError" in lab.status.value
    lab.images.value = 10
    lab.wait()
    assert lab.status.value == ""


def test_values_that_do_not_fit_are_told_and_nothing_runs(lab):
    frames = lab.canvas.frames
    slider = lab.hyperparameters["lr"]
    slider.min = -400  # 10 ** -400 is 0
    slider.value = 0
    lab.wait()
    assert "lr must be a number greater than 0" in lab.status.value and lab.canvas.frames == frames


def test_another_t_keeps_the_values_as_far_as_it_allows(lab):
    lab.epochs.value, lab.name.value = 5, "MinNorm-OG"
    lab.hyperparameters["reg"].value, lab.hyperparameters["n_pert"].value = 0.2, 10
    lab.epochs.value = 3
    lab.wait()
    assert (lab.method.reg, lab.method.n_pert, lab.method.descent_epochs) == (0.2, 10, 3)
    lab.reset.click()
    lab.wait()
    assert lab.method.reg == lab.settings["MinNorm-OG"].reg


def test_two_labs_do_not_drive_each_other_and_a_stored_notebook_gets_the_same_picture_each_time(
    lab,
):
    lab.reset.click()  # no run before: the two are to be equal
    lab.seed.value = 3
    lab.wait()
    other = ch.ErasureLab(seed=3, method="GD", epochs=1)
    (data, metadata), before = other._repr_mimebundle_(), other.canvas.png()
    assert data["image/png"] == lab.canvas.png() and Image.open(io.BytesIO(before)).size == (
        1000,
        490,
    )
    assert data["text/plain"] == lab.summary and "retain accuracy" in metadata["image/png"]["alt"]
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == other.panel.model_id
    lab.name.value = "GA"
    lab.wait()
    lab.images.value = 30
    assert other.canvas.png() == before and other.name.value == "GD" and other.images.value == 1


def test_a_stop_is_heard_while_a_model_is_measured(lab, monkeypatch):
    measure = lab.task.evaluate

    def stopping(model):
        lab.stop.click()
        return measure(model)

    monkeypatch.setattr(lab, "task", dataclasses.replace(lab.task, evaluate=stopping))
    lab.run.click()
    lab.wait()
    assert "Stopped in epoch 1 of 1." in lab.status.value and len(lab.track) == 1
    assert not any(module._forward_pre_hooks for module in lab.model.modules())
    assert f">{lab.start_metrics['forget_error']:.3f}</td>" in lab.readout.value


def test_the_models_of_another_data_set_are_trained_at_first_use_stopped_resumed_and_kept(
    tmp_path, monkeypatch
):
    small(monkeypatch, tmp_path, erasure, "mnist", 28)
    said, say, trained = (
        [],
        unlearning_lab.UnlearningLab._say,
        unlearning_lab.UnlearningLab._trained,
    )
    monkeypatch.setattr(
        unlearning_lab.UnlearningLab,
        "_say",
        lambda lab, text, *kind: said.append(text) or say(lab, text, *kind),
    )
    with monkeypatch.context() as patch:
        patch.setattr(
            unlearning_lab.UnlearningLab,
            "_trained",
            lambda lab, *done: trained(lab, *done) or lab.stop.click(),
        )
        lab = ch.ErasureLab(dataset="mnist", method="GD", epochs=1)
        lab.wait()
    assert said[1].startswith("Getting the images")
    assert said[2].startswith("Training the original of seed 1") and "epoch 1 of 2, loss" in said[2]
    assert (
        "Stopped before the models of seed 1 were there" in lab.status.value
        and lab.track == []
        and lab.stop.disabled
    )
    assert lab.canvas is None and lab.view.children == ()
    lab.images.value = 2  # nothing to see yet
    del said[:]
    lab.run.click()
    lab.wait()
    assert [text.split(":")[1].split(",")[0] for text in said if "Training" in text] == [
        " epoch 2 of 2",
        " epoch 1 of 2",
        " epoch 2 of 2",
    ]
    assert "ground truth" in said[-2] and lab.status.value == "" and len(lab.track) == 2
    red = tint(lab.tests[0][5:6], erasure.COLORS["red"])
    assert np.array_equal(lab.picture.images[5].get_array(), red[0].permute(1, 2, 0))
    assert lab.picture.images[0].get_array().shape == (28, 28, 3)
    del said[:]
    again = ch.ErasureLab(dataset="mnist", method="GD", epochs=1)
    again.wait()
    assert not any("Training" in text for text in said) and again.track == lab.track


def test_classes_with_names_get_room_and_a_hard_tasks_plane_its_own_corner(tmp_path, monkeypatch):
    names = ("cat", "submarine sandwich", *"cdefghij")
    small(monkeypatch, tmp_path, erasure, "cifar10", 32, names)
    lab = ch.ErasureLab(dataset="cifar10", method="GD", epochs=1)
    lab.wait()
    assert (
        len(lab.picture.images) == len(lab.picture.after) == 9
        and "right class" in lab.canvas.figure.alt
    )
    assert {text.get_text().split()[1] for text in lab.picture.before} <= {
        "cat",
        "submarine",
        *"cdefghij",
    }
    monkeypatch.setattr(lab, "truth_metrics", {"retain_accuracy": 0.5, "forget_error": 0.0})
    lab.zoom.value = True
    low, high = lab.picture.plane.get_xlim()
    assert low < 0.5 < high < 0.8 and lab.status.value == ""


def test_missing_data_are_told_in_the_lab_which_goes_on_once_they_are_there(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("UNLEARNLAB_DATA", str(tmp_path))
        patch.setattr(
            presets.data,
            "fetch",
            lambda *args, **more: (_ for _ in ()).throw(ConnectionError("cannot download it")),
        )
        lab = ch.ErasureLab(dataset="mnist", method="GD", epochs=1)
        with pytest.raises(ConnectionError):
            lab.wait()
    assert "ConnectionError: cannot download it" in lab.status.value and lab.stop.disabled
    data, metadata = lab._repr_mimebundle_()
    assert "image/png" not in data and metadata == {} and data["text/plain"] == lab.summary
    small(monkeypatch, tmp_path, erasure, "mnist", 28)
    lab.run.click()
    lab.wait()
    assert (
        len(lab.track) == 2 and lab.status.value == "" and "image/png" in lab._repr_mimebundle_()[0]
    )


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"dataset": "svhn"}, "dataset must be one of digits, mnist, cifar10, tiny-imagenet, got"),
        ({"preset": "paper"}, "preset must be one of quick for digits, got 'paper'"),
        ({"method": "SGD"}, "method must be one of MinNorm-OG, .*, got 'SGD'"),
        ({"seed": 6}, "seed must be an integer from 1 to 5, got 6"),
        ({"epochs": 0}, "epochs must be an integer from 1 to 20, got 0"),
        ({"epochs": True}, "epochs must be an integer from 1 to 20, got True"),
    ],
)
def test_wrong_choices_are_refused_by_name(arguments, words):
    with pytest.raises(ValueError, match=words):
        ch.ErasureLab(**arguments)
