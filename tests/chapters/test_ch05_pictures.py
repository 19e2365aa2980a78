"""Do the pictures of linear models draw, say in words what they show, and show their scene?"""

import numpy as np
import pytest

from unlearnlab.chapters.ch05_linear import pictures
from unlearnlab.chapters.ch05_linear.lab import LinearLab, scene
from unlearnlab.course import style


@pytest.mark.parametrize("retained", [1, 2])
def test_the_labs_picture_shows_the_scene_it_was_given(retained):
    _, ax = style.figure(subplot_kw={"projection": "3d"})
    shown = scene(heading=30, tilt=40, label=1.5, retained=retained)
    pictures.space(ax, shown)
    zero = np.zeros(3)
    wanted = [
        (shown.X_retain[0], zero, shown.X_retain[-1]),
        (zero, shown.x_forget),
        (shown.x_forget, shown.x_foot),
        (zero, shown.original),
        (shown.original, shown.unlearned),
        (shown.retrained,),
    ]
    for line, points in zip(ax.lines[1:], wanted, strict=True):
        assert np.allclose(np.transpose(line.get_data_3d()), np.stack(points))
    (surface,) = ax.collections
    ax.figure.canvas.draw()
    corners = surface.get_paths()[0].vertices
    assert np.linalg.matrix_rank(corners - corners[0], tol=1e-6) == retained  # a plane, or a line


def test_the_key_names_every_kind_of_vector():
    names = [text.get_text().split()[0] for text in LinearLab().canvas.figure.legends[0].texts]
    assert names == ["retain", "retain", "forget", "its", "θ*:", "its", "shortest"]
