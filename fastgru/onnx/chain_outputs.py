"""Operators of a chain that pool steps, join features, and make outputs of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import onnx

from fastgru.onnx.chain import Constant, Parts, Unsupported, Value, attributes_of, integers_of
from fastgru.onnx.chain_axes import axis_of
from fastgru.onnx.chain_layers import constant, embed, enter, look_up
from fastgru.onnx.chain_lengths import check_lengths

__all__ = ["OUTPUTS"]

_BEHIND = "It must stand behind the last recurrent layer"


def _pooled(parts: Parts, node: onnx.NodeProto, value: Value, axes: str, name: str) -> Value:
    if value.part != parts.part or not parts.layers:
        raise Unsupported(node, _BEHIND)
    return Value("pooled", axes, segments=((name,),)).turned(axes)


def reduce(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return the mean or the maximum of all steps, or the sum of weighted ones."""
    value, options = given[0], attributes_of(node)
    axes = integers_of(node, given, 1, "axes")
    whole = axes is not None and len(axes) == 1 and value.axes[axis_of(node, value, axes[0])] == "T"
    kinds = {"ReduceMean": ("steps", "mean"), "ReduceMax": ("steps", "max")}
    kind, name = kinds.get(node.op_type, ("weighted", "attention"))
    if (node.op_type, value.kind) == ("ReduceSum", "steps"):
        kind, name = "steps", "sum"
    if value.kind != kind or not whole or len(value.axes) != 3:
        raise Unsupported(node, "It must be of all steps, which are one axis of three")
    kept = "1" if options.get("keepdims", 1) else ""
    return _pooled(parts, node, value, value.axes.replace("T", kept), name)


