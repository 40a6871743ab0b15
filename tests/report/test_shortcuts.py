from __future__ import annotations

import pytest

from fastgru.report.answer_tables import answer_table, shortcut_table
from fastgru.report.shortcuts import explain_shortcuts
from tests.report.task_files import ANSWERS

BEST = {
    "pooled": {"roc_auc": 0.9, "pearson": 0.8},
    "intervals": {"roc_auc": [0.8, 0.95], "pearson": [0.7, 0.9]},
    "parts": {
        "first": {"metrics": {"pearson": 0.5}, "intervals": {"pearson": [0.4, 0.6]}},
        "second": {"metrics": {"pearson": 0.1}, "intervals": {"pearson": [-0.1, 0.3]}},
    },
}


def test_explain_shortcuts__measures_the_way_from_chance_to_the_model() -> None:
    audit = {
        "shortcuts": [{"feature": "length", "roc_auc": 0.7}],
        "target_shortcuts": [
            {"feature": "length", "target": "first", "pearson": 0.25},
            {"feature": "length", "target": "second", "pearson": 0.25},
            {"feature": "length", "target": "alone", "pearson": 0.4},
        ],
    }
    found = explain_shortcuts(audit, BEST)
    assert found["shortcuts"][0]["share"] == pytest.approx(0.5)
    shares = [entry["share"] for entry in found["target_shortcuts"]]
    # the second target is not shown to be above chance; one target alone has no parts
    assert shares == [pytest.approx(0.5), None, pytest.approx(0.5)]
    assert explain_shortcuts({}, BEST) == {"shortcuts": [], "target_shortcuts": []}


def test_shortcut_table__begins_with_what_tells_most() -> None:
    entries = [
        {**entry, "share": share}
        for entry, share in zip(
            ANSWERS["multilabel"]["target_shortcuts"][::-1], (0.1, 1.2), strict=True
        )
    ]
    table = shortcut_table({"target_shortcuts": entries})
    assert table.columns[:3] == ["Target", "Feature alone", "ROC AUC"]
    assert [row[:4] for row in table.rows] == [
        ["first", "length", "0.970", "more than the model"],
        ["second", "length", "0.520", "10.0\N{NO-BREAK SPACE}%"],
    ]
    assert shortcut_table({}) is None


@pytest.mark.parametrize(
    ("task", "caption", "first"),
    [
        ("regression", "Targets", ["first", "80", "0", "0.5", "4.25", "9"]),
        ("multilabel", "Labels", ["first", "80", "2", "31"]),
        ("tagging", "Letters by label", ["C", "700", "70.0\N{NO-BREAK SPACE}%"]),
        ("translation", "Translations", ["letters of a translation", "4", "8.5", "12"]),
    ],
)
def test_answer_table__describes_what_is_to_be_learned(task, caption, first) -> None:
    table = answer_table(ANSWERS[task])
    assert (table.caption, table.rows[0]) == (caption, first)
    assert all(len(row) == len(table.columns) for row in table.rows)


def test_answer_table__has_nothing_to_say_of_classes_or_language() -> None:
    assert answer_table(ANSWERS["language_model"]) is None
