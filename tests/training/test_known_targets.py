from __future__ import annotations

import numpy as np
import pytest

from fastgru.training.known_targets import known_shares

TARGETS = np.array([[1.0, np.nan], [2.0, 3.0]])


def test_known_shares__leave_out_what_is_missing() -> None:
    np.testing.assert_array_equal(
        known_shares(TARGETS, np.array([2.0, 1.0])), [[0.5, 0.0], [0.25, 0.25]]
    )


def test_known_shares__take_weights_of_targets() -> None:
    weights = np.array([[1.0, 9.0], [2.0, 1.0]])
    np.testing.assert_array_equal(known_shares(TARGETS, weights), [[0.25, 0.0], [0.5, 0.25]])


@pytest.mark.parametrize(
    ("targets", "weights"), [([[np.nan]], [1.0]), ([[1.0]], [0.0]), (np.empty((0, 2)), [])]
)
def test_known_shares__are_zero_where_nothing_counts(targets, weights) -> None:
    shares = known_shares(np.array(targets), np.array(weights))
    np.testing.assert_array_equal(shares, np.zeros_like(shares))
