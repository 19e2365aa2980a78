"""The sine task is paper A's: its data, its metric, its shipped models, and its table's medians."""

import math
import os
import re
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from patience import END

import unlearnlab as ul
from unlearnlab.data import sine as data
from unlearnlab.tasks import __main__ as command
from unlearnlab.tasks import sine
from unlearnlab.training import checkpoint as checkpoints
from unlearnlab.training import zoo
from unlearnlab.training.recipe import full_batch


@pytest.mark.parametrize("seed", range(1, 11))
def test_shipped_models_are_what_their_facts_say(seed):
    task = ul.sine.task(seed)
    x = torch.linspace(-5 * math.pi, 5 * math.pi, 1000)[:, None]
    for model, facts, epochs in (
        (task.original, task.facts["original"], "100000"),
        (task.ground_truth, task.facts["ground-truth"], "50000"),
    ):
        assert (
            facts["epochs"] == epochs and int(facts["seed"]) // 1000 == seed and "commit" in facts
        )
        with torch.no_grad():
            error = float((model(x) - torch.sin(x)).abs().max())
        assert task.evaluate(model)["sup_error"] == pytest.approx(error, rel=1e-5)
        assert float(facts["sup_error"]) == pytest.approx(error, rel=1e-2)
        assert [tuple(p.shape) for p in model.parameters()] == [
            (300, 1),
            (300,),
            (300, 300),
            (300,),
            (1, 300),
            (1,),
        ]


def test_points_are_fifty_on_the_sine_and_five_at_one_and_a_half():
    retain, forget = data.points(3)
    (x, y), (fx, fy) = retain.tensors, forget.tensors
    assert x.shape == y.shape == (50, 1) and fx.shape == fy.shape == (5, 1)
    assert torch.equal(y, x.sin()) and (fy == 1.5).all()
    assert torch.cat([x, fx]).abs().max() <= 5 * math.pi
    assert not torch.equal(x, data.points(4)[0].tensors[0]) and torch.equal(
        x, data.points(3)[0].tensors[0]
    )
    many = torch.cat([data.points(s)[0].tensors[0] for s in range(200)]) / (5 * math.pi)
    assert abs(many.mean()) < 0.02 and abs(many.var() - 1 / 3) < 0.01


def test_loading_a_task_draws_nothing_from_the_callers_random_numbers():
    state = torch.get_rng_state()
    assert ul.sine.task(np.int64(2)).seed == 2 and torch.equal(torch.get_rng_state(), state)


def test_best_settings_follow_table_6():
    at = {t: ul.sine.best_settings(t) for t in (10, 100, 1000)}
    assert at[10]["MinNorm-OG"] == ul.MinNormOG(
        lr=1e-3, reg=0.1, reg_decay=0.9, n_pert=50, project_every=1, descent_epochs=2
    )
    assert at[100]["MinNorm-OG"] == ul.MinNormOG(
        lr=1e-3, reg=0.1, reg_decay=0.9, n_pert=50, project_every=2, descent_epochs=50
    )
    assert (
        at[1000]["MinNorm-OG"].descent_epochs == 500 and at[1000]["MinNorm-OG"].project_every == 10
    )
    assert [at[t]["Ridge"].reg_decay for t in at] == [0.6, 0.9, 0.9] and [
        at[t]["NGD"].noise for t in at
    ] == [0.5, 0.1, 1.0]
    assert [at[t]["NGP"].ascent for t in at] == [1.0, 0.01, 0.001]
    between = ul.sine.best_settings(40)["MinNorm-OG"]  # nearer to 100 on a log scale
    assert (between.project_every, between.descent_epochs) == (2, 20)
    assert ul.sine.best_settings(9)["MinNorm-OG"].descent_epochs == 2
    for t in range(1, 40):
        ul.sine.best_settings(t)["MinNorm-OG"].check(ul.sine.task(1), t)


