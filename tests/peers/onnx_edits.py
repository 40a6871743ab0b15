"""Changes to exported models, each with the message that refuses it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np


def change_node(model: Any) -> None:
    (node,) = (node for node in model.graph.node if node.op_type == "Softmax")
    node.op_type = "LogSoftmax"


def add_node(model: Any) -> None:
    model.graph.node.add(op_type="Relu", name="more", input=["probabilities"], output=["more"])


def swap_inputs(model: Any) -> None:
    (node,) = (node for node in model.graph.node if node.op_type == "Div")
    node.input[0], node.input[1] = node.input[1], node.input[0]


def drop_attribute(model: Any) -> None:
    del next(node for node in model.graph.node if node.op_type == "GRU").attribute[:]


def reshape_constant(model: Any) -> None:
    (weight,) = (one for one in model.graph.initializer if one.name == "head.weight")
    weight.dims[:] = [5, 2]


def change_temperature(model: Any) -> None:
    (one,) = (one for one in model.graph.initializer if one.name == "temperature")
    one.raw_data = np.float32(3).tobytes()


def change_ambiguous_row(model: Any) -> None:
    (one,) = (one for one in model.graph.initializer if one.name == "embedding.symbols")
    one.raw_data = one.raw_data[:-4] + np.float32(9).tobytes()


def spoil_weight(model: Any) -> None:
    (one,) = (one for one in model.graph.initializer if one.name == "head.weight")
    one.raw_data = np.float32(np.nan).tobytes() + one.raw_data[4:]


def edit_card(**entries: Any) -> Callable[[Any], None]:
    def edit(model: Any) -> None:
        (entry,) = model.metadata_props
        entry.value = json.dumps(json.loads(entry.value) | entries)

    return edit


def edit_architecture(**fields: Any) -> Callable[[Any], None]:
    def edit(model: Any) -> None:
        (entry,) = model.metadata_props
        card = json.loads(entry.value)
        card["architecture"] |= fields
        entry.value = json.dumps(card)

    return edit


def edit_text(text: str) -> Callable[[Any], None]:
    def edit(model: Any) -> None:
        (entry,) = model.metadata_props
        entry.value = f'{{"note": {text}, {entry.value[1:]}'

    return edit


EDITS: list[tuple[Callable[[Any], None], str]] = [
    (change_node, r"node 'softmax_1' \(LogSoftmax\) is not what fastgru .* exports for the card"),
    (add_node, r"node 'more' \(Relu\) is not what"),
    (swap_inputs, r"node 'div_1' \(Div\) is not what"),
    (drop_attribute, r"node 'gru.Y_1' \(GRU\) is not what"),
    (reshape_constant, r"node 'gemm_1' \(Gemm\) is not what"),
    (change_temperature, "constant 'temperature' contradicts its card"),
    (change_ambiguous_row, "constant 'embedding.symbols' contradicts its card"),
    (spoil_weight, "it holds NaN or infinity"),
    (edit_card(alphabet="latin"), "in its card, alphabet is 'latin', expected one of"),
    (edit_card(format_version=1000), "its card has the format 1000.*Update fastgru"),
    (edit_card(classes=["a"]), "in its card, "),
    (edit_architecture(hidden_size=2**30), "describes a larger network than the file holds"),
    (edit_architecture(num_layers=2**30), "describes a larger network than the file holds"),
    (edit_architecture(num_layers=1), "num_layers is both 1 and 2"),
    (edit_text("[" * 100_000), "the card in its metadata is not JSON"),
    (edit_text("[" * 40 + "]" * 40), "metadata is not JSON .nested deeper than 32 levels"),
    (edit_text("NaN"), "metadata is not JSON .NaN is no number of JSON"),
    (edit_text("1e999"), "metadata is not JSON .1e999 is out of range"),
]
