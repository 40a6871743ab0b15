"""Features of sequences for the baselines: scikit-learn transformers of encoded sequences.

Each takes a list of n uint8 arrays, as `Alphabet.encode` returns them, and learns nothing but, in
`OneHot`, the length.  Ambiguity codes count as the average of the letters they stand for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import normalize

from fastgru.data.alphabets import get_alphabet
from fastgru.errors import LabelError, counted

__all__ = ["Kmers", "Length", "LetterShares", "OneHot"]

Codes = Sequence[NDArray[np.uint8]]

_MOST_WORDS = 256  # of which a place with ambiguous letters may be any
_GROUP_WORDS = 1 << 20
"""Words of the sequences that are counted at a time, about 100 bytes each."""


class _Features(TransformerMixin, BaseEstimator):
    """A transformer that has nothing to learn."""

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, sequences: Codes, labels: object = None) -> _Features:
        """Return itself."""
        return self


class Length(_Features):
    """The length, its logarithm and the square of that, so that a middle length can stand out."""

    def transform(self, sequences: Codes) -> NDArray[np.float64]:
        """Return float64 (n, 3)."""
        lengths = np.array([len(codes) for codes in sequences], dtype=np.float64)
        return np.stack([lengths, np.log(lengths), np.log(lengths) ** 2], axis=1)


class LetterShares(_Features):
    """The share of each letter.

    Parameters
    ----------
    alphabet
        Name of the alphabet, of V letters.
    """

    def __init__(self, alphabet: str) -> None:
        self.alphabet = alphabet

    def transform(self, sequences: Codes) -> NDArray[np.float64]:
        """Return float64 (n, V), rows sum to 1."""
        mixture = get_alphabet(self.alphabet).mixture
        counts = [np.bincount(codes, minlength=len(mixture)) / len(codes) for codes in sequences]
        shares: NDArray[np.float64] = np.stack(counts) @ mixture
        return shares


class _Meanings:
    """The letters that each code of an alphabet can stand for.

    Parameters
    ----------
    alphabet
        Name of the alphabet, of V letters.
    """

    def __init__(self, alphabet: str) -> None:
        self.mixture = get_alphabet(alphabet).mixture
        self.n_letters = self.mixture.shape[1]
        codes, self._letters = np.nonzero(self.mixture)
        self.counts = np.bincount(codes, minlength=len(self.mixture))
        self._starts = np.cumsum(self.counts) - self.counts
        self.first = self._letters[self._starts]

    def expand(
        self, codes: NDArray[np.uint8]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Return for each meaning of each of n codes its place in 0..n-1, letter and chance."""
        counts = self.counts[codes]
        of = np.repeat(np.arange(len(codes)), counts)
        rank = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
        letters = self._letters[self._starts[codes[of]] + rank]
        return of, letters, self.mixture[codes[of], letters]


def _groups(sequences: Codes, alphabet: str) -> Iterator[list[NDArray[np.uint8]]]:
    """Yield sequences in groups of bounded size, so that memory grows with the result alone."""
    is_ambiguous = _Meanings(alphabet).counts > 1
    group: list[NDArray[np.uint8]] = []
    n_words = 0
    for codes in sequences:
        group.append(codes)
        n_words += len(codes) + _MOST_WORDS * int(is_ambiguous[codes].sum())
        if n_words >= _GROUP_WORDS:
            yield group
            group, n_words = [], 0
    if group:
        yield group


