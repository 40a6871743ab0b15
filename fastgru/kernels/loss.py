"""Softmax and its cross-entropy.

::

    p_k  = exp(a_k - max a) / sum over j of exp(a_j - max a)
    loss = - sum over b of w_b log p_{b, y_b} / sum over b of w_b
    dloss/da_{b,k} = w_b (p_{b,k} - [k = y_b]) / sum over b of w_b

Axes: B sequences, K classes; a logits, y targets, w weights.
"""

import math

from fastgru._numba import kernel


@kernel
def softmax(logits, probabilities):
    """Write the probabilities (B, K) of ``logits`` (B, K); **written**."""
    for b in range(logits.shape[0]):
        most = logits[b, 0]
        for k in range(1, logits.shape[1]):
            most = max(most, logits[b, k])
        total = 0.0
        for k in range(logits.shape[1]):
            value = math.exp(logits[b, k] - most)
            probabilities[b, k] = value
            total += value
        for k in range(logits.shape[1]):
            probabilities[b, k] /= total


@kernel
def softmax_cross_entropy(logits, targets, weights, dlogits):
    """Return the weighted mean cross-entropy and write its gradient.

    Parameters
    ----------
    logits : float (B, K)
    targets : int64 (B,), from 0 to K - 1
    weights : float64 (B,), not negative, with a positive sum
    dlogits : float (B, K), **written**

    Returns
    -------
    float64

    Notes
    -----
    Sums run in order in double precision, on one thread.
    """
    total_weight = 0.0
    for b in range(weights.shape[0]):
        total_weight += weights[b]
    softmax(logits, dlogits)
    loss = 0.0
    for b in range(logits.shape[0]):
        most = logits[b, 0]
        for k in range(1, logits.shape[1]):
            most = max(most, logits[b, k])
        total = 0.0
        for k in range(logits.shape[1]):
            total += math.exp(logits[b, k] - most)
        share = weights[b] / total_weight
        loss += share * (math.log(total) + most - logits[b, targets[b]])
        dlogits[b, targets[b]] -= 1.0
        for k in range(logits.shape[1]):
            dlogits[b, k] *= share
    return loss
