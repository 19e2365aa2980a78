"""Each method against the same rule written out by hand, and every hyperparameter's limits."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from small_tasks import classification, parameters, regression

import unlearnlab as ul
from unlearnlab.methods.minnorm import subsample

EPOCHS = 7


def by_hand(task, loss, lr, before=lambda model, t: None, model=None):
    """Full-batch AdamW with torch's defaults on loss(model, epoch)."""
    model = copy.deepcopy(model or task.original)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    for t in range(EPOCHS):
        before(model, t)
        optimizer.zero_grad()
        loss(model, t).backward()
        optimizer.step()
    return parameters(model)


def mse(model, data):
    x, y = data.tensors
    return F.mse_loss(model(x), y)


def same(run, expected):
    torch.testing.assert_close(parameters(run.model), expected, rtol=1e-4, atol=1e-6)


def test_gd_ga_ngp_ridge_and_l1_are_the_papers_rules():
    task = regression()
    norm = lambda model, power: sum(p.abs().pow(power).sum() for p in model.parameters())
    rules = {
        ul.GD(lr=0.01): lambda m, t: mse(m, task.retain),
        ul.GA(lr=0.01): lambda m, t: -mse(m, task.forget),
        ul.NGP(lr=0.01, ascent=0.3): lambda m, t: mse(m, task.retain) - 0.3 * mse(m, task.forget),
        ul.Ridge(lr=0.01, reg=2.0, reg_decay=0.6): lambda m, t: (
            mse(m, task.retain) + 2 * 0.6**t * norm(m, 2)
        ),
        ul.L1Sparse(lr=0.01, reg=0.4): lambda m, t: (
            mse(m, task.retain) + 2 * (1 - t / EPOCHS) * 0.4 * norm(m, 1)
        ),
    }
    for method, rule in rules.items():
        same(ul.unlearn(task, method, EPOCHS), by_hand(task, rule, 0.01))


def test_retrain_forgets_the_original_and_repeats_by_seed():
    task = regression()
    changed = copy.deepcopy(task.original)
    torch.nn.init.zeros_(changed[0].weight)
    other = ul.Task(**{**task.__dict__, "original": changed})
    runs = [
        ul.unlearn(t, ul.Retrain(lr=0.01), EPOCHS, seed=s)
        for t, s in ((task, 0), (other, 0), (task, 1))
    ]
    assert torch.equal(parameters(runs[0].model), parameters(runs[1].model))
    assert not torch.equal(parameters(runs[0].model), parameters(runs[2].model))


def test_retrain_asks_for_what_makes_a_model_before_any_work():
    measured = []
    task = regression().changed(build=None, evaluate=lambda m: measured.append(m) or {"x": 1.0})
    with pytest.raises(
        TypeError, match="build of the task must be a function from a seed to an un"
    ):
        ul.unlearn(task, ul.Retrain(), 1)
    assert measured == []


def test_ngd_adds_noise_of_the_stated_size_to_the_gradient():
    task, seen = regression(retain=4), []
    method = ul.NGD(lr=0.01, noise=0.5)

    class Spy(ul.NGD):
        def perturb(self, state):
            clean = [p.grad.clone() for p in state.model.parameters()]
            super().perturb(state)
            seen.extend((p.grad - c).flatten() for p, c in zip(state.model.parameters(), clean))

    a = ul.unlearn(task, Spy(lr=0.01, noise=0.5), 60)
    noise = torch.cat(seen)
    assert abs(noise.mean()) < 0.03 and abs(noise.std() - 0.5) < 0.02
    b, c = ul.unlearn(task, method, 60), ul.unlearn(task, method, 60, seed=1)
    assert torch.equal(parameters(a.model), parameters(b.model)) and not torch.equal(
        parameters(b.model), parameters(c.model)
    )
    same(
        ul.unlearn(task, ul.NGD(lr=0.01, noise=0.0), EPOCHS),
        by_hand(task, lambda m, t: mse(m, task.retain), 0.01),
    )


