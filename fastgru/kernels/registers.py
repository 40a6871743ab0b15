"""The vector registers of the CPU that kernels are compiled for.

The shape of a tile follows them (measured: 8 rows x 3 vectors keep 32 registers busy; on 16
registers they spill, and 4 x 3 do not).
"""

import platform

from fastgru._numba import cpu_features, np

_REGISTER_FILES = (  # feature, bytes of a vector register, rows of a tile with three vectors
    ("avx512f", 64, 8),
    ("avx2", 32, 4),
    ("neon", 16, 8),
)
_ANY_CPU = (16, 4)


def _register_file() -> tuple[int, int]:
    features = cpu_features()
    for feature, width, rows in _REGISTER_FILES:
        if feature in features:
            return width, rows
    return _ANY_CPU


VECTOR_BYTES, ROWS = _register_file()
"""Bytes of a vector, and rows (sequences, time steps or units) that a full tile computes."""

LINE_BYTES = 64
"""Bytes of a line of the caches, in which memory is read and written."""

VECTOR_REGISTER = "w" if platform.machine().lower() in {"aarch64", "arm64"} else "v"
"""What LLVM's inline assembly calls a vector register."""


def lanes_of(dtype) -> int:
    """Return the number of elements of ``dtype`` in a vector."""
    return VECTOR_BYTES // np.dtype(dtype).itemsize
