"""From symbols to what the layers read: rows of letters or k-mers, and of positions if learned."""

from __future__ import annotations

import numpy as np

from fastgru.layers.kmers import KmerReader
from fastgru.layers.layer_input import (
    InputGradients,
    LayerInput,
    as_dense,
    as_steps,
    dense_gradients,
)

__all__ = ["MAX_TABLE_ROWS", "Embedding"]

MAX_TABLE_ROWS = 256
"""Embeddings with more rows are looked up before the layers: these would multiply all of them by
their weights in every pass, and add up gradients for each, whatever a batch has."""


class Embedding:
    """Learned vectors of letters or k-mers, with their gradients.

    Parameters
    ----------
    kmers
        Reads symbols.
    n_rows, n_positions
        Letters or k-mers, and positions (0 for none), that have a vector.
    output_size
        Features of each.
    rng
        Source of the initial vectors.

    Attributes
    ----------
    parameters, grads : dict of np.ndarray
        ``letters`` and perhaps ``positions``; ``grads`` is added to.
    """

    def __init__(
        self,
        kmers: KmerReader,
        n_rows: int,
        n_positions: int,
        output_size: int,
        *,
        rng: np.random.Generator,
    ) -> None:
        self._kmer_reader = kmers
        self._scale = 1 / np.sqrt(2.0 if n_positions else 1.0)
        sizes = {"letters": n_rows, **({"positions": n_positions} if n_positions else {})}
        self.parameters = {
            name: self._scale * rng.standard_normal((rows, output_size))
            for name, rows in sizes.items()
        }
        self.grads: dict[str, np.ndarray] = {}

    def begin_with(self, known: np.ndarray) -> None:
        """Let vectors begin with what is known of their letters or k-mers.

        Parameters
        ----------
        known
            Float (n_rows, n), of variance 1: the first n features, or as many as there are.
        """
        letters = self.parameters["letters"]
        n = min(known.shape[1], letters.shape[1])
        letters[:, :n] = self._scale * known[:, :n]

    def forward(
        self, tokens: np.ndarray, lengths: np.ndarray
    ) -> tuple[LayerInput, np.ndarray, int]:
        """Return the input of the layers, its lengths, and the steps that it has room for.

        Parameters
        ----------
        tokens
            Integer (B, T): symbols; anything valid past a sequence's end.
        lengths
            int64 (B,)
        """
        kmers = self._kmers = self._kmer_reader.read(tokens, lengths)
        table, n_steps = self.parameters["letters"], kmers.tokens.shape[1]
        self._given = LayerInput(
            as_steps(kmers.tokens),
            self._kmer_reader.embed(kmers, table),
            self.parameters.get("positions"),
            symbols_vary=self._kmer_reader.rows_vary,
        )
        if len(table) <= MAX_TABLE_ROWS:
            return self._given, kmers.lengths, n_steps
        x = as_dense(self._given, len(lengths), n_steps)
        return LayerInput(x=x), kmers.lengths, n_steps

    def backward(self, gradients: InputGradients) -> None:
        """Add to the gradients of the vectors.

        Parameters
        ----------
        gradients
            Of what the last forward pass has returned; ``x`` is **overwritten**.
        """
        if gradients.x is not None:
            lengths, n_steps = self._kmers.lengths, self._kmers.tokens.shape[1]
            gradients = dense_gradients(self._given, gradients.x, lengths, n_steps)
        assert gradients.symbols is not None
        self._kmer_reader.add_gradient(self._kmers, gradients.symbols, self.grads["letters"])
        if gradients.positions is not None:
            self.grads["positions"] += gradients.positions
