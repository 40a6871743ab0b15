"""The baselines as one scikit-learn estimator over lists of sequences, chosen by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    BaseCrossValidator,
    GridSearchCV,
    PredefinedSplit,
    StratifiedKFold,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from fastgru._machine import usable_threads
from fastgru.data.alphabets import get_alphabet
from fastgru.data.random_splits import assign_folds
from fastgru.data.series import SERIES, encode_series
from fastgru.errors import ConfigurationError, LabelError
from fastgru.estimators.baselines import BASELINES, require_letters, why_not_applicable
from fastgru.estimators.inputs import encode_labels, encode_sequences, label_array
from fastgru.estimators.nearest import NearestSequence
from fastgru.estimators.sequence_features import Kmers, Length, LetterShares, OneHot
from fastgru.estimators.string_classifier import StringClassifier

__all__ = ["BaselineClassifier", "encode_for_baseline"]

_STRENGTHS = [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]  # C of the logistic regressions
_N_FOLDS = 3
_N_TREES = 300


class BaselineClassifier(StringClassifier):
    """Classify sequences by something simple; see `fastgru.estimators.baselines` for what.

    Logistic regressions are standardised where features have units, and the strength of their
    regularisation is chosen by the log loss of a threefold cross-validation within the training
    sequences, in which groups stay together.  The same ``random_state`` gives the same
    probabilities for any number of threads.

    Parameters
    ----------
    name
        One of `fastgru.estimators.baselines.BASELINES`.
    alphabet
        ``"dna"``, ``"rna"`` or ``"protein"``.  Ambiguity codes count as the average of the
        letters they stand for.  Or ``"series"``, for baselines that know nothing of letters.
    threads
        Threads that ``kmer_forest`` and ``nearest`` may use; None for all CPUs that the process
        may use.
    random_state
        Seed of the forest and of the folds.

    Attributes
    ----------
    classes_ : np.ndarray
        Class labels, sorted.
    pipeline_ : sklearn.pipeline.Pipeline
        Features and classifier.
    n_train_ : int
        Sequences that were learned from.
    """

    def __init__(
        self,
        name: str = "kmer_logistic",
        alphabet: str = "dna",
        *,
        threads: int | None = None,
        random_state: int | None = None,
    ) -> None:
        self.name = name
        self.alphabet = alphabet
        self.threads = threads
        self.random_state = random_state

    def fit(
        self,
        sequences: Sequence[str],
        labels: Sequence[Any],
        *,
        groups: Sequence[Any] | None = None,
    ) -> BaselineClassifier:
        """Train.

        Parameters
        ----------
        sequences
            n strings over the alphabet, none empty, or series (length, n_features).
        labels
            n class labels, of at least two classes.
        groups
            n names of groups that the inner cross-validation does not divide: where relatives
            stand on both sides, too weak a regularisation looks best.  None for none.

        Raises
        ------
        ConfigurationError
            If there is no such baseline, or none of series.
        AlphabetError, LabelError
            For sequences or labels that cannot be used, or not by this baseline.
        """
        if self.name not in _MAKERS:
            expected = ", ".join(map(repr, BASELINES))
            raise ConfigurationError(f"name must be one of {expected}, got {self.name!r}.")
        encoded = encode_for_baseline(self.name, self.alphabet, sequences)
        classes, targets = encode_labels(labels, len(encoded))
        reason = why_not_applicable(self.name, map(len, encoded))
        if reason is not None:
            raise LabelError(f"baseline {self.name}: {reason}. Use another baseline.")
        folds = _inner_folds(targets, groups, self.random_state)
        task = _Task(self.alphabet, self.threads, self.random_state, folds)
        pipeline = _MAKERS[self.name](task)
        with threadpool_limits(1):  # sums of several threads differ in their last bits
            pipeline.fit(encoded, targets)
        self.pipeline_, self.classes_, self.n_train_ = pipeline, classes, len(encoded)
        return self

    def _probabilities(self, sequences: Sequence[str]) -> np.ndarray:
        return self.predict_with_identity(sequences)[0]

    def predict_with_identity(
        self, sequences: Sequence[str]
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Return class probabilities, and the identity with the nearest training sequence.

        Parameters
        ----------
        sequences
            As for :meth:`predict_proba`.

        Returns
        -------
        proba
            float64 (n, n_classes).
        identity
            float64 (n,) of the baseline ``nearest``; None for all others, which do not know it.
        """
        check_is_fitted(self, "classes_")
        encoded = encode_for_baseline(self.name, self.alphabet, sequences)
        if not encoded:
            return np.empty((0, len(self.classes_))), None
        if isinstance(self.pipeline_, NearestSequence):
            nearest, identity = self.pipeline_.find_nearest(encoded)
            return self.pipeline_.probabilities(nearest, identity), identity
        with threadpool_limits(1):
            return np.asarray(self.pipeline_.predict_proba(encoded), dtype=np.float64), None


