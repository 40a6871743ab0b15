"""From sequences, labels and parameters to a trained network."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np

from fastgru._machine import usable_memory
from fastgru._numba import threads_limited_to
from fastgru.data.alphabets import get_alphabet
from fastgru.data.input_profile import InputProfile, describe_inputs
from fastgru.data.letter_features import FeaturedReading, codes_of, features_of
from fastgru.data.residues import residue_properties
from fastgru.data.seen_sequences import note_seen
from fastgru.data.series import SERIES, SeriesProfile, SeriesScale, describe_series
from fastgru.errors import ConfigurationError
from fastgru.estimators.checkpoints import CheckpointFile, require_same_training
from fastgru.estimators.holding_out import hold_out
from fastgru.estimators.inputs import n_features_of
from fastgru.estimators.training_sets import GivenSets
from fastgru.layers.kmer_sizes import count_kmers
from fastgru.layers.series_input import SeriesInput
from fastgru.models.architecture import Architecture
from fastgru.models.network import SequenceNetwork
from fastgru.models.reading import Reading
from fastgru.training.batches import LabelledSet
from fastgru.training.loop import train
from fastgru.training.objective import Objective
from fastgru.training.pretrained import Pretrained
from fastgru.training.ranks import crew_in_force
from fastgru.training.state import Epoch, TrainingOptions
from fastgru.training.thawing import Thawing, parts_from_the_top


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
    objective
        What training is to make small.
    thawing
        When pre-trained weights begin to learn.
    """

    training: LabelledSet
    validation: LabelledSet | None
    network: SequenceNetwork
    options: TrainingOptions
    objective: Objective
    thawing: Thawing


def draw_seeds(random_state: int | None) -> list[int]:
    """Return the seeds of the held out set, of the network and of the batches."""
    seeds: list[int] = np.random.default_rng(random_state).integers(2**31, size=3).tolist()
    return seeds


def prepare(parameters: dict[str, Any], given: GivenSets, seeds: list[int]) -> Prepared:
    """Hold out a validation set if need be, and make the network.

    Parameters
    ----------
    parameters
        All parameters of the estimator, checked.
    given
    seeds
        From :func:`draw_seeds`.

    Raises
    ------
    ConfigurationError
        If the machine has not the memory for the weights alone.
    """
    training, validation = given.training, given.validation
    if validation is None and parameters["early_stopping"]:
        seed, chosen = seeds[0], parameters["random_state"]
        if training.groups is not None and chosen is not None:
            seed = chosen  # the groups that the command holds out
        training, validation = hold_out(given, parameters["validation_fraction"], seed)
    architecture = _architecture(parameters, len(given.outputs), training, validation)
    _require_memory(architecture)
    network = given.objective.new_network(architecture, _reading(parameters, training), seeds[1])
    network.set_precision(parameters["precision"])
    if parameters.get("embedding_init") == "properties":
        assert not isinstance(network.embedding, SeriesInput)
        letters = get_alphabet(parameters["alphabet"]).letters
        network.embedding.begin_with(residue_properties(letters))
    thawing = _begin_pretrained(network, given.pretrained)
    values = {**parameters, "random_state": seeds[2]}
    options = TrainingOptions(
        **{field.name: values[field.name] for field in fields(TrainingOptions)}
    )
    objective = given.objective.for_training(training)
    return Prepared(training, validation, network, options, objective, thawing)


def _require_memory(architecture: Architecture) -> None:
    """Refuse a network that cannot fit: values, gradients, two moments, best and packed weights."""
    needed = 6 * architecture.n_weights * np.dtype(architecture.dtype).itemsize
    there = usable_memory()
    if needed > there:
        raise ConfigurationError(
            f"the network would have {architecture.n_weights:.2g} weights, which take "
            f"{needed / 2**30:.3g} GiB in training, expected at most the {there / 2**30:.3g} GiB "
            "that this machine has. Make hidden_size, embedding_size, conv_channels, num_layers "
            "or kmer_size smaller."
        )


def _reading(parameters: dict[str, Any], training: LabelledSet) -> Reading:
    """Return what the network reads its input by: the letters of symbols, a scale, or both."""
    if parameters["alphabet"] == SERIES:
        return SeriesScale.of(training.encoded, training.weights)
    mixture = get_alphabet(parameters["alphabet"]).mixture
    if training.encoded[0].ndim == 1:
        return mixture
    return FeaturedReading(mixture, SeriesScale.of(features_of(training.encoded), training.weights))


