"""Where a classifier comes from and goes to, other than its training: files and recipes."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Self

from sklearn.utils.validation import check_is_fitted

from fastgru.estimators.classifier_card import save_classifier
from fastgru.estimators.fitted_classifier import FittedClassifier
from fastgru.estimators.loading import load_fitted
from fastgru.estimators.recipes import recipe_parameters

__all__ = ["ClassifierFiles"]


class ClassifierFiles:
    """The model files of a :class:`fastgru.SequenceClassifier`, and its recipes."""

    _fitted: FittedClassifier

    @abstractmethod
    def _take(self, fitted: FittedClassifier) -> Self:
        """Take over a trained model; return itself."""

    def save(self, path: str | os.PathLike[str], *, extra: Mapping[str, Any] | None = None) -> None:
        """Write the model to a ``.safetensors`` file, whole or not at all.

        Parameters
        ----------
        path
            File to write; one that exists is replaced.
        extra
            JSON-able entries to add to the card, such as where the data came from.

        Raises
        ------
        LabelError
            If the class labels are neither strings nor integers.
        ConfigurationError
            If `extra` cannot be added.
        """
        check_is_fitted(self, "classes_")
        save_classifier(path, self._fitted, extra)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a model that :meth:`save` wrote; the attributes of `fit` come along.

        Parameters
        ----------
        path
            File to read; nothing in it is executed.

        Raises
        ------
        ModelFileError
            If the file is no such model, is damaged, or was written by a newer version.
        """
        fitted = load_fitted(path, "classification", "multilabel")
        assert isinstance(fitted, FittedClassifier)
        return cls.from_fitted(fitted)

    @classmethod
    def from_recipe(cls, recipe: str, **changes: Any) -> Self:
        """Return a classifier with the parameters that suit a kind of data.

        Parameters
        ----------
        recipe
            ``"aligned_windows"``, ``"motif"``, ``"peptides"``, ``"proteins"`` or
            ``"long_reads"``; docs/recipes.md says what each is for.
        changes
            Parameters that are to be other than there.

        Raises
        ------
        ConfigurationError
            For another name.
        """
        return cls(**{**recipe_parameters(recipe), **changes})

    @classmethod
    def from_fitted(cls, fitted: FittedClassifier) -> Self:
        """Return the estimator of a model that was trained or read.

        Parameters
        ----------
        fitted
            From :func:`fastgru.estimators.loading.load_fitted`.
        """
        return cls(**fitted.parameters)._take(fitted)
