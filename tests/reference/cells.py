"""One step of each recurrent cell, and its gradient, written out by hand.

Every equation stands as in the textbook, for all sequences of a batch at once.  The states of a
cell are one array: h alone, or h and c.

Axes: S states, B sequences, I input features, H hidden units, G gates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

Weights = Mapping[str, np.ndarray]
"""Parameters of one direction by PyTorch's names without their suffix; none is absent."""

Gradients = tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]
"""Of x (B, I), of the states before the step (S, B, H), and of the weights."""

PEEPHOLES = ("weight_ci", "weight_cf", "weight_co")


def sigmoid(x: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def input_part(x: np.ndarray, w: Weights) -> np.ndarray:
    """(G, B, H): what the input adds to each gate."""
    return np.array(np.split(x @ w["weight_ih"].T + w["bias_ih"], _gates(w), axis=1))


def recurrent_part(h: np.ndarray, w: Weights) -> np.ndarray:
    """(G, B, H): what the state adds to each gate."""
    return np.array(np.split(h @ w["weight_hh"].T + w["bias_hh"], _gates(w), axis=1))


def _gates(w: Weights) -> int:
    return len(w["weight_hh"]) // w["weight_hh"].shape[1]


def _through_products(
    x: np.ndarray, h: np.ndarray, w: Weights, d_input: list[np.ndarray], d_recurrent: list
) -> Gradients:
    """Take the gradients of the two parts through their products."""
    d_x, d_h = np.concatenate(d_input, axis=1), np.concatenate(d_recurrent, axis=1)
    dw = {
        "weight_ih": d_x.T @ x,
        "weight_hh": d_h.T @ h,
        "bias_ih": d_x.sum(axis=0),
        "bias_hh": d_h.sum(axis=0),
    }
    return d_x @ w["weight_ih"], d_h @ w["weight_hh"], dw


# --- gated recurrent unit, reset after ----------------------------------------------------


def _gru_gates(x: np.ndarray, h: np.ndarray, w: Weights) -> tuple[np.ndarray, ...]:
    (x_r, x_z, x_n), (h_r, h_z, q) = input_part(x, w), recurrent_part(h, w)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    return q, r, z, np.tanh(x_n + r * q)


def gru_step(x: np.ndarray, states: np.ndarray, w: Weights) -> np.ndarray:
    (h,) = states
    _, _, z, n = _gru_gates(x, h, w)
    return np.array([(1 - z) * n + z * h])


def gru_gradients(x: np.ndarray, states: np.ndarray, w: Weights, dstates: np.ndarray) -> Gradients:
    (h,), (d,) = states, dstates
    q, r, z, n = _gru_gates(x, h, w)
    da_n, da_z = d * (1 - z) * (1 - n**2), d * (h - n) * z * (1 - z)
    da_r = da_n * q * r * (1 - r)
    dx, dh, dw = _through_products(x, h, w, [da_r, da_z, da_n], [da_r, da_z, da_n * r])
    return dx, np.array([dh + d * z]), dw


# --- gated recurrent unit, reset before ---------------------------------------------------


def _parts_of_new(w: Weights) -> tuple[np.ndarray, np.ndarray]:
    """W_hn and b_hn."""
    hidden = w["weight_hh"].shape[1]
    return w["weight_hh"][2 * hidden :], w["bias_hh"][2 * hidden :]


def _reset_before_gates(x: np.ndarray, h: np.ndarray, w: Weights) -> tuple[np.ndarray, ...]:
    (x_r, x_z, x_n), (h_r, h_z, _) = input_part(x, w), recurrent_part(h, w)
    weight, bias = _parts_of_new(w)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    return r, z, np.tanh(x_n + (r * h) @ weight.T + bias)


def reset_before_step(x: np.ndarray, states: np.ndarray, w: Weights) -> np.ndarray:
    (h,) = states
    _, z, n = _reset_before_gates(x, h, w)
    return np.array([(1 - z) * n + z * h])


def reset_before_gradients(
    x: np.ndarray, states: np.ndarray, w: Weights, dstates: np.ndarray
) -> Gradients:
    (h,), (d,) = states, dstates
    r, z, n = _reset_before_gates(x, h, w)
    weight, _ = _parts_of_new(w)
    da_n, da_z = d * (1 - z) * (1 - n**2), d * (h - n) * z * (1 - z)
    d_reset = da_n @ weight  # gradient of r * h
    da_r = d_reset * h * r * (1 - r)
    # The new gate's own product takes r * h in the place of h.
    nothing = np.zeros_like(da_n)
    dx, dh, dw = _through_products(x, h, w, [da_r, da_z, da_n], [da_r, da_z, nothing])
    hidden = h.shape[1]
    dw["weight_hh"][2 * hidden :] = da_n.T @ (r * h)
    dw["bias_hh"][2 * hidden :] = da_n.sum(axis=0)
    return dx, np.array([dh + d * z + d_reset * r]), dw


# --- long short-term memory ---------------------------------------------------------------


def _lstm_gates(x: np.ndarray, h: np.ndarray, c: np.ndarray, w: Weights) -> tuple[np.ndarray, ...]:
    a_i, a_f, a_g, a_o = input_part(x, w) + recurrent_part(h, w)
    i, f = sigmoid(a_i + w["weight_ci"] * c), sigmoid(a_f + w["weight_cf"] * c)
    g = np.tanh(a_g)
    c_new = f * c + i * g
    return i, f, g, c_new, sigmoid(a_o + w["weight_co"] * c_new)


def lstm_step(x: np.ndarray, states: np.ndarray, w: Weights) -> np.ndarray:
    h, c = states
    _, _, _, c_new, o = _lstm_gates(x, h, c, w)
    return np.array([o * np.tanh(c_new), c_new])


def lstm_gradients(x: np.ndarray, states: np.ndarray, w: Weights, dstates: np.ndarray) -> Gradients:
    (h, c), (dh_new, dc_new) = states, dstates
    i, f, g, c_new, o = _lstm_gates(x, h, c, w)
    da_o = dh_new * np.tanh(c_new) * o * (1 - o)
    e = dc_new + dh_new * o * (1 - np.tanh(c_new) ** 2) + w["weight_co"] * da_o
    da_i, da_f, da_g = e * g * i * (1 - i), e * c * f * (1 - f), e * i * (1 - g**2)
    gates = [da_i, da_f, da_g, da_o]
    dx, dh, dw = _through_products(x, h, w, gates, gates)
    dc = e * f + w["weight_ci"] * da_i + w["weight_cf"] * da_f
    for name, product in zip(PEEPHOLES, (da_i * c, da_f * c, da_o * c_new), strict=True):
        dw[name] = product.sum(axis=0)
    return dx, np.array([dh, dc]), dw


# --- plain recurrent network --------------------------------------------------------------


def pre_activation(x: np.ndarray, h: np.ndarray, w: Weights) -> np.ndarray:
    return input_part(x, w)[0] + recurrent_part(h, w)[0]


def tanh_step(x: np.ndarray, states: np.ndarray, w: Weights) -> np.ndarray:
    return np.tanh([pre_activation(x, states[0], w)])


def tanh_gradients(x: np.ndarray, states: np.ndarray, w: Weights, dstates: np.ndarray) -> Gradients:
    da = dstates[0] * (1 - np.tanh(pre_activation(x, states[0], w)) ** 2)
    dx, dh, dw = _through_products(x, states[0], w, [da], [da])
    return dx, dh[None], dw


def relu_step(x: np.ndarray, states: np.ndarray, w: Weights) -> np.ndarray:
    return np.maximum([pre_activation(x, states[0], w)], 0)


def relu_gradients(x: np.ndarray, states: np.ndarray, w: Weights, dstates: np.ndarray) -> Gradients:
    da = dstates[0] * (pre_activation(x, states[0], w) > 0)
    dx, dh, dw = _through_products(x, states[0], w, [da], [da])
    return dx, dh[None], dw


class Cell(NamedTuple):
    """A cell by its equations."""

    gates: int
    states: tuple[str, ...]
    step: Callable[[np.ndarray, np.ndarray, Weights], np.ndarray]
    gradients: Callable[[np.ndarray, np.ndarray, Weights, np.ndarray], Gradients]
    peepholes: bool = False


GRU = Cell(3, ("h",), gru_step, gru_gradients)
GRU_RESET_BEFORE = Cell(3, ("h",), reset_before_step, reset_before_gradients)
LSTM = Cell(4, ("h", "c"), lstm_step, lstm_gradients)
LSTM_PEEPHOLES = LSTM._replace(peepholes=True)
RNN_TANH = Cell(1, ("h",), tanh_step, tanh_gradients)
RNN_RELU = Cell(1, ("h",), relu_step, relu_gradients)
