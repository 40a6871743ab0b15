from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.evaluation.segments import count_overlaps

CLASSES = "CEH"


def numbers(labels: str) -> np.ndarray:
    return np.array([CLASSES.find(label) for label in labels])


def overlap(true: str, predicted: str) -> tuple[np.ndarray, float]:
    """SOV of each class, and of all."""
    overlaps, totals = count_overlaps(numbers(true), numbers(predicted), 3)
    with np.errstate(invalid="ignore"):
        return overlaps / totals, float(overlaps.sum() / totals.sum())


def stretches(labels: str, label: str) -> list[set[int]]:
    """The places of each segment of one class."""
    runs = [list(run) for _, run in itertools.groupby(range(len(labels)), labels.__getitem__)]
    return [set(run) for run in runs if labels[run[0]] == label]


def slowly(true: str, predicted: str) -> float:
    """The definition as it is written, with sets of places."""
    predicted = "".join("?" if a == "?" else b for a, b in zip(true, predicted, strict=True))
    total, normaliser = 0.0, 0
    for label in CLASSES:
        for first in stretches(true, label):
            others = [second for second in stretches(predicted, label) if first & second]
            for second in others:
                minov, maxov = len(first & second), len(first | second)
                delta = min(maxov - minov, minov, len(first) // 2, len(second) // 2)
                total += (minov + delta) / maxov * len(first)
            normaliser += len(first) * max(1, len(others))
    return total / normaliser


def test_overlap__of_a_helix_in_pieces_is_small() -> None:
    # H: five pairs of 1/10, each by 10 letters, over 50; C: 1 and 1/2, over 2: 6.5 / 52
    by_class, overall = overlap("CHHHHHHHHHHC", "CHCHCHCHCHCC")
    assert overall == pytest.approx(0.125)
    assert by_class[2] == pytest.approx(0.1)
    assert by_class[0] == pytest.approx(0.75)
    assert np.isnan(by_class[1])


def test_overlap__of_a_helix_with_short_ends_is_whole() -> None:
    # H: minov 8, maxov 10, delta min(2, 8, 5, 4) = 2; C: 1 of 2, delta 0, twice
    by_class, overall = overlap("CHHHHHHHHHHC", "CCHHHHHHHHCC")
    assert by_class[2] == pytest.approx(1)
    assert overall == pytest.approx((10 + 0.5 + 0.5) / 12)


labels_of = st.text(alphabet="CEH", min_size=1, max_size=25)


@given(st.data(), labels_of)
def test_overlap__equals_the_definition(data: st.DataObject, predicted: str) -> None:
    size = len(predicted)
    true = data.draw(st.text(alphabet="CEH?", min_size=size, max_size=size))
    if set(true) != {"?"}:
        assert overlap(true, predicted)[1] == pytest.approx(slowly(true, predicted), rel=1e-12)


@given(labels_of)
def test_overlap__of_the_truth_with_itself_is_one(labels: str) -> None:
    assert overlap(labels, labels)[1] == pytest.approx(1)
