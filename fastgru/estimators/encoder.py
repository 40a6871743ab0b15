"""Pooled states of a network as features, for whatever learns from tables."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import Tags, get_tags
from sklearn.utils.validation import check_is_fitted

from fastgru._numba import threads_limited_to
from fastgru.errors import ConfigurationError
from fastgru.estimators.classifier import SequenceClassifier
from fastgru.estimators.fitted_estimator import FittedEstimator
from fastgru.estimators.fitted_network import FittedNetwork
from fastgru.estimators.language_model import SequenceLanguageModel
from fastgru.estimators.loading import load_fitted
from fastgru.estimators.regressor import SequenceRegressor
from fastgru.estimators.tagger import SequenceTagger

__all__ = ["SequenceEncoder"]

_KINDS = (SequenceClassifier, SequenceRegressor, SequenceTagger, SequenceLanguageModel)


class SequenceEncoder(TransformerMixin, BaseEstimator):
    """Turn sequences into the pooled states of a network: features for other estimators.

    These are what the outputs of a classifier or regressor are made of: its poolings, side by side.
    Taggers and language models do not pool, and give the mean of their states.  A row does not
    depend on the others, nor on the number of threads.  Features of sequences that the network was
    trained on with their labels look better than those of new ones; a language model, or a network
    trained on other sequences, has no such advantage.

    Parameters
    ----------
    model
        A classifier, regressor, tagger or language model, of which `fit` trains a clone; None for
        ``SequenceClassifier()``.  One that is trained already: the path of its model file, or
        ``sklearn.frozen.FrozenEstimator(model)``.
    threads
        Threads to transform with, never more; None for those of the model, or of a model file for
        all CPUs that the process may use.

    Attributes
    ----------
    model_
        The fitted estimator whose states these are.
    n_features_in_ : int
        Steps of each row, where `model_` was fitted to a table of series.
    feature_names_in_ : np.ndarray
        Names of its columns, if they have some.

    Examples
    --------
    ::

        features = SequenceEncoder("language_model.safetensors")
        make_pipeline(features, RandomForestClassifier()).fit(sequences, labels)
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | BaseEstimator | None = None,
        *,
        threads: int | None = None,
    ) -> None:
        self.model = model
        self.threads = threads

    def __sklearn_tags__(self) -> Tags:
        """Say what the model takes."""
        tags = super().__sklearn_tags__()
        is_path = isinstance(self.model, str | os.PathLike)
        given = get_tags(SequenceClassifier() if is_path or self.model is None else self.model)
        tags.input_tags = given.input_tags
        trained = is_path or isinstance(self.model, FrozenEstimator)
        tags.target_tags.required = given.target_tags.required and not trained
        # the features have the network's precision
        tags.transformer_tags.preserves_dtype = []
        return tags

    def fit(
        self,
        sequences: Sequence[Any],
        y: Any = None,
        sample_weight: ArrayLike | None = None,
        *,
        groups: Sequence[Any] | None = None,
    ) -> SequenceEncoder:
        """Train the model, unless it is trained.

        Parameters
        ----------
        sequences, y
            As for `fit` of the model; not looked at if it is trained.
        sample_weight, groups
            As there, where it takes some; None for none.

        Returns
        -------
        SequenceEncoder
            Itself.

        Raises
        ------
        ConfigurationError
            For what is no such model, or an ensemble of several.
        ModelFileError
            For a file that cannot be read.
        AlphabetError, LabelError, DivergenceError
            As from `fit` of the model.
        """
        given = {"sample_weight": sample_weight, "groups": groups}
        beside = {name: value for name, value in given.items() if value is not None}
        model: Any = self._trained() or clone(self._to_train()).fit(sequences, y, **beside)
        if not isinstance(model._fitted, FittedNetwork):
            raise ConfigurationError(
                "model: is an ensemble of networks, each with states of its own, expected a "
                "single one. Give one of the models that it was made of."
            )
        self.model_: FittedEstimator = model
        for name in ("n_features_in_", "feature_names_in_"):
            self.__dict__.pop(name, None)
            if hasattr(model, name):
                setattr(self, name, getattr(model, name))
        return self

    def _trained(self) -> FittedEstimator | None:
        """Return the model if it is trained already, as it is."""
        if isinstance(self.model, str | os.PathLike):
            fitted = load_fitted(self.model, *(task for kind in _KINDS for task in kind._tasks))
            (kind,) = (kind for kind in _KINDS if fitted.task in kind._tasks)
            return kind.from_fitted(fitted)
        if isinstance(self.model, FrozenEstimator):
            model: FittedEstimator = _checked(self.model.estimator)
            check_is_fitted(model)
            return model
        return None

    def _to_train(self) -> Any:
        return SequenceClassifier() if self.model is None else _checked(self.model)

    def transform(self, sequences: Sequence[Any]) -> np.ndarray:
        """Return the features of each sequence, float (n, n_pooled), in the network's precision.

        Parameters
        ----------
        sequences
            As for `predict` of the model.

        Raises
        ------
        AlphabetError, LabelError
            As there.
        """
        fitted = self._network()
        encoded = fitted.encode_readable(self.model_._check_input(sequences))
        threads = self.model_.threads if self.threads is None else self.threads
        with threads_limited_to(threads):
            return fitted.pooled_states(encoded)

    def _network(self) -> FittedNetwork:
        check_is_fitted(self, "model_")
        fitted = self.model_._fitted
        assert isinstance(fitted, FittedNetwork)
        return fitted

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        """Return a name for each feature: pooling, direction and unit, as ``max_backward_7``.

        Parameters
        ----------
        input_features
            Names of the columns of a table, which are compared; None for those of `fit`.

        Raises
        ------
        ValueError
            For other names than those of `fit`.
        """
        sizes = self._network().network.architecture
        self._compare_columns(input_features)
        directions = ("forward", "backward") if sizes.bidirectional else ("forward",)
        names = [
            f"{pooling}_{direction}_{unit}"
            for pooling in sizes.pooling or ("mean",)
            for direction in directions
            for unit in range(sizes.hidden_size)
        ]
        return np.array(names, object)

    def _compare_columns(self, input_features: ArrayLike | None) -> None:
        """Refuse names of columns that are not those of `fit`, in scikit-learn's words."""
        if input_features is None or not hasattr(self, "n_features_in_"):
            return
        names = np.asarray(input_features, object).tolist()
        if len(names) != self.n_features_in_:
            raise ValueError(
                "input_features should have length equal to number of features "
                f"({self.n_features_in_}), got {len(names)}"
            )
        if names != getattr(self, "feature_names_in_", np.array(names)).tolist():
            raise ValueError("input_features is not equal to feature_names_in_")


def _checked(model: Any) -> Any:
    if not isinstance(model, _KINDS):
        expected = ", ".join(kind.__name__ for kind in _KINDS)
        raise ConfigurationError(
            f"model: is a {type(model).__name__}, expected a model file or one of {expected}, "
            "whose states can be pooled. Give one of these; a fitted one as "
            "sklearn.frozen.FrozenEstimator(model)."
        )
    return model
