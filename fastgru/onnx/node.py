"""A recurrent ONNX node, run forward and backward by the layers of this package.

Each direction is a layer of its own, for ONNX lets the two have different functions.  One that runs
from the last step to the first is given each sequence turned round within its length, and its
outputs are turned round again.

ONNX does not say what the final state of an empty sequence is; here it is zero, whatever the
initial state, as in ONNX Runtime.

Axes: B sequences, T time, D directions, S states, H hidden units, I features.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx

from fastgru.errors import ConfigurationError
from fastgru.layers.checks import check_shape
from fastgru.layers.reversal import reverse_rows
from fastgru.onnx.attributes import node_name, read_attributes
from fastgru.onnx.node_inputs import Arrays, NodeInputs, check_inputs, name_inputs
from fastgru.onnx.operators import stack_weights, weights_of_direction

__all__ = ["Node"]


class Node:
    """A node GRU, LSTM or RNN of ONNX.

    Parameters
    ----------
    node
        The node, as ``onnx.helper.make_node`` returns it.
    opset_version
        Version of ONNX's operators that the node is of: it decides which attributes there are.
        None for the newest that the installed package ``onnx`` knows.

    Raises
    ------
    ConfigurationError
        For another operator, or an attribute that it does not have or that has a wrong value.

    Examples
    --------
    >>> node = fastgru.onnx.Node(onnx.helper.make_node("GRU", ["X", "W", "R"], ["Y", "Y_h"]))
    >>> y, y_h = node.forward([x, w, r])
    >>> dx, dw, dr = node.backward([dy, None])
    """

    def __init__(self, node: onnx.NodeProto, opset_version: int | None = None) -> None:
        version = onnx.defs.onnx_opset_version() if opset_version is None else opset_version
        self._attributes = read_attributes(node, version)
        self._where, self._operator = node_name(node), self._attributes.operator
        _check_names(self._where, "inputs", node.input, self._operator.inputs)
        _check_names(self._where, "outputs", node.output, self._operator.outputs)
        if not all((*node.input, "", "", "")[:3]):
            raise ConfigurationError(
                f"{self._where}: inputs must name X, W and R, got {list(node.input)}."
            )
        self._n_places = len(node.input)
        self._inputs = _given(self._operator.inputs, node.input)
        self._outputs = _given(self._operator.outputs, node.output)
        self._layers: list[Any] = []
        self._made_for: tuple[object, ...] = ()
        self._arrays: Arrays | None = None

    def forward(self, inputs: NodeInputs, *, training: bool = True) -> tuple[np.ndarray, ...]:
        """Run the node.

        Parameters
        ----------
        inputs
            Arrays for the node's inputs in their order, with or without None for those that it
            leaves out; or by their names in the node.  All but ``sequence_lens`` are of one type,
            float32 or float64; float16 is computed in float32 and rounded.
        training
            Whether to keep what :meth:`backward` needs.

        Returns
        -------
        tuple of np.ndarray
            Those of Y, Y_h and Y_c that the node names, in order, of the inputs' type.

        Raises
        ------
        ConfigurationError
            If an input is missing, or has a type, shape or value that does not fit.
        """
        given = name_inputs(self._where, self._inputs, self._n_places, inputs)
        arrays = check_inputs(self._where, self._attributes, given)
        self._dtype = given["X"].dtype
        self._load(arrays)
        x, lengths = arrays["X"], arrays["sequence_lens"]
        found, finals = [], []
        for d, reverse in enumerate(self._attributes.reverse):
            initial = [arrays[n][d : d + 1] if n in arrays else None for n in self._operator.states]
            given_x = reverse_rows(x, lengths) if reverse else x
            y, final = self._layers[d].forward(
                given_x, lengths, _joined(initial), training=training
            )
            found.append(reverse_rows(y, lengths) if reverse else y)
            finals.append(_as_array(final))
        states = np.concatenate(finals, axis=1)  # (S, D, B, H)
        states[:, :, lengths == 0] = 0
        self._arrays = arrays if training else None
        results = zip(self._operator.outputs, (np.stack(found, axis=2), *states), strict=True)
        return tuple(self._to_onnx(name, a) for name, a in results if name in self._outputs)

    def backward(
        self, output_gradients: Sequence[np.ndarray | None]
    ) -> tuple[np.ndarray | None, ...]:
        """Run back through the last forward pass.

        Parameters
        ----------
        output_gradients
            Gradient of each output that :meth:`forward` returned, None for zero.

        Returns
        -------
        tuple of np.ndarray or None
            Gradient of each input that the node names, in order; None for ``sequence_lens``.

        Raises
        ------
        ConfigurationError
            Without a forward pass in training before, or for a shape that does not fit.
        """
        if self._arrays is None:
            raise ConfigurationError(
                f"{self._where}: backward() must follow a forward() with training=True, and found "
                "none. Call forward() first."
            )
        arrays = self._arrays
        dy, dstates = self._read_gradients(arrays, output_gradients)
        self._arrays, lengths = None, arrays["sequence_lens"]
        dstates[:, :, lengths == 0] = 0
        dx, initial = np.zeros_like(arrays["X"]), []
        for d, reverse in enumerate(self._attributes.reverse):
            layer, dy_d = self._layers[d], dy[:, :, d]
            layer.zero_grad()
            dx_d, dinitial = layer.backward(
                reverse_rows(dy_d, lengths) if reverse else dy_d,
                _joined(list(dstates[:, d : d + 1])),
            )
            dx += reverse_rows(dx_d, lengths) if reverse else dx_d
            initial.append(_as_array(dinitial))
        gradients = stack_weights(self._operator, [layer.grads for layer in self._layers])
        states = np.concatenate(initial, axis=1)
        gradients |= {"X": dx, **dict(zip(self._operator.states, states, strict=True))}
        return tuple(
            self._to_onnx(name, gradients[name]) if name in gradients else None
            for name in self._inputs
        )

    def _load(self, arrays: Arrays) -> None:
        """Set the layers' weights, in new layers where sizes have changed."""
        directions = range(len(self._attributes.reverse))
        weights = [weights_of_direction(self._operator, arrays, d) for d in directions]
        shapes = {name: value.shape for name, value in weights[0].items()}
        made_for = (arrays["X"].dtype, shapes)
        if made_for != self._made_for:
            self._layers = [self._new_layer(arrays, d) for d in directions]
            self._made_for = made_for
        for layer, values in zip(self._layers, weights, strict=True):
            layer.load_state_dict(values)

    def _new_layer(self, arrays: Arrays, direction: int) -> Any:
        options = self._attributes.layer_options(direction)
        if self._operator.name == "LSTM":
            options["peepholes"] = "P" in arrays
        _, rows, features = arrays["W"].shape
        return self._operator.layer(
            *(features, rows // len(self._operator.order)),
            bias="B" in arrays,
            dtype=arrays["X"].dtype,
            random_state=0,
            **options,
        )

    def _read_gradients(
        self, arrays: Arrays, output_gradients: Sequence[np.ndarray | None]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the gradients of Y (B, T, D, H) and of the final states (S, D, B, H)."""
        if len(output_gradients) != len(self._outputs):
            raise ConfigurationError(
                f"{self._where}: expected {len(self._outputs)} gradients, of "
                f"{', '.join(self._outputs)}, got {len(output_gradients)}."
            )
        x, (directions, _, hidden) = arrays["X"], arrays["R"].shape
        n_sequences, n_steps, _ = x.shape
        shapes: dict[str, tuple[int, ...]] = {"Y": (n_sequences, n_steps, directions, hidden)}
        for name in self._operator.outputs[1:]:
            shapes[name] = (directions, n_sequences, hidden)
        found = {name: np.zeros(shape, x.dtype) for name, shape in shapes.items()}
        for name, value in zip(self._outputs, output_gradients, strict=True):
            if value is not None:
                axes = self._axes(name)
                wanted = tuple(shapes[name][axis] for axis in axes)
                where = f"{self._where}: gradient of {name}"
                array = check_shape(where, value, wanted, x.dtype)
                found[name][...] = array.transpose(np.argsort(axes))
        return found.pop("Y"), np.stack(list(found.values()))

    def _to_onnx(self, name: str, array: np.ndarray) -> np.ndarray:
        """Return an output, or the gradient of an input, with ONNX's axes and type."""
        turned = array.transpose(self._axes(name))
        return np.ascontiguousarray(turned.astype(self._dtype, copy=False))

    def _axes(self, name: str) -> tuple[int, ...]:
        """Return where each of ONNX's axes stands in the layers' array."""
        batch_first = self._attributes.batch_first
        if name == "X":
            return (0, 1, 2) if batch_first else (1, 0, 2)
        if name == "Y":
            return (0, 1, 2, 3) if batch_first else (1, 2, 0, 3)
        if name in self._operator.states or name in self._operator.outputs:
            return (1, 0, 2) if batch_first else (0, 1, 2)
        return tuple(range(2 if name in ("B", "P") else 3))


def _check_names(where: str, kind: str, names: Sequence[str], known: tuple[str, ...]) -> None:
    if len(names) > len(known):
        raise ConfigurationError(
            f"{where}: {kind} must be {', '.join(known)}, got {len(names)} of them."
        )


def _given(formal: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Return the node's names by ONNX's, without those that are left out."""
    return {f: name for f, name in zip(formal, names, strict=False) if name}


def _joined(states: list[Any]) -> Any:
    """Return states as a layer takes them: one by itself, two as a pair."""
    return states[0] if len(states) == 1 else tuple(states)


def _as_array(states: Any) -> np.ndarray:
    """Undo :func:`_joined`: float (S, D, B, H)."""
    return np.stack(states if isinstance(states, tuple) else (states,))
