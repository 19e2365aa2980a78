"""Do the pictures of notebook 14 draw, with every label inside, and say in words what they show?"""

import numpy as np
import pytest
from pictures import check_picture

from unlearnlab.chapters.ch14_interpolation.pictures import stopped

VALUES = np.random.default_rng(0).random((3, 4))
PANELS = {
    "largest error": {"original": VALUES, "MinNorm-OG": VALUES / 2},
    "retain error": {"original": VALUES, "projections only": VALUES * 2},
}


def test_a_picture_renders_with_labels_a_legend_of_all_models_and_words_without_numbers():
    figure = stopped([0.3, 0.1, 0.01], PANELS, "It falls")
    check_picture(figure, titles_name_heights=True)
    assert not any(letter.isdigit() for letter in figure.alt) and "It falls" in figure.alt
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "original",
        "MinNorm-OG",
        "projections only",
    ]
    assert all(ax.get_xlabel() and ax.get_title(loc="left") for ax in figure.axes)


def test_training_goes_on_to_the_right_and_the_line_is_the_mean_over_seeds():
    ax = stopped([0.3, 0.1, 0.01], PANELS).axes[0]
    left, right = ax.get_xlim()
    assert left > right and ax.lines[0].get_xdata().tolist() == [0.3, 0.1, 0.01]
    first, last = stopped([1, 3, 30], PANELS, xlabel="epochs").axes[0].get_xlim()
    assert first < last
    assert ax.lines[0].get_ydata() == pytest.approx(VALUES.mean(1))
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert heights.max() == pytest.approx(VALUES.max()) and heights.min() == pytest.approx(
        VALUES.min()
    )


def test_losses_that_are_not_positive_and_tables_that_do_not_fit_are_refused_by_name():
    with pytest.raises(ValueError, match="losses must be positive"):
        stopped([0.3, 0.0, 0.01], PANELS)
    with pytest.raises(
        ValueError,
        match=r"panels\['largest error'\]\['original'\] must have shape \(2, n\), got \(3, 4\)",
    ):
        stopped([0.3, 0.1], PANELS)


@pytest.mark.parametrize("losses", [[0.45, 0.1, 0.016], [2.0, 0.1, 1e-3], [1.0, 1e-6, 1e-12]])
def test_ticks_of_the_losses_do_not_touch(losses):
    figure = stopped(losses, {words: {"original": VALUES} for words in ("a", "b", "c")})
    figure.canvas.draw()
    for ax in figure.axes:
        boxes = sorted(
            (t.get_window_extent() for t in ax.get_xticklabels(which="both") if t.get_text()),
            key=lambda box: box.x0,
        )
        inside = [box for box in boxes if ax.bbox.x0 - 1 <= (box.x0 + box.x1) / 2 <= ax.bbox.x1 + 1]
        assert len(inside) >= 2 and all(a.x1 < b.x0 for a, b in zip(inside, inside[1:]))
