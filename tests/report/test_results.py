from __future__ import annotations

import json
import math

import numpy as np
import pytest

from fastgru.errors import FastgruError
from fastgru.evaluation import classification_metrics
from fastgru.report.results import (
    find_runs,
    read_audit,
    read_history,
    read_predictions,
    read_split,
)
from tests.report.results_files import read_rows, write_rows


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


def test_read_predictions__joins_the_truth_by_id(results):
    (run,) = find_runs([results / "splice" / "bigru"])
    predictions = read_predictions(run, read_split(run.folder.parent))

    true = [run.classes[k] for k in predictions.is_class.argmax(axis=1)]
    predicted = [run.classes[k] for k in predictions.proba.argmax(axis=1)]
    actual = classification_metrics(true, predicted, predictions.proba, run.classes)
    for score in ("n_test", "accuracy", "roc_auc", "pr_auc"):
        assert actual[score] == pytest.approx(run.metrics[score], abs=1e-6)
    assert actual["confusion_matrix"] == run.metrics["confusion_matrix"]


def test_read_predictions__leaves_out_what_was_not_tested(own_results):
    (run,) = find_runs([own_results])
    split = read_split(run.folder.parent)
    expected = read_predictions(run, split).proba
    rows = read_rows(run.folder / "predictions.tsv")
    in_training = next(name for name, (_, part) in split.items() if part == "train")
    rows += [
        {**rows[0]},  # the same record again
        {**rows[0], "id": "not in the split"},
        {**rows[0], "id": in_training},
    ]
    write_rows(
        run.folder / "predictions.tsv", [list(rows[0]), *(list(row.values()) for row in rows)]
    )
    np.testing.assert_array_equal(read_predictions(run, split).proba, expected)


def test_read_predictions__leaves_out_records_without_prediction(own_results):
    (run,) = find_runs([own_results])
    split = read_split(run.folder.parent)
    rows = read_rows(run.folder / "predictions.tsv")
    rows[0] = {**dict.fromkeys(rows[0], ""), "id": rows[0]["id"], "status": "empty"}
    write_rows(
        run.folder / "predictions.tsv", [list(rows[0]), *(list(row.values()) for row in rows)]
    )
    assert len(read_predictions(run, split).proba) == len(rows) - 1


def test_read_predictions__refuses_another_model(own_results):
    (run,) = find_runs([own_results])
    path = run.folder / "predictions.tsv"
    path.write_text(path.read_text().replace("\tEI\t", "\tdonor\t", 1))
    with pytest.raises(FastgruError, match=r"no column 'EI', found 'id', 'status'"):
        read_predictions(run, read_split(run.folder.parent))


def test_read_predictions__refuses_another_split(own_results):
    (run,) = find_runs([own_results])
    path = run.folder.parent / "split.tsv"
    path.write_text(path.read_text().replace("EI", "donor"))
    with pytest.raises(FastgruError, match=r"record 'seq\d+': does not fit split\.tsv"):
        read_predictions(run, read_split(run.folder.parent))


def test_read_history__has_a_column_of_numbers_for_each_name(results):
    (run,) = find_runs([results / "splice" / "bigru"])
    history = read_history(run)
    assert history["epoch"] == list(range(1, 21))
    assert min(history["validation_loss"]) == history["validation_loss"][11]


def test_read_history__takes_an_empty_cell_as_not_recorded(own_results):
    (run,) = find_runs([own_results])
    write_rows(
        run.folder / "history.tsv",
        [["epoch", "train_loss", "validation_loss"], [1, 0.5, ""], [2, 0.25, 0.75]],
    )
    losses = read_history(run)["validation_loss"]
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
        read_history(run)


def test_read_split__names_a_missing_file(tmp_path):
    with pytest.raises(FastgruError, match=r"split\.tsv: cannot be read \(No such file"):
        read_split(tmp_path)


def test_read_audit__says_how_to_make_one(tmp_path):
    with pytest.raises(FastgruError, match=r"audit\.json: .*Write it with fastgru audit"):
        read_audit(tmp_path)


def test_metrics_files__hold_no_number_that_json_lacks(results):
    for path in results.glob("*/*/metrics.json"):
        json.loads(path.read_text(), parse_constant=pytest.fail)
