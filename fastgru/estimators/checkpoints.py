"""Which training a checkpoint belongs to, so that none goes on with other data or options."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

import numpy as np

from fastgru import __version__
from fastgru._numba import cpu_features
from fastgru.errors import CheckpointError, ConfigurationError
from fastgru.estimators.json_values import saved_parameters
from fastgru.estimators.training_sets import GivenSets
from fastgru.training.batches import LabelledSet
from fastgru.training.checkpoint import SavedTraining, read_checkpoint, write_checkpoint
from fastgru.training.ranks import Crew
from fastgru.training.state import TrainingState


class CheckpointFile:
    """The checkpoint of one training.

    Parameters
    ----------
    path
    parameters
        All parameters of the estimator, checked.
    given
        What it learns from.
    """

    def __init__(
        self, path: str | os.PathLike[str], parameters: dict[str, Any], given: GivenSets
    ) -> None:
        self._path = os.fspath(path)
        self._training = _describe(parameters, given)

    def read(self) -> SavedTraining | None:
        """Return what the file holds; None if there is no such file.

        Raises
        ------
        CheckpointError
            If it is damaged, or another training made it.
        """
        if not os.path.exists(self._path):
            return None
        saved = read_checkpoint(self._path)
        difference = self._find_difference(saved.card)
        if difference is not None:
            raise CheckpointError(
                f"{self._path}: was made {difference}. Go on with the same data and options, or "
                "delete it to start again."
            )
        return saved

    def write(self, seeds: list[int], state: TrainingState) -> None:
        """Replace the file.

        Parameters
        ----------
        seeds
            Those that `fit` drew from ``random_state``, which may be None.
        state
        """
        write_checkpoint(self._path, {**self._training, "seeds": seeds}, state)

    def _find_difference(self, card: dict[str, Any]) -> str | None:
        """Return the first difference from this training, None if there is none."""
        if card["fastgru_version"] != __version__:
            return f"by fastgru {card['fastgru_version']}, expected {__version__}"
        then, now = card["parameters"], self._training["parameters"]
        for name in {**now, **then}:
            if then.get(name) != now.get(name):
                return f"with {name} {then.get(name)!r}, expected {now.get(name)!r}"
        for name, digest in self._training["data"].items():
            if card["data"].get(name) != digest:
                return f"with other {name.replace('_', ' ')}, expected those given now"
        return None


def require_same_training(crew: Crew, parameters: dict[str, Any], given: GivenSets) -> None:
    """Refuse ranks that would not train the same, before the first step.

    Parameters
    ----------
    crew
    parameters
        All parameters of the estimator, checked.
    given
        What it learns from.

    Raises
    ------
    ConfigurationError
        For a task whose batches cannot be shared.
    RankError
    """
    if not given.objective.shares_batches:
        raise ConfigurationError(
            f"training by {crew.communicator.size} processes: this task cannot share its batches, "
            "expected any other than translation. Train in one process, with more threads."
        )
    described = _describe(parameters, given)
    crew.require_same(
        {
            "version of fastgru": described["fastgru_version"],
            "version of NumPy": np.__version__,
            "features of the CPU": sorted(cpu_features()),
            **{f"value of {name}": value for name, value in described["parameters"].items()},
            **{name.replace("_", " "): digest for name, digest in described["data"].items()},
        }
    )


def _describe(parameters: dict[str, Any], given: GivenSets) -> dict[str, Any]:
    """Return by what training begins, as entries of a card."""
    return {
        "fastgru_version": __version__,
        "parameters": saved_parameters(parameters),
        "data": _digests(given),
    }


def _digests(given: GivenSets) -> dict[str, str | None]:
    """Return what tells all parts of the data from others, in the order of messages."""
    validation = given.validation
    return {
        "sequences": _digest_of_sequences(given.training),
        "labels": _digest_of_labels(given.outputs, given.training),
        "weights": hashlib.sha256(given.training.weights.tobytes()).hexdigest(),
        "groups": _digest_of_groups(given.training),
        "validation_sequences": None if validation is None else _digest_of_sequences(validation),
        "validation_labels": (
            None if validation is None else _digest_of_labels(given.outputs, validation)
        ),
        "pre-trained_weights": None
        if given.pretrained is None
        else str(given.pretrained.to_card()),
    }


def _digest_of_sequences(data: LabelledSet) -> str:
    lengths = np.array([len(codes) for codes in data.encoded], np.int64)
    digest = hashlib.sha256(lengths.tobytes())
    for codes in data.encoded:
        digest.update(np.ascontiguousarray(codes).data)
    return digest.hexdigest()


def _digest_of_groups(data: LabelledSet) -> str | None:
    if data.groups is None:
        return None
    return hashlib.sha256(json.dumps(data.groups.tolist()).encode()).hexdigest()


def _digest_of_labels(outputs: np.ndarray, data: LabelledSet) -> str:
    digest = hashlib.sha256(json.dumps(outputs.tolist()).encode())
    targets = data.targets
    if targets.dtype == object:  # an array for each sequence, not always as long as that
        digest.update(np.array([len(codes) for codes in targets], np.int64).tobytes())
        targets = np.concatenate(list(targets))
    digest.update(targets.tobytes())
    return digest.hexdigest()
