"""Attention pooling: the mean of the states of a sequence, weighted by what is learned.

Raffel and Ellis 2015, arXiv 1512.08756, equation 1, with the linear score of a vector w::

    s_t = sum over c of w_c h_{t,c}
    a_t = exp(s_t - max s) / sum over u of exp(s_u - max s)
    p_c = sum over t of a_t h_{t,c}

and with d_t = sum over c of dp_c h_{t,c}, the gradient of a_t::

    ds_t     = a_t (d_t - sum over u of a_u d_u)
    dh_{t,c} = a_t dp_c + ds_t w_c
    dw_{b,c} = sum over t of ds_t h_{t,c}

A sequence of no steps pools to zero.  A weight below the smallest normal number counts as zero.

Axes: B sequences, T steps of which the first ``lengths[b]`` are valid, C channels.
"""

from fastgru._numba import kernel, kernel_part
from fastgru.kernels.activations import exp
from fastgru.kernels.denormals import flush_denormals, restore_denormals
from fastgru.kernels.dots import add_multiple, dot
from fastgru.kernels.vectors import lanes, load_first, store_first
from fastgru.kernels.workers import run_workers, take_next


@kernel_part
def softmax_row(b, length, scores):
    """Replace the first ``length`` scores of a row, at least one, by their softmax.

    Parameters
    ----------
    b : int
        Number of the row.
    length : int
    scores : float (B, T), **overwritten** from 0 to ``length`` in row b
    """
    most = scores[b, 0]
    for t in range(1, length):
        most = max(most, scores[b, t])
    row = b * scores.shape[1]
    for at in range(0, length, lanes(scores)):
        odds = exp(load_first(scores, row + at, length - at) - most)
        store_first(odds, scores, row + at, length - at)
    total = 0.0
    for t in range(length):
        total += scores[b, t]
    for t in range(length):
        scores[b, t] /= total


@kernel_part
def _attend(b, length, y, weight, attention, pooled):
    steps, channels = y.shape[1], y.shape[2]
    for c in range(channels):
        pooled[b, c] = 0.0
    if length == 0:
        return
    for t in range(length):
        attention[b, t] = dot(y, (b * steps + t) * channels, weight, 0, channels)
    softmax_row(b, length, attention)
    for t in range(length):
        y_at = (b * steps + t) * channels
        add_multiple(attention[b, t], y, y_at, pooled, b * channels, channels)


@kernel_part
def _attend_all(worker, shares, lengths, y, weight, attention, pooled):
    before = flush_denormals()
    b = take_next(shares, worker)
    while b < lengths.shape[0]:
        _attend(b, lengths[b], y, weight, attention, pooled)
        b = take_next(shares, worker)
    restore_denormals(before)


@kernel(parallel=True)
def attention_forward(shares, lengths, y, weight, attention, pooled):
    """Take the weighted mean over the valid steps of each sequence.

    Parameters
    ----------
    shares : int64 (W, 8), :func:`.workers.deal`
    lengths : int64 (B,)
    y : float (B, T, C)
    weight : float (C,)
        w.
    attention : float (B, T), **written** at valid steps
        a, from 0 to 1.
    pooled : float (B, C), **written**

    Notes
    -----
    The workers take one sequence after the other, and sums over time are in order: the result does
    not depend on the number of threads.
    """
    run_workers(_attend_all, (shares, lengths, y, weight, attention, pooled))


@kernel_part
def _attend_back(b, length, y, weight, attention, d_pooled, d_scores, d_weight, dy, add):
    steps, channels = y.shape[1], y.shape[2]
    for c in range(channels):
        d_weight[b, c] = 0.0
    mean = 0.0
    for t in range(length):
        y_at = (b * steps + t) * channels
        d_scores[b, t] = dot(y, y_at, d_pooled, b * channels, channels)
        mean += attention[b, t] * d_scores[b, t]
    for t in range(length):
        d_scores[b, t] = attention[b, t] * (d_scores[b, t] - mean)
        y_at = (b * steps + t) * channels
        if not add:
            for c in range(channels):
                dy[b, t, c] = 0.0
        add_multiple(attention[b, t], d_pooled, b * channels, dy, y_at, channels)
        add_multiple(d_scores[b, t], weight, 0, dy, y_at, channels)
        add_multiple(d_scores[b, t], y, y_at, d_weight, b * channels, channels)


@kernel_part
def _attend_all_back(
    worker, shares, lengths, y, weight, attention, d_pooled, d_scores, d_weight, dy, add
):
    before = flush_denormals()
    b = take_next(shares, worker)
    while b < lengths.shape[0]:
        length = lengths[b]
        _attend_back(b, length, y, weight, attention, d_pooled, d_scores, d_weight, dy, add)
        b = take_next(shares, worker)
    restore_denormals(before)


@kernel(parallel=True)
def attention_backward(
    shares, lengths, y, weight, attention, d_pooled, d_scores, d_weight, dy, add
):
    """Take the gradient of the weighted mean to the states and the vector of the scores.

    Parameters
    ----------
    shares : int64 (W, 8), :func:`.workers.deal`
    lengths : int64 (B,)
    y : float (B, T, C)
    weight : float (C,)
    attention : float (B, T)
        As the forward pass has written it.
    d_pooled : float (B, C)
    d_scores : float (B, T), **written** at valid steps
        Scratch memory, at the end the gradient of the scores.
    d_weight : float (B, C), **written**
        Of each sequence apart, so that their sum can be taken in an order that no thread changes.
    dy : float (B, T, C), **written** at valid steps, with ``add`` **added to**
    add : bool
    """
    run_workers(
        _attend_all_back,
        (shares, lengths, y, weight, attention, d_pooled, d_scores, d_weight, dy, add),
    )
