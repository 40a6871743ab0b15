"""The computation of a case in fastgru; :mod:`benchmarks.baselines` holds the rival's."""

from __future__ import annotations

import numpy as np

from benchmarks.cases import Problem
from fastgru import GRU


class FastgruGRU:
    """A case in fastgru, through the interface that users call."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        hidden, features = problem.h0.shape[2], problem.weights["weight_ih_l0"].shape[1]
        self._gru = GRU(features, hidden)
        self._gru.load_state_dict(problem.weights)

    def _run(self, *, training: bool) -> tuple[np.ndarray, np.ndarray]:
        given = self._problem
        return self._gru.forward(
            given.x, given.lengths, given.h0, embedding=given.embedding, training=training
        )

    def infer(self) -> None:
        """Forward, keeping nothing."""
        self._run(training=False)

    def forward(self) -> None:
        """Forward in training."""
        self._y, self._h_n = self._run(training=True)

    def backward(self) -> None:
        """Gradients of everything."""
        self._gru.zero_grad()
        self._dx, self._dh0 = self._gru.backward(self._problem.dy, self._problem.dh_n)

    def results(self) -> dict[str, np.ndarray]:
        """Return the states and gradients of the last step."""
        states = {"y": self._y, "h_n": self._h_n, "dx": self._dx, "dh0": self._dh0}
        return states | self._gru.grads
