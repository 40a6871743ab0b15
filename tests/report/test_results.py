from __future__ import annotations

import json
import math

import pytest

from fastgru.errors import FastgruError
from fastgru.report.results import (
    find_runs,
    read_audit,
    read_history,
)
from tests.report.results_files import write_rows


def names(runs):
    return [(run.dataset, run.model) for run in runs]


def test_find_runs__searches_folders_in_order_of_name(results):
    expected = [("peptides", "bigru"), ("splice", "bigru"), ("splice", "wide")]
    assert names(find_runs([results])) == expected


def test_find_runs__keeps_the_order_of_the_arguments_and_lists_a_run_once(results):
    files = [results / "splice/wide/metrics.json", results / "peptides", results]
    expected = [("splice", "wide"), ("peptides", "bigru"), ("splice", "bigru")]
    assert names(find_runs(files)) == expected


def test_find_runs__leaves_out_baselines_that_are_not_applicable(own_results):
    before = names(find_runs([own_results]))
    folder = own_results / "splice" / "onehot_logistic"
    folder.mkdir()
    content = {"classes": ["a", "b"], "n_test": 3, "not_applicable": "lengths differ"}
    (folder / "metrics.json").write_text(json.dumps(content), encoding="utf-8")
    assert names(find_runs([own_results])) == before
    assert find_runs([folder]) == []


def test_find_runs__refuses_a_folder_without_runs(tmp_path):
    with pytest.raises(FastgruError, match=r"no metrics\.json found, expected results of fastgru"):
        find_runs([tmp_path])


def test_find_runs__refuses_a_missing_file(tmp_path):
    with pytest.raises(FastgruError, match=r"gone\.json: cannot be read as JSON \(No such file"):
        find_runs([tmp_path / "gone.json"])


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
def test_find_runs__refuses_what_is_not_metrics(tmp_path, content, message):
    (tmp_path / "metrics.json").write_text(content)
    with pytest.raises(FastgruError, match=message):
        find_runs([tmp_path])


def test_read_history__has_a_column_of_numbers_for_each_name(results):
    (run,) = find_runs([results / "splice" / "bigru"])
    history = read_history(run.folder)
    assert history["epoch"] == list(range(1, 21))
    assert min(history["validation_loss"]) == history["validation_loss"][11]


def test_read_history__takes_an_empty_cell_as_not_recorded(own_results):
    (run,) = find_runs([own_results])
    write_rows(
        run.folder / "history.tsv",
        [["epoch", "train_loss", "validation_loss"], [1, 0.5, ""], [2, 0.25, 0.75]],
    )
    losses = read_history(run.folder)["validation_loss"]
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
def test_read_history__names_the_place_of_a_fault(own_results, text, message):
    (run,) = find_runs([own_results])
    (run.folder / "history.tsv").write_text(text)
    with pytest.raises(FastgruError, match=message):
        read_history(run.folder)


def test_read_audit__says_how_to_make_one(tmp_path):
    with pytest.raises(FastgruError, match=r"audit\.json: .*Write it with fastgru audit"):
        read_audit(tmp_path)


def test_metrics_files__hold_no_number_that_json_lacks(results):
    for path in results.glob("*/*/metrics.json"):
        json.loads(path.read_text(), parse_constant=pytest.fail)
