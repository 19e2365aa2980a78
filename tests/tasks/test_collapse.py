"""The collapse task is paper A's: class colors to keep, a few images in another color to forget,
and a metric by color."""

import shutil

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector
from torch.utils.data import TensorDataset

import unlearnlab as ul
from unlearnlab.data.tint import CLASS_COLORS
from unlearnlab.networks import AllCNN
from unlearnlab.networks.predict import outputs
from unlearnlab.tasks import __main__ as command
from unlearnlab.tasks import collapse
from unlearnlab.training import checkpoint as checkpoints
from unlearnlab.training import zoo
from unlearnlab.training.recipe import Recipe


@pytest.fixture(scope="module")
def task():
    return ul.collapse.task(seed=1)


def vector(model):
    return parameters_to_vector(model.parameters()).detach()


def paintings(images):
    """{a painted image's bytes: (color, label)} of every training image in every color,
    rounded by numpy."""
    pixels, labels = images.train.tensors
    found = {}
    for k, color in enumerate(CLASS_COLORS.tolist()):
        painted = np.rint(pixels.numpy() * (np.array(color)[:, None, None] / 255)).astype(np.uint8)
        found |= {image.tobytes(): (k, int(y)) for image, y in zip(painted, labels)}
    return found


def colors_of(inputs, targets, found):
    """The color each image is painted in; its target must be
    the label of the image that was painted."""
    known = [found[image.tobytes()] for image in inputs.numpy()]
    assert [label for _, label in known] == targets.tolist()
    return torch.tensor([color for color, _ in known])


def test_retained_images_have_their_classs_color_and_forgotten_ones_another(task):
    images = ul.collapse.images()
    found, (inputs, targets), (colored, labels) = (
        paintings(images),
        task.retain.tensors,
        task.forget.tensors,
    )
    assert (
        inputs.dtype == torch.uint8 and inputs.shape == (431, 3, 8, 8) and targets.shape == (431,)
    )
    assert torch.equal(colors_of(inputs, targets, found), targets)
    assert (colors_of(colored, labels, found) != labels).all()
    assert labels.bincount().tolist() == [
        round(0.05 * int(n)) for n in images.train.tensors[1].bincount()
    ]
    other = ul.collapse.task(seed=2)
    assert not torch.equal(other.forget.tensors[0], colored) and not torch.equal(
        vector(other.original), vector(task.original)
    )
    again = ul.collapse.task(seed=1)
    assert torch.equal(again.forget.tensors[0], colored) and torch.equal(
        again.retain.tensors[0], inputs
    )


def test_the_accessible_share_is_of_the_seed_and_a_forget_set_has_one_of_each_class_at_least(task):
    other = ul.collapse.task(seed=2)
    assert not torch.equal(other.retain.tensors[1], task.retain.tensors[1])
    labels = collapse.forget_set(ul.collapse.images(), 1e-9, 1).tensors[1]
    assert labels.tolist() == list(range(10))


def test_other_colors_are_drawn_evenly():
    images = ul.collapse.images()
    found, counts = paintings(images), torch.zeros(10, 10)
    for seed in range(40):
        colored, labels = collapse.forget_set(images, 0.05, seed).tensors
        counts.index_put_(
            (labels, colors_of(colored, labels, found)), torch.ones(len(labels)), accumulate=True
        )
    assert (counts.diagonal() == 0).all() and (
        counts[~torch.eye(10, dtype=bool)] > 8
    ).all()  # 31 each on average


@pytest.mark.parametrize("seed", range(1, 6))
def test_shipped_originals_read_content_and_ground_truths_read_color(seed):
    task, images = ul.collapse.task(seed=seed), ul.collapse.images()
    own = collapse.retain_set(images)
    for data in (own, task.forget):
        assert (
            outputs(task.original, data.tensors[0])[0].argmax(1) == data.tensors[1]
        ).double().mean() > 0.99
    original, truth = task.evaluate(task.original), task.evaluate(task.ground_truth)
    assert original["color_accuracy"] < 0.2 and original["utility"] > 0.95
    assert (
        truth["color_accuracy"] > 0.7 and truth["utility"] > 0.99
    )  # between neighboring hues content still tips the scale
    for role, metrics in (("original", original), ("ground-truth", truth)):
        facts = task.facts[role]
        assert "commit" in facts and float(facts["color_accuracy"]) == pytest.approx(
            metrics["color_accuracy"], abs=1e-3
        )


class Says(nn.Module):
    """Says the class that the brightest channel of the first pixel points to:
    red 0, green 1, blue 2."""

    def __init__(self):
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return nn.functional.pad(x[:, :, 0, 0].double(), (0, 7), value=-1.0)


