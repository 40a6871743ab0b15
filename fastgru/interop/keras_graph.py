"""How the layers of a functional model of Keras are connected.

Keras 3 writes masks as operations of the graph: beside ``Masking(mask_value=v)`` on x stand
``NotEqual(x, v)`` and ``Any(..., axis=-1)`` of it, beside ``Embedding(mask_zero=True)`` on x
``NotEqual(x, 0)``, and each layer that such a mask reaches takes it as a keyword.  Keras 1 and 2,
and Sequential models, leave that unsaid: a layer has the mask of the layer below.  Graphs of
Keras 3 are brought to that form where both mean the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

_MASK_OPERATIONS = ("Any", "NotEqual")
"""Classes of the operations by which Masking and Embedding make their masks."""

_CONSTANTS = ("__tensor__", "__numpy__")
"""What Keras 3 writes in the place of a layer for an array that another is called on."""


class Node(NamedTuple):
    """A layer or operation of a graph.

    Attributes
    ----------
    class_name
    config
    inputs
        Layers whose outputs it takes, but for masks.  An array that it takes stands among them as
        ``__tensor__`` or ``__numpy__`` (Keras 3), or ``_CONSTANT_VALUE`` (Keras 2).
    masks
        Layers that it takes a mask from, as Keras 3 writes it.
    arguments
        Of its only call in Keras 3; else none.
    """

    class_name: str
    config: Mapping[str, Any]
    inputs: tuple[str, ...]
    masks: tuple[str, ...]
    arguments: Sequence[Any]


class _Mask(NamedTuple):
    """Which steps count: those where the output of a layer differs from a value."""

    source: str
    value: object
    over_features: bool


def read_node(class_name: str, config: Mapping[str, Any], calls: object) -> Node:
    """Return a layer of a graph.

    Parameters
    ----------
    class_name, config
    calls
        ``inbound_nodes`` of its configuration.
    """
    told = [call for call in calls if _is_call(call)] if isinstance(calls, list | tuple) else []
    masks = tuple(_sources([call["kwargs"].get("mask") for call in told]))
    if told:
        calls = [{**call, "kwargs": {**call["kwargs"], "mask": None}} for call in told]
    arguments = told[0].get("args") if len(told) == 1 else ()
    is_sequence = isinstance(arguments, list | tuple)
    return Node(class_name, config, tuple(_sources(calls)), masks, arguments if is_sequence else ())


def _is_call(call: object) -> bool:
    return isinstance(call, Mapping) and isinstance(call.get("kwargs"), Mapping)


def _sources(node: object) -> Iterator[str]:
    """Yield the names of the layers that a layer is called on, and what stands for constants.

    Keras 1 and 2 write ``[name, node, tensor, {...}]`` for each input, Keras 3 ``"keras_history":
    [name, node, tensor]``; in memory some of these lists are tuples.
    """
    if isinstance(node, Mapping) and node.get("class_name") in _CONSTANTS:
        yield str(node["class_name"])
    elif isinstance(node, Mapping):
        for value in node.values():
            yield from _sources(value)
    elif isinstance(node, list | tuple):
        if len(node) >= 3 and isinstance(node[0], str) and isinstance(node[1], int):
            yield node[0]
            node = node[3:]
        for value in node:
            yield from _sources(value)


def connections(nodes: Mapping[str, Node]) -> dict[str, tuple[str, ...]]:
    """Return which layers each layer takes something from.

    Parameters
    ----------
    nodes
        By name, in the order of the configuration.

    Returns
    -------
    dict
        By name.  A mask is left out where it is that of the nearest layer below which makes one,
        and so are operations that nothing needs then.
    """
    found = {name: node.inputs + _further_masks(nodes, name) for name, node in nodes.items()}
    unused = [name for name, node in nodes.items() if node.class_name in _MASK_OPERATIONS]
    while free := [name for name in unused if not any(name in used for used in found.values())]:
        for name in free:
            unused.remove(name)
            del found[name]
    return found


def _further_masks(nodes: Mapping[str, Node], name: str) -> tuple[str, ...]:
    """Return the masks of a layer that it would not have without being told."""
    below = _mask_below(nodes, name)
    return tuple(
        mask for mask in nodes[name].masks if below is None or _computed(nodes, mask) != below
    )


def _mask_below(nodes: Mapping[str, Node], name: str) -> _Mask | None:
    """Return the mask of the nearest layer that makes one, with one input each on the way."""
    for _ in nodes:
        inputs = nodes[name].inputs
        if len(inputs) != 1 or inputs[0] not in nodes:
            break
        name = inputs[0]
        if (mask := _made(nodes[name])) is not None:
            return mask
    return None


def _made(node: Node) -> _Mask | None:
    """Return the mask that a layer makes of its input."""
    if len(node.inputs) == 1 and node.class_name == "Masking":
        return _Mask(node.inputs[0], node.config.get("mask_value", 0.0), True)
    if len(node.inputs) == 1 and node.class_name == "Embedding" and node.config.get("mask_zero"):
        return _Mask(node.inputs[0], 0, False)
    return None


def _computed(nodes: Mapping[str, Node], name: str) -> _Mask | None:
    """Return the mask that an operation computes."""
    node = nodes.get(name)
    if node is None or len(node.inputs) != 1:
        return None
    source = node.inputs[0]
    if node.class_name == "NotEqual" and len(node.arguments) == 2:
        return _Mask(source, node.arguments[1], False)
    below = nodes.get(source)
    is_last = node.config.get("axis") == -1 and not node.config.get("keepdims")
    if node.class_name == "Any" and is_last and below is not None and below.class_name != "Any":
        compared = _computed(nodes, source)
        return None if compared is None else compared._replace(over_features=True)
    return None
