"""What a training keeps in a file is of this network and no other; nothing finished is lost."""

import copy
import threading
import warnings
from functools import partial

import pytest
import torch
from fit_cases import PIXELS, TARGETS, fresh
from torch import nn

from unlearnlab.ground import files
from unlearnlab.ground.identity import CannotIdentify
from unlearnlab.networks import MLP, ResNet, seeded
from unlearnlab.training import checkpoint, zoo
from unlearnlab.training import fit as trainer
from unlearnlab.training.fit import Stopped
from unlearnlab.training.recipe import Recipe, full_batch
from unlearnlab.training.zoo import Stage, Training

X = torch.linspace(-3, 3, 40)[:, None]
Y = X.sin()
RECIPE = full_batch(200, lr=1e-2)


def line(activation=nn.ReLU, **changes):
    model = seeded(lambda: nn.Sequential(nn.Linear(1, 20), activation(), nn.Linear(20, 1)), 0)
    for name, value in changes.items():
        setattr(model[0].weight, name, value)
    return model


def parameters(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


NETWORKS = {
    "another forward": (line, partial(line, nn.Tanh), X, Y, RECIPE),
    "a frozen weight": (line, partial(line, requires_grad=False), X, Y, RECIPE),
    "other pixels": (
        lambda: seeded(lambda: ResNet(18, 4, 1 / 64), 0),
        lambda: seeded(lambda: ResNet(18, 4, 1 / 64, mean=0.9, std=0.1), 0),
        PIXELS,
        TARGETS[:, 0],
        Recipe(epochs=2, batch_size=8, lr=0.05),
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_state_of_another_network_with_the_same_weights_is_not_used(name, tmp_path):
    one, other, *data = NETWORKS[name]
    trainer.fit(one(), *data, checkpoint=tmp_path / "p")
    clean, model = other(), other()
    loss = trainer.fit(clean, *data)
    with pytest.warns(UserWarning, match="p is for network = .* the file is kept as p.old"):
        assert trainer.fit(model, *data, checkpoint=tmp_path / "p") == loss
    assert torch.equal(parameters(model), parameters(clean))


def test_a_training_does_not_follow_from_the_mode_that_a_network_came_in(tmp_path):
    loss = trainer.fit(line(), X, Y, RECIPE, checkpoint=tmp_path / "p")
    assert trainer.fit(line().eval(), X, Y, RECIPE, checkpoint=tmp_path / "p") == loss


def test_an_edit_of_a_package_network_is_seen_in_its_file(tmp_path, monkeypatch):
    data = PIXELS, TARGETS, Recipe(epochs=1, batch_size=8, lr=0.05)
    trainer.fit(fresh(), *data, checkpoint=tmp_path / "p")
    monkeypatch.setitem(trainer.IMPORTED, "networks/resnet.py", b"edited")
    with pytest.warns(UserWarning, match="p is for network = "):
        trainer.fit(fresh(), *data, checkpoint=tmp_path / "p")


def test_a_file_that_is_none_of_ours_is_renamed_and_every_one_is_kept(tmp_path):
    path = tmp_path / "thesis.txt"
    for i, kept in enumerate(("thesis.txt.old", "thesis.txt.old2")):
        path.write_text(f"my thesis {i}")
        with pytest.warns(UserWarning, match=f"damaged .* from the first epoch.* kept as {kept}"):
            trainer.fit(line(), X, Y, RECIPE, checkpoint=path)
        assert (tmp_path / kept).read_text() == f"my thesis {i}"


def full_disk(*arguments):
    raise OSError(28, "No space left on device")


def test_a_full_disk_costs_the_file_and_not_the_training(tmp_path, monkeypatch):
    loss, model = trainer.fit(line(), X, Y, RECIPE), line()
    monkeypatch.setattr(checkpoint, "write", full_disk)
    with pytest.warns(UserWarning, match="p could not be written: .*No space left"):
        assert trainer.fit(model, X, Y, RECIPE, checkpoint=tmp_path / "p") == loss
    assert not model.training
    training = Training("line", line, 0, (Stage(X, Y, RECIPE),))
    with pytest.warns(UserWarning, match="could not be written: .*No space") as said:
        trained, facts = zoo.get(training, tmp_path, lambda *done: None)
    assert not trained.training and facts["epochs"] == "200" and float(facts["final_loss"]) < 1
    assert len(said) == 2 and not [*tmp_path.iterdir()]


class Averaging(nn.Module):
    """Follows a moving average of its weight, in a buffer."""

    def __init__(self, first, persistent, later):
        super().__init__()
        self.line, self.persistent, self.later = nn.Linear(1, 1), persistent, later
        if first != "lazy":
            self.register_buffer("mean", first, persistent)

    def forward(self, x):
        weight = self.line.weight.detach().flatten()
        if "mean" not in self._buffers:
            self.register_buffer("mean", weight.clone(), self.persistent)
        if self.training:
            mean = weight if self.mean is None else self.mean.to_dense()
            self.mean = self.later(0.9 * mean + 0.1 * weight)
        return self.line(x) * (1 if self.mean is None else self.mean.to_dense()[:1].to(x))


BUFFERS = {
    "a state_dict has": (torch.ones(1), True, torch.clone),
    "no state_dict has": (torch.ones(1), False, torch.clone),
    "is None at first": (None, False, torch.clone),
    "a forward makes": ("lazy", False, torch.clone),
    "a forward makes for a state_dict": ("lazy", True, torch.clone),
    "is one number for many": (torch.ones(1).expand(4), False, lambda t: t[:1].expand(4)),
    "gets another dtype": (torch.ones(1), False, torch.Tensor.double),
    "is sparse and stays": (torch.ones(1).to_sparse(), False, lambda t: torch.ones(1).to_sparse()),
}


@pytest.mark.parametrize("name", BUFFERS)
def test_buffers_of_every_kind_go_on(name, tmp_path):
    build = lambda: seeded(partial(Averaging, *BUFFERS[name]), 0)
    recipe, stop = full_batch(300, lr=1e-2), threading.Event()
    whole, pieces = build(), build()
    loss = trainer.fit(whole, X, Y, recipe)
    with pytest.raises(Stopped):
        halt = lambda done, loss: stop.set()
        trainer.fit(build(), X, Y, recipe, checkpoint=tmp_path / "p", stop=stop, progress=halt)
    assert trainer.fit(pieces, X, Y, recipe, checkpoint=tmp_path / "p") == loss
    assert torch.equal(whole(X), pieces(X))


def test_a_model_with_such_a_buffer_is_kept(tmp_path):
    build, made = partial(Averaging, *BUFFERS["a forward makes"]), []
    training = Training("average", build, 0, (Stage(X, Y, full_batch(100)),))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one, two = (zoo.get(training, tmp_path, lambda *done: made.append(done)) for _ in range(2))
    assert len(made) == 1 and torch.equal(one[0](X), two[0](X))


class Extra(nn.Linear):
    state = {"calls": 1}

    def get_extra_state(self):
        return self.state

    def set_extra_state(self, state):
        self.state = state


def test_an_extra_state_that_is_a_tensor_is_kept(tmp_path):
    model, again = Extra(1, 1), Extra(1, 1)
    model.state, again.state = torch.ones(2), torch.zeros(2)
    again.load_state_dict(checkpoint.held(model) | {"_extra_state": torch.zeros(2)})
    checkpoint.put(again, checkpoint.held(model))
    assert torch.equal(again.state, torch.ones(2))


def test_what_no_file_can_hold_or_tell_apart_is_refused_before_training(tmp_path):
    model, seen = nn.Sequential(Extra(1, 1)), []
    trainer.fit(copy.deepcopy(model), X, Y, RECIPE)  # without a file it is welcome
    with pytest.raises(TypeError, match="state '0._extra_state' is no dense tensor"):
        trainer.fit(model, X, Y, RECIPE, checkpoint=tmp_path / "p")
    training = Training("extra", partial(Extra, 1, 1), 0, (Stage(X, Y, RECIPE),))
    with pytest.raises(TypeError, match="state '_extra_state' is no dense tensor"):
        zoo.get(training, tmp_path, lambda *done: seen.append(done))
    with open(__file__) as file, pytest.raises(CannotIdentify, match="cannot identify"):
        model = line().eval()
        model.notes = file
        trainer.fit(model, X, Y, RECIPE, checkpoint=tmp_path / "p")
    assert not model.training and not seen and not [*tmp_path.iterdir()]


class Named(nn.Module):
    """Two heads, in the form that its users want."""

    def __init__(self, form):
        super().__init__()
        self.form, self.heads = form, fresh([4, 3])

    def forward(self, x):
        return self.form(self.heads(x))


@pytest.mark.parametrize("form", [lambda out: {"logits": out}, lambda out: {"a": 0, "logits": out}])
def test_epochs_of_the_first_head_are_so_whatever_names_the_outputs(form):
    recipe = Recipe(epochs=3, batch_size=8, lr=0.05, first_head_epochs=3)
    one, other = Named(lambda out: out), Named(form)
    other.load_state_dict(one.state_dict())
    losses = [trainer.fit(model, PIXELS, TARGETS, recipe) for model in (one, other)]
    assert losses[0] == losses[1] and torch.equal(parameters(one), parameters(other))


def swapped(y):
    """710 places are nearly 113 turns of a wave."""
    return torch.cat([y[710:], y[:710]])


def one_is_huge(y, sign=1):
    return torch.cat([y[:8], torch.tensor([[1e6]]), sign * y[9:]])


@pytest.mark.parametrize(
    "one, other",
    [(lambda y: y, swapped), (one_is_huge, partial(one_is_huge, sign=-1))],
    ids=["at the same places of a wave", "beside a huge one"],
)
def test_floating_targets_are_compared_one_by_one(tmp_path, one, other):
    x, made = torch.linspace(-3, 3, 1420)[:, None], []
    a, b = (
        Training("line", partial(MLP, [1, 8, 1]), 0, (Stage(x, y(x.sin()), full_batch(5)),))
        for y in (one, other)
    )
    get = lambda training: zoo.get(training, tmp_path, lambda *done: made.append(done))[0]
    first = get(a)
    with pytest.warns(UserWarning, match="learned other targets. It is trained again"):
        again = get(b)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        get(b)
    assert len(made) == 2 and not torch.equal(parameters(first), parameters(again))


def test_a_file_that_holds_sums_of_its_targets_alone_is_made_again(tmp_path):
    """As one version of this package wrote it."""
    training, made = Training("line", line, 0, (Stage(X, Y, full_batch(5)),)), []
    get = lambda: zoo.get(training, tmp_path, lambda *done: made.append(done))
    get()
    path = tmp_path / training.file()
    tensors, facts = checkpoint.read(path)
    del tensors["targets of stage 0"]
    checkpoint.write(path, tensors, facts | {"targets": "[0.1, 2, 3, 4]"})
    with pytest.warns(UserWarning, match="does not hold its targets. It is trained again"):
        get()
    assert len(made) == 2


def test_what_a_warning_says_is_kept_stays_when_the_model_is_there(tmp_path):
    training = Training("line", line, 0, (Stage(X, Y, full_batch(5)),))
    partly = tmp_path / f"{training.file()}.0.partial"
    partly.write_text("mine")
    with pytest.warns(UserWarning, match="kept as .*0.partial.old"):
        zoo.get(training, tmp_path, lambda *done: None)
    left = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert left.pop(f"{partly.name}.old") == b"mine" and [*left] == [training.file()]
    files.set_aside(partly)  # another process was faster
