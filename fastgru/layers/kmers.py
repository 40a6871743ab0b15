"""K-mers: words of k neighbouring letters, each with a row of its own in the embedding.

The k-mer that begins at letter j is the row c of the table (V^k, I), and with ambiguity codes the
average of the rows that it stands for::

    c = sum_i letter_(j+i) V^(k-1-i)
    e = sum_c prod_i mixture[symbol_(j+i), c_i] table[c],   c_i the i-th digit of c to the base V

Such averages follow the table as further rows: for k = 1 those of all ambiguity codes, else those
of the k-mers that a batch has.  Letters past the last whole k-mer are not read.

Axes: B sequences, T letters, T' k-mers, K symbols, V letters, I features.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fastgru.kernels.products import product
from fastgru.layers.kmer_sizes import count_kmers

__all__ = ["KmerReader", "Kmers"]

_MAX_SHARES = 1 << 20
"""Numbers of the mixture of ambiguous k-mers that are held at once, 8 MB of them."""


@dataclass(frozen=True)
class Kmers:
    """The k-mers of a batch.

    Attributes
    ----------
    tokens : int32 (B, T')
        Row of each k-mer; 0 past a sequence's end.
    lengths : int64 (B,)
        K-mers of each sequence.
    ambiguous : int64 (n, k)
        Symbols of the k-mers whose rows follow the table.
    """

    tokens: np.ndarray
    lengths: np.ndarray
    ambiguous: np.ndarray


class KmerReader:
    """From symbols to k-mers and their embeddings, with the gradient of the table.

    Parameters
    ----------
    mixture
        float (K, V), rows sum to 1: the letters that each symbol stands for.  The first V symbols
        are the letters.
    size
        k
    stride
        Letters from the start of a k-mer to that of the next.
    """

    def __init__(self, mixture: np.ndarray, size: int, stride: int) -> None:
        self._mixture = mixture
        self._size, self._stride = size, stride
        self._n_symbols, self._n_letters = mixture.shape

    @property
    def rows_vary(self) -> bool:
        """Whether the number of rows depends on the batch."""
        return self._size > 1

    def read(self, tokens: np.ndarray, lengths: np.ndarray) -> Kmers:
        """Return the k-mers of a batch.

        Parameters
        ----------
        tokens
            Integer (B, T): symbols; anything valid past a sequence's end.
        lengths
            int64 (B,); a sequence shorter than k has no k-mer.
        """
        if self._size == 1:
            others = np.arange(self._n_letters, self._n_symbols)
            return Kmers(np.asarray(tokens, np.int32), lengths, others[:, None])
        counts = count_kmers(lengths, self._size, self._stride)
        n_steps = count_kmers(tokens.shape[1], self._size, self._stride)
        shape = len(lengths), n_steps
        rows, words = np.zeros(shape, np.int32), np.zeros(shape, np.int64)
        is_ambiguous = np.zeros(shape, bool)
        for offset in range(self._size):
            symbols = tokens[:, offset :: self._stride][:, :n_steps]
            rows = rows * np.int32(self._n_letters) + symbols
            words = words * self._n_symbols + symbols
            is_ambiguous |= symbols >= self._n_letters
        is_valid = np.arange(n_steps) < counts[:, None]
        rows[~is_valid] = 0
        is_ambiguous &= is_valid
        distinct, places = np.unique(words[is_ambiguous], return_inverse=True)
        rows[is_ambiguous] = self._n_letters**self._size + places
        powers = self._n_symbols ** np.arange(self._size - 1, -1, -1)
        return Kmers(rows, counts, distinct[:, None] // powers % self._n_symbols)

    def embed(self, kmers: Kmers, table: np.ndarray) -> np.ndarray:
        """Return the embedding of each row, float (V^k + n, I).

        Parameters
        ----------
        kmers
        table
            float (V^k, I)
        """
        symbols = np.zeros((len(table) + len(kmers.ambiguous), table.shape[1]), table.dtype)
        symbols[: len(table)] = table
        averages = symbols[len(table) :]
        for part, shares in self._shares(kmers):
            product(shares, table, averages[part])
        return symbols

    def add_gradient(self, kmers: Kmers, d_symbols: np.ndarray, d_table: np.ndarray) -> None:
        """Add the gradient of :meth:`embed` to that of the table.

        Parameters
        ----------
        kmers
        d_symbols
            float (V^k + n, I)
        d_table
            float (V^k, I), **added to**
        """
        d_table += d_symbols[: len(d_table)]
        d_averages = d_symbols[len(d_table) :]
        for part, shares in self._shares(kmers):
            product(shares.T, d_averages[part], d_table)

    def _shares(self, kmers: Kmers) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield ambiguous k-mers, some at a time, with the share of each row in them."""
        n_rows = self._n_letters**self._size
        n_held = max(1, _MAX_SHARES // n_rows)
        for start in range(0, len(kmers.ambiguous), n_held):
            part = slice(start, start + n_held)
            symbols = kmers.ambiguous[part]
            shares = np.ones((len(symbols), 1), self._mixture.dtype)
            for letter in symbols.T:
                pairs = shares[:, :, None] * self._mixture[letter][:, None, :]
                shares = pairs.reshape(len(symbols), -1)
            yield part, shares
