"""The projection against a dense float64 singular value decomposition, on every layer kind
and every bad case."""

import copy

import pytest
import torch
import torch.nn.utils.prune
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nets import MODELS, build
from torch import nn

import unlearnlab as ul
from unlearnlab.ground.precision import products_in


def dense_projection(theta, rows, rtol=1e-10):
    """P_perp theta by numpy's SVD of the rows as they are: nothing shared with the package."""
    import numpy as np

    theta, rows = theta.double().numpy(), rows.double().numpy()
    _, s, vt = np.linalg.svd(rows, full_matrices=False)
    basis = vt[s > rtol * max(s.max(initial=0), 1e-300)]
    return torch.from_numpy(theta - basis.T @ (basis @ theta))


def jacobian(model, inputs):
    """Rows by one plain backward pass each, in float64, for one or several heads
    with one or more outputs."""
    model = copy.deepcopy(model).double().eval()
    parameters = [p for p in model.parameters() if p.requires_grad]
    outputs = model(inputs.double() if inputs.is_floating_point() else inputs)
    rows = []
    for head in outputs if isinstance(outputs, tuple) else [outputs]:
        for value in head.max(1).values if head.ndim == 2 else head:
            if not value.requires_grad:
                rows.append(torch.zeros(sum(p.numel() for p in parameters), dtype=torch.float64))
                continue
            grads = torch.autograd.grad(value, parameters, retain_graph=True, allow_unused=True)
            rows.append(
                torch.cat(
                    [
                        (torch.zeros_like(p) if g is None else g).flatten()
                        for g, p in zip(grads, parameters)
                    ]
                )
            )
    return torch.stack(rows)


def flat(model):
    return torch.cat([p.detach().flatten() for p in model.parameters() if p.requires_grad])


def relative_error(model, inputs):
    """|minnorm_step's P_perp theta - the dense one| / |theta|."""
    before, rows = flat(model).double(), jacobian(model, inputs)
    ul.minnorm_step(model, inputs, 1.0)
    return ((before - flat(model).double()) - dense_projection(before, rows)).norm() / before.norm()


