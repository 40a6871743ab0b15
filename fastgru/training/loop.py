"""The epoch loop: batches, gradient steps, validation, early stopping on the best epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fastgru.errors import DivergenceError
from fastgru.kernels.loss import softmax, softmax_cross_entropy
from fastgru.models.network import SequenceNetwork
from fastgru.training.batches import batches_by_length, pad, shuffled_batches
from fastgru.training.schedule import cosine_with_warmup
from fastgru.training.state import Epoch, TrainingOptions, TrainingRun, TrainingState

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


def predict_logits(network: SequenceNetwork, encoded: Sequence[np.ndarray]) -> np.ndarray:
    """Return logits float64 (n, n_classes), in the order of ``encoded``.

    A sequence's row does not depend on the others.
    """
    rows = np.empty((len(encoded), network.architecture.n_classes), np.float64)
    lengths = np.array([len(codes) for codes in encoded], np.int64)
    for chosen in batches_by_length(lengths, MAX_PREDICTION_TOKENS):
        rows[chosen] = network.forward(*pad([encoded[k] for k in chosen]))
    return rows


def predict_attention(network: SequenceNetwork, encoded: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the attention weights float64 (steps,) of each sequence, in the order of ``encoded``.

    Of a network with attention pooling.  A sequence's weights do not depend on the others.
    """
    weights = [np.empty(0)] * len(encoded)
    lengths = np.array([len(codes) for codes in encoded], np.int64)
    for chosen in batches_by_length(lengths, MAX_PREDICTION_TOKENS):
        rows = network.attention(*pad([encoded[k] for k in chosen]))
        for k, row in zip(chosen, rows, strict=True):
            weights[k] = row.astype(np.float64)
    return weights


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
    *,
    start: TrainingState | None = None,
    on_state: Callable[[TrainingState], None] | None = None,
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
    start
        State to go on from, of a training with the same arguments; the result has the same bits
        as if that training had never ended.  None to begin at the beginning.
    on_state
        Called with the state at the beginning and after each epoch, before ``on_epoch``; its
        arrays are valid until it returns.

    Returns
    -------
    tuple
        All epochs, and the number of the one whose parameters were kept.

    Raises
    ------
    DivergenceError
        If a gradient, a validation loss or a weight is not finite.
    """
    run = TrainingRun(network, options)
    selecting = validation is not None and options.early_stopping
    if start is not None:
        run.restore(start)
    elif on_state is not None:
        on_state(run.state())
    while not run.has_ended:
        epoch = _run_epoch(run, training, validation, options)
        run.add(epoch, selecting=selecting)
        if on_state is not None:
            on_state(run.state())
        if on_epoch is not None:
            on_epoch(epoch)
    if selecting:
        run.keep_best()
    largest = float(np.abs(network.parameters.values).max())
    _require_finite("largest weight", largest, len(run.history), options)
    return run.history, run.best_epoch


def _run_epoch(
    run: TrainingRun,
    training: LabelledSet,
    validation: LabelledSet | None,
    options: TrainingOptions,
) -> Epoch:
    number = len(run.history) + 1
    total_steps = steps_per_epoch(training, options) * options.max_epochs
    losses, norms, rate = [], [], 0.0
    for chosen in shuffled_batches(len(training.encoded), options.batch_size, run.rng):
        step = run.optimizer.step_number + 1
        rate = options.learning_rate * cosine_with_warmup(
            step, total_steps, options.warmup_fraction
        )
        losses.append(write_gradients(run.network, training, chosen, options))
        norms.append(run.optimizer.step(rate))
        _require_finite("norm of the gradient", norms[-1], number, options)
    loss, accuracy = math.nan, math.nan
    if validation is not None:
        loss, accuracy = _validate(run.network, validation)
        _require_finite("validation loss", loss, number, options)
    return Epoch(number, rate, float(np.mean(losses)), loss, accuracy, float(np.mean(norms)))


def steps_per_epoch(training: LabelledSet, options: TrainingOptions) -> int:
    """Return the number of gradient steps of an epoch."""
    return math.ceil(len(training.encoded) / options.batch_size)


def _require_finite(what: str, value: float, epoch: int, options: TrainingOptions) -> None:
    if not math.isfinite(value):
        raise DivergenceError(
            f"training: the {what} is {value} in epoch {epoch}, expected a finite number. "
            f"Lower learning_rate, now {options.learning_rate:g}."
        )


def write_gradients(
    network: SequenceNetwork, data: LabelledSet, chosen: np.ndarray, options: TrainingOptions
) -> float:
    """Write the gradients of one batch into the network; return its loss.

    Parameters
    ----------
    network
    data
    chosen
        Numbers of the sequences of the batch.
    options
    """
    tokens, lengths = pad([data.encoded[k] for k in chosen])
    logits = network.forward(tokens, lengths, training=True)
    dlogits = np.empty_like(logits)
    loss = softmax_cross_entropy(
        *(logits, data.targets[chosen], data.weights[chosen]),
        *(options.label_smoothing, options.focal_gamma, dlogits),
    )
    network.backward(dlogits)
    return float(loss)


def _validate(network: SequenceNetwork, data: LabelledSet) -> tuple[float, float]:
    """Return weighted mean loss and plain accuracy."""
    probabilities = predict_probabilities(network, data.encoded)
    chosen = probabilities[np.arange(len(data.targets)), data.targets]
    loss = -np.log(np.maximum(chosen, np.finfo(np.float64).tiny))
    accuracy = np.mean(probabilities.argmax(axis=1) == data.targets)
    return float(np.average(loss, weights=data.weights)), float(accuracy)
