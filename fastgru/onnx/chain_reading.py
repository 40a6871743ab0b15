"""The nodes of a graph, read one after the other as a chain of layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx

from fastgru.errors import ModelFileError
from fastgru.onnx.chain import MAX_SYMBOLS, Constant, Parts, Unsupported, Value, attributes_of
from fastgru.onnx.chain_axes import AXES
from fastgru.onnx.chain_layers import LAYERS, recur
from fastgru.onnx.chain_lengths import LENGTHS, of_lengths, of_sizes
from fastgru.onnx.chain_outputs import OUTPUTS
from fastgru.onnx.files import Constants, array_of, constants_of
from fastgru.onnx.operators import OPERATORS

__all__ = ["read_chain"]

_OF_ZEROS = ("Cast", "Gather", "Identity", "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze")
_HANDLERS: dict[str, Callable[..., Any]] = {**AXES, **LAYERS, **LENGTHS, **OUTPUTS}


def read_chain(name: str, model: onnx.ModelProto) -> Parts:
    """Return the layers of a graph.

    Parameters
    ----------
    name
        Of the file, for messages.
    model

    Raises
    ------
    ModelFileError
        If a node is none of those that the networks have, or stands in another place; the message
        names the first.
    """
    constants = constants_of(name, model.graph.initializer)
    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, UnicodeDecodeError) as error:  # the second of its text
        reason = str(error).splitlines()[0].rstrip(".")
        raise ModelFileError(
            f"{name}: the checker of ONNX refuses it ({reason}). Export the model again."
        ) from error
    try:
        return _Reading(name, model, constants, "BT").parts()
    except Unsupported as first:
        try:  # some models take the steps before the sequences
            return _Reading(name, model, constants, "TB").parts()
        except Unsupported:
            raise ModelFileError(
                f"{name}: {first}. docs/file-formats.md lists what can be imported. Run the file "
                "with ONNX Runtime, or export it without that node."
            ) from first


class _Reading:
    """One way through a graph, with the axes of its tokens."""

    def __init__(self, name: str, model: onnx.ModelProto, constants: Constants, axes: str) -> None:
        self._name, self._graph = name, model.graph
        versions = [one.version for one in model.opset_import if one.domain in ("", "ai.onnx")]
        self._opset = max(versions, default=1)
        self._parts = Parts()
        self._values: dict[str, Any] = {key: Constant(a) for key, a in constants.items()}
        for given in self._graph.input:
            if given.name not in constants:
                self._values[given.name] = self._input(given, axes)

    def _input(self, given: onnx.ValueInfoProto, axes: str) -> Value:
        shape = given.type.tensor_type.shape.dim
        whole = given.type.tensor_type.elem_type in (
            *(onnx.TensorProto.INT32, onnx.TensorProto.INT64),
        )
        if whole and len(shape) == 1:
            return Value("lengths", "B")
        sizes = zip(axes, shape, strict=False)
        self._parts.fixed = {letter: one.dim_value for letter, one in sizes if one.dim_value}
        if whole and len(shape) == 2:
            return Value("tokens", axes)
        if not whole and len(shape) == 3 and 0 < shape[2].dim_value <= MAX_SYMBOLS:
            self._parts.n_symbols = shape[2].dim_value
            return Value("one-hot", axes + "C")
        raise ModelFileError(
            f"{self._name}: input {given.name!r} is none of tokens (batch, time), rows with a "
            "single one (batch, time, tokens) and lengths (batch). Export the model with such "
            "inputs, and their shapes."
        )

    def parts(self) -> Parts:
        """Return the layers."""
        for node in self._needed():
            outputs = self._read(node)
            outputs = outputs if isinstance(outputs, tuple) else (outputs,)
            self._values |= dict(zip(node.output, outputs, strict=False))
        first = self._graph.output[0].name if self._graph.output else ""
        found = self._values.get(first)
        if not isinstance(found, Value) or found.kind not in ("logits", "outputs"):
            raise ModelFileError(
                f"{self._name}: output {first!r} is not that of a linear layer on pooled states, "
                "or its Softmax or Sigmoid. Export the model with such an output first."
            )
        return self._parts

    def _needed(self) -> list[onnx.NodeProto]:
        """Return the nodes that the first output depends on, in their order."""
        wanted = {one.name for one in self._graph.output[:1]}
        needed = []
        for node in reversed(self._graph.node):
            if wanted & {name for name in node.output if name}:
                needed.append(node)
                wanted |= set(node.input)
        return needed[::-1]

    def _read(self, node: onnx.NodeProto) -> Any:
        """Return what the outputs of a node stand for."""
        if node.domain not in ("", "ai.onnx"):
            raise Unsupported(node, f"It is of the domain {node.domain!r}")
        unknown = [name for name in node.input if name and name not in self._values]
        if unknown:
            raise Unsupported(node, f"Nothing before it gives {unknown[0]!r}")
        given = [self._values[name] if name else None for name in node.input]
        if node.op_type == "Constant":
            return self._constant(node)
        folded = _of_shapes(node, given)
        if folded is not None:
            return folded
        if node.op_type in OPERATORS:
            return recur(self._parts, node, given, self._opset)
        handler = _HANDLERS.get(node.op_type)
        if handler is None:
            raise Unsupported(node, "No layer of fastgru has this operator")
        follows = bool(given) and isinstance(given[0], Value)
        if not follows and node.op_type not in _FROM_CONSTANTS:
            raise Unsupported(node, "It must follow the layers before")
        return handler(self._parts, node, given)

    def _constant(self, node: onnx.NodeProto) -> Constant:
        found = attributes_of(node)
        if isinstance(found.get("value"), onnx.TensorProto):
            return Constant(array_of(self._name, found["value"]))
        for kind in ("value_int", "value_ints", "value_float", "value_floats"):
            if kind in found:
                return Constant(np.array(found[kind]))
        raise Unsupported(node, "It must be numbers")


_FROM_CONSTANTS = ("Add", "Cast", "ConstantOfShape", "Expand", "Gather", "Mul")


def _of_shapes(node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return what sizes, zeros and constants make; None for other values.

    Exporters compute the shape of the initial states, which are zero: their sizes do not matter.
    """
    kinds = {value.kind for value in given if isinstance(value, Value)}
    if kinds == {"sizes"}:
        return of_sizes(node, given)
    first = given[0] if given else None
    if isinstance(first, Value) and first.kind == "zeros" and node.op_type in _OF_ZEROS:
        return first
    lengths = of_lengths(node, given)
    if lengths is not None:
        return lengths
    if isinstance(first, Constant) and not kinds and node.op_type in _FOLDED:
        return Constant(_FOLDED[node.op_type](node, first.array))
    return None


def _transposed(node: onnx.NodeProto, array: np.ndarray) -> np.ndarray:
    order = attributes_of(node).get("perm", list(range(array.ndim))[::-1])
    if sorted(order) != list(range(array.ndim)):
        raise Unsupported(node, f"perm {list(order)} is no order of {array.ndim} axes")
    return array.transpose(order)


def _same(node: onnx.NodeProto, array: np.ndarray) -> np.ndarray:
    return array


_FOLDED: dict[str, Callable[[onnx.NodeProto, np.ndarray], np.ndarray]] = {
    "Transpose": _transposed,
    "Identity": _same,
}
"""What is done with constants alone."""
