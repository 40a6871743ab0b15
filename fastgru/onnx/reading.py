"""From the inputs of a graph to what the layers read: :mod:`fastgru.models.reading` in ONNX.

::

    letters     Gather of the rows of symbols; those of ambiguity codes are the averages already
    k-mers      Gather of the rows of k-mers; of ambiguous ones alone the products of their shares
                with all rows are put in their places (NonZero, MatMul, ScatterND)
    features    (features - mean) / deviation, Clip, in double precision; then Cast
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastgru.data.letter_features import FeaturedReading
from fastgru.data.series import SeriesScale
from fastgru.layers.series_input import LARGEST
from fastgru.models.architecture import Architecture
from fastgru.models.reading import Reading
from fastgru.onnx.graph import FLOAT, TO_END, Graph, Weights
from fastgru.onnx.steps import Steps, count_steps, is_valid, step_numbers

__all__ = ["Given", "add_reading"]


@dataclass(frozen=True)
class Given:
    """Names of what a network reads.

    Attributes
    ----------
    lengths
        int64 (B,)
    tokens
        int64 (B, T); None for series.
    features
        double (B, T, F); None for letters alone.
    """

    lengths: str
    tokens: str | None = None
    features: str | None = None


def add_reading(
    graph: Graph, sizes: Architecture, reading: Reading, weights: Weights, given: Given
) -> Steps:
    """Add what stands before all layers.

    Parameters
    ----------
    graph, sizes, reading
    weights
        float32, by name.
    given
    """
    if isinstance(reading, SeriesScale):
        assert given.features is not None
        return _add_series(graph, reading, given.features, given.lengths, timed=sizes.time_decay)
    mixture = reading.mixture if isinstance(reading, FeaturedReading) else reading
    assert given.tokens is not None
    add_letters = _add_letters if sizes.kmer_size == 1 else _add_kmers
    found = add_letters(graph, sizes, mixture, weights, given)
    if sizes.n_positions:
        found = _add_positions(graph, weights["embedding.positions"], found)
    if isinstance(reading, FeaturedReading):
        assert given.features is not None
        x = _standardise(graph, reading.scale, given.features)
        return Steps(graph.add("Concat", found.values, x, axis=2), found.lengths)
    return found


def _add_letters(
    graph: Graph, sizes: Architecture, mixture: np.ndarray, weights: Weights, given: Given
) -> Steps:
    assert given.tokens is not None
    table = mixture.astype(np.float32) @ weights["embedding.letters"]
    symbols = graph.constant("embedding.symbols", table)
    return Steps(graph.add("Gather", symbols, given.tokens), given.lengths)


def _add_kmers(
    graph: Graph, sizes: Architecture, mixture: np.ndarray, weights: Weights, given: Given
) -> Steps:
    assert given.tokens is not None
    n_kmers = _count_kmers(graph, sizes, count_steps(graph, given.tokens))
    lengths = _count_kmers(graph, sizes, given.lengths)
    starts = graph.add("Mul", step_numbers(graph, n_kmers), np.int64(sizes.kmer_stride))
    columns = [
        graph.add("Gather", given.tokens, graph.add("Add", starts, np.int64(k)), axis=1)
        for k in range(sizes.kmer_size)
    ]
    row, others = columns[0], _is_ambiguous(graph, sizes, columns[0])
    for column in columns[1:]:
        row = graph.add("Add", graph.add("Mul", row, np.int64(sizes.n_letters)), column)
        others = graph.add("Or", others, _is_ambiguous(graph, sizes, column))
    table = graph.constant("embedding.kmers", weights["embedding.letters"])
    embedded = graph.add("Gather", table, graph.add("Where", others, np.int64(0), row))
    there = graph.add("And", others, is_valid(graph, n_kmers, lengths, axis=None))
    places = graph.add("Transpose", graph.add("NonZero", there), perm=[1, 0])
    shares = graph.constant("embedding.shares", mixture.astype(np.float32))
    products = graph.add("Gather", shares, graph.add("GatherND", columns[0], places))
    for k, column in enumerate(columns[1:], start=2):
        own = graph.add("Gather", shares, graph.add("GatherND", column, places))
        outer = [(products, [2]), (own, [1])]
        pairs = graph.add(
            "Mul", *(graph.add("Unsqueeze", one, np.array(axes)) for one, axes in outer)
        )
        products = graph.add("Reshape", pairs, np.array([-1, sizes.n_letters**k]))
    averages = graph.add("MatMul", products, table)
    return Steps(graph.add("ScatterND", embedded, places, averages), lengths)


def _count_kmers(graph: Graph, sizes: Architecture, n_letters: str) -> str:
    more = graph.add("Add", n_letters, np.int64(sizes.kmer_stride - sizes.kmer_size))
    # below zero for sequences shorter than one k-mer
    return graph.add("Max", graph.add("Div", more, np.int64(sizes.kmer_stride)), np.int64(0))


def _is_ambiguous(graph: Graph, sizes: Architecture, symbols: str) -> str:
    return graph.add("GreaterOrEqual", symbols, np.int64(sizes.n_letters))


def _add_positions(graph: Graph, table: np.ndarray, steps: Steps) -> Steps:
    numbers = step_numbers(graph, count_steps(graph, steps.values))
    # padding may reach past the last position that there is; where a sequence does, Gather fails
    longest = graph.add("ReduceMax", steps.lengths, keepdims=0)
    used = graph.add("Where", graph.add("Less", numbers, longest), numbers, np.int64(0))
    rows = graph.add("Gather", graph.constant("embedding.positions", table), used)
    return Steps(graph.add("Add", steps.values, rows), steps.lengths)


def _standardise(graph: Graph, scale: SeriesScale, features: str) -> str:
    centred = graph.add("Sub", features, scale.mean)
    within = graph.add(
        *("Clip", graph.add("Div", centred, scale.deviation)),
        *(np.float64(-LARGEST), np.float64(LARGEST)),
    )
    return graph.add("Cast", within, to=FLOAT)


def _add_series(
    graph: Graph, scale: SeriesScale, features: str, lengths: str, *, timed: bool
) -> Steps:
    if not timed:
        return Steps(_standardise(graph, scale, features), lengths)
    first, others = (_columns(graph, features, *ends) for ends in ((0, 1), (1, TO_END)))
    before = graph.add("Concat", _rows(graph, first, 0, 1), _rows(graph, first, 0, -1), axis=1)
    gaps = graph.add("Sub", first, before)
    joined = graph.add("Concat", gaps, others, axis=2)
    in_units = graph.add("Div", gaps, np.float64(scale.mean[0] or 1.0))
    limited = graph.add("Min", in_units, np.float64(np.finfo(np.float32).max))
    of_steps = graph.add("Cast", graph.add("Squeeze", limited, np.array([2])), to=FLOAT)
    valid = is_valid(graph, count_steps(graph, features), lengths, axis=None)
    kept = graph.add("Where", valid, of_steps, np.float32(0))
    return Steps(_standardise(graph, scale, joined), lengths, kept)


def _columns(graph: Graph, values: str, start: int, end: int) -> str:
    return graph.add("Slice", values, np.array([start]), np.array([end]), np.array([2]))


def _rows(graph: Graph, values: str, start: int, end: int) -> str:
    return graph.add("Slice", values, np.array([start]), np.array([end]), np.array([1]))
