"""What CollapseLab says of painted images; what it shares with ErasureLab is in
test_image_labs.py."""

import numpy as np
import pytest
from small_images import small

from unlearnlab.chapters import ch10_collapse as ch
from unlearnlab.chapters.ch10_collapse.lab import NAMES
from unlearnlab.data.tint import CLASS_COLORS, tint
from unlearnlab.tasks import collapse


@pytest.fixture(scope="module")
def lab():
    return ch.CollapseLab(seed=2, method="GD", epochs=1)


def show(lab, content, example, color):
    lab.content.value, lab.example.value, lab.painted.value = content, example, color
    return lab.figure.axes


def test_every_bar_is_a_probability_and_every_verdict_follows_from_them(lab):
    images, labels = collapse.images().test.tensors
    for digit, example, color in ((0, 1, 5), (9, 3, 9), (4, lab.example.max, 1)):
        picture, *panels, _ = show(lab, digit, example, color)
        image = tint(images[labels == digit][example - 1][None], CLASS_COLORS[color])
        assert np.array_equal(picture.images[0].get_array(), image[0].permute(1, 2, 0))
        assert lab.status.value == "" and f"color: {NAMES[color]}" in picture.texts[0].get_text()
        models = lab.task.original, lab.model, lab.task.ground_truth
        for ax, model in zip(panels, models):
            chances = model(image).softmax(1)[0].detach().numpy()
            widths = [bar.get_width() for bar in ax.containers[0]]
            np.testing.assert_allclose(widths, chances, atol=1e-5)
            says = int(chances.argmax())
            cues = {digit: "the content", color: "the color"}
            word = "both" if says == digit == color else cues.get(says, "neither")
            assert ax.texts[0].get_text().endswith(f"says {says}:\n{word}")
        labels_of = {
            t.get_text(): y for t, y in zip(panels[2].get_yticklabels(), panels[2].get_yticks())
        }
        apart = {"◂ content": digit, "◂ color": color}
        assert labels_of == ({"◂ both": digit} if digit == color else apart)


def test_the_levels_are_the_color_accuracies_of_the_trained_models(lab):
    ax = lab.figure.axes[-1]
    heights = [line.get_ydata()[0] for line in ax.lines[:2]]
    models = lab.task.original, lab.task.ground_truth
    assert heights == [lab.task.evaluate(model)["color_accuracy"] for model in models]
    assert [text.get_text() for text in ax.texts[:2]] == ["original", "ground truth"]


def test_every_color_paints_and_is_named_beside_its_row(lab):
    seen = set()
    for color, name in enumerate(NAMES):
        picture, first, *_ = show(lab, 3, 1, color)
        assert picture.texts[0].get_text().endswith(f"{name},\nthat of class {color}")
        seen.add(lab.canvas.png())
    assert len(seen) == 10
    squares = first.collections[0]
    assert np.allclose(squares.get_facecolors()[:, :3], CLASS_COLORS.numpy() / 255)
    rows = [label.get_text() for label in first.get_yticklabels()]
    assert rows == [f"{name} {i}" for i, name in enumerate(NAMES)]


def test_classes_with_names_are_called_by_them(tmp_path, monkeypatch):
    names = "airplane", "cat", *"cdefghi", "truck"
    small(monkeypatch, tmp_path, collapse, "cifar10", 32, names)
    lab = ch.CollapseLab(dataset="cifar10", method="GD", epochs=1)
    lab.wait()
    assert [name for name, _ in lab.content.options] == list(names)
    picture, *panels, _ = show(lab, 9, 2, 1)
    painted = tint(lab.pixels[19:20], CLASS_COLORS[1])[0].permute(1, 2, 0)
    assert np.array_equal(picture.images[0].get_array(), painted)
    assert picture.texts[0].get_text() == "content: truck\ncolor: green,\nthat of class cat"
    *verdicts, truth = [ax.texts[0].get_text().split("\n")[1] for ax in panels]
    assert truth == "not trained"
    assert all(words.removeprefix("says ").rstrip(":") in names for words in verdicts)
    assert "Content truck in green, that of class cat" in lab.canvas.figure.alt
