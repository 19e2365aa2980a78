"""The exercises of notebook 03, MinNorm-OG step by step."""

import copy

import torch
from torch.nn.utils import parameters_to_vector

import unlearnlab as ul

from ...course.exercises import call, draw, drawn, exercise, expect, messages, same
from ...networks import MLP, seeded

SOLVE = """
hint 1: If K were invertible: torch.linalg.solve(K, t). The exercise is about the K that is not: use
    torch.linalg.eigh.
hint 2: First scale: with s = sqrt(diag K), K / (s s^T) has ones on its diagonal. Where s is 0, use
    0 instead of 1 / s.
hint 3: values, vectors = torch.linalg.eigh(scaled); keep = values > 1e-13 * values[-1]. Columns of
    `vectors` are eigenvectors.
hint 4: In the basis of the kept eigenvectors solving is dividing: y = V ((V^T (t / s)) / values).
    Then c = y / s.
equal: two rows are equal, so that K is singular. t carries a rounding error of 1 part in 10^8, as
    any t does; divided by an eigenvalue that should be 0 it swamps c. Drop the eigenvalues below
    1e-13 of the largest
many: there are more rows than parameters (12 rows, d = 5): K has rank 5 at most. As with two equal
    rows, drop the eigenvalues below 1e-13 of the largest
zero: one row is zero: its entry on the diagonal of K is 0, and scaling divides by it. Put 0 for 1/0
short: one row has length 1e-9 and points its own way: it is short, not dependent. Scale K to unit
    diagonal before you look at its eigenvalues, and undo the scaling after
near: two rows differ by 1 part in 50,000, so an eigenvalue is 5e-11 of the largest: small, but far
    above rounding. Add nothing to the diagonal and drop only what is below 1e-13
nothing: every row is zero. Nothing spans nothing: any finite c will do, such as zeros
column: the result is a column (k, 1); return a vector (k,)
[return K]: a k x k matrix came back; c is one number per row, shape (k,)
sign: the sign is wrong: K c = t, without a minus
[return K @ t]: you multiply by K; c solves K c = t
[return t]: this is t itself. The rows are not orthonormal, so K c = t must be solved
[return t / K.diagonal()]: you divide by the diagonal of K only: right if the rows were orthogonal
    to each other
[return inverse * -> return ]: the scaling is not undone at the end. With s = sqrt(diag K): c = y /
    s, y the scaled solution
[inverse * t -> t]: t is not scaled. With s = sqrt(diag K) the system is (K / s s^T) y = t / s, and
    c = y / s
[return vectors @ ((vectors.T @ t) / values)]: K is scaled, t and c are not. With s = sqrt(diag K):
    (K / s s^T) y = t / s, and c = y / s
[/ values -> / values.sqrt()]: you divide by the square roots of the eigenvalues. Those are the
    singular values of G; K's own eigenvalues belong here
[(vectors @ ((vectors.T -> (vectors.T @ ((vectors]: the eigenvectors are transposed: they are the
    COLUMNS of what eigh returns, so the part of t along them is vectors.T @ t
[/ values -> * values]: you multiply by the eigenvalues; solving divides by them
"""


def _full_rank():
    for k, d in [(4, 9), (1, 5), (6, 6)]:
        rows = draw(k, d) * (1 + 3 * draw(k, 1).abs())
        yield rows @ rows.T, rows @ draw(d)


def _test_dependent(words, learner):
    G = draw(4, 8)
    for name, rows in {
        "equal": torch.cat([G, G[:1]]),
        "many": draw(12, 5),
        "zero": torch.cat([G[:3], 0 * G[:1]]),
        "short": torch.cat([G[:3], 1e-9 * G[3:]]),
        "near": torch.cat([G, G[:1] + 2e-5 * draw(1, 8)]),
        "nothing": 0 * G,
    }.items():
        theta = draw(rows.shape[1])
        K, t = rows @ rows.T, rows @ theta
        noise = 1e-8 * draw(len(rows)) if name in ("equal", "many") else 0
        answer, right = call(learner, K, t + noise, trap=words[name]), coefficients(K, t)
        short = answer.norm() < 1e3 * (1 + right.norm())
        fits = same(rows.T @ answer.double(), rows.T @ right, theta.norm(), 1e-5)
        expect(short and fits, f"wrong where {words[name]}")


@exercise(SOLVE, _full_rank, more=_test_dependent)
def coefficients(K, t):
    """K (k, k): Gram matrix of the rows. t (k,) = G theta. float64. Returns c (k,) with K c = t in
    the range of K: K is scaled to unit diagonal, eigenvalues below 1e-13 of the largest are
    dropped."""
    s = K.diagonal().sqrt()
    inverse = torch.where(s > 0, 1 / s, 0)
    values, vectors = torch.linalg.eigh(K * inverse[:, None] * inverse)
    keep = values > 1e-13 * values[-1]
    values, vectors = values[keep], vectors[:, keep]
    return inverse * (vectors @ ((vectors.T @ (inverse * t)) / values))


