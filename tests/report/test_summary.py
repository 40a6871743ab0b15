from __future__ import annotations

from pathlib import Path

import pytest

from fastgru.report.reading import find_experiments
from fastgru.report.summary import summary_rows


@pytest.fixture
def content(experiments: Path) -> dict:
    (found,) = find_experiments([experiments / "splice"])
    # the table goes by the ROC AUC, the made-up comparisons by another score
    rows = [{**row, "metric": "roc_auc"} for row in found.content["comparisons"]]
    return {**found.content, "comparisons": rows}


def verdicts(content: dict) -> dict[str, str]:
    return {row["name"]: row["verdict"] for row in summary_rows([content])}


def test_summary_rows__names_the_best_model_and_how_others_stand(content: dict) -> None:
    found = verdicts(content)
    assert found["bigru"] == "the best model"
    assert found["wide"] == "worse than the best model"
    assert found["onehot_logistic"] == "not applicable"


def test_summary_rows__calls_nothing_the_best_that_nothing_could_choose(content: dict) -> None:
    found = verdicts({**content, "chosen_by": None})
    assert found["bigru"] == "the first of 2 models by name, as not all have a validation loss"
    assert found["wide"] == "worse than bigru"
    assert not any("best" in verdict for verdict in found.values())


def test_summary_rows__calls_the_only_model_the_best(content: dict) -> None:
    alone = [entry for entry in content["contenders"] if entry["name"] != "wide"]
    assert verdicts({**content, "chosen_by": None, "contenders": alone})["bigru"] == (
        "the best model"
    )
