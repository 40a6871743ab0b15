"""The best path through a linear-chain conditional random field.

Viterbi 1967, doi:10.1109/TIT.1967.1054010::

    v_{1,k} = s_k + x_{1,k}
    v_{t,k} = x_{t,k} + max over j of (v_{t-1,j} + A_{j,k})
    y_T     = argmax over k of (v_{T,k} + e_k)
    y_t     = argmax over j of (v_{t,j} + A_{j,y_{t+1}})

Axes: B sequences, T steps of which the first ``lengths[b]`` are valid, K labels; x logits,
A transitions from row to column, s start, e end, W workers.  Sums are in double precision.
"""

import math

from fastgru._numba import kernel, kernel_part
from fastgru.kernels.denormals import flush_denormals, restore_denormals
from fastgru.kernels.workers import run_workers, take_next


@kernel_part
def _decode(worker, b, last, logits, transitions, start, end, work, path):
    """Write the best path, from its end back, by the best score of a path to each label."""
    n_labels = logits.shape[2]
    for t in range(last + 1):
        for k in range(n_labels):
            most = -math.inf
            if t == 0:
                most = start[k]
            for j in range(n_labels if t > 0 else 0):
                most = max(most, work[worker, t - 1, j] + transitions[j, k])
            work[worker, t, k] = most
            work[worker, t, k] += logits[b, t, k]
    best = 0
    for k in range(1, n_labels):
        if work[worker, last, k] + end[k] > work[worker, last, best] + end[best]:
            best = k
    path[b, last] = best
    for t in range(last - 1, -1, -1):
        after, best = best, 0
        for j in range(1, n_labels):
            score = work[worker, t, j] + transitions[j, after]
            if score > work[worker, t, best] + transitions[best, after]:
                best = j
        path[b, t] = best


@kernel_part
def _decode_all(worker, shares, lengths, logits, transitions, start, end, work, path):
    before = flush_denormals()
    b = take_next(shares, worker)
    while b < lengths.shape[0]:
        if lengths[b] > 0:
            _decode(worker, b, lengths[b] - 1, logits, transitions, start, end, work, path)
        b = take_next(shares, worker)
    restore_denormals(before)


@kernel(parallel=True)
def crf_decode(shares, lengths, logits, transitions, start, end, work, path):
    """Find the path with the highest score.

    Parameters
    ----------
    shares : int64 (W, 8), :func:`.workers.deal`
    lengths : int64 (B,)
    logits : float (B, T, K)
    transitions : float (K, K)
    start : float (K,)
    end : float (K,)
    work : float64 (W, T, K), **written**
        Scratch memory.
    path : int64 (B, T), **written** at valid steps
        From 0 to K - 1; of equal scores the smaller label, from the end back.
    """
    run_workers(
        _decode_all,
        (shares, lengths, logits, transitions, start, end, work, path),
    )