def test_minnorm_is_projection_then_descent_at_the_projected_weights():
    task = regression(dtype=torch.float64)
    strength = [0.4]

    def before(model, t):
        if t < EPOCHS - 2 and t % 2 == 0:
            theta = parameters(model)
            moved = theta - strength[0] * ul.project_out(
                theta, ul.output_gradients(model, task.retain.tensors[0])
            )
            torch.nn.utils.vector_to_parameters(moved, model.parameters())
            strength[0] *= 0.5

    expected = by_hand(task, lambda m, t: mse(m, task.retain), 0.01, before)
    run = ul.unlearn(
        task,
        ul.MinNormOG(lr=0.01, reg=0.4, reg_decay=0.5, n_pert=12, project_every=2, descent_epochs=2),
        EPOCHS,
    )
    same(run, expected)
    assert [h.get("strength") for h in run.history] == [0.4, None, 0.2, None, 0.1, None, None]
    assert all(h["drift"] > 0 and 0 < h["rank"] <= 12 for h in run.history if "strength" in h)


def test_minnorm_without_projection_or_strength_is_gd():
    task = regression()
    gd = parameters(ul.unlearn(task, ul.GD(lr=0.01), EPOCHS).model)
    for method in (ul.MinNormOG(lr=0.01, descent_epochs=EPOCHS), ul.MinNormOG(lr=0.01, reg=0.0)):
        torch.testing.assert_close(parameters(ul.unlearn(task, method, EPOCHS).model), gd)


def test_minnorm_on_a_linear_model_is_exact_in_one_projection():
    """Theorem 2: reg = 1 lands on the minimum-norm interpolator of the retain set."""
    g = torch.Generator().manual_seed(3)
    X = torch.randn(8, 20, generator=g, dtype=torch.float64)
    y = X @ torch.randn(20, generator=g, dtype=torch.float64)
    build = lambda s: torch.nn.Linear(20, 1, bias=False, dtype=torch.float64)
    original = build(0)
    original.weight.data[0] = torch.linalg.pinv(X) @ y
    data = torch.utils.data.TensorDataset
    task = ul.Task(
        "linear",
        "regression",
        0,
        original,
        None,
        data(X[:6], y[:6, None]),
        data(X[6:], y[6:, None]),
        build,
        lambda m: {},
    )
    run = ul.unlearn(task, ul.MinNormOG(lr=1e-300, weight_decay=0.0, reg=1.0, n_pert=6), 1)
    torch.testing.assert_close(
        run.model.weight[0], torch.linalg.pinv(X[:6]) @ y[:6], rtol=1e-10, atol=1e-12
    )


@pytest.mark.parametrize("method", ul.METHODS.values())
@pytest.mark.parametrize("heads", [1, 2])
def test_every_method_runs_on_classification_batches(method, heads):
    task = classification(heads=heads)
    run = ul.unlearn(task, method(), 2)
    assert len(run.history) == 2 and not torch.equal(
        parameters(run.model), parameters(task.original)
    )


@pytest.mark.parametrize("name", [name for name in ul.METHODS if name != "Retrain"])
def test_a_frozen_layer_keeps_its_bits_while_the_others_move(name):
    task = classification()
    task.original.body.requires_grad_(False)
    kinds = ({"n_pert": 0}, {"n_pert": 4}) if name == "MinNorm-OG" else ({},)
    for more in kinds:
        run = ul.unlearn(task, ul.METHODS[name](lr=0.01, **more), 2)
        assert torch.equal(parameters(run.model.body), parameters(task.original.body))
        moved = parameters(run.model.content) != parameters(task.original.content)
        assert moved.any()
        if name == "SalUn":  # half of what can move
            moved = torch.cat(
                [moved, parameters(run.model.color) != parameters(task.original.color)]
            )
            assert moved.sum() == len(moved) // 2


class InPlace(torch.nn.Module):
    def forward(self, x):
        return x.mul_(2)


@pytest.mark.parametrize("policy", ["retain", "all"])
@pytest.mark.parametrize("name", ul.METHODS)
def test_a_network_that_works_in_place_leaves_the_points_of_the_task(name, policy):
    task = classification(heads=1, batch_size=None)
    model = torch.nn.Sequential(InPlace(), torch.nn.BatchNorm1d(4), *task.original)
    task = task.changed(original=model, build=lambda seed: copy.deepcopy(model))
    sets = task.retain.tensors + task.forget.tensors
    before = [t.clone() for t in sets]
    ul.unlearn(task, ul.METHODS[name](batch_norm=policy), 2)
    assert all(map(torch.equal, sets, before))


