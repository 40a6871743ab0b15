"""The steps of a ragged batch in an ONNX graph, and which of them are past a sequence's end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastgru.onnx.graph import Graph

__all__ = ["Steps", "at_steps", "count_steps", "is_valid", "step_numbers"]


@dataclass(frozen=True)
class Steps:
    """Names of what is known of the steps of a batch.

    Attributes
    ----------
    values
        float (B, T, C), anything past a sequence's end.
    lengths
        int64 (B,)
    gaps
        float (B, T), the time before each step, zero past a sequence's end; None for none.
    """

    values: str
    lengths: str
    gaps: str | None = None


def count_steps(graph: Graph, values: str, axis: int = 1) -> str:
    """Return the size of an axis, int64 ().

    Parameters
    ----------
    graph, values
    axis
        That of the steps by default.
    """
    return graph.add("Gather", graph.add("Shape", values), np.int64(axis))


def step_numbers(graph: Graph, n_steps: str) -> str:
    """Return 0 to T - 1, int64 (T,)."""
    return graph.add("Range", np.int64(0), n_steps, np.int64(1))


def is_valid(graph: Graph, n_steps: str, lengths: str, *, axis: int | None = 2) -> str:
    """Return whether a sequence has a step, bool (B, T, 1).

    Parameters
    ----------
    graph
    n_steps
        T, int64 ().
    lengths
        int64 (B,)
    axis
        That of size 1; None for none.
    """
    ends = graph.add("Unsqueeze", lengths, np.array([1]))
    valid = graph.add("Less", step_numbers(graph, n_steps), ends)
    return valid if axis is None else graph.add("Unsqueeze", valid, np.array([axis]))


def at_steps(graph: Graph, values: str, places: str) -> str:
    """Return one step of each sequence, (B, C).

    Parameters
    ----------
    graph
    values
        (B, T, C)
    places
        int64 (B,), numbers of the steps.
    """
    numbers = graph.add("Unsqueeze", places, np.array([1]))
    return graph.add("GatherND", values, numbers, batch_dims=1)
