"""Normalisation of features: over the channels of a step, or over all steps of a batch.

Layer normalisation (Ba, Kiros and Hinton 2016, arXiv 1607.06450, section 3), of each step::

    v_c  = (z_c - mean) / s          mean and s^2 - epsilon: mean and variance over the C channels
    y_c  = weight_c v_c + bias_c
    dz_c = (d_c - 1/C sum over k of d_k - v_c 1/C sum over k of d_k v_k) / s,   d_c = weight_c dy_c

Batch normalisation (Ioffe and Szegedy 2015, arXiv 1502.03167, algorithm 1), of each channel::

    v_t  = (z_t - mean) / s          mean and s^2 - epsilon: mean and variance over all N steps
    y_t  = weight v_t + bias
    dz_t = weight / s (dy_t - 1/N sum over u of dy_u - v_t 1/N sum over u of dy_u v_u)

and for both, of each channel::

    dweight = sum over t of dy_t v_t          dbias = sum over t of dy_t

Steps past a sequence's end are neither read nor written.

Axes: B sequences with room for U steps t, N valid ones in all; C channels c; G groups of sequences.
"""

from fastgru._numba import kernel, kernel_part, np
from fastgru.kernels.dots import dot, sum_of_lanes
from fastgru.kernels.vectors import lanes, load_first, store_first
from fastgru.kernels.workers import run_workers, take_next


@kernel_part
def _sum_of(a, at, n):
    total = load_first(a, at, 0)
    for c in range(0, n, lanes(a)):
        total = total + load_first(a, at + c, n - c)
    return sum_of_lanes(total)


@kernel_part
def _scale_and_shift(v, at, n, weight, bias, out):
    for c in range(0, n, lanes(v)):
        scaled = load_first(v, at + c, n - c) * load_first(weight, c, n - c)
        store_first(scaled + load_first(bias, c, n - c), out, at + c, n - c)


@kernel_part
def _normalise_step(row, epsilon, weight, bias, z, v, inverse):
    n = z.shape[1]
    at = row * n
    mean = _sum_of(z, at, n) / n
    for c in range(0, n, lanes(z)):
        store_first(load_first(z, at + c, n - c) - mean, v, at + c, n - c)
    inverse[row] = 1.0 / np.sqrt(dot(v, at, v, at, n) / n + epsilon)
    for c in range(0, n, lanes(z)):
        store_first(load_first(v, at + c, n - c) * inverse[row], v, at + c, n - c)
    _scale_and_shift(v, at, n, weight, bias, z)


@kernel_part
def _normalise_steps(worker, shares, n_steps, lengths, epsilon, weight, bias, z, v, inverse):
    b = take_next(shares, worker)
    while b < lengths.shape[0]:
        for t in range(lengths[b]):
            _normalise_step(b * n_steps + t, epsilon, weight, bias, z, v, inverse)
        b = take_next(shares, worker)


@kernel(parallel=True)
def normalise_steps(shares, n_steps, lengths, epsilon, weight, bias, z, v, inverse):
    """Normalise each step over its channels.

    Parameters
    ----------
    shares : int64 (W, 8), :func:`.workers.deal`
    n_steps : int
        U, steps that the caller's arrays have room for.
    lengths : int64 (B,)
    epsilon : float
        Added to the variance.
    weight, bias : float (C,)
    z : float (B * U, C), **replaced** by y at valid steps
    v : float (B * U, C), **written** at valid steps
    inverse : float (B * U,), **written** at valid steps
        1 / s.
    """
    run_workers(_normalise_steps, (shares, n_steps, lengths, epsilon, weight, bias, z,
                                              v, inverse))  # fmt: skip


@kernel_part
def _step_back(row, weight, v, inverse, dz):
    n = dz.shape[1]
    at = row * n
    for c in range(0, n, lanes(dz)):
        d = load_first(dz, at + c, n - c) * load_first(weight, c, n - c)
        store_first(d, dz, at + c, n - c)
    mean, mean_product = _sum_of(dz, at, n) / n, dot(dz, at, v, at, n) / n
    for c in range(0, n, lanes(dz)):
        along = load_first(v, at + c, n - c) * mean_product
        d = load_first(dz, at + c, n - c) - mean - along
        store_first(d * inverse[row], dz, at + c, n - c)


@kernel_part
def _steps_back(worker, shares, n_steps, lengths, weight, v, inverse, dz):
    b = take_next(shares, worker)
    while b < lengths.shape[0]:
        for t in range(lengths[b]):
            _step_back(b * n_steps + t, weight, v, inverse, dz)
        b = take_next(shares, worker)


