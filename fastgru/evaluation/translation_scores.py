"""How many tokens of translations are right, with bootstrap intervals, and what is easily right.

The baseline takes for each token the one that is most frequent in training for the letter in whose
place it stands; for what stands behind the last letter, the most frequent one there.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgru.data.target_alphabets import next_tokens
from fastgru.evaluation.bootstrap import (
    describe_bootstrap,
    percentile_interval,
    resample_weights,
)
from fastgru.evaluation.records import ScoredRecords, Scorer

__all__ = [
    "TRANSLATION_SCORES",
    "LetterBaseline",
    "ScoredTokens",
    "ScoredTranslations",
    "count_right",
    "translation_scores",
]

Codes = Sequence[NDArray[np.uint8]]
Floats = NDArray[np.float64]

TRANSLATION_SCORES = (
    "written_token_accuracy",
    "token_accuracy",
    "exact_match",
    "log_likelihood_per_token",
)


@dataclass(frozen=True, eq=False)
class ScoredTokens(ScoredRecords):
    """How much of N translations is right, of a model or of something simpler.

    Attributes
    ----------
    n_tokens : int64 (N,)
        As in `ScoredTranslations`, as the next three are.
    log_likelihoods : float64 (N,)
        NaN of what knows no probabilities.
    n_right, n_right_written : int64 (N,)
    exact : bool (N,)
        Whether its own translation is the true one.
    """

    n_tokens: NDArray[np.int64]
    log_likelihoods: Floats
    n_right: NDArray[np.int64]
    n_right_written: NDArray[np.int64]
    exact: NDArray[np.bool_]

    @property
    def names(self) -> list[str]:
        """No names: there is nothing but the translation."""
        return []

    def __len__(self) -> int:
        return len(self.n_tokens)

    def take(self, places: NDArray[np.intp]) -> ScoredTokens:
        """Return the records at some places, in their order."""
        return ScoredTokens(*(getattr(self, field.name)[places] for field in fields(self)))

    def has_truth_of(self, other: ScoredTokens) -> bool:
        """Return whether the other's true translations have as many tokens, one by one."""
        return np.array_equal(self.n_tokens, other.n_tokens)

    @classmethod
    def pool(cls, parts: Sequence[ScoredTokens]) -> ScoredTokens:
        """Return the records of all parts as those of one, in the order of the parts."""
        return cls(
            *(
                np.concatenate([getattr(part, field.name) for part in parts])
                for field in fields(cls)
            )
        )

    def scorer(self) -> Scorer:
        """Return what scores weighted records."""
        columns = {
            "written_token_accuracy": self.n_right_written,
            "token_accuracy": self.n_right,
            "exact_match": self.exact,
            "log_likelihood_per_token": self.log_likelihoods,
        }

        def score(weights: Floats) -> dict[Hashable, Floats]:
            return {
                name: _mean(column, name, self.n_tokens, weights)
                for name, column in columns.items()
            }

        return score


class ScoredTranslations(NamedTuple):
    """What is known of N translations; tokens include the end, and leave out ambiguity codes.

    Attributes
    ----------
    n_tokens : int64 (N,)
    log_likelihoods : float64 (N,)
        Of the true translations, in nats.
    n_right : int64 (N,)
        Tokens that are expected behind the true ones before them.
    n_right_written : int64 (N,)
        Tokens at whose place the model's own translation has the same one.
    n_right_baseline : int64 (N,) or None
        The same of the baseline; None where there is nothing that it could learn from.
    """

    n_tokens: NDArray[np.int64]
    log_likelihoods: NDArray[np.float64]
    n_right: NDArray[np.int64]
    n_right_written: NDArray[np.int64]
    n_right_baseline: NDArray[np.int64] | None


def count_right(
    written: Codes, targets: Codes, end: int, ended: Sequence[bool]
) -> NDArray[np.int64]:
    """Return at how many places of each true translation the written one has the same token.

    Parameters
    ----------
    written, targets
        Codes of N translations each.
    end
        Number of the end, which comes last in both.
    ended
        Whether each written one has come to its end; else that is no token of it.
    """
    counts = []
    for own, true, has_end in zip(written, targets, ended, strict=True):
        wanted, known = next_tokens(true, end)
        found = np.append(own.astype(np.int64), [end] * has_end)[: len(wanted)]
        counts.append(np.count_nonzero((found == wanted[: len(found)]) & known[: len(found)]))
    return np.array(counts, np.int64)


