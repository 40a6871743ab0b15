"""Checks of the entries of cards: what each may hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastgru.layers.kmer_sizes import MAX_KMER_SIZE
from fastgru.models.architecture import GATES, NORMS, POOLINGS, STRANDS, present_names
from fastgru.models.card_checks import (
    FLOAT,
    NUMBER,
    SWITCH,
    TEXT,
    Check,
    Schema,
    between,
    choice,
    either,
    list_of,
    nullable,
    record,
    whole,
)

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
    "letter_dropout": FLOAT,
}
"""Fields that came later; a file without them is of a GRU of one strand without convolutions."""


def architecture_check(*, pooled: bool, decoder: bool = False) -> Check:
    """Return the check of a network with outputs for each sequence, or for each step."""
    pooling = list_of(choice(*POOLINGS), distinct=True, at_least=1) if pooled else _NONE
    rate = {"letters_per_token": between(1e-6, 1e6) if decoder else between(0, 0)}
    required = {**ARCHITECTURE, "pooling": pooling, **(rate if decoder else {})}
    fields = record(required, {**ARCHITECTURE_ADDED, **rate}, closed=True)

    def find(value: Any, place: str) -> Iterator[str]:
        yield from fields(present_names(value) if isinstance(value, dict) else value, place)

    return Check(find, _with_earlier_name(fields.schema))


def _with_earlier_name(schema: Schema) -> Schema:
    """Return the schema of an architecture that may say ``n_classes`` for ``n_outputs``."""
    names, sizes = ("n_outputs", "n_classes"), schema["properties"]
    return {
        **schema,
        "properties": {**sizes, "n_classes": sizes["n_outputs"]},
        "required": [name for name in schema["required"] if name not in names],
        "oneOf": [{"required": [name]} for name in names],
    }


def training_check(score_name: str) -> Check:
    """Return the check of how a network was trained, with the score of its task."""
    columns = ("learning_rate", "train_loss", "validation_loss", f"validation_{score_name}")
    epoch = {"epoch": whole(1), **dict.fromkeys((*columns, "gradient_norm"), NUMBER)}
    return record(
        {"parameters": record({}), "best_epoch": whole(0)},
        {"history": list_of(record(epoch)), "n_train": whole(0), "n_validation": whole(0)},
    )


SHARE = between(0, 1)
_NONE = list_of(TEXT, at_most=0)
_SCORES = nullable(record({"log_loss": NUMBER, "brier": NUMBER, "ece": NUMBER}, closed=True))
CALIBRATION = record(
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
        "threshold": nullable(SHARE),
        "reason": nullable(TEXT),
        "sensitivity": nullable(SHARE),
        "specificity": nullable(SHARE),
        "precision": nullable(SHARE),
        "f1": nullable(SHARE),
        "mcc": nullable(between(-1, 1)),
    },
    closed=True,
)
THRESHOLDS = record({"rows": list_of(_THRESHOLD), "reason": nullable(TEXT)}, closed=True)
NO_THRESHOLDS = record({"rows": _NONE, "reason": nullable(TEXT)}, closed=True)

_OF_THE_LETTERS = record(
    {
        "shortest": whole(1),
        "longest": whole(1),
        "letters": TEXT,
        "max_ambiguous": SHARE,
        "k": whole(1),
        "kmers": TEXT,
        "max_novel": SHARE,
    },
    closed=True,
)

_OF_SERIES = list_of(between(-1e100, 1e100), at_least=1)
_OF_THE_SERIES = record(
    {"shortest": whole(1), "longest": whole(1), "lowest": _OF_SERIES, "highest": _OF_SERIES},
    closed=True,
)
SCALE = record({"mean": _OF_SERIES, "deviation": _OF_SERIES}, closed=True)
INPUTS = either(
    lambda value: isinstance(value, dict) and "lowest" in value, _OF_THE_SERIES, _OF_THE_LETTERS
)

TARGETS = {
    "targets": list_of(TEXT, distinct=True, at_least=1),
    "target_mean": list_of(between(-1e150, 1e150)),
    "target_deviation": list_of(between(1e-300, 1e150)),
    "residuals": list_of(list_of(between(0, 1e151))),
}
"""Entries of a regressor, in the units of its targets."""

PRETRAINED = record({"sha256": TEXT, "freeze_epochs": whole(0)}, closed=True)
VERSIONS = record({"python": TEXT, "numpy": TEXT, "numba": TEXT}, closed=True)

_FILE = record({"name": TEXT, "sha256": TEXT, "n_records": whole(0)})
_SPLIT = record(
    {
        "name": nullable(TEXT),
        "sha256": nullable(TEXT),
        "n_train": whole(0),
        "n_validation": whole(0),
        "n_test": whole(0),
        "n_groups": nullable(whole(0)),
    },
    {"method": nullable(TEXT), "seed": nullable(whole(0))},
    closed=True,
)
DATA = record(
    {},
    {
        "files": list_of(_FILE),
        "n_records": whole(0),
        "split": _SPLIT,
        "train_fraction": SHARE,
        "subset": nullable(TEXT),
    },
)

_SCORE = record(
    {
        "name": TEXT,
        "part": nullable(TEXT),
        "value": NUMBER,
        "interval": nullable(list_of(between(-1e300, 1e300), at_least=2, at_most=2)),
    },
    closed=True,
)
METRICS = record(
    {
        "n_test": whole(0),
        "n_seen": nullable(whole(0)),
        "data": DATA,
        "bootstrap": record({"over": TEXT, "confidence": SHARE}),
        "scores": list_of(_SCORE),
    },
    closed=True,
)
"""Scores on sequences held out, each with its interval."""
