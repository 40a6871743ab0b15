"""What a network reads its input by, and what reads it: letters, series, or both at once."""

from __future__ import annotations

import numpy as np

from fastgru.data.alphabets import is_any_letter
from fastgru.data.letter_features import FeaturedReading
from fastgru.data.series import SeriesScale
from fastgru.layers.embedding import Embedding
from fastgru.layers.featured_embedding import FeaturedEmbedding
from fastgru.layers.kmers import KmerReader
from fastgru.layers.series_input import SeriesInput
from fastgru.models.architecture import Architecture

__all__ = ["Reader", "Reading", "new_reader", "unknown_symbol"]

Reading = np.ndarray | SeriesScale | FeaturedReading
"""The letters of each symbol, the scale of the features of series, or both."""

Reader = Embedding | SeriesInput | FeaturedEmbedding


def new_reader(
    sizes: Architecture, reading: Reading, dtype: np.dtype, rng: np.random.Generator
) -> Reader:
    """Return what stands before all layers.

    Parameters
    ----------
    sizes
    reading
    dtype
        Of the layers.
    rng
        Source of the initial embedding.
    """
    if isinstance(reading, SeriesScale):
        return SeriesInput(reading.mean, reading.deviation, dtype, timed=sizes.time_decay)
    mixture = reading.mixture if isinstance(reading, FeaturedReading) else reading
    letters = Embedding(
        KmerReader(mixture.astype(dtype), sizes.kmer_size, sizes.kmer_stride),
        *(sizes.n_rows, sizes.n_positions, sizes.embedding_size),
        rng=rng,
    )
    if not isinstance(reading, FeaturedReading):
        return letters
    scale = reading.scale
    return FeaturedEmbedding(letters, SeriesInput(scale.mean, scale.deviation, dtype))


def unknown_symbol(reading: Reading) -> int:
    """Return the symbol that may be any letter: N of nucleotides, X of amino acids.

    Parameters
    ----------
    reading
        Of letters, with features or without.
    """
    assert not isinstance(reading, SeriesScale)
    mixture = reading.mixture if isinstance(reading, FeaturedReading) else reading
    return int(np.flatnonzero(is_any_letter(mixture))[0])
