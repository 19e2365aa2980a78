"""The exercises of notebook 03, MinNorm-OG step by step."""
import copy
import math

import torch

from ..models import MLP
from . import WrongAnswer, call, compare, draw, exercise, expect, expect_tensor, same

CUT = 1e-13   # the rank test of the course: smaller eigenvalues, relative to the largest, are rounding


# --- output_gradient ------------------------------------------------------------------------------------------------

def _test_output_gradient(learner):
    generator = torch.Generator().manual_seed(31)
    for widths in ([2, 4, 3, 1], [1, 5, 1], [3, 1], [1, 1]):
        model = MLP(widths).double()
        with torch.no_grad():
            for p in model.parameters():
                p.copy_(draw(generator, *p.shape))
        x, other = draw(generator, widths[0]), draw(generator, widths[0])
        right = _gradient_by_differences(model, x)
        answer = call(learner, model, x)
        _expect_flat(answer, right, model, x)
        compare(answer, right, _gradient_mistakes(model, x, right), (model, x))
        expect(not answer.requires_grad, "the row still hangs on autograd's graph, and so keeps a whole backward pass in "
               "memory. Leave create_graph out")
        twin, before = copy.deepcopy(model), [p.detach().clone() for p in model.parameters()]
        learner(twin, other), learner(twin, x)
        expect(all(torch.equal(p, q) for p, q in zip(before, twin.parameters())),
               "your function changes the model's parameters; a gradient only looks")
        expect(same(learner(twin, x).detach(), right, right.norm()),
               "the first call is right, a later call on the same model is not: .backward() adds to what .grad holds "
               "already. Use torch.autograd.grad, or clear .grad first")


def _gradient_by_differences(model, x):
    """d f / d theta by central differences: nothing shared with autograd. Good to 1e-9 for these small networks."""
    model, out = copy.deepcopy(model), []
    with torch.no_grad():
        for p in model.parameters():
            for entry in p.view(-1):
                value, h = entry.item(), 1e-5
                sides = []
                for moved in (value + h, value - h):
                    entry.fill_(moved)
                    sides.append(model(x[None]).item())
                entry.fill_(value)
                out.append((sides[0] - sides[1]) / (2 * h))
    return torch.tensor(out, dtype=torch.float64)


def _expect_flat(answer, right, model, x):
    expect(answer is not None, "your function returns None: is there a return? (.backward() returns nothing; the gradients "
           "are in every parameter's .grad)")
    expect(not isinstance(answer, (list, tuple)), "autograd gives one tensor per parameter; flatten each and join them "
           "with torch.cat into one vector")
    if isinstance(answer, torch.Tensor) and answer.shape != right.shape:
        weights = sum(p.numel() for p in model.parameters() if p.ndim == 2)
        expect(answer.shape != (1, len(right)), "the row is wrapped: shape (1, d); return a vector (d,)")
        expect(answer.numel() != weights, f"the row has the {weights} entries of the weights only; the biases are parameters too")
        expect(answer.shape not in (x.shape, (1, *x.shape)), "this has the shape of the input: the gradient must be with "
               "respect to the parameters, not to x")
    expect_tensor(answer, right)


def _gradient_mistakes(model, x, right):
    parts = list(right.split([p.numel() for p in model.parameters()]))
    turned = [g.view_as(p).T.flatten() if p.ndim == 2 else g for g, p in zip(parts, model.parameters())]
    value = model(x[None]).item()
    return [
        (-right, "the sign is wrong: the row is the gradient itself, not a descent direction"),
        (2 * value * right, "this is the gradient of the squared output. A row belongs to the output f(theta, x), no loss involved"),
        (value * right, "this is the output times its gradient: a loss's chain rule. A row is the gradient of f(theta, x) alone"),
        (right / right.norm(), "you scale the row to length 1; the row is the gradient as it is"),
        (torch.cat(parts[::-1]), "the parameters come in the reverse order; use the order of model.parameters()"),
        (torch.cat(turned), "a weight matrix is flattened the wrong way round: no transpose, row by row")]


