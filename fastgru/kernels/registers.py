"""The vector registers of the CPU that kernels are compiled for.

The shape of a tile follows them (measured: 8 rows x 3 vectors keep 32 registers busy; on 16
registers they spill, and 4 x 3 do not), and so does the number of rows whose gates are computed
side by side.
"""

from fastgru._numba import cpu_features, np

_REGISTER_FILES = (  # feature, bytes of a vector register, rows of a tile, rows of a group
    ("avx512f", 64, 8, 4),
    ("avx2", 32, 4, 2),
    ("neon", 16, 8, 4),
)
_ANY_CPU = (16, 4, 2)


def _register_file() -> tuple[int, int, int]:
    features = cpu_features()
    for feature, *sizes in _REGISTER_FILES:
        if feature in features:
            width, rows, group = sizes
            return width, rows, group
    return _ANY_CPU


VECTOR_BYTES, ROWS, GROUP = _register_file()
"""Bytes of a vector; rows (sequences, time steps or units) that a full tile computes; and rows that
code without products takes together (:mod:`.rows`)."""


def lanes_of(dtype) -> int:
    """Return the number of elements of ``dtype`` in a vector."""
    return VECTOR_BYTES // np.dtype(dtype).itemsize
