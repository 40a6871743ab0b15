"""Recurrent layers by the formulas of Keras and of TensorFlow 1, in float64, on their arrays.

Axes: B sequences, T steps, I input features, H units.  Each function returns all states (B, T, H).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]

FUNCTIONS: dict[str, Function] = {
    "tanh": np.tanh,
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "hard_sigmoid of Keras 2": lambda a: np.clip(0.2 * a + 0.5, 0, 1),
    "hard_sigmoid of Keras 3": lambda a: np.clip(a / 6 + 0.5, 0, 1),
    "relu": lambda a: np.maximum(a, 0),
    "linear": lambda a: a,
    "elu": lambda a: np.where(a > 0, a, np.expm1(np.minimum(a, 0))),
    "softsign": lambda a: a / (1 + abs(a)),
    "softplus": lambda a: np.log1p(np.exp(a)),
    "leaky_relu": lambda a: np.where(a > 0, a, 0.2 * a),
}
SIGMOID = FUNCTIONS["sigmoid"]


def scan(x: np.ndarray, hidden: int, step: Callable[..., tuple[np.ndarray, ...]]) -> np.ndarray:
    """Run ``step(x_t, *states)`` from zero states, and return the first state of each step."""
    state: tuple[np.ndarray, ...] = (np.zeros((len(x), hidden)), np.zeros((len(x), hidden)))
    states = []
    for t in range(x.shape[1]):
        state = step(x[:, t], *state)
        states.append(state[0])
    return np.stack(states, axis=1)


def gru(
    x: np.ndarray, arrays: Sequence[np.ndarray], gate: Function = SIGMOID, f: Function = np.tanh
) -> np.ndarray:
    """Keras's GRU; a bias of two rows means ``reset_after``, and none does, too."""
    kernel, recurrent, *biases = (np.asarray(a, np.float64) for a in arrays)
    hidden = len(recurrent)
    reset_after = not biases or biases[0].ndim == 2
    bias = biases[0] if biases else np.zeros((2, 3 * hidden))
    input_bias, state_bias = bias if reset_after else (bias, np.zeros(3 * hidden))

    def step(x_t: np.ndarray, h: np.ndarray, _: np.ndarray) -> tuple[np.ndarray, ...]:
        xz, xr, xn = np.split(x_t @ kernel + input_bias, 3, axis=1)
        hz, hr, hn = np.split(h @ recurrent + state_bias, 3, axis=1)
        z, r = gate(xz + hz), gate(xr + hr)
        n = f(xn + r * hn) if reset_after else f(xn + (r * h) @ recurrent[:, 2 * hidden :])
        return z * h + (1 - z) * n, h

    return scan(x, hidden, step)


def lstm(
    x: np.ndarray, arrays: Sequence[np.ndarray], gate: Function = SIGMOID, f: Function = np.tanh
) -> np.ndarray:
    """Keras's LSTM."""
    kernel, recurrent, *biases = (np.asarray(a, np.float64) for a in arrays)

    def step(x_t: np.ndarray, h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, ...]:
        i, forget, g, o = np.split(x_t @ kernel + h @ recurrent + sum(biases), 4, axis=1)
        c = gate(forget) * c + gate(i) * f(g)
        return gate(o) * f(c), c

    return scan(x, len(recurrent), step)


def simple_rnn(x: np.ndarray, arrays: Sequence[np.ndarray], f: Function = np.tanh) -> np.ndarray:
    """Keras's SimpleRNN."""
    kernel, recurrent, *biases = (np.asarray(a, np.float64) for a in arrays)
    return scan(
        x, len(recurrent), lambda x_t, h, _: (f(x_t @ kernel + h @ recurrent + sum(biases)), h)
    )


def both_ways(
    layer: Callable[..., np.ndarray], x: np.ndarray, arrays: Sequence[np.ndarray]
) -> np.ndarray:
    """Keras's Bidirectional with ``merge_mode='concat'``, (B, T, 2H)."""
    half = len(arrays) // 2
    forward, backward = layer(x, arrays[:half]), layer(x[:, ::-1], arrays[half:])
    return np.concatenate([forward, backward[:, ::-1]], axis=2)


def tensorflow1_lstm(
    x: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray,
    forget_bias: float = 1.0,
    diagonals: Sequence[np.ndarray] = (0, 0, 0),  # type: ignore[assignment]
) -> np.ndarray:
    """BasicLSTMCell, and LSTMCell with the peepholes w_i_diag, w_f_diag and w_o_diag."""
    w_i, w_f, w_o = diagonals

    def step(x_t: np.ndarray, h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, ...]:
        i, j, f, o = np.split(np.concatenate([x_t, h], axis=1) @ kernel + bias, 4, axis=1)
        c = SIGMOID(f + forget_bias + w_f * c) * c + SIGMOID(i + w_i * c) * np.tanh(j)
        return SIGMOID(o + w_o * c) * np.tanh(c), c

    return scan(x, len(bias) // 4, step)


def tensorflow1_gru(x: np.ndarray, *arrays: np.ndarray) -> np.ndarray:
    """GRUCell: kernel and bias of the gates r and u, then those of the candidate."""
    gates, gates_bias, candidate, candidate_bias = arrays

    def step(x_t: np.ndarray, h: np.ndarray, _: np.ndarray) -> tuple[np.ndarray, ...]:
        both = SIGMOID(np.concatenate([x_t, h], axis=1) @ gates + gates_bias)
        r, u = np.split(both, 2, axis=1)
        c = np.tanh(np.concatenate([x_t, r * h], axis=1) @ candidate + candidate_bias)
        return u * h + (1 - u) * c, h

    return scan(x, len(candidate_bias), step)
