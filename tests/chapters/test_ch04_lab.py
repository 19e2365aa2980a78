"""SineLab in-process: every slider everywhere, comparison, stop, errors, and the stored picture."""

import dataclasses
import io
import re
import sys
import threading

import numpy as np
import pytest
import torch
from matplotlib.text import Text
from patience import END
from PIL import Image
from test_ch04_sliders import positions

import unlearnlab as ul
from unlearnlab.chapters import ch04_sine as ch
from unlearnlab.chapters.ch04_sine.lab import ERRORS
from unlearnlab.course import unlearning_lab
from unlearnlab.course.style import UNLEARNED
from unlearnlab.tasks import sine


@pytest.fixture(scope="module")
def one():
    made = ch.SineLab(seed=2, epochs=5)
    yield made
    made.halt()
    made._thread and made._thread.join(END)


@pytest.fixture()
def lab(one):
    """The same lab for every test, put back to where it began."""
    first = {"seed": 2, "epochs": 5, "name": "MinNorm-OG"}
    for name, value in first.items():
        getattr(one, name).value = value
    one.halt()
    one._thread and one._thread.join(END)
    one.moved, one.count.value, one.point.value, one.a_button.value = {}, 5, 1, False
    one.scores = {}
    one.reset.click()
    one.wait()
    return one


@pytest.mark.parametrize("name", ul.sine.PUBLISHED[10])
def test_every_hyperparameter_at_least_middle_and_greatest_redraws_without_an_error(lab, name):
    lab.name.value = name
    lab.wait()
    for key in list(lab.hyperparameters):
        for value in positions(lab.hyperparameters[key]):
            frames = lab.canvas.frames
            changed = lab.hyperparameters[key].value != value
            lab.hyperparameters[key].value = value
            lab.wait()
            assert lab.canvas.frames > frames or not changed, (key, value)
            assert getattr(lab.method, key) == pytest.approx(value)
            assert "Error" not in lab.status.value, (key, value, lab.status.value)


