"""The inputs of a recurrent ONNX node, checked before anything is computed.

Axes: B sequences, T time, D directions, G gates, H hidden units, I features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastgru.errors import ConfigurationError
from fastgru.layers.checks import check_shape
from fastgru.onnx.attributes import Attributes

__all__ = ["Arrays", "NodeInputs", "check_inputs", "name_inputs"]

Arrays = dict[str, np.ndarray]
NodeInputs = Sequence[Any] | Mapping[str, Any]

COMPUTED_IN = {
    np.dtype(np.float16): "float32",
    np.dtype(np.float32): "float32",
    np.dtype(np.float64): "float64",
}
"""The types that a node may have, and that in which each is computed."""


def name_inputs(where: str, named: Mapping[str, str], n_places: int, inputs: NodeInputs) -> Arrays:
    """Return the arrays by ONNX's names.

    Parameters
    ----------
    where
        What messages call the node.
    named
        The node's name of each input that it does not leave out, by ONNX's name, in order.
    n_places
        Inputs of the node, those included that it leaves out.
    inputs
        As in :meth:`fastgru.onnx.Node.forward`.

    Raises
    ------
    ConfigurationError
        If there are more or fewer than the node names.
    """
    if isinstance(inputs, Mapping):
        missing = [name for name in named.values() if inputs.get(name) is None]
        if missing:
            raise ConfigurationError(
                f"{where}: inputs lack {', '.join(missing)}, got {', '.join(inputs) or 'none'}."
            )
        return {formal: np.asarray(inputs[name]) for formal, name in named.items()}
    values = [value for value in inputs if value is not None]
    if len(values) != len(named) or len(inputs) not in (len(named), n_places):
        raise ConfigurationError(
            f"{where}: expected {len(named)} arrays as inputs, for {', '.join(named.values())}, "
            f"got {len(values)}."
        )
    return {formal: np.asarray(value) for formal, value in zip(named, values, strict=True)}


def check_inputs(where: str, attributes: Attributes, given: Arrays) -> Arrays:
    """Return the inputs as the layers take them: batch first, in the type of computation.

    Parameters
    ----------
    where
        What messages call the node.
    attributes
    given
        By ONNX's names.

    Returns
    -------
    dict of np.ndarray
        By ONNX's names: X (B, T, I), initial states (D, B, H), sequence_lens int64 (B,) in any
        case, and the weights.

    Raises
    ------
    ConfigurationError
        For a type, shape or value that does not fit.
    """
    for name, array in given.items():
        _check_type(where, name, array, given["X"].dtype)
    operator, directions = attributes.operator, len(attributes.reverse)
    dtype, gates = np.dtype(COMPUTED_IN[given["X"].dtype]), len(operator.order)

    def shaped(name: str, *shape: int | str) -> np.ndarray:
        return check_shape(f"{where}: {name}", given[name], shape, dtype)

    axes = ("batch", "time") if attributes.batch_first else ("time", "batch")
    x = shaped("X", *axes, "features")
    x = x if attributes.batch_first else np.ascontiguousarray(x.swapaxes(0, 1))
    n_sequences, n_steps, features = x.shape
    hidden = attributes.hidden_size or (given["R"].shape or (1,))[-1]
    states = (n_sequences, directions) if attributes.batch_first else (directions, n_sequences)
    shapes = {
        "W": (directions, gates * hidden, features),
        "R": (directions, gates * hidden, hidden),
        "B": (directions, 2 * gates * hidden),
        "P": (directions, 3 * hidden),
    }
    arrays = {name: shaped(name, *shape) for name, shape in shapes.items() if name in given}
    for name in operator.states:
        if name in given:
            state = shaped(name, *states, hidden)
            arrays[name] = state.swapaxes(0, 1) if attributes.batch_first else state
    return {"X": x, **arrays, "sequence_lens": _lengths(where, given, n_sequences, n_steps)}


def _check_type(where: str, name: str, array: np.ndarray, dtype: np.dtype) -> None:
    if name == "sequence_lens":
        if array.dtype != np.int32:
            raise ConfigurationError(f"{where}: sequence_lens must be int32, got {array.dtype}.")
    elif dtype not in COMPUTED_IN:
        raise ConfigurationError(
            f"{where}: X must be float16, float32 or float64, got {dtype}. Convert the inputs."
        )
    elif array.dtype != dtype:
        raise ConfigurationError(
            f"{where}: {name} must be of the type of X, {dtype}, got {array.dtype}. Convert it."
        )


def _lengths(where: str, given: Arrays, n_sequences: int, n_steps: int) -> np.ndarray:
    if "sequence_lens" not in given:
        return np.full(n_sequences, n_steps, np.int64)
    name = f"{where}: sequence_lens"
    lengths = check_shape(name, given["sequence_lens"], (n_sequences,), np.dtype(np.int64))
    bad = lengths[(lengths < 0) | (lengths > n_steps)]
    if bad.size:
        raise ConfigurationError(f"{name} must be from 0 to {n_steps}, got {bad[0]}.")
    return lengths
