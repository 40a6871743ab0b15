"""From an ONNX file to a trained model: :func:`load` and :func:`import_model`.

A file that fastgru has exported holds its card and becomes the model that it was
(:mod:`fastgru.onnx.restoring`).  Any other is read as a chain of operators
(:mod:`fastgru.onnx.chain_models`), and the caller says what its tokens and outputs mean.  Nothing
in a file is executed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from fastgru.errors import ConfigurationError
from fastgru.estimators.fitted_estimator import FittedEstimator
from fastgru.estimators.fitted_model import FittedModel
from fastgru.estimators.saving import card_of, save_fitted
from fastgru.onnx.chain_models import Meaning, read_chain_model
from fastgru.onnx.files import read_onnx
from fastgru.onnx.restoring import find_card, restore

__all__ = ["import_model", "load"]

_ESTIMATORS = {
    "classification": ("classifier", "SequenceClassifier"),
    "multilabel": ("classifier", "SequenceClassifier"),
    "regression": ("regressor", "SequenceRegressor"),
    "language_model": ("language_model", "SequenceLanguageModel"),
    "tagging": ("tagger", "SequenceTagger"),
    "translation": ("seq2seq", "Seq2Seq"),
}
"""Module and class of the estimator of each task."""


def load(
    path: str | os.PathLike[str],
    *,
    alphabet: str | None = None,
    symbols: str | None = None,
    classes: Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
) -> FittedEstimator:
    """Return the model of an ONNX file as a fitted estimator.

    Parameters
    ----------
    path
    alphabet
        ``"dna"``, ``"rna"`` or ``"protein"``, what a file of another tool is for.
    symbols
        The letter of each token of such a file, from token 0 on; anything else than a letter
        without ambiguity, such as ``-``, for tokens that stand for padding or for ambiguity codes.
        None for the alphabet's own letters in their order.
    classes
        Name of each output of such a file; None for ``"0"``, ``"1"`` and so on.
    targets
        Name of each output of such a file that has numbers for outputs, in the place of classes:
        it becomes a regressor, whose intervals are infinite.

    Returns
    -------
    FittedEstimator
        Of the model's task, such as :class:`fastgru.SequenceClassifier`.

    Raises
    ------
    ModelFileError
        If the file cannot be read, or has a node that no network of fastgru has; the message
        names the first.
    ConfigurationError
        If one of the options is missing, or does not fit the file.
    """
    fitted, _ = _read(path, Meaning(alphabet, symbols, classes, targets))
    module, name = _ESTIMATORS[fitted.task]
    kind = getattr(import_module(f"fastgru.estimators.{module}"), name)
    estimator: FittedEstimator = kind.from_fitted(fitted)
    return estimator


def import_model(
    path: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    alphabet: str | None = None,
    symbols: str | None = None,
    classes: Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
) -> None:
    """Write the model of an ONNX file as a model file (``.safetensors``), whole or not at all.

    Parameters
    ----------
    path
        ONNX file.
    output
        File to write; one that exists is replaced.
    alphabet, symbols, classes, targets
        As in :func:`load`.

    Raises
    ------
    ModelFileError, ConfigurationError
        As for :func:`load`.
    """
    fitted, further = _read(path, Meaning(alphabet, symbols, classes, targets))
    save_fitted(output, fitted, further)


def _read(path: str | os.PathLike[str], meaning: Meaning) -> tuple[FittedModel, dict[str, Any]]:
    """Return a trained model, and what its card says beside the entries of every card."""
    name, model = os.fspath(path), read_onnx(path)
    card = find_card(name, model)
    if card is None:
        return read_chain_model(name, model, meaning), {}
    surplus = [option for option, value in vars(meaning).items() if value is not None]
    if surplus:
        raise ConfigurationError(
            f"{surplus[0]}: {name} says this itself, for fastgru has written it. Leave it out."
        )
    fitted = restore(name, model, card)
    return fitted, {key: card[key] for key in card.keys() - card_of(fitted).keys()}
