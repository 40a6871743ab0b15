"""What the cards of all networks say, in model files; fields in ``docs/file-formats.md``."""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from typing import Any

import numpy as np

from fastgru import __version__
from fastgru.data.alphabets import get_alphabet
from fastgru.data.input_profile import InputProfile
from fastgru.data.letter_features import FeaturedReading
from fastgru.data.seen_sequences import SeenSequences
from fastgru.data.series import SERIES, SeriesProfile, SeriesScale
from fastgru.errors import ConfigurationError, ModelFileError
from fastgru.estimators.fitted_network import FittedNetwork
from fastgru.estimators.json_values import as_json, saved_parameters
from fastgru.estimators.parameter_pairs import check_featured
from fastgru.estimators.parameters import check_parameters, parameters_of
from fastgru.models.architecture import Architecture
from fastgru.models.card_entries import ARCHITECTURE_ADDED
from fastgru.models.model_file import SavedNetwork
from fastgru.models.network import SequenceNetwork
from fastgru.models.reading import Reading

__all__ = ["damaged", "network_card", "network_fields", "require_entries"]

NewNetwork = Callable[[Architecture, Reading, int], SequenceNetwork]

# parameters that files may lack, those of earlier states of format 1 among them, with what was
# done then
_ADDED_PARAMETERS = {
    "calibrate": False,
    "embedding_init": "random",
    "label_smoothing": 0.0,
    "focal_gamma": 0.0,
    "precision": None,
    **{
        parameter.name: parameter.default
        for parameter in parameters_of("classification")
        if parameter.name in ARCHITECTURE_ADDED
    },
}


def network_card(fitted: FittedNetwork) -> dict[str, Any]:
    """Return the card of a network.

    Raises
    ------
    LabelError
        If its labels cannot be written.
    """
    kind, inputs = fitted.parameters["alphabet"], fitted.inputs
    card = {
        "fastgru_version": __version__,
        "versions": _versions(),
        "task": fitted.task,
        "alphabet": kind,
        "symbols": "" if kind == SERIES else get_alphabet(kind).symbols,
        "architecture": fitted.network.architecture.to_dict(),
        "training": {
            "parameters": saved_parameters(fitted.parameters),
            "n_train": fitted.n_train,
            "n_validation": fitted.n_validation,
            "history": [as_json(epoch) for epoch in fitted.history],
            "best_epoch": fitted.best_epoch,
        },
        **fitted.card_entries(),
    }
    if isinstance(inputs, InputProfile):
        card["inputs"] = inputs.to_dict(get_alphabet(kind))
    if isinstance(inputs, SeriesProfile):
        card["inputs"] = inputs.to_dict()
    reading = fitted.network.reading
    if not isinstance(reading, np.ndarray):
        scale = reading if isinstance(reading, SeriesScale) else reading.scale
        card["series"] = scale.to_dict()
    if fitted.seen is not None:
        card["seen"] = fitted.seen.to_text()
    if fitted.pretrained is not None:
        card["pretrained"] = fitted.pretrained
    return card


def _versions() -> dict[str, str]:
    """Return the versions of what computed the weights, or writes them again."""
    packages = {name: metadata.version(name) for name in ("numpy", "numba")}
    return {"python": platform.python_version(), **packages}


def network_fields(
    saved: SavedNetwork,
    name: str,
    task: str,
    new_network: NewNetwork = SequenceNetwork,
) -> dict[str, Any]:
    """Return the fields of :class:`FittedNetwork` from what a model file holds.

    Parameters
    ----------
    saved
    name
        Of the file, for messages.
    task
    new_network
        Makes the network of the task, from architecture, mixture and seed.

    Raises
    ------
    ModelFileError
        If the parameters are out of range, or card and network contradict each other.
    """
    card, training = saved.card, saved.card["training"]
    known = {parameter.name for parameter in parameters_of(task)} - {"threads"}
    added = {key: value for key, value in _ADDED_PARAMETERS.items() if key in known}
    try:
        given = {**added, **training["parameters"]}
        if given.keys() != known:
            raise ConfigurationError(f"training.parameters are not those of {task}")
        parameters = check_parameters({**given, "threads": None}, task)
    except (ConfigurationError, ValueError, OverflowError) as error:
        raise damaged(name, str(error)) from error
    contradiction = _find_contradiction(saved, parameters)
    if contradiction is not None:
        raise damaged(name, contradiction)
    return {
        "parameters": parameters,
        "network": _make_network(saved, name, new_network),
        "history": [_with_nan(epoch) for epoch in training.get("history", [])],
        "best_epoch": training["best_epoch"],
        "n_train": training.get("n_train", 0),
        "n_validation": training.get("n_validation", 0),
        "inputs": _read_inputs(card, saved.architecture.n_features, name),
        "seen": _read_seen(card, name),
        "pretrained": card.get("pretrained"),
        "shuffled_labels": card.get("shuffled_labels", False),
    }


