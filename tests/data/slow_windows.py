"""Slow, obvious versions of windows, tracks and calls: letter by letter."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fastgru.data.windows import WindowRows

Row = tuple[str, int, int, str, tuple[float, ...]]


def slow_windows(length: int, window: int, step: int) -> list[tuple[int, int]]:
    if length <= window:
        return [(0, length)]
    found, start = [], 0
    while start + window < length:
        found.append((start, start + window))
        start += step
    return [*found, (length - window, length)]


def share_a_letter(window: tuple[int, int], regions: Iterable[tuple[int, int]]) -> bool:
    return any(set(range(*window)) & set(range(*region)) for region in regions)


def as_rows(rows: list[Row]) -> WindowRows:
    """Rows of one sequence as the arrays that the package hands on."""
    (chrom,) = {row[0] for row in rows}
    return WindowRows(
        chrom,
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.int64),
        np.array([row[3] for row in rows]),
        np.array([row[4] for row in rows], np.float64),
    )


def as_list(rows: WindowRows) -> list[Row]:
    columns = (rows.starts.tolist(), rows.ends.tolist(), rows.strands.tolist())
    values = map(tuple, rows.values.tolist())
    return [
        (rows.chrom, *place, value)
        for *place, value in zip(*columns, values, strict=True)  # type: ignore[misc]
    ]


def score_of_letters(rows: list[Row], chrom: str, strand: str, column: int) -> dict[int, float]:
    """Of each letter that a window covers the score of the nearest centre, of two the later."""
    own = [row for row in rows if (row[0], row[3]) == (chrom, strand)]
    scores = {}
    for place in range(max((row[2] for row in own), default=0)):
        covering = [row for row in own if row[1] <= place < row[2]]
        if covering:
            nearest = min(covering, key=lambda row: (abs(row[1] + row[2] - 2 * place - 1), -row[1]))
            scores[place] = nearest[4][column]
    return scores


def slow_intervals(rows: list[Row], strand: str, column: int) -> list[tuple[str, int, int, float]]:
    found: list[tuple[str, int, int, float]] = []
    for chrom in dict.fromkeys(row[0] for row in rows):
        for place, score in score_of_letters(rows, chrom, strand, column).items():
            if found and found[-1][0] == chrom and found[-1][2:] == (place, score):
                found[-1] = *found[-1][:2], place + 1, score
            else:
                found.append((chrom, place, place + 1, score))
    return found


def slow_calls(
    rows: list[Row], columns: list[int], high: float, low: float
) -> list[tuple[str, int, int, int, str, float]]:
    """Chrom, start, end, column, strand and largest score of each call."""
    calls = []
    for chrom in dict.fromkeys(row[0] for row in rows):
        own = []
        for column in columns:
            for strand in "+-.":
                scores = score_of_letters(rows, chrom, strand, column)
                run: list[int] = []
                for place in [*sorted(scores), 10**9]:
                    enough = scores.get(place, -1.0) >= low
                    if run and (not enough or place != run[-1] + 1):
                        best = max(scores[inside] for inside in run)
                        if best >= high:
                            own.append((chrom, run[0], run[-1] + 1, column, strand, best))
                        run = []
                    if enough:
                        run.append(place)
        calls += sorted(own, key=lambda call: (*call[1:4], "+-.".index(call[4])))
    return calls
