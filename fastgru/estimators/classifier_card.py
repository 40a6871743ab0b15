"""Classifiers in model files: one network, or the networks of an ensemble."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastgru.errors import LabelError
from fastgru.estimators.calibration import Calibration
from fastgru.estimators.ensemble import Ensemble, make_ensemble, networks_of
from fastgru.estimators.fitted_classifier import ClassifierNetwork, FittedClassifier
from fastgru.estimators.fitted_multilabel import FittedMultilabel
from fastgru.estimators.model_card import (
    damaged,
    network_card,
    network_fields,
    require_entries,
    require_free,
)
from fastgru.models.card_schema import MEMBERS_SHARE, is_ensemble
from fastgru.models.model_file import SavedModel, SavedNetwork, member_prefix, write_model

__all__ = ["read_classifier", "read_multilabel", "save_classifier"]


def save_classifier(
    path: str | os.PathLike[str], fitted: FittedClassifier, extra: Mapping[str, Any] | None
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
    require_free(extra, card)
    tensors = {
        f"{prefix}{name}": view
        for prefix, network in zip(prefixes, networks, strict=True)
        for name, view in network.network.parameters.views().items()
    }
    write_model(path, {**(extra or {}), **card}, tensors)


def _make_card(fitted: ClassifierNetwork) -> dict[str, Any]:
    """Return the card of a network.

    Raises
    ------
    LabelError
        If the class labels are neither strings nor integers.
    """
    classes = fitted.classes
    if isinstance(fitted, FittedMultilabel):
        return network_card(fitted, {"labels": classes.tolist(), **fitted.calibration.to_card()})
    integers = classes.dtype.kind in "iu"
    if not integers and not all(isinstance(name, str) for name in classes):
        raise LabelError(
            f"class labels are {classes.dtype}, expected strings or integers, which alone can be "
            "saved. Convert them before fit."
        )
    own = {
        "classes": [str(name) for name in classes],
        "classes_are_integers": integers,
        **fitted.calibration.to_card(),
    }
    return network_card(fitted, own)


def read_classifier(saved: SavedModel, name: str) -> FittedClassifier:
    """Return the classifier that a model file holds.

    Parameters
    ----------
    saved
    name
        Of the file, for messages.

    Raises
    ------
    ModelFileError
        If its card contradicts itself.
    """
    networks = [_read_network(network, name) for network in saved.networks]
    if not is_ensemble(saved.card):
        return networks[0]
    return make_ensemble([(name, network) for network in networks])


def read_multilabel(saved: SavedModel, name: str) -> FittedMultilabel:
    """Return the classifier of several labels that a model file holds.

    Parameters
    ----------
    saved
    name
        Of the file, for messages.

    Raises
    ------
    ModelFileError
        If its card contradicts itself.
    """
    (network,) = saved.networks
    card, fields = network.card, network_fields(network, name, "multilabel")
    require_entries(network, name, ("labels", "prevalence"))
    if isinstance(fields["parameters"]["class_weight"], Mapping):
        raise damaged(name, "class_weight is a mapping, expected 'balanced' or null")
    return FittedMultilabel(
        **fields, classes=np.array(card["labels"]), calibration=Calibration.from_card(card)
    )


def _read_network(saved: SavedNetwork, name: str) -> ClassifierNetwork:
    card, fields = saved.card, network_fields(saved, name, "classification")
    integers = card.get("classes_are_integers", False)
    try:
        classes = np.array(card["classes"]).astype(np.int64 if integers else str)
    except (ValueError, OverflowError) as error:
        raise damaged(name, str(error)) from error
    n_outputs = saved.architecture.n_outputs
    if len(classes) != n_outputs or not saved.architecture.pooling:
        fault = f"there are {len(classes)} classes for a network with {n_outputs} outputs"
        raise damaged(name, fault)
    if len(card.get("prevalence") or classes) != len(classes):
        raise damaged(name, "prevalence has not one share for each class")
    weights = fields["parameters"]["class_weight"]
    if isinstance(weights, Mapping) and integers:
        fields["parameters"]["class_weight"] = {
            int(label): weights.get(str(label)) for label in classes
        }
    return ClassifierNetwork(**fields, classes=classes, calibration=Calibration.from_card(card))
