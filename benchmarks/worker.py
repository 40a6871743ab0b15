"""A contender in a process of its own, for settings that a process makes once, when it starts.

:class:`Remote` starts ``python -m benchmarks.worker`` and has the methods of a contender; each
writes a line to the worker and waits for its answer, which takes some ten microseconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cases import Case, make_problem
from benchmarks.contenders import FastgruLayer
from benchmarks.fma_limit import FmaLimit
from benchmarks.onednn import OneDnnGRU
from fastgru._numba import threads_limited_to

KINDS: dict[str, Callable[..., Any]] = {
    "fastgru": lambda case, threads, flush: FastgruLayer(case, make_problem(case)),
    "FMA limit": lambda case, threads, flush: FmaLimit(threads),
    "oneDNN": lambda case, threads, flush: OneDnnGRU(
        case, make_problem(case), threads, flush_denormals=flush
    ),
}


class Remote:
    """Stands for a contender in another process.

    Attributes
    ----------
    work
        GFLOP of a :meth:`run`, for the FMA limit.
    """

    def __init__(
        self,
        kind: str,
        case: Case,
        threads: int,
        *,
        flush_denormals: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        command = [sys.executable, "-m", "benchmarks.worker", kind, json.dumps(asdict(case))]
        command += [str(threads), str(int(flush_denormals))]
        self._process = subprocess.Popen(
            command,
            cwd=Path(__file__).parent.parent,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.work = float(self._answer())

    def __del__(self) -> None:
        self._process.terminate()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the worker of a benchmark ended; it says why above")
        return line.strip()

    def _call(self, request: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(request + "\n")
        self._process.stdin.flush()
        self._answer()

    def run(self) -> None:
        """Run the loop of the FMA limit."""
        self._call("run")

    def forward(self) -> None:
        """Forward in training."""
        self._call("forward")

    def backward(self) -> None:
        """Gradients of everything."""
        self._call("backward")

    def results(self) -> dict[str, np.ndarray]:
        """Return the states and gradients of the last step."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "results.npz"
            self._call(str(path))
            with np.load(path) as stored:
                return dict(stored)


def serve(kind: str, case_text: str, threads: str, flush: str) -> None:
    """Answer requests until the input ends: a method's name, or where to save the results."""
    with threads_limited_to(int(threads)):
        case = Case(**json.loads(case_text))
        contender = KINDS[kind](case, int(threads), flush == "1")
        print(getattr(contender, "work", 0), flush=True)
        for line in sys.stdin:
            request = line.strip()
            if request.endswith(".npz"):
                np.savez(request, **contender.results())
            else:
                getattr(contender, request)()
            print("done", flush=True)


if __name__ == "__main__":
    serve(*sys.argv[1:])
