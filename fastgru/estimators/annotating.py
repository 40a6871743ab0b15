"""From scores of a model to what its file says of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from fastgru.errors import FastgruError
from fastgru.models.card_entries import METRICS
from fastgru.models.model_file import read_model, write_model
from fastgru.models.tensor_file import digest_tensors

__all__ = ["annotate_model"]

Scores = Iterator[dict[str, Any]]


def annotate_model(
    model: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    metrics: str | os.PathLike[str] | None = None,
    entries: Mapping[str, str],
) -> None:
    """Write a model file with other words about the same model.

    Parameters
    ----------
    model
        File to read.
    output
        File to write, whole or not at all; it may be the same.
    metrics
        metrics.json of this model, from ``fastgru evaluate``; None leaves what is there.
    entries
        Entries of the card that replace those that are there.

    Raises
    ------
    ModelFileError
        If `model` is no model file.
    FastgruError
        If `metrics` are not the scores of this model on sequences as they are.
    """
    saved = read_model(model)
    card = {**saved.card, **entries}
    if metrics is not None:
        name = os.fspath(metrics)
        scored = _read_metrics(name)
        _require_same_model(name, os.fspath(model), scored, digest_tensors(saved.tensors))
        card["metrics"] = _to_entry(name, scored)
    write_model(output, card, saved.tensors)


def _read_metrics(name: str) -> dict[str, Any]:
    try:
        with open(name, encoding="utf-8") as file:
            scored = json.load(file)
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise FastgruError(
            f"{name}: cannot be read ({(reason or str(error)).lower()}), expected the scores of "
            "'fastgru evaluate'. Check the path."
        ) from error
    if not isinstance(scored, dict) or scored.get("kind") != "model":
        raise FastgruError(
            f"{name}: holds no scores of a model, expected those of 'fastgru evaluate'. Check the "
            "path."
        )
    return scored


def _require_same_model(name: str, model: str, scored: Mapping[str, Any], digest: str) -> None:
    """Refuse scores of another model, and those of a control."""
    if scored.get("shuffled_sequences") is not None:
        raise FastgruError(
            f"{name}: holds the scores of a control, on shuffled sequences, expected those on the "
            "sequences themselves. Evaluate without --shuffle."
        )
    if scored.get("weights_sha256") != digest:
        raise FastgruError(
            f"{name}: holds the scores of a model with other weights than {model}, expected those "
            f"of this one. Write them with 'fastgru evaluate {model}'."
        )


def _to_entry(name: str, scored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry of the card."""
    try:
        entry = {key: scored[key] for key in ("n_test", "n_seen", "data", "bootstrap")}
        entry["scores"] = [*_overall(scored), *_of_parts(scored)]
    except (KeyError, TypeError, AttributeError) as error:
        raise _damaged(name, f"{error} is missing or of another kind") from error
    fault = next(METRICS(entry, "metrics"), None)
    if fault is not None:
        raise _damaged(name, fault)
    return entry


def _damaged(name: str, fault: str) -> FastgruError:
    return FastgruError(
        f"{name}: {fault}, expected the scores of 'fastgru evaluate'. Write them again."
    )


def _overall(scored: Mapping[str, Any]) -> Scores:
    for name, ends in scored["intervals"].items():
        if isinstance(ends, dict):  # those of a target of regression
            yield from _rows(name, scored["per_target"][name], ends)
        else:
            yield from _rows(None, scored, {name: ends})


def _of_parts(scored: Mapping[str, Any]) -> Scores:
    """Yield the scores of each class or label."""
    for values, intervals in (("per_class", "class_intervals"), ("per_label", "label_intervals")):
        for part, ends in scored.get(intervals, {}).items():
            yield from _rows(part, scored[values][part], ends)


def _rows(part: str | None, values: Mapping[str, Any], ends: Mapping[str, Any]) -> Scores:
    for name, interval in ends.items():
        yield {"name": name, "part": part, "value": values[name], "interval": interval}