def test_seed_method_and_epochs_redraw_and_take_the_papers_settings(lab):
    for control, values in ((lab.seed, (1, 5, 10)), (lab.epochs, (1, 50, 100))):
        for value in values:
            before = lab.canvas.png()
            control.value = value
            lab.wait()
            assert lab.canvas.png() != before and lab.status.value == ""
    assert lab.task.seed == 10 and lab.method == ul.sine.best_settings(100)["MinNorm-OG"]
    lab.hyperparameters["reg"].value = 0.7
    lab.reset.click()
    lab.wait()
    assert lab.method == ul.sine.best_settings(100)["MinNorm-OG"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Calm(ul.GD):
    price: float = ul.hyperparameter(0.5, low=0, high=2, meaning="of large outputs")

    def loss(self, state, retain, forget):
        outputs = state.outputs(retain)
        return state.task.loss(outputs, retain.targets) + self.price * outputs.square().mean()


def test_a_method_of_ones_own_has_its_sliders_and_its_row():
    lab = ch.SineLab(seed=2, epochs=10, method="Calm", methods=[Calm(lr=1e-2)])
    assert lab.method == Calm(lr=1e-2) and "<td>Calm</td>" in lab.readout.value
    slider = lab.hyperparameters["price"]
    assert (slider.min, slider.max, slider.tooltip) == (0, 2, "of large outputs")
    slider.value = 2
    lab.wait()
    run = ul.unlearn(ul.sine.task(2), Calm(lr=1e-2, price=2), 10)
    assert lab.scores["Calm"]["sup_error"] == run.metrics["sup_error"]
    lab.run.click()
    lab.wait()
    assert list(lab.scores) == ["Calm", *ul.sine.PUBLISHED[10]] and lab.status.value == ""
    with pytest.raises(ValueError, match="method must be one of .*, Calm, got 'calm'"):
        ch.SineLab(method="calm", methods=[Calm()])


def unlearned(lab):
    """What is drawn of the model: the last blue line, which is no point."""
    lines = [line for line in lab.figure.axes[0].lines if line.get_color() == UNLEARNED["color"]]
    return lines[-1].get_ydata()


def test_what_is_shown_is_what_unlearn_gives(lab):
    lab.name.value = "Ridge"
    lab.wait()
    run = ul.unlearn(ul.sine.task(2), ul.sine.best_settings(5)["Ridge"], 5)
    np.testing.assert_allclose(
        unlearned(lab), ch.pictures.curve(run.model)[1], rtol=1e-5, atol=1e-6
    )
    assert row(lab, "Ridge")[0] == f"{run.metrics['sup_error']:.2f}"
    assert lab.scores["Ridge"]["sup_error"] == run.metrics["sup_error"]
    for name in ("original", "ground truth"):
        model = getattr(lab.task, name.replace(" ", "_"))
        assert row(lab, name)[0] == f"{lab.task.evaluate(model)['sup_error']:.2f}"
    assert " s for 5 epochs" in lab.readout.value


def test_the_comparison_fills_the_table_and_the_picture_and_can_be_repeated(lab):
    for _ in range(2):
        lab.run.click()
        lab.wait()
        assert set(lab.scores) == set(ul.sine.PUBLISHED[10]) and lab.progress.value == 1
        # the head; the function 0, original, ground truth
        assert lab.readout.value.count("<tr>") == 1 + 3 + 8 and lab.stop.disabled
        marks = [line for line in lab.figure.axes[1].lines if line.get_marker() == "D"]
        assert len(marks) == 8


def test_the_four_errors_stand_side_by_side_with_those_of_the_function_0(lab):
    errors = sine.errors(lab.task, lab.model)
    assert [f"{errors[name]:.2f}" for name in ERRORS] == row(lab, "MinNorm-OG")[:4]
    assert row(lab, "the function 0")[0] == "1.00" and len(row(lab, "original")) == 4


def row(lab, name):
    """The cells of a row of the table."""
    line = re.search(f"<tr><td>{name}</td>(.*?)</tr>", lab.readout.value)[1]
    return re.findall(">([^<]+)<", line)


def test_any_epoch_of_a_run_can_be_looked_at_again(lab):
    lab.epochs.value, lab.name.value = 10, "GD"
    lab.wait()
    assert lab.shown.max == lab.shown.value == 10
    then = ul.unlearn(ul.sine.task(2), ul.sine.best_settings(10)["GD"], 4).model
    for epoch, model in ((4, then), (0, lab.task.original)):
        lab.shown.value = epoch
        np.testing.assert_allclose(
            unlearned(lab), ch.pictures.curve(model)[1], rtol=1e-4, atol=1e-5
        )
        assert f"GD after {epoch} epochs" in lab.figure.alt
        assert row(lab, "GD")[0] == f"{lab.task.evaluate(model)['sup_error']:.2f}"


def test_long_runs_keep_a_hundred_of_their_epochs(lab):
    lab.epochs.value, lab.name.value = 1000, "GD"
    lab.wait()
    assert len(lab.kept) == 101 and (lab.shown.step, lab.shown.max) == (10, 1000)


def test_a_curve_is_kept_beside_the_next_run(lab):
    before = unlearned(lab)
    lab.a_button.value = True
    lab.name.value = "GA"
    lab.wait()
    (kept,) = (
        line for line in lab.figure.axes[0].lines if np.array_equal(line.get_ydata(), before)
    )
    assert kept.get_linestyle() == "--" and row(lab, "A: MinNorm-OG, 5 epochs")
    lab.a_button.value = False
    assert "A: " not in lab.readout.value


@pytest.fixture()
def quick(monkeypatch):
    """Moved points are learnt in a few epochs."""
    monkeypatch.setattr(ch.runs, "LEARN", 200)


def test_a_moved_point_is_learnt_and_forgotten(lab, quick):
    shipped = ul.sine.task(2)
    lab.point.value = 3
    assert lab.x.value == shipped.forget.tensors[0][2].item()
    frames = lab.canvas.frames
    lab.height.value = -0.5
    lab.wait()
    assert lab.canvas.frames >= frames + 3  # two of the training, one of the run
    assert lab.task.forget.tensors[1].flatten().tolist() == [1.5, 1.5, -0.5, 1.5, 1.5]
    assert torch.equal(lab.task.forget.tensors[0], shipped.forget.tensors[0])
    learnt = ch.taught(shipped, lab.places.clone())
    for one, other in zip(lab.task.original.parameters(), learnt.original.parameters()):
        torch.testing.assert_close(one, other)
    run = ul.unlearn(learnt, lab.method, 5)
    assert row(lab, "MinNorm-OG")[0] == f"{run.metrics['sup_error']:.2f}"
    lab.restore()
    lab.wait()
    assert torch.equal(torch.cat(lab.task.forget.tensors, 1), torch.cat(shipped.forget.tensors, 1))
    for one, other in zip(lab.task.original.parameters(), shipped.original.parameters()):
        assert torch.equal(one, other)


def test_the_papers_points_are_asked_for_before_a_seed_is_ready(lab):
    lab.moved.clear()
    lab.restore()
    lab.wait()
    assert torch.equal(lab.task.forget.tensors[1], sine.task(2).forget.tensors[1])


def test_there_may_be_more_and_fewer_points(lab, quick):
    for count in (8, 1):
        lab.count.value = count
        lab.wait()
        assert len(lab.task.forget) == count == lab.point.max and lab.status.value == ""


def test_choosing_a_point_moves_none(lab):
    task = lab.task
    for point in (5, 2, 1):
        lab.point.value = point
    lab.wait()
    assert lab.task is task and torch.equal(lab.places, torch.cat(task.forget.tensors, 1))


def mouse(lab, kind, x, y):
    place = lab.figure.axes[0].transData.transform((x, y))
    lab.drag({"type": kind, "dataX": place[0], "dataY": lab.figure.bbox.height - place[1]})


def test_the_mouse_drags_the_nearest_point_and_the_original_learns_it_at_the_end(lab, quick):
    x, height = lab.places[3].tolist()
    mouse(lab, "mousemove", x, 0)  # nothing is held
    mouse(lab, "mousedown", x + 0.1, height)
    before, task = lab.canvas.png(), lab.task
    mouse(lab, "mousemove", x + 1, 0.5)
    assert lab.point.value == 4 and lab.canvas.png() != before and lab.task is task
    mouse(lab, "mouseup", x + 1, 7)  # beyond the highest
    lab.wait()
    torch.testing.assert_close(lab.task.forget.tensors[0][3].item(), x + 1)
    assert lab.task.forget.tensors[1][3] == lab.height.max
    mouse(lab, "mousemove", 0, 0)
    assert lab.places[3, 1] == lab.height.max


def test_stop_ends_the_learning_and_the_next_run_learns(lab, quick, monkeypatch):
    began, real = threading.Event(), ch.runs.fit

    def endless(model, inputs, targets, recipe, progress, stop):
        watched = lambda *done: (progress(*done), began.set())
        recipe = dataclasses.replace(recipe, epochs=10**6)
        return real(model, inputs, targets, recipe, progress=watched, stop=stop)

    with monkeypatch.context() as patch:
        patch.setattr(ch.runs, "fit", endless)
        lab.height.value = 0.5
        assert began.wait(END)
        assert "learns these points" in lab.status.value
        lab.stop.click()
        lab.wait()
    assert "Stopped before" in lab.status.value
    lab.reset.click()
    lab.wait()
    assert lab.task.forget.tensors[1][0] == 0.5 and lab.status.value == ""


def test_stop_ends_a_comparison_soon_and_keeps_its_results(lab):
    lab.epochs.value = 1000
    pressable = []

    def stop(change):  # with the first result
        if change["new"]:
            pressable.append(not lab.stop.disabled)
            lab.stop.click()

    lab.readout.observe(stop, "value")
    lab.run.click()
    lab.wait()
    lab.readout.unobserve(stop, "value")
    assert pressable and pressable[0]
    assert "Stopped" in lab.status.value and len(lab.scores) < 8
    lab.epochs.value = 1
    lab.wait()
    assert lab.status.value == ""


def test_a_stopped_run_says_how_far_it_came(lab, monkeypatch):
    began, real = threading.Event(), unlearning_lab.unlearn

    def slow(task, method, epochs, callback, stop):
        return real(task, method, 10**6, callback=lambda run: began.set(), stop=stop)

    monkeypatch.setattr(unlearning_lab, "unlearn", slow)
    lab.name.value = "GD"
    assert began.wait(END)
    lab.stop.click()
    lab.wait()
    assert "Stopped in epoch" in lab.status.value
    assert "GD" not in lab.scores  # or it would stand among the whole runs later
    assert lab.ended.method.name == "GD"  # what it came to can be looked at


def test_the_newest_request_wins(lab):
    lab.epochs.value = 1000
    for value in (0.2, 0.4, 0.6):
        lab.hyperparameters["reg"].value = value
    lab.epochs.value = 2
    lab.wait()
    assert "for 2 epochs" in lab.readout.value


def test_errors_are_shown_kept_and_gone_after_the_next_run(lab, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("<the disk> is full")

    with monkeypatch.context() as patch:
        patch.setattr(unlearning_lab, "unlearn", fail)
        lab.name.value = "GD"
        with pytest.raises(RuntimeError, match="the disk"):
            lab.wait()
    assert "RuntimeError: &lt;the disk&gt; is full" in lab.status.value and lab.stop.disabled
    lab.name.value = "Ridge"
    lab.wait()
    assert lab.status.value == ""


def test_an_exit_within_a_run_is_told_like_an_error(lab, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(unlearning_lab, "unlearn", lambda *args, **kwargs: sys.exit(3))
        lab.name.value = "GD"
        with pytest.raises(SystemExit):
            lab.wait()
    assert "SystemExit: 3" in lab.status.value


def test_the_picture_is_made_anew_for_a_seed_and_a_t_and_shows_the_sup_error(lab):
    for seed, epochs in ((1, 5), (2, 10)):
        lab.seed.value, lab.epochs.value, lab.name.value = seed, epochs, "GD"
        lab.wait()
        count = [len(ax.lines) for ax in lab.figure.axes]
    # retain and forget points, sine, original, two empty ones; the bar, A, the curve, the forget
    # points and the chosen one; eight ranges, the original's, the function 0's, one mark
    assert count == [11, 11]
    error = lab.task.evaluate(lab.model)["sup_error"]
    assert lab.figure.axes[0].texts[0].get_text() == f"GD after 10 epochs: sup error {error:.2f}"
    assert lab.figure.alt == f"The poisoned sine: GD after 10 epochs has sup error {error:.1f}"
    assert [error, 2] in lab.figure.axes[1].lines[-1].get_xydata().tolist()


def test_no_words_leave_the_picture(lab):
    for name, epochs in (("MinNorm-OG", 1000), ("l1-Sparse", 10)):
        lab.epochs.value, lab.name.value = epochs, name
        lab.wait()
        whole = lab.figure.bbox
        for ax in lab.figure.axes:
            titles = [artist for artist in ax.get_children() if isinstance(artist, Text)]
            for words in (*titles, ax.xaxis.label):
                box = words.get_window_extent()
                assert whole.x0 <= box.x0 and box.x1 <= whole.x1, words.get_text()


def test_two_labs_do_not_drive_each_other(lab):
    other = ch.SineLab(seed=3, epochs=2)
    before = other.canvas.png()
    lab.name.value = "GA"
    lab.wait()
    assert other.canvas.png() == before and other.name.value == "MinNorm-OG"


def test_a_stored_notebook_gets_a_picture_and_no_time(lab):
    data, metadata = lab._repr_mimebundle_()
    assert Image.open(io.BytesIO(data["image/png"])).size[0] > 800
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == lab.panel.model_id
    assert data["text/plain"] == lab.summary and metadata["image/png"]["alt"]
    assert data["image/png"] == ch.SineLab(seed=2, epochs=5)._repr_mimebundle_()[0]["image/png"]


def test_wrong_choices_are_refused_by_name():
    with pytest.raises(ValueError, match="method must be one of Retrain, .*, got 'SGD'"):
        ch.SineLab(method="SGD")
    with pytest.raises(ValueError, match="epochs must be one of .*, got 7"):
        ch.SineLab(epochs=7)
