from __future__ import annotations

import json
import math

import pytest

from fastgru.errors import FastgruError
from fastgru.report.results import read_audit, read_history, read_run
from tests.report.results_files import write_rows


def test_read_run__reads_scores_and_classes(results):
    run = read_run(results / "splice" / "wide")
    assert run.folder == results / "splice" / "wide"
    assert run.classes == ["EI", "IE", "N"]
    assert 0 < run.metrics["accuracy"] < 1


def test_read_run__has_nothing_for_a_baseline_that_is_not_applicable(tmp_path):
    content = {"classes": ["a", "b"], "n_test": 3, "not_applicable": "lengths differ"}
    (tmp_path / "metrics.json").write_text(json.dumps(content), encoding="utf-8")
    assert read_run(tmp_path) is None


def test_read_run__refuses_a_missing_file(tmp_path):
    with pytest.raises(FastgruError, match=r"metrics\.json: cannot be read as JSON \(No such file"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read as JSON"),
        (
            "[]",
            "'classes', 'n_test', 'accuracy'.* missing, expected the output of fastgru evaluate",
        ),
        ('{"classes": ["a", "b"], "n_test": 1}', "'accuracy'.* missing"),
    ],
)
def test_read_run__refuses_what_is_not_metrics(tmp_path, content, message):
    (tmp_path / "metrics.json").write_text(content)
    with pytest.raises(FastgruError, match=message):
        read_run(tmp_path)


def test_read_history__has_a_column_of_numbers_for_each_name(results):
    history = read_history(results / "splice" / "bigru")
    assert history["epoch"] == list(range(1, 21))
    assert min(history["validation_loss"]) == history["validation_loss"][11]


def test_read_history__takes_an_empty_cell_as_not_recorded(tmp_path):
    write_rows(
        tmp_path / "history.tsv",
        [["epoch", "train_loss", "validation_loss"], [1, 0.5, ""], [2, 0.25, 0.75]],
    )
    losses = read_history(tmp_path)["validation_loss"]
    assert math.isnan(losses[0])
    assert losses[1] == 0.75


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch\ttrain_loss\n1\t2\n", r"history\.tsv: no column 'validation_loss', found 'epoch'"),
        ("", r"no column 'epoch', 'train_loss', 'validation_loss', found nothing"),
        ("epoch\ttrain_loss\tvalidation_loss\n1\t2\n", r"line 2: found 2 cells, expected 3 as in"),
        ("epoch\ttrain_loss\tvalidation_loss\n1\tx\t2\n", r"'x' in column 'train_loss' is not a"),
    ],
)
def test_read_history__names_the_place_of_a_fault(tmp_path, text, message):
    (tmp_path / "history.tsv").write_text(text)
    with pytest.raises(FastgruError, match=message):
        read_history(tmp_path)


def test_read_audit__says_how_to_make_one(tmp_path):
    with pytest.raises(FastgruError, match=r"audit\.json: .*Write it with fastgru audit"):
        read_audit(tmp_path)


def test_metrics_files__hold_no_number_that_json_lacks(results):
    for path in results.glob("*/*/metrics.json"):
        json.loads(path.read_text(), parse_constant=pytest.fail)
