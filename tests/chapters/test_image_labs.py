"""ErasureLab and CollapseLab in-process, what they share: every control everywhere, every method,
Stop, errors, and the picture for web pages."""

import dataclasses
import io
import threading

import ipywidgets
import numpy as np
import pytest
from patience import END
from PIL import Image

import unlearnlab as ul
from unlearnlab.chapters.ch09_erasure import ErasureLab
from unlearnlab.chapters.ch10_collapse import CollapseLab
from unlearnlab.course import unlearning_lab
from unlearnlab.ground.tensors import digest

# of each lab: a control of its own with another value, and what its first values are
LABS = {
    ErasureLab: ({"images": 5}, {"images": 1, "zoom": False}),
    CollapseLab: ({"painted": 2}, {"content": 3, "example": 1, "painted": 7}),
}


@pytest.fixture(scope="module", params=LABS, ids=lambda kind: kind.__name__)
def one(request):
    made = request.param(seed=2, method="GD", epochs=1)
    yield made
    made.halt()
    made._thread and made._thread.join(END)


@pytest.fixture()
def lab(one):
    """The same lab for every test, put back to where it began: another one takes a second."""
    for name, value in {"seed": 2, "name": "GD", "epochs": 1, **LABS[type(one)][1]}.items():
        getattr(one, name).value = value
    one.reset.click()
    one.wait()
    return one


@pytest.fixture()
def erasing(lab):
    """For what is the same code in both."""
    if not isinstance(lab, ErasureLab):
        pytest.skip("the same code")
    return lab


def touch(lab):
    """Moves a control that shows the model in another way."""
    for name, value in LABS[type(lab)][0].items():
        getattr(lab, name).value = value


def positions(slider):
    """Least, middle, greatest value of a slider."""
    low, high = slider.min, slider.max
    if isinstance(slider, ipywidgets.FloatLogSlider):
        return [10**low, 10 ** ((low + high) / 2), 10**high]
    return [low, type(slider.value)((low + high) / 2), high]


def alone(lab, monkeypatch):
    """Runs without the seconds of the unlearning and its measuring: the model stays as it is."""

    def still(task, method, epochs, callback, stop):
        method.check(task, epochs)
        run = ul.Run(method, epochs, 0, task.original, [{"epoch": 0}], metrics=lab.start_metrics)
        callback(run)
        return run

    measured = dataclasses.replace(lab.task, evaluate=lambda model: lab.start_metrics)
    monkeypatch.setattr(lab, "task", measured)
    monkeypatch.setattr(unlearning_lab, "unlearn", still)


def words(lab):
    """All that is written in the picture."""
    return " ".join(text.get_text() for ax in lab.figure.axes for text in ax.texts)


@pytest.mark.parametrize("name", ["MinNorm-OG", "SCRUB", "NGD", "Ridge"])  # every slider there is
def test_every_hyperparameter_at_least_middle_and_greatest_makes_a_run_without_an_error(
    one, name, monkeypatch
):
    if not isinstance(one, ErasureLab):
        pytest.skip("the same code")
    alone(one, monkeypatch)
    monkeypatch.setattr(one, "draw", lambda: one.figure.subplots(1, 2))
    monkeypatch.setattr(one, "move", lambda model: "a picture takes a tenth of a second")
    one.epochs.value, one.name.value = 4, name
    one.wait()
    assert "lr" in one.hyperparameters
    for key, slider in one.hyperparameters.items():
        for value in positions(slider):
            frames, changed = one.canvas.frames, slider.value != value
            slider.value = value
            one.wait()
            assert one.canvas.frames > frames or not changed, (key, value)
            assert getattr(one.method, key) == pytest.approx(value) and one.status.value == ""


@pytest.mark.parametrize("name", ul.METHODS)
def test_every_method_really_runs_from_its_first_values(one, name):
    one.epochs.value = 1
    if one.name.value == name:
        one.reset.click()
    one.name.value = name
    one.wait()
    first = one.settings[name]
    if getattr(first, "descent_epochs", 0) > 1:
        first = dataclasses.replace(first, descent_epochs=1)
    for field, value in dataclasses.asdict(first).items():
        same = pytest.approx(value) if isinstance(value, float) else value
        assert getattr(one.method, field) == same
    assert f"<td>{name}</td>" in one.readout.value and len(one.track) == 2
    assert one.status.value == ""


