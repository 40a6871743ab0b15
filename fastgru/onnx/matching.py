"""Graphs side by side: whether one is the other but for its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto

from fastgru.onnx.files import Constants

__all__ = ["Difference", "Side", "pair_constants"]


class Difference(Exception):
    """Where graphs differ, as a message says it."""


@dataclass(frozen=True)
class Side:
    """One of several graphs.

    Attributes
    ----------
    graph : GraphProto
    constants : dict of np.ndarray
        By name.
    places : dict of str
        What each name has stood for so far: the same word in all graphs that are alike.
    """

    graph: Any
    constants: Constants
    places: dict[str, str] = field(default_factory=lambda: {"": ""})


def pair_constants(sides: Sequence[Side]) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield the constants of graphs that stand in the same places, in the order of the nodes.

    Names may differ: a place is an input of a node.

    Parameters
    ----------
    sides
        Of which the first has a name for each value.

    Raises
    ------
    Difference
        At the first node that is not the same in all.
    """
    _meet(sides, [[one.name for one in side.graph.input] for side in sides], "inputs")
    for nodes in zip_longest(*(side.graph.node for side in sides)):
        shown = next(node for node in reversed(nodes) if node is not None)
        where = f"node {shown.name!r} ({shown.op_type})"
        if any(node is None or not _is_alike(nodes[0], node) for node in nodes):
            raise Difference(where)
        for names in zip(*(node.input for node in nodes), strict=True):
            arrays = _pair(sides, names, where)
            if arrays:
                yield arrays
        bodies = [_bodies(node) for node in nodes]
        for graphs in zip(*bodies, strict=True):
            yield from pair_constants(
                [
                    Side(graph, side.constants, side.places)
                    for graph, side in zip(graphs, sides, strict=True)
                ]
            )
        _meet(sides, [list(node.output) for node in nodes], where)
    for ends in zip_longest(*(side.graph.output for side in sides)):
        names = tuple("?" if end is None else end.name for end in ends)
        if _pair(sides, names, "the outputs"):
            raise Difference("the outputs")


def _pair(sides: Sequence[Side], names: Sequence[str], where: str) -> tuple[np.ndarray, ...] | None:
    """Return the constants of these names, or None if they are of values that are the same."""
    pairs = list(zip(sides, names, strict=True))
    arrays = tuple(side.constants[name] for side, name in pairs if name in side.constants)
    if not arrays:
        places = {side.places.get(name) for side, name in pairs}
        if len(places) > 1 or None in places:
            raise Difference(where)
        return None
    kinds = {(array.dtype, array.shape) for array in arrays}
    if len(arrays) < len(sides) or len(kinds) > 1:
        raise Difference(where)
    return arrays


def _meet(sides: Sequence[Side], names: Sequence[Sequence[str]], where: str) -> None:
    """Let new names of all sides stand for the same."""
    if len({len(own) for own in names}) > 1:
        raise Difference(where)
    first = len(sides[0].places)
    for side, own in zip(sides, names, strict=True):
        side.places.update({name: f"{first + k}" for k, name in enumerate(own) if name})


def _bodies(node: onnx.NodeProto) -> list[Any]:
    return [one.g for one in node.attribute if one.type == AttributeProto.GRAPH]


def _is_alike(first: Any, other: Any) -> bool:
    """Whether two nodes do the same with what they are given, but for the graphs within them."""
    return first is not None and (
        (first.op_type, first.domain) == (other.op_type, other.domain)
        and [bool(name) for name in first.input] == [bool(name) for name in other.input]
        and [bool(name) for name in first.output] == [bool(name) for name in other.output]
        and _attributes(first) == _attributes(other)
    )


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {
        one.name: "graph"
        if one.type == AttributeProto.GRAPH
        else one.SerializeToString(deterministic=True)
        for one in node.attribute
    }
