"""The recurrent operators of ONNX, and how their weights stand in the layers.

ONNX stacks the gates in another order than PyTorch and this package, and gives all directions in
one array::

    W (D, G H, I)      weight_ih of each direction
    R (D, G H, H)      weight_hh
    B (D, 2 G H)       bias_ih, then bias_hh
    P (D, 3 H)         peepholes of i, o and f

as the operators GRU, LSTM and RNN of ONNX (opset 22) define them.  The senses of the gates are the
same: ONNX's z lets the state before through, as PyTorch's does.

Axes: D directions, G gates, H hidden units, I features of the input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fastgru.layers.conversions import ONNX_GATES, reorder_gates
from fastgru.layers.gru import GRU
from fastgru.layers.lstm import LSTM
from fastgru.layers.rnn import RNN

__all__ = ["OPERATORS", "Operator", "stack_weights", "weights_of_direction"]

_PEEPHOLES = ("weight_ci", "weight_co", "weight_cf")


@dataclass(frozen=True)
class Operator:
    """A recurrent operator.

    Attributes
    ----------
    name : str
        ONNX's.
    layer : type
        The class of the layer that computes it.
    inputs, outputs : tuple of str
        ONNX's names of them, in order.
    functions : int
        Activation functions of a direction.
    """

    name: str
    layer: type[GRU | LSTM | RNN]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    functions: int

    @property
    def order(self) -> tuple[int, ...]:
        """Which gate of the layer stands in each place of ONNX's."""
        return ONNX_GATES[self.name.lower()]

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the inputs that are initial states."""
        return tuple(name for name in self.inputs if name.startswith("initial_"))


_INPUTS = ("X", "W", "R", "B", "sequence_lens", "initial_h")
OPERATORS = {
    "GRU": Operator("GRU", GRU, _INPUTS, ("Y", "Y_h"), 2),
    "LSTM": Operator("LSTM", LSTM, (*_INPUTS, "initial_c", "P"), ("Y", "Y_h", "Y_c"), 3),
    "RNN": Operator("RNN", RNN, _INPUTS, ("Y", "Y_h"), 1),
}
"""By ONNX's names."""


def weights_of_direction(
    operator: Operator, arrays: Mapping[str, np.ndarray], direction: int
) -> dict[str, np.ndarray]:
    """Return the weights of one direction as a layer of one direction takes them.

    Parameters
    ----------
    operator
    arrays
        W and R, and B and P where they are given.
    direction
        Which of those that are stacked.

    Returns
    -------
    dict of np.ndarray
        By PyTorch's names: ``weight_ih_l0`` and so on.
    """
    order = [int(gate) for gate in np.argsort(operator.order)]
    weights = {
        "weight_ih_l0": reorder_gates(arrays["W"][direction], order),
        "weight_hh_l0": reorder_gates(arrays["R"][direction], order),
    }
    if "B" in arrays:
        for name, part in zip(("ih", "hh"), np.split(arrays["B"][direction], 2), strict=True):
            weights[f"bias_{name}_l0"] = reorder_gates(part, order)
    if "P" in arrays:
        parts = np.split(arrays["P"][direction], len(_PEEPHOLES))
        weights |= {f"{name}_l0": part for name, part in zip(_PEEPHOLES, parts, strict=True)}
    return weights


def stack_weights(
    operator: Operator, directions: list[dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Return W and R, and B and P where there are such weights: what undoes the above.

    Parameters
    ----------
    operator
    directions
        The weights of each direction, or their gradients, by PyTorch's names.
    """

    def stacked(*names: str) -> np.ndarray:
        return np.stack([np.concatenate([one[name] for name in names]) for one in reordered])

    peepholes = [f"{name}_l0" for name in _PEEPHOLES]
    reordered = [
        {
            name: value if name in peepholes else reorder_gates(value, operator.order)
            for name, value in one.items()
        }
        for one in directions
    ]
    arrays = {"W": stacked("weight_ih_l0"), "R": stacked("weight_hh_l0")}
    if "bias_ih_l0" in directions[0]:
        arrays["B"] = stacked("bias_ih_l0", "bias_hh_l0")
    if peepholes[0] in directions[0]:
        arrays["P"] = stacked(*peepholes)
    return arrays
