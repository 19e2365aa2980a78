"""Gaps by hand, and names and numbers that do not fit."""

import numpy as np
import pytest
import torch

from unlearnlab.metrics import average_gap, gap_floor, tow

RETRAINED = {"forget": 0.9, "retain": 1.0, "test": 0.8}


def test_as_retrained_is_1_and_0():
    assert tow(RETRAINED, RETRAINED) == 1 and average_gap(RETRAINED, RETRAINED) == 0


def test_every_gap_pulls_whichever_way_it_goes():
    unlearned = {"test": 0.7, "forget": 1.0, "retain": 0.8}  # by name, not by place
    assert np.isclose(tow(unlearned, RETRAINED), 0.9 * 0.8 * 0.9) and np.isclose(
        average_gap(unlearned, RETRAINED), 0.4 / 3
    )
    assert np.isclose(tow(RETRAINED, unlearned), 0.9 * 0.8 * 0.9)
    assert tow({"forget": 0}, {"forget": 1}) == 0
    for number in (np.uint8, lambda x: torch.tensor(x, dtype=torch.uint8)):
        gap = {"forget": number(0)}, {"forget": number(1)}
        assert tow(*gap) == 0 and average_gap(*gap) == 1
    assert type(tow({"forget": torch.tensor(0.5)}, {"forget": torch.tensor(0.25)})) is float


def test_the_floor_is_every_pair_of_retrained_models():
    models = [{"forget": share} for share in (0.5, 0.6, 0.9)]
    assert np.allclose(gap_floor(average_gap, models), [0.1, 0.4, 0.3]) and np.allclose(
        gap_floor(tow, models), [0.9, 0.6, 0.7]
    )
    assert np.array_equal(gap_floor(tow, iter(models)), gap_floor(tow, models))
    with pytest.raises(TypeError, match=r"retrained must be accuracies by name, got \[0.5\]"):
        tow(models[0], [0.5])
    with pytest.raises(
        ValueError, match="retrained must hold the accuracies of at least 2 models, got 1"
    ):
        gap_floor(tow, models[:1])


@pytest.mark.parametrize(
    "unlearned, says",
    [
        ({"forget": 0.9}, "must have the same names, got forget and forget, retain, test"),
        ({}, "must have the same names, got none and forget"),
        (RETRAINED | {"test": 80.0}, r"unlearned\['test'\] must be a number in \[0, 1\], got 80.0"),
        (
            RETRAINED | {"test": float("nan")},
            r"unlearned\['test'\] must be a number in \[0, 1\], got nan",
        ),
    ],
)
@pytest.mark.parametrize("metric", [tow, average_gap])
def test_what_does_not_fit_is_refused_by_name(metric, unlearned, says):
    with pytest.raises(ValueError, match=says):
        metric(unlearned, RETRAINED)
    if not unlearned:
        with pytest.raises(ValueError, match="got none and none"):
            metric({}, {})
