"""Operators of a chain that move axes, or look at sizes, and compute nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx

from fastgru.onnx.chain import Constant, Parts, Unsupported, Value, attributes_of, integers_of
from fastgru.onnx.files import array_of

__all__ = ["AXES", "axis_of"]

_OTHER_LAYOUT = "It arranges features, steps or sequences in another way than layers here take them"


def axis_of(node: onnx.NodeProto, value: Value, axis: int) -> int:
    """Return the place of an axis, counted from the first.

    Raises
    ------
    Unsupported
        If the value has no such axis.
    """
    if not -len(value.axes) <= axis < len(value.axes):
        raise Unsupported(node, f"It has no axis {axis}")
    return axis % len(value.axes)


def transpose(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return the value with its axes in another order."""
    value = given[0]
    order = attributes_of(node).get("perm", list(range(len(value.axes)))[::-1])
    if sorted(order) != list(range(len(value.axes))):
        raise Unsupported(node, f"perm {list(order)} is no order of {len(value.axes)} axes")
    return value.turned("".join(value.axes[axis] for axis in order))


def squeeze(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return the value without axes of size one."""
    value = given[0]
    one_direction = bool(parts.layers) and len(parts.layers[-1].weights) == 1
    single = "1D" if one_direction and len(value.segments) < 2 else "1"
    axes = integers_of(node, given, 1, "axes")
    if axes is None:
        places = {k for k, letter in enumerate(value.axes) if letter in single}
    else:
        places = {axis_of(node, value, axis) for axis in axes}
    if any(value.axes[place] not in single for place in places):
        raise Unsupported(node, _OTHER_LAYOUT)
    return value.turned("".join(a for k, a in enumerate(value.axes) if k not in places))


def unsqueeze(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return the value with further axes of size one."""
    value = given[0]
    axes = integers_of(node, given, 1, "axes") or []
    letters, n_axes = list(value.axes), len(value.axes) + len(axes)
    for axis in sorted(axis % n_axes for axis in axes):
        letters.insert(axis, "1")
    return value.turned("".join(letters))


def reshape(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return the value with directions and units as features, and without axes of size one."""
    value, shape = given
    merged = value.axes.replace("DH", "C").replace("1", "")
    if isinstance(shape, Constant):
        fits = _fit(parts, value, merged, [int(size) for size in shape.array.reshape(-1)])
    elif shape.kind == "sizes" and shape.axes:
        fits = shape.axes == merged and ("T" not in merged or shape.stride == value.stride)
    else:
        raise Unsupported(node, "Its shape must be a constant, or sizes of the layers before")
    if not fits:
        raise Unsupported(node, _OTHER_LAYOUT)
    return value.turned(merged)


def _fit(parts: Parts, value: Value, merged: str, shape: list[int]) -> bool:
    """Whether sizes leave the axes as they are, but for those that are merged."""
    fits = len(shape) == len(merged) and shape.count(-1) <= 1
    for place, size in enumerate(shape if fits else []):
        letter = merged[place]
        kept = size == 0 and value.axes[place : place + 1] == letter
        whole = letter == "C" and size == parts.n_features
        fixed = size == parts.fixed.get(letter) and (letter == "B" or value.stride == 1)
        fits = fits and (size == -1 or kept or whole or fixed)
    return fits


def flatten(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return the value with one axis behind that of the sequences."""
    value, axis = given[0], attributes_of(node).get("axis", 1)
    merged = value.axes.replace("DH", "C").replace("1", "")
    if axis != 1 or merged != "BC":
        raise Unsupported(node, _OTHER_LAYOUT)
    return value.turned(merged)


def passed(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return the value as it is."""
    return given[0]


def cast(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return the value as it is, unless numbers with a fraction would lose it."""
    to = attributes_of(node).get("to")
    floats = onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE
    if isinstance(given[0], Constant):
        if to not in (*floats, onnx.TensorProto.INT32, onnx.TensorProto.INT64):
            raise Unsupported(node, "It must make floating-point numbers or integers")
        return Constant(given[0].array.astype(onnx.helper.tensor_dtype_to_np_dtype(to)))
    whole = (onnx.TensorProto.INT32, onnx.TensorProto.INT64) if given[0].kind == "tokens" else ()
    if to not in (*floats, *whole):
        raise Unsupported(node, "It makes a type of it that may not hold its numbers")
    return given[0]


def shape_of(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return sizes, which initial states of zero and masks are made of."""
    options = attributes_of(node)
    axes = given[0].axes[options.get("start", 0) : options.get("end")]
    return Value("sizes", axes, stride=given[0].stride)


def zeros(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return an array of zeros, whatever its shape."""
    if node.op_type == "Expand":
        filled = given[0].array if isinstance(given[0], Constant) else None
    else:
        value = attributes_of(node).get("value")
        filled = np.zeros(1) if value is None else array_of(node.name, value)
    if filled is None or filled.any():
        raise Unsupported(node, "Initial states must be zero")
    return Value("zeros")


AXES = {
    "Transpose": transpose,
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
    "Reshape": reshape,
    "Flatten": flatten,
    "Identity": passed,
    "Dropout": passed,
    "Cast": cast,
    "Shape": shape_of,
    "ConstantOfShape": zeros,
    "Expand": zeros,
}
"""By operator; each takes the parts, the node and what its inputs stand for."""
