"""SineLab in-process: every slider everywhere, comparison, stop, errors, and the stored picture."""

import dataclasses
import io
import re
import sys
import threading

import ipywidgets
import numpy as np
import pytest
from matplotlib.text import Text
from patience import END
from PIL import Image

import unlearnlab as ul
from unlearnlab.chapters import ch04_sine as ch
from unlearnlab.course import unlearning_lab
from unlearnlab.course.controls import sliders
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
    first = {"seed": 2, "epochs": 5, "name": "MinNorm-OG", "seeds": "this seed"}
    for name, value in first.items():
        getattr(one, name).value = value
    one.halt()
    one._thread and one._thread.join(END)
    one.scores, one.results.value = {}, ""
    one.reset.click()
    one.wait()
    return one


def positions(slider):
    """Least, middle, greatest value of any slider or dropdown."""
    if hasattr(slider, "options"):
        values = [o[1] if isinstance(o, tuple) else o for o in slider.options]
        return [values[0], values[len(values) // 2], values[-1]]
    if isinstance(slider, ipywidgets.FloatLogSlider):
        return [10**slider.min, 10 ** ((slider.min + slider.max) / 2), 10**slider.max]
    middle = (slider.min + slider.max) / 2
    return [
        slider.min,
        int(middle) if isinstance(slider, ipywidgets.IntSlider) else middle,
        slider.max,
    ]


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
        outputs = state.model(retain.inputs)
        return state.task.loss(outputs, retain.targets) + self.price * outputs.square().mean()


def test_a_method_of_ones_own_has_its_sliders_and_its_row():
    lab = ch.SineLab(seed=2, epochs=10, method="Calm", methods=[Calm(lr=1e-2)])
    assert lab.method == Calm(lr=1e-2) and "<td>Calm</td>" in lab.readout.value
    slider = lab.hyperparameters["price"]
    assert (slider.min, slider.max, slider.tooltip) == (0, 2, "of large outputs")
    slider.value = 2
    lab.wait()
    run = ul.unlearn(ul.sine.task(2), Calm(lr=1e-2, price=2), 10)
    assert lab.scores["Calm"] == run.metrics["sup_error"]
    lab.run.click()
    lab.wait()
    assert list(lab.scores) == [*ul.sine.PUBLISHED[10], "Calm"]
    assert "none, your own method" in lab.results.value and lab.status.value == ""
    with pytest.raises(ValueError, match="method must be one of .*, Calm, got 'calm'"):
        ch.SineLab(method="calm", methods=[Calm()])


def test_what_is_shown_is_what_unlearn_gives(lab):
    lab.name.value = "Ridge"
    lab.wait()
    run = ul.unlearn(ul.sine.task(2), ul.sine.best_settings(5)["Ridge"], 5)
    np.testing.assert_allclose(
        lab.figure.axes[0].lines[-1].get_ydata(),
        ch.pictures.curve(run.model)[1],
        rtol=1e-5,
        atol=1e-6,
    )
    assert lab.figure.axes[0].lines[-2].get_linestyle() == "-"  # the bar, in every frame
    assert (
        f"<b>{run.metrics['sup_error']:.2f}</b>" in lab.readout.value
        and lab.scores["Ridge"] == run.metrics["sup_error"]
    )
    for name in ("original", "ground truth"):
        model = getattr(lab.task, name.replace(" ", "_"))
        error = f"{lab.task.evaluate(model)['sup_error']:.2f}"
        assert re.search(f"<td>{name}</td><td[^>]*><b>{error}</b>", lab.readout.value)
    assert " s for 5 epochs" in lab.readout.value


def test_the_comparison_fills_the_table_and_the_picture_and_can_be_repeated(lab):
    for _ in range(2):
        lab.run.click()
        lab.wait()
        assert list(lab.scores) == list(ul.sine.PUBLISHED[10]) and lab.progress.value == 1
        assert lab.results.value.count("<tr>") == 9 and lab.stop.disabled
        assert len(lab.figure.axes[1].lines[-1].get_xdata()) == 8


def test_a_comparison_over_ten_seeds_shows_medians(lab, monkeypatch):
    monkeypatch.setattr(
        sine, "best_settings", lambda epochs: {"GD": ul.GD(), "MinNorm-OG": ul.MinNormOG()}
    )
    lab.seeds.value = "all ten seeds"
    lab.run.click()
    lab.wait()
    assert lab.results.value.count("10 seeds") == 2


def test_stop_ends_a_comparison_soon_and_keeps_its_results(lab):
    lab.epochs.value = 1000
    pressable = []

    def stop(change):  # with the first result
        if change["new"]:
            pressable.append(not lab.stop.disabled)
            lab.stop.click()

    lab.results.observe(stop, "value")
    lab.run.click()
    lab.wait()
    lab.results.unobserve(stop, "value")
    assert pressable and pressable[0]
    assert "Stopped" in lab.status.value and lab.results.value and len(lab.scores) < 8
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
    # points, sine, original, an empty one and two that move; eight ranges, the original's,
    # the function 0's, marks
    assert count == [7, 11]
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


def test_there_is_a_slider_for_every_number_of_every_method():
    for epochs in (1, 10, 100, 1000):
        for method in ul.sine.best_settings(epochs).values():
            made = sliders(method, epochs, 50)
            assert list(made) == [
                f.name
                for f in dataclasses.fields(method)
                if isinstance(getattr(method, f.name), (int, float))
            ]
            rebuilt = type(method)(**{key: slider.value for key, slider in made.items()})
            assert all(getattr(rebuilt, k) == pytest.approx(getattr(method, k)) for k in made)


@pytest.mark.parametrize("name", ul.METHODS)
def test_every_position_of_every_slider_makes_a_method_that_can_run(name):
    for key, slider in sliders(ul.METHODS[name](), 5, 50).items():
        assert slider.value == pytest.approx(getattr(ul.METHODS[name](), key))
        for value in positions(slider):
            ul.METHODS[name](**{key: value})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Own(ul.MinNormOG):
    margin: float = 0.5
    share: float = ul.hyperparameter(0.2, low=0, high=0.4, meaning="of the classes")
    turns: int = 3
    whole: int = ul.hyperparameter(2, low=1, high=4)
    scale: float = ul.hyperparameter(2, low=0, positive=True)
    shift: float = -3.0
    flag: bool = False
    word: str = "a"
    reg: float = 0.1


def test_hyperparameters_of_ones_own_have_sliders_within_their_limits():
    made = sliders(Own(), 5, 50)
    assert {
        "margin",
        "share",
        "turns",
        "whole",
        "scale",
        "shift",
        "flag",
        "reg",
    } <= made.keys() and "word" not in made
    assert (made["share"].min, made["share"].max, made["share"].tooltip) == (
        0,
        0.4,
        "of the classes",
    )
    assert (
        (made["whole"].min, made["whole"].max) == (1, 4)
        and isinstance(made["turns"].value, int)
        and made["flag"].value is False
    )
    for key, slider in made.items():
        assert slider.value == getattr(Own(), key)
        for value in (True, False) if key == "flag" else positions(slider):
            Own(**{key: value})


@pytest.mark.parametrize(
    "method",
    [
        ul.NGD(noise=0),
        ul.NGP(ascent=0),
        ul.GD(lr=5),
        ul.GD(lr=1e-9),
        ul.NGP(ascent=50),
        ul.GD(weight_decay=2),
    ],
)
def test_a_value_beyond_the_usual_is_kept(method):
    for key, slider in sliders(method, 5, 50).items():
        assert slider.value == pytest.approx(getattr(method, key))


def test_work_is_replaced_and_stopped(lab):
    order = []
    lab.wait()
    lab.work(lambda stop: (stop.wait(END), order.append("first")))
    lab.work(lambda stop: order.append("second"))
    lab.wait(END)
    assert order == ["first", "second"]
    lab.work(lambda stop: stop.wait(END))
    with pytest.raises(TimeoutError, match="still busy after 0.05 s"):
        lab.wait(0.05)
    lab.halt()
    lab.wait(END)
    assert lab.stop.disabled
