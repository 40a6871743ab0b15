"""Operators of a chain that keep steps past the end of a sequence out of it.

A network of fastgru does so in every part, so all of this is passed over: what is left of it is
what is done with the steps of a sequence that fills its row.  That holds for the lengths as they
are, and behind a stride or a pool of k for (lengths + k - 1) / k in whole numbers; a graph that
does anything else with them is refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import onnx

from fastgru.onnx.chain import Constant, Parts, Unsupported, Value, attributes_of

__all__ = ["LENGTHS", "check_lengths", "of_lengths", "of_sizes"]

_KEPT = ("Cast", "CastLike", "Identity", "Squeeze", "Unsqueeze")
_ARITHMETIC = ("Add", "Div", "Max", "Min", "Mod", "Mul", "Sub")
_OF_SIZES = ("Concat", "Gather", "Slice", *_KEPT, *_ARITHMETIC)
_OF_NUMBERS = ("Transpose", *_KEPT)
_NO_PART = -1e30
"""Below this a number takes no part in a maximum or a softmax."""
_NOT_THOSE = "Its lengths were changed, and are not those of its steps"


def of_sizes(node: onnx.NodeProto, given: list[Any]) -> Value | None:
    """Return what sizes and constants alone make; None for other operators.

    Parameters
    ----------
    node
    given
        What its inputs stand for.

    Returns
    -------
    Value or None
        Of kind ``"sizes"`` or ``"numbers"``.

    Raises
    ------
    Unsupported
        For a Range that is not of all steps.
    """
    name, value = node.op_type, given[0]
    if name == "Range":
        start, end, by = given
        counts = (_number([start]), _number([by])) == (0, 1)
        if not counts or not isinstance(end, Value) or end.axes != "T":
            raise Unsupported(node, "It must number all steps, from 0 in steps of 1")
        return Value("numbers", stride=end.stride)
    reshaped = name == "Reshape" and isinstance(given[1], Constant)
    if isinstance(value, Value) and (reshaped or (name in _KEPT and _is_exact(node, given))):
        return value
    if name not in _OF_SIZES:
        return None
    axes = _axes_of_sizes(node, given)
    return replace(value, axes=axes) if axes else Value("sizes")


def _axes_of_sizes(node: onnx.NodeProto, given: list[Any]) -> str:
    """Return which sizes are picked, put together or multiplied; nothing for others."""
    name, value = node.op_type, given[0]
    if not isinstance(value, Value) or not value.axes:
        return ""
    if name == "Gather" and (place := _number(given[1:])) is not None:
        places = range(-len(value.axes), len(value.axes))
        return value.axes[int(place)] if place in places else ""
    if name == "Slice":
        numbers = [_number([one]) for one in given[1:]]
        known = [int(one) for one in numbers if one is not None]
        plain = len(known) == len(numbers) and known[2:] in ([], [0], [0, 1])
        return value.axes[known[0] : known[1]] if plain and len(known) > 1 else ""
    alike = all(isinstance(one, Value) and one.axes for one in given)
    axes = [one.axes for one in given] if alike else []
    if name == "Concat" and len({one.stride for one in given if isinstance(one, Value)}) == 1:
        return "".join(axes)
    return "C" if name == "Mul" and sorted(axes) == ["D", "H"] else ""


def of_lengths(node: onnx.NodeProto, given: list[Any]) -> Value | None:
    """Return what lengths, numbers of steps and constants alone make; None for other values.

    Parameters
    ----------
    node
    given
        What its inputs stand for.

    Returns
    -------
    Value or None
        Of kind ``"lengths"``, ``"numbers"``, ``"valid"`` or ``"past"``.

    Raises
    ------
    Unsupported
        If it makes other lengths, or a mask of others.
    """
    values = [value for value in given if isinstance(value, Value)]
    kinds = [value.kind for value in values]
    name, found = node.op_type, set(kinds)
    if name == "Less" and kinds == ["numbers", "lengths"]:
        check_lengths(node, values[1], values[0].stride)
        return Value("valid")
    if name == "Equal" and kinds == ["lengths"] and _number(given) == 0:
        check_lengths(node, values[0], values[0].stride)
        return Value("past")
    if name == "Not" and kinds in (["valid"], ["past"]):
        return Value("past" if kinds == ["valid"] else "valid")
    if name in ("Unsqueeze", "Squeeze", "Transpose", "Identity") and found <= {"valid", "past"}:
        return Value(kinds[0]) if kinds else None
    if kinds[:1] == ["numbers"] and name in _OF_NUMBERS and _is_exact(node, given):
        return values[0]
    if kinds[:1] == ["lengths"] and name in (*_KEPT, *_ARITHMETIC):
        return _changed(node, given, values[0])
    return None


def _changed(node: onnx.NodeProto, given: list[Any], lengths: Value) -> Value:
    """Return lengths behind an operator."""
    alone = sum(isinstance(value, Value) for value in given) == 1
    name, number = node.op_type, _number(given) if alone else None
    plain = lengths.added == 0
    if name in _KEPT and plain and _is_exact(node, given):
        return lengths
    if name == "Max" and plain and number in (0, 1):
        return lengths  # a sequence that fills its row has a step
    kinds = {value.array.dtype.kind for value in given if isinstance(value, Constant)}
    whole = int(number) if number is not None and kinds <= {"i", "u"} else 0
    if name == "Add" and plain and whole > 0:
        return replace(lengths, added=whole)
    if name == "Div" and isinstance(given[0], Value) and whole == lengths.added + 1:
        return replace(lengths, added=0, stride=lengths.stride * whole)
    raise Unsupported(node, "It changes the lengths" if plain else _NOT_THOSE)


def check_lengths(node: onnx.NodeProto, value: Any, stride: int) -> None:
    """Refuse what is not the lengths of the steps that it is used with.

    Parameters
    ----------
    node
        That uses it.
    value
    stride
        Of the steps.

    Raises
    ------
    Unsupported
    """
    if not isinstance(value, Value) or value.kind != "lengths":
        raise Unsupported(node, "Its sequence_lens must be an input of the model")
    if value.added or value.stride != stride:
        raise Unsupported(node, _NOT_THOSE)


def _is_exact(node: onnx.NodeProto, given: list[Any]) -> bool:
    """Whether no size or length can become another number by a change of its type."""
    if node.op_type == "CastLike":
        like = given[1]
        if isinstance(like, Constant):
            return like.array.dtype in (np.int32, np.int64, np.float32, np.float64)
        return isinstance(like, Value) and like.kind not in ("valid", "past", "one-hot")
    proto = onnx.TensorProto
    exact = proto.INT32, proto.INT64, proto.FLOAT, proto.DOUBLE
    return node.op_type != "Cast" or attributes_of(node).get("to") in exact


def _number(given: list[Any]) -> float | None:
    """Return the only number that is a constant among the inputs, if there is one."""
    arrays = [value.array for value in given if isinstance(value, Constant)]
    return float(arrays[0].item()) if len(arrays) == 1 and arrays[0].size == 1 else None


def choose(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return the values that stand within sequences: Where.

    What is put in the place of others has to be of no effect behind it, zero or the lowest number.
    """
    mask, first, second = given
    kept, other = (first, second) if mask.kind == "valid" else (second, first)
    known = mask.kind in ("valid", "past") and isinstance(kept, Value)
    if not known or kept.kind not in ("steps", "scores", "pooled"):
        raise Unsupported(node, "It must keep steps past the end of a sequence out of it")
    filling = _number([other])
    if filling is None or not (filling < _NO_PART or (filling == 0 and kept.kind != "scores")):
        raise Unsupported(node, "It must put zero there, or the lowest number")
    return kept


LENGTHS = {"Where": choose}
"""By operator; each takes the parts, the node and what its inputs stand for."""
