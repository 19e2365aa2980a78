"""SCRUB, NPO, SalUn, KL-Unif and NegGrad against formulas written out with probabilities,
and at logits where those overflow."""

import copy

import classification_cases
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.special import rel_entr, softmax
from small_tasks import classification, parameters
from test_methods import EPOCHS, by_hand, same

import unlearnlab as ul
from unlearnlab.methods import relabelling
from unlearnlab.methods.relabelling import from_uniform, salient, wrong_labels
from unlearnlab.methods.teaching import divergence, label_scores
from unlearnlab.networks import seeded

task = classification_cases.task  # a fixture


def random_heads(seed, widths=(5, 3), n=7, scale=3.0):
    g = torch.Generator().manual_seed(seed)
    return [scale * torch.randn(n, c, generator=g, dtype=torch.float64) for c in widths]


def probabilities(heads, temperature=1.0):
    return [softmax(head.numpy() / temperature, axis=1) for head in heads]


@pytest.mark.parametrize("widths", [(5,), (5, 3)])
@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_divergence_is_the_mean_relative_entropy_of_teacher_to_student(widths, temperature):
    teacher, student = random_heads(0, widths), random_heads(1, widths)
    pairs = zip(probabilities(teacher, temperature), probabilities(student, temperature))
    expected = temperature**2 * sum(rel_entr(p, q).sum(1).mean() for p, q in pairs)
    assert divergence(teacher, student, temperature).item() == pytest.approx(expected, rel=1e-12)
    assert divergence(teacher, teacher, temperature).item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("widths", [(5,), (5, 3)])
def test_from_uniform_is_the_mean_relative_entropy_of_the_uniform_distribution_to_the_prediction(
    widths,
):
    heads = random_heads(2, widths)
    expected = sum(
        rel_entr(np.full_like(p, 1 / p.shape[1]), p).sum(1).mean() for p in probabilities(heads)
    )
    assert from_uniform(heads).item() == pytest.approx(expected, rel=1e-12)
    assert from_uniform([torch.full((4, c), 2.5) for c in widths]).item() == pytest.approx(
        0, abs=1e-6
    )


@pytest.mark.parametrize("widths", [(5,), (5, 3)])
def test_label_scores_are_log_probabilities_of_the_labels(widths):
    heads, labels = random_heads(3, widths), torch.arange(7)[:, None] % torch.tensor(widths)
    expected = np.stack(
        [np.log(p[np.arange(7), labels[:, i]]) for i, p in enumerate(probabilities(heads))], 1
    )
    np.testing.assert_allclose(
        label_scores(heads, labels if len(widths) > 1 else labels[:, 0]), expected, rtol=1e-12
    )


def softmaxes(model, x, temperature=1):
    out = model(x)
    return [
        F.softmax(head / temperature, 1) for head in (out if isinstance(out, tuple) else (out,))
    ]


def doubled(task):
    in_double = lambda data: torch.utils.data.TensorDataset(
        data.tensors[0].double(), data.tensors[1]
    )
    return ul.Task(
        **{
            **task.__dict__,
            "original": copy.deepcopy(task.original).double(),
            "retain": in_double(task.retain),
            "forget": in_double(task.forget),
        }
    )


def columns(y):
    return y.T if y.ndim == 2 else y[None]


def cross_entropy(model, x, y):
    return -sum(
        p.gather(1, labels[:, None]).log().mean()
        for p, labels in zip(softmaxes(model, x), columns(y))
    )


def kl(teacher, model, x, temperature=1):
    pairs = zip(softmaxes(teacher, x, temperature), softmaxes(model, x, temperature))
    return sum((p * (p / q).log()).sum(1).mean() for p, q in pairs)


def test_scrub_of_paper_a_alternates_epochs_and_ends_on_descent_for_descent_epochs(task):
    (x, y), (a, _) = task.retain.tensors, task.forget.tensors
    teacher = copy.deepcopy(task.original).requires_grad_(False)
    descends = lambda t: t % 2 == 0 or t >= EPOCHS - 2
    rule = lambda m, t: (
        cross_entropy(m, x, y) + 0.3 * kl(teacher, m, x)
        if descends(t)
        else -0.2 * kl(teacher, m, a)
    )
    same(
        ul.unlearn(task, ul.SCRUB(lr=0.01, reg=0.3, ascent=0.2, descent_epochs=2), EPOCHS),
        by_hand(task, rule, 0.01),
    )


