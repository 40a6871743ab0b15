"""Ranks of a training as threads of one process, so that no MPI is needed to test them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


class _Meeting:
    """Where the threads leave what they exchange."""

    def __init__(self, size: int) -> None:
        self.things: list[Any] = [None] * size
        self.barrier = threading.Barrier(size, timeout=120)


class ThreadCommunicator:
    """The communicator of one of several threads, which counts the bytes that it takes in."""

    def __init__(self, meeting: _Meeting, rank: int) -> None:
        self._meeting, self.rank = meeting, rank
        self.size = len(meeting.things)
        self.received = 0

    @classmethod
    def alone(cls) -> ThreadCommunicator:
        return cls(_Meeting(1), 0)

    def exchange(self, thing: Any) -> list[Any]:
        self._meeting.things[self.rank] = thing
        self._meeting.barrier.wait()
        found = list(self._meeting.things)
        self._meeting.barrier.wait()
        return found

    def gather(self, part: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
        assert part.shape == (sizes[self.rank],)
        # a copy: others may write their array as soon as they have gone on
        parts = self.exchange(part.copy())
        assert [len(found) for found in parts] == list(sizes)
        self.received += sum(found.nbytes for found in parts) - part.nbytes
        joined: np.ndarray = np.concatenate(parts)
        return joined


def run_ranks(size: int, run: Callable[[ThreadCommunicator], T]) -> list[T]:
    """Return what `run` returns on each rank; a rank that fails ends all."""
    meeting = _Meeting(size)

    def rank(number: int) -> T:
        try:
            return run(ThreadCommunicator(meeting, number))
        except BaseException:
            meeting.barrier.abort()
            raise

    with ThreadPoolExecutor(size) as pool:
        futures = [pool.submit(rank, number) for number in range(size)]
        faults = [fault for fault in (future.exception() for future in futures) if fault]
        real = [fault for fault in faults if not isinstance(fault, threading.BrokenBarrierError)]
        if faults:
            raise (real or faults)[0]
        return [future.result() for future in futures]
