"""What the engine is compared with: other libraries, itself in another mode, the machine."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from benchmarks import baselines, onednn, onnx_runtime
from benchmarks.agreement import differences
from benchmarks.cases import Case, Problem, make_problem
from benchmarks.contenders import FastgruLayer
from benchmarks.fma_limit import FmaLimit
from benchmarks.timing import Task
from benchmarks.worker import Remote
from fastgru._numba import threads_limited_to

SHORT = 20
"""Steps of the comparison with PyTorch before a row that has no rival to agree with."""


@dataclass(frozen=True)
class Setting:
    """What is the same for all contenders.

    Attributes
    ----------
    threads
    flush_denormals
        Whether rivals are told to flush denormal numbers to zero, as fastgru does.
    """

    threads: int
    flush_denormals: bool = True


@dataclass(frozen=True)
class Rival:
    """How a rival is made, and whether its results have to agree.

    Attributes
    ----------
    make
        Called with the case and the setting.
    missing
        Called with the setting; returns why the rival is not there, None where it is.
    changed
        The case that the rival computes.
    agrees
        Whether results are compared; only where both compute the same.
    ours
        What it is compared with.
    """

    make: Callable[[Case, Setting], Any]
    missing: Callable[[Setting], str | None] = lambda setting: None
    changed: Callable[[Case], Case] = lambda case: case
    agrees: bool = True
    ours: Callable[[Case, Problem], Any] = FastgruLayer


class OneThread(FastgruLayer):
    """fastgru on one thread."""

    def infer(self) -> None:
        with threads_limited_to(1):
            super().infer()

    def forward(self) -> None:
        with threads_limited_to(1):
            super().forward()

    def backward(self) -> None:
        with threads_limited_to(1):
            super().backward()


def _layer(case: Case, setting: Setting) -> FastgruLayer:
    return FastgruLayer(case, make_problem(case))


def _onnx(case: Case, setting: Setting) -> onnx_runtime.OnnxGRU:
    flush = setting.flush_denormals
    return onnx_runtime.OnnxGRU(case, make_problem(case), setting.threads, flush_denormals=flush)


WAITING: tuple[dict[str, str], ...] = ({}, {"GOMP_SPINCOUNT": "1000"})
"""Ways in which the threads of OpenMP wait for each other: by default long, or briefly."""


def _onednn(case: Case, setting: Setting) -> Remote:
    """Return oneDNN with the way of waiting that makes it faster on this machine.

    By default its threads wait for each other in a busy loop, which is best on a machine of its
    own and many times slower where anything else runs.  The choice is made when a process starts.
    """

    def start(environment: dict[str, str]) -> tuple[float, Remote]:
        flush = setting.flush_denormals
        made = Remote(
            "oneDNN", case, setting.threads, flush_denormals=flush, environment=environment
        )
        step = task(made, "step")
        return min(min(step.take_turn()) for _ in range(2)), made

    return min((start(environment) for environment in WAITING), key=lambda tried: tried[0])[1]


@functools.cache
def fma_limit(threads: int) -> FmaLimit:
    """Return the loop for a number of threads, made once."""
    return FmaLimit(threads)


def _torch_missing(setting: Setting) -> str | None:
    return None if baselines.has_torch else baselines.NOT_INSTALLED


def _module(case: Case, problem: Problem) -> Any:
    return baselines.FastgruModule(case, problem)


def _onednn_missing(setting: Setting) -> str | None:
    found = onednn.built()
    return found if isinstance(found, str) else None


RIVALS = {
    "FMA limit": Rival(lambda case, setting: fma_limit(setting.threads), agrees=False),
    "FMA limit of 1 thread": Rival(
        lambda case, setting: fma_limit(1), agrees=False, ours=OneThread
    ),
    "PyTorch": Rival(
        lambda case, setting: baselines.TorchLayer(case, make_problem(case)),
        missing=_torch_missing,
    ),
    "native layer": Rival(_layer, missing=_torch_missing, ours=_module),
    "torch.nn": Rival(
        lambda case, setting: baselines.TorchLayer(case, make_problem(case)),
        missing=_torch_missing,
        ours=_module,
    ),
    "oneDNN": Rival(_onednn, missing=_onednn_missing),
    "ONNX Runtime": Rival(
        _onnx,
        missing=lambda setting: None if onnx_runtime.has_onnx else onnx_runtime.INSTALL,
    ),
    "rectangular": Rival(_layer, changed=lambda case: replace(case, ragged=False), agrees=False),
    "1 thread": Rival(
        lambda case, setting: OneThread(case, make_problem(case)),
        missing=lambda setting: None if setting.threads > 1 else "the run has one thread only",
    ),
    "all kept": Rival(_layer, changed=lambda case: replace(case, save_memory=False)),
    "float32": Rival(_layer, changed=lambda case: replace(case, precision="float32"), agrees=False),
}


def task(contender: Any, what: str) -> Task:
    """Return how ``what`` of a contender is timed; the FMA limit has only its ``run``."""
    if what == "run" or isinstance(contender, FmaLimit):
        return Task(contender.run)
    if what == "forward":
        return Task(contender.infer)
    if what == "backward":
        return Task(contender.backward, prepare=contender.forward)

    def step() -> None:
        contender.forward()
        contender.backward()

    return Task(step)


def all_differences(ours: Any, theirs: Any) -> dict[str, float]:
    """Run both once and compare what the rival computes of states and gradients."""
    task(ours, "step").run()
    task(theirs, "forward" if not hasattr(theirs, "backward") else "step").run()
    expected = theirs.results()
    found = ours.results()
    return differences({name: found[name] for name in expected}, expected)


def short_difference(case: Case) -> dict[str, float]:
    """Compare the first steps of a case with PyTorch, where it is installed and has the cell."""
    if not baselines.has_torch or case.cell == "gru_before" or case.precision != "float32":
        return {}
    short = replace(case, seq_len=min(case.seq_len, SHORT), ragged=False)
    problem = make_problem(short)
    ours, theirs = FastgruLayer(short, problem), baselines.TorchLayer(short, problem)
    return all_differences(ours, theirs)
