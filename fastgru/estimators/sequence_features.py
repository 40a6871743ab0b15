"""Features of sequences for the baselines: scikit-learn transformers of encoded sequences.

Each takes a list of n uint8 arrays, as `Alphabet.encode` returns them, and learns nothing but, in
`OneHot`, the length.  Ambiguity codes count as the average of the letters they stand for.
"""

from __future__ import annotations

from collections.abc import Sequence

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

    def transform(self, sequences: Codes) -> NDArray[np.float64]:
        """Return float64 (n, L V).

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
        mixture = get_alphabet(self.alphabet).mixture
        rows: NDArray[np.float64] = mixture[np.stack(sequences)].reshape(len(sequences), -1)
        return rows


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
        blocks = [normalize(self._count(sequences, k)) for k in range(1, self.longest + 1)]
        joined = sparse.hstack(blocks, format="csr")
        return joined.toarray().astype(np.float32) if self.dense else joined

    def _count(self, sequences: Codes, k: int) -> sparse.csr_matrix:
        """Return the counts of words of k letters, (n, V^k)."""
        n_letters = len(get_alphabet(self.alphabet).letters)
        rows, words, counts = zip(*self._find(sequences, k), strict=True)
        shape = (len(sequences), n_letters**k)
        entries = (np.concatenate(counts), (np.concatenate(rows), np.concatenate(words)))
        return sparse.coo_matrix(entries, shape=shape).tocsr()

    def _find(
        self, sequences: Codes, k: int
    ) -> list[tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.float64]]]:
        """List rows, words and counts: first all clear places, then the ambiguous ones."""
        mixture = get_alphabet(self.alphabet).mixture
        n_letters = mixture.shape[1]
        n_meanings = (mixture > 0).sum(axis=1)
        meaning = mixture.argmax(axis=1)  # of a code that has one, such as U for C in proteins
        joined = np.concatenate(sequences).astype(np.int64)
        owner = np.repeat(np.arange(len(sequences)), [len(codes) for codes in sequences])
        n_places = max(0, len(joined) - k + 1)
        inside = owner[:n_places] == owner[k - 1 :][:n_places]
        word, n_words = np.zeros(n_places, np.int64), np.ones(n_places, np.int64)
        for shift in range(k):
            letter = joined[shift : shift + n_places]
            word = word * n_letters + meaning[letter]
            n_words *= n_meanings[letter]
        clear = np.flatnonzero(inside & (n_words == 1))
        found = [(owner[clear], word[clear], np.ones(len(clear)))]
        for place in np.flatnonzero(inside & (n_words > 1) & (n_words <= _MOST_WORDS)):
            chance = np.ones(1)
            for letter in joined[place : place + k]:
                chance = np.multiply.outer(chance, mixture[letter]).ravel()
            words = np.flatnonzero(chance)
            found.append((np.full(len(words), owner[place]), words, chance[words]))
        return found