def test_the_paper_preset_trains_keeps_and_reuses_models(tmp_path, monkeypatch):
    monkeypatch.setattr(
        sine, "RECIPES", {"original": full_batch(300), "ground-truth": full_batch(200)}
    )
    seen = []
    task = ul.sine.task(
        77,
        preset="paper",
        cache=tmp_path,
        progress=lambda name, done, loss: seen.append((name[8:], done)),
    )
    assert seen == [("original", 100), ("original", 200), ("original", 300)]
    assert isinstance(task.ground_truth, torch.nn.Module)
    assert seen[3:] == [("ground-truth", 100), ("ground-truth", 200)]
    assert sorted(p.name[:-20] for p in tmp_path.iterdir()) == [
        "sine-77-ground-truth-",
        "sine-77-original-",
    ]
    again = ul.sine.task(77, preset="paper", cache=tmp_path)
    assert (
        torch.equal(task.original[0].weight, again.original[0].weight)
        and task.facts["original"]["threads"]
    )
    (damaged,) = tmp_path.glob("sine-77-original-*")
    damaged.write_bytes(damaged.read_bytes()[:-9])
    with pytest.warns(UserWarning, match="sine-77-original-.* is damaged.*trained again"):
        again = ul.sine.task(77, preset="paper", cache=tmp_path)
    assert torch.equal(task.original[0].weight, again.original[0].weight)


def test_wrong_seeds_presets_and_files_are_refused_by_name(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match='preset="quick" ships seeds 1 to 10'):
        ul.sine.task(11)
    with pytest.raises(ValueError, match="preset must be one of quick, paper, got 'full'"):
        ul.sine.task(1, preset="full")
    for seed in (-1, 1.5, "1"):
        with pytest.raises(ValueError, match="seed must be a non-negative integer"):
            ul.sine.task(seed)
    shutil.copytree(zoo.SHIPPED, tmp_path / "copy")
    monkeypatch.setattr(zoo, "SHIPPED", tmp_path / "copy")
    one, two = (next((tmp_path / "copy").glob(f"sine-{s}-original-*")) for s in (1, 2))
    shutil.copy(two, one)
    with pytest.raises(checkpoints.BadCheckpoint, match="sine-1-original-.* is for seed"):
        ul.sine.task(1)
    two.write_bytes(two.read_bytes()[:-7])
    with pytest.raises(
        checkpoints.BadCheckpoint, match="sine-2-original-.* is damaged.*install it again"
    ):
        ul.sine.task(2)
    two.unlink()
    with pytest.raises(FileNotFoundError, match="sine-2-original-.*--seeds 2"):
        ul.sine.task(2)


def test_the_training_command_makes_only_what_is_missing_or_damaged(tmp_path, capsys):
    for path in zoo.SHIPPED.glob("sine-*"):
        shutil.copy(path, tmp_path)
    assert command.main(["sine", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("is there and whole") == 20
    for arguments, says in (
        (["one"], "--seeds: must look like 1-5 or 3,7"),
        (["5-1"], "empty range: 5-1"),
        (["1-2-9"], "must look like"),
    ):
        with pytest.raises(SystemExit):
            command.main(["sine", "--seeds", *arguments])
        assert says in capsys.readouterr().err


def test_ctrl_c_ends_the_training_command_soon_and_keeps_what_was_done(tmp_path):
    line = [
        sys.executable,
        "-m",
        "unlearnlab.tasks",
        "sine",
        "--out",
        str(tmp_path),
        "--seeds",
        "41,42",
    ]
    process = subprocess.Popen(
        line,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # a shell's background jobs inherit a deaf ear
    shown = ""
    while not re.search(r"[1-9]\d*/\d+ .*epoch/s", shown):  # the bar has moved: a round is done
        assert (more := process.stderr.read(1)), shown
        shown += more
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=END)
    assert process.returncode == 130 and "Stopped; what is finished is kept" in err, err
    (partial,) = tmp_path.glob("*.partial")
    assert int(checkpoints.read(partial)[1]["done"]) >= 100
    assert not list(tmp_path.glob("*42*"))


def test_the_errors_of_known_functions():
    task = ul.sine.task(1)
    zero, sine = (lambda x: 0 * x), torch.sin
    assert ul.sine.errors(task, _Function(zero))["sup_error"] == pytest.approx(1, abs=1e-4)
    assert ul.sine.errors(task, _Function(zero))["rms_error"] == pytest.approx(0.5**0.5, abs=1e-3)
    assert set(ul.sine.errors(task, _Function(sine)).values()) == {0.0}
    shifted = ul.sine.errors(task, _Function(lambda x: x.sin() + 0.5))
    assert (
        all(value == pytest.approx(0.5, abs=1e-6) for value in shifted.values())
        and len(shifted) == 4
    )


class _Function(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function, self.unused = function, torch.nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return self.function(x)
