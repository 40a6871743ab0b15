from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data.length_bands import length_bands

LENGTHS = st.lists(st.integers(1, 300), max_size=40)


def bands_of(queries: list[int], targets: list[int], coverage: float, **options: int):
    options = {"fewest_letters": 100, "longest_whole": 1 << 31} | options
    lengths = (np.array(queries, np.int64), np.array(targets, np.int64))
    return length_bands(*lengths, coverage, **options)


@given(LENGTHS, LENGTHS, st.sampled_from([0.0, 0.5, 0.8, 1.0]), st.sampled_from([250, 1 << 31]))
def test_length_bands__bring_together_whatever_can_be_covered(
    queries: list[int], targets: list[int], coverage: float, longest_whole: int
) -> None:
    bands = bands_of(queries, targets, coverage, longest_whole=longest_whole)
    together = [
        (query, target)
        for band in bands
        for query in band.queries.tolist()
        for target in band.targets.tolist()
    ]
    assert len(together) == len(set(together))
    for q, query in enumerate(queries):
        for t, target in enumerate(targets):
            coverable = min(query, target) / max(query, target) >= coverage
            if coverable or max(query, target) > longest_whole:
                assert (q, t) in set(together)


@given(LENGTHS, LENGTHS)
def test_length_bands__say_what_is_in_them(queries: list[int], targets: list[int]) -> None:
    for band in bands_of(queries, targets, 0.8):
        lengths = [queries[k] for k in band.queries], [targets[k] for k in band.targets]
        assert band.shortest == min(lengths[0])
        assert band.cells == sum(lengths[0]) * sum(lengths[1])
        assert all((np.diff(places) > 0).all() for places in band[:2])


def test_length_bands__leave_out_what_is_too_short_or_too_long() -> None:
    bands = bands_of([100] * 2 + [1000] * 2, [50, 90, 110, 900, 5000], 0.8)
    found = [(band.queries.tolist(), band.targets.tolist()) for band in bands]
    assert found == [([0, 1], [1, 2]), ([2], [3]), ([3], [3])]
    assert bands_of([100], [1000], 0.8) == []


@pytest.mark.parametrize(("fewest", "n_bands"), [(1, 16), (1000, 10), (10_000, 1), (20_000, 1)])
def test_length_bands__are_few(fewest: int, n_bands: int) -> None:
    bands = bands_of([10] * 1000, [10], 0.8, fewest_letters=fewest)
    assert len(bands) == n_bands