@exercise("output_gradient", _test_output_gradient, [
    "The model takes a batch. Give it a batch of one: model(x[None]) has shape (1, 1), and autograd wants a single number.",
    "torch.autograd.grad(number, list_of_tensors) returns one gradient per tensor. Here the tensors are the parameters.",
    "Flatten each gradient and join them with torch.cat. That is a row of G."])
def output_gradient(model, x):
    """model: one output per sample. x (m,): one sample. Returns (d,): the gradient of the output with respect to
    all parameters, in the order of model.parameters(), each flattened."""
    gradients = torch.autograd.grad(model(x[None]).sum(), list(model.parameters()))
    return torch.cat([g.flatten() for g in gradients])


# --- coefficients ---------------------------------------------------------------------------------------------------

def _test_coefficients(learner):
    generator = torch.Generator().manual_seed(32)
    for k, d in [(4, 9), (2, 3), (1, 5), (6, 6)]:
        rows, theta = draw(generator, k, d) * (1 + 3 * draw(generator, k, 1).abs()), draw(generator, d)
        answer, given = _solve_with(learner, rows, theta)
        compare(rows.T @ answer, rows.T @ _reference_solution(rows, theta),
                 [(rows.T @ c, message) for c, message in _solve_mistakes(*given)], given)
    blown = ("{what} t carries a rounding error of 1 part in 10^8, as any t does; divided by an eigenvalue that should be 0 it "
             "swamps c. Drop the eigenvalues below 1e-13 of the largest")
    cases = [
        (_dependent(generator, 5, 8), 1e-8, "with two equal rows K is singular. " + blown),
        (draw(generator, 12, 5), 1e-8, "with more rows than parameters (12 rows, d = 5) K has rank 5 at most. " + blown),
        (torch.cat([draw(generator, 3, 6), torch.zeros(1, 6)]), 0, "one row is zero: its entry on the diagonal of K is 0, and "
         "scaling divides by it. {what} Put 0 where 1 / 0 would stand"),
        (draw(generator, 4, 7) * torch.tensor([1., 1e-9, 1., 1.]).double()[:, None], 0, "one row has length 1e-9 and points its "
         "own way: it is short, not dependent. {what} Scale K to unit diagonal before you look at its eigenvalues, and undo "
         "the scaling after"),
        (_nearly_dependent(generator), 0, "two rows differ by 1 part in 10,000, so an eigenvalue is 1e-9 of the largest: small, but "
         "far above rounding. {what} Add nothing to the diagonal and drop only what is below 1e-13"),
        (torch.zeros(3, 4), 0, "every row is zero. {what} Nothing spans nothing: any finite c will do, such as zeros")]
    for rows, noise, message in cases:
        rows, theta = rows.double(), draw(generator, rows.shape[1])
        try:
            answer, _ = _solve_with(learner, rows, theta, noise * draw(generator, len(rows)))
        except WrongAnswer as wrong:
            raise WrongAnswer(message.format(what="Here " + str(wrong).rstrip(".") + ".")) from None
        right = _reference_solution(rows, theta)
        off = (rows.T @ (answer - right)).norm() / theta.norm()
        if noise:
            huge = float(answer.norm() / (1 + right.norm()))
            expect(huge < 1e3, message.format(what=f"Your c is {huge:.0e} times as long as it has to be."))
        expect(bool(off <= 1e-5), message.format(what=f"Your G^T c is off by {float(off):.1g} of |theta|."))


def _solve_with(learner, rows, theta, noise=0.):
    given = rows @ rows.T, rows @ theta + noise
    answer = call(learner, *given)
    if isinstance(answer, torch.Tensor):
        expect(answer.shape != (len(rows), 1) or len(rows) == 1, "the result is a column (k, 1); return a vector (k,)")
        expect(answer.shape != given[0].shape, "a k x k matrix came back; c is one number per row, shape (k,)")
    expect_tensor(answer, given[1])
    return answer.double(), given


