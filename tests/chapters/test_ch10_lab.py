"""CollapseLab in-process: painting, its sliders, its numbers against the task's; what it shares
with ErasureLab is tested there."""

import dataclasses

import numpy as np
import pytest
from patience import END
from small_images import small

import unlearnlab as ul
from unlearnlab.chapters import ch10_collapse as ch
from unlearnlab.chapters.ch10_collapse.lab import NAMES
from unlearnlab.course import unlearning_lab
from unlearnlab.data.tint import CLASS_COLORS, tint
from unlearnlab.tasks import collapse


@pytest.fixture(scope="module")
def one():
    made = ch.CollapseLab(seed=2, method="GD", epochs=1)
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
        (one.content, 3),
        (one.example, 1),
    ):
        control.value = value
    one.reset.click()
    one.wait()
    return one


def widths(lab, panel):
    return [bar.get_width() for bar in lab.picture.bars[panel]]


def test_every_bar_is_a_probability_and_every_verdict_follows_from_them(lab):
    images, labels = collapse.images().test.tensors
    for digit, example, color in ((0, 1, 5), (9, 3, 9), (4, lab.example.max, 1)):
        lab.content.value, lab.example.value = digit, example
        lab.colors[color].click()
        image = tint(images[labels == digit][example - 1][None], CLASS_COLORS[color])
        assert (
            np.array_equal(lab.picture.painted.get_array(), image[0].permute(1, 2, 0))
            and lab.status.value == ""
        )
        for panel, model in enumerate((lab.task.original, lab.model, lab.task.ground_truth)):
            chances = model(image).softmax(1)[0].detach().numpy()
            np.testing.assert_allclose(widths(lab, panel), chances, atol=1e-5)
            says = int(chances.argmax())
            word = (
                "both"
                if says == digit == color
                else "the content"
                if says == digit
                else "the color"
                if says == color
                else "neither"
            )
            assert lab.picture.verdicts[panel].get_text() == f"says {says}:\n{word}"
        marks = {
            note.get_text(): note.get_position()[1] for note in lab.picture.notes if note.get_text()
        }
        assert marks == (
            {"both ▸": digit} if digit == color else {"content ▸": digit, "color ▸": color}
        )


def test_every_color_button_paints_and_shows_which_it_is(lab):
    seen = set()
    for color, button in enumerate(lab.colors):
        button.click()
        assert lab.painted == color and ["black" in b.layout.border_top for b in lab.colors] == [
            c == color for c in range(10)
        ]
        assert (
            button.style.button_color
            == "#" + "".join(f"{c:02x}" for c in CLASS_COLORS[color].tolist())
            and NAMES[color] in button.tooltip
        )
        seen.add(lab.canvas.png())
    assert len(seen) == 10
    with pytest.raises(ValueError, match="color must be an integer from 0 to 9, got 10"):
        lab.paint(10)


def test_every_slider_at_least_middle_and_greatest_gives_a_new_picture(lab, monkeypatch):
    def still(task, method, epochs, callback, stop):
        run = ul.Run(method, epochs, 0, task.original, [{"epoch": 0}], metrics=lab.start_metrics)
        callback(run)
        return run

    monkeypatch.setattr(unlearning_lab, "unlearn", still)
    for control, values in (
        (lab.content, (0, 5, 9)),
        (lab.example, (lab.example.max, 15, 1)),
        (lab.epochs, (20, 10, 1)),
        (lab.seed, (1, 3, 5)),
    ):
        for value in values:
            before = lab.canvas.png()
            control.value = value
            lab.wait()
            assert lab.canvas.png() != before and lab.status.value == ""


@pytest.mark.parametrize("name", ul.METHODS)
def test_every_method_runs_from_its_first_values(one, name, monkeypatch):
    lab = one
    lab.epochs.value, lab.seed.value = 1, 2
    lab.wait()
    monkeypatch.setattr(
        lab, "task", dataclasses.replace(lab.task, evaluate=lambda model: lab.start_metrics)
    )  # a tenth of a second each
    lab.name.value = name
    lab.wait()
    expected = lab.settings[name]
    expected = (
        dataclasses.replace(expected, descent_epochs=1)
        if getattr(expected, "descent_epochs", 0) > 1
        else expected
    )
    for f in dataclasses.fields(expected):
        assert getattr(lab.method, f.name) == (
            pytest.approx(v) if isinstance(v := getattr(expected, f.name), float) else v
        )
    assert f">{name}</td>" in lab.readout.value and lab.status.value == ""


