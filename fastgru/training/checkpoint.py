"""The checkpoint: one file with the state of a training, and what training it belongs to.

A safetensors file like the model file.  Its arrays are those of
:class:`fastgru.training.state.TrainingState`, the history as a table with a row for each epoch;
its card, the entry ``fastgru_checkpoint``, says by which data and options training began.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from fastgru.data.writing import remove_written
from fastgru.errors import CheckpointError
from fastgru.models.card_schema import find_checkpoint_fault
from fastgru.models.network import SequenceNetwork
from fastgru.models.tensor_file import (
    FileKind,
    add_checksum,
    check_tensor,
    read_tensors,
    write_tensors,
)
from fastgru.training.state import GENERATOR_SIZE, GENERATORS, Epoch, TrainingState

__all__ = ["SavedTraining", "read_checkpoint", "remove_checkpoint", "write_checkpoint"]

FORMAT_VERSION = 1
_KIND = FileKind(
    noun="checkpoint",
    name="checkpoint",
    key="fastgru_checkpoint",
    version=FORMAT_VERSION,
    max_bytes=1 << 34,
    expected="a checkpoint of 'fastgru train'",
    cure="Delete it to start again.",
    error=CheckpointError,
    find_fault=find_checkpoint_fault,
)
_COLUMNS = tuple(field.name for field in fields(Epoch))
_VALUES = ("values", "first_moment", "second_moment", "best_values")


@dataclass(frozen=True)
class SavedTraining:
    """What a checkpoint holds.

    Attributes
    ----------
    path
    card
        The JSON card; see ``docs/file-formats.md``.
    tensors
        Arrays by name.
    """

    path: str
    card: dict[str, Any]
    tensors: dict[str, np.ndarray]

    def state(self, network: SequenceNetwork) -> TrainingState:
        """Return the state of training, for a network like the one that was trained.

        Raises
        ------
        CheckpointError
            If the arrays are not those of such a network, or contradict the card.
        """
        table = self.tensors.get("history")
        n_epochs = len(table) if table is not None and table.ndim else 0
        values = ((network.parameters.size,), network.dtype.name)
        expected = dict.fromkeys(_VALUES, values) | {
            "history": ((n_epochs, len(_COLUMNS)), "float64"),
            **{f"generators.{name}": ((GENERATOR_SIZE,), "uint64") for name in GENERATORS},
        }
        if expected.keys() != self.tensors.keys():
            raise _KIND.damaged(self.path, "its arrays are not those of a training")
        for name, shape_and_type in expected.items():
            check_tensor(self.path, _KIND, name, self.tensors[name], shape_and_type)
        history, best_epoch = self._history(), self.card["best_epoch"]
        if not min(1, n_epochs) <= best_epoch <= n_epochs:
            fault = f"its best epoch is number {best_epoch} of {n_epochs}"
            raise _KIND.damaged(self.path, fault)
        return TrainingState(
            **{name: self.tensors[name] for name in _VALUES},
            best_epoch=best_epoch,
            step_number=self.card["step_number"],
            history=history,
            generators={name: self.tensors[f"generators.{name}"] for name in GENERATORS},
        )

    def _history(self) -> list[Epoch]:
        rows = self.tensors["history"].tolist()
        if [row[0] for row in rows] != list(range(1, len(rows) + 1)):
            raise _KIND.damaged(self.path, "the epochs of its history are not counted from 1")
        return [Epoch(number, *row[1:]) for number, row in enumerate(rows, start=1)]


def write_checkpoint(
    path: str | os.PathLike[str], training: Mapping[str, Any], state: TrainingState
) -> None:
    """Write a checkpoint; one that is there is replaced when the new one is complete.

    Parameters
    ----------
    path
    training
        What training this is, as entries of the card.
    state
    """
    tensors = {name: getattr(state, name) for name in _VALUES}
    rows = [[getattr(epoch, name) for name in _COLUMNS] for epoch in state.history]
    tensors["history"] = np.array(rows, np.float64).reshape(-1, len(_COLUMNS))
    tensors |= {f"generators.{name}": packed for name, packed in state.generators.items()}
    card = {**training, "best_epoch": state.best_epoch, "step_number": state.step_number}
    write_tensors(path, _KIND, add_checksum(card, FORMAT_VERSION, tensors), tensors)


def read_checkpoint(path: str | os.PathLike[str]) -> SavedTraining:
    """Read a checkpoint.

    Raises
    ------
    CheckpointError
        If it cannot be read, is no checkpoint, is damaged, or was written by a newer format.
    """
    card, tensors = read_tensors(path, _KIND)
    return SavedTraining(os.fspath(path), card, tensors)


def remove_checkpoint(path: str | os.PathLike[str]) -> None:
    """Remove a checkpoint, if it is there, and what processes left that were killed writing it."""
    if os.path.isfile(path):
        remove_written(path)
