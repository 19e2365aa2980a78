"""Intervals that hold the truth as often as they say, and floors from models that share nothing."""

import numpy as np
import pytest
import torch

from unlearnlab.metrics import Interval, against_itself, interval, jackknife, klom


def test_an_interval_of_three_numbers_is_what_the_tables_of_student_say():
    found = interval([1.0, 2.0, 3.0])
    assert found.mean == 2 and np.allclose(
        [found.low, found.high], [2 - 4.302653 / 3**0.5, 2 + 4.302653 / 3**0.5]
    )
    assert str(found) == "2.000 [-0.484, 4.484]"
    assert np.allclose(
        interval(torch.tensor([1.0, 2.0, 3.0]), level=0.9)[1:],
        [2 - 2.919986 / 3**0.5, 2 + 2.919986 / 3**0.5],
    )


def test_it_holds_the_true_mean_as_often_as_its_level_says():
    runs = np.random.default_rng(0).normal(7, 3, (1_000, 5))
    for level in (0.5, 0.95):
        held = np.mean(
            [low <= 7 <= high for _, low, high in (interval(run, level) for run in runs)]
        )
        assert abs(held - level) < 4 * (level * (1 - level) / 1_000) ** 0.5


def test_values_with_a_gradient_are_values():
    values = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    assert (
        interval(values) == interval([1.0, 2.0, 3.0])
        and not klom(gaussian(9, 2).requires_grad_(), gaussian(9, 2)).requires_grad
    )


@pytest.mark.parametrize("size", [1e-200, 1e200, 2**-1000])
def test_an_interval_scales_with_its_values(size):
    found, expected = interval([size, 3 * size, 2 * size]), interval([1.0, 3.0, 2.0])
    assert np.allclose(np.array(found) / size, expected, rtol=1e-12)
    models = gaussian(16)
    found, expected = (jackknife(lambda x: x.mean(), m) for m in (models * size, models))
    assert np.allclose(np.array(found) / size, expected, rtol=1e-9)


def test_equal_values_give_an_interval_without_width():
    assert interval([0.25, 0.25]) == (0.25, 0.25, 0.25)


@pytest.mark.parametrize(
    "values, level, says",
    [
        ([1.0], 0.95, r"values must be at least 2 numbers, one per seed, got shape \(1,\)"),
        ([1.0, np.nan], 0.95, "values must be finite"),
        ([[1.0, 2.0]], 0.95, "values must be at least 2 numbers"),
        ([1.0, 2.0], 1, r"level must be a number in \(0, 1\), got 1"),
    ],
)
def test_an_interval_of_too_little_is_refused(values, level, says):
    with pytest.raises(ValueError, match=says):
        interval(values, level)


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_of_a_difference_of_means_the_jackknife_is_students_interval_of_the_groups():
    """Groups of one model each: the left-out means differ from the whole one by 1/7
    of what the models differ by."""
    a, b = gaussian(8), gaussian(8, seed=1)
    same = jackknife(lambda x: x.mean(), a)
    assert np.allclose(same, interval(a)) and isinstance(same, Interval)
    assert np.allclose(
        jackknife(lambda x: x.mean(), a, groups=4, level=0.5), interval(_means(a, 4), level=0.5)
    )
    both = jackknife(lambda x, y: x.mean() - y.mean(), a, b, groups=4)
    assert np.allclose(both, interval(_means(a, 4, b)))


def _means(a, groups, b=None):
    """Means of the random parts that the jackknife leaves out, of one tensor,
    or the differences of two."""
    seen, everything = [], (a,) if b is None else (a, b)
    jackknife(
        lambda *some: seen.append([part.mean() * len(part) for part in some]) or 0.0,
        *everything,
        groups=groups,
    )
    size = len(a) / groups
    parts = np.array(
        [[(whole - rest) / size for whole, rest in zip(seen[0], row)] for row in seen[1:]]
    )
    return parts[:, 0] - (parts[:, 1] if b is not None else 0)


def test_it_holds_the_true_difference_as_often_as_its_level_says():
    found = [
        jackknife(
            lambda x, y: x.mean() - y.mean(),
            2 * gaussian(24, seed=i) + 3,
            gaussian(16, seed=1_000 + i),
        )
        for i in range(400)
    ]
    held = np.mean([low <= 3 <= high for _, low, high in found])
    assert abs(held - 0.95) < 4 * (0.95 * 0.05 / 400) ** 0.5


