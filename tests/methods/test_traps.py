"""The traps of published unlearning code: each wrong in a few lines, how much it matters,
and that our methods do not fall in.

What is tested elsewhere: unpivoted QR (test_projection), oracle selection (test_selection), ties on
a front (test_pareto).
"""

import copy

import pytest
import torch
import torch.nn.functional as F
from small_tasks import classification, parameters, regression
from test_batch_norm import equal, normalised, passed, statistics
from test_classification import doubled

import unlearnlab as ul
from unlearnlab.chapters.ch11_replication import MinNormPublished
from unlearnlab.loop import batch
from unlearnlab.methods.relabelling import wrong_labels
from unlearnlab.methods.teaching import Teacher, divergence


def gradient_and_weights(task, method):
    """What backpropagation gave in the only update of a run,
    and the weights it was computed for."""
    seen = []

    class Look(method.__class__):
        def perturb(self, state):
            seen.extend(
                [
                    torch.cat([p.grad.flatten() for p in state.model.parameters()]),
                    copy.deepcopy(state.model),
                ]
            )

    ul.unlearn(task, Look(**method.__dict__), 1)
    return seen


def gradient(model, task):
    x, y = task.retain.tensors
    return torch.cat(
        [g.flatten() for g in torch.autograd.grad(F.mse_loss(model(x), y), model.parameters())]
    )


def backpropagated(old, new, x, y):
    """Two-layer backpropagation by hand, activations of the old weights and matrices of the new
    ones: 1-hidden-layer SiLU, MSE."""
    (A, a, C, c), C_new = (
        (p.detach() for p in old.parameters()),
        next(p.detach() for p in new[2].parameters()),
    )
    z = x @ A.T + a
    h, s = F.silu(z), torch.sigmoid(z)
    r = 2 * (h @ C.T + c - y) / len(x)
    inner = (r @ C_new) * (s + z * s * (1 - s))
    return torch.cat([(inner.T @ x).flatten(), inner.sum(0), (r.T @ h).flatten(), r.sum(0)])


def test_outputs_computed_before_an_in_place_change_give_the_gradient_of_neither_point():
    task = regression(dtype=torch.float64)
    x, y = task.retain.tensors
    ways = {
        "after": ul.MinNormOG(reg=0.5, n_pert=4),
        "before": MinNormPublished(reg=0.5, n_pert=4, rows="eval"),
    }
    found = {outputs: gradient_and_weights(task, method) for outputs, method in ways.items()}
    (true, moved), (mixed, same) = found["after"], found["before"]
    assert torch.equal(parameters(moved), parameters(same))
    torch.testing.assert_close(mixed, backpropagated(task.original, moved, x, y))
    torch.testing.assert_close(true, gradient(moved, task))
    for point in (task.original, moved):
        assert (mixed - gradient(point, task)).norm() > 0.2 * gradient(point, task).norm()


def test_outputs_from_before_a_projection_serve_its_own_update_only():
    task = regression(dtype=torch.float64)
    run = ul.unlearn(
        task, MinNormPublished(lr=0.01, reg=0.5, n_pert=4, rows="eval", project_every=2), 2
    )
    first = ul.unlearn(task, MinNormPublished(lr=0.01, reg=0.5, n_pert=4, rows="eval"), 1)
    x, y = task.retain.tensors
    assert run.history[1]["loss"] == pytest.approx(F.mse_loss(first.model(x), y).item(), rel=1e-12)
    assert run.history[0]["loss"] == pytest.approx(
        F.mse_loss(task.original(x), y).item(), rel=1e-12
    )


def test_every_projection_moves_the_copy_that_is_given():
    task, still = regression(dtype=torch.float64), {"lr": 1e-300, "weight_decay": 0.0}
    own = {**still, "reg": 0.5, "n_pert": 4, "rows": "eval"}
    before, after = (
        parameters(ul.unlearn(task, MinNormPublished(**own, outputs=outputs), 3).model)
        for outputs in ("before", "after")
    )
    torch.testing.assert_close(before, after)


def test_autograd_notices_an_in_place_change_unless_it_is_made_through_data():
    task = regression()
    model, (x, y) = task.original, task.retain.tensors
    loss = F.mse_loss(model(x), y)
    ul.minnorm_step(model, x[:4], 0.5)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_a_forget_batch_passed_in_training_mode_changes_a_model_that_never_descends_on_it():
    """The public loop computes the outputs of both batches for every method, GD too."""
    task = normalised()
    published = copy.deepcopy(task.original).train()
    for _ in range(5):
        published(task.retain.tensors[0])
        published(task.forget.tensors[0])
    retained = passed(task, *[task.retain] * 5)
    shift = (published[1].running_mean - retained["1.running_mean"]).norm()
    assert shift > 0.5 * retained["1.running_mean"].norm()
    still = {"lr": 1e-300, "weight_decay": 0.0}
    assert equal(statistics(ul.unlearn(task, ul.GD(**still), 5).model), retained)
    assert equal(
        statistics(ul.unlearn(task, ul.GD(**still, batch_norm="all"), 5).model),
        statistics(published),
    )


