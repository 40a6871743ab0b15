"""What a chain of operators is made of, while it is read node by node.

Nothing is computed: each name stands for a :class:`Value`, which says what kind of thing it would
be and which axes it would have, and the layers that were passed are collected in :class:`Parts`.

Axes have letters: B sequences, T steps, C features, D directions, H units of a direction, and 1
for an axis of size one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import onnx
from onnx import helper

from fastgru.onnx.attributes import node_name

__all__ = [
    "MAX_SYMBOLS",
    "Constant",
    "Convolution",
    "Parts",
    "Sequential",
    "Unsupported",
    "Value",
    "attributes_of",
    "integers_of",
]

MAX_SYMBOLS = 256
"""Most tokens of a model of letters that rows with a single one are made for."""

Segment = tuple[Any, ...]
"""What features of a sequence are: ("last", layer, direction), ("mean",), ("max",), ..."""


class Unsupported(Exception):
    """A node that no network of fastgru has; the text says which, and why.

    Parameters
    ----------
    node
    why
        With a capital letter, without a full stop.
    """

    def __init__(self, node: onnx.NodeProto, why: str) -> None:
        super().__init__(f"{node_name(node)} is not supported. {why}")


@dataclass(frozen=True)
class Value:
    """What a name stands for.

    Attributes
    ----------
    kind
        ``"tokens"``, ``"one-hot"``, ``"lengths"``, ``"steps"`` (features of each step), ``"final"``
        (last states of layers), ``"pooled"`` (features of a sequence), ``"scores"``, ``"shares"``
        and ``"weighted"`` (attention), ``"logits"``, ``"outputs"``, ``"sizes"`` (of shapes),
        ``"numbers"`` (of all steps from 0 on), ``"valid"`` and ``"past"`` (whether a step is within
        its sequence, or not) or ``"zeros"``.
    axes
        A letter for each; of sizes those that they are of, none where something was done to them
        but for the product of directions and units, which are the features.
    part
        How many parts stood before it: of steps, which may go on only to the next part.
    segments
        Of features of a sequence, in order; of final states along D.
    stride
        How many tokens stand for one step: of steps, and of their lengths, sizes and numbers.
    added
        Of lengths, what was added to them for a division that rounds up.
    """

    kind: str
    axes: str = ""
    part: int = 0
    segments: tuple[Segment, ...] = ()
    stride: int = 1
    added: int = 0

    def turned(self, axes: str) -> Value:
        """Return the same with other axes; of one direction alone the units are the features."""
        return replace(self, axes=axes if "D" in axes else axes.replace("H", "C"))


@dataclass(frozen=True)
class Constant:
    """A constant."""

    array: np.ndarray


@dataclass
class Convolution:
    """A convolutional layer.

    Attributes
    ----------
    weight
        (C, I, K)
    bias
        (C,)
    dilation, stride, pool
    rectified
        Whether a rectifier has followed.
    """

    weight: np.ndarray
    bias: np.ndarray
    dilation: int
    stride: int
    pool: int = 1
    rectified: bool = False


@dataclass
class Sequential:
    """A recurrent layer: its cell, and the weights of each direction by PyTorch's names."""

    cell: str
    weights: list[dict[str, np.ndarray]]

    @property
    def hidden_size(self) -> int:
        """Units of each direction."""
        return int(self.weights[0]["weight_hh_l0"].shape[1])

    @property
    def n_features(self) -> int:
        """Features of a step behind it."""
        return self.hidden_size * len(self.weights)


@dataclass
class Parts:
    """The layers that were passed, in their order.

    Attributes
    ----------
    n_symbols
        Tokens of rows with a single one; None for others.
    fixed
        Sizes of the input that the graph says, by their letter.
    embedding
        (V, E) features of each token; None before it was passed.
    convolutions, layers
    residual
        Numbers of the recurrent layers around which there is an addition.
    attention
        (C,) or None.
    pooling
        Segments that the outputs are made of.
    weight, bias
        (O, C) and (O,) of the outputs.
    temperature
    activation
        ``"Softmax"``, ``"Sigmoid"`` or none.
    """

    n_symbols: int | None = None
    fixed: dict[str, int] = field(default_factory=dict)
    embedding: np.ndarray | None = None
    convolutions: list[Convolution] = field(default_factory=list)
    layers: list[Sequential] = field(default_factory=list)
    residual: set[int] = field(default_factory=set)
    attention: np.ndarray | None = None
    pooling: tuple[Segment, ...] = ()
    weight: np.ndarray | None = None
    bias: np.ndarray | None = None
    temperature: float = 1.0
    activation: str = ""

    @property
    def part(self) -> int:
        """How many parts were passed that change the features of steps."""
        rectified = sum(one.rectified + (one.pool > 1) for one in self.convolutions)
        whole = (self.embedding is not None) + len(self.convolutions) + len(self.layers)
        return whole + rectified + len(self.residual)

    @property
    def stride(self) -> int:
        """How many tokens stand for one step behind the last part."""
        return math.prod(one.stride * one.pool for one in self.convolutions)

    @property
    def n_features(self) -> int:
        """Features of a step behind the last part."""
        if self.layers:
            return self.layers[-1].n_features
        if self.convolutions:
            return len(self.convolutions[-1].weight)
        assert self.embedding is not None
        return int(self.embedding.shape[1])

    def steps(self, axes: str) -> Value:
        """Return the steps behind the last part."""
        return Value("steps", axes, self.part, stride=self.stride)


def attributes_of(node: onnx.NodeProto) -> dict[str, Any]:
    """Return the values of a node's attributes, text decoded."""
    found = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    return {
        name: value.decode(errors="replace") if isinstance(value, bytes) else value
        for name, value in found.items()
    }


def integers_of(node: onnx.NodeProto, given: list[Any], place: int, name: str) -> list[int] | None:
    """Return whole numbers that newer operators take as an input and older ones as an attribute.

    Parameters
    ----------
    node
    given
        What its inputs stand for.
    place, name
        Of the input and of the attribute.

    Returns
    -------
    list of int or None
        None where there are none.

    Raises
    ------
    Unsupported
        If they are no constant.
    """
    if place < len(given) and given[place] is not None:
        value = given[place]
        if not isinstance(value, Constant) or value.array.dtype.kind not in "iu":
            raise Unsupported(node, f"Its {name} must be a constant")
        return [int(number) for number in value.array.reshape(-1)]
    found = attributes_of(node).get(name)
    return None if found is None else [int(n) for n in np.atleast_1d(found)]
