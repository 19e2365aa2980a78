"""What ErasureLab says of colored images; what it shares with CollapseLab is in
test_image_labs.py."""

import numpy as np
import pytest
from small_images import small

from unlearnlab.chapters import ch09_erasure as ch
from unlearnlab.data.tint import tint
from unlearnlab.tasks import erasure


def captions(lab):
    """Of every image, what the original and what the unlearned model says."""
    texts = [text.get_text() for text in lab.figure.axes[0].texts]
    return list(zip(texts[: len(texts) // 2], texts[len(texts) // 2 :]))


def test_every_image_has_the_answers_of_both_models_under_it():
    lab = ch.ErasureLab(seed=2, method="GD", epochs=1)
    lab.images.value = 3
    page, plane = lab.figure.axes
    pixels, labels = (t[8:12] for t in erasure.images().test.tensors)
    names, told = list(erasure.COLORS), iter(zip(page.images, captions(lab)))
    for name, color in erasure.COLORS.items():
        painted = tint(pixels, color)
        for i, (shown, (before, after)) in zip(range(4), told):
            assert np.array_equal(shown.get_array(), painted[i].permute(1, 2, 0))
            digits, colors = lab.model(painted)
            mark, digit, said, p = after.split()
            assert (int(digit), said) == (digits[i].argmax(), names[colors[i].argmax()])
            assert float(p) == pytest.approx(colors[i].softmax(0)[0].item(), abs=0.006)
            assert (mark == "✓") == (int(digit) == labels[i] and said == "gray")
            assert before.split()[2] == name  # the original still sees color
    places = [tuple(line.get_xydata()[0]) for line in plane.lines[3:6]]
    assert places == [lab.place(lab.start_metrics), lab.place(lab.truth_metrics), (1, 0)]
    assert next(tuple(line.get_xydata()[-1]) for line in plane.lines[-1:]) == lab.track[-1]


def test_before_a_run_the_alt_text_counts_what_the_original_says():
    lab = ch.ErasureLab(seed=2, method="GD", epochs=1)
    right = sum(before.startswith("✓") for before, _ in captions(lab))
    assert right and f"{right} are called gray with the right class" in lab.move(None)


def test_classes_with_names_get_room_and_a_hard_tasks_plane_its_own_corner(tmp_path, monkeypatch):
    names = ("cat", "submarine sandwich", *"cdefghij")
    small(monkeypatch, tmp_path, erasure, "cifar10", 32, names)
    lab = ch.ErasureLab(dataset="cifar10", method="GD", epochs=1)
    lab.wait()
    page = lab.figure.axes[0]
    assert len(page.images) == len(captions(lab)) == 9
    assert page.images[0].get_array().shape == (32, 32, 3)
    assert {before.split()[1] for before, _ in captions(lab)} <= {"cat", "submarine", *"cdefghij"}
    monkeypatch.setattr(lab, "truth_metrics", {"retain_accuracy": 0.5, "forget_error": 0.0})
    lab.zoom.value = True
    low, high = lab.figure.axes[1].get_xlim()
    assert low < 0.5 < high < 0.8 and lab.status.value == ""