def test_every_control_at_its_ends_gives_a_new_picture(lab, monkeypatch):
    alone(lab, monkeypatch)
    for name in ("seed", "epochs", *LABS[type(lab)][1]):
        control = getattr(lab, name)
        values = (True, False)
        if hasattr(control, "options"):
            values = [control.options[i][1] for i in (0, 5, 9)]
        elif hasattr(control, "max"):
            values = (control.max, (control.min + control.max) // 2, control.min)
        for value in values:
            before, frames = lab.canvas.png(), lab.canvas.frames
            moved = control.value != value
            control.value = value
            lab.wait()
            assert lab.status.value == "" and (lab.canvas.frames > frames or not moved)
            assert (lab.canvas.png() != before) == moved or name == "epochs"
    assert lab.task.seed == 1
    monkeypatch.undo()
    lab.task = dataclasses.replace(lab.task, seed=6)  # not that of the metrics: make it again


def test_the_track_and_the_table_are_what_unlearn_and_the_task_give(lab):
    lab.epochs.value = 2
    lab.wait()
    task, seen = lab.experiment.task(seed=2), []
    see = lambda run: seen.append(task.evaluate(run.model))
    run = ul.unlearn(task, lab.settings["GD"], 2, callback=see)
    first = task.evaluate(task.original)
    assert lab.track == [lab.place(metrics) for metrics in (first, *seen)]
    for model in (task.original, task.ground_truth, run.model):
        for column in lab.columns.values():
            assert column.format(**task.evaluate(model)) + "</td>" in lab.readout.value


def test_the_run_before_stays_as_a_ghost_and_another_seed_removes_it(lab):
    lab.name.value = "NGP"
    lab.wait()
    first = lab.track
    lab.name.value = "GD"
    lab.wait()
    dashed = lambda: [
        line for line in lab.figure.axes[-1].lines if line.get_color() == unlearning_lab.GHOST
    ]
    assert np.array_equal(dashed()[0].get_ydata(), np.array(first)[:, -1])
    assert "before, dashed: NGP" in words(lab)
    touch(lab)
    assert np.array_equal(dashed()[0].get_ydata(), np.array(first)[:, -1])
    lab.seed.value = 3
    lab.wait()
    assert len(dashed()[0].get_xdata()) == 0 and "before, dashed" not in words(lab)


def test_stop_ends_a_run_and_says_how_far_it_came(erasing, monkeypatch):
    began, real = threading.Event(), ul.unlearn

    def endless(task, method, epochs, callback, stop):
        told = lambda run: (callback(run), began.set())
        return real(task, method, 10**6, callback=told, stop=stop)

    with monkeypatch.context() as patch:
        patch.setattr(unlearning_lab, "unlearn", endless)
        erasing.run.click()
        assert began.wait(END) and not erasing.stop.disabled
        touch(erasing)  # the picture may be changed on the way
        erasing.stop.click()
        erasing.wait()
    assert "Stopped in epoch" in erasing.status.value and erasing.stop.disabled
    erasing.run.click()
    erasing.wait()
    assert erasing.status.value == ""


def test_what_is_chosen_at_the_very_end_of_a_run_is_answered_by_its_model(erasing, monkeypatch):
    asked = []

    def late(*args, **kwargs):
        run = ul.unlearn(*args, **kwargs)
        move = erasing.move
        monkeypatch.setattr(erasing, "move", lambda model: asked.append(model) or move(model))
        touch(erasing)
        assert asked == [erasing.drawn] != [None] and erasing.model is None  # not the lab's yet
        return run

    monkeypatch.setattr(unlearning_lab, "unlearn", late)
    erasing.run.click()
    erasing.wait()
    assert len(asked) == 2 and digest(asked[1].state_dict()) == digest(erasing.model.state_dict())


def test_the_newest_request_wins(erasing):
    erasing.epochs.value = 20
    for value in (1e-3, 2e-3):
        erasing.hyperparameters["lr"].value = value
    erasing.epochs.value = 1
    erasing.wait()
    assert "for 1 epoch<" in erasing.readout.value and len(erasing.track) == 2


def test_a_diverged_run_is_shown_and_gone_after_the_next(erasing, monkeypatch):
    def diverge(*args, **kwargs):
        raise ul.Diverged("GD: the loss became <nan>")

    with monkeypatch.context() as patch:
        patch.setattr(unlearning_lab, "unlearn", diverge)
        erasing.run.click()
        with pytest.raises(ul.Diverged):
            erasing.wait()
    assert (
        "Diverged: GD: the loss became &lt;nan&gt;" in erasing.status.value
        and erasing.stop.disabled
    )
    erasing.run.click()
    erasing.wait()
    assert erasing.status.value == ""


def test_an_error_while_drawing_again_is_shown_kept_and_cleared(lab, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(lab, "draw", lambda: 1 / 0)
        touch(lab)
        with pytest.raises(ZeroDivisionError):
            lab.wait()
    assert "ZeroDivisionError" in lab.status.value
    lab.redraw()
    lab.wait()
    assert lab.status.value == ""


def test_values_that_do_not_fit_are_told_and_nothing_runs(erasing):
    frames, slider = erasing.canvas.frames, erasing.hyperparameters["lr"]
    slider.min = -400  # 10 ** -400 is 0
    slider.value = 0
    erasing.wait()
    assert (
        "lr must be a number greater than 0" in erasing.status.value
        and erasing.canvas.frames == frames
    )


def test_another_t_keeps_the_values_as_far_as_it_allows(erasing):
    erasing.epochs.value, erasing.name.value = 5, "MinNorm-OG"
    erasing.hyperparameters["reg"].value, erasing.hyperparameters["n_pert"].value = 0.2, 10
    erasing.epochs.value = 3
    erasing.wait()
    assert (erasing.method.reg, erasing.method.n_pert, erasing.method.descent_epochs) == (
        0.2,
        10,
        3,
    )
    erasing.reset.click()
    erasing.wait()
    assert erasing.method.reg == erasing.settings["MinNorm-OG"].reg


def test_two_labs_do_not_drive_each_other_and_a_stored_notebook_gets_the_same_picture_each_time(
    lab,
):
    lab.reset.click()  # no run before: the two are to be equal
    lab.seed.value = 3
    lab.wait()
    other = type(lab)(seed=3, method="GD", epochs=1)
    (data, metadata), before = other._repr_mimebundle_(), other.canvas.png()
    assert data["image/png"] == lab.canvas.png()
    assert Image.open(io.BytesIO(before)).size == tuple(round(100 * x) for x in lab.size)
    assert data["text/plain"] == lab.summary
    assert "original" in metadata["image/png"]["alt"] and "GD" in metadata["image/png"]["alt"]
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == other.panel.model_id
    lab.name.value = "GA"
    lab.wait()
    touch(lab)
    assert other.canvas.png() == before and other.name.value == "GD"


def test_a_stop_is_heard_while_a_model_is_measured(erasing, monkeypatch):
    measure = erasing.task.evaluate

    def stopping(model):
        erasing.stop.click()
        return measure(model)

    monkeypatch.setattr(erasing, "task", dataclasses.replace(erasing.task, evaluate=stopping))
    erasing.run.click()
    erasing.wait()
    assert "Stopped in epoch 1 of 1." in erasing.status.value and len(erasing.track) == 1
    assert not any(module._forward_pre_hooks for module in erasing.model.modules())
    assert f">{erasing.start_metrics[erasing.judged[0]]:.3f}</td>" in erasing.readout.value


@pytest.mark.parametrize("kind", LABS)
@pytest.mark.parametrize(
    "arguments, said",
    [
        ({"dataset": "svhn"}, "dataset must be one of digits, mnist, cifar10.*, got 'svhn'"),
        ({"preset": "paper"}, "preset must be one of quick for digits, got 'paper'"),
        ({"method": "SGD"}, "method must be one of MinNorm-OG, .*, got 'SGD'"),
        ({"seed": 6}, "seed must be an integer from 1 to 5, got 6"),
        ({"epochs": 0}, "epochs must be an integer from 1 to 20, got 0"),
        ({"epochs": True}, "epochs must be an integer from 1 to 20, got True"),
    ],
)
def test_wrong_choices_are_refused_by_name(kind, arguments, said):
    with pytest.raises(ValueError, match=said):
        kind(**arguments)
