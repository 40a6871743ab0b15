"""Arrays of the recurrent cells of TensorFlow 1, of ``tf.nn.rnn_cell``, as parameters.

::

    BasicLSTMCell, LSTMCell    kernel (I + H, 4H), bias (4H,), gates i, j, f, o, where j is g:
                               c = sigmoid(f + forget_bias) * c' + sigmoid(i) * tanh(j)
    GRUCell                    gates/kernel (I + H, 2H) and gates/bias of r, u, where u is z, then
                               candidate/kernel (I + H, H) and candidate/bias, on r * h

The rows of a kernel are those of the input, then those of the state.  ``forget_bias`` is no
variable but a constant of the cell, 1 unless it was given; here it becomes part of the bias.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from fastgru.errors import ConfigurationError, shorten
from fastgru.interop.keras_weights import OWN_GATES, Direction, float_arrays, gate_order
from fastgru.layers.conversions import reorder_gates

_LSTM = ("kernel", "bias")
_GRU = ("gates/kernel", "gates/bias", "candidate/kernel", "candidate/bias")
_PEEPHOLES = {"w_i_diag": "weight_ci", "w_f_diag": "weight_cf", "w_o_diag": "weight_co"}
_SCOPES = ("gates", "candidate", "projection")
_GATES = "igfo"


def read_cell(
    where: str, source: Mapping[str, ArrayLike] | Sequence[ArrayLike], forget_bias: float
) -> Direction:
    """Return the weights of one cell.

    Parameters
    ----------
    where
        What messages call it.
    source
        The variables by name, of which the end counts (``rnn/lstm_cell/kernel:0``), with the
        peepholes of an LSTMCell if it has them; or a list of kernel and bias, of kernel,
        recurrent kernel and bias of an LSTM where they stand apart, or of a GRUCell's four.
    forget_bias
        What the cell adds to the forget gate of an LSTM.

    Raises
    ------
    ConfigurationError
        If names, number or shapes are those of no such cell.
    """
    named = _named(where, source)
    names = list(named)
    arrays = dict(zip(names, float_arrays(where, list(named.values())), strict=True))
    if set(names) == set(_GRU):
        return _read_gru(where, *(arrays[name] for name in _GRU))
    if set(names) - set(_PEEPHOLES) == set(_LSTM):
        return _read_lstm(where, arrays, forget_bias)
    raise ConfigurationError(
        f"{where}: expected {', '.join(_LSTM)} of an LSTM, with or without "
        f"{', '.join(_PEEPHOLES)}, or {', '.join(_GRU)}, found {shorten(names) or 'nothing'}. Pass "
        "the variables of one cell; projections are not supported."
    )


def _named(
    where: str, source: Mapping[str, ArrayLike] | Sequence[ArrayLike]
) -> dict[str, ArrayLike]:
    """Return the arrays by the ends of their names."""
    if isinstance(source, Mapping):
        ends = {_end_of(name): value for name, value in source.items()}
        if len(ends) < len(source):
            raise ConfigurationError(
                f"{where}: expected the variables of one cell, found more with the same ends: "
                f"{shorten(map(str, source))}. Pass one cell at a time."
            )
        return ends
    if len(source) == len(_GRU):
        return dict(zip(_GRU, source, strict=True))
    if len(source) == 3:
        kernel, recurrent_kernel, bias = float_arrays(where, source)
        if kernel.ndim == 2 and kernel.shape[1:] == recurrent_kernel.shape[1:] == bias.shape:
            return {"kernel": np.concatenate([kernel, recurrent_kernel]), "bias": bias}
    if len(source) == len(_LSTM):
        return dict(zip(_LSTM, source, strict=True))
    raise ConfigurationError(
        f"{where}: expected kernel and bias of an LSTM, or four arrays of a GRUCell, found "
        f"{len(source)} of shapes {[np.shape(array) for array in source]}. Pass the variables of "
        "one cell."
    )


def _end_of(name: str) -> str:
    parts = str(name).split(":")[0].split("/")
    return "/".join(parts[-2:] if parts[-2:-1] and parts[-2] in _SCOPES else parts[-1:])


def _read_lstm(where: str, arrays: dict[str, np.ndarray], forget_bias: float) -> Direction:
    kernel, bias = arrays["kernel"], arrays["bias"]
    hidden = _hidden_size(where, kernel, bias, n_gates=4)
    parameters = _split(kernel, bias, hidden)
    order = gate_order(_GATES, OWN_GATES["LSTM"])
    parameters = {name: reorder_gates(value, order) for name, value in parameters.items()}
    parameters["bias_ih"][hidden : 2 * hidden] += forget_bias
    for name, own in _PEEPHOLES.items():
        if name in arrays:
            if arrays[name].shape != (hidden,) or not set(_PEEPHOLES) <= set(arrays):
                raise ConfigurationError(
                    f"{where}: expected {', '.join(_PEEPHOLES)}, each of shape ({hidden},), found "
                    f"{name} of shape {arrays[name].shape}. Pass all three, or none."
                )
            parameters[own] = arrays[name]
    return Direction("LSTM", parameters)


def _read_gru(where: str, *arrays: np.ndarray) -> Direction:
    gates, gates_bias, candidate, candidate_bias = arrays
    hidden = _hidden_size(where, candidate, candidate_bias, n_gates=1)
    if _hidden_size(where, gates, gates_bias, n_gates=2) != hidden or len(gates) != len(candidate):
        raise ConfigurationError(
            f"{where}: expected kernels of the same cell, found {gates.shape} of the gates and "
            f"{candidate.shape} of the candidate. Pass the variables of one GRUCell."
        )
    kernel = np.concatenate([gates, candidate], axis=1)
    bias = np.concatenate([gates_bias, candidate_bias])
    return Direction("GRU", _split(kernel, bias, hidden), reset_after=False)


def _split(kernel: np.ndarray, bias: np.ndarray, hidden: int) -> dict[str, np.ndarray]:
    weight_ih, weight_hh = kernel[:-hidden].T, kernel[-hidden:].T
    biases = {"bias_ih": bias.copy(), "bias_hh": np.zeros_like(bias)}
    return {"weight_ih": weight_ih, "weight_hh": weight_hh, **biases}


def _hidden_size(where: str, kernel: np.ndarray, bias: np.ndarray, n_gates: int) -> int:
    hidden, rest = divmod(len(bias) if bias.ndim == 1 else 0, n_gates)
    if hidden == 0 or rest or kernel.ndim != 2 or kernel.shape[1] != len(bias):
        expected = f"(inputs + units, {n_gates} * units) and ({n_gates} * units,)"
    elif len(kernel) <= hidden:
        expected = f"more than {hidden} rows, of inputs and of {hidden} units"
    else:
        return hidden
    raise ConfigurationError(
        f"{where}: expected kernel and bias of shapes {expected}, found {kernel.shape} and "
        f"{bias.shape}. Pass the variables of one cell of TensorFlow 1."
    )
