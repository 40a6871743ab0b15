"""Weights of other conventions turned into those of this package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from fastgru.errors import ConfigurationError

_GATES = 3  # r, z, n
_KINDS = ("weight_ih_l", "weight_hh_l", "bias_ih_l", "bias_hh_l")

ONNX_GATES = {"gru": (1, 0, 2), "lstm": (0, 3, 1, 2), "rnn": (0,)}
"""Of each cell the numbers of PyTorch's gates in the order of ONNX: z r n, and i o f g."""


def reorder_gates(array: np.ndarray, order: Sequence[int]) -> np.ndarray:
    """Return a weight or bias with its gates in another order.

    Parameters
    ----------
    array
        (G * H, ...), gates stacked.
    order
        Numbers of the gates, from the first of the result to the last.
    """
    gates = array.reshape(len(order), -1, *array.shape[1:])
    reordered: np.ndarray = gates[list(order)].reshape(array.shape)
    return reordered


def swap_update_gate(state_dict: Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
    """Return GRU weights with the update gate in its other sense.

    Papers disagree on what the update gate z lets through: the state before (as here and in
    PyTorch) or the new one, ``h_t = (1 - z_t) * h_{t-1} + z_t * n_t`` (Chung et al. 2014, arXiv
    1412.3555, equation 5).  Since ``1 - sigmoid(a) = sigmoid(-a)``, the two differ in the sign of
    the weights and biases of z alone.  The conversion undoes itself.

    Parameters
    ----------
    state_dict
        Arrays by PyTorch's names, gates stacked r, z, n; any layers and directions.

    Returns
    -------
    dict of np.ndarray
        Copies by the same names.

    Raises
    ------
    ConfigurationError
        If there are other names than those of a GRU, none, or a shape without three gates.

    Examples
    --------
    >>> gru.load_state_dict(fastgru.swap_update_gate(weights_of_the_paper))
    """
    if not any(name.startswith("weight_hh_l") for name in state_dict):
        raise ConfigurationError(
            f"state dict: expected the weights of a GRU, such as weight_hh_l0, found "
            f"{sorted(state_dict) or 'nothing'}. Pass what GRU.state_dict() returns."
        )
    return {name: _with_swapped_gate(name, value) for name, value in state_dict.items()}


def _with_swapped_gate(name: str, value: ArrayLike) -> np.ndarray:
    array = np.array(value)
    expected_axes = 2 if name.startswith("weight") else 1
    rows = len(array) if array.ndim == expected_axes else 0
    square = not name.startswith("weight_hh") or array.shape[1:] == (rows // _GATES,)
    if not name.startswith(_KINDS) or rows == 0 or rows % _GATES or not square:
        raise ConfigurationError(
            f"state dict: expected the weights of a GRU, three gates in each, found {name} of "
            f"shape {array.shape}. Pass what GRU.state_dict() returns."
        )
    hidden = rows // _GATES
    array[hidden : 2 * hidden] *= -1
    return array
