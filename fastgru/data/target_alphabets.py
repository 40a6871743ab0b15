"""What a translation is written in: letters of an alphabet, or codons of DNA.

A *token* is what is written at a time, one letter or one codon.  A *code* is a token, or what may
stand for several: the ambiguity codes of an alphabet; one code for every codon with such a letter.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from fastgru.data.alphabets import Alphabet, alphabet_names, get_alphabet
from fastgru.errors import AlphabetError, ConfigurationError, counted

__all__ = ["TARGET_ALPHABETS", "TargetAlphabet", "get_target_alphabet", "next_tokens"]

TARGET_ALPHABETS = (*alphabet_names(), "codons")
"""Names that `get_target_alphabet` knows."""


@dataclass(frozen=True)
class TargetAlphabet:
    """The tokens of translations.

    Attributes
    ----------
    name
        One of `TARGET_ALPHABETS`.
    letters
        What a translation is spelt in.
    tokens
        The V tokens, all of the same number of letters.
    mixture
        (K, V) float64, rows sum to 1: the share of each token in each code; the first V rows are
        those of the tokens themselves.
    """

    name: str
    letters: Alphabet
    tokens: tuple[str, ...]
    mixture: NDArray[np.float64] = field(repr=False, compare=False)

    @property
    def width(self) -> int:
        """Letters of a token."""
        return len(self.tokens[0])

    def encode(self, sequence: str) -> NDArray[np.uint8]:
        """Return the codes of a sequence, uint8 (letters / width,).

        Parameters
        ----------
        sequence
            Any spelling that the alphabet accepts.

        Raises
        ------
        AlphabetError
            If a letter is none of the alphabet, or the letters are no whole tokens.
        """
        codes = self.letters.encode(sequence)
        if self.width == 1:
            return codes
        fault = self.find_fault(len(codes))
        if fault is not None:
            raise AlphabetError(fault, letter="", position=len(codes))
        by_token = codes.reshape(-1, self.width)
        n_letters = len(self.letters.letters)
        places = n_letters ** np.arange(self.width - 1, -1, -1)
        known = (by_token < n_letters).all(axis=1)
        return np.where(known, by_token @ places, len(self.tokens)).astype(np.uint8)

    def find_fault(self, n_letters: int) -> str | None:
        """Return why a sequence of so many letters is none of whole tokens, None if it is."""
        if n_letters % self.width == 0:
            return None
        return (
            f"has {counted(n_letters, 'letter')}, expected a multiple of {self.width}, as "
            f"{self.name} have. Cut it to its reading frame, or leave the record out."
        )

    def decode(self, codes: NDArray[np.integer]) -> str:
        """Return the letters of tokens.

        Parameters
        ----------
        codes
            Integer (L,), from 0 to V - 1.
        """
        return "".join(self.tokens[code] for code in codes)


@cache
def get_target_alphabet(name: str) -> TargetAlphabet:
    """Return what translations are written in.

    Parameters
    ----------
    name
        ``"dna"``, ``"rna"``, ``"protein"`` or ``"codons"``.

    Raises
    ------
    ConfigurationError
        If there is no such alphabet.

    Examples
    --------
    >>> get_target_alphabet("codons").encode("AAAATGNAA").tolist()
    [0, 14, 64]
    """
    if name not in TARGET_ALPHABETS:
        expected = ", ".join(map(repr, TARGET_ALPHABETS))
        raise ConfigurationError(f"target_alphabet must be one of {expected}, got {name!r}.")
    if name != "codons":
        letters = get_alphabet(name)
        return TargetAlphabet(name, letters, tuple(letters.letters), letters.mixture)
    dna = get_alphabet("dna")
    codons = tuple("".join(codon) for codon in product(dna.letters, repeat=3))
    mixture = np.concatenate([np.eye(len(codons)), np.full((1, len(codons)), 1 / len(codons))])
    mixture.flags.writeable = False
    return TargetAlphabet(name, dna, codons, mixture)


def next_tokens(
    codes: NDArray[np.integer], end: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return what comes at each step of a translation, int64 (n + 1,), and whether it counts.

    Parameters
    ----------
    codes
        Integer (n,); those from ``end`` on stand for several tokens, which do not count.
    end
        Number of the end, which comes last: the number of tokens.
    """
    targets = np.append(codes.astype(np.int64), end)
    counts = targets <= end
    counts[:-1] &= codes < end
    return np.where(counts, targets, end), counts
