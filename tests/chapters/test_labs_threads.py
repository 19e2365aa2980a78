"""Does a lab show one thing, and answer the reader, while a run is at work on its picture?

A run draws in a thread of its own. Here the other thread, the reader's, comes at the worst moment.
"""

import threading

import pytest
import torch
from patience import END, QUIET

from unlearnlab.chapters.ch04_sine import SineLab
from unlearnlab.chapters.ch04_sine.pictures import curve
from unlearnlab.chapters.ch10_collapse import CollapseLab
from unlearnlab.chapters.ch18_passage import PassageLab
from unlearnlab.ground.models import copied
from unlearnlab.networks.predict import outputs

MOMENT = 0.5  # seconds in which a thread that does not wait for the other has done its harm


class Hand(threading.Thread):
    """What a reader does once; it may have to wait until a picture is drawn."""

    def __init__(self, does):
        super().__init__(daemon=True)
        self.does, self.said = does, None

    def run(self):
        try:
            self.does()
        except Exception as error:
            self.said = error

    def move(self):
        self.start()
        self.join(MOMENT)

    def done(self):
        self.join(QUIET)
        assert not self.is_alive() and self.said is None


@pytest.fixture
def sine():
    lab = SineLab(seed=1, method="GD", epochs=5)
    yield lab
    lab.close()


def after_drawing(lab, monkeypatch, hand):
    """The hand moves once, when everything is drawn and not yet laid out."""
    drawn = lab.draw

    def draw():
        drawn()
        if hand.ident is None:
            hand.move()

    monkeypatch.setattr(lab, "draw", draw)


def within(lab, monkeypatch, epoch, does):
    """`does()` in the run's thread, as a click of that moment, after so many epochs of a run."""
    follow = lab._epoch

    def follows(run, *more):
        follow(run, *more)
        if len(run.history) == epoch:
            does(run)

    monkeypatch.setattr(lab, "_epoch", follows)


def test_what_is_drawn_again_is_not_the_model_that_a_run_moves(sine):
    model = copied(sine.task.original)
    sine.frame(model)
    before, shown = sine.canvas.png(), sine.drawn
    model.double()  # as while it is projected
    sine.frame(sine.drawn)
    assert sine.canvas.png() == before
    assert all(map(torch.equal, shown.parameters(), sine.task.original.parameters()))


def test_a_point_is_taken_where_it_is_seen_while_the_picture_is_drawn_anew(sine, monkeypatch):
    x, y = sine.figure.axes[0].transData.transform(sine.places[3])
    spot = {"type": "mousedown", "dataX": x, "dataY": sine.figure.bbox.height - y}
    hand = Hand(lambda: sine.drag(spot))
    after_drawing(sine, monkeypatch, hand)
    sine.show()
    hand.done()
    assert sine.point.value == 4 and sine.dragged


def test_a_run_begins_with_no_point_chosen_anew(sine, monkeypatch):
    sine.point.value = 5
    before, threads = sine.places.clone(), []
    choose = SineLab.choose

    def chooses(lab, change=None):
        threads.append(threading.current_thread())
        choose(lab, change)

    monkeypatch.setattr(SineLab, "choose", chooses)
    sine.seed.value = 2
    sine.wait()
    assert {*threads} == {threading.current_thread()}  # the run moves no slider of the reader's
    assert sine.x.value == pytest.approx(sine.places[4, 0].item())
    sine.seed.value = 1
    sine.wait()
    assert torch.equal(sine.places, before)


def test_another_T_while_the_picture_is_drawn_has_a_picture_of_its_own(sine, monkeypatch):
    hand = Hand(lambda: setattr(sine.epochs, "value", 1000))
    after_drawing(sine, monkeypatch, hand)
    sine.show()
    hand.done()
    sine.halt()
    sine.wait()
    sine.start()
    sine.wait()
    assert sine.epochs.value == 1000
    assert sine.figure.axes[1].get_title(loc="left").endswith("T = 1000")


def test_an_epoch_is_looked_at_while_the_next_run_begins(sine, monkeypatch):
    hand, stage = Hand(lambda: setattr(sine.shown, "value", 3)), sine.stage
    copying, moved = sine.metrics, threading.Event()

    def slowly(model):
        copy = copied(model)
        if threading.current_thread() is hand:
            moved.wait(MOMENT)  # the run that begins may not empty what was kept meanwhile
        return copy

    def staged(*asked):
        hand.start()
        stage(*asked)
        moved.set()

    monkeypatch.setattr("unlearnlab.chapters.ch04_sine.lab.copied", slowly)
    monkeypatch.setattr(sine, "stage", staged)
    sine.start()
    sine.wait()
    hand.done()
    assert sine.metrics == copying


def test_curve_A_of_a_run_that_goes_on_is_of_the_epoch_that_it_names(sine, monkeypatch):
    found = []

    def click(run):
        sine.a_button.value = True
        found.append(run.model)

    monkeypatch.setattr(sine, "pause", 10**6)  # no frame but the first and the last
    within(sine, monkeypatch, 30, click)
    sine.epochs.value = 50
    sine.wait()
    words, _, metrics = sine.a
    assert found and words == "A: GD, 0 epochs" and metrics == sine.start_metrics
    assert sine.epoch == 50