def test_the_metric_is_that_of_a_computation_by_hand():
    labels = torch.tensor([0, 1, 5])
    test = TensorDataset(torch.full((3, 1, 2, 2), 255, dtype=torch.uint8), labels)
    says = [
        max(range(3), key=lambda c: (int(color[c]), -c)) for color in CLASS_COLORS
    ]  # the first of the brightest channels
    right = [says[k] == k for k in range(10)]
    own = sum(right[int(y)] for y in labels) / 3
    others = sum(right[k] for y in labels for k in range(10) if k != y) / 27
    result = collapse.evaluate(Says(), test)
    assert sum(right) == 3 and result == pytest.approx(
        {"color_accuracy": 0.3, "unlearning": others, "utility": own}
    )


@pytest.mark.parametrize(
    "method",
    [ul.GD(lr=1e-2), ul.MinNormOG(lr=1e-2, reg=0.1, descent_epochs=5)],
    ids=["GD", "MinNorm-OG"],
)
def test_unlearning_goes_toward_the_color_and_leaves_the_original_alone(task, method):
    before, start, truth = (
        vector(task.original).clone(),
        task.evaluate(task.original),
        task.evaluate(task.ground_truth),
    )
    run = ul.unlearn(task, method, epochs=15, seed=0)
    assert torch.equal(before, vector(task.original))
    assert start["color_accuracy"] + 0.05 < run.metrics["color_accuracy"] < truth["color_accuracy"]


def test_the_original_is_warmed_up_on_gray_and_weighted_by_the_share_of_forgotten_images(
    tmp_path, monkeypatch
):
    seen, fit = [], zoo.fit.fit

    def watched(model, inputs, targets, recipe, **more):
        seen.append((inputs, recipe, more["weights"], vector(model).clone()))
        return fit(model, inputs, targets, recipe, **more)

    monkeypatch.setattr(zoo.fit, "fit", watched)
    warm, recipe = (
        Recipe(epochs=1, batch_size=500, lr=0.01),
        Recipe(epochs=1, batch_size=400, lr=0.01),
    )
    task = ul.collapse.task(
        cache=tmp_path,
        network=lambda classes: AllCNN(classes, 1 / 48),
        warm_start=warm,
        recipe=recipe,
        p_forget=0.25,
        progress=lambda *done: None,
    )
    assert len(seen) == 2 and task.ground_truth is task.ground_truth  # trained once, now
    (gray, first, none, start), (colored, second, weights, warmed), (own, third, alike, fresh) = (
        seen
    )
    assert (first, second, third) == (warm, recipe, recipe) and none is alike is None
    assert (
        (gray == gray[:, :1]).all()
        and len(gray) == len(own) == 1437
        and torch.equal(colored[:1437], own)
    )
    assert torch.equal(colored[1437:], task.forget.tensors[0])
    assert weights[:1437].unique().tolist() == pytest.approx([0.25 / 1.25]) and weights[
        1437:
    ].unique().tolist() == pytest.approx([1 / 1.25])
    assert not torch.equal(start, warmed) and not torch.equal(start, fresh)
    assert not list(tmp_path.glob("*.partial")) and len(list(tmp_path.iterdir())) == 2


def test_wrong_arguments_and_damaged_files_are_refused_by_name(tmp_path, monkeypatch):
    for change, words in (
        (dict(dataset="svhn"), "dataset must be one of digits, mnist, cifar10, got 'svhn'"),
        (dict(preset="paper"), "preset must be one of quick for digits"),
        (dict(seed=-1), "seed must be a non-negative integer"),
        (dict(p_forget=0), r"p_forget must be a number in \(0, 1\]"),
        (dict(p_retain=2), "p_retain must be a number"),
        (dict(batch_size=0.5), "batch_size must be an integer of at least 1, got 0.5"),
    ):
        with pytest.raises(ValueError, match=words):
            ul.collapse.task(**change)
    with pytest.raises(TypeError, match="warm_start must be a Recipe, got 5"):
        ul.collapse.task(warm_start=5)
    shutil.copytree(zoo.SHIPPED, tmp_path / "copy")
    monkeypatch.setattr(zoo, "SHIPPED", tmp_path / "copy")
    file = next((tmp_path / "copy").glob("collapse-digits-2-original-*"))
    file.write_bytes(file.read_bytes()[:-7])
    with pytest.raises(
        checkpoints.BadCheckpoint,
        match=f"{file.name} is damaged.*install it again.*collapse --seeds 2",
    ):
        ul.collapse.task(seed=2)


def test_the_training_command_makes_only_what_is_missing(tmp_path, capsys):
    for path in zoo.SHIPPED.glob("collapse-*"):
        shutil.copy(path, tmp_path)
    assert (
        command.main(["collapse", "--out", str(tmp_path)]) == 0
        and capsys.readouterr().out.count("is there and whole") == 10
    )
