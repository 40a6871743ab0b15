"""The path of layers to the last recurrent one of a Keras model, and what masks it."""

from __future__ import annotations

from collections.abc import Sequence

from fastgru.errors import ConfigurationError, shorten
from fastgru.interop.keras_records import KerasModel, LayerRecord, nested_entries

_NO_CHANGE = (
    *("InputLayer", "Dropout", "SpatialDropout1D", "GaussianDropout", "GaussianNoise"),
    "ActivityRegularization",
)
"""Layers that hand on what they get, outside of training."""


def recurrent_path(model: KerasModel) -> list[LayerRecord]:
    """Return the layers from the first that is recurrent, or masks for it, to the last.

    Raises
    ------
    ConfigurationError
        If there is none, they do not follow each other, one has more than one input, or a layer
        holds others, which would be left out.
    """
    known = {record.name: record for record in model.layers}
    left = [record for record in model.layers if record.looks_recurrent]
    for record in model.layers:
        check_not_nested(model, record)
    if not left:
        classes = sorted({str(record.class_name or record.name) for record in model.layers})
        raise ConfigurationError(
            f"{model.where}: expected a recurrent layer (GRU, LSTM or SimpleRNN, alone or in a "
            f"Bidirectional), found layers of {shorten(classes, 20)}. Pass a model that has one."
        )
    path = [left[-1]]
    while True:
        inputs = path[-1].inputs
        _check_inputs(model, path[-1])
        if len(inputs) != 1 or inputs[0] not in known:
            break
        below = known[inputs[0]]
        if not (below.looks_recurrent or below.class_name in (*_NO_CHANGE, "Masking")):
            break
        path.append(below)
    missed = [record.name for record in left if record not in path]
    if missed:
        end = path[-1]
        found = f"{end.described} on the inputs {list(end.inputs)} between {missed[-1]!r} and"
        if end.class_name is None:
            found = f"a file of weights alone, which does not tell what stands between {missed} and"
        raise ConfigurationError(
            f"{model.where}: expected recurrent layers that follow each other, found {found} "
            f"{path[0].name!r}. Load them one by one, with layer as one of "
            f"{shorten([record.name for record in left], 20)}."
        )
    return path[::-1]


def check_not_nested(model: KerasModel, record: LayerRecord) -> None:
    """Refuse a layer that holds recurrent layers, such as a nested model.

    Raises
    ------
    ConfigurationError
        For such a layer.
    """
    if record.holds_recurrent:
        others = [one.name for one in model.layers if one.looks_recurrent]
        raise ConfigurationError(
            f"{model.where}: expected recurrent layers in the model itself, found "
            f"{record.described}, which holds recurrent layers of its own. Load it alone, as "
            f"model.get_layer({record.name!r}) or the file that its save() writes, and the others "
            f"by name, with layer as one of {shorten(others, 20) or 'none'}."
        )


def _check_inputs(model: KerasModel, record: LayerRecord) -> None:
    if record.looks_recurrent and len(record.inputs) > 1:
        raise ConfigurationError(
            f"{model.where}: expected recurrent layers with one input, called once, and no mask "
            "but that of a Masking or Embedding in front of them, found "
            f"{record.described} on the inputs {list(record.inputs)}. Load it alone, with "
            f"layer={record.name!r}, and pass what it starts from (h0, states of an LSTM), and "
            "lengths in the place of a mask."
        )


def mask_value_of(model: KerasModel, path: Sequence[LayerRecord]) -> float | None:
    """Return the value that a Masking before the first recurrent layer names."""
    masks = [place for place, record in enumerate(path) if record.class_name == "Masking"]
    if not masks:
        return None
    first = next(place for place, record in enumerate(path) if record.looks_recurrent)
    if len(masks) > 1 or masks[0] > first:
        raise ConfigurationError(
            f"{model.where}: expected one Masking, before the first recurrent layer, found "
            f"{path[masks[-1]].described} after it. Load the layers one by one, with layer."
        )
    return float(path[masks[0]].config.get("mask_value", 0.0))


def masking_layer(model: KerasModel, path: Sequence[LayerRecord]) -> str | None:
    """Return the name of a layer below a path whose mask may reach it; None if there is none.

    A ``Masking`` in the path makes a mask of its own, whatever lies below.
    """
    if any(record.class_name == "Masking" for record in path):
        return None
    known = {record.name: record for record in model.layers}
    waiting, seen = list(path[0].inputs), set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in known:
            continue
        seen.add(name)
        if _makes_mask(known[name]):
            return name
        waiting += known[name].inputs
    return None


def _makes_mask(record: LayerRecord) -> bool:
    """Whether a layer, or one that is nested in it, makes a mask."""
    if record.class_name == "Masking":
        return True
    return any(
        one.get("class_name") == "Masking" or one.get("mask_zero")
        for one in nested_entries(record.config)
    )
