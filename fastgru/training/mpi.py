"""The communicator of processes that MPI has started.

    mpirun -n 4 python -m mpi4py train.py

with ``train.py``::

    with trained_by(MPICommunicator()):
        model.fit(sequences, labels)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastgru.packages import require_package

__all__ = ["MPICommunicator"]


class MPICommunicator:
    """All processes that ``mpirun`` has started (:class:`fastgru.layers.parts.Communicator`).

    Raises
    ------
    FastgruError
        If mpi4py, or the MPI library below it, is missing.
    """

    def __init__(self) -> None:
        require_package(["mpi4py.MPI"], "MPI", "pip install 'fastgru[mpi]'")
        from mpi4py import MPI

        self._world = MPI.COMM_WORLD
        self.rank, self.size = self._world.Get_rank(), self._world.Get_size()

    def gather(self, part: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
        """Return the arrays of all processes behind each other, in the order of ranks."""
        joined = np.empty(sum(sizes), part.dtype)
        self._world.Allgatherv(part, [joined, list(sizes)])
        return joined

    def exchange(self, thing: Any) -> list[Any]:
        """Return what each process has given, in the order of ranks."""
        found: list[Any] = self._world.allgather(thing)
        return found

    def abort(self, code: int) -> None:
        """End all processes, wherever they are.

        Parameters
        ----------
        code
            Exit code.
        """
        self._world.Abort(code)
