"""Processes that train one network together: who they are, and that they begin alike.

Every rank has all data and the same weights, draws the same random numbers, and takes a part of
each batch (:mod:`fastgru.layers.parts`); after each step all have the same weights again, so each
decides by itself when to stop, and all decide the same.  What they have to agree on is compared
once, before the first step.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from fastgru.errors import RankError
from fastgru.layers.parts import ALONE, Communicator

__all__ = ["Crew", "crew_in_force", "trained_by"]


@dataclass(frozen=True)
class _Fault:
    """What a rank hands to the others in place of what it would begin with."""

    message: str


class Crew:
    """The ranks of a training, as one of them sees them.

    Parameters
    ----------
    communicator

    Attributes
    ----------
    communicator
    has_met : bool
        Whether all ranks have told each other what they begin with, or that they cannot.
    """

    def __init__(self, communicator: Communicator) -> None:
        self.communicator = communicator
        self.has_met = False

    @property
    def leads(self) -> bool:
        """Whether this rank is the one that writes files and messages."""
        return self.communicator.rank == 0

    def require_same(self, facts: Mapping[str, Any]) -> None:
        """Compare what each rank begins with.

        Parameters
        ----------
        facts
            What has to be the same, by the name that messages call it.

        Raises
        ------
        RankError
            On all ranks, if one of them could not begin, or begins with something else.
        """
        found = self._meet(dict(facts))
        for rank, other in enumerate(found):
            if isinstance(other, _Fault):
                raise RankError(f"rank {rank}: {other.message}")
        for rank, other in enumerate(found):
            for name in {**found[0], **other}:
                if other.get(name) != found[0].get(name):
                    raise RankError(
                        f"rank {rank}: has other {name} than rank 0, expected the same on all "
                        "ranks. Start all with the same files, options and installation, on CPUs "
                        "of one kind."
                    )

    def give_up(self, message: str) -> None:
        """Tell the others, who wait in :meth:`require_same`, that this rank cannot begin.

        Parameters
        ----------
        message
        """
        self._meet(_Fault(message))

    def from_leader(self, thing: Any) -> Any:
        """Return what rank 0 has given.

        Parameters
        ----------
        thing
            Anything that can be pickled; looked at on rank 0 alone.
        """
        return self.communicator.exchange(thing if self.leads else None)[0]

    def _meet(self, said: Any) -> list[Any]:
        found = self.communicator.exchange(said)
        self.has_met = True
        return found


_IN_FORCE: ContextVar[Crew | None] = ContextVar("crew", default=None)


def crew_in_force() -> Crew:
    """Return the ranks that a training started now is shared by: this process, or more."""
    return _IN_FORCE.get() or Crew(ALONE)


@contextlib.contextmanager
def trained_by(communicator: Communicator) -> Iterator[Crew]:
    """Share the trainings inside by several processes, each of which runs the same program.

    Parameters
    ----------
    communicator
    """
    crew = Crew(communicator)
    token = _IN_FORCE.set(crew)
    try:
        yield crew
    finally:
        _IN_FORCE.reset(token)
