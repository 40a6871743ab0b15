from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fastgru.report.bands import scores_by_identity, scores_by_length
from fastgru.report.scored_runs import ScoredRun
from tests.evaluation.scored import make_predictions


def run(n: int = 80, **measures: list[float]) -> ScoredRun:
    predictions = make_predictions(1, n_records=n)
    return ScoredRun(Path("a"), 10, 0, [f"r{k}" for k in range(n)], None, predictions, measures)


def test_scores_by_identity__divides_the_records() -> None:
    identity = [0.0, 0.29, 0.3, 0.5, 0.89, 0.9, 1.0, 0.95] * 10
    plain = run()
    bands = scores_by_identity({"bigru": plain, "nearest": run(identity=identity)})
    assert [(band["name"], band["n"]) for band in bands] == [
        ("below 30 %", 20), ("30 to 50 %", 10), ("50 to 90 %", 20), ("above 90 %", 30)
    ]  # fmt: skip
    inside = np.array(identity) >= 0.9
    expected = roc_auc_score(
        plain.predictions.true[inside] == 1, plain.predictions.proba[inside, 1]
    )
    assert bands[3]["metrics"]["bigru"]["roc_auc"] == pytest.approx(expected)
    assert scores_by_identity({"bigru": plain}) == []


def test_scores_by_identity__of_a_record_that_is_tested_twice_has_each() -> None:
    # forty records, tested in two repeats with other training sequences
    ids = [f"r{k % 40}" for k in range(80)]
    identity = [0.1 if k < 40 else 0.95 for k in range(80)]
    plain, nearest = replace(run(), ids=ids), replace(run(identity=identity), ids=ids)
    bands = scores_by_identity({"bigru": plain, "nearest": nearest})
    assert [band["n"] for band in bands] == [40, 0, 0, 40]
    for band, half in ((bands[0], slice(40)), (bands[3], slice(40, 80))):
        right = (plain.predictions.true == plain.predictions.predicted)[half]
        assert band["metrics"]["bigru"]["accuracy"] == pytest.approx(right.mean())


def test_scores_by_length__makes_bands_of_equal_size() -> None:
    bands = scores_by_length({"bigru": run(length=[float(k) for k in range(10, 90)])})
    assert [band["n"] for band in bands] == [20, 20, 20, 20]
    assert bands[0]["name"] == "10 to 29 letters"
    assert bands[-1]["name"] == "70 to 89 letters"
    assert sum(band["metrics"]["bigru"]["accuracy"] * band["n"] for band in bands) / 80 == (
        pytest.approx(np.mean(run().predictions.true == run().predictions.predicted))
    )


def test_scores_by_length__names_steps_of_series() -> None:
    bands = scores_by_length({"bigru": run(length=[10.0] * 70 + [20.0] * 10)}, "steps")
    assert [band["name"].split()[-1] for band in bands] == ["steps"] * len(bands)
    assert bands


def test_scores_by_length__of_one_length_are_none() -> None:
    assert scores_by_length({"bigru": run(length=[60.0] * 80)}) == []
    assert scores_by_length({"bigru": run()}) == []


def test_scores_by_length__of_few_lengths() -> None:
    bands = scores_by_length({"bigru": run(length=[10.0] * 70 + [20.0] * 10)})
    assert sum(band["n"] for band in bands) == 80
    (alone,) = [band for band in bands if band["low"] == 10.0]
    assert alone["n"] == 70 or len(bands) == 1
