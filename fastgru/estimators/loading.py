"""From a model file to what it holds, whatever its task."""

from __future__ import annotations

import os
from collections.abc import Callable

from fastgru.errors import ModelFileError
from fastgru.estimators.classifier_card import read_classifier
from fastgru.estimators.fitted_classifier import FittedClassifier
from fastgru.estimators.fitted_language_model import read_language_model
from fastgru.estimators.fitted_model import FittedModel
from fastgru.estimators.fitted_translator import read_translator
from fastgru.models.model_file import SavedModel, read_model

__all__ = ["load_classifier", "load_fitted"]

_READERS: dict[str, Callable[[SavedModel, str], FittedModel]] = {
    "classification": read_classifier,
    "language_model": read_language_model,
    "translation": read_translator,
}


def load_fitted(path: str | os.PathLike[str], task: str | None = None) -> FittedModel:
    """Read what an estimator's ``save`` wrote, without loading scikit-learn.

    Parameters
    ----------
    path
    task
        The only one that is wanted; None for any.

    Raises
    ------
    ModelFileError
        If the file is no such model, is damaged, or was written by a newer version.
    """
    saved, name = read_model(path), os.fspath(path)
    found = saved.card.get("task", "classification")
    if task not in (None, found):
        raise ModelFileError(
            f"{name}: is a model of {found}, expected one of {task}. Load it with the estimator of "
            "its own task."
        )
    return _READERS[found](saved, name)


def load_classifier(path: str | os.PathLike[str]) -> FittedClassifier:
    """Read a classifier.

    Raises
    ------
    ModelFileError
        As for :func:`load_fitted`, and for a model of another task.
    """
    fitted = load_fitted(path, "classification")
    assert isinstance(fitted, FittedClassifier)
    return fitted
