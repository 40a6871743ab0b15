"""The computation of a case in fastgru; the rivals' modules hold theirs."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastgru
from benchmarks.cases import Case, Problem
from fastgru._numba import cpu_features


def not_available(case: Case) -> str | None:
    """Return why this machine cannot compute a case; None where it can."""
    if case.precision == "bf16" and "avx512bf16" not in cpu_features():
        return "this CPU has no AVX512-BF16"
    return None


def make_layer(case: Case) -> Any:
    """Return the layer of a case."""
    options: dict[str, Any] = {}
    if case.cell == "gru_before":
        options["reset_after"] = False
    if case.save_memory:
        options["save_memory"] = True
    if case.precision != "float32":
        options["precision"] = case.precision
    kind = fastgru.LSTM if case.cell == "lstm" else fastgru.GRU
    return kind(case.input_size, case.hidden_size, **options)


def _states(given: tuple[np.ndarray, ...]) -> Any:
    """Return states the way PyTorch hands them around: h, or the pair of h and c."""
    return given if len(given) > 1 else given[0]


def named_states(prefix: str, given: Any, suffix: str) -> dict[str, np.ndarray]:
    """Return h, or h and c, by their names: ``dh0`` and ``dc0`` for ``d`` and ``0``."""
    states = given if isinstance(given, tuple) else (given,)
    return {f"{prefix}{name}{suffix}": state for name, state in zip("hc", states, strict=False)}


class FastgruLayer:
    """A case in fastgru, through the interface that users call."""

    def __init__(self, case: Case, problem: Problem) -> None:
        self._problem = problem
        self.layer = make_layer(case)
        self.layer.load_state_dict(problem.weights)

    def _run(self, *, training: bool) -> tuple[np.ndarray, Any]:
        given = self._problem
        result: tuple[np.ndarray, Any] = self.layer.forward(
            *(given.x, given.lengths, _states(given.initial)),
            embedding=given.embedding,
            training=training,
        )
        return result

    def infer(self) -> None:
        """Forward, keeping nothing."""
        self._run(training=False)

    def forward(self) -> None:
        """Forward in training."""
        self._y, self._final = self._run(training=True)

    def backward(self) -> None:
        """Gradients of everything."""
        self.layer.zero_grad()
        given = self._problem
        self._dx, self._d_initial = self.layer.backward(given.dy, _states(given.d_final))

    def results(self) -> dict[str, np.ndarray]:
        """Return the states and gradients of the last step."""
        states = named_states("", self._final, "_n") | named_states("d", self._d_initial, "0")
        return {"y": self._y, "dx": self._dx} | states | self.layer.grads