GRAM = """
hint 1: The row of sample i is b_i a_i^T, laid out flat, and then b_i for the bias. What is the
    inner product of two such rows?
hint 2: <b_i a_i^T, b_j a_j^T> = sum over p, q of b_ip a_iq b_jp a_jq. The sum falls apart into two
    factors.
hint 3: All <a_i, a_j> at once are a @ a.T, all <b_i, b_j> are b @ b.T. Multiply entry by entry, and
    add the bias's share.
[return a.T @ a]: shape (in, in) compares features. K compares samples: a @ a.T is (n, n), a.T @ a
    is not
[return b.T @ b]: shape (out, out) compares features. K compares samples: b @ b.T is (n, n), b.T @ b
    is not
[return ((a @ a.T) * (b @ b.T) + b @ b.T).diagonal()]: only the diagonal came back: K_ij is wanted
    for every pair of samples, shape (n, n)
[+ b @ b.T -> ]: the bias is missing: its row is b_i itself, so <b_i, b_j> is added
[+ b @ b.T -> + 1]: the bias's share is 1 for every pair. Its row is b_i, not 1: add <b_i, b_j>
[+ b @ b.T -> + a @ a.T]: you add <a_i, a_j> for the bias. A bias does not see the input; its row is
    b_i: add <b_i, b_j>
[* (b @ b.T) -> @ (b @ b.T)]: matrix product where the entries are multiplied one by one: K_ij =
    <a_i, a_j> * <b_i, b_j>
[return (a @ a.T) @ (b @ b.T)]: matrix product where the entries are multiplied one by one, and the
    bias is missing
[return a @ a.T + b @ b.T]: you add <a_i, a_j> and <b_i, b_j>; for the weights they are multiplied
[return a @ a.T]: the b are not used: they say how much the output feels each unit
[return b @ b.T]: this is the bias's share only; the weights add <a_i, a_j> * <b_i, b_j>
[return linear_layer_gram(a, b) / len(a)]: you divide by the number of samples; a Gram matrix holds
    plain inner products
[return linear_layer_gram(a.T, b.T)]: with n = in = out the transposed product fits too, but
    compares features, not samples
"""


@exercise(GRAM, drawn("n d", "n k"))
def linear_layer_gram(a, b):
    """a (n, in): the layer's inputs. b (n, out): gradients of the output by the layer's outputs.
    Returns (n, n): inner products of the samples' gradients with respect to weight AND bias."""
    return (a @ a.T) * (b @ b.T) + b @ b.T


PLAN = """
hint 1: Walk through the epochs 0, 1, ..., epochs - 1 and keep the current strength in a variable
    that starts at reg.
hint 2: An epoch projects when epoch < epochs - descent_epochs and epoch % project_every == 0.
    Otherwise append 0.
hint 3: Only after appending the strength of a projecting epoch, multiply it by reg_decay.
[out.append(0.0) -> pass]: only the epochs that project are listed. Give one for each epoch, 0 where
    nothing is projected
[range(epochs) -> range(epochs - descent_epochs)]: the last descent_epochs epochs are missing from
    the list: they have strength 0
[append(strength) -> append(reg * reg_decay**epoch)]: the strength decays every epoch; it is
    multiplied by reg_decay only after a projection
[[], reg -> [], reg * reg_decay]: the first projection has strength reg itself; the decay comes
    after it
[strength *= reg_decay -> pass]: the strength never decays: multiply it by reg_decay after every
    projection
[strength *= reg_decay -> strength -= 1 - reg_decay]: the strength falls by a fixed step; it is
    multiplied by reg_decay
[append(strength) -> append(1 / strength - 1)]: these are the lambdas; the strength is 1 / (1 +
    lambda)
[strength *= reg_decay -> strength = 1 / (1 + (1 / strength - 1) / reg_decay)]: you divide lambda by
    reg_decay. The rule divides lambda + 1 by it
[strength *= reg_decay -> strength = 1 / (1 + (1 / strength - 1) * reg_decay)]: you multiply lambda
    by reg_decay, and the strength grows. It is the strength 1 / (1 + lambda) that is multiplied
[epoch < epochs - descent_epochs and -> ]: you project in the last descent_epochs too; they are for
    descent alone
[epoch < epochs -> epoch <= epochs]: one projection too many at the end: epochs count from 0, the
    last that may project is epochs - descent_epochs - 1
[epoch < epochs -> epoch < epochs - 1]: you stop one epoch too early: epoch epochs - descent_epochs
    - 1 may still project
[project_every == 0 -> project_every == project_every - 1]: the first projection is in epoch 0, not
    in epoch project_every - 1
[if epoch -> if 0 < epoch]: epoch 0 projects too: it is a multiple of project_every
[epoch < epochs - descent_epochs and epoch -> epoch >= descent_epochs and (epoch - descent_epochs)]:
    the epochs of pure descent come last, not first
[and epoch % project_every == 0 -> ]: you project in every epoch; only every project_every-th one
    does
[project_every == 0 -> project_every]: you project in exactly the wrong epochs: e % project_every is
    0, so false, when it should be on
[append(0.0) -> append(out[-1])]: between projections the strength is 0: nothing is projected in
    those epochs
"""
SCHEDULES = [  # reg, reg_decay, epochs, project_every, descent_epochs
    (0.5, 0.8, 14, 3, 5),
    (0.1, 0.9, 10, 1, 2),
    (0.1, 0.9, 100, 2, 50),
    (0.3, 0.0, 6, 2, 0),
    (0.0, 0.9, 5, 1, 0),
    (0.2, 0.9, 4, 9, 0),
    (0.2, 0.9, 6, 1, 6),
]


