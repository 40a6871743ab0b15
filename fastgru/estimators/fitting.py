"""From sequences, labels and parameters to a trained network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np

from fastgru._numba import threads_limited_to
from fastgru.data.alphabets import Alphabet, get_alphabet
from fastgru.data.input_profile import InputProfile, describe_inputs
from fastgru.data.seen_sequences import SeenSequences, note_seen
from fastgru.errors import ConfigurationError, shorten
from fastgru.estimators.calibration import Calibration, calibrate
from fastgru.estimators.checkpoints import CheckpointFile
from fastgru.estimators.fitted_model import FittedModel
from fastgru.estimators.training_sets import GivenSets, hold_out
from fastgru.models.architecture import Architecture
from fastgru.models.network import SequenceNetwork
from fastgru.training.loop import (
    LabelledSet,
    predict_attention,
    predict_probabilities,
    train,
)
from fastgru.training.state import Epoch, TrainingOptions


@dataclass(frozen=True)
class Fitted(FittedModel):
    """A trained network.

    Attributes
    ----------
    parameters, classes, history, best_epoch, n_train, n_validation, calibration
        As in :class:`fastgru.estimators.fitted_model.FittedModel`.
    network
    inputs
        What the training sequences look like; None if unknown.
    seen
        Sequences that were learned from or stopped by; None if unknown.
    """

    parameters: dict[str, Any]
    classes: np.ndarray
    network: SequenceNetwork
    history: list[dict[str, float]]
    best_epoch: int
    n_train: int
    n_validation: int
    calibration: Calibration
    inputs: InputProfile | None
    seen: SeenSequences | None

    @property
    def max_length(self) -> int | None:
        """Longest sequence that the network can read, None for any."""
        return self.network.architecture.n_positions or None

    @property
    def n_parameters(self) -> int:
        """Numbers that were learned."""
        return self.network.parameters.n_learned

    def probabilities(self, encoded: Sequence[np.ndarray]) -> np.ndarray:
        """Return the class probabilities of encoded sequences that the network can read."""
        return predict_probabilities(self.network, encoded, self.calibration.temperature)

    def attention_weights(self, encoded: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the attention weights of encoded sequences that the network can read.

        Raises
        ------
        ConfigurationError
            If the network has no attention pooling.
        """
        pooling = self.network.architecture.pooling
        if "attention" not in pooling:
            raise ConfigurationError(
                f"attention: the model has the pooling {shorten(pooling)}, expected 'attention' "
                "among it. Train one with 'attention' in pooling."
            )
        return predict_attention(self.network, encoded)

    def flags(self, encoded: Sequence[np.ndarray]) -> list[tuple[str, ...]]:
        """Return the flags of encoded sequences; all empty if nothing is known of the inputs."""
        if self.inputs is None:
            return [()] * len(encoded)
        return self.inputs.flags(encoded)

    def were_seen(self, encoded: Sequence[np.ndarray]) -> np.ndarray | None:
        """Return whether encoded sequences were seen in training; None if that is unknown."""
        return None if self.seen is None else self.seen.contains(encoded)


@dataclass(frozen=True)
class Prepared:
    """All that training needs.

    Attributes
    ----------
    training
        What is left to learn from.
    validation
        Given or held out; None for none.
    network
        With its initial weights.
    options
    """

    training: LabelledSet
    validation: LabelledSet | None
    network: SequenceNetwork
    options: TrainingOptions


def draw_seeds(random_state: int | None) -> list[int]:
    """Return the seeds of the held out set, of the network and of the batches."""
    seeds: list[int] = np.random.default_rng(random_state).integers(2**31, size=3).tolist()
    return seeds


def prepare(parameters: dict[str, Any], given: GivenSets, seeds: list[int]) -> Prepared:
    """Hold out a validation set if need be, and make the network.

    Parameters
    ----------
    parameters
        All parameters of the classifier, checked.
    given
    seeds
        From :func:`draw_seeds`.
    """
    alphabet = get_alphabet(parameters["alphabet"])
    training, validation = given.training, given.validation
    if validation is None and parameters["early_stopping"]:
        fraction = parameters["validation_fraction"]
        training, validation = hold_out(training, given.classes, fraction, seeds[0])
    architecture = _architecture(parameters, alphabet, len(given.classes), training, validation)
    network = SequenceNetwork(architecture, alphabet.mixture, seeds[1])
    values = {**parameters, "random_state": seeds[2]}
    options = TrainingOptions(
        **{field.name: values[field.name] for field in fields(TrainingOptions)}
    )
    return Prepared(training, validation, network, options)


def fit_network(
    parameters: dict[str, Any],
    given: GivenSets,
    *,
    on_epoch: Callable[[Epoch], None] | None,
    checkpoint: CheckpointFile | None,
    resume: bool,
    on_resume: Callable[[list[Epoch]], None] | None,
) -> Fitted:
    """Train a network; see :meth:`fastgru.SequenceClassifier.fit`.

    Parameters
    ----------
    parameters
        All parameters of the classifier, checked.
    given, on_epoch, checkpoint, resume, on_resume
    """
    saved = checkpoint.read() if checkpoint is not None and resume else None
    seeds = draw_seeds(parameters["random_state"]) if saved is None else saved.card["seeds"]
    prepared = prepare(parameters, given, seeds)
    training, validation, network = prepared.training, prepared.validation, prepared.network
    start = None if saved is None else saved.state(network)
    if start is not None and on_resume is not None:
        on_resume(start.history)
    with threads_limited_to(parameters["threads"]):
        history, best_epoch = train(
            *(network, training, validation, prepared.options, on_epoch),
            start=start,
            on_state=None if checkpoint is None else partial(checkpoint.write, seeds),
        )
        calibration = calibrate(network, training, validation, fit=parameters["calibrate"])
    stopped_by = len(validation.encoded) if validation and parameters["early_stopping"] else 0
    return Fitted(
        parameters=parameters,
        classes=given.classes,
        network=network,
        history=[epoch.to_dict() for epoch in history],
        best_epoch=best_epoch,
        n_train=len(training.encoded),
        n_validation=stopped_by,
        calibration=calibration,
        inputs=describe_inputs(training.encoded, get_alphabet(parameters["alphabet"])),
        seen=note_seen([*training.encoded, *(validation.encoded if validation else ())]),
    )


def _architecture(
    parameters: dict[str, Any],
    alphabet: Alphabet,
    n_classes: int,
    training: LabelledSet,
    validation: LabelledSet | None,
) -> Architecture:
    n_positions = 0
    if parameters["position_embedding"]:
        # of both sets, or the network could not read the sequences that it stops by
        both = [*training.encoded, *(validation.encoded if validation is not None else ())]
        n_positions = max(len(codes) for codes in both)
    sizes: dict[str, Any] = {
        "n_letters": len(alphabet.letters),
        "n_classes": n_classes,
        "n_positions": n_positions,
    }
    shared = {field.name for field in fields(Architecture)} - sizes.keys()
    return Architecture(**sizes, **{name: parameters[name] for name in shared})