def test_thesubsample_is_balanced_and_never_empty():
    g = torch.Generator().manual_seed(0)
    labels = torch.arange(60) % 6
    chosen = subsample(labels, 13, "classification", g)
    assert labels[chosen].bincount().tolist() == [2] * 6 and len(chosen.unique()) == 12
    many = torch.arange(100)
    assert len(subsample(many, 7, "classification", g).unique()) == 7  # 7 // 100 would be none
    assert len(subsample(torch.stack([labels, labels % 2], 1), 12, "classification", g)) == 12
    assert len(subsample(torch.zeros(60, 1), 20, "regression", g).unique()) == 20
    drawn = torch.cat([subsample(many, 7, "classification", g) for _ in range(5)])
    assert len(drawn.unique()) > 20  # not always the same classes
    rare = torch.tensor([0] * 50 + [1])
    assert 1 <= len(subsample(rare, 20, "classification", g)) <= 20


def test_a_batch_that_is_no_larger_than_n_pert_is_protected_whole():
    task = classification(heads=1, batch_size=None, retain=7)  # of five classes
    for count in (7, 8):
        assert ul.unlearn(task, ul.MinNormOG(n_pert=count), 1).history[0]["rank"] == 7


@pytest.mark.parametrize(
    "kind, bad, says",
    [
        (ul.MinNormOG, {"reg": 1.2}, r"MinNorm-OG: reg must be a number in \[0, 1\], got 1.2"),
        (ul.MinNormOG, {"reg": -0.1}, r"reg must be a number in \[0, 1\], got -0.1"),
        (ul.MinNormOG, {"reg_decay": 1.1}, r"reg_decay must be a number in \[0, 1\]"),
        (ul.MinNormOG, {"n_pert": -1}, "n_pert must be an integer of at least 0"),
        (ul.MinNormOG, {"n_pert": 2.5}, "n_pert must be an integer"),
        (ul.MinNormOG, {"project_every": 0}, "project_every must be an integer of at least 1"),
        (ul.MinNormOG, {"descent_epochs": -1}, "descent_epochs must be an integer of at least 0"),
        (ul.GD, {"lr": 0}, "GD: lr must be a number greater than 0, got 0"),
        (ul.GD, {"lr": float("nan")}, "lr must be a number"),
        (ul.GD, {"lr": "fast"}, "lr must be a number greater than 0, got 'fast'"),
        (ul.GD, {"weight_decay": -1}, "weight_decay must be a number of at least 0"),
        (ul.NGD, {"noise": -1}, "NGD: noise"),
        (ul.NGP, {"ascent": -1}, "NGP: ascent"),
        (ul.Ridge, {"reg": -1}, "Ridge: reg"),
        (ul.NTK, {"reg": 1.1}, r"NTK: reg must be a number in \[0, 1\], got 1.1"),
        (ul.L1Sparse, {"reg": True}, "l1-Sparse: reg"),
    ],
)
def test_hyperparameters_are_checked_when_the_method_is_made(kind, bad, says):
    with pytest.raises(ValueError, match=says):
        kind(**bad)


def test_numpy_numbers_from_a_grid_become_plain_ones():
    method = ul.MinNormOG(lr=np.float32(0.5), n_pert=np.int64(5), project_every=2.0)
    assert (method.lr, method.n_pert, method.project_every) == (0.5, 5, 2)
    assert type(method.lr) is float and type(method.n_pert) is type(method.project_every) is int
    with pytest.raises(ValueError, match="reg must be a number"):
        ul.Ridge(reg=np.bool_(True))


def test_methods_are_frozen_and_listed_in_the_tables_order():
    assert list(ul.METHODS) == [
        "Retrain",
        "MinNorm-OG",
        "GD",
        "GA",
        "NGP",
        "NGD",
        "Ridge",
        "l1-Sparse",
        "SCRUB",
        "NPO",
        "SalUn",
        "KL-Unif",
        "NegGrad",
    ]
    with pytest.raises(AttributeError):
        ul.GD().lr = 1
    assert all(m().weight_decay == 0.01 for m in ul.METHODS.values())


def test_without_protected_samples_minnorm_og_is_plain_shrinkage():
    task = regression()
    run = ul.unlearn(
        task,
        ul.MinNormOG(
            lr=1e-300, weight_decay=0.0, reg=0.25, reg_decay=0.5, n_pert=0, descent_epochs=1
        ),
        3,
    )
    for before, after in zip(task.original.parameters(), run.model.parameters()):
        torch.testing.assert_close(after, (1 - 0.25) * (1 - 0.125) * before)
    assert run.history[0]["rank"] == 0 and run.history[0]["drift"] == pytest.approx(
        0.25 * float(torch.nn.utils.parameters_to_vector(task.original.parameters()).norm()),
        rel=1e-5,
    )
