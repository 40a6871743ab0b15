from __future__ import annotations

import pytest

from fastgru.estimators.baseline_classifier import _MAKERS
from fastgru.estimators.baselines import BASELINES, why_not_applicable


def test_baselines__are_all_made() -> None:
    assert list(BASELINES) == list(_MAKERS)


def test_why_not_applicable__asks_for_one_length() -> None:
    reason = "sequences have 3 different lengths (2 to 9 letters), expected one"
    assert why_not_applicable("onehot_logistic", [9, 2, 5, 2]) == reason
    assert why_not_applicable("onehot_logistic", [5, 5]) is None


@pytest.mark.parametrize("name", sorted(BASELINES.keys() - {"onehot_logistic"}))
def test_why_not_applicable__has_no_other_conditions(name: str) -> None:
    assert why_not_applicable(name, [1, 2, 3]) is None
