"""Everything that a run on a GPU touches stays there: tried on a pretended device,
which computes on the CPU and must come to the same."""

import dataclasses
from pathlib import Path

import pytest
import torch
from elsewhere import DEVICE, Elsewhere, elsewhere
from small_images import small

import unlearnlab as ul
from unlearnlab import projection
from unlearnlab.chapters import ch09_erasure, ch10_collapse
from unlearnlab.chapters.ch11_replication import VARIANTS, MinNormPublished
from unlearnlab.chapters.ch12_width.vit import ViT
from unlearnlab.networks import ResNet, seeded
from unlearnlab.projection import Projection
from unlearnlab.training.recipe import Recipe

RECIPE = Recipe(epochs=1, batch_size=32, lr=0.01, augment="crop+flip")
TINY = dict(recipe=RECIPE, p_retain=0.7, batch_size=32, progress=lambda *done: None)
SWITCHED = {
    # its conjugate gradients take an iteration a row
    "MinNorm-OG as published": MinNormPublished(lr=1e-3, n_pert=4),
    "rows in training mode": MinNormPublished(lr=1e-3, n_pert=4, outputs="after"),
    "outputs before": MinNormPublished(rows="eval", n_pert=20),
    "no rows": ul.MinNormOG(n_pert=0),
    "SCRUB's own": ul.SCRUB(variant="original"),
    "SalUn's own": ul.SalUn(variant="original"),
    "NPO by sum": ul.NPO(heads="sum"),
    "all statistics": ul.GD(batch_norm="all"),
    "frozen statistics": ul.NGP(batch_norm="frozen"),
}
METHODS = {name: method(lr=1e-3) for name, method in (ul.METHODS | VARIANTS).items()} | SWITCHED

PROJECTING = ("minnorm.py", *(file.name for file in Path(projection.__file__).parent.glob("*.py")))


def _by_cg(method):
    return isinstance(method, MinNormPublished) and method.rows == "train"


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """One small erasure task here, and elsewhere."""
    make = lambda device: ul.erasure.task(
        "mnist", p_color=0.5, cache=tmp_path_factory.mktemp(device), device=device, **TINY
    )
    with pytest.MonkeyPatch.context() as patch:
        small(patch, "", ul.erasure, "mnist", 8)
        here = make("cpu")
        with elsewhere():
            there = make(DEVICE)
            for task in (here, there):
                assert task.ground_truth  # trained when somebody asks for it
            return here, there


def equal(here, there):
    return isinstance(there, Elsewhere) and torch.equal(here, there.here)


def test_the_pretended_device_refuses_what_a_gpu_does():
    with elsewhere() as waits:
        there = torch.arange(3.0, device=DEVICE)
        assert (
            isinstance(there, Elsewhere)
            and (there[torch.tensor([2])] * torch.tensor(2.0)).item() == 4
            and waits.total() == 1
        )
        one = torch.ones(3)
        for meeting in (
            lambda: there + one,
            lambda: one[there.long()],
            lambda: torch.where(there > 0, one, there),
        ):
            with pytest.raises(
                AssertionError, match="a tensor on the CPU meets one on another device"
            ):
                meeting()
        with pytest.raises(AssertionError, match="elsewhere"):
            there.numpy()


def test_a_wait_is_the_package_s_only_if_the_package_s_file_is_at_work():
    """A checkout called unlearnlab has that word in the path of every test, too."""
    a_test = compile("there.item()", "/anywhere/unlearnlab/tests/test_it.py", "exec")
    with elsewhere() as waits:
        exec(a_test, {"there": torch.ones((), device=DEVICE)})
    assert waits == {"": 1}


def test_an_erasure_task_is_made_and_trained_there(both):
    for here, there in (
        (getattr(task, name).tensors for task in both) for name in ("retain", "forget")
    ):
        assert all(equal(a, b) for a, b in zip(here, there))
    for name in ("original", "ground_truth"):
        here, there = (getattr(task, name).state_dict().values() for task in both)
        assert all(equal(a, b) for a, b in zip(here, there))


