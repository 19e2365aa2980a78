"""Are the words and numbers of the classification methods checked, and do they come through sweeps
and records?"""

import classification_cases
import numpy as np
import pytest
import torch
from small_tasks import classification, parameters, regression

import unlearnlab as ul
from unlearnlab.chapters.ch11_replication import MinNormPublished
from unlearnlab.loop import batch, batches
from unlearnlab.methods.teaching import Teacher
from unlearnlab.study import table

task = classification_cases.task  # a fixture


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
