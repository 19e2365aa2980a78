"""The exercises of notebook 03: right answers pass, usual mistakes get their own message."""

import pytest
import torch

from unlearnlab.chapters import ch03_minnorm as ch
from unlearnlab.chapters.ch03_minnorm.exercises import (
    coefficients,
    linear_layer_gram,
    output_gradient,
    row_combination,
    strengths,
)
from unlearnlab.course.exercises import WrongAnswer

# --- output_gradient ---


def parts(model, x):
    return torch.autograd.grad(model(x[None]).sum(), list(model.parameters()))


def accumulates(model, x):
    model(x[None]).sum().backward()
    return torch.cat([p.grad.flatten() for p in model.parameters()])


def moves(model, x):
    row = output_gradient(model, x)
    with torch.no_grad():
        next(model.parameters()).mul_(1.01)
    return row


def of_the_input(model, x):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(model(x[None]).sum(), x)[0]


def with_graph(model, x):
    gradients = torch.autograd.grad(
        model(x[None]).sum(), list(model.parameters()), create_graph=True
    )
    return torch.cat([g.flatten() for g in gradients])


WRONG_GRADIENTS = [
    (lambda m, x: m(x[None]).sum().backward(), "returns None"),
    (parts, "one tensor per parameter"),
    (of_the_input, "not to x"),
    (with_graph, "autograd's graph"),
    (accumulates, "adds to what .grad holds"),
    (moves, "changes the model's parameters"),
    (lambda m, x: output_gradient(m, x) * 1.1, "off by 0.1"),
    (lambda m, x: output_gradient(m, x)[:-1], "expected shape"),
    (lambda m, x: m(x), None),  # a batch of none: autograd's own trouble, or a shape
]


@pytest.mark.parametrize("wrong, message", WRONG_GRADIENTS)
def test_wrong_output_gradients_are_told_what_is_wrong(wrong, message):
    with pytest.raises(WrongAnswer, match=message):
        ch.check("output_gradient", wrong)


def test_another_way_to_the_output_gradient_passes():
    def by_backward(model, x):
        model.zero_grad()
        model(x.unsqueeze(0)).squeeze().backward()
        return torch.nn.utils.parameters_to_vector([p.grad for p in model.parameters()])

    def functional(model, x):
        names = dict(model.named_parameters())
        gradients = torch.func.grad(
            lambda p: torch.func.functional_call(model, p, (x[None],)).sum()
        )({name: p.detach() for name, p in names.items()})
        return torch.cat([gradients[name].flatten() for name in names])

    assert ch.check("output_gradient", by_backward) is by_backward
    assert ch.check("output_gradient", functional) is functional


# --- coefficients ---


def scaled(K, t, cut=1e-13, undo=True, scale_t=True, power=1.0, transpose=False):
    s = K.diagonal().sqrt()
    inverse = torch.where(s > 0, 1 / s, 0)
    values, vectors = torch.linalg.eigh(K * inverse[:, None] * inverse)
    keep = values > cut * values[-1]
    values, vectors = values[keep], vectors[:, keep]
    vectors, back = (vectors.T, vectors) if transpose else (vectors, vectors.T)
    y = vectors @ ((back @ (inverse * t if scale_t else t)) / values**power)
    return inverse * y if undo else y


def naive_scale(K, t):
    s = K.diagonal().sqrt()
    values, vectors = torch.linalg.eigh(K / s / s[:, None])
    keep = values > 1e-13 * values[-1]
    return vectors[:, keep] @ ((vectors[:, keep].T @ (t / s)) / values[keep]) / s


def in_place(K, t):
    K += 1e-12
    return coefficients(K, t)


WRONG_COEFFICIENTS = [
    (lambda K, t: None, "is there a return"),
    (lambda K, t: torch.linalg.inv(K) * t, "k x k matrix came back"),
    (lambda K, t: torch.linalg.solve(K, t), "K is singular|has rank 5 at most"),
    (lambda K, t: torch.linalg.inv(K) @ t, "K is singular|has rank 5 at most"),
    (lambda K, t: scaled(K, t, cut=-1.0), "K is singular|has rank 5 at most"),
    (naive_scale, "one row is zero"),
    (lambda K, t: torch.linalg.pinv(K, rtol=1e-13, hermitian=True) @ t, "length 1e-9"),
    (lambda K, t: scaled(K, t, cut=1e-6), "1 part in 10,000"),
    (in_place, "changed its argument number 1 in place"),
    (lambda K, t: coefficients(K, t) * 1.2, "off by 0.2"),
]


@pytest.mark.parametrize("wrong, message", WRONG_COEFFICIENTS)
def test_wrong_coefficients_are_told_what_is_wrong(wrong, message):
    with pytest.raises(WrongAnswer, match=message):
        ch.check("coefficients", wrong)


def test_jitter_on_the_diagonal_is_told_what_it_loses():
    def jitter(K, t):
        s = K.diagonal().sqrt().clamp_min(1e-200)
        return torch.linalg.solve(K / s / s[:, None] + 1e-8 * torch.eye(len(K)).double(), t / s) / s

    with pytest.raises(WrongAnswer, match="Add nothing to the diagonal|K is singular"):
        ch.check("coefficients", jitter)


