"""Decision regions against geometry done by hand: known planes, a linear classifier whose
boundary is known, identical models."""

import math

import pytest
import torch
from torch import nn

import unlearnlab as ul
from unlearnlab.chapters.ch12_width import regions


class Half(nn.Module):
    """Class 1 where the first number of an input is above a level, else class 0."""

    def __init__(self, level):
        super().__init__()
        self.level = nn.Parameter(torch.tensor(float(level)))

    def forward(self, x):
        return torch.stack([torch.zeros(len(x)), x.flatten(1)[:, 0] - self.level], 1)


def square(resolution=11):
    """The plane of the first two of three numbers: corners (0, 0), (1, 0), (0, 1)."""
    return regions.through(
        torch.zeros(1, 3), torch.tensor([[1.0, 0, 0]]), torch.tensor([[0.0, 1, 0]]), resolution
    )


def test_a_grid_covers_the_bounding_box_enlarged_by_a_tenth():
    found = square()
    points = found.points().view(11, 11, 3)
    assert (
        len(found.origin) == 1
        and torch.allclose(points[0, 0], torch.tensor([-0.05, -0.05, 0]))
        and torch.allclose(points[-1, -1], torch.tensor([1.05, 1.05, 0]))
    )
    assert torch.allclose(
        points[3, 7], torch.tensor([-0.05 + 7 * 0.11, -0.05 + 3 * 0.11, 0])
    )  # rows across, columns along
    assert torch.allclose(found.corners[0], torch.tensor([[0.0, 0], [1, 0], [0, 1]]))


def test_a_plane_of_random_points_is_orthonormal_and_holds_its_three_corners():
    generator = torch.Generator().manual_seed(0)
    triple = [torch.randn(7, 2, 3, 4, generator=generator, dtype=torch.float64) for _ in range(3)]
    found = regions.through(*triple, 5)
    dots = [(u * v).sum(1) for u, v in ((found.a, found.a), (found.b, found.b), (found.a, found.b))]
    assert all(torch.allclose(d, torch.full_like(d, value)) for d, value in zip(dots, (1, 1, 0)))
    for i, x in enumerate(triple):
        at = found.origin + found.corners[:, i, :1] * found.a + found.corners[:, i, 1:] * found.b
        assert torch.allclose(at, x.flatten(1))
    assert found.points(2, 4).shape == (50, 2, 3, 4) and torch.equal(
        found.points(2, 4), found.points()[50:100]
    )
    assert (found.corners[:, 2, 1] > 0).all()


@pytest.mark.parametrize("level, expected", [(0.5, 5 / 11), (-1.0, 1.0), (2.0, 0.0)])
def test_the_regions_of_a_linear_classifier_are_where_its_boundary_says(level, expected):
    found = regions.classes(Half(level), square())
    assert found.shape == (1, 11, 11) and found.double().mean().item() == pytest.approx(expected)
    assert (found == found[:, :1]).all()  # the boundary is upright


def test_distances_are_those_to_the_nearest_example_in_all_of_input_space():
    generator = torch.Generator().manual_seed(1)
    found = regions.through(
        *(torch.randn(3, 6, generator=generator, dtype=torch.float64) for _ in range(3)), 4
    )
    examples = torch.randn(5, 6, generator=generator, dtype=torch.float64)
    expected = torch.cdist(found.points(), examples).amin(1).view(3, 4, 4)
    assert torch.allclose(regions.distance(found, examples), expected)
    above = regions.distance(square(), torch.tensor([[0.0, 0, 2.0]]))  # two above the plane
    assert above.min() == pytest.approx(math.sqrt(4 + 2 * 0.05**2), abs=1e-6)


def scores(before, after, away, delta):
    """Of classes that two models give to points, the same ones near and far."""
    survey = regions.Survey(square(), square(), away, away, delta)
    return survey.scores((before, before), (after, after))


def test_the_scores_are_those_of_a_count_by_hand():
    before, after = torch.tensor([[[0, 0], [1, 1]]]), torch.tensor([[[0, 1], [1, 0]]])
    away = torch.tensor([[[1.0, 2], [3, 4]]])
    two, three, one = (scores(before, after, away, delta) for delta in (2, 3, 1))
    assert two["c_prox"] == 0.5 and one["c_prox"] == 0
    assert two["s_far"] == 0.5 and three["s_far"] == 0
    same = scores(before, before, away, 2)
    assert same["c_prox"] == 0 and same["s_far"] == 1


def test_a_boundary_that_moves_changes_just_the_points_between_its_old_and_its_new_place():
    found = square(101)
    away = regions.distance(found, torch.zeros(1, 3))
    before, after = (regions.classes(Half(level), found) for level in (0.2, 0.4))
    x, y = torch.meshgrid(
        torch.linspace(-0.05, 1.05, 101), torch.linspace(-0.05, 1.05, 101), indexing="xy"
    )
    near, moved = (x**2 + y**2).sqrt() <= 0.7, (x > 0.2) & (x <= 0.4)
    told = scores(before, after, away, 0.7)
    assert told["c_prox"] == pytest.approx(moved[near].double().mean().item())
    assert told["s_far"] == pytest.approx(1 - moved[~near].double().mean().item())


