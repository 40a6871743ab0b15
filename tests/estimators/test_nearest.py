from __future__ import annotations

import numpy as np
import pytest

from fastgru.data.alphabets import get_alphabet
from fastgru.estimators.nearest import NearestSequence
from tests.data.relatives import families

PROTEIN = get_alphabet("protein")


def encoded(sequences: list[str]) -> list[np.ndarray]:
    return [PROTEIN.encode(letters) for letters in sequences]


def test_nearest__gives_the_class_of_the_best_alignment() -> None:
    data = families(PROTEIN, n_families=10, size=3, length=40)
    targets = np.array([k // 3 % 2 for k in range(30)])
    train = [k for k in range(30) if k % 3]
    model = NearestSequence("protein").fit(
        encoded([data.sequences[k] for k in train]), targets[train]
    )
    queries = encoded([data.sequences[k] for k in range(0, 30, 3)])
    nearest, identity = model.find_nearest(queries)
    assert [train[k] // 3 for k in nearest] == list(range(10))
    assert (identity > 0.75).all()
    proba = model.predict_proba(queries)
    assert proba.argmax(axis=1).tolist() == targets[::3].tolist()
    assert proba.sum(axis=1) == pytest.approx(np.ones(10))
    assert proba.max(axis=1) == pytest.approx(identity + (1 - identity) / 2)


def test_nearest__of_a_stranger_is_the_shares_in_training() -> None:
    data = families(PROTEIN, n_families=4, size=1, length=40)
    model = NearestSequence("protein").fit(encoded(data.sequences), np.array([0, 1, 1, 1]))
    strangers = encoded(["ACDEFGHIKLMNPQRSTVWY"])
    nearest, identity = model.find_nearest(strangers)
    assert (nearest.tolist(), identity.tolist()) == ([-1], [0.0])
    assert model.predict_proba(strangers).tolist() == [[0.25, 0.75]]


def test_nearest__prefers_the_better_of_two() -> None:
    parent = "MKVLAAGIVGLLLAQPSFAADTEWYHNRKC"
    close, far = parent[:-1] + "A", parent[:20] + "GGGGGGGGGG"
    model = NearestSequence("protein").fit(encoded([far, close]), np.array([0, 1]))
    nearest, identity = model.find_nearest(encoded([parent]))
    assert nearest.tolist() == [1]
    assert identity[0] > 0.95