def test_the_track_and_the_table_are_what_unlearn_and_the_task_give(lab):
    lab.epochs.value = 2
    lab.wait()
    task, seen = ul.collapse.task(seed=2), []
    run = ul.unlearn(
        task,
        lab.settings["GD"],
        2,
        callback=lambda run: seen.append(task.evaluate(run.model)["color_accuracy"]),
    )
    whole = [task.evaluate(model) for model in (task.original, run.model, task.ground_truth)]
    way = [whole[0]["color_accuracy"], *seen]
    assert lab.track == [(value,) for value in way]
    assert np.array_equal(lab.picture.track.get_ydata(), way)
    for metrics in whole:
        assert all(f"{value:.3f}</td>" in lab.readout.value for value in metrics.values())
    heights = [line.get_ydata()[0] for line in lab.picture.levels]
    assert heights == [whole[0]["color_accuracy"], whole[2]["color_accuracy"]]


def test_an_error_while_painting_is_shown_kept_and_cleared(lab, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(lab.picture, "frame", lambda *args: 1 / 0)
        lab.colors[2].click()
        with pytest.raises(ZeroDivisionError):
            lab.wait()
    assert "ZeroDivisionError" in lab.status.value
    lab.colors[3].click()
    lab.wait()
    assert lab.status.value == ""


def test_two_labs_do_not_drive_each_other_and_a_stored_notebook_holds_a_picture_and_words(lab):
    other = ch.CollapseLab(seed=3, method="GD", epochs=1)
    before = other.canvas.png()
    data, metadata = other._repr_mimebundle_()
    assert data["image/png"] == before and data["text/plain"] == other.summary
    assert (
        "the ground truth says" in metadata["image/png"]["alt"]
        and "color accuracy" in metadata["image/png"]["alt"]
    )
    lab.colors[0].click()
    lab.content.value = 8
    lab.name.value = "GA"
    lab.wait()
    assert (
        other.canvas.png() == before
        and other.content.value == 3
        and "black" not in other.colors[0].layout.border_top
    )


def test_classes_with_names_are_called_by_them(tmp_path, monkeypatch):
    names = "airplane", "cat", *"cdefghi", "truck"
    small(monkeypatch, tmp_path, collapse, "cifar10", 32, names)
    said, say = [], unlearning_lab.UnlearningLab._say
    monkeypatch.setattr(
        unlearning_lab.UnlearningLab,
        "_say",
        lambda lab, text, *kind: said.append(text) or say(lab, text, *kind),
    )
    lab = ch.CollapseLab(dataset="cifar10", method="GD", epochs=1)
    lab.wait()
    assert lab.content.description == "class" and [name for name, _ in lab.content.options] == list(
        names
    )
    lab.content.value, lab.example.value = 9, 2
    lab.colors[1].click()
    assert np.array_equal(
        lab.picture.painted.get_array(),
        tint(lab.pixels[19:20], CLASS_COLORS[1])[0].permute(1, 2, 0),
    )
    assert lab.picture.caption.get_text() == "content: truck\ncolor: green,\nthat of cat"
    assert lab.colors[1].tooltip == "paint it green, the color of cat"
    assert all(
        text.get_text().split(":")[0].removeprefix("says ") in names
        for text in lab.picture.verdicts
    )
    assert "Content truck in green, the color of cat" in lab.canvas.figure.alt
    assert [text.split("epoch ")[1][:6] for text in said if "Training" in text] == [
        *(f"{i} of 4" for i in (1, 2, 3, 4)),
        "1 of 2",
        "2 of 2",
    ]


def test_wrong_choices_are_refused_by_name():
    with pytest.raises(ValueError, match="method must be one of MinNorm-OG, .*, got 'SGD'"):
        ch.CollapseLab(method="SGD")
    with pytest.raises(
        ValueError, match="dataset must be one of digits, mnist, cifar10, got 'tiny-imagenet'"
    ):
        ch.CollapseLab(dataset="tiny-imagenet")
    with pytest.raises(ValueError, match="seed must be an integer from 1 to 5, got 0"):
        ch.CollapseLab(seed=0)
