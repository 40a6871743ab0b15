"""What stands around the recurrence: embedding, pooling, loss, and the step of the optimiser.

Axes: B sequences, T time, I input features, C channels, K classes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


def embed(
    tokens: np.ndarray, lengths: np.ndarray, embedding: np.ndarray, positions: np.ndarray | None
) -> np.ndarray:
    """Dense input (B, T, I) of tokens (B, T), zero past each length."""
    x = np.zeros((*tokens.shape, embedding.shape[1]))
    for b, length in enumerate(lengths):
        for t in range(length):
            x[b, t] = embedding[tokens[b, t]] + (0 if positions is None else positions[t])
    return x


def embedding_gradients(
    dx: np.ndarray, tokens: np.ndarray, lengths: np.ndarray, n_symbols: int, n_positions: int
) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of the two tables of :func:`embed`."""
    dembedding = np.zeros((n_symbols, dx.shape[2]))
    dpositions = np.zeros((n_positions, dx.shape[2]))
    for b, length in enumerate(lengths):
        for t in range(length):
            dembedding[tokens[b, t]] += dx[b, t]
            if n_positions:
                dpositions[t] += dx[b, t]
    return dembedding, dpositions


def convolve(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray,
    *,
    dilation: int = 1,
    stride: int = 1,
    pool: int = 1,
    norm: Callable[[np.ndarray], np.ndarray] | None = None,
) -> np.ndarray:
    """Convolve one sequence (T, I), normalise, rectify, and take the maximum of windows."""
    width = weight.shape[2]
    left = (width - 1) * dilation // 2
    z = np.zeros((-(-len(x) // stride), len(bias)))
    for u in range(len(z)):
        z[u] = bias
        for k in range(width):
            step = u * stride - left + k * dilation
            if 0 <= step < len(x):
                z[u] += weight[:, :, k] @ x[step]
    z = np.maximum(z if norm is None else norm(z), 0)
    windows = [z[u : u + pool].max(axis=0) for u in range(0, len(z), pool)]
    return np.reshape(windows, (-1, len(bias)))


def normalise(
    z: np.ndarray, weight: np.ndarray, bias: np.ndarray, *, axis: int, epsilon: float = 1e-5
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scaled, plain normalised values and deviations of z (T, C): over channels, or over steps."""
    if not z.size:
        return z, z, np.ones((len(z), 1))
    deviation = np.sqrt(z.var(axis=axis, keepdims=True) + epsilon)
    v = (z - z.mean(axis=axis, keepdims=True)) / deviation
    return v * weight + bias, v, deviation


def normalise_gradient(
    d: np.ndarray, v: np.ndarray, deviation: np.ndarray, *, axis: int
) -> np.ndarray:
    """Gradient of z of :func:`normalise`, given that of the plain normalised values."""
    if not d.size:
        return d
    mean, mean_product = (x.mean(axis=axis, keepdims=True) for x in (d, d * v))
    return (d - mean - v * mean_product) / deviation


def pool(h: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and maximum over the valid steps of h (B, T, C); zero where there are none."""
    mean, maximum = np.zeros((len(h), h.shape[2])), np.zeros((len(h), h.shape[2]))
    for b, length in enumerate(lengths):
        if length:
            mean[b], maximum[b] = h[b, :length].mean(axis=0), h[b, :length].max(axis=0)
    return mean, maximum


def pool_gradient(
    h: np.ndarray, lengths: np.ndarray, dmean: np.ndarray, dmaximum: np.ndarray
) -> np.ndarray:
    """Gradient of h; that of the maximum goes to its first step."""
    dh = np.zeros_like(h)
    for b, length in enumerate(lengths):
        for c in range(h.shape[2]):
            if length:
                dh[b, :length, c] = dmean[b, c] / length
                dh[b, np.argmax(h[b, :length, c]), c] += dmaximum[b, c]
    return dh


def attend(h: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights (T,) and weighted mean (C,) of the states h (T, C) of one sequence."""
    if not len(h):
        return np.zeros(0), np.zeros(h.shape[1])
    (attention,) = softmax((h @ weight)[None])
    return attention, attention @ h


def attend_gradient(
    h: np.ndarray, weight: np.ndarray, dpooled: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of h (T, C) and of the weight (C,) of :func:`attend`."""
    attention, _ = attend(h, weight)
    jacobian = np.diag(attention) - np.outer(attention, attention)
    dscores = jacobian @ h @ dpooled
    return np.outer(attention, dpooled) + np.outer(dscores, weight), dscores @ h


def softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def cross_entropy(
    logits: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray,
    label_smoothing: float = 0.0,
    focal_gamma: float = 0.0,
) -> tuple[float, np.ndarray]:
    """Weighted mean loss and its gradient (B, K)."""
    share = (weights / weights.sum())[:, None]
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    p, missed = np.exp(log_p), -np.expm1(log_p)
    n_classes = logits.shape[1]
    q = (1 - label_smoothing) * np.eye(n_classes)[targets] + label_smoothing / n_classes
    factor = missed**focal_gamma
    slope = factor.copy()
    np.subtract(
        slope,
        focal_gamma * p * log_p * factor / np.where(missed > 0, missed, 1),
        out=slope,
        where=missed > 0,
    )
    loss = -(share * np.where(q > 0, q * factor * log_p, 0)).sum()
    return float(loss), share * (p * (q * slope).sum(axis=1, keepdims=True) - q * slope)


class Adam(NamedTuple):
    """Moments after a step."""

    m: np.ndarray
    v: np.ndarray


def adamw_step(
    weight: np.ndarray,
    gradient: np.ndarray,
    state: Adam,
    step: int,
    *,
    learning_rate: float,
    decay: np.ndarray | float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> tuple[np.ndarray, Adam]:
    """One step of Loshchilov and Hutter 2019, algorithm 2, with schedule multiplier eta = 1."""
    m = beta1 * state.m + (1 - beta1) * gradient
    v = beta2 * state.v + (1 - beta2) * gradient**2
    m_hat, v_hat = m / (1 - beta1**step), v / (1 - beta2**step)
    update = learning_rate * (m_hat / (np.sqrt(v_hat) + eps) + decay * weight)
    return weight - update, Adam(m, v)
