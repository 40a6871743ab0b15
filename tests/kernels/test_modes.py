"""A quick part of the tests in other modes: without compilation, with bounds checked, other tiles.

Numba reads its settings when it is imported, so each mode is a process of its own.  What the modes
compile is kept in the cache, each under its own key.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from fastgru._numba import cpu_features

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(900)]


class Mode(NamedTuple):
    """Settings of numba; which tests to run, by file and name; a feature that the CPU needs."""

    settings: dict[str, str]
    files: list[str]
    names: str
    needs: str = ""


SSE = "+sse,+sse2"
AVX2 = "+avx,+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,+movbe,+popcnt,+sse3,+sse4.1,+sse4.2,+ssse3," + SSE
NARROW = {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": SSE}
WIDE = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": AVX2}

RECURRENT = ["tests/kernels/test_recurrence.py"]
BUILDING_BLOCKS = [
    f"tests/kernels/test_{name}.py"
    for name in ("microkernel", "vectors", "assembly", "blocks", "products", "workers", "dots")
]
AROUND = [
    f"tests/kernels/test_{name}.py" for name in ("pooling", "attention", "loss", "normalising")
]
AROUND += ["tests/layers/test_convolution.py", "tests/layers/test_crf.py"]
# What takes a minute without compilation, some of it because products by hand are slow in Python.
LONG = (
    "central_differences or order_that_every_block or may_stop or adds_up or whole_panels "
    "or number_of_rows or any_step_of_a_chunk or states_alone or general_direction"
)
EQUAL = "equals_reference and float32"
CHECKED = {"NUMBA_BOUNDSCHECK": "1"} | WIDE

MODES = {
    "plain Python": Mode(
        {"NUMBA_DISABLE_JIT": "1"}, ["tests/kernels", "tests/layers"], f"not ({LONG})"
    ),
    "plain Python, 128-bit vectors": Mode(
        {"NUMBA_DISABLE_JIT": "1"} | NARROW, RECURRENT, f"float32 and not ({LONG})", "sse2"
    ),
    "128-bit vectors": Mode(NARROW, BUILDING_BLOCKS, "test", "sse2"),
    "256-bit vectors, bounds checked": Mode(
        CHECKED, BUILDING_BLOCKS + AROUND, "float32 or blocks or workers", "avx2"
    ),
    "256-bit vectors, bounds checked, GRU": Mode(CHECKED, RECURRENT, f"{EQUAL} and gru", "avx2"),
    "256-bit vectors, bounds checked, LSTM and RNN": Mode(
        CHECKED, RECURRENT, f"{EQUAL} and (lstm or tanh)", "avx2"
    ),
}


@pytest.mark.parametrize("name", MODES)
def test_kernels__pass_their_tests_in_mode(name: str) -> None:
    mode = MODES[name]
    if mode.needs and (platform.machine() != "x86_64" or mode.needs not in cpu_features()):
        pytest.skip(f"this CPU has no {mode.needs}")
    quick = ["-m", "not slow and not peers and not exhaustive", "-p", "no:cacheprovider", "-q"]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *mode.files, "-k", mode.names, *quick],
        check=False,
        cwd=ROOT,
        env=os.environ | {"HYPOTHESIS_PROFILE": "quick"} | mode.settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=880,
    )
    assert result.returncode == 0, result.stdout[-5000:]