def require_entries(saved: SavedNetwork, name: str, entries: Iterable[str]) -> None:
    """Refuse lists of the card that have not one entry for each output of the network.

    Parameters
    ----------
    saved
    name
        Of the file, for messages.
    entries
        Names of the lists.

    Raises
    ------
    ModelFileError
    """
    n_outputs = saved.architecture.n_outputs
    for entry in entries:
        found = len(saved.card[entry])
        if found != n_outputs:
            fault = f"{entry} has {found} entries for a network with {n_outputs} outputs"
            raise damaged(name, fault)


def _read_inputs(
    card: Mapping[str, Any], n_features: int, name: str
) -> InputProfile | SeriesProfile | None:
    if "inputs" not in card:
        return None
    if (card["alphabet"] == SERIES) != ("lowest" in card["inputs"]):
        raise damaged(name, "inputs are not those of the alphabet")
    try:
        if card["alphabet"] == SERIES:
            return SeriesProfile.from_dict(card["inputs"], n_features)
        return InputProfile.from_dict(card["inputs"], get_alphabet(card["alphabet"]))
    except ValueError as error:
        raise damaged(name, str(error)) from error


def _read_seen(card: Mapping[str, Any], name: str) -> SeenSequences | None:
    if "seen" not in card:
        return None
    try:
        return SeenSequences.from_text(card["seen"])
    except ValueError as error:
        raise damaged(name, str(error)) from error


def _find_contradiction(saved: SavedNetwork, parameters: Mapping[str, Any]) -> str | None:
    """Compare what the card says twice."""
    network = {**saved.architecture.to_dict(), "alphabet": saved.card["alphabet"]}
    for key in sorted(parameters.keys() & network.keys()):
        if as_json(parameters[key]) != network[key]:
            return f"{key} is both {network[key]!r} and {parameters[key]!r}"
    if parameters.get("position_embedding", False) != (saved.architecture.n_positions > 0):
        return "position_embedding contradicts n_positions"
    n_features = saved.architecture.n_features
    if saved.card["alphabet"] == SERIES:
        return None if n_features and "series" in saved.card else "the scale of series is missing"
    if (n_features > 0) != ("series" in saved.card):
        return "the scale of features is missing, or there are none"
    if n_features:
        try:
            check_featured(parameters)
        except ConfigurationError as error:
            return str(error)
    # the rows of the embedding are letters in this order
    letters = get_alphabet(saved.card["alphabet"]).letters
    symbols = saved.card.get("symbols", letters)
    if saved.architecture.n_letters != len(letters) or not symbols.startswith(letters):
        return f"the letters are not {letters}"
    return None


def damaged(name: str, fault: str) -> ModelFileError:
    """Return the error of a file with a fault in its card."""
    return ModelFileError(
        f"{name}: in its card, {fault.rstrip('.')}. The file is damaged. Copy it again."
    )


def _make_network(saved: SavedNetwork, name: str, new_network: NewNetwork) -> SequenceNetwork:
    network = new_network(saved.architecture, _read_reading(saved, name), 0)
    for name, view in network.parameters.views().items():
        view[...] = saved.tensors[name]
    return network


def _read_reading(saved: SavedNetwork, name: str) -> Reading:
    card, n_features = saved.card, saved.architecture.n_features
    of_series = card["alphabet"] == SERIES
    if not of_series and not n_features:
        return get_alphabet(card["alphabet"]).mixture
    try:
        scale = SeriesScale.from_dict(card["series"], n_features)
        return (
            scale if of_series else FeaturedReading(get_alphabet(card["alphabet"]).mixture, scale)
        )
    except ValueError as error:
        raise damaged(name, str(error)) from error


def _with_nan(epoch: Mapping[str, float | None]) -> dict[str, float]:
    return {name: math.nan if value is None else value for name, value in epoch.items()}
