from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import cross_val_score

from fastgru import HomologyGroupKFold
from fastgru.data.alphabets import get_alphabet
from fastgru.data.homology import Threshold, pairs_across
from fastgru.errors import AlphabetError, ConfigurationError, LabelError
from tests.data.relatives import collected, families

PROTEIN = get_alphabet("protein")
DATA = families(PROTEIN, n_families=24, size=3, length=50)


def test_split__leaves_no_pair_across_folds() -> None:
    folds = HomologyGroupKFold(4, alphabet="protein")
    tested: list[int] = []
    for train, test in folds.split(DATA.sequences, DATA.labels):
        assert sorted([*train, *test]) == list(range(72))
        parts = np.full(72, "train")
        parts[test] = "test"
        hits = collected(pairs_across(DATA.sequences, parts.tolist(), PROTEIN, Threshold(0.4)))
        assert len(hits.query) == 0
        assert Counter(DATA.labels[k] for k in test) == {"x": 9, "y": 9}
        tested += test.tolist()
    assert sorted(tested) == list(range(72))
    assert folds.get_n_splits() == 4


def test_split__obeys_seed_groups_and_labels_of_any_kind() -> None:
    def tests(seed: int = 0, groups: Any = None, labels: Any = None) -> list[list[int]]:
        folds = HomologyGroupKFold(3, alphabet="protein", random_state=seed)
        return [test.tolist() for _, test in folds.split(DATA.sequences, labels, groups)]

    numbers = [int(label == "y") for label in DATA.labels]
    assert tests(labels=numbers) == tests(labels=DATA.labels) != tests(1, labels=DATA.labels)
    pairs = [k // 6 for k in range(72)]  # two families each
    for test in tests(groups=pairs):
        counts = Counter(pairs[k] for k in test)
        assert set(counts.values()) == {6}


def test_split__reads_sequences_as_the_classifier_does() -> None:
    folds = HomologyGroupKFold(2, alphabet="dna")
    dna = ["ACGTTGCAAC" * 5, "acgttgcaac" * 5, "TTTGGGAAAC" * 5, "CCAGATAGGC" * 5]
    for train, test in folds.split(dna):
        assert {0, 1} <= set(train) or {0, 1} <= set(test)


def test_split__serves_scikit_learn() -> None:
    folds = clone_of(HomologyGroupKFold(3, alphabet="protein", threads=1))
    scores = cross_val_score(DummyClassifier(), np.array(DATA.sequences), DATA.labels, cv=folds)
    assert scores.tolist() == [0.5, 0.5, 0.5]


def clone_of(folds: HomologyGroupKFold) -> HomologyGroupKFold:
    assert "identity=None" in repr(folds)
    copy: HomologyGroupKFold = clone(folds, safe=False)
    return copy


@pytest.mark.parametrize(
    ("options", "sequences", "error", "message"),
    [
        ({"n_splits": 1}, ["ACD", "EFG"], ConfigurationError, "n_splits must be at least 2 and"),
        ({"n_splits": 3}, ["ACD", "EFG"], ConfigurationError, "at most the 2 sequences, got 3"),
        ({"identity": 1.5}, ["ACD", "EFG"] * 3, ConfigurationError, "identity must be a number"),
        ({"identity": 0}, ["ACD", "EFG"], ConfigurationError, "identity must be a number above 0"),
        ({"coverage": 0.0}, ["ACD", "EFG"], ConfigurationError, "coverage must be a number above"),
        ({}, ["AC", "E1"], AlphabetError, "sequence 1: "),
        ({}, ["AC"] * 9, LabelError, "too few groups to split into 2 folds: class 'all'"),
    ],
)
def test_split__refuses_what_it_cannot_divide(
    options: dict[str, Any], sequences: list[str], error: type[Exception], message: str
) -> None:
    folds = HomologyGroupKFold(**{"n_splits": 2, "alphabet": "protein", **options})
    with pytest.raises(error, match=message):
        next(folds.split(sequences))
