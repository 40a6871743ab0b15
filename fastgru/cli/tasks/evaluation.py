"""What the evaluation of every task has in common: what fits a model, and what is doubtful."""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fastgru.cli.origin import describe_data
from fastgru.cli.predictions import look_like_nucleotides
from fastgru.cli.scoring import SCHEMA_VERSION
from fastgru.cli.selection import require_lengths
from fastgru.errors import ConfigurationError

if TYPE_CHECKING:
    from fastgru.data.labelled import LabelledSequences
    from fastgru.estimators.fitted_model import FittedModel

__all__ = [
    "about_model",
    "match_alphabet",
    "record_columns",
    "require_readable",
    "shuffled",
    "warn_of_doubts",
]

_LOGGER = logging.getLogger(__name__)


def match_alphabet(args: argparse.Namespace, fitted: FittedModel) -> None:
    """Take the alphabet of the model; refuse another one.

    Parameters
    ----------
    args
        Parsed options of ``fastgru evaluate``.
    fitted

    Raises
    ------
    ConfigurationError
    """
    alphabet = fitted.parameters["alphabet"]
    if args.alphabet not in (None, alphabet):
        raise ConfigurationError(
            f"--alphabet {args.alphabet}: {args.model} was trained on {alphabet} "
            "sequences, expected the same. Leave the option out."
        )
    args.alphabet, args.n_features = alphabet, fitted.n_features
    args.time_decay = fitted.parameters.get("time_decay", False)


def require_readable(fitted: FittedModel, chosen: LabelledSequences) -> None:
    """Refuse sequences that are too short or too long for the model.

    Raises
    ------
    FastaFormatError
    """
    require_lengths(chosen, fitted.min_length, fitted.max_length)


def record_columns(chosen: LabelledSequences) -> dict[str, list[str]]:
    """Return the columns of predictions that say of records what is no truth, by their names.

    Parameters
    ----------
    chosen
        The records that are scored.
    """
    columns = {"length": [str(len(letters)) for letters in chosen.sequences]}
    if chosen.groups is not None:
        columns["group"] = chosen.groups
    return columns


def warn_of_doubts(
    fitted: FittedModel, data: LabelledSequences, chosen: LabelledSequences
) -> int | None:
    """Say what makes the scores doubtful; return how many sequences the model has seen.

    Parameters
    ----------
    fitted
    data
        What the input files hold.
    chosen
        The records to score.
    """
    if fitted.parameters["alphabet"] == "protein" and look_like_nucleotides(data.sequences):
        _LOGGER.warning(
            "warning: all letters are A, C, G, T, U or N, but the model was trained on proteins"
        )
    seen = fitted.seen_in_training(chosen.sequences)
    if seen is None:
        _LOGGER.warning(
            "warning: the model does not say what it has learned from; scores on sequences of its "
            "training would measure memory"
        )
    elif seen.any():
        _LOGGER.warning(
            "warning: the model has seen %d of these %d sequences in training, so the scores "
            "measure memory; use the part 'test' of the split that it was trained with",
            seen.sum(),
            len(chosen),
        )
    return None if seen is None else int(seen.sum())


def shuffled(
    args: argparse.Namespace, chosen: LabelledSequences
) -> tuple[LabelledSequences, str | None]:
    """Return the records, with shuffled sequences if asked for, and what the shuffle keeps.

    Parameters
    ----------
    args
        Parsed options of ``fastgru evaluate``, with the alphabet of `match_alphabet`.
    chosen
        The records to score.

    Raises
    ------
    ConfigurationError
        For series, and letters with features.
    """
    from fastgru.data.alphabets import get_alphabet
    from fastgru.data.series import SERIES
    from fastgru.data.shuffles import kind_of_shuffle, shuffle_sequences

    if not args.shuffle:
        return chosen, None
    if args.alphabet == SERIES:
        raise ConfigurationError(
            "--shuffle: the model reads series, expected one of letters, of which shuffles keep "
            "counts. Leave it out."
        )
    if not all(isinstance(sequence, str) for sequence in chosen.sequences):
        raise ConfigurationError(
            "--shuffle: the letters have features (--features), which would stand beside others. "
            "Leave it out."
        )
    alphabet = get_alphabet(args.alphabet)
    kept = kind_of_shuffle(alphabet)
    _LOGGER.info("the sequences are shuffled, their %s kept", kept)
    sequences = shuffle_sequences(chosen.sequences, alphabet, seed=args.seed)
    return replace(chosen, sequences=sequences), kept


def about_model(
    fitted: FittedModel,
    data: LabelledSequences,
    chosen: LabelledSequences,
    n_seen: int | None,
    shuffled_sequences: str | None,
) -> dict[str, Any]:
    """Return what metrics.json of every task says of a model, and of what it was scored on.

    Parameters
    ----------
    fitted
    data
        What the input files hold.
    chosen
        The records that are scored.
    n_seen
        From `warn_of_doubts`.
    shuffled_sequences
        From `shuffled`.
    """
    from fastgru.estimators.saving import tensors_of
    from fastgru.models.tensor_file import digest_tensors

    subset = None if chosen.splits is None else chosen.splits[0]
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "model",
        "n_train": fitted.n_train,
        "n_validation": fitted.n_validation,
        "n_seen": n_seen,
        "shuffled_sequences": shuffled_sequences,
        "weights_sha256": digest_tensors(tensors_of(fitted)),
        "data": {**describe_data(data, chosen), "subset": subset},
    }
