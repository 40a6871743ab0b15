"""What one process takes of a batch, and how processes hand each other what they have found.

A process takes whole groups of blocks (:mod:`fastgru.layers.blocks`), the sums of which are kept
apart anyway.  It hands on these sums, and each process adds all of them in the order of the groups:
the additions are those of one process, so the bits are, for any number of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

__all__ = ["ALONE", "Alone", "Communicator", "Part", "Whole"]


class Communicator(Protocol):
    """The processes that train one network together, as one of them sees them.

    All call the same methods in the same order.

    Attributes
    ----------
    rank : int
        Number of this process, from 0.
    size : int
    """

    @property
    def rank(self) -> int:
        """Number of this process."""
        ...

    @property
    def size(self) -> int:
        """Number of processes."""
        ...

    def gather(self, part: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
        """Return the arrays of all processes behind each other, in the order of ranks.

        Parameters
        ----------
        part
            Array (sizes[rank],) of this process, contiguous.
        sizes
            Numbers in the array of each process.
        """
        ...

    def exchange(self, thing: Any) -> list[Any]:
        """Return what each process has given, in the order of ranks.

        Parameters
        ----------
        thing
            Anything that can be pickled.
        """
        ...


class Alone:
    """The communicator of a process that trains without others."""

    rank, size = 0, 1

    def gather(self, part: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
        """Return the array."""
        return part

    def exchange(self, thing: Any) -> list[Any]:
        """Return what was given, as the only entry."""
        return [thing]


ALONE = Alone()


@dataclass(frozen=True)
class Whole:
    """A batch that one process takes alone.

    Attributes
    ----------
    n_sequences, n_groups : int
        Of the whole batch.
    """

    n_sequences: int
    n_groups: int

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Return the rows of one's own sequences.

        Parameters
        ----------
        rows
            Array (n_sequences, ...)
        """
        return rows

    def join(self, rows: np.ndarray) -> np.ndarray:
        """Return the rows of all sequences, (n_sequences, ...).

        Parameters
        ----------
        rows
            Those of one's own, as :meth:`take` gives them.
        """
        return rows

    def of_groups(self, sums: np.ndarray) -> np.ndarray:
        """Return the sums of one's own groups, as a view.

        Parameters
        ----------
        sums
            Array (n_groups, ...)
        """
        return sums

    def complete(self, sums: Sequence[np.ndarray]) -> None:
        """Write into arrays the sums of the groups that others take.

        Parameters
        ----------
        sums
            Arrays (n_groups, ...) of one type, those of one's own groups written.
        """


@dataclass(frozen=True)
class Part(Whole):
    """The part of a batch that one of several processes takes.

    Attributes
    ----------
    communicator
    groups : tuple of slice
        Groups of each process, in order; may be empty.
    sequences : tuple of np.ndarray
        int64 (n,), numbers of the sequences of each process in the whole batch.
    """

    communicator: Communicator
    groups: tuple[slice, ...]
    sequences: tuple[np.ndarray, ...]

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Return the rows of one's own sequences, (n, ...), a copy."""
        own: np.ndarray = rows[self.sequences[self.communicator.rank]]
        return own

    def join(self, rows: np.ndarray) -> np.ndarray:
        """Return the rows of all sequences, (n_sequences, ...)."""
        row_size = math.prod(rows.shape[1:])
        sizes = [len(numbers) * row_size for numbers in self.sequences]
        found = self.communicator.gather(np.ascontiguousarray(rows).reshape(-1), sizes)
        whole = np.empty((self.n_sequences, *rows.shape[1:]), rows.dtype)
        whole[np.concatenate(self.sequences)] = found.reshape(-1, *rows.shape[1:])
        return whole

    def of_groups(self, sums: np.ndarray) -> np.ndarray:
        """Return the sums of one's own groups, as a view."""
        return sums[self.groups[self.communicator.rank]]

    def complete(self, sums: Sequence[np.ndarray]) -> None:
        """Write into arrays the sums of the groups that others take: one message for all arrays."""
        per_group = sum(math.prod(array.shape[1:]) for array in sums)
        sizes = [(own.stop - own.start) * per_group for own in self.groups]
        mine = np.concatenate([self.of_groups(array).reshape(-1) for array in sums])
        found, at = self.communicator.gather(mine, sizes), 0
        for groups in self.groups:
            for array in sums:
                part = array[groups]
                part[...] = found[at : at + part.size].reshape(part.shape)
                at += part.size
