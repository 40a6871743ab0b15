"""Composition as a finder of coding letters: hexamers in frame, and a logistic regression on them.

The log-odds of a hexamer that begins a codon, against all hexamers outside of coding sequences (the
hexamer bias of Fickett and Tung 1992, doi:10.1093/nar/20.24.6441), are averaged over windows around
a letter in each of the three frames of both strands.  Frames are sorted, since which of them is
first means nothing; the regression sees all windows of both strands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from fastgru.data.alphabets import get_alphabet

__all__ = ["HexamerBaseline"]

_SIZE = 6
_UNKNOWN = 4**_SIZE


class HexamerBaseline:
    """The regression.

    Parameters
    ----------
    half_windows
        Letters on either side of a letter, of each window.
    n_letters
        Letters of both strands together to fit the regression to, at random.
    """

    def __init__(self, half_windows: Sequence[int], n_letters: int) -> None:
        self._half_windows, self._n_letters = half_windows, n_letters
        self._log_odds = np.empty(0)
        self._regression: Pipeline

    def fit(self, letters: str, places: dict[str, np.ndarray]) -> HexamerBaseline:
        """Learn.

        Parameters
        ----------
        letters
            DNA.
        places
            By strand, the place of each letter in its codon along the forward strand, 0 for none.
        """
        coding, other = np.ones(_UNKNOWN), np.ones(_UNKNOWN)
        for codes, found in zip(
            _of_strands(letters), (places["+"], places["-"][::-1]), strict=True
        ):
            hexamers, found = _hexamers(codes), found[: len(codes) - _SIZE + 1]
            coding += np.bincount(hexamers[found == 1], minlength=_UNKNOWN + 1)[:_UNKNOWN]
            other += np.bincount(hexamers[found == 0], minlength=_UNKNOWN + 1)[:_UNKNOWN]
        odds = np.log(coding / coding.sum()) - np.log(other / other.sum())
        self._log_odds = np.append(odds, 0.0)
        columns, rng = self._columns(letters), np.random.default_rng(0)
        truth = np.concatenate([places["+"] > 0, places["-"] > 0])
        chosen = rng.choice(len(truth), min(self._n_letters, len(truth)), replace=False)
        regression = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        self._regression = regression.fit(np.concatenate(columns)[chosen], truth[chosen])
        return self

    def predict_proba(self, letters: str) -> dict[str, np.ndarray]:
        """Return the probability that each letter is coding, float64 (length,), by strand."""
        found = [self._regression.predict_proba(rows)[:, 1] for rows in self._columns(letters)]
        return dict(zip("+-", found, strict=True))

    def _columns(self, letters: str) -> list[np.ndarray]:
        """Return what the regression sees of each letter of both strands, along the forward one."""
        ahead, back = (self._means(codes) for codes in _of_strands(letters))
        back = back[::-1]
        return [np.hstack([ahead, back]), np.hstack([back, ahead])]

    def _means(self, codes: np.ndarray) -> np.ndarray:
        """Return the mean log-odds in each frame, the lowest first, of each window."""
        size = len(codes)
        scores = np.zeros(size)
        scores[: max(0, size - _SIZE + 1)] = self._log_odds[_hexamers(codes)]
        letters = np.arange(size)
        sums = [
            np.append(0.0, np.cumsum(np.where(letters % 3 == frame, scores, 0.0)))
            for frame in range(3)
        ]
        return np.hstack([_sorted_means(sums, letters, half) for half in self._half_windows])


def _sorted_means(sums: Iterable[np.ndarray], letters: np.ndarray, half: int) -> np.ndarray:
    first = np.maximum(letters - half, 0)
    last = np.minimum(letters + half, len(letters))
    means = [(of_frame[last] - of_frame[first]) / (last - first) for of_frame in sums]
    return np.sort(np.stack(means, axis=1), axis=1)


def _of_strands(letters: str) -> tuple[np.ndarray, np.ndarray]:
    """Return codes of both strands, each in its direction; 4 for what is no single letter."""
    codes = np.minimum(get_alphabet("dna").encode(letters), 4).astype(np.int64)
    return codes, np.where(codes < 4, 3 - codes, 4)[::-1]


def _hexamers(codes: np.ndarray) -> np.ndarray:
    """Return the number of the hexamer that begins at each letter."""
    windows = (
        np.lib.stride_tricks.sliding_window_view(codes, _SIZE)
        if len(codes) >= _SIZE
        else (np.empty((0, _SIZE), np.int64))
    )
    numbers = windows @ (4 ** np.arange(_SIZE)[::-1])
    return np.where((windows < 4).all(axis=1), numbers, _UNKNOWN)
