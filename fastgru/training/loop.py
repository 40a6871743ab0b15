"""The epoch loop: batches, gradient steps, validation, early stopping on the best epoch."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from fastgru.errors import DivergenceError
from fastgru.layers.parts import ALONE, Communicator
from fastgru.models.network import SequenceNetwork
from fastgru.training.batches import LabelledSet, shuffled_batches
from fastgru.training.objective import Objective
from fastgru.training.schedule import cosine_with_warmup
from fastgru.training.state import Epoch, TrainingOptions, TrainingRun, TrainingState
from fastgru.training.thawing import Thawing


def train(
    network: SequenceNetwork,
    training: LabelledSet,
    validation: LabelledSet | None,
    objective: Objective,
    options: TrainingOptions,
    on_epoch: Callable[[Epoch], None] | None = None,
    *,
    thawing: Thawing | None = None,
    start: TrainingState | None = None,
    on_state: Callable[[TrainingState], None] | None = None,
    communicator: Communicator = ALONE,
) -> tuple[list[Epoch], int]:
    """Train a network in place.

    With a validation set and ``options.early_stopping``, training stops when the validation loss
    has not fallen for ``options.n_iter_no_change`` epochs, and the parameters of the best epoch
    are restored.

    Parameters
    ----------
    network, training, validation, objective, options
    on_epoch
        Called after each epoch.
    thawing
        Which parameters stay as they are, and until when; None for none.
    start
        State to go on from, of a training with the same arguments; the result has the same bits
        as if that training had never ended.  None to begin at the beginning.
    on_state
        Called with the state at the beginning and after each epoch, before ``on_epoch``; its
        arrays are valid until it returns.
    communicator
        Processes that share each batch, all of which train a network of the same weights on the
        same sets by this function.  The result has the same bits for any number of them.

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
    network.communicator = communicator
    try:
        while not run.has_ended:
            if thawing is not None:
                _thaw(run, thawing)
            epoch = _run_epoch(run, training, validation, objective, options)
            run.add(epoch, selecting=selecting)
            if on_state is not None:
                on_state(run.state())
            if on_epoch is not None:
                on_epoch(epoch)
    finally:
        network.communicator = ALONE  # what follows, each process does by itself
    if selecting:
        run.keep_best()
    largest = float(np.abs(network.parameters.values).max())
    _require_finite("largest weight", largest, len(run.history), options)
    return run.history, run.best_epoch


def _thaw(run: TrainingRun, thawing: Thawing) -> None:
    """Freeze what does not learn in the next epoch."""
    number = len(run.history) + 1
    if thawing.begins_with(number):
        run.optimizer.restart()
    run.optimizer.freeze(thawing.frozen(number))


def _run_epoch(
    run: TrainingRun,
    training: LabelledSet,
    validation: LabelledSet | None,
    objective: Objective,
    options: TrainingOptions,
) -> Epoch:
    number = len(run.history) + 1
    n_steps = steps_per_epoch(training, options)
    total_steps = n_steps * options.max_epochs
    losses, norms, rate = [], [], 0.0
    batches = shuffled_batches(len(training.encoded), options.batch_size, run.rng)
    for step, chosen in enumerate(batches, start=(number - 1) * n_steps + 1):
        rate = options.learning_rate * cosine_with_warmup(
            step, total_steps, options.warmup_fraction
        )
        losses.append(objective.write_gradients(run.network, training, chosen))
        norms.append(run.optimizer.step(rate))
        _require_finite("norm of the gradient", norms[-1], number, options)
    loss, score = math.nan, math.nan
    if validation is not None:
        loss, score = objective.validate(run.network, validation)
        _require_finite("validation loss", loss, number, options)
    return Epoch(number, rate, float(np.mean(losses)), loss, score, float(np.mean(norms)))


def steps_per_epoch(training: LabelledSet, options: TrainingOptions) -> int:
    """Return the number of gradient steps of an epoch."""
    return math.ceil(len(training.encoded) / options.batch_size)


def _require_finite(what: str, value: float, epoch: int, options: TrainingOptions) -> None:
    if not math.isfinite(value):
        raise DivergenceError(
            f"training: the {what} is {value} in epoch {epoch}, expected a finite number. "
            f"Lower learning_rate, now {options.learning_rate:g}."
        )
