"""Models as users bring them: what they keep, record, wrap and couple."""

import collections
import copy
import io
import types

import pytest
import torch
import torch.nn.functional as F
from test_projection import dense_projection, flat, jacobian, relative_error
from torch import nn
from torch.utils.checkpoint import checkpoint

import unlearnlab as ul


class Keeping(nn.Module):
    """Leaves something of a forward wherever it can be left."""

    def __init__(self):
        super().__init__()
        self.a, self.norm, self.b = nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 3)
        self.list, self.dict, self.queue = [], {"deep": {}}, collections.deque(maxlen=2)
        self.object, self.calls, self.plain = types.SimpleNamespace(seen=None), 0, torch.zeros(8)
        self.register_buffer("count", torch.tensor(0))
        self.register_buffer("mean", torch.zeros(8))

    def forward(self, x):
        self.features = self.norm(self.a(x))
        self.list.append(self.features)
        self.dict["deep"]["features"] = self.features
        self.queue.append(self.features)
        self.object.seen = self.features
        self.calls += 1
        self.count += 1
        self.mean = self.features.mean(0)
        self.plain[:] = self.features[0]
        return self.b(self.features.tanh())


def left(model):
    boxes = vars(model), model.dict["deep"], vars(model.object)
    return [len(model.list), len(model.queue), model.calls, *(sorted(map(str, b)) for b in boxes)]


@pytest.mark.parametrize("solver", ["layerwise", "cg"])
@pytest.mark.parametrize("before", [True, False])
def test_a_model_is_left_as_it_was_whatever_its_forward_keeps(solver, before):
    torch.manual_seed(0)
    model, x = Keeping(), torch.randn(6, 4)
    if before:
        with torch.no_grad():
            model(x[:2])
    was, numbers = left(model), [t.clone() for t in (*model.buffers(), model.plain)]
    features = getattr(model, "features", None)
    ul.minnorm_step(model, x, 0.5, solver=solver)
    ul.output_gradients(model, x)
    assert left(model) == was and getattr(model, "features", None) is features
    assert all(map(torch.equal, (*model.buffers(), model.plain), numbers))
    copy.deepcopy(model), torch.save(model.state_dict(), io.BytesIO())
    with torch.no_grad():
        assert model(x).shape == (6, 3)


class Cached(nn.Module):
    """In evaluation mode the bias is made of its table once, as in LeViT and TinyViT."""

    def __init__(self, where):
        super().__init__()
        self.a, self.b, self.where, self.cache = nn.Linear(4, 8), nn.Linear(8, 2), where, {}
        self.table = nn.Parameter(torch.randn(5))
        self.register_buffer("index", torch.arange(8) % 5)
        self.register_buffer("kept", None, persistent=False)
        self.attribute, self.object = None, types.SimpleNamespace(made=None)

    def bias(self):
        made = self.table[self.index]
        if self.training:
            return made
        if self.where == "a dict":
            return self.cache.setdefault("bias", made)
        if self.where == "a buffer":
            self.kept = made if self.kept is None else self.kept
            return self.kept
        if self.where == "an object":
            self.object.made = made if self.object.made is None else self.object.made
            return self.object.made
        self.attribute = made if self.attribute is None else self.attribute
        return self.attribute

    def forward(self, x):
        return self.b(torch.tanh(self.a(x) + self.bias()))


@pytest.mark.parametrize("where", ["a dict", "a buffer", "an object", "an attribute"])
@pytest.mark.parametrize("scale", ["small", "large"])
def test_what_is_made_of_a_parameter_in_evaluation_mode_is_made_anew(where, scale, monkeypatch):
    if scale == "large":  # in the parameters' own precision
        monkeypatch.setattr("unlearnlab.projection.network.SMALL_MODEL", 0)
    torch.manual_seed(0)
    model, x = Cached(where).eval(), torch.randn(6, 4)
    rows = jacobian(model, x)
    assert torch.allclose(ul.output_gradients(model, x).double(), rows, atol=1e-5)
    before = flat(model).double()
    ul.minnorm_step(model, x, 1.0)
    assert (before - flat(model) - dense_projection(before, rows)).norm() < 1e-5 * before.norm()
    anew = copy.deepcopy(model).train()
    assert torch.equal(anew(x), model(x))


@pytest.mark.parametrize("where", ["a dict", "an object", "an attribute"])
def test_what_an_earlier_forward_made_of_a_parameter_is_refused_by_name(where):
    model, x = Cached(where).eval(), torch.randn(6, 4)
    with torch.no_grad():
        model(x)
    with pytest.raises(ValueError, match="no output feels 'table'"):
        ul.minnorm_step(model, x, 0.5)


class Clearing(Cached):
    def train(self, mode=True):
        super().train(mode)
        if mode:
            self.attribute = None
        return self


