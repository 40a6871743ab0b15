from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest

from fastgru.errors import ConfigurationError, FastgruError
from fastgru.evaluation.comparison import (
    bootstrap_differences,
    corrected_t_test,
    holm,
    mcnemar_p,
    score_of,
)
from fastgru.report.comparisons import COLUMNS, compare_runs, write_comparisons
from fastgru.report.scored_runs import read_scored_run
from tests.report.scored_files import write_scored_run

METRICS = ["roc_auc", "accuracy"]
SKILLS = {"strong": 3.0, "middling": 1.5, "weak": 0.1}


def make_runs(folder: Path, seeds: list[int], **options) -> dict[str, list]:
    runs: dict[str, list] = {}
    for name, skill in SKILLS.items():
        for seed in seeds:
            place = folder / name / str(seed)
            write_scored_run(place, seed=seed, skill=skill, n_records=100, **options)
            runs.setdefault(name, []).append(read_scored_run(place))
    return runs


def test_compare_runs__of_one_fold_resamples_its_records(tmp_path: Path) -> None:
    runs = make_runs(tmp_path, [1])
    rows = compare_runs(runs, "strong", METRICS, n_resamples=200, seed=3)
    a, b = runs["strong"][0].predictions, runs["weak"][0].predictions
    expected = bootstrap_differences(a, b, METRICS, n_resamples=200, seed=3)
    found = {(row["b"], row["metric"], row["method"]): row for row in rows}
    assert len(rows) == len(found) == 6
    for metric in METRICS:
        row = found["weak", metric, "paired bootstrap over records"]
        assert row["a"] == "strong"
        assert (row["score_a"], row["score_b"]) == (score_of(a, metric), score_of(b, metric))
        difference = expected[metric]
        assert row["difference"] == difference.value
        assert (row["low"], row["high"], row["p"]) == (
            difference.low,
            difference.high,
            difference.p,
        )
        assert (row["n_folds"], row["n_test"], row["verdict"]) == (1, 100, "a is better")
    exact = found["weak", "accuracy", "McNemar's exact test"]
    assert exact["p"] == mcnemar_p(a, b)
    assert math.isnan(exact["low"])


def test_compare_runs__corrects_for_the_rows_of_a_metric_and_method(tmp_path: Path) -> None:
    rows = compare_runs(make_runs(tmp_path, [1]), "strong", METRICS, n_resamples=200)
    for metric, method in {(row["metric"], row["method"]) for row in rows}:
        family = [row for row in rows if (row["metric"], row["method"]) == (metric, method)]
        assert len(family) == 2
        assert [row["p_holm"] for row in family] == holm([row["p"] for row in family]).tolist()
        for row in family:
            better = "a is better" if row["difference"] > 0 else "b is better"
            expected = better if row["p_holm"] <= 0.05 else "no difference shown"
            assert row["verdict"] == expected


def test_compare_runs__names_the_better_one_from_either_side(tmp_path: Path) -> None:
    rows = compare_runs(make_runs(tmp_path, [1]), "weak", ["roc_auc"], n_resamples=200)
    assert {row["b"]: row["verdict"] for row in rows} == {
        "strong": "b is better",
        "middling": "b is better",
    }


def test_compare_runs__shows_no_difference_to_a_copy(tmp_path: Path) -> None:
    runs = make_runs(tmp_path, [1])
    rows = compare_runs({"x": runs["weak"], "y": runs["weak"]}, "x", METRICS, n_resamples=50)
    assert {(row["difference"], row["p_holm"], row["verdict"]) for row in rows} == {
        (0.0, 1.0, "no difference shown")
    }


def test_compare_runs__resamples_groups_and_leaves_mcnemar_out(tmp_path: Path) -> None:
    groups = [f"g{k // 5}" for k in range(100)]
    runs = make_runs(tmp_path, [1], groups=groups)
    rows = compare_runs(runs, "strong", METRICS, n_resamples=100)
    assert {row["method"] for row in rows} == {"paired bootstrap over groups"}
    a, b = runs["strong"][0].predictions, runs["weak"][0].predictions
    expected = bootstrap_differences(a, b, METRICS, groups=groups, n_resamples=100)
    assert [row["low"] for row in rows if row["b"] == "weak"] == [
        expected[metric].low for metric in METRICS
    ]


def test_compare_runs__of_several_folds_corrects_for_shared_training_records(
    tmp_path: Path,
) -> None:
    runs = make_runs(tmp_path, [1, 2, 3, 4])
    rows = compare_runs(runs, "strong", METRICS)
    assert len(rows) == 4
    for row in rows:
        scores = [
            [score_of(run.predictions, row["metric"]) for run in runs[name]]
            for name in ("strong", row["b"])
        ]
        expected = corrected_t_test(np.subtract(*scores), n_train=100, n_test=100)
        assert row["difference"] == expected.value
        assert (row["low"], row["high"], row["p"]) == (expected.low, expected.high, expected.p)
        assert row["score_b"] == pytest.approx(np.mean(scores[1]))
        assert (row["n_folds"], row["n_test"]) == (4, 400)
        assert row["method"] == "corrected resampled t test over folds"


def test_compare_runs__says_unknown_where_a_score_is_undefined(tmp_path: Path) -> None:
    groups = ["one"] * 100
    rows = compare_runs(make_runs(tmp_path, [1], groups=groups), "strong", METRICS, n_resamples=9)
    assert {row["verdict"] for row in rows} == {"unknown"}


def test_compare_runs__refuses_folds_that_do_not_match(tmp_path: Path) -> None:
    runs = make_runs(tmp_path, [1, 2])
    with pytest.raises(ConfigurationError) as caught:
        compare_runs({**runs, "weak": runs["weak"][:1]}, "strong", METRICS)
    expected = "weak: has 1 folder, expected 2 as strong has. Name one folder per fold."
    assert str(caught.value) == expected
    with pytest.raises(FastgruError, match="was not tested on the records, labels and classes"):
        compare_runs({**runs, "weak": runs["weak"][::-1]}, "strong", METRICS)


def test_write_comparisons__writes_six_digits_and_na(tmp_path: Path) -> None:
    rows = compare_runs(make_runs(tmp_path, [1]), "strong", ["accuracy"], n_resamples=50)
    stream = io.StringIO()
    write_comparisons(rows, stream)
    header, *lines = [line.split("\t") for line in stream.getvalue().splitlines()]
    assert tuple(header) == COLUMNS
    assert len(lines) == len(rows) == 4
    for row, line in zip(rows, lines, strict=True):
        cells = dict(zip(header, line, strict=True))
        assert (cells["a"], cells["b"], cells["n_test"]) == ("strong", row["b"], "100")
        assert float(cells["p"]) == pytest.approx(row["p"], rel=1e-5)
        assert (cells["low"] == "NA") == math.isnan(row["low"])