def test_a_teacher_left_in_training_mode_answers_by_the_company_and_drifts():
    task = normalised()
    a, b = task.forget.tensors[0][:4], task.forget.tensors[0][4:]
    left = copy.deepcopy(
        task.original
    ).train()  # what a fresh copy of a model is, frozen parameters or not
    before, frozen = statistics(left), [p.requires_grad_(False) for p in left.parameters()]
    alone, together = left(a), left(torch.cat([a, b]))[:4]
    assert frozen and (F.softmax(alone, 1) - F.softmax(together, 1)).abs().max() > 0.05
    assert not equal(statistics(left), before)

    teachers = []

    class Look(ul.SCRUB):
        def loss(self, state, retain, forget):
            teachers.append(state.memory["teacher"])
            return super().loss(state, retain, forget)

    ul.unlearn(task, Look(lr=0.01), 6)
    found = teachers[-1]
    assert equal(statistics(found.model), statistics(task.original)) and not found.model.training
    (logits,) = Teacher(task)(batch(task, "forget", torch.arange(4)))
    torch.testing.assert_close(logits, task.original(a))
    torch.testing.assert_close(found(batch(task, "forget"))[0][:4], task.original(a))


def test_adamw_moves_the_weights_that_a_gradient_mask_should_freeze():
    task = classification(batch_size=None)
    gradients = torch.autograd.grad(
        task.loss(task.original(task.forget.tensors[0]), task.forget.tensors[1]),
        task.original.parameters(),
    )
    threshold = torch.cat([g.abs().flatten() for g in gradients]).median()
    model = copy.deepcopy(task.original)
    for p, g in zip(model.parameters(), gradients):
        frozen = g.abs() <= threshold
        p.register_hook(lambda grad, frozen=frozen: grad.masked_fill(frozen, 0))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    for _ in range(50):
        optimizer.zero_grad()
        task.loss(model(task.retain.tensors[0]), task.retain.tensors[1]).backward()
        optimizer.step()
    frozen, theta = (
        torch.cat([g.abs().flatten() for g in gradients]) <= threshold,
        parameters(task.original),
    )
    shrunk = (1 - 0.01 * 0.01) ** 50  # by half a percent here
    torch.testing.assert_close(parameters(model)[frozen], shrunk * theta[frozen])
    assert not (parameters(model)[frozen] == theta[frozen]).any()
    ours = parameters(ul.unlearn(task, ul.SalUn(lr=0.01), 50).model)
    assert torch.equal(ours[frozen], theta[frozen]) and (ours != theta)[~frozen].all()


def test_weight_decay_alone_is_a_shrinkage_of_the_original():
    """So every method "shrinks" a little; compare with weight_decay=0 before crediting
    one's own regulariser."""
    task = classification(batch_size=None)
    run = ul.unlearn(task, ul.KLUnif(lr=0.1, weight_decay=0.5, reg=0.0), 20)
    bare = ul.unlearn(task, ul.KLUnif(lr=0.1, weight_decay=0.0, reg=0.0), 20)
    assert parameters(run.model).norm() < 0.8 * parameters(bare.model).norm()


def test_ratios_of_probabilities_overflow_and_logarithms_do_not():
    logits, labels = torch.tensor([[200.0, 0], [0, 0]], requires_grad=True), torch.tensor([0, 0])
    teacher = torch.tensor([[0.0, 200], [0, 0]])
    ratio = F.softmax(logits, 1).gather(1, labels[:, None]) / F.softmax(teacher, 1).gather(
        1, labels[:, None]
    )
    published = 2 / 0.5 * torch.log1p(ratio**0.5).mean()
    published.backward()
    assert torch.isinf(published) and torch.isnan(logits.grad).any()

    task = classification(heads=1, batch_size=None, classes=3)
    with torch.no_grad():
        task.original[-1].weight.zero_()
        task.original[-1].bias.copy_(
            torch.tensor([0, 200.0, 400])
        )  # the teacher gives label 0 a probability of 0
    run = ul.unlearn(task, ul.NPO(reg=0.5), 20)
    assert (
        all(torch.isfinite(p).all() for p in run.model.parameters())
        and run.history[-1]["loss"] < run.history[0]["loss"]
    )


def test_logits_cut_at_thirty_have_no_gradient_where_the_model_is_surest_and_wrong():
    """The public code cuts them before every loss; ours stay as they are."""
    logits = torch.tensor([[0.0, 40]], requires_grad=True)
    F.cross_entropy(logits.clamp(-30, 30), torch.tensor([0])).backward()
    assert logits.grad[0, 1] == 0
    task = classification(heads=1)
    assert task.loss(torch.tensor([[0.0, 40, 0, 0, 0]]), torch.tensor([0])).item() == pytest.approx(
        40
    )


