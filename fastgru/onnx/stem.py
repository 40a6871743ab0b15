"""Convolutional layers in ONNX: :mod:`fastgru.layers.stem`.

Of each layer, with the steps past a sequence's end at zero before and behind it::

    Conv -> [BatchNormalization | LayerNormalization] -> Relu -> [MaxPool] -> [Add of its input]

(B, C, T) throughout; layer normalisation stands between two Transpose.  What follows the rectifier
is at least zero, so zeros past an end change no maximum of a window that reaches there.
"""

from __future__ import annotations

import numpy as np

from fastgru.layers.convolution_sizes import ConvolutionSizes, matching_layers
from fastgru.layers.layer_norm import EPSILON
from fastgru.models.architecture import Architecture
from fastgru.onnx.graph import Graph, Weights
from fastgru.onnx.steps import Steps, count_steps, is_valid

__all__ = ["add_stem"]


def add_stem(graph: Graph, sizes: Architecture, weights: Weights, steps: Steps) -> Steps:
    """Add all layers.

    Parameters
    ----------
    graph, sizes
    weights
        float32, by name.
    steps
    """
    layers = sizes.convolutions
    if not layers:
        return steps
    lengths = steps.lengths
    x = _cut(graph, graph.add("Transpose", steps.values, perm=[0, 2, 1]), lengths)
    matching = matching_layers(sizes.input_size, layers)
    for number, (layer, matches) in enumerate(zip(layers, matching, strict=True)):
        y = _convolve(graph, layer, weights, f"_l{number}", x)
        y = _normalise(graph, sizes.conv_norm, weights, f"_l{number}", y)
        lengths = _divide_up(graph, lengths, layer.stride)
        y = _cut(graph, graph.add("Relu", y), lengths)
        if layer.pool > 1:
            window = [layer.pool]
            y = graph.add("MaxPool", y, kernel_shape=window, strides=window, ceil_mode=1)
            lengths = _divide_up(graph, lengths, layer.pool)
        x = graph.add("Add", y, x) if sizes.conv_residual and matches else y
    return Steps(graph.add("Transpose", x, perm=[0, 2, 1]), lengths)


def _cut(graph: Graph, x: str, lengths: str) -> str:
    """Return values (B, C, T) with zeros past the ends."""
    valid = is_valid(graph, count_steps(graph, x, 2), lengths, axis=1)
    return graph.add("Where", valid, x, np.float32(0))


def _divide_up(graph: Graph, lengths: str, by: int) -> str:
    if by == 1:
        return lengths
    return graph.add("Div", graph.add("Add", lengths, np.int64(by - 1)), np.int64(by))


def _convolve(
    graph: Graph,
    sizes: ConvolutionSizes,
    weights: Weights,
    suffix: str,
    x: str,
) -> str:
    names = f"stem.weight{suffix}", f"stem.bias{suffix}"
    reach = (sizes.width - 1) * sizes.dilation
    return graph.add(
        *("Conv", x, *(graph.constant(name, weights[name]) for name in names)),
        kernel_shape=[sizes.width],
        dilations=[sizes.dilation],
        strides=[sizes.stride],
        pads=[reach // 2, reach - reach // 2],
    )


def _normalise(graph: Graph, norm: str, weights: Weights, suffix: str, z: str) -> str:
    def constants(*names: str) -> list[str]:
        full = (f"stem.{name}{suffix}" for name in names)
        return [graph.constant(name, weights[name]) for name in full]

    if norm == "batch":
        given = constants("norm_weight", "norm_bias", "running_mean", "running_var")
        return graph.add("BatchNormalization", z, *given, epsilon=EPSILON)
    if norm == "layer":
        last = graph.add("Transpose", z, perm=[0, 2, 1])
        given = constants("norm_weight", "norm_bias")
        scaled = graph.add("LayerNormalization", last, *given, axis=-1, epsilon=EPSILON)
        return graph.add("Transpose", scaled, perm=[0, 2, 1])
    return z
