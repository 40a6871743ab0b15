from __future__ import annotations

import json

import pytest

from fastgru.errors import FastgruError
from fastgru.report.reading import find_experiments
from tests.report.results_files import write_json


def names(experiments):
    return [experiment.dataset for experiment in experiments]


def test_find_experiments__searches_folders_in_order_of_name(experiments):
    assert names(find_experiments([experiments])) == ["peptides", "splice"]


def test_find_experiments__keeps_the_order_of_the_arguments_and_lists_a_file_once(experiments):
    paths = [experiments / "splice/experiment.json", experiments / "peptides", experiments]
    assert names(find_experiments(paths)) == ["splice", "peptides"]


def test_find_experiments__refuses_a_folder_without_any(tmp_path):
    with pytest.raises(FastgruError, match=r"no experiment\.json found, expected the results of"):
        find_experiments([tmp_path])


def test_find_experiments__refuses_a_missing_file(tmp_path):
    with pytest.raises(FastgruError, match=r"gone\.json: cannot be read as JSON \(No such file"):
        find_experiments([tmp_path / "gone.json"])


def damage(path, *, key, value):
    """Set the entry at a path of keys such as ``contenders/0/name``; None of a value removes it."""
    content = json.loads(path.read_text(encoding="utf-8"))
    *above, last = [int(word) if word.isdigit() else word for word in key.split("/")]
    inner = content
    for step in above:
        inner = inner[step]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    write_json(path, content)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("schema_version", 2, "schema_version is 2, expected 1. Use one version of fastgru"),
        (
            "schema_version",
            None,
            "'schema_version' missing, expected the output of fastgru experiment",
        ),
        ("classes", "EI", "classes is 'EI', not a list; expected what fastgru experiment writes"),
        ("classes", ["EI"], "classes has fewer than two names"),
        ("n_folds", True, "n_folds is True, not a whole number"),
        ("dataset", 3, "dataset is 3, not text"),
        ("split", [], "split is [], not an object"),
        ("split/method", None, "split > method is missing"),
        ("best", "cnn", "best is 'cnn', not a model among the contenders"),
        ("best", "kmer_logistic", "best is 'kmer_logistic', not a model among the contenders"),
        ("positive", "IX", "positive is 'IX', not one of the classes"),
        ("contenders/0/folds/1/metrics/mcc", None, "contenders > 1 > folds > 2 > metrics > mcc is"),
        ("contenders/0/folds/1/n_test", "9", "contenders > 1 > folds > 2 > n_test is '9', not a"),
        ("contenders/0/folds", [], "contenders > 1 > folds is empty"),
        ("contenders/0/pooled", None, "contenders > 1 > pooled is missing"),
        ("contenders/0/intervals/mcc", ["a"], "contenders > 1 > intervals > mcc > 1 is 'a', not a"),
        ("comparisons/0/metric", "auc", "comparisons > 1 > metric is 'auc', not one of the scores"),
        ("bands/0/n", 1.5, "bands > 1 > n is 1.5, not a whole number"),
        ("lengths/0/metrics/bigru/mcc", "x", "lengths > 1 > metrics > bigru > mcc is 'x', not a"),
        ("seeds", {"bigru": {}}, "seeds > bigru is {}, not a list"),
        ("conclusion", [1], "conclusion > 1 is 1, not text"),
    ],
)
def test_find_experiments__says_what_is_wrong_in_a_file(own_experiment, key, value, message):
    path = own_experiment / "experiment.json"
    damage(path, key=key, value=value)
    with pytest.raises(FastgruError) as caught:
        find_experiments([path])
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert str(caught.value).endswith((".", "again."))


def test_find_experiments__takes_scores_that_are_not_defined(own_experiment):
    path = own_experiment / "experiment.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["contenders"][0]["pooled"]["roc_auc"] = None
    content["contenders"][0]["intervals"]["roc_auc"] = None
    content["contenders"][0]["sd"] = None
    write_json(path, content)
    (experiment,) = find_experiments([path])
    assert experiment.best["pooled"]["roc_auc"] is None


def test_experiment__knows_its_models_and_comparisons(experiments):
    (experiment,) = find_experiments([experiments / "splice"])
    content = {**experiment.content, "best": "wide"}
    changed = type(experiment)(experiment.folder, content)
    assert [row["name"] for row in changed.models] == ["wide", "bigru"]
    assert experiment.best["name"] == "bigru"
    assert experiment.metric == "mcc"
    assert experiment.comparison("wide")["verdict"] == "a is better"
    assert experiment.comparison("bigru") is None
    folder = experiment.run_folder("bigru", 2)
    assert folder == experiments.resolve() / "splice/fold2/bigru/seed1"


def test_experiment__leads_with_accuracy_where_nothing_was_compared(experiments):
    (experiment,) = find_experiments([experiments / "splice"])
    alone = type(experiment)(experiment.folder, {**experiment.content, "comparisons": []})
    assert alone.metric == "accuracy"