def test_the_original_scrub_leaves_the_teacher_first_and_ends_on_descent(task):
    """In float64: at the teacher the divergence has no gradient, and AdamW makes steps
    of what float32 rounding leaves of it."""
    task = doubled(task)
    (x, y), (a, _) = task.retain.tensors, task.forget.tensors
    teacher, model = (
        copy.deepcopy(task.original).requires_grad_(False),
        copy.deepcopy(task.original),
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    for t in range(5):
        for away in [True, False] if t < 3 else [False]:
            optimizer.zero_grad()
            (
                -0.2 * 4 * kl(teacher, model, a, 2)
                if away
                else cross_entropy(model, x, y) + 0.3 * 4 * kl(teacher, model, x, 2)
            ).backward()
            optimizer.step()
    method = ul.SCRUB(
        lr=0.01, reg=0.3, ascent=0.2, variant="original", max_epochs=3, temperature=2.0
    )
    same(ul.unlearn(task, method, 5), parameters(model))


@pytest.mark.parametrize("heads", ["product", "sum"])
def test_npo_is_its_formula_with_a_ratio_of_probabilities(task, heads):
    a, b = task.forget.tensors
    teacher = copy.deepcopy(task.original).requires_grad_(False)

    def rule(model, t, beta=0.7):
        of = lambda m: torch.stack(
            [p.gather(1, labels[:, None])[:, 0] for p, labels in zip(softmaxes(m, a), columns(b))],
            1,
        )
        ratios = of(model) / of(teacher)
        ratios = ratios.prod(1, keepdim=True) if heads == "product" else ratios
        return (2 / beta * torch.log(1 + ratios**beta)).mean(0).sum()

    same(ul.unlearn(task, ul.NPO(lr=0.01, reg=0.7, heads=heads), EPOCHS), by_hand(task, rule, 0.01))


def test_kl_unif_and_neggrad_are_their_formulas(task):
    (x, y), (a, b) = task.retain.tensors, task.forget.tensors
    to_uniform = lambda m: sum((-(p * p.shape[1]).log()).mean() for p in softmaxes(m, a))
    rules = {
        ul.KLUnif(lr=0.01, reg=0.4): lambda m, t: cross_entropy(m, x, y) + 0.4 * to_uniform(m),
        ul.NegGrad(lr=0.01, ascent=0.3): lambda m, t: (
            0.7 * cross_entropy(m, x, y) - 0.3 * cross_entropy(m, a, b)
        ),
    }
    for method, rule in rules.items():
        same(ul.unlearn(task, method, EPOCHS), by_hand(task, rule, 0.01))


def test_neggrad_takes_nearly_the_steps_of_ngp_with_the_ratio_of_its_weights():
    task = classification(batch_size=None)
    a, b = (
        parameters(ul.unlearn(task, method, EPOCHS).model)
        for method in (ul.NegGrad(lr=0.01, ascent=0.2), ul.NGP(lr=0.01, ascent=0.25))
    )
    assert not torch.equal(a, b) and (a - b).norm() < 1e-3 * (a - parameters(task.original)).norm()


@pytest.mark.parametrize("variant", ["paper-A", "original"])
def test_salun_learns_wrong_labels_with_the_salient_half_of_the_weights(task, variant, monkeypatch):
    monkeypatch.setattr(
        relabelling,
        "wrong_labels",
        lambda targets, classes, generator: (
            (targets + 1) % torch.tensor(classes if targets.ndim == 2 else classes[0])
        ),
    )
    (x, y), (a, b) = task.retain.tensors, task.forget.tensors
    wrong = (b + 1) % (torch.tensor([5, 3]) if b.ndim == 2 else 5)
    model = copy.deepcopy(task.original)
    start = (
        torch.cat(
            [
                g.flatten()
                for g in torch.autograd.grad(cross_entropy(model, a, b), model.parameters())
            ]
        )
        .abs()
        .numpy()
    )
    keep, theta = torch.tensor(start > np.sort(start)[(len(start) - 1) // 2]), parameters(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    parts = {
        "both": lambda: cross_entropy(model, x, y) + 0.3 * cross_entropy(model, a, wrong),
        "forget": lambda: 0.3 * cross_entropy(model, a, wrong),
        "retain": lambda: cross_entropy(model, x, y),
    }
    for turn in ["both"] * 4 if variant == "paper-A" else ["forget", "retain"] * 4:
        optimizer.zero_grad()
        parts[turn]().backward()
        optimizer.step()
        torch.nn.utils.vector_to_parameters(
            torch.where(keep, parameters(model), theta), model.parameters()
        )
    run = ul.unlearn(task, ul.SalUn(lr=0.01, ascent=0.3, variant=variant), 4)
    same(run, parameters(model))
    assert torch.equal((parameters(run.model) != theta), keep) and keep.sum() == len(theta) // 2


def test_the_salient_half_is_counted_over_all_parameters_together():
    masks = salient([torch.tensor([[0.1, -0.9], [0.2, 0.0]]), torch.tensor([-0.5, 0.3])])
    assert masks[0].tolist() == [[False, True], [False, False]] and masks[1].tolist() == [
        True,
        True,
    ]
    assert not any(
        m.any() for m in salient([torch.zeros(3), torch.zeros(2, 2)])
    )  # nothing stands out


@pytest.mark.parametrize("sequences", [False, True])
def test_the_mask_does_not_depend_on_how_the_forget_set_is_batched(sequences):
    task, seen = classification(forget=11), []
    if sequences:  # of which every sample has another number of counted positions
        build = lambda seed: seeded(lambda: ul.MLP([4, 12, 5]), seed)
        x = torch.randn(11, 6, 4, generator=torch.Generator().manual_seed(0))
        y = torch.arange(66).reshape(11, 6) % 5
        y[torch.arange(6) > torch.arange(11)[:, None] % 6] = -100
        one = lambda model: {"one": 1.0}
        task = ul.Task("t", "classification", 1, build(1), None, (x, y), (x, y), build, one)

    class Look(ul.SalUn):
        def begin(self, state):
            super().begin(state)
            seen.append(torch.cat([keep.flatten() for _, keep, _ in state.memory["salient"]]))

    for size in (None, 4):
        ul.unlearn(ul.Task(**{**task.__dict__, "batch_size": size}), Look(), 1)
    assert torch.equal(*seen)


@pytest.mark.parametrize("shape", [(4000,), (4000, 2)])
def test_wrong_labels_are_uniform_over_all_classes_but_the_right_one(shape):
    targets = torch.arange(4000)[:, None] % torch.tensor([5, 3])
    targets = targets if len(shape) == 2 else targets[:, 0]
    drawn = wrong_labels(targets, [5, 3][: len(shape)], torch.Generator().manual_seed(0))
    assert drawn.shape == shape and drawn.dtype == torch.int64 and not (drawn == targets).any()
    for c, got, right in zip([5, 3], columns(drawn), columns(targets)):
        counts = torch.stack([got[right == k].bincount(minlength=c) for k in range(c)])
        others = counts[~torch.eye(c, dtype=torch.bool)]
        assert (counts.diagonal() == 0).all() and (
            others / (4000 / c / (c - 1)) - 1
        ).abs().max() < 0.2
    again = wrong_labels(targets, [5, 3][: len(shape)], torch.Generator().manual_seed(1))
    assert not torch.equal(drawn, again)


def test_a_head_with_one_class_has_no_wrong_label():
    with pytest.raises(ValueError, match="a head with one class has no wrong label"):
        wrong_labels(torch.zeros(3, 2, dtype=torch.long), [4, 1], torch.Generator())


def test_salun_draws_wrong_labels_afresh_for_every_batch(monkeypatch):
    drawn, real = [], wrong_labels
    monkeypatch.setattr(relabelling, "wrong_labels", lambda *a: drawn.append(real(*a)) or drawn[-1])
    ul.unlearn(classification(batch_size=None), ul.SalUn(), 3)
    assert len(drawn) == 3 and not torch.equal(drawn[0], drawn[1])


extreme = npst.arrays(np.float32, (4, 3), elements=st.floats(-1e4, 1e4, width=32))


@settings(max_examples=60, deadline=None)
@given(extreme, extreme, st.sampled_from([0.01, 1.0, 4.0]))
def test_losses_and_gradients_stay_finite_at_any_logits(student, teacher, strength):
    labels = torch.tensor([0, 1, 2, 0])
    teacher = [torch.tensor(teacher)]
    losses = {
        "divergence": lambda z: divergence(teacher, [z], strength),
        "uniform": lambda z: from_uniform([z]),
        "npo": lambda z: (
            2
            / strength
            * F.softplus(
                strength * (label_scores([z], labels) - label_scores(teacher, labels))
            ).mean()
        ),
    }
    for name, loss in losses.items():
        z = torch.tensor(student, requires_grad=True)
        value = loss(z)
        value.backward()
        assert torch.isfinite(value) and torch.isfinite(z.grad).all(), name
        assert value > -0.1, name  # rounding of numbers of 1e4


def test_npo_at_logits_of_ten_thousand_is_its_limit():
    """A model sure of the label against a teacher sure of another:
    (2 / beta) log(1 + r^beta) tends to 2 log r."""
    task = classification(heads=1, batch_size=None)
    with torch.no_grad():
        task.original[-1].weight.zero_()
        task.original[-1].bias.copy_(torch.tensor([1e4, 0, 0, 0, 0]))

    class Sure(ul.NPO):
        def loss(self, state, retain, forget):
            with torch.no_grad():
                state.model[-1].bias.copy_(torch.tensor([0, 1e4, 0, 0, 0]))
            found = super().loss(state, retain, forget)
            y = forget.targets
            state.notes["expected"] = (
                (2e4 * (y == 1) + 2 / self.reg * np.log(2) * (y > 1)).float().mean().item()
            )
            return found

    run = ul.unlearn(task, Sure(reg=0.5), 1)
    assert run.history[0]["loss"] == pytest.approx(run.history[0]["expected"], rel=1e-6)
