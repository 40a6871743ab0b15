"""From a model file to what it holds, whatever its task."""

from __future__ import annotations

import os
from collections.abc import Callable

from fastgru.errors import ModelFileError
from fastgru.estimators.classifier_card import read_classifier, read_multilabel
from fastgru.estimators.fitted_classifier import FittedClassifier
from fastgru.estimators.fitted_language_model import read_language_model
from fastgru.estimators.fitted_model import FittedModel
from fastgru.estimators.fitted_tagger import FittedTagger
from fastgru.estimators.fitted_translator import read_translator
from fastgru.estimators.regressor_card import read_regressor
from fastgru.estimators.tagger_card import read_tagger
from fastgru.models.model_file import SavedModel, read_model

__all__ = ["load_classifier", "load_fitted", "load_tagger"]

_READERS: dict[str, Callable[[SavedModel, str], FittedModel]] = {
    "classification": read_classifier,
    "multilabel": read_multilabel,
    "regression": read_regressor,
    "language_model": read_language_model,
    "tagging": read_tagger,
    "translation": read_translator,
}


def load_fitted(path: str | os.PathLike[str], *tasks: str) -> FittedModel:
    """Read what an estimator's ``save`` wrote, without loading scikit-learn.

    Parameters
    ----------
    path
    tasks
        Those that are wanted; none for any.

    Raises
    ------
    ModelFileError
        If the file is no such model, is damaged, or was written by a newer version.
    """
    saved, name = read_model(path), os.fspath(path)
    found = saved.card.get("task", "classification")
    if tasks and found not in tasks:
        raise ModelFileError(
            f"{name}: is a model of {found}, expected one of {' or '.join(tasks)}. "
            "Load it with the estimator of its own task."
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


def load_tagger(path: str | os.PathLike[str]) -> FittedTagger:
    """Read a tagger.

    Raises
    ------
    ModelFileError
        As for :func:`load_fitted`, and for a model of another task.
    """
    fitted = load_fitted(path, "tagging")
    assert isinstance(fitted, FittedTagger)
    return fitted
