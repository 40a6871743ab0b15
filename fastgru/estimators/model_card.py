"""The JSON card of a classifier in its model file; fields in ``docs/file-formats.md``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastgru import __version__
from fastgru.data.alphabets import get_alphabet
from fastgru.errors import ConfigurationError, LabelError, ModelFileError
from fastgru.estimators.parameters import PARAMETERS, check_parameters
from fastgru.models.architecture import Architecture


def make_card(
    parameters: Mapping[str, Any],
    architecture: Architecture,
    classes: np.ndarray,
    history: list[dict[str, float]],
    best_epoch: int,
) -> dict[str, Any]:
    """Return the card of a fitted classifier.

    Raises
    ------
    LabelError
        If the class labels are neither strings nor integers.
    """
    integers = classes.dtype.kind in "iu"
    if not integers and not all(isinstance(name, str) for name in classes):
        raise LabelError(
            f"class labels are {classes.dtype}, expected strings or integers, which alone can be "
            "saved. Convert them before fit."
        )
    return {
        "fastgru_version": __version__,
        "alphabet": parameters["alphabet"],
        "symbols": get_alphabet(parameters["alphabet"]).symbols,
        "classes": [str(name) for name in classes],
        "classes_are_integers": integers,
        "architecture": architecture.to_dict(),
        "training": {
            # the number of threads changes no bit of the result, so it is no part of it
            "parameters": {k: _plain(v) for k, v in parameters.items() if k != "threads"},
            "history": [{k: _plain(v) for k, v in epoch.items()} for epoch in history],
            "best_epoch": best_epoch,
        },
    }


def read_card(card: Mapping[str, Any], name: str) -> tuple[dict[str, Any], np.ndarray]:
    """Return the parameters of the classifier and its classes.

    Raises
    ------
    ModelFileError
        If they are missing or out of range.
    """
    training = card.get("training")
    parameters = training.get("parameters") if isinstance(training, dict) else None
    known = {parameter.name for parameter in PARAMETERS} - {"threads"}
    if not isinstance(parameters, dict) or parameters.keys() != known:
        raise ModelFileError(f"{name}: its card lacks the training parameters. It is damaged.")
    try:
        check_parameters({**parameters, "threads": None})
        classes = np.array(card["classes"])
        if card.get("classes_are_integers"):
            classes = classes.astype(np.int64)
    except (ConfigurationError, ValueError, OverflowError) as error:
        raise ModelFileError(f"{name}: in its card, {error} The file is damaged.") from error
    return parameters, classes


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: plain numbers, lists, null for what is not a number."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(name): _plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value
