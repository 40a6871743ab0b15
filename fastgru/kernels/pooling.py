"""Pooling of the states of a sequence over time: mean and maximum.

::

    mean_c = 1/T sum over t of h_{t,c}          dh_{t,c} = dmean_c / T
    max_c  = max over t of h_{t,c}              dh_{t,c} = dmax_c where t is the first maximum

(The third pooling, the last state, is the final state itself.)  A sequence of no steps pools to
zero.  Blocked layout as in :mod:`fastgru.kernels.gru`: the state after step t of sequence i of a
block stands in row ``start + (t + 1) * ROWS + i``.

Axes: T valid steps, c hidden unit.
"""

from fastgru._numba import kernel, kernel_part, prange
from fastgru.kernels.microkernel import ROWS
from fastgru.kernels.vectors import lanes, load, store, where_less


@kernel_part
def _pool_panel(h, at, step, length, mean, maximum, first, out):
    """Pool one panel of one sequence whose states stand ``step`` apart from ``at`` on."""
    total = load(h, at)
    most = total
    where = total * 0.0
    for t in range(1, length):
        value = load(h, at + t * step)
        total = total + value
        where = where_less(most, value, t, where)
        most = where_less(most, value, value, most)
    store(total / length, mean, out)
    store(most, maximum, out)
    store(where, first, out)


@kernel(parallel=True)
def pool_forward(blocks, h, mean, maximum, first):
    """Take mean and maximum over the valid steps of each sequence.

    Parameters
    ----------
    blocks : int64 (n_blocks, 2 + ROWS)
    h : float (rows, stride)
    mean, maximum : float (n_blocks, ROWS, padded_size), **written**
    first : float (n_blocks, ROWS, padded_size), **written**
        Step of the first maximum; a whole number, exact below 2^24 steps.

    Notes
    -----
    The parallel loop runs over blocks, the sum over time is in order: the result does not depend
    on the number of threads.
    """
    for block in prange(blocks.shape[0]):
        lane = lanes(h)
        size, stride = mean.shape[2], h.shape[1]
        for i in range(ROWS):
            length = blocks[block, 2 + i]
            for c in range(0, size, lane):
                at = (blocks[block, 0] + ROWS + i) * stride + c
                out = (block * ROWS + i) * size + c
                if length > 0:
                    _pool_panel(h, at, ROWS * stride, length, mean, maximum, first, out)
                else:
                    store(0.0, mean, out)
                    store(0.0, maximum, out)
                    store(0.0, first, out)


@kernel(parallel=True)
def pool_backward(blocks, d_mean, d_maximum, first, dy):
    """Spread the gradients of mean and maximum over the steps of each sequence.

    Parameters
    ----------
    blocks : int64 (n_blocks, 2 + ROWS)
    d_mean, d_maximum, first : float (n_blocks, ROWS, padded_size)
    dy : float (rows, stride), **written** at valid steps
    """
    for block in prange(blocks.shape[0]):
        lane = lanes(dy)
        size, stride = d_mean.shape[2], dy.shape[1]
        for i in range(ROWS):
            length = blocks[block, 2 + i]
            for c in range(0, size, lane):
                at = (blocks[block, 0] + ROWS + i) * stride + c
                given = (block * ROWS + i) * size + c
                if length > 0:
                    share = load(d_mean, given) / length
                    most = share + load(d_maximum, given)
                    where = load(first, given)
                    for t in range(length):
                        here = where_less((where - t) * (where - t), 0.5, most, share)
                        store(here, dy, at + t * ROWS * stride)
