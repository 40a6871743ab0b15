"""The most that the machine can compute: fused multiply-adds on registers alone.

The loop does nothing but ``c_i = x * x + c_i`` for as many vectors ``c_i`` as a tile of the engine
keeps, so it waits for neither memory nor the result before.  One such loop runs on each thread, all
at the same time, because CPUs lower their clock when several cores use wide vectors.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba
import numpy as np

from fastgru._numba import intrinsic, ir, types
from fastgru.kernels.registers import VECTOR_BYTES

LANES = VECTOR_BYTES // np.dtype(np.float32).itemsize
ACCUMULATORS = 24 if VECTOR_BYTES == 64 else 12
"""Enough to hide the latency of the units, and few enough for 32 or 16 registers."""

FLOPS_PER_ROUND = 2 * LANES * ACCUMULATORS
SECONDS = 0.08
"""How long a measurement takes, about."""


def _fma(module: Any, vector: Any) -> Any:
    name = f"llvm.fma.v{vector.count}f32"
    known = module.globals.get(name)
    return known or ir.Function(module, ir.FunctionType(vector, [vector] * 3), name)


def _emit_loop(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Emit: load x; for each round: all accumulators; store their sum, so that none is deleted."""
    vector, rounds = ir.VectorType(ir.FloatType(), LANES), arguments[1]
    data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
    place = builder.bitcast(data, vector.as_pointer())
    entry = builder.block
    loop, done = (builder.function.append_basic_block(name) for name in ("fma.loop", "fma.done"))
    x = builder.load(place, align=4)
    builder.branch(loop)

    builder.position_at_end(loop)
    number = builder.phi(rounds.type)
    accumulators = [builder.phi(vector) for _ in range(ACCUMULATORS)]
    fma = _fma(builder.module, vector)
    sums = [builder.call(fma, [x, x, accumulator]) for accumulator in accumulators]
    following = builder.add(number, ir.Constant(rounds.type, 1))
    number.add_incoming(ir.Constant(rounds.type, 0), entry)
    number.add_incoming(following, loop)
    for accumulator, added in zip(accumulators, sums, strict=True):
        accumulator.add_incoming(x, entry)
        accumulator.add_incoming(added, loop)
    builder.cbranch(builder.icmp_signed("<", following, rounds), loop, done)

    builder.position_at_end(done)
    total = sums[0]
    for added in sums[1:]:
        total = builder.fadd(total, added)
    builder.store(total, place, align=4)
    return context.get_dummy_value()


@intrinsic
def _multiply_add(typing_context: Any, buffer: Any, rounds: Any) -> Any:
    return types.void(buffer, types.intp), _emit_loop


@numba.njit(nogil=True)  # not the engine's own decorator: its cache knows the engine's files only
def _occupy(buffer: Any, rounds: Any) -> None:
    _multiply_add(buffer, rounds)


class FmaLimit:
    """Runs the loop on a number of threads at once.

    Attributes
    ----------
    work
        GFLOP of one :meth:`run`.
    """

    def __init__(self, threads: int) -> None:
        self._buffers = [np.zeros(LANES, np.float32) for _ in range(threads)]
        self._pool = ThreadPoolExecutor(threads)
        self._rounds = 1_000
        self.run()  # compiles
        start = time.perf_counter()
        self._rounds = 1_000_000
        self.run()
        self._rounds = int(self._rounds * SECONDS / (time.perf_counter() - start))
        self.work = threads * self._rounds * FLOPS_PER_ROUND / 1e9

    def run(self) -> None:
        """Run the loop once on every thread."""
        rounds = [self._rounds] * len(self._buffers)
        for _ in self._pool.map(_occupy, self._buffers, rounds):
            pass