def _begin_pretrained(network: SequenceNetwork, pretrained: Pretrained | None) -> Thawing:
    """Write pre-trained weights into a network, and return when they begin to learn."""
    if pretrained is None:
        return Thawing((), 0)
    names = pretrained.write_into(network)
    parts = parts_from_the_top(names, network.architecture.num_layers)
    return Thawing(parts, pretrained.freeze_epochs)


@dataclass(frozen=True)
class Trained:
    """A trained network, before the task adds what it knows of the outputs.

    Attributes
    ----------
    training, validation
        What the network has learned from, and what was held out or given; None for none.
    objective
        What training has made small.
    fields : dict
        Those of :class:`fastgru.estimators.fitted_network.FittedNetwork`.
    """

    training: LabelledSet
    validation: LabelledSet | None
    objective: Objective
    fields: dict[str, Any]


def train_network(
    parameters: dict[str, Any],
    given: GivenSets,
    *,
    on_epoch: Callable[[Epoch], None] | None,
    checkpoint: str | os.PathLike[str] | None,
    resume: bool,
    on_resume: Callable[[list[Epoch]], None] | None,
) -> Trained:
    """Train a network; see :meth:`fastgru.SequenceClassifier.fit`.

    Parameters
    ----------
    parameters
        All parameters of the estimator, checked.
    given, on_epoch, checkpoint, resume, on_resume

    Raises
    ------
    ConfigurationError
        For `resume` without a checkpoint.
    CheckpointError, DivergenceError
        As there.
    """
    if resume and checkpoint is None:
        raise ConfigurationError("resume needs a checkpoint to go on from. Name its file.")
    file = None if checkpoint is None else CheckpointFile(checkpoint, parameters, given)
    saved = file.read() if file is not None and resume else None
    crew = crew_in_force()
    if crew.communicator.size > 1:
        require_same_training(crew, parameters, given)
    seeds = draw_seeds(parameters["random_state"]) if saved is None else saved.card["seeds"]
    seeds = crew.from_leader(seeds)
    prepared = prepare(parameters, given, seeds)
    training, validation, network = prepared.training, prepared.validation, prepared.network
    start = crew.from_leader(None if saved is None else saved.state(network))
    if start is not None and on_resume is not None:
        on_resume(start.history)
    with threads_limited_to(parameters["threads"]):
        history, best_epoch = train(
            *(network, training, validation, prepared.objective, prepared.options, on_epoch),
            thawing=prepared.thawing,
            start=start,
            on_state=partial(file.write, seeds) if file is not None and crew.leads else None,
            communicator=crew.communicator,
        )
    network.set_precision(None)  # a network in memory is what its file is
    stopped_by = len(validation.encoded) if validation and parameters["early_stopping"] else 0
    fields = {
        "parameters": parameters,
        "network": network,
        "history": [epoch.to_dict(prepared.objective.score_name) for epoch in history],
        "best_epoch": best_epoch,
        "n_train": len(training.encoded),
        "n_validation": stopped_by,
        "inputs": _describe(training.encoded, parameters["alphabet"]),
        "seen": note_seen([*training.encoded, *(validation.encoded if validation else ())]),
        "pretrained": None if given.pretrained is None else given.pretrained.to_card(),
    }
    return Trained(training, validation, prepared.objective, fields)


def _describe(encoded: Sequence[np.ndarray], kind: str) -> InputProfile | SeriesProfile:
    if kind == SERIES:
        return describe_series(encoded)
    return describe_inputs(codes_of(encoded), get_alphabet(kind))


def _architecture(
    parameters: dict[str, Any],
    n_outputs: int,
    training: LabelledSet,
    validation: LabelledSet | None,
) -> Architecture:
    of_series, n_positions = parameters["alphabet"] == SERIES, 0
    if parameters.get("position_embedding"):
        # of both sets, or the network could not read the sequences that it stops by
        both = [*training.encoded, *(validation.encoded if validation is not None else ())]
        longest = max(len(codes) for codes in both)
        words = (parameters.get(name, 1) for name in ("kmer_size", "kmer_stride"))
        n_positions = count_kmers(longest, *words)
    sizes: dict[str, Any] = {
        "n_letters": 0 if of_series else len(get_alphabet(parameters["alphabet"]).letters),
        "n_features": n_features_of(parameters, training.encoded),
        "n_outputs": n_outputs,
        "n_positions": n_positions,
    }
    names = {field.name for field in fields(Architecture)} - sizes.keys()
    shared = {name: parameters[name] for name in names & parameters.keys()}
    return Architecture(**{"pooling": (), **sizes, **shared})
