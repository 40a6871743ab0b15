"""Operators of a chain that stand for embedding, convolution and recurrent layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx

from fastgru.errors import ConfigurationError
from fastgru.onnx.attributes import Attributes, node_name, read_attributes
from fastgru.onnx.chain import (
    MAX_SYMBOLS,
    Constant,
    Convolution,
    Parts,
    Sequential,
    Unsupported,
    Value,
    attributes_of,
)
from fastgru.onnx.chain_lengths import check_lengths
from fastgru.onnx.operators import weights_of_direction

__all__ = ["LAYERS", "constant", "embed", "enter", "look_up", "recur"]


def constant(node: onnx.NodeProto, given: list[Any], place: int, n_axes: int) -> np.ndarray:
    """Return an input of a node that has to be a constant.

    Raises
    ------
    Unsupported
        If it is none, or has another number of axes.
    """
    value = given[place] if place < len(given) else None
    if not isinstance(value, Constant) or value.array.ndim != n_axes:
        raise Unsupported(node, f"Its input {place} must be a constant with {n_axes} axes")
    return value.array


def enter(parts: Parts, node: onnx.NodeProto, value: Any) -> str:
    """Return the axes of the steps that a layer is given.

    Raises
    ------
    Unsupported
        If they do not come from the layer before.
    """
    if isinstance(value, Value) and value.kind == "one-hot" and parts.embedding is None:
        parts.embedding = np.eye(parts.n_symbols or 0, dtype=np.float32)
        return value.axes
    if not isinstance(value, Value) or value.kind != "steps" or value.part != parts.part:
        raise Unsupported(node, "Its input is not the output of the layer before")
    if any(not one.rectified for one in parts.convolutions):
        raise Unsupported(node, "A Relu must follow each convolution")
    return value.axes


def look_up(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return the embedded tokens: Gather of the rows of a constant."""
    table = constant(node, given, 0, 2)
    if attributes_of(node).get("axis", 0) != 0 or parts.embedding is not None:
        raise Unsupported(node, "Tokens must have one embedding, the rows of a constant")
    parts.embedding = table
    return parts.steps(given[1].axes + "C")


