"""Both strands of DNA in one batch: a network that averages over them cannot tell them apart."""

from __future__ import annotations

import numpy as np

from fastgru.layers.reversal import reverse_rows

__all__ = ["Strands", "average_strands", "both_strands", "complement_codes"]


class Strands:
    """Which strands of DNA a network reads.

    Parameters
    ----------
    kind
        ``"average"`` for both, ``"augment"`` for either at random in training, another for those
        given.
    reading
        What the network reads by; for these two kinds as for :func:`complement_codes`.
    """

    def __init__(self, kind: str, reading: object) -> None:
        self.averages = kind == "average"
        self._complement: np.ndarray | None = None
        if kind in ("average", "augment"):
            assert isinstance(reading, np.ndarray)
            self._complement = complement_codes(reading)

    def choose(
        self, tokens: np.ndarray, lengths: np.ndarray, rng: np.random.Generator | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the sequences to read: as given, of both strands, or of one at random.

        Parameters
        ----------
        tokens
            Integer (B, T): symbols; anything valid past a sequence's end.
        lengths
            int64 (B,)
        rng
            Draws strands; None outside training.
        """
        self._turned = np.zeros(len(lengths), bool)
        if self._complement is None or (rng is None and not self.averages):
            return tokens, lengths
        both, twice = both_strands(tokens, lengths, self._complement)
        if self.averages:
            self._turned = np.arange(len(twice)) >= len(lengths)
            return both, twice
        assert rng is not None
        self._turned = rng.random(len(lengths)) < 0.5
        ahead, back = np.split(both, 2)
        return np.where(self._turned[:, None], back, ahead), lengths

    def choose_windows(
        self, codes: np.ndarray, starts: np.ndarray, window: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return a text and where the windows to read begin in it, as :meth:`choose` would.

        Parameters
        ----------
        codes
            Integer (L,): symbols of the text.
        starts
            int64 (n,)
        window
            Letters of each.
        """
        if not self.averages:
            return codes, starts
        assert self._complement is not None
        begin, end = starts.min(), starts.max() + window
        ahead, starts = codes[begin:end], starts - begin
        other = self._complement[ahead[::-1]].astype(codes.dtype)
        on_other = 2 * len(ahead) - window - starts
        return np.concatenate([ahead, other]), np.concatenate([starts, on_other])

    def turn(self, rows: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Return rows (B, T, ...) with the steps of the other strands turned round."""
        if not self._turned.any():
            return rows
        return np.where(self._turned[:, None, None], reverse_rows(rows, lengths), rows)


def complement_codes(mixture: np.ndarray) -> np.ndarray:
    """Return the code of the complement of each symbol, int64 (K,).

    Parameters
    ----------
    mixture
        float (K, 4): the shares of A, C, G and T in each symbol.  The complement of a symbol has
        these from the last to the first: R is A or G, its complement Y is T or C.
    """
    codes = np.arange(len(mixture))
    for code, row in enumerate(mixture):
        if not np.array_equal(row, row[::-1]):
            codes[code] = np.flatnonzero((mixture == row[::-1]).all(axis=1))[0]
    return codes


def both_strands(
    tokens: np.ndarray, lengths: np.ndarray, complement: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return a batch followed by the reverse complements of its sequences.

    Parameters
    ----------
    tokens
        Integer (B, T): symbols; anything valid past a sequence's end.
    lengths
        int64 (B,)
    complement
        From :func:`complement_codes`.

    Returns
    -------
    tuple
        Tokens (2 B, T) and lengths (2 B,).
    """
    other = complement[reverse_rows(tokens, lengths)].astype(tokens.dtype)
    return np.concatenate([tokens, other]), np.concatenate([lengths, lengths])


def average_strands(rows: np.ndarray) -> np.ndarray:
    """Return the means (B, ...) of the rows of a batch (2 B, ...) and those of its other strands.

    A sum of two numbers does not depend on their order, so neither strand can be told by a bit.
    """
    half = len(rows) // 2
    means: np.ndarray = (rows[:half] + rows[half:]) * rows.dtype.type(0.5)
    return means
