from __future__ import annotations

import pytest

from fastgru.report import wording


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (wording.count(3190), "3,190"),
        (wording.counted(1, "model"), "1 model"),
        (wording.counted(2600, "record"), "2,600 records"),
        (wording.percent(0.96245), "96.2 %"),
        (wording.interval([0.9411, 0.9749]), "94.1 to 97.5 %"),
        (wording.score(0.99), "0.990"),
        (wording.measure(0.5, "accuracy"), "50.0 %"),
        (wording.measure(0.5, "mcc"), "0.500"),
        (wording.span([0.25, 0.75], "balanced_accuracy"), "25.0 to 75.0 %"),
        (wording.span([0.25, 0.75], "roc_auc"), "0.250 to 0.750"),
        (wording.p_value(0.0213), "p = 0.021"),
        (wording.p_value(0.0001), "p < 0.001"),
        (wording.p_value(None), "p unknown"),
        (wording.listed(["a"]), "a"),
        (wording.listed(["a", "b", "c"]), "a, b and c"),
        (wording.goal("youden"), "highest sensitivity plus specificity"),
        (wording.goal("mcc"), "highest MCC"),
        (wording.goal("fpr_0.05"), "false-positive rate of at most 5 %"),
        (wording.goal("precision_0.9"), "precision of at least 90 %"),
        (wording.option(["last", "max"]), "last, max"),
        (wording.option(True), "yes"),
        (wording.option(None), "none"),
        (wording.option(0.003), "0.003"),
        (wording.sentence("one copy is used"), "One copy is used."),
        (wording.sentence("Ends already."), "Ends already."),
    ],
)
def test_wording__is_what_the_page_says(actual, expected):
    assert actual.replace("\N{NO-BREAK SPACE}", " ") == expected


@pytest.mark.parametrize("write", [wording.count, wording.percent, wording.interval, wording.score])
def test_wording__marks_a_missing_number(write):
    assert write(None) == "\N{EN DASH}"


def test_wording__marks_a_missing_score_of_any_metric():
    for metric in wording.LABELS:
        assert wording.measure(None, metric) == "\N{EN DASH}"
        assert wording.span(None, metric) == "\N{EN DASH}"