def test_a_collapse_task_is_made_trained_and_measured_there(tmp_path, monkeypatch):
    small(monkeypatch, tmp_path, ul.collapse, "mnist", 8)
    make = lambda device: ul.collapse.task(
        "mnist", cache=tmp_path / device, device=device, warm_start=RECIPE, **TINY
    )
    here = make("cpu")
    with elsewhere():
        there = make(DEVICE)
        run = ul.unlearn(there, ul.MinNormOG(lr=1e-3), 1)
        assert run.metrics == ul.unlearn(here, ul.MinNormOG(lr=1e-3), 1).metrics
    assert all(
        equal(a, b)
        for a, b in zip(here.original.state_dict().values(), there.original.state_dict().values())
    )


@pytest.mark.parametrize("name", METHODS)
def test_a_method_stays_there_comes_to_the_same_and_hardly_waits(both, name):
    method, updates = METHODS[name], -(-len(both[0].forget) // 32)
    here = ul.unlearn(both[0], method, 1)
    with elsewhere() as waits:
        there = ul.unlearn(dataclasses.replace(both[1], evaluate=lambda model: {}), method, 1)
        assert (
            both[1].evaluate(there.model) == here.metrics or name == "NGD"
        )  # whose noise is drawn there
    assert (
        all(
            equal(a, b)
            for a, b in zip(here.model.state_dict().values(), there.model.state_dict().values())
        )
        or name == "NGD"
    )
    waited = sum(waits[file] for file in PROJECTING)
    assert waits["loop.py"] == 2  # an epoch's loss, and whether the weights at the end are finite
    # one a projection, another where K is singular (here it is) or a theta_0 is checked, and in a
    # run one for the labels and two for each of two heads in the first projection, which "outputs
    # before" has every time; conjugate gradients need more
    if isinstance(method, ul.MinNormOG) and not (method.n_pert and _by_cg(method)):
        each = {"MinNorm-OG to the start": 3, "outputs before": 6}.get(name, 2)
        assert waited <= each * updates + 5
    elif not isinstance(method, ul.MinNormOG):
        assert waited == 0


def test_every_solver_projects_there():
    pixels = torch.randint(
        0, 256, (5, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    for build in (lambda: ViT([10, 3], 1 / 16), lambda: ResNet(18, 10, 1 / 32)):
        for more in (dict(solver="layerwise"), dict(solver="cg")):
            here = seeded(build, 0)
            ul.minnorm_step(here, pixels, 0.1, **more)
            with elsewhere():
                there = seeded(build, 0).to(DEVICE)
                ul.minnorm_step(there, pixels.to(DEVICE), 0.1, **more)
            assert all(
                equal(a, b) for a, b in zip(here.state_dict().values(), there.state_dict().values())
            )


def test_a_projection_waits_once():
    with elsewhere() as waits:
        projection = Projection(seeded(lambda: ResNet(18, [10, 3], 1 / 16), 0).to(DEVICE))
        x = torch.randn(8, 3, 8, 8).to(DEVICE)
        step = projection.step(x, 0.1)
        # the first of a run compares samples with themselves in their batch: of each head the
        # largest value, and whether it is the same
        assert step.rank == 16 and waits == {"gram.py": 1, "watch.py": 4}
        projection.step(x, 0.1)
        assert waits == {"gram.py": 2, "watch.py": 4}


@pytest.mark.parametrize(
    "make, control", [(ch09_erasure.ErasureLab, "images"), (ch10_collapse.CollapseLab, "example")]
)
def test_a_lab_draws_what_is_there(make, control):
    with elsewhere():
        lab = make(device=DEVICE, method="GD", epochs=1)
        getattr(lab, control).value = 2
    assert (
        lab.error is None
        and len(lab.track) == 2
        and isinstance(next(lab.model.parameters()), Elsewhere)
    )
