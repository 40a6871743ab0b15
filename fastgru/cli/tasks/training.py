"""What the training of every task has in common, from the data to the model file."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fastgru.cli.checkpointing import fit_with_checkpoint
from fastgru.cli.origin import chosen_purpose, describe_data
from fastgru.cli.predictions import look_like_nucleotides
from fastgru.cli.selection import select_for_training
from fastgru.errors import counted

if TYPE_CHECKING:
    from fastgru.data.labelled import LabelledSequences
    from fastgru.estimators.classifier import SequenceClassifier
    from fastgru.estimators.language_model import SequenceLanguageModel
    from fastgru.estimators.regressor import SequenceRegressor
    from fastgru.estimators.seq2seq import Seq2Seq
    from fastgru.estimators.tagger import SequenceTagger

    Estimator = (
        SequenceClassifier | SequenceLanguageModel | SequenceRegressor | SequenceTagger | Seq2Seq
    )

__all__ = ["select_to_learn", "train_and_save", "warn_of_nucleotides"]

_LOGGER = logging.getLogger(__name__)


def warn_of_nucleotides(alphabet: str, sequences: Sequence[str]) -> None:
    """Say so where proteins look like nucleotides."""
    if alphabet == "protein" and look_like_nucleotides(sequences):
        _LOGGER.warning(
            "warning: all letters are A, C, G, T, U or N; if these are nucleotides, "
            "use --alphabet dna or rna"
        )


def say_sizes(training: Sized, validation: Sized | None, about: str = "") -> None:
    """Say how many sequences there are to learn from.

    Parameters
    ----------
    training, validation
        Records to train on, and to stop by; None for none.
    about
        What else is to be said of the first, with a space before it.
    """
    _LOGGER.info(
        "training on %s%s%s",
        counted(len(training), "sequence"),
        about,
        "" if validation is None else f", {len(validation)} for validation",
    )


def select_to_learn(
    args: argparse.Namespace, data: LabelledSequences, parameters: Mapping[str, Any]
) -> tuple[LabelledSequences, LabelledSequences | None]:
    """Return the records to train on and to stop by, as the options of ``fastgru train`` say.

    Parameters
    ----------
    args
        Parsed options of ``fastgru train``.
    data
        What the input files hold.
    parameters
        Of the estimator, checked.
    """
    training, validation = select_for_training(data, args.split, parameters)
    if args.train_fraction < 1:
        training = _part_of(training, args.train_fraction, args.random_state)
    if args.shuffle_labels:
        _LOGGER.warning("warning: the labels are shuffled; the model is a control, of no other use")
        training = _with_shuffled_labels(training, args.random_state)
        validation = validation and _with_shuffled_labels(validation, args.random_state)
    return training, validation


def _part_of(data: LabelledSequences, fraction: float, seed: int) -> LabelledSequences:
    """Return a share of each class, at random, with one sequence of it at least."""
    import numpy as np

    from fastgru.data.partition import partition_records

    # the first takes the remainder, so a class of one record keeps it
    shares = {"used": fraction, "rest": 1 - fraction}
    parts = partition_records(data.labels, shares, np.random.default_rng(seed))
    return data.subset(k for k, part in enumerate(parts) if part == "used")


def _with_shuffled_labels(data: LabelledSequences, seed: int) -> LabelledSequences:
    from fastgru.data.shuffles import shuffle_labels

    if data.targets is not None:
        return replace(data, targets=shuffle_labels(data.targets, seed=seed))
    return replace(data, labels=shuffle_labels(data.labels, seed=seed))


def train_and_save(
    args: argparse.Namespace,
    model: Estimator,
    fit: Callable[..., object],
    *,
    data: LabelledSequences,
    training: LabelledSequences,
) -> None:
    """Fit, write the model file, remove the checkpoint, and say what was learned.

    Parameters
    ----------
    args
        Parsed options of ``fastgru train``, after `require_outputs`.
    model
        Estimator, not fitted.
    fit
        Its `fit`, with the data.
    data
        What the input files hold.
    training
        The records of it to learn from.
    """
    from fastgru.training.checkpoint import remove_checkpoint

    score_name = model.score_name
    fit_with_checkpoint(
        args, fit, n_sequences=len(training), max_epochs=model.max_epochs, score_name=score_name
    )
    model.save(args.output, extra=_extra_entries(args, data, training))
    if args.checkpoint is not None:
        remove_checkpoint(args.checkpoint)
    kept = model.history_[model.best_epoch_ - 1]
    text = (
        f"{model.n_parameters_} weights learned from {counted(model.n_train_, 'sequence')}; "
        f"epoch {model.best_epoch_} of {model.n_iter_} kept"
    )
    if kept["validation_loss"] == kept["validation_loss"]:
        score = kept[f"validation_{score_name}"]
        text += f", validation loss {kept['validation_loss']:.4f}, {score_name} {score:.4f}"
    _LOGGER.info("%s", text)


def _extra_entries(
    args: argparse.Namespace,
    data: LabelledSequences,
    training: LabelledSequences,
) -> dict[str, Any]:
    """Return what the card says beside what the estimator knows."""
    origin = describe_data(data, training)
    if args.train_fraction < 1:
        origin["train_fraction"] = args.train_fraction
    control = {"shuffled_labels": True} if args.shuffle_labels else {}
    return {"data": origin, **chosen_purpose(args), **control}
