"""What a translator learns from and stops by: encoded sequences and the codes of translations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fastgru.data.alphabets import get_alphabet
from fastgru.data.target_alphabets import TargetAlphabet, get_target_alphabet
from fastgru.errors import AlphabetError, ConfigurationError, LabelError, counted
from fastgru.estimators.inputs import encode_sequences, require_y
from fastgru.estimators.training_sets import GivenSets, check_groups
from fastgru.training.batches import LabelledSet
from fastgru.training.translation import Translation, as_targets

__all__ = ["given_pairs", "paired_set", "tokens_per_letter"]


def given_pairs(
    parameters: Mapping[str, Any],
    sequences: Sequence[str],
    targets: Sequence[str],
    validation_data: tuple[Sequence[str], Sequence[str]] | None,
    groups: Sequence[Any] | None = None,
) -> GivenSets:
    """Check and encode what a caller hands over; see :meth:`fastgru.Seq2Seq.fit`.

    Parameters
    ----------
    parameters
        All parameters of the estimator, checked.
    sequences, targets, validation_data, groups

    Raises
    ------
    LabelError
        If there are no sequences, or another number of translations.
    """
    written = get_target_alphabet(parameters["target_alphabet"])
    training = _some_pairs(parameters, sequences, targets, "training")
    training = replace(training, groups=check_groups(groups, len(training.encoded)))
    validation = None
    if validation_data is not None:
        validation = _some_pairs(parameters, *validation_data, "validation")
    objective = Translation(
        written.mixture, _letters_per_token(training), parameters["label_smoothing"]
    )
    outputs = np.array([*written.tokens, "end"])
    return GivenSets(outputs, objective, training, validation, stratified=False)


def _some_pairs(
    parameters: Mapping[str, Any], sequences: Sequence[str], targets: Sequence[str], name: str
) -> LabelledSet:
    pairs = paired_set(parameters, sequences, targets, f"{name} ")
    if not len(pairs.encoded):
        raise LabelError(f"the {name} set is empty, expected at least one sequence. Add some.")
    return pairs


def paired_set(
    parameters: Mapping[str, Any], sequences: Sequence[str], targets: Sequence[str], name: str = ""
) -> LabelledSet:
    """Return encoded sequences with the codes of their translations, each of weight 1.

    Parameters
    ----------
    parameters
        All parameters of the estimator, checked.
    sequences, targets
    name
        What messages say before "sequence" and "target".

    Raises
    ------
    LabelError
        For another number of translations than of sequences.
    AlphabetError
        For what is no sequence, or no translation.
    """
    encoded = encode_sequences(get_alphabet(parameters["alphabet"]), sequences, f"{name}sequence")
    written = get_target_alphabet(parameters["target_alphabet"])
    require_y(targets, len(encoded))
    if isinstance(targets, str | bytes) or len(targets) != len(encoded):
        found = "one string" if isinstance(targets, str | bytes) else str(len(targets))
        raise LabelError(
            f"targets: must be one string for each of {counted(len(encoded), 'sequence')}, got "
            f"{found}. Give both in the same order."
        )
    codes = [
        _encode_target(written, target, f"{name}target {number}")
        for number, target in enumerate(targets)
    ]
    return LabelledSet(encoded, as_targets(codes), np.ones(len(encoded)))


def _encode_target(written: TargetAlphabet, target: str, name: str) -> np.ndarray:
    if not isinstance(target, str):
        raise ConfigurationError(f"{name}: must be a string, got {type(target).__name__}.")
    try:
        codes = written.encode(target)
    except AlphabetError as error:
        raise AlphabetError(f"{name}: {error}", error.letter, error.position) from error
    if not len(codes):
        raise AlphabetError(f"{name}: is empty, expected at least one letter. Leave it out.")
    return codes


def _letters_per_token(pairs: LabelledSet) -> float:
    """Return by how much a sequence grows with each token: 1 for residues and their codons.

    The slope of a straight line through the lengths, which leaves out what is added at an end,
    such as a stop codon; the ratio of the sums where that says nothing.
    """
    letters = np.array([len(codes) for codes in pairs.encoded], np.float64)
    tokens = np.array([len(codes) for codes in pairs.targets], np.float64)
    spread = tokens - tokens.mean()
    covered = (spread * (letters - letters.mean())).sum()
    ratio = covered / (spread**2).sum() if covered > 0 else letters.sum() / tokens.sum()
    return max(round(float(ratio), 4), 1e-4)


def tokens_per_letter(pairs: LabelledSet) -> float:
    """Return the largest number of tokens that a translation has for each letter."""
    both = zip(pairs.targets, pairs.encoded, strict=True)
    return max(len(target) / len(codes) for target, codes in both)
