"""Does LinearNetworkLab compute what it says, and does every slider change the picture?"""

import numpy as np
import pytest
import torch

from unlearnlab.chapters.ch06_linear_network.lab import INPUTS, LinearNetworkLab, compare


@pytest.mark.parametrize(
    "depth, width, n_retain", [(1, 1, 1), (2, 1, 3), (3, 6, 15), (6, 12, 7), (4, 12, 1), (6, 1, 15)]
)
def test_unlearned_and_retrained_agree_and_fit_at_every_setting(depth, width, n_retain):
    for seed in (0, 9):
        shown = compare(depth, width, n_retain, seed)
        for name in ("unlearned", "retrained"):
            assert shown.retain_error[name] < 1e-11 and shown.distance[name] < 1e-11


def test_the_numbers_are_those_of_a_direct_solution():
    shown = compare(3, 6, 5, 2)
    X = torch.randn(
        5, INPUTS, generator=torch.Generator().manual_seed(2007), dtype=torch.float64
    ).numpy()
    w = shown.original
    retrained = np.linalg.pinv(X) @ (X @ w)
    assert np.allclose(shown.predictors["unlearned"], retrained, atol=1e-12)
    for name, p in shown.predictors.items():
        assert shown.retain_error[name] == pytest.approx(
            np.linalg.norm(X @ (p - w)) / np.linalg.norm(X @ w), abs=1e-12
        )
        assert shown.distance[name] == pytest.approx(
            np.linalg.norm(p - retrained) / np.linalg.norm(retrained), abs=1e-12
        )


@pytest.mark.parametrize("depth", [2, 3, 6])
def test_without_the_penalty_the_fit_is_lost_from_two_layers_on(depth):
    shown = compare(depth, 5, 6, 4)
    assert (
        shown.retain_error["relaxed"] == pytest.approx(1, abs=1e-3)
        and np.abs(shown.predictors["relaxed"]).max() < 1e-3
    )


def test_with_one_layer_the_relaxed_problem_is_exact():
    shown = compare(1, 5, 6, 4)
    assert shown.distance["relaxed"] < 1e-7 and shown.drift["relaxed"] == pytest.approx(
        shown.drift["unlearned"], rel=1e-6
    )


@pytest.mark.parametrize(
    "arguments, words",
    [
        ((0, 3, 3, 1), "depth"),
        ((2, 0, 3, 1), "width"),
        ((2, 3, 0, 1), "n_retain"),
        ((2, 3, INPUTS, 1), "n_retain"),
    ],
)
def test_values_out_of_range_are_refused_by_name(arguments, words):
    with pytest.raises(ValueError, match=words):
        compare(*arguments)


def test_the_table_and_the_alt_text_follow_the_sliders():
    lab = LinearNetworkLab()
    assert (
        "relaxed, no penalty: retain error 1," in lab.canvas.figure.alt
        and "rounding" in lab.numbers.value
    )
    lab.depth.value = 1
    assert "retain error 1," not in lab.canvas.figure.alt and lab.width.disabled
    lab.depth.value = 2
    assert not lab.width.disabled


def test_an_exact_zero_is_told_from_rounding():
    from unlearnlab.chapters.ch06_linear_network.lab import _number

    assert [_number(v) for v in (0, 3e-16, 1e-8, 0.5)] == ["exactly 0", "rounding", "1e-08", "0.5"]