class Float32Inside(nn.Module):
    """A forward that insists on float32, so float64 weights cannot run it;
    called by keyword, ending in a squeeze."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(5, 8), nn.Linear(8, 1)

    def forward(self, x):
        return self.b(input=torch.tanh(self.a(x.float()))).squeeze()


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("n", [1, 12])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_minnorm_step_equals_the_dense_projection(name, n, dtype):
    model, inputs = build(name, n)
    model, inputs = model.to(dtype), inputs.to(dtype)
    assert relative_error(model, inputs) < (1e-5 if dtype == torch.float32 else 1e-9)


@pytest.mark.parametrize("name", MODELS)
def test_output_gradients_equal_one_backward_pass_per_row(name):
    model, inputs = build(name, 7)
    expected = jacobian(model, inputs)
    torch.testing.assert_close(
        ul.output_gradients(model, inputs).double(),
        expected,
        rtol=1e-3,
        atol=1e-5 * expected.norm(),
    )


@pytest.mark.parametrize(
    "name", ["mlp", "two heads, conv, batch norm, in-place", "attention, layer norm, own token"]
)
def test_duplicates_and_zero_rows_and_more_rows_than_parameters_are_right(name):
    model, inputs = build(name, 6)
    assert relative_error(copy.deepcopy(model), inputs.repeat(3, *[1] * (inputs.ndim - 1))) < 1e-5
    dead = torch.cat([inputs, torch.zeros_like(inputs[:2])])
    assert relative_error(copy.deepcopy(model), dead) < 1e-5


@pytest.mark.parametrize("seed", range(5))
def test_small_relu_net_with_dead_units_and_more_rows_than_parameters(seed):
    torch.manual_seed(seed)
    model = ul.MLP([1, 5, 1], nn.ReLU)
    assert relative_error(model, torch.linspace(-3, 3, 50)[:, None]) < 1e-5


def test_large_models_use_float32_and_still_agree(monkeypatch):
    monkeypatch.setattr("unlearnlab.projection.network.SMALL_MODEL", 0)
    for name in ("conv, many and few positions", "two heads, conv, batch norm, in-place"):
        model, inputs = build(name, 6)
        assert relative_error(copy.deepcopy(model), inputs) < 1e-5
        assert (
            relative_error(model, inputs.repeat(2, 1, 1, 1)) < 1e-5
        )  # singular: redone in float64


def test_frozen_parameters_stay_and_do_not_count():
    model, inputs = build("mlp", 8)
    model[0].weight.requires_grad_(False)
    before = model[0].weight.clone()
    assert ul.output_gradients(model, inputs).shape[1] == flat(model).numel()
    assert relative_error(model, inputs) < 1e-5
    assert torch.equal(model[0].weight, before)


@pytest.mark.parametrize("n", [1, 6])
def test_a_forward_that_needs_float32_is_computed_in_float32(n):
    torch.manual_seed(0)
    model, inputs = Float32Inside(), torch.randn(n, 5)
    before, rows = flat(model), ul.output_gradients(model, inputs)
    ul.minnorm_step(model, inputs, 1.0)
    torch.testing.assert_close(
        before - flat(model), ul.project_out(before, rows), rtol=1e-3, atol=1e-5
    )


def test_a_head_without_trainable_parameters_adds_rows_of_zeros():
    model, inputs = build("two heads, conv, batch norm, in-place", 5)
    model.body.requires_grad_(False), model.color.requires_grad_(False)
    assert relative_error(model, inputs) < 1e-5


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("solver", ["layerwise", "cg"])
def test_a_step_toward_other_weights_projects_the_difference(name, solver):
    model, inputs = build(name, 6)
    frozen = next(iter(model.parameters()))
    frozen.requires_grad_(len(list(model.parameters())) == 1)
    torch.manual_seed(1)
    toward = [p.detach() + torch.randn_like(p) for p in model.parameters()]
    before, rows = flat(model), jacobian(model, inputs)
    away = before - torch.cat(
        [t.flatten() for t, p in zip(toward, model.parameters()) if p.requires_grad]
    )
    kept = frozen.detach().clone()
    step = ul.minnorm_step(model, inputs, 0.4, solver=solver, toward=toward)
    expected = 0.4 * dense_projection(away.double(), rows)
    assert ((before - flat(model)).double() - expected).norm() < 1e-5 * away.norm() and abs(
        step.drift - expected.norm()
    ) < 1e-3
    assert frozen.requires_grad or torch.equal(frozen, kept)


def test_a_step_toward_the_origin_is_the_plain_one_and_toward_itself_is_none():
    model, inputs = build("two heads, conv, batch norm, in-place", 5)
    plain, origin = copy.deepcopy(model), copy.deepcopy(model)
    ul.minnorm_step(plain, inputs, 0.3)
    ul.minnorm_step(origin, inputs, 0.3, toward=[torch.zeros_like(p) for p in model.parameters()])
    torch.testing.assert_close(flat(plain), flat(origin))
    before = flat(model)
    ul.minnorm_step(model, inputs, 1.0, toward=list(model.parameters()))
    torch.testing.assert_close(flat(model), before)


@pytest.fixture(params=["ieee", "tf32", "none"])
def outside(request):
    """The precision that the process has set for products on a GPU, and the two places
    where it is set."""
    kinds = torch.backends.cuda.matmul, torch.backends.cudnn.conv
    own = [kind.fp32_precision for kind in kinds]
    for kind in kinds:
        kind.fp32_precision = request.param
    yield request.param, kinds
    for kind, precision in zip(kinds, own):
        kind.fp32_precision = precision


def test_the_precision_of_products_on_a_gpu_is_set_inside_and_put_back_outside(outside):
    (precision, kinds), gpu = outside, torch.device("cuda")
    with pytest.raises(KeyError), products_in("float32", gpu):
        assert [kind.fp32_precision for kind in kinds] == ["ieee"] * 2
        raise KeyError
    assert [kind.fp32_precision for kind in kinds] == [precision] * 2
    with products_in("float32", torch.device("cpu")):
        assert [kind.fp32_precision for kind in kinds] == [precision] * 2
    for device in ("cuda", "cpu"):  # in threads that overlap
        first, second = products_in("tf32", torch.device(device)), products_in("float32", gpu)
        first.__enter__(), second.__enter__()
        first.__exit__(None, None, None)
        assert [kind.fp32_precision for kind in kinds] == ["ieee"] * 2  # the other is still inside
        second.__exit__(None, None, None)
        assert [kind.fp32_precision for kind in kinds] == [precision] * 2


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_the_step_is_exact_whatever_the_process_has_set(outside):
    model, inputs = build("conv, many and few positions", 12)
    rows, model, inputs = jacobian(model, inputs), model.cuda(), inputs.cuda()
    before = flat(model).cpu()
    ul.minnorm_step(model, inputs, 1.0)
    moved = before - flat(model).cpu()
    assert (moved - dense_projection(before.double(), rows)).norm() < 1e-5 * before.norm()


@pytest.mark.parametrize("name", ["mlp", "shared weights", "two heads, conv, batch norm, in-place"])
def test_the_step_is_the_dense_one(name):
    model, inputs = build(name, 6)
    list(model.parameters())[1].requires_grad_(False)
    theta, modes = flat(model), [m.training for m in model.modules()]
    dense = theta - 0.3 * ul.project_out(theta, ul.output_gradients(model, inputs))
    assert [m.training for m in model.modules()] == modes
    ul.minnorm_step(model, inputs, 0.3)
    torch.testing.assert_close(flat(model), dense, rtol=1e-4, atol=1e-5)


def test_strength_is_the_share_removed_and_modes_are_kept():
    model, inputs = build("two heads, conv, batch norm, in-place", 5)
    model.train(), model.body[1].eval()
    statistics, theta = model.body[1].running_mean.clone(), flat(model)
    whole = copy.deepcopy(model)
    ul.minnorm_step(whole, inputs, 1.0)
    step = ul.minnorm_step(model, inputs, 0.3)
    torch.testing.assert_close(
        theta - flat(model), 0.3 * (theta - flat(whole)), rtol=1e-4, atol=1e-6
    )
    assert model.training and not model.body[1].training and model.body[0].training
    assert torch.equal(statistics, model.body[1].running_mean)
    assert (step.rows, step.rank) == (10, 10) and abs(
        step.drift - (theta - flat(model)).norm()
    ) < 1e-5
    assert all(p.grad is None for p in model.parameters())
    ul.minnorm_step(model, inputs, 0.0)


def test_a_second_full_step_changes_nothing_on_a_linear_model():
    model, inputs = build("one layer", 9)
    ul.minnorm_step(model, inputs, 1.0)
    once = flat(model)
    ul.minnorm_step(model, inputs, 1.0)
    torch.testing.assert_close(flat(model), once)


@pytest.mark.parametrize("seed", range(1, 11))
def test_retained_outputs_of_trained_sine_nets_stay_to_first_order(seed):
    task = ul.sine.task(seed)
    inputs = task.retain.tensors[0]
    rows, model = jacobian(task.original, inputs), copy.deepcopy(task.original)
    theta = flat(model).double()
    ul.minnorm_step(model, inputs, 1.0)
    assert (rows @ (theta - flat(model).double())).norm() / (rows @ theta).norm() < 1e-5


@st.composite
def problems(draw):
    d, k = draw(st.integers(1, 30)), draw(st.integers(0, 40))
    rank = draw(st.integers(0, min(k, d)))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 10_000)))
    normal = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)
    rows = normal(k, rank) @ normal(rank, d)
    scales = 10 ** draw(st.floats(-6, 6)) * 10 ** (
        draw(st.floats(0, 3)) * normal(k, 1).clamp(-1, 1)
    )
    return normal(d), rows * scales, rank


@settings(max_examples=150, deadline=None)
@given(problems(), st.sampled_from([torch.float32, torch.float64]))
def test_project_out_of_any_rows_is_idempotent_orthogonal_and_of_the_right_rank(problem, dtype):
    theta, rows, rank = problem
    theta, rows = theta.to(dtype), rows.to(dtype)
    eps = 1e-4 if dtype == torch.float32 else 1e-9
    size = rows.norm(dim=1, keepdim=True).clamp_min(1e-30)
    # A singular value next to the cut would be a direction to one of the two, rounding to the other
    if rank:
        values = torch.linalg.svdvals((rows / size).double())
        assume(values[rank - 1] > eps * values[0])
    v = ul.project_out(theta, rows)
    assert v.dtype == dtype and v.shape == theta.shape
    if len(rows):
        assert ((rows / size) @ v).abs().max() <= eps * theta.norm()
    assert (ul.project_out(v, rows) - v).norm() <= eps * theta.norm()
    in_span = theta - v
    reference = dense_projection(
        theta, (rows / size).double(), 1e-5 if dtype == torch.float32 else 1e-11
    )
    assert (reference - v.double()).norm() <= eps * theta.norm()
    assert abs(in_span.double() @ v.double()) <= eps * theta.norm() ** 2


def test_project_out_keeps_its_arguments_and_handles_no_rows():
    theta, rows = torch.randn(5), torch.zeros(0, 5)
    assert torch.equal(ul.project_out(theta, rows), theta)
    rows = torch.randn(3, 5)
    kept = theta.clone(), rows.clone()
    ul.project_out(theta, rows)
    assert torch.equal(theta, kept[0]) and torch.equal(rows, kept[1])
    assert (
        ul.project_out(
            torch.ones(3, dtype=torch.float64), torch.eye(3, dtype=torch.float64) * 1e-200
        ).norm()
        == 0
    )


def test_unpivoted_qr_is_wrong_when_rows_are_dependent():
    """The published procedure: QR of the gradients as columns, no rank test.
    It wipes out what should stay."""
    torch.manual_seed(0)
    model = ul.MLP([1, 5, 1], nn.ReLU)
    rows, theta = jacobian(model, torch.linspace(-3, 3, 50)[:, None]), flat(model).double()
    q, _ = torch.linalg.qr(rows.T)
    by_qr, right = theta - q @ (q.T @ theta), dense_projection(theta, rows)
    assert right.norm() > 0.1 * theta.norm()
    assert (by_qr - right).norm() > 0.1 * theta.norm()
    assert (ul.project_out(theta, rows) - right).norm() < 1e-8 * theta.norm()


def test_errors_say_what_is_wrong():
    model, x = ul.MLP([1, 4, 1]), torch.randn(3, 1)
    with pytest.raises(ValueError, match="empty batch"):
        ul.minnorm_step(model, x[:0], 0.1)
    with pytest.raises(ValueError, match="empty batch"):
        ul.output_gradients(model, x[:0])
    with pytest.raises(TypeError, match="model must be a torch.nn.Module, got function"):
        ul.minnorm_step(lambda x: x, x, 0.1)
    with pytest.raises(TypeError, match="inputs must be a tensor"):
        ul.output_gradients(model, [1.0])
    for strength in (-0.1, 1.5, float("nan"), None, "0.5"):
        with pytest.raises(ValueError, match=r"strength must be a number in \[0, 1\]"):
            ul.minnorm_step(model, x, strength)
    unknown = [torch.full_like(p, float("nan")) for p in model.parameters()]
    with pytest.raises(ValueError, match="toward holds a NaN or an infinity"):
        ul.minnorm_step(model, x, 0.1, toward=unknown)
    for toward in ([], [torch.zeros(3)] * 4):
        with pytest.raises(
            ValueError,
            match="toward must hold a tensor for each of the model's 4 parameters, of its shape",
        ):
            ul.minnorm_step(model, x, 0.1, toward=toward)
    bad = torch.cat([x, torch.tensor([[float("nan")]])])
    before = flat(model)
    for f in (lambda: ul.minnorm_step(model, bad, 0.1), lambda: ul.output_gradients(model, bad)):
        with pytest.raises(ValueError, match=r"samples \[3\] are not finite"):
            f()
    assert torch.equal(flat(model), before)
    frozen = ul.MLP([1, 4, 1]).requires_grad_(False)
    with pytest.raises(ValueError, match="no trainable parameter"):
        ul.minnorm_step(frozen, x, 0.1)
    with pytest.raises(ValueError, match="head 0 of the model must return"):
        ul.output_gradients(nn.Sequential(nn.Unflatten(1, (1, 1, 1)), nn.Linear(1, 1)), x)
    with pytest.raises(ValueError, match="track_running_stats"):
        ul.minnorm_step(
            nn.Sequential(
                nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2, track_running_stats=False), nn.Flatten()
            ),
            torch.randn(2, 1, 2, 2),
            0.1,
        )
    with pytest.raises(ValueError, match=r"rows must have shape \(k, 3\)"):
        ul.project_out(torch.ones(3), torch.ones(2, 4))
    with pytest.raises(ValueError, match=r"theta must have shape \(d,\), got \(3, 1\)"):
        ul.project_out(torch.ones(3, 1), torch.ones(2, 3))
    with pytest.raises(ValueError, match="rows must be finite, but 1 of 4 numbers are nan or inf"):
        ul.project_out(torch.ones(2), torch.tensor([[1.0, 2], [float("inf"), 0]]))
    with pytest.raises(ValueError, match="theta must be finite"):
        ul.project_out(torch.tensor([float("nan"), 0]), torch.ones(1, 2))
    with pytest.raises(TypeError, match="theta must be a floating-point tensor, got a torch.int64"):
        ul.project_out(torch.ones(2, dtype=torch.long), torch.ones(1, 2))
    with pytest.raises(TypeError, match="rows must be a floating-point tensor, got list"):
        ul.project_out(torch.ones(2), [[1.0, 2.0]])