def _reference_solution(rows, theta):
    """c by an SVD of the rows themselves, scaled to unit length: K is never formed."""
    size = rows.norm(dim=1)
    if not size.any():
        return torch.zeros(len(rows), dtype=rows.dtype)
    inverse = torch.where(size > 0, 1 / size, 0)
    u, s, vt = torch.linalg.svd(rows * inverse[:, None], full_matrices=False)
    keep = s > math.sqrt(CUT) * s[0]
    return inverse * (u[:, keep] @ ((vt[keep] @ theta) / s[keep]))


def _solve_mistakes(gram, t):
    """(c, message) of the usual slips, for a K of full rank."""
    inverse = 1 / gram.diagonal().sqrt()
    values, vectors = torch.linalg.eigh(gram * inverse[:, None] * inverse)
    solve = lambda v: vectors @ ((vectors.T @ v) / values)
    right = inverse * solve(inverse * t)
    return [
        (-right, "the sign is wrong: K c = t, without a minus"),
        (gram @ t, "you multiply by K; c solves K c = t"),
        (t, "this is t itself. The rows are not orthonormal, so K c = t must be solved"),
        (t / gram.diagonal(), "you divide by the diagonal of K only: right if the rows were orthogonal to each other"),
        (solve(inverse * t), "the scaling is not undone at the end. With s = sqrt(diag K): c = (1/s) times the solution of the "
         "scaled system"),
        (inverse * solve(t), "t is not scaled. With s = sqrt(diag K) the scaled system is (K / s s^T) y = t / s, and c = y / s"),
        (solve(t), "K is scaled, t and c are not. With s = sqrt(diag K) the scaled system is (K / s s^T) y = t / s, and c = y / s"),
        (inverse * (vectors @ ((vectors.T @ (inverse * t)) / values.sqrt())), "you divide by the square roots of the "
         "eigenvalues. Those are the singular values of G; K's own eigenvalues belong here"),
        (inverse * (vectors.T @ ((vectors @ (inverse * t)) / values)), "the eigenvectors are transposed: they are the COLUMNS of "
         "what eigh returns, so the part of t along them is vectors.T @ t"),
        (inverse * (vectors @ ((vectors.T @ (inverse * t)) * values)), "you multiply by the eigenvalues; solving divides by them")]


def _dependent(generator, k, d):
    rows = draw(generator, k, d)
    rows[-1] = rows[0]
    return rows


def _nearly_dependent(generator):
    rows = draw(generator, 4, 8)
    rows[1] = rows[0] + 1e-4 * draw(generator, 8)
    return rows


@exercise("coefficients", _test_coefficients, [
    "If K were invertible: torch.linalg.solve(K, t). The exercise is about the K that is not: use torch.linalg.eigh.",
    "First scale: with s = sqrt(diag K), K / (s s^T) has ones on its diagonal. Where s is 0, use 0 instead of 1 / s.",
    "values, vectors = torch.linalg.eigh(scaled); keep = values > 1e-13 * values[-1]. Columns of `vectors` are eigenvectors.",
    "In the basis of the kept eigenvectors solving is dividing: y = V ((V^T (t / s)) / values). Then c = y / s."])
def coefficients(K, t):
    """K (k, k): Gram matrix of the rows. t (k,) = G theta. float64. Returns c (k,) with K c = t in the range of K:
    K is scaled to unit diagonal, eigenvalues below 1e-13 of the largest are dropped."""
    s = K.diagonal().sqrt()
    inverse = torch.where(s > 0, 1 / s, 0)
    values, vectors = torch.linalg.eigh(K * inverse[:, None] * inverse)
    keep = values > 1e-13 * values[-1]
    values, vectors = values[keep], vectors[:, keep]
    return inverse * (vectors @ ((vectors.T @ (inverse * t)) / values))


# --- linear_layer_gram and row_combination --------------------------------------------------------------------------

LAYER_SIZES = [(5, 3, 4), (2, 6, 1), (4, 1, 3), (4, 4, 4), (1, 3, 2)]  # n, in, out


def _layer(generator, n, fan_in, fan_out):
    return draw(generator, n, fan_in), draw(generator, n, fan_out)


