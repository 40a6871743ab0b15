"""The epoch loop: batches, gradient steps, validation, early stopping on the best epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from fastgru.errors import FastgruError
from fastgru.kernels.loss import softmax, softmax_cross_entropy
from fastgru.models.network import SequenceNetwork
from fastgru.training.batches import batches_by_length, pad, shuffled_batches
from fastgru.training.optimizer import AdamW
from fastgru.training.schedule import cosine_with_warmup

MAX_PREDICTION_TOKENS = 1 << 16
"""Bounds the memory of a prediction: about 150 MB at 64 units in two directions."""


@dataclass(frozen=True)
class LabelledSet:
    """Encoded sequences with targets and weights.

    Attributes
    ----------
    encoded : sequence of uint8 arrays
    targets : int64 (n,)
        Number of the class.
    weights : float64 (n,)
        Weight in the loss, not negative.
    """

    encoded: Sequence[np.ndarray]
    targets: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class TrainingOptions:
    """How to train; see :class:`fastgru.SequenceClassifier` for the fields."""

    batch_size: int
    max_epochs: int
    learning_rate: float
    weight_decay: float
    clip_norm: float
    warmup_fraction: float
    early_stopping: bool
    n_iter_no_change: int
    random_state: int


@dataclass(frozen=True)
class Epoch:
    """One row of the history.

    Attributes
    ----------
    epoch
        From 1.
    learning_rate
        At the last step of the epoch.
    train_loss
        Mean over the epoch's batches, as they were met (with dropout, before each step).
    validation_loss, validation_accuracy
        After the epoch; NaN without validation set.
    gradient_norm
        Mean over the epoch's batches, before clipping.
    """

    epoch: int
    learning_rate: float
    train_loss: float
    validation_loss: float
    validation_accuracy: float
    gradient_norm: float

    def to_dict(self) -> dict[str, float]:
        """Return the fields by name."""
        return asdict(self)


def predict_logits(network: SequenceNetwork, encoded: Sequence[np.ndarray]) -> np.ndarray:
    """Return logits float64 (n, n_classes), in the order of ``encoded``.

    A sequence's row does not depend on the others.
    """
    rows = np.empty((len(encoded), network.architecture.n_classes), np.float64)
    lengths = np.array([len(codes) for codes in encoded], np.int64)
    for chosen in batches_by_length(lengths, MAX_PREDICTION_TOKENS):
        rows[chosen] = network.forward(*pad([encoded[k] for k in chosen]))
    return rows


def predict_probabilities(
    network: SequenceNetwork, encoded: Sequence[np.ndarray], temperature: float = 1.0
) -> np.ndarray:
    """Return class probabilities float64 (n, n_classes), in the order of ``encoded``.

    The softmax of the logits divided by the temperature.
    """
    logits = predict_logits(network, encoded)
    probabilities = np.empty_like(logits)
    softmax(logits / temperature, probabilities)
    return probabilities


def train(
    network: SequenceNetwork,
    training: LabelledSet,
    validation: LabelledSet | None,
    options: TrainingOptions,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> tuple[list[Epoch], int]:
    """Train a network in place.

    With a validation set and ``options.early_stopping``, training stops when the validation loss
    has not fallen for ``options.n_iter_no_change`` epochs, and the parameters of the best epoch
    are restored.

    Parameters
    ----------
    network, training, validation, options
    on_epoch
        Called after each epoch.

    Returns
    -------
    tuple
        All epochs, and the number of the one whose parameters were kept.

    Raises
    ------
    FastgruError
        If a gradient, a validation loss or a weight is not finite.
    """
    rng = np.random.default_rng(options.random_state)
    optimizer = AdamW(
        network.parameters, weight_decay=options.weight_decay, clip_norm=options.clip_norm
    )
    selecting = validation is not None and options.early_stopping
    history: list[Epoch] = []
    best_loss, best_epoch, best_values = math.inf, 0, network.parameters.values.copy()
    for number in range(1, options.max_epochs + 1):
        epoch = _run_epoch(network, training, validation, options, optimizer, rng, number)
        history.append(epoch)
        if on_epoch is not None:
            on_epoch(epoch)
        if not selecting:
            best_epoch = number
        elif epoch.validation_loss < best_loss:
            best_loss, best_epoch = epoch.validation_loss, number
            best_values[:] = network.parameters.values
        elif number - best_epoch >= options.n_iter_no_change:
            break
    if selecting:
        network.parameters.values[:] = best_values
    largest = float(np.abs(network.parameters.values).max())
    _require_finite("largest weight", largest, len(history), options)
    return history, best_epoch


def _run_epoch(
    network: SequenceNetwork,
    training: LabelledSet,
    validation: LabelledSet | None,
    options: TrainingOptions,
    optimizer: AdamW,
    rng: np.random.Generator,
    number: int,
) -> Epoch:
    n_batches = math.ceil(len(training.encoded) / options.batch_size)
    total_steps = n_batches * options.max_epochs
    losses, norms, rate = [], [], 0.0
    for chosen in shuffled_batches(len(training.encoded), options.batch_size, rng):
        step = optimizer.step_number + 1
        rate = options.learning_rate * cosine_with_warmup(
            step, total_steps, options.warmup_fraction
        )
        losses.append(_gradients(network, training, chosen))
        norms.append(optimizer.step(rate))
        _require_finite("norm of the gradient", norms[-1], number, options)
    loss, accuracy = math.nan, math.nan
    if validation is not None:
        loss, accuracy = _validate(network, validation)
        _require_finite("validation loss", loss, number, options)
    return Epoch(number, rate, float(np.mean(losses)), loss, accuracy, float(np.mean(norms)))


def _require_finite(what: str, value: float, epoch: int, options: TrainingOptions) -> None:
    if not math.isfinite(value):
        raise FastgruError(
            f"training: the {what} is {value} in epoch {epoch}, expected a finite number. "
            f"Lower learning_rate, now {options.learning_rate:g}."
        )


def _gradients(network: SequenceNetwork, data: LabelledSet, chosen: np.ndarray) -> float:
    """Write the gradients of one batch; return its loss."""
    tokens, lengths = pad([data.encoded[k] for k in chosen])
    logits = network.forward(tokens, lengths, training=True)
    dlogits = np.empty_like(logits)
    loss = softmax_cross_entropy(logits, data.targets[chosen], data.weights[chosen], dlogits)
    network.backward(dlogits)
    return float(loss)


def _validate(network: SequenceNetwork, data: LabelledSet) -> tuple[float, float]:
    """Return weighted mean loss and plain accuracy."""
    probabilities = predict_probabilities(network, data.encoded)
    chosen = probabilities[np.arange(len(data.targets)), data.targets]
    loss = -np.log(np.maximum(chosen, np.finfo(np.float64).tiny))
    accuracy = np.mean(probabilities.argmax(axis=1) == data.targets)
    return float(np.average(loss, weights=data.weights)), float(accuracy)