class OneHot(_Features):
    """The letter at each place of sequences of one length L.

    Parameters
    ----------
    alphabet
        Name of the alphabet, of V letters.
    """

    def __init__(self, alphabet: str) -> None:
        self.alphabet = alphabet

    def fit(self, sequences: Codes, labels: object = None) -> OneHot:
        """Remember the length of the first sequence."""
        self.length_ = len(sequences[0])
        return self

    def transform(self, sequences: Codes) -> sparse.csr_matrix:
        """Return float64 (n, L V), of which V - 1 in V are zero and not kept.

        Raises
        ------
        LabelError
            If a sequence has another length than that of training.
        """
        for number, codes in enumerate(sequences):
            if len(codes) != self.length_:
                raise LabelError(
                    f"sequence {number}: has {counted(len(codes), 'letter')}, expected "
                    f"{self.length_} as in training. Cut it, or use another baseline."
                )
        parts = [self._describe(some) for some in _groups(sequences, self.alphabet)]
        return sparse.vstack(parts, format="csr")

    def _describe(self, sequences: Codes) -> sparse.csr_matrix:
        meanings = _Meanings(self.alphabet)
        of, letters, chances = meanings.expand(np.concatenate(sequences))
        row, place = np.divmod(of, self.length_)
        shape = (len(sequences), self.length_ * meanings.n_letters)
        entries = (chances, (row, place * meanings.n_letters + letters))
        return sparse.csr_matrix(entries, shape=shape)


class Kmers(_Features):
    """How often each word of 1 to `longest` letters occurs.

    The counts of each length are scaled to Euclidean norm 1, so that neither long sequences nor
    long words outweigh the others (the normalised spectrum kernel of Leslie et al. 2002, summed
    over lengths).

    Parameters
    ----------
    alphabet
        Name of the alphabet, of V letters.
    longest
        Letters of the longest words, >= 1.
    dense
        Whether to return a dense float32 array, which forests read much faster.

    Notes
    -----
    A place with ambiguous letters counts for every word it can be, with its probability; if these
    are more than 256, as in a run of N, it says nothing about words and counts for none.
    """

    def __init__(self, alphabet: str, longest: int, *, dense: bool = False) -> None:
        self.alphabet = alphabet
        self.longest = longest
        self.dense = dense

    def transform(self, sequences: Codes) -> sparse.csr_matrix | NDArray[np.float32]:
        """Return (n, V + V^2 + ... + V^longest): words of one letter first, each in order."""
        parts = [self._describe(some) for some in _groups(sequences, self.alphabet)]
        return np.concatenate(parts) if self.dense else sparse.vstack(parts, format="csr")

    def _describe(self, sequences: Codes) -> sparse.csr_matrix | NDArray[np.float32]:
        blocks = [normalize(self._count(sequences, k)) for k in range(1, self.longest + 1)]
        joined = sparse.hstack(blocks, format="csr")
        return joined.toarray().astype(np.float32) if self.dense else joined

    def _count(self, sequences: Codes, k: int) -> sparse.csr_matrix:
        """Return the counts of words of k letters, (n, V^k): first of clear places, then others."""
        meanings = _Meanings(self.alphabet)
        joined = np.concatenate(sequences)
        owner = np.repeat(np.arange(len(sequences)), [len(codes) for codes in sequences])
        n_places = max(0, len(joined) - k + 1)
        word, n_words = np.zeros(n_places, np.int64), np.ones(n_places, np.int64)
        for shift in range(k):
            letter = joined[shift : shift + n_places]
            word = word * meanings.n_letters + meanings.first[letter]
            n_words *= meanings.counts[letter]
        inside = owner[:n_places] == owner[k - 1 :][:n_places]
        clear = np.flatnonzero(inside & (n_words == 1))
        others = np.flatnonzero(inside & (n_words > 1) & (n_words <= _MOST_WORDS))
        of, words, chances = _spell(joined, others, k, meanings)
        rows = np.concatenate([owner[clear], owner[of]])
        columns = np.concatenate([word[clear], words])
        counts = np.concatenate([np.ones(len(clear)), chances])
        shape = (len(sequences), meanings.n_letters**k)
        return sparse.coo_matrix((counts, (rows, columns)), shape=shape).tocsr()


def _spell(
    joined: NDArray[np.uint8], places: NDArray[np.int64], k: int, meanings: _Meanings
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return places, numbers and chances of all words of k letters that begin at given places."""
    word, chance = np.zeros(len(places), np.int64), np.ones(len(places))
    for shift in range(k):
        of, letters, chances = meanings.expand(joined[places + shift])
        places, word = places[of], word[of] * meanings.n_letters + letters
        chance = chance[of] * chances
    return places, word, chance
