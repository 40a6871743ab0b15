"""Softmax and its cross-entropy, with smoothed labels and focus on what is hard.

::

    p_k    = exp(a_k - max a) / sum over j of exp(a_j - max a)
    q_k    = (1 - s) [k = y] + s / K
    loss_b = - sum over k of q_k (1 - p_k)^f log p_k
    g_k    = (1 - p_k)^f - f p_k (1 - p_k)^(f - 1) log p_k
    dloss_b/da_k = p_k (sum over j of q_j g_j) - q_k g_k
    loss   = sum over b of w_b loss_b / sum over b of w_b

With s = 0 and f = 0 that is the plain cross-entropy, whose gradient is p_k - [k = y].  Smoothing:
Szegedy et al. 2016, arXiv 1512.00567, section 7; focal loss: Lin et al. 2017, arXiv 1708.02002,
equation 4.

Axes: B sequences, K classes; a logits, y targets, w weights, s label_smoothing, f focal_gamma.
"""

import math

from fastgru._numba import kernel, kernel_part


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


@kernel_part
def _class_part(is_target, surprise, n_classes, label_smoothing, focal_gamma):
    """Return q, g and the loss of a class with ``-log p = surprise``."""
    wanted = label_smoothing / n_classes + (1.0 - label_smoothing if is_target else 0.0)
    if wanted == 0.0:  # whose surprise may be infinite
        return 0.0, 0.0, 0.0
    if focal_gamma == 0.0:
        return wanted, 1.0, surprise
    missed = -math.expm1(-surprise)
    if missed <= 0.0:
        return wanted, 0.0, 0.0
    factor = missed**focal_gamma
    slope = factor + focal_gamma * math.exp(-surprise) * surprise * factor / missed
    return wanted, slope, factor * surprise


@kernel
def softmax_cross_entropy(logits, targets, weights, label_smoothing, focal_gamma, dlogits):
    """Return the weighted mean loss and write its gradient.

    Parameters
    ----------
    logits : float (B, K)
    targets : int64 (B,), from 0 to K - 1
    weights : float64 (B,), not negative, with a positive sum
    label_smoothing : float64, from 0 to below 1
    focal_gamma : float64, not negative
    dlogits : float (B, K), **written**

    Returns
    -------
    float64

    Notes
    -----
    Sums run in order in double precision, on one thread.
    """
    n_classes = logits.shape[1]
    total_weight = 0.0
    for b in range(weights.shape[0]):
        total_weight += weights[b]
    softmax(logits, dlogits)
    loss = 0.0
    for b in range(logits.shape[0]):
        most = logits[b, 0]
        for k in range(1, n_classes):
            most = max(most, logits[b, k])
        total = 0.0
        for k in range(n_classes):
            total += math.exp(logits[b, k] - most)
        log_total = math.log(total) + most
        share = weights[b] / total_weight
        of_all, own_loss = 0.0, 0.0
        for k in range(n_classes):
            wanted, slope, value = _class_part(
                k == targets[b], log_total - logits[b, k], n_classes, label_smoothing, focal_gamma
            )
            own_loss += wanted * value
            of_all += wanted * slope
        for k in range(n_classes):
            wanted, slope, _ = _class_part(
                k == targets[b], log_total - logits[b, k], n_classes, label_smoothing, focal_gamma
            )
            dlogits[b, k] = share * (of_all * dlogits[b, k] - wanted * slope)
        loss += share * own_loss
    return loss
