"""The picture of images shows what it is given; every method has a look of its own."""

import numpy as np
import pytest
import torch
from pictures import check_shown

import unlearnlab as ul
from unlearnlab.chapters.ch09_erasure import pictures
from unlearnlab.course import style


def images(n):
    return torch.randint(
        0, 256, (n, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(n)
    )


PICTURES = {"image_grid": lambda: pictures.image_grid(images(6), ["a, gray"] * 6, 2)}


@pytest.mark.parametrize("name", PICTURES)
def test_every_figure_draws_and_says_in_words_what_it_shows(name):
    check_shown(PICTURES[name])


def test_a_grid_shows_every_pixel_over_its_caption():
    pixels, captions = images(6), [f"{i}, red" for i in range(6)]
    axes = pictures.image_grid(pixels, captions, 2).axes
    for ax, image, caption in zip(axes, pixels, captions):
        assert (
            np.array_equal(ax.images[0].get_array(), image.permute(1, 2, 0))
            and ax.get_xlabel() == caption
        )
    assert [ax.get_subplotspec().rowspan.start for ax in axes] == [0, 0, 0, 1, 1, 1]


def test_every_method_has_a_look_of_its_own():
    looks = [(look["color"], look["marker"]) for look in style.METHOD_LOOKS.values()]
    assert set(ul.METHODS) <= set(style.METHOD_LOOKS) and len(set(looks)) == len(looks)
    # what methods are measured by, and a method of the reader's own, keep their colors
    taken = {style.ORANGE, style.GREEN, style.OTHER["color"]}
    assert not taken & {look["color"] for name, look in style.METHOD_LOOKS.items() if name != "NGD"}


def test_images_without_a_caption_or_a_place_are_refused():
    for count, rows in ((5, 2), (6, 4)):
        with pytest.raises(ValueError, match="zip"):
            pictures.image_grid(images(6), ["a"] * count, rows)
