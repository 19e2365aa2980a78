"""SCRUB, NPO, SalUn, KL-Unif and NegGrad against formulas written out with probabilities,
and at logits where those overflow."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.special import rel_entr, softmax
from small_tasks import classification, parameters, regression
from test_methods import EPOCHS, by_hand, same

import unlearnlab as ul
from unlearnlab.chapters.ch11_replication import MinNormPublished
from unlearnlab.loop import batch, batches
from unlearnlab.methods import relabelling
from unlearnlab.methods.relabelling import from_uniform, salient, wrong_labels
from unlearnlab.methods.teacher import Teacher
from unlearnlab.methods.teaching import divergence, label_scores
from unlearnlab.study import table


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


@pytest.fixture(params=[1, 2], ids=["one head", "two heads"])
def task(request):
    return classification(heads=request.param, batch_size=None)


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


def test_the_mask_does_not_depend_on_how_the_forget_set_is_batched():
    task = classification(forget=11)
    seen = []

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


def turns(method, epochs, task):
    """(what each update was about, by epoch), and the samples it saw."""
    seen = [[] for _ in range(epochs)]

    class Look(method.__class__):
        def loss(self, state, retain, forget):
            seen[state.epoch].append(
                (state.turn, tuple(retain.index.tolist()), tuple(forget.index.tolist()))
            )
            return super().loss(state, retain, forget)

    ul.unlearn(task, Look(**method.__dict__), epochs)
    return seen


def test_the_passes_of_an_epoch_share_its_batches():
    task = classification(forget=9, batch_size=4)
    for method in (ul.SalUn(variant="original"), ul.SCRUB(variant="original", max_epochs=2)):
        first, second, last = turns(method, 3, task)
        assert [t for t, *_ in first] == ["forget"] * 3 + ["retain"] * 3 == [t for t, *_ in second]
        assert [u[1:] for u in first[:3]] == [u[1:] for u in first[3:]]
        assert [t for t, *_ in last] == (
            ["retain"] * 3 if method.name == "SCRUB" else ["forget"] * 3 + ["retain"] * 3
        )
    assert [t for epoch in turns(ul.SCRUB(), 4, task) for t, *_ in epoch] == (
        ["retain"] * 3 + ["forget"] * 3
    ) * 2
    assert [t for epoch in turns(ul.SCRUB(descent_epochs=4), 4, task) for t, *_ in epoch] == [
        "retain"
    ] * 12


def test_the_teacher_says_what_the_original_says_and_says_it_once():
    task, asked = classification(retain=10, forget=9, batch_size=4), []
    teacher = Teacher(task)
    teacher.model.register_forward_hook(lambda module, args, out: asked.append(len(args[0])))
    epochs = batches(task, torch.Generator().manual_seed(0))
    for _ in range(4):
        for indices in next(epochs):
            for each in zip(("retain", "forget"), indices):
                some = batch(task, *each)
                for found, expected in zip(teacher(some), task.original(some.inputs)):
                    torch.testing.assert_close(found, expected)
                    assert not found.requires_grad
    assert sum(asked) == 19
    for role, data in (("retain", task.retain), ("forget", task.forget)):
        torch.testing.assert_close(
            list(teacher(batch(task, role))), list(task.original(data.tensors[0]))
        )
    assert sum(asked) == 19


@pytest.mark.parametrize(
    "kind, bad, says",
    [
        (
            ul.SCRUB,
            {"variant": "paper"},
            "SCRUB: variant must be one of paper-A, original, got 'paper'",
        ),
        (ul.SalUn, {"variant": 3}, "SalUn: variant must be"),
        (ul.NPO, {"heads": "mean"}, "NPO: heads must be one of product, sum, got 'mean'"),
        (
            ul.GD,
            {"batch_norm": "Frozen"},
            "GD: batch_norm must be one of retain, all, frozen, got 'Frozen'",
        ),
        (
            MinNormPublished,
            {"rows": None},
            "MinNorm-OG as published: rows must be one of eval, train, got None",
        ),
        (MinNormPublished, {"outputs": ""}, "outputs must be one of after, before"),
        (
            MinNormPublished,
            {"decay": "batch"},
            "decay must be one of projection, epoch, got 'batch'",
        ),
        (ul.SCRUB, {"temperature": 0}, "SCRUB: temperature must be a number greater than 0, got 0"),
        (ul.SCRUB, {"max_epochs": 0}, "SCRUB: max_epochs must be an integer of at least 1, got 0"),
        (ul.SCRUB, {"ascent": -1}, "SCRUB: ascent must be a number of at least 0"),
        (ul.NPO, {"reg": 0}, "NPO: reg must be a number greater than 0, got 0"),
        (ul.NegGrad, {"ascent": 1.1}, r"NegGrad: ascent must be a number in \[0, 1\], got 1.1"),
        (ul.KLUnif, {"reg": -1}, "KL-Unif: reg must be"),
    ],
)
def test_words_and_numbers_are_checked_when_the_method_is_made(kind, bad, says):
    with pytest.raises(ValueError, match=says):
        kind(**bad)


def test_words_from_a_grid_become_plain_ones():
    assert type(ul.SCRUB(variant=np.str_("original")).variant) is str


def test_what_does_not_fit_the_task_is_refused_before_any_work():
    for method in (ul.SCRUB(), ul.NPO(), ul.SalUn(), ul.KLUnif()):
        with pytest.raises(
            ValueError, match=f"{method.name} needs a classification task, toy is a regression one"
        ):
            ul.unlearn(regression(), method, 2)
    with pytest.raises(ValueError, match="SCRUB: descent_epochs=5 is more than epochs=2"):
        ul.unlearn(classification(), ul.SCRUB(descent_epochs=5), 2)
    with pytest.raises(ValueError, match="SCRUB: max_epochs=5 is more than epochs=2"):
        ul.unlearn(classification(), ul.SCRUB(variant="original", max_epochs=5), 2)
    (
        ul.unlearn(classification(), ul.SCRUB(max_epochs=5), 2),
        ul.unlearn(classification(), ul.SCRUB(variant="original", descent_epochs=5), 1),
    )


def distance(seed):
    task = classification(seed)
    return ul.Task(
        **{
            **task.__dict__,
            "evaluate": lambda m: {
                "moved": float((parameters(m) - parameters(task.original)).norm())
            },
        }
    )


def test_words_go_through_a_sweep_a_selection_and_a_record(tmp_path):
    grid = {
        "SCRUB": {"epochs": 2, "variant": ["paper-A", "original"]},
        "GD": {"epochs": 2, "batch_norm": "frozen"},
    }
    frame = ul.sweep(distance, grid, [1, 2], tmp_path / "store", "serial", progress=False)
    assert (
        frame["variant"].tolist()[:4] == ["paper-A"] * 2 + ["original"] * 2
        and frame["variant"].isna().tolist()[4:] == [True] * 2
    )
    medians = frame.groupby("variant")["moved"].median()
    assert ul.select(frame, "moved", by=("method",))["variant"].dropna().unique().tolist() == [
        medians.idxmin()
    ]
    table.write(tmp_path / "r.json", {"runs": frame}, {})
    again = table.read(tmp_path / "r.json")["runs"]
    assert (
        again["variant"].tolist()[:4] == frame["variant"].tolist()[:4]
        and again["batch_norm"].tolist() == frame["batch_norm"].tolist()
    )


def test_minnorm_decays_per_projection_or_per_epoch():
    task = classification(forget=10, batch_size=4)
    strengths = {
        decay: [
            h.get("strength")
            for h in ul.unlearn(
                task,
                MinNormPublished(
                    reg=0.4,
                    reg_decay=0.5,
                    project_every=2,
                    descent_epochs=1,
                    rows="eval",
                    outputs="after",
                    decay=decay,
                ),
                6,
            ).history
        ]
        for decay in ("projection", "epoch")
    }
    assert strengths["projection"] == [
        0.4 * 0.5**2,
        None,
        0.4 * 0.5**5,
        None,
        0.4 * 0.5**8,
        None,
    ]  # the last of three batches
    assert strengths["epoch"] == [0.4, None, 0.2, None, 0.1, None]


def test_rows_in_training_mode_are_the_same_rows_without_batch_norm():
    runs = [
        ul.unlearn(classification(), method, 2)
        for method in (
            ul.MinNormOG(),
            MinNormPublished(rows="train", outputs="after", batch_norm="retain"),
        )
    ]
    assert torch.equal(parameters(runs[0].model), parameters(runs[1].model))
