"""What the sequences of a training set look like, to notice those that look otherwise.

A classifier gives an answer to anything.  The profile says of a sequence in which simple ways it
is unlike all that the classifier has learned from; a sequence without a flag may still be.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
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
_GROUP_LETTERS = 1 << 21
_CACHED_LETTERS = 1 << 16
"""Letters whose words and marks stay in a core's cache, which halves the time."""


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

    def flags(self, encoded: Sequence[NDArray[np.uint8]]) -> list[tuple[str, ...]]:
        """Return in which ways each sequence is unusual; empty if in none.

        ``length``: shorter or longer than all.  ``letters``: has a letter that none has.
        ``ambiguous``: more ambiguity codes than usual.  ``novel_kmers``: more words that none has
        than usual.  Those of a sequence do not depend on the others.

        Parameters
        ----------
        encoded
            uint8 (L,) each, L >= 1, from :meth:`fastgru.data.alphabets.Alphabet.encode`.
        """
        return [row for some in _groups(encoded, _CACHED_LETTERS) for row in self._flags(some)]

    def _flags(self, encoded: Sequence[NDArray[np.uint8]]) -> list[tuple[str, ...]]:
        joined = _Joined(encoded, len(self.letters), self.k)
        unknown = np.zeros(256, bool)
        unknown[: len(self.letters)] = ~self.letters
        found = np.column_stack(
            [
                (joined.lengths < self.shortest) | (joined.lengths > self.longest),
                joined.count(unknown[joined.codes]) > 0,
                joined.count(joined.is_ambiguous) / joined.lengths > self.max_ambiguous,
                joined.share_of_words(~self.kmers) > self.max_novel,
            ]
        )
        return [
            tuple(name for name, is_so in zip(FLAGS, row, strict=True) if is_so)
            for row in found.tolist()
        ]

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
    for some in _groups(encoded, _GROUP_LETTERS):
        joined = _Joined(some, n_letters, k)
        letters[joined.codes[~joined.is_ambiguous]] = True
        n_sequences += joined.sequences_with_word(n_letters**k)
    novel, ambiguous = [], []
    for some in _groups(encoded, _GROUP_LETTERS):
        joined = _Joined(some, n_letters, k)
        novel += joined.share_of_words(n_sequences == 1).tolist()
        ambiguous += (joined.count(joined.is_ambiguous) / joined.lengths).tolist()
    return InputProfile(
        shortest=min(lengths),
        longest=max(lengths),
        letters=letters,
        max_ambiguous=max(_MIN_AMBIGUOUS, float(np.quantile(ambiguous, _COVERED))),
        k=k,
        kmers=n_sequences > 0,
        max_novel=float(np.quantile(novel, _COVERED)),
    )


def _groups(
    encoded: Sequence[NDArray[np.uint8]], most_letters: int
) -> Iterator[list[NDArray[np.uint8]]]:
    """Yield sequences in groups of bounded total length, so that memory does not grow."""
    group: list[NDArray[np.uint8]] = []
    n_letters = 0
    for codes in encoded:
        group.append(codes)
        n_letters += len(codes)
        if n_letters >= most_letters:
            yield group
            group, n_letters = [], 0
    if group:
        yield group


class _Joined:
    """Sequences end to end, and the word of k letters that begins at each letter.

    Parameters
    ----------
    encoded
        At least one, none empty.
    n_letters
        V, above which codes are ambiguous.
    k
        V^k is at most 65,536.
    """

    def __init__(self, encoded: Sequence[NDArray[np.uint8]], n_letters: int, k: int) -> None:
        self.codes = np.concatenate(encoded)
        self.lengths = np.array([len(codes) for codes in encoded], np.int64)
        self.is_ambiguous = self.codes >= n_letters
        ends = np.cumsum(self.lengths)
        self._starts = ends - self.lengths
        # what an ambiguous letter makes of a number does not matter, so it may overflow
        self._words = self.codes.astype(np.uint16)
        self._is_word = ~self.is_ambiguous
        length, marks = 1, self._is_word.copy()
        for bit in f"{k:b}"[1:]:
            self._lengthen(self._words, self._is_word, length, n_letters**length)
            length *= 2
            if bit == "1":
                self._lengthen(self.codes, marks, length, n_letters)
                length += 1
        for offset in range(1, k):  # it would end in the next sequence
            self._is_word[np.maximum(ends - offset, self._starts)] = False

    def _lengthen(
        self, words: NDArray[Any], are_words: NDArray[np.bool_], length: int, n_words: int
    ) -> None:
        """Put one of `n_words` words behind each of `length` letters."""
        n_left = max(0, len(words) - length)
        longer = self._words * np.uint16(n_words)
        longer[:n_left] += words[length:]
        self._words = longer
        self._is_word[:n_left] &= are_words[length:]

    def count(self, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the number of marked letters of each sequence; the fewer, the faster."""
        places = np.searchsorted(np.flatnonzero(mask), np.append(self._starts, len(mask)))
        return np.diff(places)

    def share_of_words(self, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the share of each sequence's words that are chosen (V^k,); 0 without words."""
        n_chosen = self.count(self._is_word & chosen[self._numbers()])
        n_words = self.lengths - self.count(~self._is_word)
        shares: NDArray[np.float64] = n_chosen / np.maximum(n_words, 1)
        return shares

    def sequences_with_word(self, n_words: int) -> NDArray[np.int64]:
        """Return in how many sequences each of the words occurs, (n_words,)."""
        owners = np.repeat(np.arange(len(self.lengths)), self.lengths)[self._is_word]
        pairs = np.sort(owners * n_words + self._words[self._is_word])
        # np.unique would hash them, which takes sixty times as long
        first = np.append(True, pairs[1:] != pairs[:-1])[: len(pairs)]
        return np.bincount(pairs[first] % n_words, minlength=n_words)

    def _numbers(self) -> NDArray[np.uint16]:
        """Return the words, 0 where there is none."""
        return np.where(self._is_word, self._words, np.uint16(0))
