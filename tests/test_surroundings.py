"""What the reader's machine and settings are does not matter: torch's defaults, consoles, paths,
warnings, certificates."""

import os
import subprocess
import sys

import pytest

import unlearnlab as ul
from unlearnlab.chapters import ch04_sine
from unlearnlab.data.fetch import Source, fetch

NUMBERS = """
from dataclasses import dataclass
import unlearnlab as ul
from unlearnlab.chapters import ch04_sine, ch05_linear
from unlearnlab.chapters.ch06_linear_network.search import solve_relaxed
for task in ul.sine.task(1), ul.erasure.task(), ul.collapse.task(), ul.curve.task():
    for method in ul.MinNormOG(), ul.NGD(), ul.Retrain():
        print(task.name, ul.unlearn(task, method, 1).metrics)
task = ul.erasure.task()
print(ul.unlearn(task, ul.SalUn(), 1).metrics, task.ground_truth.fc)
rum = dataclass(frozen=True, kw_only=True)(type("Groups", (ul.RUM, ul.NGP), {}))
print([ul.unlearn(task, method, 1).metrics for method in (ul.NTK(), rum())])
print(ul.metrics.halves(4, 3).tolist(), len(ch05_linear.LinearLab().canvas.png()))
layers = [ul.curve.grid()[:6].view(2, 3), ul.curve.grid()[:2].view(1, 2)]
print(solve_relaxed(layers, layers[0][:1]).norm().item())
passages = ul.passage.task(1)
print(passages.evaluate(passages.original), passages.fresh().positions.sum().item())
ch04_sine.runs.LEARN = 100
lab = ch04_sine.SineLab(1, "GD", 1)
lab.wait()
lab.count.value = 6
lab.wait()
print(lab.compared("GD"))
"""


def said(code, *options, **environment):
    command = [sys.executable, *options, "-c", code]
    ended = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **environment}
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_numbers_do_not_follow_from_torch_s_defaults(monkeypatch, capsys):
    monkeypatch.setattr(ch04_sine.runs, "LEARN", ch04_sine.runs.LEARN)  # which NUMBERS sets
    exec(NUMBERS, {"__name__": "__main__"})
    defaults = "torch.set_default_dtype(torch.float64)\ntorch.set_default_device('meta')"
    there = said(f"import torch\n{defaults}\n{NUMBERS}", OMP_NUM_THREADS="1")  # as here
    assert there == capsys.readouterr().out


def test_nothing_warns():
    code = """
import torch, unlearnlab as ul
ul.unlearn(ul.sine.task(1), ul.GD(), 1)
ul.unlearn(ul.erasure.task(), ul.NTK(), 1)
ul.minnorm_step(torch.nn.TransformerEncoderLayer(4, 2, 4, batch_first=True), torch.rand(2, 3, 4), 1)
ul.table.read('width')
"""
    assert said(code, "-W", "error") == ""


def test_a_console_that_has_no_check_mark_gets_plain_marks():
    code = """
from unlearnlab.course import environment
print(environment.check())
"""
    assert "+ Python: " in said(code, PYTHONIOENCODING="ascii")
    assert "✓ Python: " in said(code, PYTHONIOENCODING="utf-8")


def test_paths_may_begin_at_home_and_have_spaces_and_any_letters(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    grid = {"GD": {"epochs": 1}}
    runs = ul.sweep(ul.curve.task, grid, [1], "~/läufe 1", backend="serial", progress=False)
    ul.table.write("~/дата x.json", {"runs": runs}, {})
    assert len(ul.table.read("~/дата x.json")["runs"]) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"läufe 1", "дата x.json"}


def test_missing_certificates_are_one_error_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    source = Source("set", {"https://127.0.0.1:9/set.zip": f"sha256:{'0' * 64}"})
    with pytest.raises(ConnectionError, match="gone.pem.*Without a network: bring set.zip") as told:
        fetch(source, tmp_path, progress=False)
    assert told.value.__cause__ is None and told.value.__suppress_context__