def test_n_pert_divided_by_more_classes_protects_nothing():
    task = classification(classes=40, heads=1, batch_size=None, retain=80, forget=40)
    x, y = task.retain.tensors
    published = torch.cat(
        [(y == c).nonzero().flatten()[: 7 // len(y.unique())] for c in y.unique()]
    )
    assert len(published) == 0
    step = {"lr": 1e-300, "weight_decay": 0.0, "reg": 1.0}
    theta, run = parameters(task.original), ul.unlearn(task, ul.MinNormOG(**step, n_pert=7), 1)
    unprotected = ul.unlearn(
        task, ul.MinNormOG(**step, n_pert=0), 1
    )  # what is left of the method then: theta <- (1 - strength) theta
    assert parameters(unprotected.model).norm() == 0 and run.history[0]["rank"] == 7
    assert (
        run.history[0]["drift"] < 0.999 * float(theta.norm())
        and parameters(run.model).norm() > 0.01 * theta.norm()
    )


def trained(seed):
    """Classes that the original has learnt."""
    task = classification(seed, batch_size=None)
    x, y = (torch.cat(parts) for parts in zip(task.retain.tensors, task.forget.tensors))
    optimizer = torch.optim.Adam(task.original.parameters(), lr=0.03)
    for _ in range(200):
        optimizer.zero_grad()
        task.loss(task.original(x), y).backward()
        optimizer.step()
    return task


@pytest.mark.parametrize("seed", range(3))
def test_scrub_that_ends_on_ascent_leaves_the_retain_set_worse_than_one_that_ends_on_descent(seed):
    task = trained(seed)
    loss = lambda method, T=4: task.loss(
        ul.unlearn(task, method, T).model(task.retain.tensors[0]), task.retain.tensors[1]
    ).item()
    ends_up, ends_down = (
        loss(ul.SCRUB(lr=0.01, ascent=1.0)),
        loss(ul.SCRUB(lr=0.01, ascent=1.0, descent_epochs=1)),
    )
    assert ends_up > ends_down and ends_up > loss(
        ul.SCRUB(lr=0.01, ascent=1.0, variant="original", max_epochs=2)
    )


def test_without_the_square_a_temperature_switches_the_teacher_off():
    """As T grows the gradient of T^2 KL tends to that of half the squared distance
    of centred logits over C; of KL alone to 0."""
    g = torch.Generator().manual_seed(0)
    teacher, student = (
        torch.randn(6, 4, generator=g, dtype=torch.float64),
        torch.randn(6, 4, generator=g, dtype=torch.float64),
    )
    student.requires_grad_(True)
    soft = lambda z: F.log_softmax(z / 1e3, 1)
    (plain,) = torch.autograd.grad(
        F.kl_div(soft(student), soft(teacher), log_target=True, reduction="batchmean"), student
    )
    (ours,) = torch.autograd.grad(divergence([teacher], [student], 1e3), student)
    centred = lambda z: z.detach() - z.detach().mean(1, keepdim=True)
    torch.testing.assert_close(
        ours, (centred(student) - centred(teacher)) / (4 * 6), rtol=1e-2, atol=1e-4
    )
    assert plain.norm() < 1e-5 * ours.norm()


def test_at_the_teacher_the_divergence_has_no_gradient_and_adamw_makes_steps_of_rounding():
    """A SCRUB that begins on the forget set begins in a random direction;
    in float64 it would stay."""

    class Forget(ul.SCRUB):
        def passes(self, state):
            return ("forget",)

    single, moved = classification(batch_size=None), []
    for task in (single, doubled(single)):
        run = ul.unlearn(task, Forget(lr=0.01, ascent=1.0, weight_decay=0.0), 1)
        moved.append(float((parameters(run.model) - parameters(task.original)).abs().mean()))
    assert moved[0] > 1e4 * moved[1] and moved[1] < 1e-8  # 6e-4 and 1e-12 of a step of 1e-2


@pytest.mark.parametrize("seed", range(3))
def test_salun_in_two_passes_goes_further_in_as_many_epochs_than_with_one_joint_loss(seed):
    """Two updates per pair of batches instead of one: "equal epochs" are not equal steps."""
    task = trained(seed)
    x, y = task.forget.tensors
    joint, passes = (
        task.loss(
            ul.unlearn(task, ul.SalUn(lr=0.01, ascent=1.0, variant=variant), 4).model(x), y
        ).item()
        for variant in ("paper-A", "original")
    )
    assert passes > 1.1 * joint


def test_random_labels_from_all_classes_are_right_once_in_c_times():
    y, g = torch.arange(3000)[:, None] % torch.tensor([10, 3]), torch.Generator().manual_seed(0)
    published = torch.stack([torch.randint(0, c, (3000,), generator=g) for c in (10, 3)], 1)
    assert (
        (published == y).float().mean(0) - torch.tensor([1 / 10, 1 / 3])
    ).abs().max() < 0.03  # a third of the colors stays right
    assert not (wrong_labels(y, [10, 3], g) == y).any()


def test_the_other_direction_of_kl_has_no_hold_on_a_certain_model():
    sure = torch.tensor([[30.0, 0, 0]], requires_grad=True)
    p = F.log_softmax(sure, 1)
    (reverse,) = torch.autograd.grad((p.exp() * p).sum(), sure, retain_graph=True)
    (forward,) = torch.autograd.grad(-p.mean(), sure)
    assert reverse.norm() < 1e-10 and forward.norm() > 0.5
