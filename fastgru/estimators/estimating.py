"""What a training will take, in memory and time, before it is begun."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastgru._numba import threads_limited_to
from fastgru.estimators.fitting import Prepared, draw_seeds, prepare
from fastgru.estimators.training_sets import GivenSets, subset
from fastgru.layers.blocks import BLOCK_ROWS, MAX_GROUPS
from fastgru.layers.embedding import MAX_TABLE_ROWS
from fastgru.layers.kmer_sizes import count_kmers
from fastgru.models.architecture import Architecture
from fastgru.training.batches import LabelledSet, shuffled_batches
from fastgru.training.loop import steps_per_epoch
from fastgru.training.optimizer import AdamW
from fastgru.training.prediction import MAX_PREDICTION_TOKENS

__all__ = ["Estimate", "estimate_training", "training_bytes"]

_GATES_KEPT = 4
"""Vectors of a cell on the tape: r, z, n and the recurrent part of n."""


@dataclass(frozen=True)
class Estimate:
    """What a training will take.

    Attributes
    ----------
    n_train, n_validation
        Sequences to learn from, and to look at after each epoch.
    architecture
        Of the network.
    n_parameters
        Numbers to learn.
    steps_per_epoch
        Gradient steps of an epoch.
    memory
        Bytes of the whole process at its peak.
    seconds_per_epoch
        On this machine, as busy as it is now.
    """

    n_train: int
    n_validation: int
    architecture: Architecture
    n_parameters: int
    steps_per_epoch: int
    memory: int
    seconds_per_epoch: float


def estimate_training(
    parameters: dict[str, Any], given: GivenSets, *, max_seconds: float = 3.0
) -> Estimate:
    """Take a few gradient steps on a sample of the data, and extrapolate.

    Memory is what the process holds once kernels and data are loaded, and
    :func:`training_bytes` on top.

    Parameters
    ----------
    parameters
        All parameters of the classifier, checked.
    given
        What would be learned from.
    max_seconds
        No step is begun after that time, but two are always taken.
    """
    prepared = prepare(parameters, given, draw_seeds(parameters["random_state"]))
    training, validation, network = prepared.training, prepared.validation, prepared.network
    with threads_limited_to(parameters["threads"]):
        _step_on_shortest(prepared)  # loads or compiles the kernels
        held = _peak_memory()
        seconds = len(training.encoded) * _seconds_per_sequence(prepared, max_seconds)
        if validation is not None:
            seconds += _n_letters(validation) * _seconds_per_letter(prepared, validation)
    return Estimate(
        n_train=len(training.encoded),
        n_validation=0 if validation is None else len(validation.encoded),
        architecture=network.architecture,
        n_parameters=network.parameters.n_learned,
        steps_per_epoch=steps_per_epoch(training, prepared.options),
        memory=held + training_bytes(network.architecture, prepared),
        seconds_per_epoch=seconds,
    )


def training_bytes(architecture: Architecture, prepared: Prepared) -> int:
    """Return the bytes that training takes beside program and data, right to about a third.

    With L layers, D directions, H units, S steps of the longest batch (the sum of the lengths of
    its sequences), P steps of that batch padded to the longest of its sequences, both behind the
    convolutional layers if there are any; N parameters, G groups in which gradients are summed, R
    letters or k-mers (up to 256 of them) and positions, none behind convolutional layers; held from
    step to step::

        values, gradients, moments, best, decay; packed weights   9 N
        gates and states of the longest batch                     5 L D H S
        outputs, masks and gradients between the layers           3 (L - 1) D H P
        sums of gradients                                         G N
        gates of letters or k-mers, and sums of their gradients   (G + 2) 4 D H R
        features of each convolutional layer, C on P' steps       3 C P', normalised 4 C P'
        gradient of the last layer's output                       D H P, unless "last" is all and
                                                                  outputs are states (no residual)

    and on top the largest of what comes one after the other::

        output of the last layer                                  D H P, likewise
        outputs of the batch of validation sequences              L D H V
        the checkpoint while it is written                        8 N

    times the bytes of a number.  V is ``MAX_PREDICTION_TOKENS``, or less if there are fewer.

    Parameters
    ----------
    architecture
    prepared
    """
    lengths = np.sort([len(codes) for codes in prepared.training.encoded])
    lengths = lengths[-prepared.options.batch_size :]
    if architecture.reverse_complement == "average":
        lengths = np.repeat(lengths, 2)
    lengths = count_kmers(lengths, architecture.kmer_size, architecture.kmer_stride)
    stem, kept = 0, 3 if architecture.conv_norm == "none" else 4
    for sizes in architecture.convolutions:
        stem += kept * sizes.channels * len(lengths) * int(lengths[-1])
        lengths = sizes.output_lengths(lengths)
    steps, padded = int(lengths.sum()), len(lengths) * int(lengths[-1])
    layers, width = architecture.num_layers, architecture.hidden_size
    width *= 2 if architecture.bidirectional else 1
    size = prepared.network.weights.size
    table_rows = architecture.n_rows + architecture.n_positions
    if architecture.convolutions or architecture.n_rows > MAX_TABLE_ROWS:
        table_rows = 0
    groups = min(MAX_GROUPS, -(-len(lengths) // BLOCK_ROWS))
    needs_steps = architecture.residual or set(architecture.pooling) != {"last"}
    outputs = width * padded if needs_steps else 0
    held = (
        9 * size
        + (1 + _GATES_KEPT) * layers * width * steps
        + 3 * (layers - 1) * width * padded
        + groups * size
        + (groups + 2) * _GATES_KEPT * width * table_rows
        + stem
        + outputs
        + _decoder_numbers(architecture, prepared)
    )
    validation = 0
    if prepared.validation is not None:
        longest = max(len(codes) for codes in prepared.validation.encoded)
        read = min(max(MAX_PREDICTION_TOKENS, longest), _n_letters(prepared.validation))
        validation = layers * width * read
    return (held + max(outputs, validation, 8 * size)) * prepared.network.dtype.itemsize


def _decoder_numbers(architecture: Architecture, prepared: Prepared) -> int:
    """Return the numbers that a decoder and its attention hold, 0 for a network without one.

    With T the tokens of the longest translation of a batch of B::

        gates and states                                  5 L H B T
        its output, queries, means and their gradients    8 D H B T
        logits and their gradients                        3 K B T
        states of the encoder and their gradients         2 D H B S
        attention, and its gradient by one worker         (B + 1) T S
    """
    if not architecture.letters_per_token:
        return 0
    size = min(prepared.options.batch_size, len(prepared.training.encoded))
    steps = max(len(codes) for codes in prepared.training.encoded)
    tokens = 1 + max(len(codes) for codes in prepared.training.targets)
    hidden = architecture.hidden_size
    width = hidden * (2 if architecture.bidirectional else 1)
    of_token = (1 + _GATES_KEPT) * architecture.num_layers * hidden + 8 * width
    of_token += 3 * architecture.n_outputs
    return size * (of_token * tokens + 2 * width * steps) + (size + 1) * tokens * steps


def _step_on_shortest(prepared: Prepared) -> None:
    lengths = [len(codes) for codes in prepared.training.encoded]
    shortest = np.argsort(lengths)[:2]
    prepared.objective.write_gradients(prepared.network, prepared.training, shortest)


def _seconds_per_sequence(prepared: Prepared, max_seconds: float) -> float:
    """Time gradient steps on batches as training meets them; the first is not counted."""
    network, options = prepared.network, prepared.options
    optimizer = AdamW(
        network.parameters, weight_decay=options.weight_decay, clip_norm=options.clip_norm
    )
    n_sequences = len(prepared.training.encoded)
    rng = np.random.default_rng(options.random_state)
    batches = list(shuffled_batches(n_sequences, options.batch_size, rng))
    begin = time.perf_counter()
    n_timed, seconds = 0, 0.0
    for number, chosen in enumerate([batches[0], *batches]):
        if number > 1 and time.perf_counter() - begin > max_seconds:
            break
        start = time.perf_counter()
        prepared.objective.write_gradients(network, prepared.training, chosen)
        optimizer.step(options.learning_rate)
        if number:
            seconds += time.perf_counter() - start
            n_timed += len(chosen)
    return seconds / n_timed


def _seconds_per_letter(prepared: Prepared, validation: LabelledSet) -> float:
    """Time the validation by one batch of random sequences."""
    lengths = np.array([len(codes) for codes in validation.encoded])
    order = np.random.default_rng(prepared.options.random_state).permutation(len(lengths))
    n_chosen = max(1, int(np.searchsorted(lengths[order].cumsum(), MAX_PREDICTION_TOKENS)))
    sample = subset(validation, order[:n_chosen])
    start = time.perf_counter()
    prepared.objective.validate(prepared.network, sample)
    return (time.perf_counter() - start) / _n_letters(sample)


def _n_letters(data: LabelledSet) -> int:
    return sum(len(codes) for codes in data.encoded)


def _peak_memory() -> int:
    """Return the most bytes that this process has held until now."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