def test_another_way_to_the_coefficients_passes():
    def by_pinv(K, t):
        s = K.diagonal().sqrt()
        s = torch.where(s > 0, s, torch.ones_like(s))
        return torch.linalg.pinv(K / s / s[:, None], rtol=1e-13, hermitian=True) @ (t / s) / s

    assert ch.check("coefficients", by_pinv) is by_pinv


# --- linear_layer_gram ---

WRONG_GRAMS = [
    (lambda a, b: None, "is there a return"),
    (lambda a, b: linear_layer_gram(a.mul_(2), b), "in place"),
]


@pytest.mark.parametrize("wrong, message", WRONG_GRAMS)
def test_wrong_layer_grams_are_told_what_is_wrong(wrong, message):
    with pytest.raises(WrongAnswer, match=message):
        ch.check("linear_layer_gram", wrong)


def test_another_way_to_the_layer_gram_passes():
    def ones_for_the_bias(a, b):
        a = torch.cat([a, torch.ones_like(a[:, :1])], 1)
        return torch.einsum("ip,jp,iq,jq->ij", a, a, b, b)

    assert ch.check("linear_layer_gram", ones_for_the_bias) is ones_for_the_bias


# --- row_combination ---


def weight(a, b, c):
    return (c[:, None] * b).T @ a


def bias(a, b, c):
    return b.T @ c


WRONG_COMBINATIONS = [
    (lambda a, b, c: None, "is there a return"),
    (lambda a, b, c: weight(a, b, c), "return two tensors"),
    (lambda a, b, c: (weight(a, b, c) / len(a), bias(a, b, c)), "you average"),
    (lambda a, b, c: row_combination(a, b.mul_(2), c), "in place"),
    (lambda a, b, c: (weight(a, b, c) * 1.1, bias(a, b, c)), "off by 0.1"),
]


@pytest.mark.parametrize("wrong, message", WRONG_COMBINATIONS)
def test_wrong_row_combinations_are_told_what_is_wrong(wrong, message):
    with pytest.raises(WrongAnswer, match=message):
        ch.check("row_combination", wrong)


def test_another_way_to_the_row_combination_passes():
    def sample_by_sample(a, b, c):
        return sum(ci * torch.outer(bi, ai) for ai, bi, ci in zip(a, b, c)), sum(
            ci * bi for bi, ci in zip(b, c)
        )

    assert ch.check("row_combination", sample_by_sample) is sample_by_sample


# --- strengths ---


def schedule(strength, on=lambda e, T, every, end: e < T - end and e % every == 0):
    def learner(reg, decay, epochs, every, end):
        out, j = [], 0
        for e in range(epochs):
            projects = on(e, epochs, every, end)
            out.append(strength(reg, decay, j, e) if projects else 0.0)
            j += bool(projects)
        return out

    return learner


def held(reg, decay, epochs, every, end):
    out, s = [], reg
    for e in range(epochs):
        if e and e < epochs - end and e % every == 0:
            s *= decay
        out.append(s)
    return out


usual = lambda reg, decay, j, e: reg * decay**j

WRONG_SCHEDULES = [
    (lambda *a: None, "is there a return"),
    (lambda *a: torch.tensor(strengths(*a)), "return 14 numbers in a list"),
    (lambda *a: [s for s in strengths(*a) if s], "only the epochs that project are listed"),
    (lambda *a: strengths(*a)[: a[2] - a[4]], "last descent_epochs epochs are missing"),
    (lambda *a: strengths(*a) + [0.0], r"expected shape \(14,\), got \(15,\)"),
    (held, "between projections"),
    (schedule(lambda reg, decay, j, e: 1 / (1 / reg / decay**j)), "ZeroDivisionError"),
    (
        schedule(lambda reg, decay, j, e: reg * decay**j * (1 if j else 1.5)),
        "entry 0 should be 0.5, got 0.75",
    ),
]


@pytest.mark.parametrize("wrong, message", WRONG_SCHEDULES)
def test_wrong_schedules_are_told_what_is_wrong(wrong, message):
    with pytest.raises(WrongAnswer, match=message):
        ch.check("strengths", wrong)


def test_another_way_to_the_schedule_passes():
    def by_number(reg, reg_decay, epochs, project_every, descent_epochs):
        return tuple(
            reg * reg_decay ** (e // project_every)
            if e < epochs - descent_epochs and e % project_every == 0
            else 0
            for e in range(epochs)
        )

    assert ch.check("strengths", by_number) is by_number


def test_the_schedule_is_the_one_the_package_runs():
    import unlearnlab as ul

    method = ul.MinNormOG(reg=0.3, reg_decay=0.7, project_every=3, descent_epochs=2)
    projected = [s > 0 for s in strengths(0.3, 0.7, 11, 3, 2)]
    assert projected == [method.projects_in(e, 11) for e in range(11)]