@exercise(PLAN, lambda: SCHEDULES)
def strengths(reg, reg_decay, epochs, project_every, descent_epochs):
    """Returns a list of `epochs` numbers: the projection strength in every epoch, 0 where
    nothing is projected."""
    out, strength = [], reg
    for epoch in range(epochs):
        if epoch < epochs - descent_epochs and epoch % project_every == 0:
            out.append(strength)
            strength *= reg_decay
        else:
            out.append(0.0)
    return out


LOOP = """
hint 1: Before the loop: a copy of the original, and one optimizer for all epochs. What has to
    happen to them in one epoch, and in which order?
hint 2: An epoch is a projection, if its strength is not 0, and then one step of AdamW on the loss
    of the present parameters. The three lines of a descent step are the usual ones: forget old
    gradients, backward, step.
hint 3: ul.minnorm_step(model, x, strength) changes the model in place. Compute model(x) for the
    loss after it, not before.
raised: a loss that was computed before the projection cannot be differentiated after it: its
    weights are gone. Compute the outputs after minnorm_step. Or is it another error?
model: return the unlearned model, a torch module
copy: you change the original, which others still need: work on a copy
[optimizer.zero_grad() -> pass]: the gradients of all epochs add up: zero_grad is missing
[for strength in strengths -> for strength in strengths[:1]]: this is one epoch; there are as many
    as there are strengths
[if strength > 0 -> if False]: nothing is projected: this is descent alone
[optimizer.step() -> pass]: nothing descends: the step of the optimizer is missing
[torch.optim.AdamW -> torch.optim.Adam]: this is Adam; the paper, and the package, take AdamW
[torch.optim.AdamW -> torch.optim.SGD]: this is plain gradient descent; take AdamW
[(model.parameters(), lr=lr) -> (model.parameters())]: the learning rate is AdamW's default: hand lr
    over
[.mean().backward() -> .sum().backward()]: the loss is the mean of the squared errors
[.square() -> .abs()]: the loss is the mean of the squared errors
[ul.minnorm_step(model, x, strength) -> ul.minnorm_step(model, x[:1], strength)]: only one sample is
    protected by the projection: hand all of x over
[ul.minnorm_step(model, x, strength) -> [p.data.mul_(1 - strength) for p in model.parameters()]]:
    you shrink all of theta; minnorm_step shrinks what the outputs do not feel
"""


def _loop_cases():
    for seed, plan in enumerate(([0.3, 0.0, 0.2], [0.0, 0.5], [0.1, 0.1, 0.0, 0.0])):
        x = torch.linspace(-1, 1, 5, dtype=torch.float64)[:, None]
        yield seeded(lambda: MLP([1, 6, 1]), seed).double(), x, x.sin(), plan, 0.05


def _run_loop(learner, original, *given):
    before = copy.deepcopy(original)
    model = learner(original, *given)
    expect(isinstance(model, torch.nn.Module), WORDS["model"])
    unchanged = map(torch.equal, before.parameters(), original.parameters())
    expect(all(unchanged) and model is not original, WORDS["copy"])
    return parameters_to_vector(model.parameters()).detach()


WORDS = messages(LOOP)


@exercise(LOOP, _loop_cases, run=_run_loop)
def minnorm_og(original, x, y, strengths, lr):
    """original: a network. x (n, m), y (n, 1): the retain set. strengths: one number an epoch.
    Returns the unlearned model, a new one."""
    model = copy.deepcopy(original)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    for strength in strengths:
        if strength > 0:
            ul.minnorm_step(model, x, strength)
        optimizer.zero_grad()
        (model(x) - y).square().mean().backward()
        optimizer.step()
    return model
