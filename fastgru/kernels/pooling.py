"""Pooling of the states of a sequence over time: mean and maximum.

::

    mean_c = 1/T sum over t of h_{t,c}          dh_{t,c} = dmean_c / T
    max_c  = max over t of h_{t,c}              dh_{t,c} = dmax_c where t is the first maximum

(The third pooling, the last state, is the final state itself.)  A sequence of no steps pools to
zero.

Axes: B sequences, T steps of which the first ``lengths[b]`` are valid, C channels.
"""

from fastgru._numba import kernel, kernel_part
from fastgru.kernels.workers import run_workers, take_next


@kernel_part
def _pool_sequence(b, length, y, mean, maximum, first):
    channels = y.shape[2]
    for c in range(channels):
        value = y[b, 0, c] if length > 0 else 0.0
        mean[b, c] = value
        maximum[b, c] = value
        first[b, c] = 0
    for t in range(1, length):
        for c in range(channels):
            value = y[b, t, c]
            mean[b, c] += value
            if value > maximum[b, c] or value != value:  # a NaN stays
                maximum[b, c] = value
                first[b, c] = t
    for c in range(channels):
        mean[b, c] /= max(length, 1)


@kernel_part
def _pool_sequences(worker, shares, lengths, y, mean, maximum, first):
    b = take_next(shares, worker)
    while b < lengths.shape[0]:
        _pool_sequence(b, lengths[b], y, mean, maximum, first)
        b = take_next(shares, worker)


@kernel(parallel=True)
def pool_forward(shares, lengths, y, mean, maximum, first):
    """Take mean and maximum over the valid steps of each sequence.

    Parameters
    ----------
    shares : int64 (W, 8), :func:`.workers.deal`
    lengths : int64 (B,)
    y : float (B, T, C)
    mean, maximum : float (B, C), **written**
    first : int32 (B, C), **written**
        Step of the first maximum.

    Notes
    -----
    The workers take one sequence after the other, the sum over time is in order: the result does
    not depend on the number of threads.
    """
    run_workers(_pool_sequences, (shares, lengths, y, mean, maximum, first))


@kernel_part
def _unpool_sequence(b, length, d_mean, d_maximum, first, dy):
    channels = dy.shape[2]
    for t in range(length):
        for c in range(channels):
            most = d_maximum[b, c] if first[b, c] == t else 0.0 * d_maximum[b, c]
            dy[b, t, c] = d_mean[b, c] / length + most


@kernel_part
def _unpool_sequences(worker, shares, lengths, d_mean, d_maximum, first, dy):
    b = take_next(shares, worker)
    while b < lengths.shape[0]:
        _unpool_sequence(b, lengths[b], d_mean, d_maximum, first, dy)
        b = take_next(shares, worker)


@kernel(parallel=True)
def pool_backward(shares, lengths, d_mean, d_maximum, first, dy):
    """Spread the gradients of mean and maximum over the steps of each sequence.

    Parameters
    ----------
    shares : int64 (W, 8), :func:`.workers.deal`
    lengths : int64 (B,)
    d_mean, d_maximum : float (B, C)
    first : int32 (B, C)
    dy : float (B, T, C), **written** at valid steps
    """
    run_workers(_unpool_sequences, (shares, lengths, d_mean, d_maximum, first, dy))
