"""The shape of the cards of model files and checkpoints: their entries, and what each may hold.

A card comes from a file that anybody may have written, so nothing of it is used before it was
compared with :data:`CARD` or :data:`CHECKPOINT`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fastgru.data.alphabets import alphabet_names
from fastgru.models.architecture import GATES, NORMS, POOLINGS, STRANDS

__all__ = ["find_checkpoint_fault", "find_fault", "is_ensemble"]

ENSEMBLE_FORMAT_VERSION = 2
"""Of files with several networks, so that a reader of format 1 asks for an update."""

# Looks at a value and its place in the card; yields what is wrong.
_Check = Callable[[Any, str], Iterator[str]]


def find_fault(card: object) -> str | None:
    """Return the first thing that is wrong with the card of a model, None if there is nothing.

    Parameters
    ----------
    card
        What was parsed from JSON.
    """
    check = ENSEMBLE if isinstance(card, dict) and is_ensemble(card) else CARD
    return next(check(card, "the card"), None)


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


def _value(expected: str, accepts: Callable[[Any], bool]) -> _Check:
    def check(value: Any, place: str) -> Iterator[str]:
        if not accepts(value):
            shown = repr(value) if len(repr(value)) <= 40 else type(value).__name__
            yield f"{place} is {shown}, expected {expected}"

    return check


def _whole(minimum: int) -> _Check:
    # type(), since True is an int to isinstance; the upper bound keeps products of sizes exact
    return _value(
        f"a whole number of at least {minimum}",
        lambda value: type(value) is int and minimum <= value < 1 << 31,
    )


def _choice(*names: str) -> _Check:
    return _value(f"one of {', '.join(names)}", lambda value: value in names)


def _list_of(check_entry: _Check, *, distinct: bool = False, at_least: int = 0) -> _Check:
    def check(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, list) or len(value) < at_least:
            yield f"{place} is no list of at least {at_least} entries"
            return
        for number, entry in enumerate(value):
            yield from check_entry(entry, f"{place}[{number}]")
        if distinct and len(set(map(repr, value))) < len(value):
            yield f"{place} has an entry twice"

    return check


def _object(
    required: Mapping[str, _Check],
    optional: Mapping[str, _Check] | None = None,
    *,
    closed: bool = False,
) -> _Check:
    """Entries with other names are let through unless `closed`: they say nothing that matters."""
    known = {**required, **(optional or {})}

    def check(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{place} is no object"
            return
        inside = "" if place == "the card" else f"{place}."
        yield from (f"{inside}{name} is missing" for name in required if name not in value)
        if closed:
            yield from (f"{inside}{name!r} is unknown" for name in value if name not in known)
        for name, check_entry in known.items():
            if name in value:
                yield from check_entry(value[name], f"{inside}{name}")

    return check


def _nullable(check_entry: _Check) -> _Check:
    def check(value: Any, place: str) -> Iterator[str]:
        if value is not None:
            yield from check_entry(value, place)

    return check


def _between(minimum: float, maximum: float) -> _Check:
    return _value(
        f"a number from {minimum:g} to {maximum:g}",
        lambda value: type(value) in (int, float) and minimum <= value <= maximum,
    )


_TEXT = _value("text", lambda value: isinstance(value, str))
_SWITCH = _value("true or false", lambda value: isinstance(value, bool))
_FLOAT = _value("a number", lambda value: type(value) is float)
_NUMBER = _value("a number or null", lambda value: value is None or type(value) in (int, float))

ARCHITECTURE = {
    "n_letters": _whole(1),
    "n_classes": _whole(2),
    "n_positions": _whole(0),
    "embedding_size": _whole(1),
    "hidden_size": _whole(1),
    "num_layers": _whole(1),
    "bidirectional": _SWITCH,
    "pooling": _list_of(_choice(*POOLINGS), distinct=True, at_least=1),
    "dropout": _FLOAT,
    "dtype": _choice("float32", "float64"),
}
"""Entries of ``architecture``: the fields of :class:`fastgru.models.architecture.Architecture`."""

_CONVOLUTIONS = ("conv_channels", "conv_width", "conv_dilation", "conv_stride", "conv_pool")
ARCHITECTURE_ADDED = {
    "cell": _choice(*GATES),
    "reverse_complement": _choice(*STRANDS),
    **dict.fromkeys(_CONVOLUTIONS, _list_of(_whole(1))),
    "conv_norm": _choice(*NORMS),
    "conv_residual": _SWITCH,
    "residual": _SWITCH,
}
"""Fields that came later; a file without them is of a GRU of one strand without convolutions."""

_EPOCH = _object(
    {
        "epoch": _whole(1),
        "learning_rate": _NUMBER,
        "train_loss": _NUMBER,
        "validation_loss": _NUMBER,
        "validation_accuracy": _NUMBER,
        "gradient_norm": _NUMBER,
    }
)
_TRAINING = _object(
    {"parameters": _object({}), "best_epoch": _whole(0)},
    {"history": _list_of(_EPOCH), "n_train": _whole(0), "n_validation": _whole(0)},
)
_FILE = _object({"name": _TEXT, "sha256": _TEXT, "n_records": _whole(0)})
_SHARE = _between(0, 1)
_SCORES = _nullable(_object({"log_loss": _NUMBER, "brier": _NUMBER, "ece": _NUMBER}, closed=True))
_CALIBRATION = _object(
    {
        "temperature": _between(1e-6, 1e6),
        "n_sequences": _whole(0),
        "before": _SCORES,
        "after": _SCORES,
    },
    {"validation_log_loss": _NUMBER},
    closed=True,
)
_THRESHOLD = _object(
    {
        "name": _TEXT,
        "threshold": _nullable(_SHARE),
        "reason": _nullable(_TEXT),
        "sensitivity": _nullable(_SHARE),
        "specificity": _nullable(_SHARE),
        "precision": _nullable(_SHARE),
        "f1": _nullable(_SHARE),
        "mcc": _nullable(_between(-1, 1)),
    },
    closed=True,
)
_INPUTS = _object(
    {
        "shortest": _whole(1),
        "longest": _whole(1),
        "letters": _TEXT,
        "max_ambiguous": _SHARE,
        "k": _whole(1),
        "kmers": _TEXT,
        "max_novel": _SHARE,
    },
    closed=True,
)

_SHARED = {
    "alphabet": _choice(*alphabet_names()),
    "classes": _list_of(_TEXT, distinct=True, at_least=2),
}
_SHARED_OPTIONAL = {"fastgru_version": _TEXT, "symbols": _TEXT, "classes_are_integers": _SWITCH}
_OF_NETWORK = {
    "architecture": _object(ARCHITECTURE, ARCHITECTURE_ADDED, closed=True),
    "training": _TRAINING,
}
_OF_PROBABILITIES = {
    "calibration": _CALIBRATION,
    "prevalence": _nullable(_list_of(_SHARE, at_least=2)),
    "thresholds": _object({"rows": _list_of(_THRESHOLD), "reason": _nullable(_TEXT)}, closed=True),
}
_OF_DATA = {
    "data": _object({}, {"files": _list_of(_FILE), "n_records": _whole(0)}),
    "shuffled_labels": _SWITCH,
}

MEMBERS_SHARE = (*_SHARED, *_SHARED_OPTIONAL)
"""Names of the entries that an ensemble states once for all of its networks."""

CARD = _object(
    {**_SHARED, **_OF_NETWORK},
    {**_SHARED_OPTIONAL, **_OF_PROBABILITIES, "inputs": _INPUTS, "seen": _TEXT, **_OF_DATA},
)
"""The whole card, apart from its format version."""

ENSEMBLE = _object(
    {
        **_SHARED,
        "members": _list_of(
            _object(
                _OF_NETWORK,
                {**_OF_PROBABILITIES, "inputs": _INPUTS, "seen": _TEXT},
                closed=True,
            ),
            at_least=2,
        ),
    },
    {**_SHARED_OPTIONAL, **_OF_PROBABILITIES, **_OF_DATA},
)
"""The whole card of an ensemble, apart from its format version."""

CHECKPOINT = _object(
    {
        "fastgru_version": _TEXT,
        "parameters": _object({}),
        "data": _object({}),
        "seeds": _list_of(_whole(0), at_least=3),
        "best_epoch": _whole(0),
        "step_number": _whole(0),
    },
)
"""The card of a checkpoint, apart from its format version."""
