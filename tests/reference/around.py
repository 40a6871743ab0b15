"""Slow, obvious versions in float64 NumPy of what the kernels compute.

One sequence, one step, one equation at a time; nothing here is imported from fastgru, and nothing
knows of blocks, panels or vectors.  The equations are those of :mod:`fastgru.kernels.gru` and its
neighbours, their gradients are written out once more by hand.

Axes: B sequences, T time, I input features, H hidden units, K classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

Arrays = Mapping[str, np.ndarray]


class Weights(NamedTuple):
    """The parameters of one direction of one layer, or their gradients."""

    weight_ih: np.ndarray  # (3H, I), gates stacked r, z, n
    weight_hh: np.ndarray  # (3H, H)
    bias_ih: np.ndarray  # (3H,)
    bias_hh: np.ndarray  # (3H,)


class Gates(NamedTuple):
    """What one step computes on its way to the new state; each (H,)."""

    q: np.ndarray
    r: np.ndarray
    z: np.ndarray
    n: np.ndarray


def sigmoid(x: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


# --- one direction, one sequence ----------------------------------------------------------


def gru_gates(x: np.ndarray, h: np.ndarray, w: Weights) -> Gates:
    """The gates of a step with input x (I,) and previous state h (H,)."""
    x_r, x_z, x_n = np.split(w.weight_ih @ x + w.bias_ih, 3)
    h_r, h_z, q = np.split(w.weight_hh @ h + w.bias_hh, 3)
    r = sigmoid(x_r + h_r)
    z = sigmoid(x_z + h_z)
    return Gates(q, r, z, np.tanh(x_n + r * q))


def gru_sequence(x: np.ndarray, h0: np.ndarray, w: Weights) -> np.ndarray:
    """The states after each step, (T, H), of one sequence x (T, I)."""
    states = np.zeros((len(x), len(h0)))
    h = h0
    for t in range(len(x)):
        _, _, z, n = gru_gates(x[t], h, w)
        h = (1 - z) * n + z * h
        states[t] = h
    return states


def gru_sequence_gradients(
    x: np.ndarray, h0: np.ndarray, w: Weights, dstates: np.ndarray
) -> tuple[np.ndarray, np.ndarray, Weights]:
    """Gradients of x, h0 and the weights, given those of the states after each step (T, H)."""
    before = np.concatenate([h0[None], gru_sequence(x, h0, w)])
    dx, dw = np.zeros_like(x), Weights(*(np.zeros_like(part) for part in w))
    dh = np.zeros_like(h0)
    for t in reversed(range(len(x))):
        h = before[t]
        q, r, z, n = gru_gates(x[t], h, w)
        dh = dh + dstates[t]
        dz, dn = dh * (h - n), dh * (1 - z)
        da_z, da_n = dz * z * (1 - z), dn * (1 - n**2)
        dr, dq = da_n * q, da_n * r
        da_r = dr * r * (1 - r)
        dgates_x = np.concatenate([da_r, da_z, da_n])
        dgates_h = np.concatenate([da_r, da_z, dq])
        dx[t] = w.weight_ih.T @ dgates_x
        dh = dh * z + w.weight_hh.T @ dgates_h
        for grad, value in zip(
            dw, (np.outer(dgates_x, x[t]), np.outer(dgates_h, h), dgates_x, dgates_h), strict=True
        ):
            grad += value
    return dx, dh, dw


# --- layers and directions, a batch of sequences ------------------------------------------


def suffixes(parameters: Arrays) -> list[list[str]]:
    """PyTorch's suffixes of each layer's directions, read off the names."""
    found: list[list[str]] = []
    while f"weight_hh_l{len(found)}" in parameters:
        ends = [f"_l{len(found)}", f"_l{len(found)}_reverse"]
        found.append([end for end in ends if "weight_hh" + end in parameters])
    return found


def weights_of(parameters: Arrays, suffix: str) -> Weights:
    """One direction's parameters; absent biases are zero."""
    rows = len(parameters["weight_hh" + suffix])
    return Weights(*(parameters.get(name + suffix, np.zeros(rows)) for name in Weights._fields))


def gru_layers(
    parameters: Arrays, x: np.ndarray, h0: np.ndarray
) -> tuple[list[np.ndarray], np.ndarray]:
    """Inputs of each layer and the output of the last, and final states (L * D, H).

    For one sequence x (T, I), with initial states h0 (L * D, H).
    """
    layers, final = [x], []
    for directions in suffixes(parameters):
        outputs = []
        for side, suffix in enumerate(directions):
            order = slice(None, None, -1 if side else 1)
            start = h0[len(final)]
            states = gru_sequence(layers[-1][order], start, weights_of(parameters, suffix))
            final.append(states[-1] if len(states) else start)
            outputs.append(states[order])
        layers.append(np.concatenate(outputs, axis=1))
    return layers, np.array(final)


def gru(
    parameters: Arrays, x: np.ndarray, lengths: np.ndarray, h0: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """y (B, T, D * H), zero past each length, and h_n (L * D, B, H)."""
    hidden = sum(parameters["weight_hh" + end].shape[1] for end in suffixes(parameters)[-1])
    y, h_n = np.zeros((*x.shape[:2], hidden)), np.zeros_like(h0)
    for b, length in enumerate(lengths):
        layers, h_n[:, b] = gru_layers(parameters, x[b, :length], h0[:, b])
        y[b, :length] = layers[-1]
    return y, h_n


def gru_gradients(
    parameters: Arrays,
    x: np.ndarray,
    lengths: np.ndarray,
    h0: np.ndarray,
    dy: np.ndarray,
    dh_n: np.ndarray,
) -> dict[str, np.ndarray]:
    """Gradients of every parameter by its name, of "x" and of "h0"."""
    grads = {name: np.zeros_like(value) for name, value in parameters.items()}
    grads |= {"x": np.zeros_like(x), "h0": np.zeros_like(h0)}
    for b, length in enumerate(lengths):
        layers, _ = gru_layers(parameters, x[b, :length], h0[:, b])
        dout = dy[b, :length]
        k = len(h0)
        for level, directions in reversed(list(enumerate(suffixes(parameters)))):
            k -= len(directions)
            dinput = np.zeros_like(layers[level])
            for side, suffix in enumerate(directions):
                order = slice(None, None, -1 if side else 1)
                dstates = np.split(dout, len(directions), axis=1)[side][order].copy()
                if length:
                    dstates[-1] += dh_n[k + side, b]
                dx, dh0, dw = gru_sequence_gradients(
                    layers[level][order], h0[k + side, b], weights_of(parameters, suffix), dstates
                )
                dinput += dx[order]
                grads["h0"][k + side, b] = dh0 if length else dh_n[k + side, b]
                for name, value in zip(Weights._fields, dw, strict=True):
                    if name + suffix in grads:
                        grads[name + suffix] += value
            dout = dinput
        grads["x"][b, :length] = dout
    return grads


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


# --- what stands around the recurrence ----------------------------------------------------


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


def softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def cross_entropy(
    logits: np.ndarray, targets: np.ndarray, weights: np.ndarray
) -> tuple[float, np.ndarray]:
    """Weighted mean loss and its gradient (B, K)."""
    share = weights / weights.sum()
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    one_hot = np.eye(logits.shape[1])[targets]
    return float(-(share * log_p[one_hot == 1]).sum()), share[:, None] * (np.exp(log_p) - one_hot)


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
