from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from fastgru.data import probes
from fastgru.data.alphabets import get_alphabet
from fastgru.data.probes import find_shortcuts, rank_auc
from tests.data.relatives import families

DNA, PROTEIN = get_alphabet("dna"), get_alphabet("protein")


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2))
def test_rank_auc__is_that_of_scikit_learn(rows: list[tuple[int, bool]]) -> None:
    values = np.array([value for value, _ in rows], dtype=float)
    is_positive = np.array([positive for _, positive in rows])
    if is_positive.all() or not is_positive.any():
        return
    assert rank_auc(values, is_positive) == pytest.approx(roc_auc_score(is_positive, values))


def random_sequences(n: int, letters: str = "ACGT", length: int = 30, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    return ["".join(rng.choices(letters, k=length)) for _ in range(n)]


def shortcuts(sequences: list[str], labels: list[str], alphabet=DNA) -> dict[str, tuple]:
    found, _ = find_shortcuts(sequences, labels, alphabet)
    assert [entry["roc_auc"] for entry in found] == sorted(
        (entry["roc_auc"] for entry in found), reverse=True
    )
    return {str(entry["feature"]): (entry["roc_auc"], entry["detail"]) for entry in found}


LABELS = ["x", "y"] * 100


def test_find_shortcuts__finds_nothing_in_noise() -> None:
    found = shortcuts(random_sequences(200), LABELS)
    assert found.keys() == {
        *("length", "GC content", "composition"),
        *("first letters", "last letters", "fixed positions"),
    }
    assert all(0.35 < auc < 0.65 for auc, _ in found.values())
    assert found["length"] == (0.5, "median length: 30 in all classes")
    assert "GC content" not in shortcuts(random_sequences(200, PROTEIN.letters), LABELS, PROTEIN)


def test_find_shortcuts__sees_a_length_in_the_middle() -> None:
    # no threshold on the length separates these: x is neither shorter nor longer
    lengths = [30 if label == "x" else (20, 40)[k // 2 % 2] for k, label in enumerate(LABELS)]
    sequences = [s[:n] for s, n in zip(random_sequences(200, length=40), lengths, strict=True)]
    assert shortcuts(sequences, LABELS)["length"][0] == 1.0


def test_find_shortcuts__sees_composition() -> None:
    rng = random.Random(1)
    weights = {"x": (1, 1, 1, 1), "y": (1, 1, 1, 2)}
    sequences = ["".join(rng.choices("ACGT", weights[label], k=60)) for label in LABELS]
    found = shortcuts(sequences, LABELS)
    assert found["composition"][0] > 0.85
    assert found["composition"][1].startswith("share of T: ")
    assert 0.6 < found["GC content"][0] < found["composition"][0]


@pytest.mark.parametrize(
    ("place", "feature", "where"),
    [(0, "first letters", "at place 1"), (2, "first letters", "at place 3"),
     (-1, "last letters", "at the last place"), (-3, "last letters", "at place 3 from the end"),
     (25, "fixed positions", "at place 26")],
)  # fmt: skip
def test_find_shortcuts__sees_letters_at_places(place: int, feature: str, where: str) -> None:
    sequences = random_sequences(200, length=52)
    for k, label in enumerate(LABELS):
        letters = list(sequences[k])
        letters[place] = "A" if label == "x" else "C"
        sequences[k] = "".join(letters)
    auc, detail = shortcuts(sequences, LABELS)[feature]
    assert auc > 0.99
    assert where in detail
    assert "100.0 % in " in detail


def test_find_shortcuts__are_not_learned_by_heart() -> None:
    # more features than records: in training they would separate anything
    sequences = random_sequences(60, PROTEIN.letters, length=60)
    assert shortcuts(sequences, ["x", "y"] * 30, PROTEIN)["fixed positions"][0] < 0.75


def test_find_shortcuts__handles_classes_ends_and_ambiguity() -> None:
    sequences = ["A", "NN", "ACGTRYN"] * 10
    found = shortcuts(sequences, list("xyz") * 10)
    assert found["length"][0] == 1.0
    assert found["length"][1] == "median length: 7 in z, 1 in x"
    assert find_shortcuts(["AC", "GT", "AA"], ["x", "y", "y"], DNA) == ([], "records")


def test_find_shortcuts__takes_a_part_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    sequences = [s[: 10 + 5 * (k % 2)] for k, s in enumerate(random_sequences(400))]
    monkeypatch.setattr(probes, "_MOST_RECORDS", 100)
    assert shortcuts(sequences, ["x", "y"] * 200)["length"][0] == 1.0


def test_find_shortcuts__keeps_enough_of_a_rare_class() -> None:
    # a share of 10 in 6000 would leave three of them, and folds without any
    sequences = [*random_sequences(5990), *random_sequences(10, length=40, seed=1)]
    found = shortcuts(sequences, ["x"] * 5990 + ["y"] * 10)
    assert all(0 <= auc <= 1 for auc, _ in found.values())
    assert found["fixed positions"][0] == 1.0


def unrelated_families() -> tuple[list[str], list[str], np.ndarray]:
    """60 families labelled one by one: there is nothing to learn but relatives."""
    data = families(PROTEIN, n_families=60, size=12, length=40, share=0.16)
    return data.sequences, data.labels, np.repeat(np.arange(60), 12)


def test_find_shortcuts__takes_the_memory_of_relatives_for_none() -> None:
    sequences, labels, groups = unrelated_families()
    by_record, over = find_shortcuts(sequences, labels, PROTEIN)
    assert (by_record[0]["feature"], over) == ("fixed positions", "records")
    assert by_record[0]["roc_auc"] > 0.99
    by_group, over = find_shortcuts(sequences, labels, PROTEIN, groups=groups)
    assert over == "groups"
    assert all(entry["roc_auc"] < 0.7 for entry in by_group)


def test_find_shortcuts__sees_what_all_groups_share() -> None:
    sequences, labels, groups = unrelated_families()
    sequences = ["MK"["xy".index(y)] + s for s, y in zip(sequences, labels, strict=True)]
    found, _ = find_shortcuts(sequences, labels, PROTEIN, groups=groups)
    assert {entry["feature"]: entry["roc_auc"] for entry in found}["first letters"] > 0.95


def test_find_shortcuts__divides_groups_where_a_class_has_too_few() -> None:
    sequences, labels, _ = unrelated_families()
    groups = np.array([labels.index(label) for label in labels])
    found, over = find_shortcuts(sequences, labels, PROTEIN, groups=groups)
    assert (found, over) == find_shortcuts(sequences, labels, PROTEIN)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)), min_size=40, max_size=60))
def test_find_shortcuts__are_numbers_whatever_the_groups(rows: list[tuple[int, int]]) -> None:
    classes, groups = zip(*rows, strict=True)
    if len(set(classes)) > 1:
        sequences = random_sequences(len(rows), length=5)
        found, _ = find_shortcuts(sequences, list(map(str, classes)), DNA, groups=np.array(groups))
        assert all(0 <= entry["roc_auc"] <= 1 for entry in found)
