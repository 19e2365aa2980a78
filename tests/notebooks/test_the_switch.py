"""With their switch set, notebooks 09 and 10 run at the paper's size on a GPU. Here every cell of
them runs that way, on a handful of images and a pretended device."""

import ast
import threading

import build
import pytest
from elsewhere import DEVICE, Elsewhere, elsewhere
from small_images import small
from torch import nn

import unlearnlab as ul
from unlearnlab.course.unlearning_lab import UnlearningLab

SWITCH = '# where = {"dataset": "cifar10", "preset": "paper", "device": "cuda"}'
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


class Tiny(nn.Module):
    """One convolution, a batch norm, and a head for each of `heads`."""

    def __init__(self, heads):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3, stride=2), nn.BatchNorm2d(4)
        several = not isinstance(heads, int)
        self.heads = nn.ModuleList([nn.Linear(4, n) for n in (heads if several else [heads])])

    def forward(self, pixels):
        h = self.norm(self.conv(pixels.float() / 255)).relu().mean((2, 3))
        said = tuple(head(h) for head in self.heads)
        return said if len(said) > 1 else said[0]


class Unasked(ast.NodeTransformer):
    """What is asserted is computed, and need not hold: networks of this size learn nothing."""

    def visit_Assert(self, node):
        return ast.Expr(node.test)


def switched(number):
    """The code cells of a notebook with its switch set."""
    (path,) = build.HERE.glob(f"{number}_*.py")
    cells = [part for part in path.read_text("utf-8").split("\n# %%") if part]
    code = [cell.partition("\n")[2] for cell in cells if "[markdown]" not in cell.split("\n")[0]]
    first = next(i for i, cell in enumerate(code) if SWITCH in cell)
    assert sum(SWITCH in cell for cell in code) == 1
    code[first] = code[first].replace(SWITCH, SWITCH[2:].replace("cuda", DEVICE))
    return code[first:]


@pytest.fixture()
def tiny(monkeypatch, tmp_path):
    """The preset "paper" of CIFAR-10 with 60 images; labs work in this thread, as the pretended
    device is there alone."""
    for experiment in (ul.erasure, ul.collapse):
        more = {"preset": "paper", "channels": 3, "p_forget": 0.1, "p_retain": 0.4, "network": Tiny}
        small(monkeypatch, tmp_path, experiment, "cifar10", 8, CLASSES, epochs=1, **more)

    def work(lab, function, *arguments):
        with lab.telling():
            function(*arguments, threading.Event())
        assert lab.error is None

    monkeypatch.setattr(UnlearningLab, "work", work)


@pytest.mark.parametrize("number, cells", [("09", 45), ("10", 30)])
def test_every_code_cell_runs_with_the_switch_set(number, cells, tiny, monkeypatch):
    labs, make = [], UnlearningLab.__init__

    def begun(lab, *args, **more):
        labs.append(lab)
        make(lab, *args, **more)

    monkeypatch.setattr(UnlearningLab, "__init__", begun)
    code, names = switched(number), {}
    assert len(code) >= cells
    with elsewhere():
        for cell in code:
            tree = ast.fix_missing_locations(Unasked().visit(ast.parse(cell)))
            exec(compile(tree, f"<{number}: {cell.strip()[:60]!r}>", "exec"), names)
    assert names["where"] == {"dataset": "cifar10", "preset": "paper", "device": DEVICE}
    assert all(isinstance(p, Elsewhere) for p in names["task"].original.parameters())
    (lab,) = labs
    assert lab.track and isinstance(next(lab.model.parameters()), Elsewhere)
