"""Arrays of Keras's recurrent layers as parameters of this package, and back.

For each direction Keras keeps ``kernel`` (I, gH), ``recurrent_kernel`` (H, gH) and ``bias``, the
transposes of PyTorch's weights, with the gates stacked z, r, n (GRU) or i, f, g, o (LSTM):

=================  ===========================================================================
a bias of (gH,)    one for both products; of a GRU it says that the reset gate stands before the
                   recurrent product
a bias of (2, 3H)  of a GRU whose reset gate stands after it: that of the input, of the state
a bias of (2gH,)   of cuDNN's layers in Keras 2, whose kernels are each gate's (H, I) in memory
9 or 12 arrays     of Keras 1: W, U and b of z, r, n (GRU) or of i, g, f, o (LSTM)
=================  ===========================================================================

Both z let the state before through, ``h = z * h' + (1 - z) * n``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fastgru.errors import ConfigurationError
from fastgru.layers.conversions import reorder_gates

KERAS_GATES = {"GRU": "zrn", "LSTM": "ifgo", "SimpleRNN": "n"}
OWN_GATES = {"GRU": "rzn", "LSTM": "ifgo", "SimpleRNN": "n"}
_KERAS_1_GATES = {9: "zrn", 12: "igfo"}
_DIRECTIONS = {2: 1, 3: 1, 4: 2, 6: 2, 9: 1, 12: 1, 18: 2, 24: 2}
"""Directions of a layer by the number of its arrays: each number means one thing."""


class Direction(NamedTuple):
    """The weights of one direction of one layer.

    Attributes
    ----------
    kind : str
        ``"GRU"``, ``"LSTM"`` or ``"SimpleRNN"``.
    parameters : dict of np.ndarray
        By PyTorch's names without the layer, such as ``weight_ih``, gates in PyTorch's order.
    reset_after : bool or None
        What the bias says of a GRU; None without a bias, and of the others.
    """

    kind: str
    parameters: dict[str, np.ndarray]
    reset_after: bool | None = None

    @property
    def input_size(self) -> int:
        """Features of each step."""
        return int(self.parameters["weight_ih"].shape[1])

    @property
    def hidden_size(self) -> int:
        """Units."""
        return int(self.parameters["weight_hh"].shape[1])


def gate_order(given: str, wanted: str) -> list[int]:
    """Return the numbers of the gates, a letter for each, in another order."""
    return [given.index(gate) for gate in wanted]


def float_arrays(where: str, arrays: Sequence[ArrayLike]) -> list[np.ndarray]:
    """Return the arrays in float64 if one of them is, else in float32.

    Raises
    ------
    ConfigurationError
        If one holds no real numbers, or is ragged.
    """
    try:
        given = [np.asarray(array) for array in arrays]
    except ValueError as error:
        raise ConfigurationError(
            f"{where}: expected arrays, found a ragged one. Pass what get_weights() returns."
        ) from error
    for array in given:
        if array.dtype.kind not in "fiu":
            raise ConfigurationError(
                f"{where}: expected arrays of real numbers, found one of type {array.dtype}. "
                "Pass what get_weights() returns."
            )
    wide = any(array.dtype == np.float64 for array in given)
    return [array.astype(np.float64 if wide else np.float32) for array in given]


def read_directions(where: str, arrays: Sequence[ArrayLike]) -> list[Direction]:
    """Return one direction, or forward and backward, from what ``get_weights()`` returns.

    Parameters
    ----------
    where
        What messages call the layer.
    arrays
        Of one recurrent layer, or of a ``Bidirectional``.

    Raises
    ------
    ConfigurationError
        If number or shapes are those of no recurrent layer.
    """
    given = float_arrays(where, arrays)
    if len(given) not in _DIRECTIONS:
        raise ConfigurationError(
            f"{where}: expected the 2 or 3 arrays of a GRU, LSTM or SimpleRNN, twice as many of a "
            f"Bidirectional, or the 9 or 12 of Keras 1, found {len(given)}. Pass what "
            "get_weights() of one layer returns."
        )
    size = len(given) // _DIRECTIONS[len(given)]
    parts = [given[first : first + size] for first in range(0, len(given), size)]
    found = [_read_direction(where, part) for part in parts]
    if len({(one.kind, one.input_size, one.hidden_size, one.reset_after) for one in found}) > 1:
        raise ConfigurationError(
            f"{where}: expected two directions of the same kind and sizes, found "
            f"{', '.join(_described(one) for one in found)}. Load them one by one."
        )
    return found


def _described(direction: Direction) -> str:
    return f"a {direction.kind} from {direction.input_size} to {direction.hidden_size} units"


def _read_direction(where: str, arrays: list[np.ndarray]) -> Direction:
    if len(arrays) in _KERAS_1_GATES:
        arrays = _join_keras_1(where, arrays)
    kernel, recurrent_kernel, *biases = arrays
    kind = _kind_of(where, kernel, recurrent_kernel)
    hidden, rows = recurrent_kernel.shape
    weight_ih, weight_hh, reset_after = kernel.T, recurrent_kernel.T, None
    bias_ih = bias_hh = None
    if biases:
        bias = biases[0]
        is_cudnn = bias.shape == (2 * rows,) and kind != "SimpleRNN"
        if is_cudnn:
            blocks = [block.reshape(hidden, -1) for block in np.split(kernel, rows // hidden, 1)]
            weight_ih = np.concatenate(blocks)
            blocks = np.split(recurrent_kernel, rows // hidden, 1)
            weight_hh = np.concatenate(blocks)
            bias = bias.reshape(2, -1)
        bias_ih, bias_hh = _split_bias(where, kind, bias, rows, is_cudnn)
        reset_after = bias.ndim > 1 if kind == "GRU" else None
    parameters = {"weight_ih": weight_ih, "weight_hh": weight_hh}
    if bias_ih is not None and bias_hh is not None:
        parameters |= {"bias_ih": bias_ih, "bias_hh": bias_hh}
    order = gate_order(KERAS_GATES[kind], OWN_GATES[kind])
    reordered = {name: reorder_gates(value, order) for name, value in parameters.items()}
    return Direction(kind, reordered, reset_after)


def _split_bias(
    where: str, kind: str, bias: np.ndarray, rows: int, is_cudnn: bool
) -> tuple[np.ndarray, np.ndarray]:
    if bias.shape == (rows,):
        return bias, np.zeros_like(bias)
    if bias.shape == (2, rows) and (kind == "GRU" or is_cudnn):
        return bias[0], bias[1]
    also = f" or (2, {rows})" if kind == "GRU" else ""
    raise ConfigurationError(
        f"{where}: expected a bias of shape ({rows},){also} for this {kind}, found {bias.shape}. "
        "Pass what get_weights() returns."
    )


def _kind_of(where: str, kernel: np.ndarray, recurrent_kernel: np.ndarray) -> str:
    """Return the kind of layer, which the number of gates tells."""
    kinds = {len(gates): kind for kind, gates in KERAS_GATES.items()}
    if kernel.ndim == 2 == recurrent_kernel.ndim and kernel.size and recurrent_kernel.size:
        hidden, rows = recurrent_kernel.shape
        if kernel.shape[1] == rows and rows % hidden == 0 and rows // hidden in kinds:
            return kinds[rows // hidden]
    raise ConfigurationError(
        f"{where}: expected a kernel (inputs, g * units) and a recurrent kernel (units, g * units) "
        f"with g of 1, 3 or 4 gates, found {kernel.shape} and {recurrent_kernel.shape}. Pass what "
        "get_weights() returns, or say gate_order='tensorflow1'."
    )


def _join_keras_1(where: str, arrays: list[np.ndarray]) -> list[np.ndarray]:
    """Return kernel, recurrent kernel and bias from those of each gate."""
    gates = _KERAS_1_GATES[len(arrays)]
    kind = "GRU" if len(gates) == 3 else "LSTM"
    joined = []
    for place, n_axes in enumerate((2, 2, 1)):
        blocks = arrays[place::3]
        if any(block.ndim != n_axes or block.shape != blocks[0].shape for block in blocks):
            raise ConfigurationError(
                f"{where}: expected W, U and b of each gate in turn, each of one shape, found "
                f"shapes {[block.shape for block in arrays]}. Pass what get_weights() returns."
            )
        stacked = np.concatenate([block.T for block in blocks])
        joined.append(reorder_gates(stacked, gate_order(gates, KERAS_GATES[kind])).T)
    return joined


def write_direction(
    kind: str, parameters: dict[str, np.ndarray], one_bias: bool
) -> list[np.ndarray]:
    """Return kernel, recurrent kernel and, if there are biases, bias of one direction.

    Parameters
    ----------
    kind
    parameters
        As :attr:`Direction.parameters`.
    one_bias
        Whether both biases are summed, as all layers of Keras do but the GRU with its reset gate
        after the recurrent product.
    """
    order = gate_order(OWN_GATES[kind], KERAS_GATES[kind])
    given = {name: reorder_gates(value, order) for name, value in parameters.items()}
    arrays = [given["weight_ih"].T, given["weight_hh"].T]
    if "bias_ih" in given:
        biases = given["bias_ih"], given["bias_hh"]
        arrays.append(sum(biases) if one_bias else np.stack(biases))  # type: ignore[arg-type]
    return [np.ascontiguousarray(array) for array in arrays]