def one_hot(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return tokens as rows with a single one."""
    depth, values = (given[place] for place in (1, 2))
    ends = isinstance(depth, Constant) and isinstance(values, Constant)
    if given[0].kind != "tokens" or attributes_of(node).get("axis", -1) not in (-1, 2) or not ends:
        raise Unsupported(node, "It must make rows of tokens, in the last axis")
    if values.array.tolist() != [0, 1] or depth.array.size != 1:
        raise Unsupported(node, "It must set one number of each row to 1, the others to 0")
    n_symbols = int(depth.array.reshape(-1)[0])
    if not 0 < n_symbols <= MAX_SYMBOLS:
        raise Unsupported(node, f"It has {n_symbols} tokens, not 1 to {MAX_SYMBOLS}")
    parts.n_symbols = n_symbols
    return Value("one-hot", given[0].axes + "C")


def embed(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return rows with a single one times a constant: the embedded tokens."""
    table = constant(node, given, 1, 2)
    if parts.embedding is not None or len(table) != parts.n_symbols:
        raise Unsupported(node, f"Its constant must have {parts.n_symbols} rows")
    parts.embedding = table
    return parts.steps(given[0].axes)


def convolve(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return the steps behind a convolution that keeps their number, but for its stride."""
    axes, options = enter(parts, node, given[0]), attributes_of(node)
    weight = constant(node, given, 1, 3)
    if axes != "BCT" or parts.layers or options.get("group", 1) != 1:
        raise Unsupported(node, "Convolutions must be of all features, before recurrent layers")
    if weight.shape[1] != parts.n_features:
        raise Unsupported(node, f"It has {weight.shape[1]} features for {parts.n_features}")
    sizes = [list(options.get(name, [1])) for name in ("dilations", "strides")]
    if any(len(one) != 1 or one[0] < 1 for one in sizes):
        raise Unsupported(node, "It must have one dilation and one stride, of at least 1")
    (dilation,), (stride,) = sizes
    reach = (weight.shape[2] - 1) * dilation
    padding = {
        "NOTSET": list(options.get("pads", [0, 0])),
        "SAME_UPPER": [reach // 2, reach - reach // 2] if stride == 1 else None,
    }.get(options.get("auto_pad", "NOTSET"))
    if padding != [reach // 2, reach - reach // 2]:
        raise Unsupported(
            node,
            f"Its padding must be {reach // 2} and {reach - reach // 2}, which keeps all steps",
        )
    bias = constant(node, given, 2, 1) if len(given) > 2 else np.zeros(len(weight))
    parts.convolutions.append(Convolution(weight, bias, int(dilation), int(stride)))
    return parts.steps("BCT")


def normalise(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return the steps behind a batch normalisation, which goes into the convolution before."""
    scale, shift, mean, variance = (constant(node, given, place, 1) for place in (1, 2, 3, 4))
    options, value = attributes_of(node), given[0]
    fresh = parts.convolutions and not parts.convolutions[-1].rectified
    if value.kind != "steps" or value.part != parts.part or value.axes != "BCT" or not fresh:
        raise Unsupported(node, "It must stand right behind a convolution")
    if options.get("training_mode", 0) or len(node.output) > 1:
        raise Unsupported(node, "It must be that of a trained model, not one in training")
    layer = parts.convolutions[-1]
    if {one.shape for one in (scale, shift, mean, variance)} != {(len(layer.weight),)}:
        raise Unsupported(node, f"Its constants must have {len(layer.weight)} numbers each")
    if layer.bias.shape != scale.shape or not (variance >= 0).all():
        raise Unsupported(node, "Its variances must be at least 0")
    factors = scale / np.sqrt(variance.astype(np.float64) + options.get("epsilon", 1e-5))
    layer.weight = layer.weight * factors[:, None, None]
    layer.bias = (layer.bias - mean) * factors + shift
    return value


def rectify(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return the steps behind the rectifier of a convolution."""
    value = given[0]
    fresh = parts.convolutions and not parts.convolutions[-1].rectified and not parts.layers
    if not fresh or value.kind != "steps" or value.part != parts.part:
        raise Unsupported(node, "It must stand behind a convolution")
    parts.convolutions[-1].rectified = True
    return parts.steps(value.axes)


def pool(parts: Parts, node: onnx.NodeProto, given: list[Any]) -> Any:
    """Return the maxima of windows that do not overlap, the last of which may be shorter."""
    axes, options = enter(parts, node, given[0]), attributes_of(node)
    (width,) = options["kernel_shape"] if len(options["kernel_shape"]) == 1 else (0,)
    plain = (
        list(options.get("strides", [1])) == [width]
        and not any(options.get("pads", []))
        and set(options.get("dilations", [1])) == {1}
        and options.get("auto_pad", "NOTSET") == "NOTSET"
        and options.get("ceil_mode", 0) == 1
    )
    layer = parts.convolutions[-1] if parts.convolutions and not parts.layers else None
    if layer is None or layer.pool > 1 or axes != "BCT" or not plain or width < 1:
        raise Unsupported(
            node,
            "It must stand behind a convolution and its Relu, with strides as kernel_shape, "
            "ceil_mode 1 and no padding: a last window that is shorter counts too",
        )
    layer.pool = int(width)
    return parts.steps("BCT")


def recur(parts: Parts, node: onnx.NodeProto, given: list[Any], opset: int) -> tuple[Value, ...]:
    """Return the outputs and the final states of a recurrent layer."""
    axes = enter(parts, node, given[0])
    try:
        options = read_attributes(node, opset)
    except ConfigurationError as error:
        why = str(error).removeprefix(f"{node_name(node)}: ").rstrip(".")
        raise Unsupported(node, why[:1].upper() + why[1:]) from error
    if axes != ("BTC" if options.batch_first else "TBC"):
        raise Unsupported(node, "Its input must have time first, or sequences first with layout 1")
    names = [name for name, value in zip(options.operator.inputs, given, strict=False) if value]
    _check_cell(node, options, dict(zip(options.operator.inputs, given, strict=False)))
    arrays: dict[str, np.ndarray] = {
        name: constant(node, given, options.operator.inputs.index(name), 2 if name == "B" else 3)
        for name in ("W", "R", "B")
        if name in names
    }
    directions, rows, hidden = arrays["R"].shape
    gates = len(options.operator.order)
    shapes = {
        "W": (len(options.reverse), gates * hidden, parts.n_features),
        "R": (len(options.reverse), gates * hidden, hidden),
        "B": (len(options.reverse), 2 * gates * hidden),
    }
    arrays.setdefault("B", np.zeros((directions, 2 * rows)))
    for name, array in arrays.items():
        if array.shape != shapes[name]:
            raise Unsupported(node, f"{name} must have the shape {shapes[name]}, got {array.shape}")
    _add_layer(parts, node, options, arrays)
    last = tuple(("last", len(parts.layers) - 1, d) for d in range(directions))
    y, final = ("BTDH", "BDH") if options.batch_first else ("TDBH", "DBH")
    return parts.steps(y), Value("final", final, segments=last)


def _check_cell(node: onnx.NodeProto, options: Attributes, given: dict[str, Any]) -> None:
    """Refuse cells that the networks do not have."""
    operator = options.operator
    usual = operator.layer(1, 1).activations
    functions = options.activations or (usual,) * len(options.reverse)
    faults = {
        "Its direction must be forward or bidirectional": options.reverse == (True,),
        "Its activations must be the usual ones": any(tuple(f) != usual for f in functions),
        "It must have no clip": options.clip is not None,
        "It must have linear_before_reset 1": operator.name == "GRU" and not options.reset_after,
        "It must have input_forget 0": options.input_forget,
        "It must have no peepholes": given.get("P") is not None,
        "Its initial states must be zero": any(
            given.get(name) is not None and not _is_zero(given[name]) for name in operator.states
        ),
    }
    for fault, found in faults.items():
        if found:
            raise Unsupported(node, f"{fault}, as in the networks of fastgru")
    if given.get("sequence_lens") is not None:
        check_lengths(node, given["sequence_lens"], given["X"].stride)


def _is_zero(value: Any) -> bool:
    if isinstance(value, Constant):
        return not value.array.any()
    return bool(value.kind == "zeros")


def _add_layer(
    parts: Parts, node: onnx.NodeProto, options: Attributes, arrays: dict[str, np.ndarray]
) -> None:
    """Add a recurrent layer, which must be as those below."""
    operator = options.operator
    directions = range(len(options.reverse))
    weights = [weights_of_direction(operator, arrays, d) for d in directions]
    layer = Sequential(operator.name.lower(), weights)
    below = parts.layers[-1] if parts.layers else layer
    if (layer.cell, layer.hidden_size, len(weights)) != (
        *(below.cell, below.hidden_size),
        len(below.weights),
    ):
        raise Unsupported(node, "All recurrent layers must have the same cell, size and directions")
    parts.layers.append(layer)


LAYERS = {
    "OneHot": one_hot,
    "Conv": convolve,
    "BatchNormalization": normalise,
    "Relu": rectify,
    "MaxPool": pool,
}
"""By operator; each takes the parts, the node and what its inputs stand for."""