def test_what_cannot_be_scored_is_refused_by_name():
    zeros = torch.zeros(1, 3)
    for arguments, words in (
        ((zeros, zeros + 1, zeros + 2), "three points of plane 0 lie on a line"),
        ((zeros, zeros, zeros + 1), "on a line"),
    ):
        with pytest.raises(ValueError, match=words):
            regions.through(*arguments)
    with pytest.raises(ValueError, match="resolution must be an integer of at least 2, got 1"):
        square(1)
    same = torch.zeros(1, 2, 2)
    with pytest.raises(
        ValueError,
        match="no point lies within delta=0.5 of a forget example; "
        "their distances reach from 1 to 1",
    ):
        scores(same, same, same + 1, 0.5)
    with pytest.raises(ValueError, match="no point lies farther than delta=2"):
        scores(same, same, same + 1, 2)


@pytest.fixture(scope="module")
def task():
    return ul.width.task(seed=1, network="allcnn", width=1 / 48)


def test_near_planes_hold_a_forget_example_and_two_other_classes_and_far_ones_three_test_images(
    task,
):
    test = ul.width.splits(seed=1)["test"]
    found = regions.survey(task, test, planes=12, resolution=4, delta=2.7, seed=3)
    seen = lambda data: task.original.normalise(data.tensors[0]).flatten(1)

    def classes_of(plane, corner, data):
        at = (
            plane.origin
            + plane.corners[:, corner, :1] * plane.a
            + plane.corners[:, corner, 1:] * plane.b
        )
        away = torch.cdist(at, seen(data))
        assert away.amin(1).max() < 2e-2  # so it is one of them
        return data.tensors[1][away.argmin(1)]

    forgotten, second, third = (
        classes_of(found.near, 0, task.forget),
        classes_of(found.near, 1, task.retain),
        classes_of(found.near, 2, task.retain),
    )
    assert (forgotten != second).all() and (forgotten != third).all() and (second != third).all()
    [classes_of(found.far, corner, test) for corner in range(3)]
    assert (
        found.near_away.shape == (12, 4, 4) and found.near_away.min() < 2.7 < found.far_away.max()
    )
    again = regions.survey(task, test, planes=12, resolution=4, delta=2.7, seed=3)
    other = regions.survey(task, test, planes=12, resolution=4, delta=2.7, seed=4)
    assert torch.equal(found.near_away, again.near_away) and not torch.equal(
        found.near_away, other.near_away
    )
    for change, words in (
        (dict(planes=0), "planes must be an integer of at least 1, got 0"),
        (dict(delta=0.0), "delta must be a number greater than 0"),
    ):
        with pytest.raises(ValueError, match=words):
            regions.survey(task, test, **change)


def test_identical_models_have_changed_nowhere_and_retrained_ones_disagree(task):
    found = regions.survey(
        task, ul.width.splits(seed=1)["test"], planes=15, resolution=8, delta=2.7
    )
    same = {"c_prox": 0.0, "s_far": 1.0, "c_prox_se": 0.0, "s_far_se": 0.0}
    assert found.scores(task.original, task.original) == same
    said = found.classes(task.ground_truth)
    floor = found.scores(said, ul.width.retrained_again(seed=1, network="allcnn", width=1 / 48))
    assert 0 < floor["c_prox"] < 1 and 0 < floor["s_far"] < 1
    assert found.scores(said, task.original) == pytest.approx(
        found.scores(task.original, task.ground_truth)
    )


def test_standard_errors_are_those_of_a_ratio_over_planes():
    """Planes that hold 50 near points each and agree wholly or not at all: that of a mean;
    unequal planes: that of a bootstrap."""
    found = square(10)
    whole = torch.ones(40, 10, 10)
    agree = (torch.arange(40) < 10)[:, None, None].expand(40, 10, 10)
    same = torch.zeros(40, 10, 10, dtype=torch.long)

    def told(after, away, which=slice(None)):
        near, far = same[which], 9 * whole[which]
        survey = regions.Survey(found, found, away[which], far, 2.0)
        return survey.scores((near, near), (after[which], near))

    errors = told((~agree).long(), whole)
    assert errors["c_prox_se"] == pytest.approx((0.25 * 0.75 / 39) ** 0.5)
    assert errors["s_far_se"] == 0
    generator = torch.Generator().manual_seed(0)
    draw = lambda: torch.rand(40, 10, 10, generator=generator)
    away = 9 - 8 * (draw() < torch.rand(40, 1, 1, generator=generator)).float()
    after = (draw() < torch.rand(40, 1, 1, generator=generator)).long()
    draws = torch.randint(40, (2_000, 40), generator=generator)
    scores = [told(after, away, i)["c_prox"] for i in draws]
    assert told(after, away)["c_prox_se"] == pytest.approx(
        torch.tensor(scores).std().item(), rel=0.1
    )
    assert math.isnan(told(after, away, slice(1))["c_prox_se"])


def test_five_hundred_planes_at_resolution_fifty_are_one_call():
    generator = torch.Generator().manual_seed(2)
    found = regions.through(*(torch.randn(500, 4, generator=generator) for _ in range(3)), 50)
    said = regions.classes(Half(0.1), found)
    assert said.shape == (500, 50, 50)
    at = torch.tensor([0, 137, 499])
    assert torch.equal(
        said[at],
        torch.stack(
            [(found.points(i, i + 1)[:, 0] > 0.1).long().view(50, 50) for i in at.tolist()]
        ),
    )


def test_the_typical_distance_is_the_median_over_pairs():
    inputs = torch.tensor([[0.0], [1.0], [3.0]])
    assert (
        regions.typical_distance(inputs) == 2
        and regions.typical_distance(torch.zeros(4, 3, 2, 2)) == 0
    )