def test_of_klom_it_holds_the_known_value_at_that_many_models():
    """Two equal Gaussians, 20 models of each: 3.1."""
    mean, low, high = jackknife(
        lambda a, b: klom(a, b).mean(), gaussian(20, 100), gaussian(20, 100, seed=1)
    )
    assert (
        low < 3.1 < high
        and high - low < 2
        and mean == klom(gaussian(20, 100), gaussian(20, 100, seed=1)).mean()
    )


def test_the_parts_of_a_jackknife_are_drawn_at_random_by_its_seed():
    models = torch.arange(16.0) // 2  # in order, every part would be of equal models
    found = [jackknife(lambda x: x.mean(), models, seed=seed) for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]


def test_models_that_are_all_alike_give_an_interval_without_width():
    assert jackknife(lambda a: a.sum(1).mean(), torch.ones(9, 3)) == (3, 3, 3)


@pytest.mark.parametrize(
    "models, change, says",
    [
        (
            [torch.ones(9), torch.ones(7)],
            {},
            "groups=8 needs as many models of every kind, got \\[9, 7]",
        ),
        ([], {}, r"got \[\]"),
        ([torch.ones(9)], {"groups": 1}, "groups must be an integer of at least 2, got 1"),
        ([torch.ones(9)], {"level": 0}, r"level must be a number in \(0, 1\), got 0"),
        (
            [torch.full((9,), torch.inf)],
            {},
            "score must be finite, with all models and without a part of them",
        ),
    ],
)
def test_a_jackknife_of_too_little_is_refused_by_name(models, change, says):
    with pytest.raises(ValueError, match=says):
        jackknife(lambda *some: some[0].mean(), *models, **change)


def test_the_two_groups_of_a_floor_share_no_model_and_change_from_draw_to_draw():
    models = torch.arange(10.0)[:, None]
    seen = []
    found = against_itself(
        lambda a, b: seen.append((set(a.flatten().tolist()), set(b.flatten().tolist()))) or 0,
        models,
        size=4,
        draws=6,
    )
    assert found.shape == (6,) and all(len(a) == len(b) == 4 and not a & b for a, b in seen)
    assert len({frozenset(a) for a, _ in seen}) > 3
    assert torch.equal(
        against_itself(lambda a, b: a - b, models), against_itself(lambda a, b: a - b, models)
    )
    assert not torch.equal(
        against_itself(lambda a, b: a - b, models),
        against_itself(lambda a, b: a - b, models, seed=1),
    )
    assert against_itself(lambda a, b: a.mean(0) - b.mean(0), models[:9]).shape == (
        10,
        1,
    )  # 4 against 4: one is left out


@pytest.mark.parametrize(
    "change, error, says",
    [
        ({"size": 6}, ValueError, "size=6 needs 12 retrained models for two groups, got 10"),
        ({"size": 1}, ValueError, "size must be an integer of at least 2, got 1"),
        ({"draws": 0}, ValueError, "draws must be an integer of at least 1, got 0"),
        (
            {"retrained": torch.zeros(3, 2)},
            ValueError,
            "retrained must hold at least 4 models, got 3",
        ),
        (
            {"retrained": torch.zeros(10)},
            ValueError,
            r"retrained must have shape \(models, examples\), got \(10,\)",
        ),
        (
            {"retrained": torch.zeros(10, 0)},
            ValueError,
            r"retrained must have shape \(models, examples\), got \(10, 0\)",
        ),
        ({"retrained": torch.full((10, 1), torch.nan)}, ValueError, "retrained holds a NaN"),
        (
            {"retrained": np.zeros((10, 1))},
            TypeError,
            "retrained must be a floating-point tensor, got ndarray",
        ),
    ],
)
def test_a_floor_of_too_little_is_refused_by_name(change, error, says):
    arguments = {"retrained": torch.zeros(10, 1)} | change
    with pytest.raises(error, match=says):
        against_itself(lambda a, b: 0, arguments.pop("retrained"), **arguments)
