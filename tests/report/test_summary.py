from __future__ import annotations

import io

import pytest

from fastgru.report.results import Run, find_runs
from fastgru.report.summary import COLUMNS, write_summary


def written(runs):
    stream = io.StringIO()
    write_summary(runs, stream)
    return [line.split("\t") for line in stream.getvalue().splitlines()]


def test_write_summary__has_one_row_per_run_with_its_scores(results):
    runs = find_runs([results])
    header, *rows = written(runs)
    assert header == list(COLUMNS)
    assert [row[:3] for row in rows] == [
        ["peptides", "bigru", "2"],
        ["splice", "bigru", "3"],
        ["splice", "wide", "3"],
    ]
    for run, row in zip(runs, rows, strict=True):
        actual = dict(zip(header, row, strict=True))
        for score in ("accuracy", "balanced_accuracy", "mcc", "f1_macro", "roc_auc", "log_loss"):
            assert float(actual[score]) == pytest.approx(run.metrics[score], abs=5e-7)
        assert float(actual["accuracy_low"]) < float(actual["accuracy"])
        assert float(actual["accuracy_high"]) > float(actual["accuracy"])
        for name in ("n_train", "n_validation", "n_test"):
            assert int(actual[name]) == run.metrics[name]


def test_write_summary__writes_na_for_a_score_without_a_value(tmp_path):
    run = Run(tmp_path / "data" / "model", {"classes": ["a", "b"], "n_test": 3, "roc_auc": None})
    header, row = written([run])
    cells = dict(zip(header, row, strict=True))
    assert (cells["roc_auc"], cells["accuracy_low"], cells["n_test"]) == ("NA", "NA", "3")
