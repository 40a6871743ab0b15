"""Substitutions of single letters, written such as A12G."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fastgru.data.alphabets import Alphabet
from fastgru.errors import ConfigurationError, LabelError

__all__ = ["apply_variants"]

_PATTERN = re.compile(r"([A-Za-z])([1-9][0-9]*)([A-Za-z])")
_LISTED = 5


def apply_variants(alphabet: Alphabet, sequence: str, variants: Sequence[str]) -> list[str]:
    """Return the sequence with each of the substitutions, one at a time.

    Parameters
    ----------
    alphabet
    sequence
        The reference.
    variants
        The letter of the reference, its place from 1, and the letter in its stead.

    Raises
    ------
    LabelError
        For what is no substitution of the reference, with the first five.
    """
    if isinstance(variants, str):
        raise ConfigurationError(
            "variants must be a list of strings, got str. For one variant, give a list of one."
        )
    reference = alphabet.normalise(sequence)
    faults = list(_faults(alphabet, reference, variants))
    if faults:
        more = f" And {len(faults) - _LISTED} more." if len(faults) > _LISTED else ""
        raise LabelError(" ".join(faults[:_LISTED]) + more)
    changed = []
    for variant in variants:
        place, letter = int(variant[1:-1]), alphabet.normalise(variant[-1])
        changed.append(reference[: place - 1] + letter + reference[place:])
    return changed


def _faults(alphabet: Alphabet, reference: str, variants: Sequence[str]) -> Iterator[str]:
    for variant in variants:
        match = _PATTERN.fullmatch(variant)
        if match is None:
            yield (
                f"variant {variant!r}: is no substitution, expected the letter of the reference, "
                "its place from 1 and the new letter, such as A12G."
            )
            continue
        old, place, new = alphabet.normalise(match[1]), int(match[2]), alphabet.normalise(match[3])
        if place > len(reference):
            yield (
                f"variant {variant!r}: the reference has {len(reference)} letters, expected a "
                "place among them. Count places from 1."
            )
        elif reference[place - 1] != old:
            yield (
                f"variant {variant!r}: the reference has {reference[place - 1]!r} there, expected "
                f"{old!r}. Count places from 1."
            )
        elif not {old, new} <= set(alphabet.letters):
            yield (
                f"variant {variant!r}: {old if new in alphabet.letters else new!r} is an ambiguity "
                f"code, which has no probability, expected two of {alphabet.letters}."
            )
