"""One number for how sure a model is: right where probabilities have long rounded to 0 or 1."""

import pytest
import torch
import torch.nn.functional as F

import unlearnlab as ul
from unlearnlab.metrics import margin


def random_logits(*shape, dtype=torch.float64):
    return 3 * torch.randn(
        *shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    ).to(dtype)


@pytest.mark.parametrize("dtype, close", [(torch.float64, 1e-12), (torch.float32, 1e-4)])
def test_the_margin_is_the_log_odds_of_the_label_and_the_loss_is_its_softplus(dtype, close):
    logits, labels = random_logits(20, 5, dtype=dtype), torch.arange(20) % 5
    p = logits.double().softmax(1)[torch.arange(20), labels]
    found = margin(logits, labels)
    assert found.dtype == dtype and (found - (p / (1 - p)).log()).abs().max() < close
    assert (
        F.softplus(-found) - F.cross_entropy(logits, labels, reduction="none")
    ).abs().max() < close


def test_models_may_be_stacked_in_front():
    logits, labels = random_logits(3, 2, 7, 4), torch.arange(7) % 4
    found = margin(logits, labels)
    assert found.shape == (3, 2, 7) and torch.equal(found[2, 1], margin(logits[2, 1], labels))
    assert ul.metrics.margin is margin


def test_it_is_finite_where_the_probability_is_exactly_0_or_1():
    logits = torch.tensor([[800.0, 0.0, 0.0], [-800.0, 0.0, 0.0]])
    assert logits.softmax(1)[:, 0].tolist() == [1, 0]
    assert torch.allclose(
        margin(logits, torch.tensor([0, 0])),
        torch.tensor([800.0, -800.0]) - torch.tensor(2.0).log(),
    )
    half = margin(torch.tensor([[60.0, 0.0]], dtype=torch.float16), torch.tensor([0]))
    assert half.dtype == torch.float32 and half.item() == 60


def test_infinite_logits_give_infinite_margins_where_these_are_defined():
    inf = torch.inf
    logits = torch.tensor([[inf, 0.0, 1.0], [-inf, 0.0, 1.0], [0.0, inf, 1.0], [0.0, -inf, -inf]])
    assert margin(logits, torch.zeros(4, dtype=torch.long)).tolist() == [inf, -inf, -inf, inf]
    for undefined in ([inf, inf, 0.0], [-inf, -inf, -inf], [torch.nan, 0.0, 0.0]):
        with pytest.raises(
            ValueError, match="logits hold a NaN, or infinities whose difference is undefined"
        ):
            margin(torch.tensor([undefined]), torch.tensor([0]))


@pytest.mark.parametrize(
    "logits, labels, error, says",
    [
        (
            torch.zeros(3, 1),
            torch.zeros(3, dtype=int),
            ValueError,
            "logits must have at least 2 classes, got 1",
        ),
        (
            torch.zeros(3, 2),
            torch.zeros(2, dtype=int),
            ValueError,
            r"logits must be \(..., n, classes\) and labels \(n,\), got \(3, 2\) and \(2,\)",
        ),
        (
            torch.zeros(3, 2),
            torch.tensor([0, 1, 2]),
            ValueError,
            "labels must be classes 0 to 1, got 0 to 2",
        ),
        (
            torch.zeros(3, 2),
            torch.tensor([0, 1, -1]),
            ValueError,
            "labels must be classes 0 to 1, got -1 to 1",
        ),
        (
            torch.zeros(3, 2),
            torch.zeros(3),
            TypeError,
            "floating logits and integer labels, got torch.float32 and torch.float32",
        ),
        ([[1.0, 2.0]], torch.zeros(1, dtype=int), TypeError, "logits must be a tensor, got list"),
        (torch.zeros(3, 2), [0, 1, 1], TypeError, "labels must be a tensor, got list"),
        (
            torch.zeros(3, 2, dtype=int),
            torch.zeros(3, dtype=int),
            TypeError,
            "floating logits and integer labels, got torch.int64",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_name(logits, labels, error, says):
    with pytest.raises(error, match=says):
        margin(logits, labels)
