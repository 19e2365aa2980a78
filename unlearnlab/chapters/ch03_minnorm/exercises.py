"""The exercises of notebook 03, MinNorm-OG step by step."""

import copy

import torch

from ...course.exercises import call, draw, drawn, exercise, expect, same
from ...networks import MLP

ROW = """
hint 1: The model takes a batch. Give it a batch of one: model(x[None]) has shape (1, 1), and
    autograd wants a single number.
hint 2: torch.autograd.grad(number, list_of_tensors) returns one gradient per tensor. Here the
    tensors are the parameters.
hint 3: Flatten each gradient and join them with torch.cat. That is a row of G.
list: autograd gives one tensor per parameter; flatten each, join them with torch.cat to one vector
[g in gradients]) -> g in gradients])[None]]: the row is wrapped: shape (1, d); return a vector (d,)
[for g in gradients -> for g in gradients if g.ndim == 2]: the row has the entries of the weights
    only; the biases are parameters too
[return x]: this has the shape of the input: the gradient must be with respect to the parameters,
    not to x
sign: the sign is wrong: the row is the gradient itself, not a descent direction
[.sum() -> .square().sum()]: this is the gradient of the squared output. A row belongs to the output
    f(theta, x), no loss involved
[.sum() -> .square().sum() / 2]: the output times its gradient: a loss's chain rule. A row is the
    gradient of f(theta, x) alone
unit: you scale the row to length 1; the row is the gradient as it is
[in gradients -> in gradients[::-1]]: the parameters come in the reverse order; use the order of
    model.parameters()
[g.flatten() -> g.movedim(0, -1).flatten()]: a weight matrix is flattened the wrong way round: no
    transpose, row by row
graph: the row still hangs on autograd's graph, and so keeps a whole backward pass in memory. Leave
    create_graph out
moved: your function changes the model's parameters; a gradient only looks
again: the first call is right, a later call on the same model is not: .backward() adds to what
    .grad holds already. Use torch.autograd.grad, or clear .grad first
"""


def _model_cases():
    for widths in ([2, 4, 3, 1], [1, 5, 1], [3, 1], [1, 1]):
        model = MLP(widths).double()
        with torch.no_grad():
            for p in model.parameters():
                p.copy_(draw(*p.shape))
        yield model, draw(widths[0])


def _look_again(words, learner):
    for model, x in _model_cases():
        twin = copy.deepcopy(model)
        expect(not learner(twin, 2 * x).requires_grad, words["graph"])
        again, right = learner(twin, x), output_gradient(model, x)
        expect(all(map(torch.equal, model.parameters(), twin.parameters())), words["moved"])
        expect(same(again, right, right.norm()), words["again"])


@exercise(ROW, _model_cases, more=_look_again)
def output_gradient(model, x):
    """model: one output per sample. x (m,): one sample. Returns (d,): the gradient of the output
    with respect to all parameters, in the order of model.parameters(), each flattened."""
    gradients = torch.autograd.grad(model(x[None]).sum(), list(model.parameters()))
    return torch.cat([g.flatten() for g in gradients])


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
near: two rows differ by 1 part in 10,000, so an eigenvalue is 1e-9 of the largest: small, but far
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
        "near": torch.cat([G, G[:1] + 1e-4 * draw(1, 8)]),
        "nothing": 0 * G,
    }.items():
        theta = draw(rows.shape[1])
        K, t = rows @ rows.T, rows @ theta
        noise = 1e-8 * draw(len(rows)) if name in ("equal", "many") else 0
        answer, right = call(learner, K, t + noise, trap=words[name]), coefficients(K, t)
        short = answer.norm() < 1e3 * (1 + right.norm())
        fits = same(rows.T @ answer, rows.T @ right, theta.norm(), 1e-5)
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


COMBINATION = """
hint 1: G^T c = sum of c_i g_i. For the weight, g_i is the matrix b_i a_i^T: what is the sum of c_i
    b_i a_i^T?
hint 2: A sum of outer products is one matrix product: sum_i u_i v_i^T = U^T V, with the u_i and v_i
    as rows of U and V.
hint 3: Multiply every b_i by c_i: weighted = c[:, None] * b. The weight's share is weighted.T @ a;
    the bias's is the sum of `weighted`.
parts: return two tensors: the weight's share (out, in) and the bias's share (out,)
[weighted.T @ a, weighted.sum(0) -> weighted.sum(0), weighted.T @ a]: weight and bias are swapped:
    the weight's share comes first
[weighted.T @ a -> weighted[:, :, None] * a[:, None]]: the weight's share still has one matrix per
    sample: add them up over the samples
transposed: the weight's share is transposed: a weight is (out, in), its row b_i a_i^T, not a_i
    b_i^T
[weighted.T -> b.T]: c is not used for the weight: every sample's row is multiplied by its own c_i
    first
[c[:, None] -> c[:, None] / len(c)]: you average over the samples; G^T c is a sum
[@ a -> @ (c[:, None] * a)]: c_i enters twice, with a and with b: once is enough
sign: the sign is wrong: this is G^T c itself; the minus comes when it is taken from theta
[.sum(0) -> ]: the bias's share still has one vector per sample: add them up over the samples
[weighted.sum -> b.sum]: c is not used for the bias: its row b_i is multiplied by c_i too
[weighted.sum(0) -> c.sum().expand(b.shape[1])]: the bias's row is b_i, not 1
"""


@exercise(COMBINATION, drawn("n d", "n k", "n"))
def row_combination(a, b, c):
    """a (n, in), b (n, out) as before; c (n,). Returns the layer's share of G^T c: (out, in) for
    the weight and (out,) for the bias."""
    weighted = c[:, None] * b
    return weighted.T @ a, weighted.sum(0)


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