class LetterBaseline:
    """The most frequent token for the letter in whose place it stands.

    Parameters
    ----------
    encoded, targets
        Codes of sequences and translations to learn from, at least one.
    n_symbols
        Codes that a sequence may have.
    end
        Number of the end of a translation.
    letters_per_token
        As in :class:`fastgru.models.architecture.Architecture`.
    """

    def __init__(
        self, encoded: Codes, targets: Codes, *, n_symbols: int, end: int, letters_per_token: float
    ) -> None:
        self._n_symbols, self._end, self._rate = n_symbols, end, letters_per_token
        counts = np.zeros((n_symbols + 2, end + 1), np.int64)
        for letters, codes in zip(encoded, targets, strict=True):
            wanted, known = next_tokens(codes, end)
            np.add.at(counts, (self._places(letters, len(wanted))[known], wanted[known]), 1)
        self._likeliest = counts.argmax(axis=1)

    def _places(self, letters: NDArray[np.uint8], n_steps: int) -> NDArray[np.int64]:
        """Return what stands in the place of each step: a letter, what is behind it, or later."""
        expected = np.floor(np.arange(n_steps) * self._rate + 0.5).astype(np.int64)
        behind = self._n_symbols + np.minimum(expected - len(letters), 1)
        inside = letters.astype(np.int64)[np.minimum(expected, len(letters) - 1)]
        places: NDArray[np.int64] = np.where(expected < len(letters), inside, behind)
        return places

    def count_right(self, encoded: Codes, targets: Codes) -> NDArray[np.int64]:
        """Return how many tokens of each translation it has, int64 (N,).

        Parameters
        ----------
        encoded, targets
        """
        counts = []
        for letters, codes in zip(encoded, targets, strict=True):
            wanted, known = next_tokens(codes, self._end)
            found = self._likeliest[self._places(letters, len(wanted))]
            counts.append(np.count_nonzero((found == wanted) & known))
        return np.array(counts, np.int64)


def translation_scores(
    scored: ScoredTranslations,
    *,
    exact: NDArray[np.bool_],
    groups: Sequence[str] | None = None,
    n_resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Return all scores with their 95 % intervals, ready for JSON.

    Parameters
    ----------
    scored
        N translations, at least one.
    exact
        Whether the model's own translation is the true one.
    groups, n_resamples, seed
        As for :func:`fastgru.evaluation.bootstrap.bootstrap_intervals`.

    Returns
    -------
    dict
        ``token_accuracy`` (behind the true tokens), ``written_token_accuracy`` (of the model's own
        translation, place by place), ``exact_match``, ``log_likelihood_per_token`` (nats),
        ``n_tokens``, ``intervals``, ``bootstrap``; and ``baseline``, None or its
        ``token_accuracy``, ``exact_match`` and ``gain``, the tokens that the model has right beyond
        it behind the true ones, with their ``intervals``.  Intervals are None for one sequence or
        group.
    """
    sums = {
        "token_accuracy": scored.n_right,
        "written_token_accuracy": scored.n_right_written,
        "exact_match": exact,
        "log_likelihood_per_token": scored.log_likelihoods,
    }
    of_baseline: dict[str, NDArray[Any]] = {}
    if scored.n_right_baseline is not None:
        of_baseline = {
            "token_accuracy": scored.n_right_baseline,
            "exact_match": scored.n_right_baseline == scored.n_tokens,
            "gain": scored.n_right - scored.n_right_baseline,
        }
    about = describe_bootstrap(len(exact), groups, n_resamples=n_resamples, seed=seed)
    weights = [np.ones((1, len(exact)))]
    if about["n_units"] > 1:
        weights += resample_weights(len(exact), groups, n_resamples, seed)
    own = _with_intervals(sums, scored.n_tokens, weights)
    return {
        **own,
        "n_tokens": int(scored.n_tokens.sum()),
        "bootstrap": about,
        "baseline": _with_intervals(of_baseline, scored.n_tokens, weights) or None,
    }


def _with_intervals(
    sums: Mapping[str, NDArray[Any]],
    n_tokens: NDArray[np.int64],
    weights: Sequence[NDArray[np.float64]],
) -> dict[str, Any]:
    """Return the mean over tokens, or for exact matches over records, of each score."""
    if not sums:
        return {}
    found: dict[str, Any] = {"intervals": {}}
    for name, column in sums.items():
        values = np.concatenate([_mean(column, name, n_tokens, table) for table in weights])
        found[name] = float(values[0])
        found["intervals"][name] = percentile_interval(values[1:]) if len(values) > 1 else None
    return found


def _mean(column: NDArray[Any], name: str, n_tokens: NDArray[np.int64], weights: Floats) -> Floats:
    """Return the mean (R,) over weighted tokens, or for exact matches over records."""
    of = np.ones(len(n_tokens)) if name == "exact_match" else n_tokens
    # sums in order, whatever the linear algebra library of the machine would do
    mean: Floats = (weights * column).sum(axis=1) / (weights * of).sum(axis=1)
    return mean