def _layer_rows(a, b):
    """The rows themselves, one sample at a time: b a^T flattened, and the bias's b."""
    return torch.stack([torch.cat([torch.outer(bi, ai).flatten(), bi]) for ai, bi in zip(a, b)])


def _test_linear_layer_gram(learner):
    generator = torch.Generator().manual_seed(33)
    for sizes in LAYER_SIZES:
        a, b = _layer(generator, *sizes)
        n = len(a)
        right, answer = (rows := _layer_rows(a, b)) @ rows.T, call(learner, a, b)
        if isinstance(answer, torch.Tensor) and answer.shape != right.shape:
            expect(answer.shape not in ((a.shape[1],) * 2, (b.shape[1],) * 2), f"shape {tuple(answer.shape)} compares features. "
                   "K compares samples: a @ a.T is (n, n), a.T @ a is not")
            expect(answer.shape != (n,), "only the diagonal came back: K_ij is wanted for every pair of samples, shape (n, n)")
        expect_tensor(answer, right)
        aa, bb = a @ a.T, b @ b.T
        compare(answer, right, [
            (aa * bb, "the bias is missing: its row is b_i itself, so <b_i, b_j> is added"),
            (aa * bb + 1, "the bias's share is 1 for every pair. Its row is b_i, not 1: add <b_i, b_j>"),
            (aa * bb + aa, "you add <a_i, a_j> for the bias. A bias does not see the input; its row is b_i: add <b_i, b_j>"),
            (aa @ bb + bb, "matrix product where the entries are multiplied one by one: K_ij = <a_i, a_j> * <b_i, b_j>"),
            (aa @ bb, "matrix product where the entries are multiplied one by one: K_ij = <a_i, a_j> * <b_i, b_j>"),
            (aa + bb, "you add <a_i, a_j> and <b_i, b_j>; for the weights they are multiplied"),
            (aa, "the b are not used: they say how much the output feels each unit"),
            (bb, "this is the bias's share only; the weights add <a_i, a_j> * <b_i, b_j>"),
            (right / n, "you divide by the number of samples; a Gram matrix holds plain inner products"),
            ((a.T @ a) * (b.T @ b) + b.T @ b if a.shape[1] == n == b.shape[1] else right + 1,
             "with n = in = out the transposed product fits too, but it compares features, not samples: a @ a.T")], (a, b))


@exercise("linear_layer_gram", _test_linear_layer_gram, [
    "The row of sample i is b_i a_i^T, laid out flat, and then b_i for the bias. What is the inner product of two such rows?",
    "<b_i a_i^T, b_j a_j^T> = sum over p, q of b_ip a_iq b_jp a_jq. The sum falls apart into two factors.",
    "All <a_i, a_j> at once are a @ a.T, all <b_i, b_j> are b @ b.T. Multiply entry by entry, and add the bias's share."])
def linear_layer_gram(a, b):
    """a (n, in): the layer's inputs. b (n, out): gradients of the output with respect to the layer's outputs.
    Returns (n, n): inner products of the samples' gradients with respect to weight AND bias."""
    return (a @ a.T) * (b @ b.T) + b @ b.T


