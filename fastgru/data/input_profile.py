"""What the sequences of a training set look like, to notice those that look otherwise.

A classifier gives an answer to anything.  The profile says of a sequence in which simple ways it
is unlike all that the classifier has learned from; a sequence without a flag may still be.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgru.data.alphabets import Alphabet

__all__ = ["FLAGS", "InputProfile", "describe_inputs"]

FLAGS = ("length", "letters", "ambiguous", "novel_kmers")
"""Names of the flags, in the order in which they are written."""

_MAX_KMERS = 1 << 16
_MIN_AMBIGUOUS = 0.05
_COVERED = 0.99


@dataclass(frozen=True, eq=False)
class InputProfile:
    """What is usual among some sequences.

    Attributes
    ----------
    shortest, longest
        Range of their lengths.
    letters
        Whether each letter of the alphabet occurs, boolean (V,).
    max_ambiguous
        Largest usual share of ambiguity codes, at least 0.05.
    k
        Length of the words that are looked up.
    kmers
        Whether each of the V^k words occurs, boolean (V^k,), in the order of the letters.
    max_novel
        Largest usual share of words that no other sequence has.
    """

    shortest: int
    longest: int
    letters: NDArray[np.bool_]
    max_ambiguous: float
    k: int
    kmers: NDArray[np.bool_]
    max_novel: float

    def flags(self, codes: NDArray[np.uint8]) -> tuple[str, ...]:
        """Return in which ways a sequence is unusual; empty if in none.

        ``length``: shorter or longer than all.  ``letters``: has a letter that none has.
        ``ambiguous``: more ambiguity codes than usual.  ``novel_kmers``: more words that none has
        than usual.

        Parameters
        ----------
        codes
            uint8 (L,), L >= 1, from :meth:`fastgru.data.alphabets.Alphabet.encode`.
        """
        n_letters = len(self.letters)
        plain = codes[codes < n_letters]
        words = _words(codes, n_letters, self.k)
        found = (
            not self.shortest <= len(codes) <= self.longest,
            not self.letters[plain].all(),
            1 - len(plain) / len(codes) > self.max_ambiguous,
            _share(~self.kmers[words]) > self.max_novel,
        )
        return tuple(name for name, is_so in zip(FLAGS, found, strict=True) if is_so)

    def to_dict(self, alphabet: Alphabet) -> dict[str, Any]:
        """Return the fields as JSON has them; the words as bits in base64."""
        bits = np.packbits(self.kmers, bitorder="little").tobytes()
        return {
            "shortest": self.shortest,
            "longest": self.longest,
            "letters": "".join(np.array(list(alphabet.letters))[self.letters].tolist()),
            "max_ambiguous": self.max_ambiguous,
            "k": self.k,
            "kmers": base64.b64encode(bits).decode("ascii"),
            "max_novel": self.max_novel,
        }

    @classmethod
    def from_dict(cls, fields: dict[str, Any], alphabet: Alphabet) -> InputProfile:
        """Undo `to_dict`.

        Raises
        ------
        ValueError
            If the words are not those of the alphabet.
        """
        n_letters, k = len(alphabet.letters), fields["k"]
        n_words = n_letters**k if k <= _MAX_KMERS.bit_length() else _MAX_KMERS + 1
        try:
            content = base64.b64decode(fields["kmers"], validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValueError(f"inputs.kmers is not base64 ({error})") from error
        if n_words > _MAX_KMERS or len(content) != -(-n_words // 8):
            raise ValueError(f"inputs.kmers has not one bit for each word of {k} letters")
        bits = np.frombuffer(content, np.uint8)
        return cls(
            shortest=fields["shortest"],
            longest=fields["longest"],
            letters=np.array([letter in fields["letters"] for letter in alphabet.letters]),
            max_ambiguous=float(fields["max_ambiguous"]),
            k=k,
            kmers=np.unpackbits(bits, count=n_words, bitorder="little").astype(bool),
            max_novel=float(fields["max_novel"]),
        )


def describe_inputs(encoded: Sequence[NDArray[np.uint8]], alphabet: Alphabet) -> InputProfile:
    """Return the profile of some sequences.

    The word length k is the largest with no more possible words than letters in all sequences, and
    65,536 (8 KiB of bits) at most: longer words are new in any sequence, shorter ones in none.
    What is usual is what 99 % of the sequences stay within, each compared with all others.

    Parameters
    ----------
    encoded
        Sequences from :meth:`fastgru.data.alphabets.Alphabet.encode`, at least one, none empty.
    alphabet
        Their alphabet.
    """
    n_letters = len(alphabet.letters)
    lengths = [len(codes) for codes in encoded]
    k = 1
    while n_letters ** (k + 1) <= min(sum(lengths), _MAX_KMERS):
        k += 1
    # in how many sequences each word occurs: one, and it is new in that sequence
    n_sequences = np.zeros(n_letters**k, np.int64)
    letters = np.zeros(n_letters, bool)
    for codes in encoded:
        letters[codes[codes < n_letters]] = True
        n_sequences[np.unique(_words(codes, n_letters, k))] += 1
    novel = [_share(n_sequences[_words(codes, n_letters, k)] == 1) for codes in encoded]
    ambiguous = [float(np.mean(codes >= n_letters)) for codes in encoded]
    return InputProfile(
        shortest=min(lengths),
        longest=max(lengths),
        letters=letters,
        max_ambiguous=max(_MIN_AMBIGUOUS, float(np.quantile(ambiguous, _COVERED))),
        k=k,
        kmers=n_sequences > 0,
        max_novel=float(np.quantile(novel, _COVERED)),
    )


def _words(codes: NDArray[np.uint8], n_letters: int, k: int) -> NDArray[np.int64]:
    """Return the number of each word of k letters in a sequence, leaving out ambiguous ones."""
    n_words = len(codes) - k + 1
    if n_words <= 0:
        return np.empty(0, np.int64)
    numbers, plain = np.zeros(n_words, np.int64), np.ones(n_words, bool)
    for offset in range(k):
        letters = codes[offset : offset + n_words]
        numbers = numbers * n_letters + letters
        plain &= letters < n_letters
    return numbers[plain]


def _share(which: NDArray[np.bool_]) -> float:
    return float(which.mean()) if len(which) else 0.0