class Merged(nn.Module):
    """Low-rank weights that evaluation mode adds to the frozen ones."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 4), requires_grad=False)
        self.down, self.up = nn.Parameter(torch.randn(2, 4)), nn.Parameter(torch.randn(3, 2))
        self.merged = False

    def train(self, mode=True):
        super().train(mode)
        if mode == self.merged:
            self.weight.data += (self.up @ self.down).data * (-1 if mode else 1)
            self.merged = not mode
        return self

    def forward(self, x):
        return x @ (self.weight if self.merged else self.weight + self.up @ self.down).T


@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("make", [lambda: Clearing("an attribute"), Merged])
def test_layers_that_change_shape_in_evaluation_mode_are_told(make, mode):
    torch.manual_seed(0)
    model, x = make(), torch.randn(6, 4)
    rows = jacobian_in_training(model, x)
    before = flat(model).double()
    with torch.no_grad():
        model.train(mode), model(x)
    ul.minnorm_step(model, x, 1.0)
    assert (before - flat(model) - dense_projection(before, rows)).norm() < 1e-5 * before.norm()
    assert model.training == mode
    with torch.no_grad():
        torch.testing.assert_close(model(x), copy.deepcopy(model).train()(x))


def jacobian_in_training(model, x):
    parameters = [p for p in model.parameters() if p.requires_grad]
    values = model.train()(x).max(1).values
    rows = [torch.autograd.grad(v, parameters, retain_graph=True) for v in values]
    return torch.stack([torch.cat([g.flatten() for g in row]) for row in rows]).double()


class Freezing(nn.Module):
    """A token of its own, and a `train` of its own that keeps batch norm out of training."""

    def __init__(self):
        super().__init__()
        self.token, self.norm = nn.Parameter(torch.randn(4)), nn.BatchNorm1d(4)
        self.out = nn.Linear(4, 3)

    def train(self, mode=True):
        super().train(mode)
        self.norm.eval().requires_grad_(False)
        return self

    def forward(self, x):
        h = self.norm(x + self.token)
        h = F.dropout(3 * h + h**2, 0.5) if self.training else h
        return self.out(h)


@pytest.mark.parametrize("solver", ["layerwise", "cg"])
def test_a_model_with_a_train_of_its_own_is_projected_in_evaluation_mode(solver):
    torch.manual_seed(0)
    model, x = Freezing().train(), torch.randn(6, 4)
    model.requires_grad_(True)
    before, there = flat(model).double(), copy.deepcopy(model).double().eval().requires_grad_()
    values = there(x.double()).max(1).values
    rows = [torch.autograd.grad(v, there.parameters(), retain_graph=True) for v in values]
    rows = torch.stack([torch.cat([g.flatten() for g in row]) for row in rows])
    ul.minnorm_step(model, x, 1.0, solver=solver)
    assert (before - flat(model) - dense_projection(before, rows)).norm() < 1e-4 * before.norm()
    assert model.training and all(p.requires_grad for p in model.parameters())


class Gated(nn.Module):
    """Overwrites a layer's output that is a view, after another branch has used it."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.out = layer, nn.Linear(8, 3)

    def forward(self, x):
        h = self.layer(x)
        gate = torch.sigmoid(h)
        h.mul_(3)
        return self.out((gate + h).flatten(2).mean(2) if h.ndim == 4 else (gate + h).mean(1))


@pytest.mark.parametrize(
    "make, shape",
    [
        (lambda: nn.Linear(5, 8), (4, 6, 5)),
        (lambda: nn.InstanceNorm2d(8, affine=True), (4, 8, 3, 3)),
    ],
    ids=["linear", "instance norm"],
)
def test_a_view_that_is_overwritten_beside_another_branch_keeps_all_its_rows(make, shape):
    torch.manual_seed(0)
    model = Gated(make())
    x = torch.randn(shape)
    rows, before = jacobian(model, x), flat(model).double()
    ul.minnorm_step(model, x, 1.0)
    assert (before - flat(model) - dense_projection(before, rows)).norm() < 1e-4 * before.norm()


class Recorder:
    def __init__(self):
        self.kept = []

    def hook(self, module, args, out):
        self.kept.append(out.detach().cpu().numpy())


@pytest.mark.parametrize("kind", ["function", "method", "before"])
def test_hooks_that_record_numbers_work(kind):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.PReLU(8), nn.Linear(8, 3))
    x, recorder = torch.randn(6, 4), Recorder()
    if kind == "before":
        model[0].register_forward_pre_hook(lambda m, args: recorder.kept.append(args[0].numpy()))
    else:
        hook = recorder.hook if kind == "method" else (lambda *all_: recorder.hook(*all_))
        model[2].register_forward_hook(hook)
    assert relative_error(model, x) < 1e-5
    ul.output_gradients(model, x)
    kept = len(recorder.kept)
    model(x)
    assert len(recorder.kept) == kept + 1 and recorder.kept[-1].shape[0] == 6


class Bag(nn.Module):
    def __init__(self, sparse):
        super().__init__()
        self.words, self.out = nn.Embedding(9, 5, sparse=sparse), nn.Linear(5, 3)

    def forward(self, ids):
        return self.out(self.words(ids).mean(1))


