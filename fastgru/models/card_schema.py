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
from fastgru.layers.kmer_sizes import MAX_KMER_SIZE
from fastgru.models.architecture import GATES, NORMS, POOLINGS, STRANDS, present_names
from fastgru.models.card_checks import (
    FLOAT,
    NUMBER,
    SWITCH,
    TEXT,
    Check,
    between,
    choice,
    list_of,
    nullable,
    record,
    whole,
)

__all__ = ["find_checkpoint_fault", "find_fault", "is_ensemble"]

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
        yield from (ENSEMBLE if is_ensemble(fields) else CARDS[task])(card, "the card")


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


ARCHITECTURE = {
    "n_letters": whole(0),
    "n_outputs": whole(1),
    "n_positions": whole(0),
    "embedding_size": whole(1),
    "hidden_size": whole(1),
    "num_layers": whole(1),
    "bidirectional": SWITCH,
    "dropout": FLOAT,
    "dtype": choice("float32", "float64"),
}
"""Fields of :class:`fastgru.models.architecture.Architecture` beside ``pooling``."""

_CONVOLUTIONS = ("conv_channels", "conv_width", "conv_dilation", "conv_stride", "conv_pool")
ARCHITECTURE_ADDED = {
    "cell": choice(*GATES),
    "reverse_complement": choice(*STRANDS),
    **dict.fromkeys(_CONVOLUTIONS, list_of(whole(1))),
    "conv_norm": choice(*NORMS),
    "conv_residual": SWITCH,
    "residual": SWITCH,
    "crf": SWITCH,
    "kmer_size": whole(1, MAX_KMER_SIZE),
    "kmer_stride": whole(1, MAX_KMER_SIZE),
    "n_features": whole(0),
    "time_decay": SWITCH,
}
"""Fields that came later; a file without them is of a GRU of one strand without convolutions."""


def _architecture(*, pooled: bool, decoder: bool = False) -> Check:
    """Return the check of a network with outputs for each sequence, or for each step."""
    pooling = list_of(choice(*POOLINGS), distinct=True, at_least=1) if pooled else list_of(_NONE)
    rate = {"letters_per_token": between(1e-6, 1e6) if decoder else between(0, 0)}
    required = {**ARCHITECTURE, "pooling": pooling, **(rate if decoder else {})}
    fields = record(required, {**ARCHITECTURE_ADDED, **rate}, closed=True)

    def check(value: Any, place: str) -> Iterator[str]:
        yield from fields(present_names(value) if isinstance(value, dict) else value, place)

    return check


def _training(score_name: str) -> Check:
    """Return the check of how a network was trained, with the score of its task."""
    columns = ("learning_rate", "train_loss", "validation_loss", f"validation_{score_name}")
    epoch = {"epoch": whole(1), **dict.fromkeys((*columns, "gradient_norm"), NUMBER)}
    return record(
        {"parameters": record({}), "best_epoch": whole(0)},
        {"history": list_of(record(epoch)), "n_train": whole(0), "n_validation": whole(0)},
    )


_FILE = record({"name": TEXT, "sha256": TEXT, "n_records": whole(0)})
_SHARE = between(0, 1)
_NONE = choice()
_SCORES = nullable(record({"log_loss": NUMBER, "brier": NUMBER, "ece": NUMBER}, closed=True))
_CALIBRATION = record(
    {
        "temperature": between(1e-6, 1e6),
        "n_sequences": whole(0),
        "before": _SCORES,
        "after": _SCORES,
    },
    {"validation_log_loss": NUMBER},
    closed=True,
)
_THRESHOLD = record(
    {
        "name": TEXT,
        "threshold": nullable(_SHARE),
        "reason": nullable(TEXT),
        "sensitivity": nullable(_SHARE),
        "specificity": nullable(_SHARE),
        "precision": nullable(_SHARE),
        "f1": nullable(_SHARE),
        "mcc": nullable(between(-1, 1)),
    },
    closed=True,
)
_INPUTS = record(
    {
        "shortest": whole(1),
        "longest": whole(1),
        "letters": TEXT,
        "max_ambiguous": _SHARE,
        "k": whole(1),
        "kmers": TEXT,
        "max_novel": _SHARE,
    },
    closed=True,
)

_TARGET = between(-1e150, 1e150)
_POSITIVE = between(1e-300, 1e150)
_OF_SERIES = list_of(between(-1e100, 1e100), at_least=1)
_INPUTS_OF_SERIES = record(
    {"shortest": whole(1), "longest": whole(1), "lowest": _OF_SERIES, "highest": _OF_SERIES},
    closed=True,
)
_SCALE = record({"mean": _OF_SERIES, "deviation": _OF_SERIES}, closed=True)


def _inputs(value: Any, place: str) -> Iterator[str]:
    """Check what the training sequences look like, letters or series."""
    of_series = isinstance(value, dict) and "lowest" in value
    yield from (_INPUTS_OF_SERIES if of_series else _INPUTS)(value, place)


_OF_ALL = {"alphabet": choice(*alphabet_names(), SERIES)}
_OF_ALL_OPTIONAL = {"fastgru_version": TEXT, "task": TEXT, "symbols": TEXT}
_PRETRAINED = record({"sha256": TEXT, "freeze_epochs": whole(0)}, closed=True)
_OF_INPUTS = {"inputs": _inputs, "seen": TEXT, "series": _SCALE, "pretrained": _PRETRAINED}
_OF_DATA = {
    "data": record({}, {"files": list_of(_FILE), "n_records": whole(0)}),
    "shuffled_labels": SWITCH,
}
_CLASSES = {"classes": list_of(TEXT, distinct=True, at_least=2)}
_CLASSES_OPTIONAL = {"classes_are_integers": SWITCH}
_OF_PROBABILITIES = {
    "calibration": _CALIBRATION,
    "prevalence": nullable(list_of(_SHARE, at_least=2)),
    "thresholds": record({"rows": list_of(_THRESHOLD), "reason": nullable(TEXT)}, closed=True),
}
_LABELS = {"labels": list_of(TEXT, distinct=True, at_least=1)}
_OF_LABELS = {**_OF_PROBABILITIES, "prevalence": list_of(_SHARE, at_least=1)}
_TARGETS = {
    "targets": list_of(TEXT, distinct=True, at_least=1),
    "target_mean": list_of(_TARGET),
    "target_deviation": list_of(_POSITIVE),
    "residuals": list_of(list_of(between(0, 1e151))),
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
    architecture = _architecture(pooled=pooled, decoder=decoder)
    network = {"architecture": architecture, "training": _training(score_name)}
    return record(
        {**_OF_ALL, **network, **own},
        {**_OF_ALL_OPTIONAL, **_OF_INPUTS, **_OF_DATA, **own_optional},
    )


CARDS = {
    "classification": _card("accuracy", _CLASSES, {**_CLASSES_OPTIONAL, **_OF_PROBABILITIES}),
    "multilabel": _card("accuracy", {**_LABELS, **_OF_LABELS}, {}),
    "regression": _card("r2", _TARGETS, {}),
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
                {"architecture": _architecture(pooled=True), "training": _training("accuracy")},
                {**_OF_PROBABILITIES, **_OF_INPUTS},
                closed=True,
            ),
            at_least=2,
        ),
    },
    {**_OF_ALL_OPTIONAL, **_CLASSES_OPTIONAL, **_OF_PROBABILITIES, **_OF_DATA},
)
"""The whole card of an ensemble of classifiers, apart from its format version."""

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