def _test_row_combination(learner):
    generator = torch.Generator().manual_seed(34)
    for sizes in LAYER_SIZES:
        (a, b), c = _layer(generator, *sizes), draw(generator, sizes[0])
        n, fan_in, fan_out = sizes
        flat = c @ _layer_rows(a, b)
        weight, bias = flat[:fan_in * fan_out].view(fan_out, fan_in), flat[fan_in * fan_out:]
        answer = call(learner, a, b, c)
        expect(isinstance(answer, (tuple, list)) and len(answer) == 2, "return two tensors: the weight's share (out, in) and the "
               f"bias's share (out,); got {_kind(answer)}")
        if all(isinstance(x, torch.Tensor) for x in answer):
            expect(fan_in == fan_out or answer[0].shape != (fan_in, fan_out), "the weight's share is transposed: a weight is "
                   "(out, in), and its row is b_i a_i^T")
            expect(answer[0].ndim == 2 or answer[1].ndim != 2, "weight and bias are swapped: the weight's share comes first")
            expect(answer[0].ndim != 3, "the weight's share still has one matrix per sample: add them up over the samples")
            expect(answer[1].ndim != 2, "the bias's share still has one vector per sample: add them up over the samples")
        for x, like in zip(answer, (weight, bias)):
            expect_tensor(x, like)
        weighted = c[:, None] * b
        compare(answer[0], weight, [
            (b.T @ a, "c is not used for the weight: every sample's row is multiplied by its own c_i first"),
            (weight.T if fan_in == fan_out else weight + 1, "the weight's share is transposed: b_i a_i^T, not a_i b_i^T"),
            (weight / n, "you average over the samples; G^T c is a sum"),
            (weighted.T @ (c[:, None] * a), "c_i enters twice, with a and with b: once is enough"),
            (-weight, "the sign is wrong: this is G^T c itself; the minus comes when it is taken from theta")], (a, b, c))
        compare(answer[1], bias, [
            (b.sum(0), "c is not used for the bias: its row b_i is multiplied by c_i too"),
            (bias / n, "you average over the samples; G^T c is a sum"),
            (c.sum() * torch.ones_like(bias), "the bias's row is b_i, not 1")], (a, b, c))


def _kind(answer):
    return f"a tensor of shape {tuple(answer.shape)}" if isinstance(answer, torch.Tensor) else type(answer).__name__


@exercise("row_combination", _test_row_combination, [
    "G^T c = sum of c_i g_i. For the weight, g_i is the matrix b_i a_i^T: what is the sum of c_i b_i a_i^T?",
    "A sum of outer products is one matrix product: sum_i u_i v_i^T = U^T V, with the u_i and v_i as rows of U and V.",
    "Multiply every b_i by c_i: weighted = c[:, None] * b. The weight's share is weighted.T @ a; the bias's is the sum of `weighted`."])
def row_combination(a, b, c):
    """a (n, in), b (n, out) as before; c (n,). Returns the layer's share of G^T c: (out, in) for the weight and (out,)
    for the bias."""
    weighted = c[:, None] * b
    return weighted.T @ a, weighted.sum(0)


# --- strengths ------------------------------------------------------------------------------------------------------

# reg, reg_decay, epochs, project_every, descent_epochs; the first tells all usual mistakes apart
SCHEDULES = [(.5, .8, 14, 3, 5), (.1, .9, 10, 1, 2), (.1, .9, 100, 2, 50), (1., .5, 7, 2, 0), (.3, 1., 6, 1, 1), (.3, 0., 6, 2, 0),
             (0., .9, 5, 1, 0), (.2, .9, 4, 9, 0), (.2, .9, 6, 1, 6), (.7, .6, 1, 1, 0)]


def _schedule(epochs, projects, strength):
    """strength(j, epoch) in the epochs where projects(epoch), j counting them; 0 elsewhere."""
    out, j = [], 0
    for epoch in range(epochs):
        out.append(strength(j, epoch) if projects(epoch) else 0.)
        j += bool(projects(epoch))
    return out


def _test_strengths(learner):
    for given in SCHEDULES:
        reg, decay, epochs, every, descent = given
        on = lambda e: e < epochs - descent and e % every == 0
        right = _schedule(epochs, on, lambda j, e: reg * decay ** j)
        answer = call(learner, *given)
        expect(answer is not None, "your function returns None: is there a return?")
        expect(isinstance(answer, (list, tuple)), f"return a list with one strength per epoch, got {_kind(answer)}")
        projecting = [s for s, e in zip(right, range(epochs)) if on(e)]
        expect(len(answer) == epochs or len(answer) != len(projecting), f"only the epochs that project are listed: {len(answer)} "
               f"entries. Give one for each of the {epochs} epochs, 0 where nothing is projected")
        expect(len(answer) != epochs - descent or descent == 0, f"the last {descent} epochs are missing from the list: they have strength 0")
        expect(len(answer) == epochs, f"expected {epochs} entries, one per epoch, got {len(answer)}")
        answer = [float(s) for s in answer]
        if _alike(answer, right):
            continue
        for wrong, message in _schedule_mistakes(given, on):
            expect(not _alike(answer, wrong), message)
        epoch = next(e for e in range(epochs) if not _alike([answer[e]], [right[e]]))
        raise WrongAnswer(f"with reg={reg}, reg_decay={decay}, epochs={epochs}, project_every={every}, descent_epochs={descent}: "
                          f"epoch {epoch} should have strength {right[epoch]:.3g}, got {answer[epoch]:.3g}")


