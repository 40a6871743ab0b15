"""The shape of the cards of model files and checkpoints: their entries, and what each may hold.

A card comes from a file that anybody may have written, so nothing of it is used before it was
compared with the card of its task in :data:`CARDS`, or with :data:`CHECKPOINT`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastgru.data.alphabets import alphabet_names
from fastgru.data.series import SERIES
from fastgru.data.target_alphabets import TARGET_ALPHABETS
from fastgru.models.card_checks import (
    SWITCH,
    TEXT,
    Check,
    Schema,
    between,
    choice,
    list_of,
    nullable,
    of_one_length,
    record,
    whole,
)
from fastgru.models.card_entries import (
    CALIBRATION,
    DATA,
    INPUTS,
    METRICS,
    NO_THRESHOLDS,
    PRETRAINED,
    SCALE,
    SHARE,
    TARGETS,
    THRESHOLDS,
    VERSIONS,
    architecture_check,
    training_check,
)

__all__ = ["find_checkpoint_fault", "find_fault", "is_ensemble", "json_schema"]

FORMAT_VERSION = 1

ENSEMBLE_FORMAT_VERSION = 2
"""Of files with several networks, so that a reader of format 1 asks for an update."""


def find_fault(card: object) -> str | None:
    """Return the first thing that is wrong with the card of a model, None if there is nothing.

    Parameters
    ----------
    card
        What was parsed from JSON.
    """
    return next(_check_card(card), None)


def _check_card(card: object) -> Iterator[str]:
    fields = card if isinstance(card, dict) else {}
    task = fields.get("task", "classification")
    yield from choice(*CARDS)(task, "task")
    if is_ensemble(fields) and task != "classification":
        yield f"format_version is that of an ensemble, expected that of a model of {task}"
    elif task in CARDS:
        check = ENSEMBLE if is_ensemble(fields) else CARDS[task]
        yield from check(card, "the card")
        foreign = _ENTRIES - check.schema["properties"].keys()
        yield from (f"{name} is no entry of such a model" for name in fields if name in foreign)


def is_ensemble(card: Mapping[str, Any]) -> bool:
    """Whether a card with its format version is that of several networks."""
    return bool(card.get("format_version") == ENSEMBLE_FORMAT_VERSION)


def find_checkpoint_fault(card: object) -> str | None:
    """Return the first thing that is wrong with the card of a checkpoint, or None.

    Parameters
    ----------
    card
        What was parsed from JSON.
    """
    return next(CHECKPOINT(card, "the card"), None)


_OF_ALL = {"alphabet": choice(*alphabet_names(), SERIES)}
_OF_ALL_OPTIONAL = {"fastgru_version": TEXT, "versions": VERSIONS, "task": TEXT, "symbols": TEXT}
_OF_INPUTS = {"inputs": INPUTS, "seen": TEXT, "series": SCALE, "pretrained": PRETRAINED}
_OF_USE = {
    "data": DATA,
    "shuffled_labels": SWITCH,
    "metrics": METRICS,
    "license": TEXT,
    "intended_use": TEXT,
}
_CLASSES = {"classes": list_of(TEXT, distinct=True, at_least=2)}
_CLASSES_OPTIONAL = {"classes_are_integers": SWITCH}
_OF_PROBABILITIES = {
    "calibration": CALIBRATION,
    "prevalence": nullable(list_of(SHARE, at_least=2)),
    "thresholds": THRESHOLDS,
}
_LABELS = {"labels": list_of(TEXT, distinct=True, at_least=1)}
_OF_LABELS = {
    **_OF_PROBABILITIES,
    "prevalence": list_of(SHARE, at_least=1),
    "thresholds": NO_THRESHOLDS,
}
MEMBERS_SHARE = (*_OF_ALL, *_OF_ALL_OPTIONAL, *_CLASSES, *_CLASSES_OPTIONAL)
"""Names of the entries that an ensemble states once for all of its networks."""


def _card(
    score_name: str,
    own: Mapping[str, Check],
    own_optional: Mapping[str, Check],
    *,
    pooled: bool = True,
    decoder: bool = False,
) -> Check:
    """Return the check of the card of a task: what all have, and its own entries."""
    architecture = architecture_check(pooled=pooled, decoder=decoder)
    network = {"architecture": architecture, "training": training_check(score_name)}
    return record(
        {**_OF_ALL, **network, **own},
        {**_OF_ALL_OPTIONAL, **_OF_INPUTS, **_OF_USE, **own_optional},
    )


CARDS = {
    "classification": _card("accuracy", _CLASSES, {**_CLASSES_OPTIONAL, **_OF_PROBABILITIES}),
    "multilabel": _card("accuracy", {**_LABELS, **_OF_LABELS}, {}),
    "regression": of_one_length(_card("r2", TARGETS, {}), *TARGETS),
    "language_model": _card("bits", {}, {}, pooled=False),
    "tagging": _card("accuracy", {**_CLASSES, "labels_are_lists": SWITCH}, {}, pooled=False),
    "translation": _card(
        "token_accuracy",
        {"target_alphabet": choice(*TARGET_ALPHABETS), "tokens_per_letter": between(0, 1e6)},
        {},
        pooled=False,
        decoder=True,
    ),
}
"""The whole card by its task, apart from the format version."""

ENSEMBLE = record(
    {
        **_OF_ALL,
        **_CLASSES,
        "members": list_of(
            record(
                {
                    "architecture": architecture_check(pooled=True),
                    "training": training_check("accuracy"),
                },
                {**_OF_PROBABILITIES, **_OF_INPUTS},
                closed=True,
            ),
            at_least=2,
        ),
    },
    {**_OF_ALL_OPTIONAL, **_CLASSES_OPTIONAL, **_OF_PROBABILITIES, **_OF_USE},
)
"""The whole card of an ensemble of classifiers, apart from its format version."""

_ENTRIES = {name for check in CARDS.values() for name in check.schema["properties"]}
"""Names that mean something in the card of some network."""

CHECKPOINT = record(
    {
        "fastgru_version": TEXT,
        "parameters": record({}),
        "data": record({}),
        "seeds": list_of(whole(0), at_least=3),
        "best_epoch": whole(0),
        "step_number": whole(0),
    },
)
"""The card of a checkpoint, apart from its format version."""


def json_schema() -> Schema:
    """Return the schema of the card of every model file, as JSON Schema (draft 2020-12).

    A card that :func:`find_fault` accepts is valid.  The schema says nothing of what a card says
    twice, or of how it agrees with the weights.
    """
    of_task = [
        {
            # files of the time when there was one task do not name it
            "if": {
                "properties": {"task": {"const": name}},
                "required": [] if name == "classification" else ["task"],
            },
            "then": {"$ref": f"#/$defs/{name}"},
        }
        for name in CARDS
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Card of a fastgru model file",
        "type": "object",
        "properties": {
            "format_version": {"enum": [FORMAT_VERSION, ENSEMBLE_FORMAT_VERSION]},
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "task": {"enum": list(CARDS)},
        },
        "required": ["format_version", "sha256"],
        "if": {"properties": {"format_version": {"const": ENSEMBLE_FORMAT_VERSION}}},
        "then": {"$ref": "#/$defs/ensemble", "properties": {"task": {"const": "classification"}}},
        "else": {"allOf": of_task},
        "$defs": {
            "ensemble": ENSEMBLE.schema,
            **{name: check.schema for name, check in CARDS.items()},
        },
    }
