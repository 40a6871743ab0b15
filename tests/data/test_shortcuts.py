from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from fastgru.data.alphabets import get_alphabet
from fastgru.data.composition import count_symbols
from fastgru.data.shortcuts import balanced_accuracy_of_letter, find_shortcuts, rank_auc

DNA = get_alphabet("dna")


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2))
def test_rank_auc__is_that_of_scikit_learn(rows: list[tuple[int, bool]]) -> None:
    values = np.array([value for value, _ in rows], dtype=float)
    is_positive = np.array([positive for _, positive in rows])
    if is_positive.all() or not is_positive.any():
        return
    assert rank_auc(values, is_positive) == pytest.approx(roc_auc_score(is_positive, values))


def test_balanced_accuracy_of_letter__by_hand() -> None:
    # Class 0: three of four begin with letter 0; class 1: one of two.
    letters = np.array([0, 0, 0, 1, 0, 1])
    codes = np.array([0, 0, 0, 0, 1, 1])
    assert balanced_accuracy_of_letter(letters, codes) == pytest.approx((3 / 4 + 1 / 2) / 2)


def shortcuts(sequences: list[str], labels: list[str]) -> dict[str, dict[str, object]]:
    found = find_shortcuts(sequences, labels, count_symbols(sequences, DNA), DNA)
    return {str(entry["feature"]): entry for entry in found}


def test_find_shortcuts__sees_length_composition_and_ends() -> None:
    found = shortcuts(["ACG", "ACT", "AA", "TTTTA", "TTTGAA", "TTTTTC"], list("xxxyyy"))
    assert found["length"] == {
        "feature": "length",
        "class": "x",
        "higher": False,
        "roc_auc": 1.0,
    }
    assert found["share of T"]["roc_auc"] == 1.0
    assert found["GC content"]["roc_auc"] > 0.7
    assert found["first letter"]["balanced_accuracy"] == 1.0
    assert found["last letter"]["balanced_accuracy"] < 1.0


def test_find_shortcuts__puts_the_most_telling_first() -> None:
    found = shortcuts(["AA", "AC", "AG", "CA", "CC", "CG"], list("xxxyyy"))
    assert next(iter(found)) == "first letter"
    assert found["length"]["roc_auc"] == 0.5
