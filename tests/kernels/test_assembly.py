"""The machine code: a compiler release that no longer makes wide vectors of it is noticed here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastgru._numba import cpu_features, jit_disabled
from fastgru.kernels.registers import ROWS, VECTOR_BYTES, lanes_of
from tests.kernels.test_microkernel import run_tile_3
from tests.problems import DTYPES

ROOT = Path(__file__).parents[2]
REGISTERS = {64: "zmm", 32: "ymm"}
SUFFIXES = {"float32": "ps", "float64": "pd"}

pytestmark = pytest.mark.skipif(jit_disabled, reason="nothing is compiled")
needs_wide_vectors = pytest.mark.skipif(
    VECTOR_BYTES not in REGISTERS or "fma" not in cpu_features(), reason="about AVX2 and AVX-512"
)


def tile_assembly(dtype: str) -> str:
    lane = lanes_of(dtype)
    a, b, c = np.ones(ROWS, dtype), np.ones(3 * lane, dtype), np.zeros(ROWS * 3 * lane, dtype)
    at = np.array([0, 3 * lane, 0, 1, 1, 0, 0, 3 * lane, lane])
    run_tile_3(None, c, at, a, b, np.array([1, 1]))
    compiled: Any = run_tile_3
    found = compiled.inspect_asm()
    return next(text for key, text in found.items() if key[1].dtype.name == dtype)


def multiply_adds(assembly: str, dtype: str) -> list[str]:
    """The registers that fused multiply-adds of whole vectors write, such as ``zmm``."""
    lines = re.findall(rf"vfm(?:add|sub)\d+{SUFFIXES[dtype]}\s.*", assembly)
    return [re.findall(r"([xyz]mm)\d+", line)[-1] for line in lines]


@needs_wide_vectors
@pytest.mark.parametrize("dtype", DTYPES)
def test_tile__is_fused_multiply_adds_of_whole_registers(dtype: str) -> None:
    assembly, register = tile_assembly(dtype), REGISTERS[VECTOR_BYTES]
    found = multiply_adds(assembly, dtype)
    assert set(found) == {register}
    assert len(found) >= ROWS * 3
    # Accumulators that do not fit the registers would go to the stack and back in each step.
    loops = re.search(r"vfm(?:add|sub).*vfm(?:add|sub)", assembly, re.DOTALL)
    assert loops is not None
    assert not re.findall(r".*mm\d+.*\(%rsp\)|.*\(%rsp\).*mm\d+", loops.group())


@pytest.mark.parametrize("dtype", DTYPES)
def test_tile__calls_no_library(dtype: str) -> None:
    assert not re.findall(r"\bfmaf?\b", tile_assembly(dtype))


INSPECT = """
import sys
from fastgru._numba import threads_limited_to
from tests.problems import load, make_problem, solve
problem = make_problem(sys.argv[1], 0, [2] * 9, dtype="float32")
with threads_limited_to(1):
    solve(problem)
kind = load(problem).stack.layers[0][0].kind
for kernel in (kind.forward, kind.backward):
    (assembly,) = kernel.compiled.inspect_asm().values()
    sys.stdout.write(assembly + "=====")
"""


@pytest.mark.slow
@needs_wide_vectors
@pytest.mark.parametrize("cell", ["gru", "gru reset before", "lstm", "rnn tanh", "rnn relu"])
def test_layer__is_fused_multiply_adds_of_whole_registers(cell: str, tmp_path: Path) -> None:
    # In a process with an empty cache: code from the cache cannot be inspected.
    result = subprocess.run(
        [sys.executable, "-c", INSPECT, cell],
        check=True,
        env=os.environ | {"FASTGRU_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=240,
    )
    forward, backward, _ = result.stdout.split("=====")
    for assembly, n_tiles in ((forward, 2), (backward, 4)):
        found = multiply_adds(assembly, "float32")
        wide = [register for register in found if register == REGISTERS[VECTOR_BYTES]]
        # The smallest tiles have two vectors, and one for an odd number of panels.
        assert len(wide) >= n_tiles * ROWS
        assert len(wide) >= 0.9 * len(found)
        assert not re.findall(r"\bfmaf?\b", assembly)