def pool_all(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return the mean or the maximum of all steps, as convolutions take them."""
    if given[0].kind != "steps" or given[0].axes != "BCT":
        raise Unsupported(node, _BEHIND)
    name = "mean" if node.op_type == "GlobalAveragePool" else "max"
    return _pooled(parts, node, given[0], "BC1", name)


def gather(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return embedded tokens, or the last state of one direction or the last step."""
    if isinstance(given[1], Value) and given[1].kind == "tokens":
        return look_up(parts, node, given)
    value, axis = given[0], attributes_of(node).get("axis", 0)
    if not isinstance(given[1], Constant) or not isinstance(value, Value):
        raise Unsupported(node, "It must take tokens from a constant, or a state by its number")
    numbers = given[1].array
    return _take(parts, node, value, axis, [int(n) for n in numbers.reshape(-1)], numbers.ndim)


def cut(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return some of the last states, or the last step: Slice."""
    found = [integers_of(node, given, k, n) for k, n in enumerate(("starts", "ends", "axes"), 1)]
    steps = integers_of(node, given, 4, "steps") or [1]
    starts, ends, axes = found
    numbers_of = [starts, ends, [0] if axes is None else axes, steps]
    if any(one is None or len(one) != 1 for one in numbers_of) or steps != [1]:
        raise Unsupported(node, "It must cut one axis, in steps of 1")
    assert starts is not None
    assert ends is not None
    value, axis = given[0], 0 if axes is None else axes[0]
    letter = value.axes[axis_of(node, value, axis)]
    size = len(value.segments) if letter == "D" else 1 if (starts[0], letter) == (-1, "T") else 0
    numbers = list(range(size))[slice(starts[0] if letter == "D" else None, ends[0])]
    if letter == "T":
        numbers = [-1] if size and ends[0] > 0 else []
    return _take(parts, node, value, axis, numbers, 1)


def _take(
    parts: Parts, node: onnx.NodeProto, value: Value, axis: int, numbers: list[int], n_axes: int
) -> Value:
    """Return the parts of an axis with these numbers; the axis is lost without axes of theirs."""
    place = axis_of(node, value, axis)
    letter, single = value.axes[place], "1" if n_axes else ""
    if value.kind == "final" and letter == "D":
        size = len(value.segments)
        if any(not -size <= number < size for number in numbers) or not numbers:
            raise Unsupported(node, f"There are {size} last states, not those of {numbers}")
        taken = tuple(value.segments[number] for number in numbers)
        if len(taken) > 1:
            return replace(value, segments=taken)
        axes = value.axes.replace("D", single)
        return replace(value, kind="pooled", axes=axes.replace("H", "C"), segments=taken)
    steps = value.kind == "steps" and letter == "T" and value.part == parts.part
    ahead = bool(parts.layers) and len(parts.layers[-1].weights) == 1
    if steps and ahead and numbers == [-1] and len(value.axes) == 3:
        last = (("last", len(parts.layers) - 1, 0),)
        return Value("pooled", value.axes.replace("T", single), segments=last)
    raise Unsupported(
        node,
        "Of steps it must take the last, behind layers of one direction; of both directions the "
        "last states are the layer's second output",
    )


def concatenate(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return features side by side, or the last states of several layers."""
    values = [_as_pooled(value) for value in given]
    axes = {value.axes for value in values}
    kinds = {value.kind for value in values}
    if len(axes) != 1 or len(kinds) != 1 or not kinds <= {"pooled", "final"}:
        raise Unsupported(node, "It must join features of a sequence, or last states")
    letter = values[0].axes[axis_of(node, values[0], attributes_of(node)["axis"])]
    if letter != ("C" if kinds == {"pooled"} else "D"):
        raise Unsupported(node, "It must join features of a sequence, or last states")
    return replace(values[0], segments=sum((value.segments for value in values), ()))


def _as_pooled(value: Any) -> Value:
    """Return last states without an axis of directions as features."""
    if not isinstance(value, Value):
        return Value("constant")
    is_pooled = value.kind == "final" and "D" not in value.axes
    return replace(value, kind="pooled") if is_pooled else value


def multiply_matrices(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return embedded rows, scores of attention, its sums, or outputs: MatMul."""
    left, right = given
    if isinstance(left, Value) and left.kind == "one-hot":
        return embed(parts, node, given)
    if isinstance(left, Value) and isinstance(right, Value):
        if (left.kind, left.axes, right.kind, right.axes) == ("shares", "B1T", "steps", "BTC"):
            return _pooled(parts, node, right, "B1C", "attention")
        raise Unsupported(node, "One of its inputs must be a constant")
    weight = constant(node, given, 1, 2)
    if left.kind == "steps" and weight.shape[1] == 1:
        axes = enter(parts, node, left)
        if not parts.layers or len(weight) != parts.n_features or axes[-1] != "C":
            raise Unsupported(node, _BEHIND)
        parts.attention = weight[:, 0]
        return replace(parts.steps(axes[:-1] + "1"), kind="scores")
    return _outputs(parts, node, left, weight.T, np.zeros(weight.shape[1]))


def multiply_and_add(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return outputs: Gemm."""
    options, weight = attributes_of(node), constant(node, given, 1, 2)
    weight = weight if options.get("transB", 0) else weight.T
    if options.get("transA", 0) or (options.get("alpha", 1.0), options.get("beta", 1.0)) != (1, 1):
        raise Unsupported(node, "It must have transA 0, and alpha and beta 1")
    bias = constant(node, given, 2, 1) if len(given) > 2 else np.zeros(len(weight))
    return _outputs(parts, node, given[0], weight, bias)


def _outputs(
    parts: Parts, node: onnx.NodeProto, value: Any, weight: np.ndarray, bias: np.ndarray
) -> Value:
    pooled = _as_pooled(value)
    if pooled.kind != "pooled" or pooled.axes != "BC" or parts.weight is not None:
        raise Unsupported(node, "The only linear layer of a network must be of pooled states")
    if bias.shape != (len(weight),):
        raise Unsupported(node, f"It has {len(weight)} outputs and a bias of {bias.shape}")
    parts.pooling, parts.weight, parts.bias = pooled.segments, weight, bias
    return Value("logits", "BC")


def add(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return outputs with their bias, or steps with what goes around a layer."""
    values = [value for value in given if isinstance(value, Value)]
    kinds = [value.kind for value in values]
    if kinds == ["steps", "steps"]:
        return _add_around(parts, node, values)
    shift = next((value.array for value in given if isinstance(value, Constant)), np.zeros(0))
    if kinds == ["scores"] and shift.size == 1:
        return values[0]  # a constant changes no share
    table = None if parts.convolutions or parts.layers else parts.embedding
    by_feature = kinds == ["steps"] and values[0].axes[-1] == "C"
    if by_feature and table is not None and shift.shape == table.shape[1:]:
        parts.embedding = table + shift
        return values[0]
    if (
        kinds == ["logits"]
        and parts.bias is not None
        and shift.reshape(-1).shape == (parts.bias.shape)
    ):
        parts.bias = parts.bias + shift.reshape(-1) * parts.temperature
        return values[0]
    raise Unsupported(node, "It must add the bias of the outputs, or the input of a layer")


def _add_around(parts: Parts, node: onnx.NodeProto, values: list[Value]) -> Value:
    """Return the sum of a recurrent layer's outputs and its input."""
    below, above = sorted(values, key=lambda value: value.part)
    fits = len(parts.layers) > 1 and (below.part, above.part) == (parts.part - 1, parts.part)
    if not fits or below.axes != above.axes or "D" in below.axes:
        raise Unsupported(node, "It must add the input of a recurrent layer, not the first")
    parts.residual.add(len(parts.layers) - 1)
    return parts.steps(above.axes)


def scale(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return weighted steps, or outputs over a temperature: Mul and Div."""
    values = [value for value in given if isinstance(value, Value)]
    kinds = {value.kind: value for value in values}
    if node.op_type == "Mul" and kinds.keys() == {"shares", "steps"}:
        shares, steps = kinds["shares"], kinds["steps"]
        if shares.axes == steps.axes.replace("C", "1") and steps.part == shares.part:
            return replace(steps, kind="weighted")
    by_length = values[1:] and values[1].kind == "lengths"
    if node.op_type == "Div" and by_length and values[0].segments == (("sum",),):
        check_lengths(node, values[1], parts.stride)
        return replace(values[0], segments=(("mean",),))
    factor = next((value.array for value in given if isinstance(value, Constant)), np.zeros(0))
    behind = isinstance(given[0], Value) or node.op_type == "Mul"
    if kinds.keys() == {"logits"} and factor.size == 1 and behind and float(factor.item()) > 0:
        number = float(factor.item())
        parts.temperature *= number if node.op_type == "Div" else 1 / number
        return values[0]
    raise Unsupported(node, "It must weigh steps by attention, or divide outputs by a temperature")


def activate(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return probabilities, or the shares of attention: Softmax, LogSoftmax and Sigmoid."""
    value, axis = given[0], attributes_of(node).get("axis", -1)
    letter = value.axes[axis_of(node, value, axis)] if value.axes else ""
    if value.kind == "scores" and node.op_type == "Softmax" and letter == "T":
        return replace(value, kind="shares")
    if value.kind != "logits" or (node.op_type != "Sigmoid" and letter != "C"):
        raise Unsupported(node, "It must stand behind the outputs, or weigh all steps")
    parts.activation = "Softmax" if node.op_type == "LogSoftmax" else node.op_type
    return Value("outputs", "BC")


OUTPUTS = {
    "ReduceMean": reduce,
    "ReduceMax": reduce,
    "ReduceSum": reduce,
    "GlobalAveragePool": pool_all,
    "GlobalMaxPool": pool_all,
    "Gather": gather,
    "Slice": cut,
    "Concat": concatenate,
    "MatMul": multiply_matrices,
    "Gemm": multiply_and_add,
    "Add": add,
    "Mul": scale,
    "Div": scale,
    "Softmax": activate,
    "LogSoftmax": activate,
    "Sigmoid": activate,
}
"""By operator; each takes the parts, the node and what its inputs stand for."""