def test_a_prompt_within_a_run_is_answered_by_the_model_that_is_seen(monkeypatch):
    lab = PassageLab(method="GD", epochs=3)
    lab.hyperparameters["lr"].value = 10 ** lab.hyperparameters["lr"].max
    lab.wait()
    found = []

    def asks(run):
        lab.prompt.value = "rumour Kira Ebner they"
        found.append((lab.shown["GD"], lab.answers(lab.drawn)["GD"], lab.shown["original"]))

    monkeypatch.setattr(lab, "pause", 0)  # a frame after every epoch
    within(lab, monkeypatch, 5, asks)
    lab.epochs.value = 6
    lab.wait()
    ((shown, said, original),) = found
    assert shown == said != original


def test_a_control_moved_within_a_run_shows_the_model_that_is_seen(monkeypatch):
    lab, found = CollapseLab(seed=1, method="GD", epochs=2), []

    def moves(run):
        lab.painted.value = (lab.painted.value + 1) % 10
        bars = lab.figure.axes[1 + list(lab.says).index("unlearned model")].patches
        says = outputs(run.model, lab.image)[0].softmax(1)[0]
        found.append(([bar.get_width() for bar in bars][-10:], says.tolist()))

    within(lab, monkeypatch, 1, moves)
    lab.start()
    lab.wait()
    ((widths, says),) = found
    assert widths == pytest.approx(says, abs=1e-5)


def test_a_control_moved_as_another_seed_comes_shows_one_task(monkeypatch):
    levels = lambda lab: [line.get_ydata()[0] for line in lab.figure.axes[-1].lines[:2]]
    lab, made = CollapseLab(seed=1, method="GD", epochs=1), threading.Event()
    drawing, draw, make = threading.Event(), lab.draw, lab._made

    def drawn():
        draw()
        if threading.current_thread() is threading.main_thread():
            drawing.set()
            assert made.wait(END)
            monkeypatch.setattr(lab, "draw", draw)
            lab._thread.join(MOMENT)  # a run that does not wait takes the new task by now

    def ready(seed, stop):
        assert drawing.wait(END)
        task = make(seed, stop)
        made.set()
        return task

    monkeypatch.setattr(lab, "draw", drawn)
    monkeypatch.setattr(lab, "_made", ready)
    lab.seed.value = 2
    lab.painted.value = 2
    lab.wait()
    alone = CollapseLab(seed=2, method="GD", epochs=1)
    assert lab.task.seed == 2 and levels(lab) == levels(alone)


def test_stop_can_be_pressed_from_the_click_on_and_is_answered(sine):
    going, seen = threading.Event(), []
    sine.stop.observe(lambda change: seen.append(change["new"]), "disabled")
    sine.work(lambda stop: (going.set(), stop.wait(END)))
    assert going.wait(END) and seen == [False]
    sine.epochs.value = 100  # in its place
    assert not sine.stop.disabled
    sine.halt()  # perhaps before that run has begun
    sine.wait()
    assert seen == [False, True] and "Stopped in epoch" in sine.status.value


def test_a_lab_that_is_closed_begins_nothing_that_waited_for_its_turn(sine):
    going, order = threading.Event(), []
    sine.work(lambda stop: (going.set(), stop.wait(END), order.append("first")))
    assert going.wait(END)
    sine.work(lambda stop: order.append("second"))
    sine.close()
    sine.wait()
    assert order == ["first"]


def test_work_is_replaced_and_stopped(sine):
    order = []
    sine.wait()
    began = threading.Event()
    sine.work(lambda stop: (began.set(), stop.wait(END), order.append("first")))
    assert began.wait(END)
    sine.work(lambda stop: order.append("second"))
    sine.wait(END)
    assert order == ["first", "second"]
    sine.work(lambda stop: stop.wait(END))
    with pytest.raises(TimeoutError, match="still busy after 0.05 s"):
        sine.wait(0.05)
    sine.halt()
    sine.wait(END)
    assert sine.stop.disabled


def test_the_end_of_one_lab_may_begin_another(sine):
    other, begun = SineLab(seed=2, method="GD", epochs=5), []

    def ended(change):
        if change["new"] and not begun:
            begun.append(other.start())

    sine.stop.observe(ended, "disabled")
    sine.start()
    sine.wait(QUIET)
    other.wait(QUIET)
    assert begun and other.stop.disabled and sine.error is other.error is None
    other.close()


def test_curve_A_as_a_run_begins_is_the_original(sine, monkeypatch):
    begun = sine.stage

    def begins(*asked):
        begun(*asked)
        sine.a_button.value = True

    monkeypatch.setattr(sine, "stage", begins)
    sine.start()
    sine.wait()
    words, (_, heights), metrics = sine.a
    assert words == "A: GD, 0 epochs" and metrics == sine.start_metrics
    assert (heights == curve(sine.task.original)[1]).all()