@kernel(parallel=True)
def normalise_steps_back(shares, n_steps, lengths, weight, v, inverse, dz):
    """Go back through :func:`normalise_steps` to its input.

    Parameters
    ----------
    shares, n_steps, lengths, weight
        As there.
    v, inverse
        As it has written them.
    dz : float (B * U, C)
        dy, **replaced** by dz at valid steps.
    """
    run_workers(_steps_back, (shares, n_steps, lengths, weight, v, inverse, dz))


@kernel_part
def _standardise(worker, shares, n_steps, lengths, mean, inverse, weight, bias, z, v):
    n = z.shape[1]
    b = take_next(shares, worker)
    while b < lengths.shape[0]:
        for row in range(b * n_steps, b * n_steps + lengths[b]):
            for c in range(0, n, lanes(z)):
                centred = load_first(z, row * n + c, n - c) - load_first(mean, c, n - c)
                value = centred * load_first(inverse, c, n - c)
                store_first(value, v, row * n + c, n - c)
            _scale_and_shift(v, row * n, n, weight, bias, z)
        b = take_next(shares, worker)


@kernel(parallel=True)
def standardise(shares, n_steps, lengths, mean, inverse, weight, bias, z, v):
    """Normalise each channel by a mean and a deviation that are known.

    Parameters
    ----------
    shares, n_steps, lengths
        As in :func:`normalise_steps`.
    mean, inverse : float (C,)
        The mean of a channel, and 1 / s.
    weight, bias : float (C,)
    z : float (B * U, C), **replaced** by y at valid steps
    v : float (B * U, C), **written** at valid steps
    """
    run_workers(_standardise, (shares, n_steps, lengths, mean, inverse, weight, bias,
                                          z, v))  # fmt: skip


@kernel_part
def _standardise_back(worker, shares, n_steps, lengths, scale, mean, mean_product, v, dz):
    n = dz.shape[1]
    b = take_next(shares, worker)
    while b < lengths.shape[0]:
        for row in range(b * n_steps, b * n_steps + lengths[b]):
            for c in range(0, n, lanes(dz)):
                at, count = row * n + c, n - c
                along = load_first(v, at, count) * load_first(mean_product, c, count)
                d = load_first(dz, at, count) - load_first(mean, c, count) - along
                store_first(d * load_first(scale, c, count), dz, at, count)
        b = take_next(shares, worker)


@kernel(parallel=True)
def standardise_back(shares, n_steps, lengths, scale, mean, mean_product, v, dz):
    """Go back through :func:`standardise` by mean and deviation of the batch itself.

    Parameters
    ----------
    shares, n_steps, lengths
        As there.
    scale : float (C,)
        weight / s.
    mean, mean_product : float (C,)
        Means of dy and of dy v over all valid steps.
    v : float (B * U, C)
        As :func:`standardise` has written it.
    dz : float (B * U, C)
        dy, **replaced** by dz at valid steps.
    """
    run_workers(_standardise_back, (shares, n_steps, lengths, scale, mean,
                                               mean_product, v, dz))  # fmt: skip


@kernel_part
def _add_step(shift, p, q, at, sums, products, sums_at, n):
    for c in range(0, n, lanes(p)):
        centre = load_first(shift, c, n - c)
        first = load_first(p, at + c, n - c) - centre
        product = first * (load_first(q, at + c, n - c) - centre)
        place = sums_at + c
        store_first(load_first(sums, place, n - c) + first, sums, place, n - c)
        store_first(load_first(products, place, n - c) + product, products, place, n - c)


@kernel_part
def _sum_groups(worker, shares, n_steps, groups, lengths, shift, p, q, sums, products):
    n = p.shape[1]
    group = take_next(shares, worker)
    while group + 1 < groups.shape[0]:
        for b in range(groups[group], groups[group + 1]):
            for row in range(b * n_steps, b * n_steps + lengths[b]):
                _add_step(shift, p, q, row * n, sums, products, group * n, n)
        group = take_next(shares, worker)


@kernel(parallel=True)
def sum_steps(shares, n_steps, groups, lengths, shift, p, q, sums, products):
    """Sum two arrays, and their product, over the valid steps of each group of sequences.

    With both arrays z, and with its mean for ``shift``, the products are those of the variance;
    with dy and v, and zero for ``shift``, they are the gradients of bias and weight.

    Parameters
    ----------
    shares, n_steps
        As in :func:`normalise_steps`.
    groups : int64 (G + 1,)
        Bounds of the groups.
    lengths : int64 (B,)
    shift : float (C,)
        Is subtracted from both.
    p, q : float (B * U, C)
    sums, products : float (G, C), **added to**
        Of p, and of p times q, in the order of the steps.
    """
    run_workers(_sum_groups, (shares, n_steps, groups, lengths, shift, p, q, sums,
                                         products))  # fmt: skip
