"""Vectors that begin with what is known; passes are tested with the networks."""

from __future__ import annotations

import numpy as np
import pytest

from fastgru.layers.embedding import Embedding
from fastgru.layers.featured_embedding import FeaturedEmbedding
from fastgru.layers.kmers import KmerReader
from fastgru.layers.series_input import SeriesInput

KNOWN = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0], [7.0, 8.0, 9.0]])


def new_embedding(n_positions: int, size: int) -> Embedding:
    reader = KmerReader(np.eye(3, dtype=np.float32), 1, 1)
    return Embedding(reader, 3, n_positions, size, rng=np.random.default_rng(0))


@pytest.mark.parametrize(("n_positions", "scale"), [(0, 1.0), (7, 0.5**0.5)])
@pytest.mark.parametrize("size", [2, 3, 5])
def test_begin_with__sets_the_first_features_as_large_as_random_ones(
    n_positions: int, scale: float, size: int
) -> None:
    embedding, untouched = new_embedding(n_positions, size), new_embedding(n_positions, size)
    embedding.begin_with(KNOWN)
    letters = embedding.parameters["letters"]
    np.testing.assert_allclose(letters[:, :3], scale * KNOWN[:, :size])
    np.testing.assert_array_equal(letters[:, 3:], untouched.parameters["letters"][:, 3:])
    if n_positions:
        positions = untouched.parameters["positions"]
        np.testing.assert_array_equal(embedding.parameters["positions"], positions)


def test_begin_with__is_about_the_letters_of_those_with_features() -> None:
    letters = new_embedding(0, 4)
    features = SeriesInput(np.zeros(2), np.ones(2), np.dtype(np.float32))
    FeaturedEmbedding(letters, features).begin_with(KNOWN)
    np.testing.assert_array_equal(letters.parameters["letters"][:, :3], KNOWN)
