"""Does a task say at once, and by name, what is wrong with its points, and take what is plain?"""

import copy
import random

import numpy as np
import pytest
import torch
from small_tasks import TwoHeads, classification, regression
from torch import nn
from torch.utils.data import Dataset, Subset, TensorDataset

import unlearnlab as ul
from unlearnlab.ground.points import IGNORED
from unlearnlab.networks.predict import outputs

X = torch.randn(12, 4, generator=torch.Generator().manual_seed(0))
Y = torch.arange(12) % 3


class Words(nn.Module):
    """Logits (n, length, 7) of token numbers (n, length)."""

    def __init__(self):
        super().__init__()
        self.table, self.out = nn.Embedding(7, 5), nn.Linear(5, 7)

    def forward(self, ids):
        return self.out(torch.tanh(self.table(ids)))


class Numbers(nn.Module):
    """Two heads of a regression, of one and of two numbers."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(4, 1), nn.Linear(4, 2)

    def forward(self, x):
        return self.one(x)[:, 0], self.two(x)


def task(retain, forget=None, model=None, kind="classification", **more):
    build = lambda seed: copy.deepcopy(original)
    original = model or nn.Linear(4, 3)
    sets = retain, retain if forget is None else forget
    return ul.Task("mine", kind, 0, original, None, *sets, build, lambda m: {}, **more)


class Others(Dataset):
    def __len__(self):
        return 12

    def __getitem__(self, i):
        return X[i], Y[i]


@pytest.mark.parametrize(
    "data",
    [
        (X, Y),
        (X.numpy(), Y.numpy()),
        (X.numpy().astype(">f4"), Y.numpy().astype(">i2")),  # as MATLAB and IDX files hold them
        (X.flip(0).numpy()[::-1], Y.flip(0).numpy()[::-1]),
        [X.double(), Y.to(torch.uint8)],
        (X, Y[:, None]),
        TensorDataset(X, Y.int()),
        Subset(TensorDataset(torch.cat([X, X]), torch.cat([Y, Y])), range(12)),
        Subset(Subset(TensorDataset(X.flip(0), Y.flip(0)), range(11, -1, -1)), np.arange(12)),
    ],
)
def test_what_is_plain_is_taken(data):
    inputs, targets = task(data).retain.tensors
    assert torch.equal(inputs, X) and torch.equal(targets, Y)
    assert (inputs.dtype, targets.dtype) == (torch.float32, torch.int64)


@pytest.mark.parametrize(
    "build, words",
    [
        (lambda seed: None, "what build returns must be a torch.nn.Module, got None"),
        (lambda: nn.Linear(4, 3), "build must take a seed alone"),
        (lambda seed: nn.Linear(4, 5), "build must return a model of the original's architecture"),
    ],
)
def test_a_build_that_makes_no_such_model_is_named_before_it_is_used(build, words):
    made = task((X, Y)).changed(build=build, evaluate=lambda model: {"one": 1.0})
    for use in made.fresh, lambda: ul.unlearn(made, ul.Retrain(), 1):
        with pytest.raises((TypeError, ValueError), match=words):
            use()


def test_functions_of_a_task_and_of_a_run_are_functions():
    for name in "build", "evaluate":
        with pytest.raises(TypeError, match=f"{name} must be a function"):
            task((X, Y)).changed(**{name: 3})
    for name in "callback", "stop":
        with pytest.raises(TypeError, match=f"{name}.* must be a function"):
            ul.unlearn(task((X, Y)), ul.GD(), 1, **{name: True})


def test_what_fits_stays_the_same_object():
    data = TensorDataset(X, Y)
    made = task(data)
    assert made.retain is data and made.changed(seed=1).forget is data


BAD = [
    (Others(), TypeError, "retain must be a TensorDataset.*first stack what it holds.*got Others"),
    (X, TypeError, "retain must be .*got Tensor"),
    ((X.tolist(), Y), TypeError, "retain must be .*got tuple of list, Tensor"),
    (np.ma.masked_array(X.numpy(), X.numpy() > 1), TypeError, "got MaskedArray"),
    ((np.ma.masked_array(X.numpy(), X.numpy() > 1), Y), TypeError, "retain holds a masked array"),
    (Subset(TensorDataset(X, Y), Y == 0), ValueError, "an index of retain .* from -12 to 11, got"),
    (Subset(TensorDataset(X, Y), [0, 12]), ValueError, "an index of retain .* got 12"),
    (TensorDataset(X, X > 0, Y), ValueError, "retain must hold two tensors.*got 3.*mask"),
    ((X, Y[:5]), ValueError, r"the parts of retain differ in length.* \[12, 5\]"),
    ((X[:0], Y[:0]), ValueError, "retain is empty"),
    ((X, nn.functional.one_hot(Y)), ValueError, r"one-hot or shares, \(12, 3\).*argmax"),
    ((X, nn.functional.one_hot(Y).float()), ValueError, "one-hot or shares"),
    ((X, Y.float()), ValueError, "must be class numbers, integers from 0 on, got torch.float32"),
    ((X, Y == 1), ValueError, "must be class numbers, .*got torch.bool"),
    ((X, Y + 1), ValueError, "class numbers from 0 to 2, got 3 in row 2"),
    ((X, Y - 1), ValueError, "class numbers from 0 to 2, got -1 in row 0"),
    ((X, torch.where(Y == 0, IGNORED, Y)), ValueError, "from 0 to 2, got -100 in row 0"),
    ((X, torch.stack([Y, Y], 1)), ValueError, r"must have shape \(n,\).* got \(12, 2\)"),
    ((X[:, :3], Y), ValueError, r"cannot be run on the first inputs of retain, shape \(2, 3\)"),
    ((X.masked_fill(X > 1.5, torch.inf), Y), ValueError, "inputs of retain hold NaN or infinity"),
    ((X.to(torch.complex64), Y), ValueError, "inputs of retain must be real numbers"),
    ((X, np.array(["a"] * 12)), TypeError, "retain must hold numbers"),
    ((X.to_sparse(), Y), ValueError, "the inputs of retain must be a dense tensor"),
    ((torch.tensor(1.0), torch.tensor(1)), ValueError, "the parts of retain .* have none"),
]


@pytest.mark.parametrize("data, kind, words", BAD, ids=lambda value: None)
def test_what_no_method_can_use_is_refused_by_name(data, kind, words):
    with pytest.raises(kind, match=words):
        task(data)
    with pytest.raises(kind, match=words.replace("retain", "forget")):
        task((X, Y), data)


class Growing(nn.Module):
    """Makes its layer in its first forward."""

    def __init__(self):
        super().__init__()
        self.hidden, self.out = None, nn.Linear(8, 3)

    def forward(self, x):
        self.hidden = self.hidden or nn.Linear(x.shape[1], 8)
        return self.out(torch.tanh(self.hidden(x)))


class Waves(nn.Module):
    def __init__(self):
        super().__init__()
        self.turn, self.out = nn.Parameter(torch.ones(4, dtype=torch.cfloat)), nn.Linear(4, 3)

    def forward(self, x):
        return self.out((x * self.turn).abs())


def test_models_that_no_rule_can_train_are_refused_by_name():
    """Layers that a forward makes were outside the optimizer; complex weights ended in torch."""
    with pytest.raises(ValueError, match="makes parameters in its first forward.*run it once"):
        task((X, Y), model=Growing())
    made = Growing()
    made(X)
    ul.unlearn(task((X, Y), model=made), ul.GD(), 1)
    with pytest.raises(ValueError, match="parameter 'turn' is complex"):
        task((X, Y), model=Waves())
    broken = nn.Linear(4, 3)
    broken.bias.data[1] = torch.nan
    with pytest.raises(ValueError, match="head 0 of the original is NaN on the first inputs"):
        task((X, Y), model=broken)
    with pytest.raises(ValueError, match="a single logit.*two classes need two"):
        task((X, Y % 2), model=nn.Linear(4, 1))


def test_an_empty_subset_is_named():
    with pytest.raises(ValueError, match="retain is empty"):
        task(Subset(TensorDataset(X, Y), []))


def test_a_model_that_fails_spends_none_of_the_callers_numbers():
    class Failing(nn.Linear):
        def forward(self, x):
            torch.rand(1), np.random.rand(), random.random()
            raise RuntimeError("no")

    model = Failing(4, 3)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[2]
    with pytest.raises(ValueError, match="RuntimeError: no"):
        task((X, Y), model=model)
    assert torch.equal(torch.get_rng_state(), before[0]) and random.getstate() == before[1]
    assert np.random.get_state()[2] == before[2]


@pytest.mark.filterwarnings("ignore:.*(quantized|nested):UserWarning")
def test_quantized_and_nested_inputs_are_refused_by_name():
    with pytest.raises(TypeError, match="retain holds a masked array or a nested tensor.* pad"):
        task((torch.nested.nested_tensor([X[0], X[1, :2]]), Y[:2]))
    with pytest.raises(ValueError, match="inputs of retain must be a dense tensor"):
        task(TensorDataset(torch.nested.nested_tensor([X[0], X[1, :2]]), Y[:2]))
    with pytest.raises(
        ValueError, match="inputs of retain must be a dense .* got torch.quantized.QInt8Tensor"
    ):
        task((torch.quantize_per_tensor(X, 0.1, 0, torch.qint8), Y))


@pytest.mark.parametrize("classes, kind", [(3, "classification"), (1, "regression")])
def test_a_model_that_squeezes_is_refused_where_a_batch_of_one_would_come(classes, kind):
    """It ended in torch, within an epoch."""

    class Squeezing(nn.Linear):
        def forward(self, x):
            return super().forward(x).squeeze()

    y = Y if kind == "classification" else X[:, 0]
    sets, model = ((X, y), (X[:5], y[:5])), Squeezing(4, classes)
    for size in None, 5, 3:
        ul.unlearn(task(*sets, model=model, kind=kind, batch_size=size), ul.GD(), 1)
    for size in 1, 4, 2:
        with pytest.raises(ValueError, match=r"a row for every input, got \(.* for 1$"):
            task(*sets, model=model, kind=kind, batch_size=size)


def test_the_callers_arrays_are_copied():
    x = X.numpy().copy()
    made = task((x, Y.numpy()))
    x[:] = 0
    assert torch.equal(made.retain.tensors[0], X)


def test_rows_that_are_no_numbers_are_named():
    x = X.clone()
    x[[3, 7], 1] = torch.nan
    with pytest.raises(ValueError, match="inputs of retain hold NaN .* in 2 of 12 rows: 3, 7$"):
        task((x, Y))
    y = X[:, :3].clone()
    y[5] = torch.inf
    with pytest.raises(ValueError, match="targets of retain hold NaN .* in 1 of 12 rows: 5$"):
        task((X, y), kind="regression")


def test_the_targets_of_two_heads_are_checked_head_by_head():
    two, good = TwoHeads(5), torch.stack([Y + 2, Y], 1)
    assert task((X, good), model=two).retain.tensors[1].shape == (12, 2)
    with pytest.raises(ValueError, match=r"shape \(n, 2\) for the 2 heads .*got \(12,\)"):
        task((X, Y), model=two)
    with pytest.raises(ValueError, match=r"from 0 to 4 or 2, got \[0, 4\] in row 0"):
        task((X, torch.stack([Y, Y + 4], 1)), model=two)


def test_the_targets_of_a_regression_have_the_outputs_shape_and_dtype():
    made = task((X, X[:, :3].double()), kind="regression")
    assert made.retain.tensors[1].dtype == torch.float32
    assert (
        task((X, Y[:, None].expand(12, 3)), kind="regression").retain.tensors[1].is_floating_point()
    )
    for targets, words in (
        (X[:, 0], r"shape \(12,\), but the original returns \(n, 3\)"),
        (X[:, :2], r"shape \(12, 2\), but the original returns \(n, 3\)"),
    ):
        with pytest.raises(ValueError, match=words):
            task((X, targets), kind="regression")
    with pytest.raises(ValueError, match=r"returns \(n, 1\) for n inputs: targets\[:, None\]"):
        task((X, X[:, 0]), model=nn.Linear(4, 1), kind="regression")


def test_looking_leaves_the_model_and_torch_s_random_numbers_as_they_were():
    model = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 3))
    before = {name: t.clone() for name, t in model.state_dict().items()}
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    task((X, Y), model=model)
    assert torch.equal(torch.rand(2), expected) and all(m.training for m in model.modules())
    assert all(torch.equal(before[name], t) for name, t in model.state_dict().items())


class Freezing(nn.Module):
    """Freezes its norm in a `train` of its own, and keeps what a forward made."""

    def __init__(self):
        super().__init__()
        self.norm, self.out, self.seen = nn.BatchNorm1d(4), nn.Linear(4, 3), []

    def train(self, mode=True):
        super().train(mode)
        self.norm.eval().requires_grad_(False)
        return self

    def forward(self, x):
        self.seen.append(self.norm(x))
        return self.out(self.seen[-1])


def test_looking_and_predicting_leave_what_is_trainable_and_looking_leaves_nothing_kept():
    model = Freezing()
    task((X, Y), model=model)
    assert model.seen == []
    outputs(model, X)
    ul.minnorm_step(model, X, 0.5)
    assert model.training and all(p.requires_grad for p in model.parameters())


def test_every_output_of_a_regression_gives_a_row_and_heads_are_joined():
    model = Numbers()
    made = task((X, X[:, :3]), model=model, kind="regression", batch_size=None)
    joined = torch.cat([model(X)[0][:, None], model(X)[1]], 1)
    assert made.loss(model(X), X[:, :3]).item() == pytest.approx(
        (joined - X[:, :3]).square().mean().item()
    )
    run = ul.unlearn(made, ul.MinNormOG(n_pert=2), 1)
    assert run.history[0]["rank"] == 2 * 3
    rows = ul.output_gradients(model, X[:2], outputs="every")
    assert rows.shape == (6, 15) and torch.linalg.matrix_rank(rows) == 6
    twin = Numbers()
    twin.load_state_dict(model.state_dict())
    theta = nn.utils.parameters_to_vector(model.parameters()).detach()
    ul.minnorm_step(twin, X[:2], 0.5, outputs="every")
    after = nn.utils.parameters_to_vector(twin.parameters()).detach()
    assert torch.allclose(after, theta - 0.5 * ul.project_out(theta, rows), atol=1e-6)
    with pytest.raises(
        ValueError, match="outputs must be one of largest, every, summed, got 'all'"
    ):
        ul.minnorm_step(twin, X, 0.5, outputs="all")


def test_the_small_tasks_are_as_they_were():
    assert isinstance(regression().retain, TensorDataset) and classification(heads=1).forget


@pytest.fixture
def sequences():
    g = torch.Generator().manual_seed(1)
    ids = torch.randint(7, (10, 6), generator=g)
    targets = torch.randint(7, (10, 6), generator=g)
    targets[:, 4:] = IGNORED
    targets[2, 1:] = IGNORED
    return ids, targets


def test_sequences_are_learned_where_they_are_counted(sequences):
    ids, targets = sequences
    torch.manual_seed(0)
    made = task((ids, targets), (ids[:4], targets[:4]), model=Words(), batch_size=4)
    kept = targets != IGNORED
    expected = nn.functional.cross_entropy(made.original(ids)[kept], targets[kept])
    assert made.loss(made.original(ids), targets).item() == pytest.approx(expected.item())
    with pytest.raises(ValueError, match="targets of retain are all -100, .* in row 3"):
        task((ids, targets.index_fill(0, torch.tensor(3), IGNORED)), model=Words())
    with pytest.raises(ValueError, match="class numbers from 0 to 6, got .*9.* in row 0"):
        task((ids, targets.index_fill(1, torch.tensor(0), 9)), model=Words())


@pytest.mark.parametrize("name", ul.METHODS)
def test_what_is_ignored_in_a_sequence_changes_no_method(sequences, name):
    """Other token numbers at the ignored positions, which no counted one sees, are as good."""
    ids, targets = sequences
    other = torch.where(targets == IGNORED, (ids + 1) % 7, ids)
    torch.manual_seed(0)
    model, method = Words(), ul.METHODS[name](lr=1e-2)
    if name == "MinNorm-OG":
        method = ul.MinNormOG(lr=1e-2, n_pert=0)  # a protected sequence is protected whole
    runs = [
        ul.unlearn(task((x, targets), (x[:4], targets[:4]), model=model, batch_size=4), method, 2)
        for x in (ids, other)
    ]
    losses = [[row["loss"] for row in run.history] for run in runs]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert np.isfinite(losses[0]).all()


class Odd(nn.Linear):
    def forward(self, x):
        return self.shaped(super().forward(x))


@pytest.mark.parametrize(
    "shaped, words",
    [
        (lambda out: (out.sum(), out), r"head 0 of the original .* got \(\)"),
        (lambda out: out[:, :, None, None], r"every head, got \['\(2, 3, 1, 1\)'\]"),
    ],
)
def test_outputs_that_are_no_heads_are_refused_by_name(shaped, words):
    model = Odd(4, 3)
    model.shaped = shaped
    with pytest.raises(ValueError, match=words):
        task((X, Y), model=model)
