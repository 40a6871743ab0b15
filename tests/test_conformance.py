"""The page of conformance says what was counted."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.conformance import is_table_of, outcome_of, page_of, table_of

COUNTS = {
    ("ONNX", "GRU", "clip"): Counter(passed=2, failed=1),
    ("ONNX", "GRU", "layout"): Counter(refused=1),
    ("Keras", "LSTM", "use_bias"): Counter(passed=3),
}


def test_table__has_a_row_for_each_attribute_and_their_sum() -> None:
    assert table_of(COUNTS).splitlines() == [
        "",
        "| | passed | failed | refused |",
        "|---|---|---|---|",
        "| Keras | 3 | 0 | 0 |",
        "| ONNX | 2 | 1 | 1 |",
        "",
        "## Keras",
        "",
        "| operator | attribute | passed | failed | refused |",
        "|---|---|---|---|---|",
        "| LSTM | use_bias | 3 | 0 | 0 |",
        "",
        "## ONNX",
        "",
        "| operator | attribute | passed | failed | refused |",
        "|---|---|---|---|---|",
        "| GRU | clip | 2 | 1 | 0 |",
        "| GRU | layout | 0 | 0 | 1 |",
    ]


@pytest.mark.parametrize(
    ("marks", "passed", "expected"),
    [
        ([{}], True, "passed"),
        ([{}, {"refused": True}], True, "refused"),
        ([{"refused": True}], False, "failed"),
    ],
)
def test_outcome__is_that_of_the_test(marks: list[dict], passed: bool, expected: str) -> None:
    assert outcome_of(marks, passed) == expected


def test_page__holds_its_table_whatever_the_versions() -> None:
    page = page_of(COUNTS)
    assert is_table_of(page, COUNTS)
    assert is_table_of(page.replace("Made with ", "Made with another 1.0, "), COUNTS)
    assert not is_table_of(page.replace("| clip | 2 |", "| clip | 3 |"), COUNTS)
    assert not is_table_of(page, COUNTS | {("NumPy", "add", "-"): Counter(passed=1)})
