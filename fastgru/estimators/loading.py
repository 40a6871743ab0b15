"""From a model file to what it holds, whatever its task."""

from __future__ import annotations

import os
from importlib import import_module

from fastgru.errors import ModelFileError
from fastgru.estimators.fitted_classifier import FittedClassifier
from fastgru.estimators.fitted_model import FittedModel
from fastgru.models.model_file import SavedModel, read_model

__all__ = ["fitted_from", "load_classifier", "load_fitted"]

# module and function of each task; imported when a file needs it, as that takes a tenth of a second
_READERS = {
    "classification": ("ensemble", "read_classifier"),
    "multilabel": ("fitted_multilabel", "read_multilabel"),
    "regression": ("fitted_regressor", "read_regressor"),
    "language_model": ("fitted_language_model", "read_language_model"),
    "tagging": ("fitted_tagger", "read_tagger"),
    "translation": ("fitted_translator", "read_translator"),
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
    return fitted_from(read_model(path), os.fspath(path), *tasks)


def fitted_from(saved: SavedModel, name: str, *tasks: str) -> FittedModel:
    """Return the trained model that a file holds.

    Parameters
    ----------
    saved
    name
        Of the file, for messages.
    *tasks
        As for :func:`load_fitted`.

    Raises
    ------
    ModelFileError
        If its card contradicts itself, or it is of another task.
    """
    found = saved.card.get("task", "classification")
    if tasks and found not in tasks:
        raise ModelFileError(
            f"{name}: is a model of {found}, expected one of {' or '.join(tasks)}. "
            f"Give another model, or use what is there for {found}."
        )
    module, function = _READERS[found]
    read = getattr(import_module(f"fastgru.estimators.{module}"), function)
    fitted: FittedModel = read(saved, name)
    return fitted


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
