"""Graphs of Keras 3, by hand: which masks a layer has without being told."""

from __future__ import annotations

from typing import Any

import pytest

from fastgru.interop.keras_graph import Node, connections, read_node


def tensor(name: str) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}


def node(class_name: str, *args: Any, mask: Any = None, **config: Any) -> Node:
    """A layer that is called once; arguments are names of layers, or constants."""
    given = [tensor(arg) if isinstance(arg, str) else arg for arg in args]
    told = {} if mask is None else {"mask": tensor(mask)}
    return read_node(class_name, config, [{"args": given, "kwargs": told}])


def masked(**changed: Node) -> dict[str, Node]:
    """A GRU behind a Masking, as Keras 3 writes it."""
    return {
        "x": node("InputLayer"),
        "differs": node("NotEqual", "x", 0.0),
        "hide": node("Masking", "x", mask_value=0.0),
        "any": node("Any", "differs", axis=-1, keepdims=False),
        "gru": node("GRU", "hide", mask="any"),
        "drop": node("Dropout", "gru"),
        "lstm": node("LSTM", "drop", mask="any"),
    } | changed


def test_mask_of_the_layer_below__is_left_out_with_its_operations() -> None:
    found = connections(masked())
    assert found == {"x": (), "hide": ("x",), "gru": ("hide",), "drop": ("gru",), "lstm": ("drop",)}
    tokens = {
        "x": node("InputLayer"),
        "embed": node("Embedding", "x", mask_zero=True),
        "differs": node("NotEqual", "x", 0),
        "gru": node("GRU", "embed", mask="differs"),
    }
    assert connections(tokens) == {"x": (), "embed": ("x",), "gru": ("embed",)}


@pytest.mark.parametrize(
    "changed",
    [
        {"differs": node("NotEqual", "x", 1.0)},
        {"differs": node("NotEqual", 0.0, "x")},
        {"differs": node("Equal", "x", 0.0)},
        {"any": node("Any", "differs", axis=1, keepdims=False)},
        {"any": node("Any", "differs", axis=-1, keepdims=True)},
        {"any": node("All", "differs", axis=-1)},
        {"any": node("InputLayer")},
        {"hide": node("Masking", "x", mask_value=2.0)},
        {"hide": node("Embedding", "x", mask_zero=True)},
        {"hide": node("Dense", "x")},
        {"hide": node("Masking", "x", "x", mask_value=0.0)},
    ],
)
def test_other_masks__stay_inputs(changed: dict[str, Node]) -> None:
    nodes = masked(**changed)
    found = connections(nodes)
    assert found["gru"] == ("hide", "any")
    assert found["lstm"] == ("drop", "any")


def test_nearest_mask__is_the_one_that_counts() -> None:
    further = node("Masking", "gru", mask_value=0.0)
    found = connections(masked(drop=further))
    assert found["gru"] == ("hide",)
    assert found["lstm"] == ("drop", "any")


def test_layers_in_a_circle__end_the_search() -> None:
    nodes = masked(hide=node("Dense", "drop"))
    assert connections(nodes)["gru"] == ("hide", "any")


def test_lists_of_keras_2__name_what_they_take() -> None:
    calls = [[["below", 0, 0, {"initial_state": ["state", 0, 1]}]]]
    assert read_node("GRU", {}, calls).inputs == ("below", "state")
    assert read_node("GRU", {}, None).inputs == ()
    constant = [{"args": [tensor("x")], "kwargs": {"mask": {"class_name": "__numpy__"}}}]
    assert read_node("GRU", {}, constant).masks == ("__numpy__",)
