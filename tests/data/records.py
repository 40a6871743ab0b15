"""Labelled records that the tests of splits divide."""

from __future__ import annotations

import numpy as np

from fastgru.data.labelled import LabelledSequences


def labelled(labels: list[str], **columns: list[str]) -> LabelledSequences:
    places = range(len(labels))
    sequences = [
        np.base_repr(place, 4).translate(str.maketrans("0123", "ACGT")) for place in places
    ]
    data = LabelledSequences([f"r{place}" for place in places], sequences, labels)
    for name, values in columns.items():
        setattr(data, name, values)
    return data
