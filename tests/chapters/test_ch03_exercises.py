"""The exercises of notebook 03: right answers pass, usual mistakes get their own message."""

import copy

import pytest
import torch

from unlearnlab.chapters import ch03_minnorm as ch
from unlearnlab.chapters.ch03_minnorm.exercises import (
    coefficients,
    linear_layer_gram,
    minnorm_og,
    strengths,
)
from unlearnlab.course.exercises import WrongAnswer
from unlearnlab.projection import minnorm_step

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
    (lambda K, t: scaled(K, t, cut=1e-6), "1 part in 50,000"),
    (lambda K, t: scaled(K, t, cut=1e-10), "1 part in 50,000"),
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


# --- minnorm_og ---


def loop(epoch, start=lambda original: copy.deepcopy(original), make=torch.optim.AdamW):
    """A learner's loop with its own epoch(model, optimizer, x, y, strength)."""

    def learner(original, x, y, strengths, lr):
        model = start(original)
        optimizer = make(model.parameters(), lr=lr)
        for strength in strengths:
            epoch(model, optimizer, x, y, strength)
        return model

    return learner


def descend(model, optimizer, x, y):
    optimizer.zero_grad()
    torch.nn.functional.mse_loss(model(x), y).backward()
    optimizer.step()


def usual_epoch(model, optimizer, x, y, strength):
    if strength:
        minnorm_step(model, x, strength)
    descend(model, optimizer, x, y)


def descent_first(model, optimizer, x, y, strength):
    descend(model, optimizer, x, y)
    if strength:
        minnorm_step(model, x, strength)


def stale_outputs(model, optimizer, x, y, strength):
    loss = (model(x) - y).square().mean()
    if strength:
        minnorm_step(model, x, strength)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def a_new_optimizer(model, optimizer, x, y, strength):
    usual_epoch(model, torch.optim.AdamW(model.parameters(), lr=0.05), x, y, strength)


@pytest.mark.parametrize(
    "wrong, message",
    [
        (loop(descent_first), "off by"),
        (loop(stale_outputs), "Compute the outputs after minnorm_step"),
        (loop(a_new_optimizer), "off by"),
        (loop(usual_epoch, start=lambda original: original), "you change the original"),
        (lambda *given: None, "return the unlearned model"),
        (lambda original, *given: list(original.parameters()), "return the unlearned model"),
        (
            loop(usual_epoch, make=lambda p, lr: torch.optim.AdamW(p, lr=lr, weight_decay=0.5)),
            "off by",
        ),
    ],
)
def test_a_wrong_loop_is_told_what_is_wrong(wrong, message):
    with pytest.raises(WrongAnswer, match=message):
        ch.check("minnorm_og", wrong)


def test_another_loop_passes_and_does_what_the_package_does():
    import unlearnlab as ul

    learner = loop(usual_epoch)
    assert ch.check("minnorm_og", learner) is learner
    task, plan = ul.curve.task(1), strengths(0.1, 0.9, 6, 1, 2)
    method = ul.MinNormOG(
        lr=1e-3, reg=0.1, reg_decay=0.9, n_pert=9, project_every=1, descent_epochs=2
    )
    theirs = ul.unlearn(task, method, epochs=6).model
    ours = minnorm_og(task.original, *task.retain.tensors, plan, 1e-3)
    for p, q in zip(ours.parameters(), theirs.parameters()):
        assert torch.allclose(p, q, atol=1e-7)
