from __future__ import annotations

import json
import shutil

import pytest

from fastgru.errors import FastgruError
from fastgru.evaluation.weighted_scores import SCORES as METRICS
from fastgru.report.model_views import view_models
from fastgru.report.reading import find_experiments
from tests.report.results_files import write_json, write_model_file


def views(folder):
    (experiment,) = find_experiments([folder])
    return experiment, view_models(experiment, "data-1")


def test_view_models__pools_the_folds(experiments):
    experiment, models = views(experiments / "splice")
    assert [(model.name, model.anchor) for model in models] == [
        ("bigru", "data-1-1"),
        ("wide", "data-1-2"),
    ]
    for row, model in zip(experiment.models, models, strict=True):
        for metric in METRICS:
            assert model.metrics[metric] == pytest.approx(row["pooled"][metric], abs=1e-6)
        assert model.metrics["n_test"] == sum(fold["n_test"] for fold in row["folds"])
        assert model.epochs == [12, 12]
        assert len(model.pictures) == 5
        assert "in 2\N{NO-BREAK SPACE}folds" in model.description


def test_view_models__of_one_fold_is_that_fold(experiments):
    experiment, (model, _) = views(experiments / "peptides")
    metrics = json.loads((experiment.run_folder("bigru", 1) / "metrics.json").read_text())
    for score in ("log_loss", "brier", "ece"):
        assert model.metrics["uncalibrated"][score] == pytest.approx(metrics["uncalibrated"][score])
        assert model.metrics[score] == pytest.approx(metrics[score], abs=1e-6)
    assert model.metrics["temperatures"] == [2.0]
    for row, expected in zip(model.thresholds, metrics["thresholds"], strict=True):
        assert row["threshold"] == pytest.approx(expected["threshold"])
        for part in ("test", "validation"):
            assert row[part]["f1"] == pytest.approx(expected[part]["f1"])


def test_view_models__pools_bins_by_their_predictions(experiments):
    experiment, (model, _) = views(experiments / "splice")
    files = [experiment.run_folder("bigru", fold) / "metrics.json" for fold in (1, 2)]
    folds = [json.loads(path.read_text())["uncalibrated"]["reliability"] for path in files]
    for row, *of_folds in zip(model.metrics["uncalibrated"]["reliability"], *folds, strict=True):
        n = sum(fold["n"] for fold in of_folds)
        assert row["n"] == n
        right = sum(fold["n"] * fold["accuracy"] for fold in of_folds if fold["n"])
        assert row["accuracy"] == (pytest.approx(right / n) if n else None)


def test_view_models__takes_the_mean_of_thresholds_that_were_found(experiments, tmp_path):
    shutil.copytree(experiments / "peptides", tmp_path / "peptides")
    path = tmp_path / "peptides/fold1/bigru/seed1/metrics.json"
    metrics = json.loads(path.read_text())
    missing = {"name": "fpr_0.001", "threshold": None, "reason": "nothing is found"}
    metrics["thresholds"].append({**missing, "validation": {}, "test": None})
    write_json(path, metrics)
    _, (model, _) = views(tmp_path / "peptides")
    assert model.thresholds[-1]["threshold"] is None
    assert model.thresholds[-1]["reason"] == "nothing is found"
    assert model.thresholds[0]["n_folds"] == 1


@pytest.mark.parametrize("name", ["history.tsv", "model.safetensors", "predictions.tsv"])
def test_view_models__names_a_missing_file(own_experiment, name):
    (own_experiment / "fold2/bigru/seed1" / name).unlink()
    with pytest.raises(FastgruError, match=rf"fold2/bigru/seed1/{name}: cannot be read"):
        views(own_experiment)


def test_view_models__refuses_a_model_of_other_classes(own_experiment):
    write_model_file(own_experiment / "fold1/bigru/seed1/model.safetensors", ["a", "b"], 0)
    with pytest.raises(FastgruError, match=r"has the classes a and b, expected EI, IE and N as in"):
        views(own_experiment)


def test_view_models__refuses_a_run_without_scores(own_experiment):
    path = own_experiment / "fold1/bigru/seed1/metrics.json"
    write_json(path, {"classes": ["a", "b"], "not_applicable": "lengths differ"})
    with pytest.raises(FastgruError, match=r"metrics\.json: "):
        views(own_experiment)


def test_view_models__refuses_metrics_of_a_baseline(own_experiment):
    path = own_experiment / "fold1/bigru/seed1/metrics.json"
    metrics = json.loads(path.read_text())
    write_json(path, {k: v for k, v in metrics.items() if k != "temperature"})
    with pytest.raises(FastgruError, match=r"'temperature' missing, expected the output of"):
        views(own_experiment)
