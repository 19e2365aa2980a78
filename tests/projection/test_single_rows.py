"""Are the gradients of single samples those of a plain loop, also where a model looks at more than
numbers, and do common layers get them all at once?"""

import copy

import pytest
import torch
import torch.nn.functional as F
from test_projection import flat
from torch import nn

import unlearnlab as ul
from unlearnlab.projection import network


class Padded(nn.Module):
    """Its padding row has no gradient."""

    def __init__(self, **more):
        super().__init__()
        self.words, self.out = nn.Embedding(6, 2, padding_idx=0, **more), nn.Linear(2, 1)

    def forward(self, x):
        return self.out(self.words(x).mean(1))


class Asking(nn.Module):
    """Its outputs are others where nobody differentiates them."""

    def __init__(self, hook=False):
        super().__init__()
        self.layer, self.hook = nn.Linear(4, 1), hook

    def forward(self, x):
        z = self.layer(x)
        if not z.requires_grad:
            return z
        if self.hook:
            z.register_hook(lambda gradient: 2 * gradient)
        return z.tanh()


class Strided(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(8))

    def forward(self, x):
        return (x * self.weight.as_strided((4,), (2,))).sum(1)


NUMBERS = lambda: torch.randn(5, 4)
WORDS = lambda: torch.randint(0, 6, (5, 3))
MODELS = {
    "padding": (Padded, WORDS),
    "sparse padding": (lambda: Padded(sparse=True), WORDS),
    "requires_grad": (Asking, NUMBERS),
    "a hook on its outputs": (lambda: Asking(hook=True), NUMBERS),
    "strides": (Strided, NUMBERS),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_looks_at_more_than_numbers_gets_the_rows_of_a_plain_loop(name):
    torch.manual_seed(0)
    make, inputs = MODELS[name]
    model, x = make().double(), inputs()
    x = x.double() if x.is_floating_point() else x
    rows = []
    for sample in x:
        gradients = torch.autograd.grad(model(sample[None]).sum(), [*model.parameters()])
        rows.append(torch.cat([g.to_dense().flatten() for g in gradients]))
    torch.testing.assert_close(ul.output_gradients(model, x), torch.stack(rows))


class Last(nn.Module):
    def __init__(self, body):
        super().__init__()
        self.body = body

    def forward(self, x):
        said = self.body(x)
        return (said[0] if isinstance(said, tuple) else said).exp().sum((1, 2))


class Attending(nn.MultiheadAttention):
    def forward(self, x):
        return super().forward(x, x, x, need_weights=False)[0]


BODIES = {
    "attention": lambda: Attending(8, 2, batch_first=True),
    "a transformer's layer": lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
    "an LSTM": lambda: nn.LSTM(8, 8, batch_first=True),
}


@pytest.mark.parametrize("name", BODIES)
def test_common_layers_get_the_rows_of_all_samples_at_once(name, monkeypatch):
    """A plain loop takes several times as long."""
    monkeypatch.setattr(network, "one_by_one", lambda *given: pytest.fail("sample by sample"))
    model = Last(BODIES[name]()).eval()
    assert ul.output_gradients(model, torch.randn(5, 3, 8)).isfinite().all()


class Spectrum(nn.Module):
    """Its head is complex, or the real part of that; in a smaller batch it may have fewer bits."""

    def __init__(self, real, dtype=None):
        super().__init__()
        self.layer, self.real, self.dtype = nn.Linear(4, 4), real, dtype

    def forward(self, x):
        said = torch.fft.fft(F.tanh(self.layer(x)))[:, 1]
        said = said.real if self.real else said
        return said.to(self.dtype) if self.dtype and len(x) == 5 else said


def test_of_a_complex_head_the_real_part_is_protected_and_bits_may_follow_the_batch():
    torch.manual_seed(0)
    start, x = Spectrum(True), torch.randn(5, 4)
    ends = []
    for real, dtype in ((True, None), (False, None), (True, torch.float64)):
        model = copy.deepcopy(start)
        model.real, model.dtype = real, dtype
        ul.minnorm_step(model, x, 0.5)
        ends.append(flat(model))
    assert not torch.equal(ends[0], flat(start))
    for end in ends[1:]:
        torch.testing.assert_close(end, ends[0])
