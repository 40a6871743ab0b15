"""The baselines of numbers and of several labels: one for each target, from what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from fastgru.errors import LabelError
from fastgru.estimators.baseline_classifier import BaselineClassifier, encode_for_baseline
from fastgru.estimators.sequence_features import Kmers, Length, LetterShares

__all__ = ["predict_labels", "predict_numbers"]

_STRENGTHS = [10.0**power for power in range(-4, 5)]  # alpha of the ridge regressions
_N_FOLDS = 3


def predict_numbers(
    name: str,
    alphabet: str,
    learned: tuple[Sequence[str], np.ndarray],
    sequences: Sequence[str],
    *,
    names: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    random_state: int = 0,
) -> np.ndarray:
    """Train a baseline for each target, and predict.

    The strength of a ridge regression is chosen by the mean squared error of a threefold
    cross-validation within what is learned from, in which groups stay together.

    Parameters
    ----------
    name
        One of `fastgru.estimators.baselines.REGRESSION_BASELINES`.
    alphabet
    learned
        n sequences, and their targets float64 (n, k), NaN where one is missing.
    sequences
        m sequences to predict.
    names
        Of the targets, for messages; None for their numbers.
    groups
        Group of each sequence that is learned from, or None.
    random_state
        Seed of the folds.

    Returns
    -------
    np.ndarray
        float64 (m, k).

    Raises
    ------
    LabelError
        If a target is never known.
    """
    encoded = encode_for_baseline(name, alphabet, learned[0])
    unseen = encode_for_baseline(name, alphabet, sequences)
    all_groups = None if groups is None else np.array(groups, str)
    predicted = np.empty((len(unseen), learned[1].shape[1]))
    for k, known, targets in _known_columns(learned[1], names):
        own = None if all_groups is None else all_groups[known]
        pipeline = _REGRESSIONS[name](alphabet, _search(len(known), own, random_state))
        with threadpool_limits(1):  # sums of several threads differ in their last bits
            pipeline.fit([encoded[place] for place in known], targets)
            predicted[:, k] = pipeline.predict(unseen)
    return predicted


def predict_labels(
    baseline: BaselineClassifier,
    learned: tuple[Sequence[str], np.ndarray],
    sequences: Sequence[str],
    *,
    names: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
) -> np.ndarray:
    """Train a baseline for each label, and return its probabilities, float64 (m, k).

    Parameters
    ----------
    baseline
        Is trained again for each label.
    learned
        n sequences, and float64 (n, k): 1 with a label, 0 without, NaN where that is unknown.
    sequences
        m sequences to predict.
    names
        Of the labels, for messages; None for their numbers.
    groups
        Group of each sequence that is learned from, or None.

    Raises
    ------
    LabelError
        If a label is never known.
    """
    predicted = np.empty((len(sequences), learned[1].shape[1]))
    for k, known, answers in _known_columns(learned[1], names):
        if answers.min() == answers.max():
            predicted[:, k] = answers[0]
            continue
        own = None if groups is None else [groups[place] for place in known]
        baseline.fit(
            [learned[0][place] for place in known], answers.astype(int).tolist(), groups=own
        )
        predicted[:, k] = baseline.predict_proba(sequences)[:, 1]
    return predicted


def _known_columns(
    targets: np.ndarray, names: Sequence[str] | None
) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """Return number, places and values of what is known of each target."""
    columns = []
    for k, column in enumerate(targets.T):
        known = np.flatnonzero(~np.isnan(column))
        if not len(known):
            name = str(k) if names is None else repr(names[k])
            raise LabelError(
                f"target {name}: is missing for every sequence to learn from, expected it for "
                "some. Leave the target out."
            )
        columns.append((k, known, column[known]))
    return columns


def _search(n_sequences: int, groups: np.ndarray | None, random_state: int) -> Any:
    """Return a ridge regression whose strength is chosen by folds, where there can be any."""
    n_units = n_sequences if groups is None else len(set(groups))
    if n_units < _N_FOLDS:
        return Ridge()
    everything = np.arange(n_sequences)
    splitter = (
        KFold(_N_FOLDS, shuffle=True, random_state=random_state)
        if groups is None
        else GroupKFold(_N_FOLDS)
    )
    folds = list(splitter.split(everything, groups=groups))
    return GridSearchCV(Ridge(), {"alpha": _STRENGTHS}, scoring="neg_mean_squared_error", cv=folds)


def _mean(alphabet: str, ridge: Any) -> Pipeline:
    return make_pipeline(Length(), DummyRegressor())


def _length(alphabet: str, ridge: Any) -> Pipeline:
    return make_pipeline(Length(), StandardScaler(), ridge)


def _composition(alphabet: str, ridge: Any) -> Pipeline:
    return make_pipeline(LetterShares(alphabet), StandardScaler(), ridge)


def _kmer_ridge(alphabet: str, ridge: Any) -> Pipeline:
    return make_pipeline(Kmers(alphabet, 3 if alphabet == "protein" else 6), ridge)


_REGRESSIONS: dict[str, Callable[[str, Any], Pipeline]] = {
    "mean": _mean,
    "length": _length,
    "composition": _composition,
    "kmer_ridge": _kmer_ridge,
}