def _alike(answer, right):
    return len(answer) == len(right) and all(math.isclose(x, y, rel_tol=1e-9, abs_tol=1e-12) for x, y in zip(answer, right))


def _schedule_mistakes(given, on):
    reg, decay, epochs, every, descent = given
    plan = lambda projects, strength: _schedule(epochs, projects, strength)
    usual = lambda j, e: reg * decay ** j
    held, last = [], 0.
    for s in plan(on, usual):
        last = s if s or not held else last
        held.append(last)
    out = [
        (plan(on, lambda j, e: reg * decay ** e), "the strength decays every epoch; it is multiplied by reg_decay only after a projection"),
        (plan(on, lambda j, e: reg * decay ** (j + 1)), "the first projection has strength reg itself; the decay comes after it"),
        (plan(on, lambda j, e: reg), "the strength never decays: multiply it by reg_decay after every projection"),
        (plan(on, lambda j, e: reg - j * (1 - decay)), "the strength falls by a fixed step; it is multiplied by reg_decay"),
        (plan(lambda e: e % every == 0, usual), "you project in the last descent_epochs too; they are for descent alone"),
        (plan(lambda e: e <= epochs - descent and e % every == 0, usual), f"one projection too many at the end: epochs count from 0, "
         f"so the last one that may project is epoch {epochs - descent - 1}"),
        (plan(lambda e: e < epochs - descent - 1 and e % every == 0, usual), f"you stop one epoch too early: epoch {epochs - descent - 1} "
         "may still project"),
        (plan(lambda e: e < epochs - descent and (e + 1) % every == 0, usual), "the first projection is in epoch 0, not in epoch "
         "project_every - 1"),
        (plan(lambda e: 0 < e < epochs - descent and e % every == 0, usual), "epoch 0 projects too: it is a multiple of project_every"),
        (plan(lambda e: e >= descent and (e - descent) % every == 0, usual), "the epochs of pure descent come last, not first"),
        (plan(lambda e: e < epochs - descent, usual), "you project in every epoch; only every project_every-th one does"),
        (plan(lambda e: e < epochs - descent and e % every, usual), "you project in exactly the wrong epochs: e % project_every is 0, "
         "hence false, when it should project"),
        (held, "between projections the strength is 0: nothing is projected in those epochs")]
    if 0 < reg and 0 < decay:
        start = 1 / reg - 1
        out += [
            (plan(on, lambda j, e: 1 / (reg * decay ** j) - 1), "these are the lambdas; the strength is 1 / (1 + lambda)"),
            (plan(on, lambda j, e: 1 / (1 + start / decay ** j)), "you divide lambda by reg_decay. The rule divides lambda + 1 by it"),
            (plan(on, lambda j, e: 1 / (1 + start * decay ** j)), "you multiply lambda by reg_decay, and the strength grows. It is the "
             "strength 1 / (1 + lambda) that is multiplied")]
    return out


@exercise("strengths", _test_strengths, [
    "Walk through the epochs 0, 1, ..., epochs - 1 and keep the current strength in a variable that starts at reg.",
    "An epoch projects when epoch < epochs - descent_epochs and epoch % project_every == 0. Otherwise append 0.",
    "Only after appending the strength of a projecting epoch, multiply it by reg_decay."])
def strengths(reg, reg_decay, epochs, project_every, descent_epochs):
    """Returns a list of `epochs` numbers: the projection strength in every epoch, 0 where nothing is projected."""
    out, strength = [], reg
    for epoch in range(epochs):
        if epoch < epochs - descent_epochs and epoch % project_every == 0:
            out.append(strength)
            strength *= reg_decay
        else:
            out.append(0.0)
    return out
