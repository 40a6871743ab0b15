"""Classifiers in model files, and the JSON card there; fields in ``docs/file-formats.md``."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastgru import __version__
from fastgru.data.alphabets import get_alphabet
from fastgru.data.input_profile import InputProfile
from fastgru.data.seen_sequences import SeenSequences
from fastgru.errors import ConfigurationError, LabelError, ModelFileError, shorten
from fastgru.estimators.calibration import Calibration
from fastgru.estimators.ensemble import Ensemble, make_ensemble, networks_of
from fastgru.estimators.fitted_model import FittedModel
from fastgru.estimators.fitting import Fitted
from fastgru.estimators.json_values import as_json
from fastgru.estimators.parameters import PARAMETERS, SAVED_PARAMETERS, check_parameters
from fastgru.models.card_schema import ARCHITECTURE_ADDED, MEMBERS_SHARE, is_ensemble
from fastgru.models.model_file import SavedNetwork, member_prefix, read_model, write_model
from fastgru.models.network import SequenceNetwork

# parameters that files of earlier states of format 1 lack, with what was done then
_ADDED_PARAMETERS = {
    "calibrate": False,
    "label_smoothing": 0.0,
    "focal_gamma": 0.0,
    **{p.name: p.default for p in PARAMETERS if p.name in ARCHITECTURE_ADDED},
}


def save_fitted(
    path: str | os.PathLike[str], fitted: FittedModel, extra: Mapping[str, Any] | None
) -> None:
    """Write a model file; see :meth:`fastgru.SequenceClassifier.save`.

    Parameters
    ----------
    path, fitted
    extra
        Entries to add to the card.
    """
    networks = networks_of(fitted)
    cards = [_make_card(network) for network in networks]
    card, prefixes = cards[0], [""]
    if isinstance(fitted, Ensemble):
        own = [{key: card[key] for key in card.keys() - set(MEMBERS_SHARE)} for card in cards]
        shared = {key: card[key] for key in MEMBERS_SHARE}
        card = {**shared, **fitted.calibration.to_card(), "members": own}
        prefixes = [member_prefix(number) for number in range(len(cards))]
    reserved = sorted({*card, "members", "format_version", "sha256"} & (extra or {}).keys())
    if reserved:
        raise ConfigurationError(
            f"extra: {shorten(reserved)} are entries of every card. Use other names."
        )
    tensors = {
        f"{prefix}{name}": view
        for prefix, network in zip(prefixes, networks, strict=True)
        for name, view in network.network.parameters.views().items()
    }
    write_model(path, {**(extra or {}), **card}, tensors)


def _make_card(fitted: Fitted) -> dict[str, Any]:
    """Return the card of a network.

    Raises
    ------
    LabelError
        If the class labels are neither strings nor integers.
    """
    classes, parameters = fitted.classes, fitted.parameters
    integers = classes.dtype.kind in "iu"
    if not integers and not all(isinstance(name, str) for name in classes):
        raise LabelError(
            f"class labels are {classes.dtype}, expected strings or integers, which alone can be "
            "saved. Convert them before fit."
        )
    card = {
        "fastgru_version": __version__,
        "alphabet": parameters["alphabet"],
        "symbols": get_alphabet(parameters["alphabet"]).symbols,
        "classes": [str(name) for name in classes],
        "classes_are_integers": integers,
        "architecture": fitted.network.architecture.to_dict(),
        "training": {
            "parameters": {name: as_json(parameters[name]) for name in SAVED_PARAMETERS},
            "n_train": fitted.n_train,
            "n_validation": fitted.n_validation,
            "history": [as_json(epoch) for epoch in fitted.history],
            "best_epoch": fitted.best_epoch,
        },
        **fitted.calibration.to_card(),
    }
    if fitted.inputs is not None:
        card["inputs"] = fitted.inputs.to_dict(get_alphabet(parameters["alphabet"]))
    if fitted.seen is not None:
        card["seen"] = fitted.seen.to_text()
    return card


def load_fitted(path: str | os.PathLike[str]) -> FittedModel:
    """Read what :meth:`fastgru.SequenceClassifier.save` wrote, without loading scikit-learn.

    Raises
    ------
    ModelFileError
        If the file is no such model, is damaged, or was written by a newer version.
    """
    saved, name = read_model(path), os.fspath(path)
    networks = [_read_card(network, name) for network in saved.networks]
    if not is_ensemble(saved.card):
        return networks[0]
    return make_ensemble([(name, network) for network in networks])


def _read_card(saved: SavedNetwork, name: str) -> Fitted:
    """Return a network that a model file holds.

    Raises
    ------
    ModelFileError
        If the parameters are out of range, or card and network contradict each other.
    """
    card, training = saved.card, saved.card["training"]
    integers = card.get("classes_are_integers", False)
    try:
        given = {**_ADDED_PARAMETERS, **training["parameters"]}
        if given.keys() != set(SAVED_PARAMETERS):
            raise ConfigurationError("training.parameters are not those of a classifier")
        parameters = check_parameters({**given, "threads": None})
        classes = np.array(card["classes"]).astype(np.int64 if integers else str)
    except (ConfigurationError, ValueError, OverflowError) as error:
        raise _damaged(name, str(error)) from error
    contradiction = _find_contradiction(saved, parameters)
    if contradiction is not None:
        raise _damaged(name, contradiction)
    weights = parameters["class_weight"]
    if isinstance(weights, Mapping) and integers:
        parameters["class_weight"] = {int(label): weights.get(str(label)) for label in classes}
    return Fitted(
        parameters=parameters,
        classes=classes,
        network=_make_network(saved),
        history=[_with_nan(epoch) for epoch in training.get("history", [])],
        best_epoch=training["best_epoch"],
        n_train=training.get("n_train", 0),
        n_validation=training.get("n_validation", 0),
        calibration=Calibration.from_card(card),
        inputs=_read_inputs(card, name),
        seen=_read_seen(card, name),
    )


def _read_inputs(card: Mapping[str, Any], name: str) -> InputProfile | None:
    if "inputs" not in card:
        return None
    try:
        return InputProfile.from_dict(card["inputs"], get_alphabet(card["alphabet"]))
    except ValueError as error:
        raise _damaged(name, str(error)) from error


def _read_seen(card: Mapping[str, Any], name: str) -> SeenSequences | None:
    if "seen" not in card:
        return None
    try:
        return SeenSequences.from_text(card["seen"])
    except ValueError as error:
        raise _damaged(name, str(error)) from error


def _find_contradiction(saved: SavedNetwork, parameters: Mapping[str, Any]) -> str | None:
    """Compare what the card says twice."""
    network = {**saved.architecture.to_dict(), "alphabet": saved.card["alphabet"]}
    for key in sorted(parameters.keys() & network.keys()):
        if as_json(parameters[key]) != network[key]:
            return f"{key} is both {network[key]!r} and {parameters[key]!r}"
    if parameters["position_embedding"] != (saved.architecture.n_positions > 0):
        return "position_embedding contradicts n_positions"
    # the rows of the embedding are letters in this order
    letters = get_alphabet(saved.card["alphabet"]).letters
    symbols = saved.card.get("symbols", letters)
    if saved.architecture.n_letters != len(letters) or not symbols.startswith(letters):
        return f"the letters are not {letters}"
    if len(saved.card.get("prevalence") or saved.card["classes"]) != len(saved.card["classes"]):
        return "prevalence has not one share for each class"
    return None


def _damaged(name: str, fault: str) -> ModelFileError:
    return ModelFileError(
        f"{name}: in its card, {fault.rstrip('.')}. The file is damaged. Copy it again."
    )


def _make_network(saved: SavedNetwork) -> SequenceNetwork:
    alphabet = get_alphabet(saved.card["alphabet"])
    network = SequenceNetwork(saved.architecture, alphabet.mixture, 0)
    for name, view in network.parameters.views().items():
        view[...] = saved.tensors[name]
    return network


def _with_nan(epoch: Mapping[str, float | None]) -> dict[str, float]:
    return {name: math.nan if value is None else value for name, value in epoch.items()}