def encode_for_baseline(name: str, alphabet: str, sequences: Sequence[Any]) -> list[np.ndarray]:
    """Return the codes of strings, or the steps of series.

    Parameters
    ----------
    name
        Of the baseline.
    alphabet, sequences
        As for :class:`BaselineClassifier`.

    Raises
    ------
    ConfigurationError
        If the baseline knows letters, and the input are series.
    AlphabetError, LabelError
        For sequences that cannot be used.
    """
    require_letters(name, alphabet)
    if alphabet == SERIES:
        return [*encode_series(sequences)]
    return encode_sequences(get_alphabet(alphabet), sequences)


@dataclass(frozen=True)
class _Task:
    """What a baseline is made for, and the folds to choose its parameters by, None for none."""

    alphabet: str
    threads: int | None
    random_state: int | None
    folds: BaseCrossValidator | None

    def words(self, *, nucleotides: int, residues: int) -> int:
        return residues if self.alphabet == "protein" else nucleotides


def _inner_folds(
    targets: np.ndarray, groups: Sequence[Any] | None, random_state: int | None
) -> BaseCrossValidator | None:
    """Return folds that each have every class, None where there cannot be any."""
    if np.bincount(targets).min() < _N_FOLDS:
        return None
    if groups is None:
        return StratifiedKFold(_N_FOLDS, shuffle=True, random_state=random_state)
    names = list(map(str, label_array(groups, len(targets), "groups")))
    try:
        folds = assign_folds(
            list(map(str, targets)), _N_FOLDS, groups=names, seed=random_state or 0
        )
    except LabelError:  # too few groups of a class
        return None
    return PredefinedSplit(folds)


class _Forest(RandomForestClassifier):
    """A forest whose probabilities are summed tree by tree, not in the order of the threads."""

    def predict_proba(self, features: Any) -> Any:
        threads = self.get_params()["n_jobs"]
        try:
            return super(_Forest, self.set_params(n_jobs=1)).predict_proba(features)
        finally:
            self.set_params(n_jobs=threads)


def _logistic(task: _Task) -> Any:
    regression = LogisticRegression(max_iter=2000)
    if task.folds is None:
        return regression
    return GridSearchCV(regression, {"C": _STRENGTHS}, scoring="neg_log_loss", cv=task.folds)


def _majority(task: _Task) -> Any:
    return make_pipeline(Length(), DummyClassifier(strategy="prior"))


def _length(task: _Task) -> Any:
    return make_pipeline(Length(), StandardScaler(), _logistic(task))


def _composition(task: _Task) -> Any:
    return make_pipeline(LetterShares(task.alphabet), StandardScaler(), _logistic(task))


def _kmer_logistic(task: _Task) -> Any:
    longest = task.words(nucleotides=6, residues=3)
    return make_pipeline(Kmers(task.alphabet, longest), _logistic(task))


def _kmer_forest(task: _Task) -> Any:
    longest = task.words(nucleotides=4, residues=2)
    forest = _Forest(_N_TREES, n_jobs=task.threads or -1, random_state=task.random_state)
    return make_pipeline(Kmers(task.alphabet, longest, dense=True), forest)


def _onehot_logistic(task: _Task) -> Any:
    return make_pipeline(OneHot(task.alphabet), _logistic(task))


def _nearest(task: _Task) -> Any:
    return NearestSequence(task.alphabet, usable_threads(task.threads))


# A further baseline is an entry here and one in `BASELINES`: whatever takes a list of encoded
# sequences in `fit(encoded, targets)` and `predict_proba(encoded)`.
_MAKERS: dict[str, Callable[[_Task], Any]] = {
    "majority": _majority,
    "length": _length,
    "composition": _composition,
    "kmer_logistic": _kmer_logistic,
    "kmer_forest": _kmer_forest,
    "onehot_logistic": _onehot_logistic,
    "nearest": _nearest,
}
