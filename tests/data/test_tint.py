"""A tint is luminance times color over 255, rounded, to the last pixel."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from PIL import Image

from unlearnlab.data import tint as module
from unlearnlab.data.tint import CLASS_COLORS, GRAY, GREEN, RED, luminance, tint


def images(*pixels):
    """Images (n, 3, 1, 1) of one pixel each."""
    return torch.tensor(pixels, dtype=torch.uint8)[:, :, None, None]


def noise(n=40, channels=3, size=7, seed=0):
    return torch.randint(
        0,
        256,
        (n, channels, size, size + 2),
        dtype=torch.uint8,
        generator=torch.Generator().manual_seed(seed),
    )


def nearest(value):
    return int(value + Fraction(1, 2))


def test_luminance_of_single_pixels_is_as_computed_by_hand():
    # .299 * 255 = 76.2, .587 * 255 = 149.7, .114 * 255 = 29.1;
    # .299 * 100 + .587 * 50 + .114 * 200 = 82.05; 2.99 + 11.74 + 3.42 = 18.15
    found = luminance(
        images(
            (255, 0, 0),
            (0, 255, 0),
            (0, 0, 255),
            (255, 255, 255),
            (0, 0, 0),
            (100, 50, 200),
            (10, 20, 30),
        )
    )
    assert found.flatten().tolist() == [76, 150, 29, 255, 0, 82, 18] and found.shape == (7, 1, 1)


def test_tints_of_single_pixels_are_as_computed_by_hand():
    # luminance 82: 82 * 128 / 255 = 41.16; luminance 150: 150 * 128 / 255 = 75.29;
    # 150 * 200 / 255 = 117.65
    pixels = images((100, 50, 200), (0, 255, 0))
    assert tint(pixels, GRAY).flatten(1).tolist() == [[82, 82, 82], [150, 150, 150]]
    assert tint(pixels, RED).flatten(1).tolist() == [[82, 0, 0], [150, 0, 0]]
    assert tint(pixels, GREEN).flatten(1).tolist() == [[0, 82, 0], [0, 150, 0]]
    each = torch.tensor([(255, 128, 0), (128, 200, 255)], dtype=torch.uint8)
    assert tint(pixels, each).flatten(1).tolist() == [[82, 41, 0], [75, 118, 150]]


def test_luminance_is_the_rounded_weighted_sum_and_pillows_within_one():
    pixels = noise()
    found = luminance(pixels)
    exact = [
        nearest(Fraction(299 * r + 587 * g + 114 * b, 1000))
        for r, g, b in pixels.permute(0, 2, 3, 1).reshape(-1, 3).tolist()
    ]
    off = (found.flatten().int() - torch.tensor(exact)).abs()
    assert (
        off.max() <= 1 and (off == 0).float().mean() > 0.999
    )  # weights in parts of 65,536 move a value that is nearly halfway
    for image, ours in zip(pixels, found):
        pillow = np.asarray(Image.fromarray(image.permute(1, 2, 0).numpy()).convert("L")).astype(
            int
        )
        assert np.abs(pillow - ours.numpy()).max() <= 1


def test_every_product_of_a_luminance_and_a_color_is_rounded_to_nearest():
    light = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    for color in range(256):
        found = tint(light, torch.tensor([color, 0, 255], dtype=torch.uint8))[0]
        assert found[0].flatten().tolist() == [
            nearest(Fraction(x * color, 255)) for x in range(256)
        ]
        assert (found[1] == 0).all() and torch.equal(found[2], light[0, 0])


@pytest.mark.parametrize("at_once", [1, 64, 10**6])
def test_how_many_images_are_worked_on_at_once_changes_nothing(monkeypatch, at_once):
    pixels = noise()
    colors = CLASS_COLORS[torch.arange(40) % 10]
    expected = torch.stack([tint(image[None], color)[0] for image, color in zip(pixels, colors)])
    monkeypatch.setattr(module, "PIXELS_AT_ONCE", at_once)
    assert torch.equal(tint(pixels, colors), expected)
    assert torch.equal(luminance(pixels), tint(pixels, GRAY)[:, 1])


def test_a_tint_works_on_one_thread_and_gives_the_others_back(monkeypatch):
    """Two on a busy machine once took 7 seconds for what one does in a third of a second."""
    before, seen, real = torch.get_num_threads(), [], module.luminance
    torch.set_num_threads(2)
    try:
        monkeypatch.setattr(
            module, "luminance", lambda pixels: seen.append(torch.get_num_threads()) or real(pixels)
        )
        tint(noise(), RED)
        assert seen == [1] and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_one_channel_is_its_own_luminance_and_a_tint_leaves_its_input_alone():
    pixels, copy = noise(channels=1), noise(channels=1)
    assert torch.equal(luminance(pixels), copy[:, 0])
    assert torch.equal(tint(pixels, RED)[:, 0], copy[:, 0]) and torch.equal(pixels, copy)
    luminance(pixels).zero_()
    assert torch.equal(pixels, copy)


def test_channels_last_and_empty_inputs_are_fine():
    pixels = noise()
    assert torch.equal(tint(pixels.to(memory_format=torch.channels_last), RED), tint(pixels, RED))
    assert tint(pixels[:0], RED).shape == (0, 3, 7, 9) and luminance(pixels[:0]).shape == (0, 7, 9)


def test_what_is_not_an_image_or_a_color_is_refused_by_name():
    with pytest.raises(TypeError, match="pixels must be a uint8 tensor, got torch.float32"):
        luminance(noise().float())
    with pytest.raises(TypeError, match="pixels must be a uint8 tensor, got list"):
        tint([[1]], RED)
    with pytest.raises(
        ValueError, match=r"pixels must have shape \(n, 1 or 3, h, w\), got \(40, 2, 7, 9\)"
    ):
        luminance(noise(channels=2))
    with pytest.raises(TypeError, match="colors must be a uint8 tensor, got torch.int64"):
        tint(noise(), torch.tensor([255, 0, 0]))
    with pytest.raises(
        ValueError, match=r"colors must have shape \(3,\) or \(40, 3\), got \(39, 3\)"
    ):
        tint(noise(), RED.expand(39, 3))