def test_a_sparse_embedding_moves_as_a_dense_one_and_stays_sparse():
    torch.manual_seed(0)
    sparse, dense, ids = Bag(True), Bag(False), torch.randint(0, 9, (6, 4))
    dense.load_state_dict(sparse.state_dict())
    for model in (sparse, dense):
        ul.minnorm_step(model, ids, 0.5)
    assert torch.equal(flat(sparse), flat(dense)) and sparse.words.sparse


def test_wrappers_are_taken_off():
    torch.manual_seed(0)
    model, x = nn.Sequential(nn.Linear(4, 8), nn.PReLU(8), nn.Linear(8, 3)), torch.randn(6, 4)
    twin = copy.deepcopy(model)
    ul.minnorm_step(nn.DataParallel(model), x, 0.5)
    ul.minnorm_step(torch.compile(twin), x, 0.5)
    assert torch.equal(flat(model), flat(twin))


class Checkpointed(nn.Module):
    def __init__(self, first):
        super().__init__()
        self.first = nn.Linear(4, 4) if first else None
        self.a, self.b = nn.Linear(4, 8), nn.Linear(8, 3)

    def forward(self, x):
        x = self.first(x) if self.first else x
        return self.b(checkpoint(self.a, x, use_reentrant=True))


@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")
@pytest.mark.parametrize("first", [True, False])
def test_what_torch_gives_no_gradients_of_is_refused_by_name(first):
    x = torch.randn(6, 4)
    for f in (ul.output_gradients, lambda *args: ul.minnorm_step(*args, 0.5)):
        with pytest.raises(ValueError, match="layer 'a' runs in a reentrant checkpoint"):
            f(Checkpointed(first), x)
    traced = torch.jit.trace(nn.Linear(4, 3), x)
    with pytest.raises(TypeError, match="TorchScript"):
        ul.minnorm_step(nn.Sequential(traced), x, 0.5)


class Normalised(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, x):
        return self.layer(F.batch_norm(x, None, None, training=True))


class Rows(nn.Module):
    """Reads the samples as one sequence."""

    def __init__(self, kind):
        super().__init__()
        self.embed, self.out, self.kind = nn.Linear(4, 6), nn.Linear(6, 3), kind
        self.mix = nn.LSTM(6, 6) if kind == "LSTM" else nn.MultiheadAttention(6, 2)

    def forward(self, x):
        x = self.embed(x)
        x = self.mix(x)[0] if self.kind == "LSTM" else self.mix(x, x, x)[0]
        return self.out(x.mean(1))


class Random(Normalised):
    def forward(self, x):
        return self.layer(F.dropout(x, 0.5))


class Later(Normalised):
    """The last sample sees itself alone."""

    def forward(self, x):
        return self.layer(x.flip(0).cumsum(0).flip(0))


class Scaled(Normalised):
    def forward(self, x):
        return self.layer(x / x.abs().max())


COUPLED = {
    "functional batch norm": (Normalised, (4,)),
    "attention across the batch": (lambda: Rows("attention"), (5, 4)),
    "an LSTM across the batch": (lambda: Rows("LSTM"), (5, 4)),
    "a random forward": (Random, (4,)),
    "sums from the end": (Later, (4,)),
    "the largest of the batch": (Scaled, (4,)),
}


@pytest.mark.parametrize("name", COUPLED)
def test_a_model_that_couples_its_samples_is_refused_by_name(name):
    torch.manual_seed(0)
    make, shape = COUPLED[name]
    model, x = make(), torch.randn(6, *shape)
    before = flat(model)
    for solver in ("layerwise", "cg"):
        with pytest.raises(ValueError, match=f"{type(model).__name__} couples the samples"):
            ul.minnorm_step(model, x, 0.5, solver=solver)
    with pytest.raises(ValueError, match="couples"):
        ul.output_gradients(model, x)
    assert torch.equal(flat(model), before)


def test_a_model_that_takes_no_single_sample_is_projected_or_told_why():
    class Paired(Normalised):
        def forward(self, x):
            if len(x) > 1:
                return self.layer(x)
            raise ValueError("more than 1 value is needed")

    assert relative_error(Paired(), torch.randn(6, 4)) < 1e-5
    with pytest.raises(ValueError, match=r"cannot be run on .*\(1, 4\).*more than 1"):
        ul.minnorm_step(Paired(), torch.randn(2, 4), 0.5)


class Noisy(Normalised):
    """Dropout left on, for a prediction's spread: every second time a sample draws the same."""

    def forward(self, x):
        return self.layer(F.dropout(x[:, :1], 0.5) + 0 * x)


def test_a_random_forward_is_refused_though_a_sample_draws_the_same_twice():
    for seed in range(12):
        torch.manual_seed(seed)
        with pytest.raises(ValueError, match="couples"):
            ul.minnorm_step(Noisy(), torch.randn(20, 4), 0.5)
