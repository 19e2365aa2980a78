"""Argument checks take what a reader may mean and refuse the rest by name."""

import numpy as np
import pytest
import torch

from unlearnlab.ground import checks


def test_integers_of_numpy_and_torch_are_welcome():
    for value in (3, np.int64(3), np.uint8(3), np.array(3), torch.tensor(3)):
        assert checks.integer("n", value) == 3 and type(checks.integer("n", value)) is int


@pytest.mark.parametrize(
    "value", [True, np.True_, torch.tensor(True), 3.0, "3", None, [3], torch.tensor([3])]
)
def test_what_is_no_integer_is_refused_by_name(value):
    with pytest.raises(ValueError, match="n must be an integer of at least 1, got"):
        checks.integer("n", value, low=1)


def test_a_message_says_the_range():
    for bounds, words in (
        ({}, "a number"),
        ({"low": 0}, "a number of at least 0"),
        ({"above": 0}, "a number greater than 0"),
        ({"low": 0, "high": 1}, r"a number in \[0, 1\]"),
        ({"low": 0, "below": 1}, r"a number in \[0, 1\)"),
        ({"above": 0, "below": 1}, r"a number in \(0, 1\)"),
        ({"above": 0, "high": 1}, r"a number in \(0, 1\]"),
    ):
        with pytest.raises(ValueError, match=f"x must be {words}, got nan"):
            checks.number("x", float("nan"), **bounds)
    with pytest.raises(ValueError, match="n must be an integer from 1 to 9, got 10"):
        checks.integer("n", 10, low=1, high=9)


@pytest.mark.parametrize("value", [True, "1", None, float("inf"), 10**400, 1j, torch.tensor([1.0])])
def test_what_is_no_number_is_refused_by_name(value):
    with pytest.raises(ValueError, match="x must be a number, got"):
        checks.number("x", value)


def test_a_tensor_is_refused_by_dtype_shape_and_contents():
    checks.floats("x", torch.zeros(4, 3), shape=("n", 3))
    with pytest.raises(ValueError, match=r"x must have shape \(n, 3\), got \(4, 2\)"):
        checks.floats("x", torch.zeros(4, 2), shape=("n", 3))
    with pytest.raises(TypeError, match="x must be a floating-point tensor, got a torch.int64"):
        checks.floats("x", torch.zeros(4, dtype=torch.int64))
    with pytest.raises(ValueError, match="x must be finite, but 1 of 2 numbers are nan or inf"):
        checks.floats("x", torch.tensor([1.0, torch.nan]))
    with pytest.raises(TypeError, match="x must be a uint8 tensor, got torch.float32"):
        checks.tensor("x", torch.zeros(4), dtype=torch.uint8)


def test_a_choice_is_listed_and_equal_values_of_another_type_are_none():
    with pytest.raises(ValueError, match="kind must be one of a, b for digits, got 'c'"):
        checks.one_of("kind", "c", "ab", " for digits")
    with pytest.raises(ValueError, match="n must be one of 1, 2, got True"):
        checks.one_of("n", True, (1, 2))
