"""How long a cache line takes from one CPU to another.

The CPUs of a virtual machine are moved about by its host: two that share their last cache at one
moment may not at the next.  Nothing inside says so, and the time of whatever two threads share
changes by a factor of four and more.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba
import numpy as np

from fastgru._numba import intrinsic, types

ROUNDS = 20_000
"""Times that the line goes there and back: some milliseconds."""


def _place(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return context.make_array(signature.args[0])(context, builder, arguments[0]).data


@intrinsic
def _load(typing_context: Any, flag: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _place(context, builder, signature, arguments)
        return builder.load_atomic(place, "acquire", 8)

    return types.int64(flag), generate


@intrinsic
def _store(typing_context: Any, flag: Any, value: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _place(context, builder, signature, arguments)
        builder.store_atomic(arguments[1], place, "release", 8)
        return context.get_dummy_value()

    return types.void(flag, types.int64), generate


@numba.njit(nogil=True)  # not the engine's own decorator: its cache knows the engine's files only
def _take_turns(flag: Any, first: Any, rounds: Any) -> None:
    """Write every other number, once the one before it is there."""
    for number in range(first, 2 * rounds, 2):
        while _load(flag) != number:
            pass
        _store(flag, number + 1)


def _on_cpu(cpu: int, flag: np.ndarray, first: int, rounds: int) -> None:
    os.sched_setaffinity(0, {cpu})  # of this thread alone
    _take_turns(flag, first, rounds)


def line_transfer() -> float | None:
    """Return the seconds of one way between two CPUs of this process, None where it has not two."""
    if not hasattr(os, "sched_getaffinity") or len(cpus := sorted(os.sched_getaffinity(0))) < 2:
        return None
    with ThreadPoolExecutor(2) as pool:
        for rounds in (10, ROUNDS):  # the first compiles, and wakes the CPUs
            flag = np.zeros(1, np.int64)
            start = time.perf_counter()
            both = [pool.submit(_on_cpu, cpus[i], flag, i, rounds) for i in (0, 1)]
            for one in both:
                one.result()
    return (time.perf_counter() - start) / (2 * ROUNDS)
