from __future__ import annotations

from typing import Any

import pytest

from fastgru.report.standing import MARGIN, advantage, stand, stand_in_words

CASES = [
    ("a is better", 0.9, 0.899, "worse"),
    ("b is better", 0.9, 0.95, "better"),
    ("no difference shown", 0.575, 1.0, "higher"),
    ("no difference shown", 0.9, 0.9 + MARGIN + 1e-9, "higher"),
    ("no difference shown", 0.9, 0.9 + MARGIN - 1e-9, "as good"),
    ("no difference shown", 0.9, 0.9 - MARGIN + 1e-9, "as good"),
    ("no difference shown", 0.9, 0.9 - MARGIN - 1e-9, "unclear"),
    ("unknown", None, None, "unknown"),
]


@pytest.mark.parametrize(("verdict", "score_a", "score_b", "expected"), CASES)
def test_stand__tells_as_good_from_not_known(verdict, score_a, score_b, expected) -> None:
    row: dict[str, Any] = {
        "metric": "roc_auc",
        "verdict": verdict,
        "score_a": score_a,
        "score_b": score_b,
    }
    assert stand(row) == expected
    assert " bigru" in stand_in_words(row, "bigru")


def test_stand__takes_the_smaller_of_bits_and_errors_for_the_better() -> None:
    for metric in ("bits_per_letter", "rmse", "log_loss"):
        row = {"metric": metric, "verdict": "no difference shown", "score_a": 1.8, "score_b": 1.9}
        assert stand(row) == "unclear"
        assert stand({**row, "score_b": 1.7}) == "higher"
        assert stand({**row, "score_b": 1.805}) == "as good"
        assert advantage(metric, 1.7, 1.8) == pytest.approx(0.1)
    assert advantage("r2", 0.7, 0.8) == pytest.approx(-0.1)


def test_stand__has_words_for_each() -> None:
    far = {"metric": "mcc", "verdict": "no difference shown", "score_a": 0.9, "score_b": 0.8}
    assert stand_in_words(far, "bigru") == "not shown to be worse than bigru"
    higher = "higher than bigru, but not shown to be better"
    assert stand_in_words({**far, "score_b": 1.0}, "bigru") == higher
    assert stand_in_words({**far, "score_b": 0.9}, "bigru") == "as good as bigru"
    assert stand_in_words({**far, "verdict": "unknown"}, "it") == "not compared with it"
    assert stand(None) == "unknown"
