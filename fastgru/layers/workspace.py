"""What a kernel needs beside its operands: workers, and memory that is kept between calls."""

from __future__ import annotations

import math
import threading

import numpy as np

from fastgru._numba import threads_in_force
from fastgru.kernels.registers import VECTOR_BYTES
from fastgru.kernels.workers import deal


def aligned_empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Return an uninitialised array that starts on the boundary of a vector."""
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + VECTOR_BYTES, np.uint8)
    skip = -memory.ctypes.data % VECTOR_BYTES
    return memory[skip : skip + size].view(dtype).reshape(shape)


def new_shares(pieces: int) -> np.ndarray:
    """Return the shares of the workers that a parallel kernel is to run on."""
    shares: np.ndarray = deal(pieces, max(1, min(threads_in_force(), pieces)))
    return shares


class OneCaller:
    """Makes Python threads that share what works in one memory take turns: ``with one_caller:``.

    A copy is free, whoever has the original.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[OneCaller], tuple[()]]:
        return OneCaller, ()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class Workspace:
    """Named scratch arrays, reused while they are large enough.

    Fresh memory costs a page fault every 4 KiB when it is first touched; for the tape of a
    training step that is as long as the arithmetic of a small layer.

    A copy begins with none: arrays that are copied start anywhere, and no longer on a vector.
    """

    def __init__(self) -> None:
        self._buffers: dict[tuple[str, str], np.ndarray] = {}
        self._last: dict[tuple[str, str], np.ndarray] = {}

    def __reduce__(self) -> tuple[type[Workspace], tuple[()]]:
        return Workspace, ()

    def empty(self, name: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """Return an array with any content; it is overwritten by the next call of this name."""
        key = (name, dtype.str)
        last = self._last.get(key)
        if last is not None and last.shape == shape:
            return last
        size = math.prod(shape)
        buffer = self._buffers.get(key)
        if buffer is None or buffer.size < size:
            buffer = aligned_empty((size,), dtype)
            self._buffers[key] = buffer
        self._last[key] = buffer[:size].reshape(shape)
        return self._last[key]

    def zeros(self, name: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """Return an array of zeros; it is overwritten by the next call of this name."""
        array = self.empty(name, shape, dtype)
        array.fill(0)
        return array
