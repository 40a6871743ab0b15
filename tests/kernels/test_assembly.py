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
from fastgru.kernels.microkernel import tile_3
from fastgru.kernels.registers import ROWS, VECTOR_BYTES, lanes_of
from fastgru.kernels.vectors import lanes
from tests.kernels.uncached import uncached_kernel
from tests.problems import DTYPES

ROOT = Path(__file__).parents[2]
REGISTERS = {64: "zmm", 32: "ymm"}
SUFFIXES = {"float32": "ps", "float64": "pd"}

pytestmark = pytest.mark.skipif(jit_disabled, reason="nothing is compiled")
needs_wide_vectors = pytest.mark.skipif(
    VECTOR_BYTES not in REGISTERS or "fma" not in cpu_features(), reason="about AVX2 and AVX-512"
)


# The strides that are constants in the kernels: states times weights, and the weights' gradients.
@uncached_kernel
def states_times_weights(c: Any, a: Any, b: Any, stride: int, inner: int) -> None:
    lane = lanes(c)
    tile_3(None, True, c, 0, 4 * lane, a, 0, stride, 1, 0, b, 0, 3 * lane, lane, inner, 1)


@uncached_kernel
def weight_gradient(c: Any, a: Any, b: Any, stride: int, inner: int) -> None:
    lane = lanes(c)
    tile_3(None, True, c, 0, 3 * lane, a, 0, 1, stride, 0, b, 0, 4 * lane, lane, inner, 1)


def tile_assembly(kernel: Any, dtype: str) -> str:
    c = np.zeros(ROWS * 4 * lanes_of(dtype), dtype)
    kernel(c, c.copy(), c.copy(), ROWS, 1)
    found = kernel.inspect_asm()
    return next(text for key, text in found.items() if key[0].dtype.name == dtype)


def multiply_adds(assembly: str, dtype: str) -> list[str]:
    """The registers that fused multiply-adds of whole vectors write, such as ``zmm``."""
    lines = re.findall(rf"vfm(?:add|sub)\d+{SUFFIXES[dtype]}\s.*", assembly)
    return [re.findall(r"([xyz]mm)\d+", line)[-1] for line in lines]


@needs_wide_vectors
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kernel", [states_times_weights, weight_gradient])
def test_tile__is_fused_multiply_adds_of_whole_registers(kernel: Any, dtype: str) -> None:
    assembly, register = tile_assembly(kernel, dtype), REGISTERS[VECTOR_BYTES]
    found = multiply_adds(assembly, dtype)
    assert set(found) == {register}
    assert len(found) >= ROWS * 3
    # Accumulators that do not fit the registers would go to the stack and back in each step.
    loops = re.search(r"vfm(?:add|sub).*vfm(?:add|sub)", assembly, re.DOTALL)
    assert loops is not None
    assert not re.findall(r".*mm\d+.*\(%rsp\)|.*\(%rsp\).*mm\d+", loops.group())


@pytest.mark.parametrize("dtype", DTYPES)
def test_tile__calls_no_library(dtype: str) -> None:
    assert not re.findall(r"\bfmaf?\b", tile_assembly(weight_gradient, dtype))


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


@pytest.mark.exhaustive
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
        # Vectors that find no register stand on the stack: in slots that are each on one line.
        loops = re.findall(
            r"^_Z\w*_(?:forward_blocks|backward_groups)\w*:\n(.*?)^\.Lfunc_end",
            *(assembly, re.DOTALL | re.MULTILINE),
        )
        assert loops
        aligned, slot = rf"andq\s+\$-{VECTOR_BYTES}, %rsp", r"\(%rsp\).*{0}|{0}.*\(%rsp\)"
        kept = slot.format(REGISTERS[VECTOR_BYTES])
        assert all(re.search(aligned, loop) or not re.search(kept, loop) for loop in loops)
