"""Several trained networks whose probabilities are averaged: one model, in one file.

Networks that differ by their seeds alone err differently, and their average errs less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fastgru.errors import ConfigurationError, LabelError, counted, shorten
from fastgru.estimators.calibration import Calibration
from fastgru.estimators.fitted_classifier import ClassifierNetwork, FittedClassifier, read_network
from fastgru.models.card_schema import is_ensemble
from fastgru.models.model_file import SavedModel

__all__ = ["Ensemble", "make_ensemble", "networks_of", "read_classifier"]

_NO_THRESHOLDS = "those of single networks do not hold for the average of an ensemble"


@dataclass(frozen=True)
class Ensemble(FittedClassifier):
    """The average of networks; made by :func:`make_ensemble`.

    It has no history and no temperature of its own: those of its members stay with them.

    Attributes
    ----------
    members
        Two networks or more, of one alphabet and with the same classes.
    parameters
        Those of the first member.
    classes, calibration, history, best_epoch
        As in :class:`fastgru.estimators.fitted_classifier.FittedClassifier`.
    n_train, n_validation
        Of the member that had most.
    shuffled_labels
        As in :class:`fastgru.estimators.fitted_model.FittedModel`.
    """

    members: tuple[ClassifierNetwork, ...]
    parameters: dict[str, Any]
    classes: np.ndarray
    calibration: Calibration
    history: list[dict[str, float]]
    best_epoch: int
    n_train: int
    n_validation: int
    shuffled_labels: bool = False

    @property
    def min_length(self) -> int:
        """Shortest sequence that all members can read."""
        return max(member.min_length for member in self.members)

    @property
    def n_features(self) -> int:
        """Features of each step of a series; 0 for letters."""
        return self.members[0].n_features

    @property
    def max_length(self) -> int | None:
        """Longest sequence that all members can read, None for any."""
        limits = [member.max_length for member in self.members]
        return min((limit for limit in limits if limit is not None), default=None)

    @property
    def n_parameters(self) -> int:
        """Numbers that were learned, of all members."""
        return sum(member.n_parameters for member in self.members)

    def probabilities(self, encoded: Sequence[np.ndarray]) -> np.ndarray:
        """Return the mean of the members' probabilities, each after its own temperature."""
        total = np.zeros((len(encoded), len(self.classes)))
        for member in self.members:  # in their order: sums of floats depend on it
            total += member.probabilities(encoded)
        return total / len(self.members)

    def attention_weights(self, encoded: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Refuse: each member weighs states of its own.

        Raises
        ------
        ConfigurationError
            Always.
        """
        raise ConfigurationError(
            f"attention: the model is an ensemble of {len(self.members)} networks, each with "
            "weights of its own, expected a single network. Ask one of the models that it was "
            "made of."
        )

    def flags(self, encoded: Sequence[np.ndarray]) -> list[tuple[str, ...]]:
        """Return the flags on which all members agree that know their training sequences."""
        rows = [member.flags(encoded) for member in self.members if member.inputs is not None]
        if not rows:
            return [()] * len(encoded)
        return [
            tuple(flag for flag in of_sequence[0] if all(flag in other for other in of_sequence))
            for of_sequence in zip(*rows, strict=True)
        ]

    def were_seen(self, encoded: Sequence[np.ndarray]) -> np.ndarray | None:
        """Return whether any member has seen encoded sequences; None if one does not know."""
        found = np.zeros(len(encoded), bool)
        for member in self.members:
            seen = member.were_seen(encoded)
            if seen is None:
                return None
            found |= seen
        return found

    def card_entries(self) -> dict[str, Any]:
        """Return the calibration of the average; classes stand in the members' cards."""
        return self.calibration.to_card()


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
    networks = [read_network(network, name) for network in saved.networks]
    if not is_ensemble(saved.card):
        return networks[0]
    joined = make_ensemble([(name, network) for network in networks])
    return replace(joined, shuffled_labels=saved.card.get("shuffled_labels", False))


def make_ensemble(members: Sequence[tuple[str, FittedClassifier]]) -> Ensemble:
    """Join trained models.

    Parameters
    ----------
    members
        Name for messages, and model, of each; the networks of an ensemble are taken one by one.

    Raises
    ------
    ConfigurationError
        If there are fewer than two.
    LabelError
        If two differ in alphabet or classes.
    """
    if len(members) < 2:
        raise ConfigurationError(
            f"ensemble: {len(members)} model given, expected two or more. Train others with "
            "other seeds."
        )
    for name, member in members:
        if member.task != "classification":
            raise ConfigurationError(
                f"{name}: is a model of the task {member.task}, expected classification: an "
                "ensemble averages the probabilities of one class for each sequence. Leave it out."
            )
    (first_name, first), *others = members
    for name, other in others:
        _require_same(first_name, first, name, other)
    networks = tuple(network for _, member in members for network in networks_of(member))
    return Ensemble(
        members=networks,
        parameters=first.parameters,
        classes=first.classes,
        calibration=Calibration(
            prevalence=_shared_prevalence(networks), no_thresholds=_NO_THRESHOLDS
        ),
        history=[],
        best_epoch=0,
        n_train=max(network.n_train for network in networks),
        n_validation=max(network.n_validation for network in networks),
    )


def networks_of(model: FittedClassifier) -> tuple[ClassifierNetwork, ...]:
    """Return the networks of a model: one, unless it is an ensemble."""
    if isinstance(model, Ensemble):
        return model.members
    assert isinstance(model, ClassifierNetwork)
    return (model,)


def _require_same(
    first_name: str, first: FittedClassifier, name: str, other: FittedClassifier
) -> None:
    alphabet = first.parameters["alphabet"]
    if other.parameters["alphabet"] != alphabet:
        raise LabelError(
            f"{name}: was trained on {other.parameters['alphabet']} sequences, expected "
            f"{alphabet} as {first_name}. Average models of one alphabet."
        )
    if other.n_features != first.n_features:
        raise LabelError(
            f"{name}: reads series of {counted(other.n_features, 'feature')}, expected "
            f"{first.n_features} as {first_name}. Average models of the same features."
        )
    if other.parameters["time_decay"] != first.parameters["time_decay"]:
        raise LabelError(
            f"{name}: has time_decay {other.parameters['time_decay']}, expected "
            f"{first.parameters['time_decay']} as {first_name}. Average models that all read "
            "times, or none."
        )
    found, expected = other.classes.tolist(), first.classes.tolist()
    if found != expected:
        raise LabelError(
            f"{name}: has the classes {shorten(found)}, expected {shorten(expected)} as "
            f"{first_name}. Average models of the same classes."
        )


def _shared_prevalence(networks: Sequence[ClassifierNetwork]) -> list[float] | None:
    """Return the shares that all were trained with; None if they differ, or one is unknown.

    Re-weighting divides by one prevalence.  A mean of probabilities that were learned at several
    is at none of them, nor at their mean.
    """
    first, *others = (network.calibration.prevalence for network in networks)
    if first is None:
        return None
    alike = all(other is not None and np.allclose(first, other, rtol=1e-9) for other in others)
    return first if alike else None
