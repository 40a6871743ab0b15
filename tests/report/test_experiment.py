from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fastgru.errors import FastgruError
from fastgru.report.contents import Statement
from fastgru.report.experiment import gather_experiment
from fastgru.report.scored_runs import read_scored_run
from tests.report.gathered_files import write_experiment
from tests.report.results_files import read_rows, write_json, write_model_file
from tests.report.scored_files import write_scored_run


def by_name(experiment, key: str = "contenders"):
    return {entry["name"]: entry for entry in experiment[key]}


def test_gather__pools_the_folds(tmp_path: Path) -> None:
    folder = write_experiment(tmp_path / "toys")
    experiment = gather_experiment(folder, n_resamples=100)
    assert json.loads(json.dumps(experiment, allow_nan=False)) == experiment
    assert (experiment["dataset"], experiment["best"], experiment["n_folds"]) == (
        "toys",
        "bigru",
        2,
    )
    found = by_name(experiment)
    assert list(found) == ["bigru", "small", "kmer_logistic", "majority"]
    assert [entry["kind"] for entry in found.values()] == ["model"] * 2 + ["baseline"] * 2
    rows = [
        row
        for fold in (1, 2)
        for row in read_rows(folder / f"fold{fold}/small/seed1/predictions.tsv")
    ]
    classes = experiment["classes"]
    truth = [row["true_label"] == classes[1] for row in rows]
    expected = roc_auc_score(truth, [float(row[classes[1]]) for row in rows])
    small = found["small"]
    assert small["pooled"]["roc_auc"] == pytest.approx(expected)
    low, high = small["intervals"]["roc_auc"]
    assert low < expected < high
    values = [fold["metrics"]["roc_auc"] for fold in small["folds"]]
    assert small["mean"]["roc_auc"] == pytest.approx(np.mean(values))
    assert small["sd"]["roc_auc"] == pytest.approx(np.std(values, ddof=1))
    counts = [
        [fold[f"n_{part}"] for part in ("train", "validation", "test")] for fold in small["folds"]
    ]
    assert counts == [[90, 10, 40]] * 2


def test_gather__chooses_by_validation_loss_not_by_test(tmp_path: Path) -> None:
    # the first has the lower validation loss, the second is better on the test
    folder = write_experiment(tmp_path / "toys", skills={"first": 1.0, "second": 4.0})
    experiment = gather_experiment(folder, n_resamples=50)
    found = by_name(experiment)
    assert found["first"]["pooled"]["roc_auc"] < found["second"]["pooled"]["roc_auc"]
    assert experiment["best"] == "first"
    assert {row["a"] for row in experiment["comparisons"]} == {"first"}
    assert {row["b"] for row in experiment["comparisons"]} == {
        *("second", "kmer_logistic", "majority")
    }


@pytest.mark.parametrize(
    ("small", "expected"),
    [([0.1, 0.2], ("small", "validation_loss")), ([0.1, None], ("bigru", None)),
     ([None, None], ("bigru", None))],
)  # fmt: skip
def test_gather__chooses_by_nothing_where_a_loss_is_missing(
    small: list[float | None], expected: tuple[str, str | None], tmp_path: Path
) -> None:
    folder = write_experiment(tmp_path / "toys")
    for fold, loss in enumerate(small, start=1):
        path = folder / f"fold{fold}/small/seed1/model.safetensors"
        write_model_file(path, ["class 0", "class 1"], 0, validation_log_loss=loss)
    experiment = gather_experiment(folder, n_resamples=50)
    assert (experiment["best"], experiment["chosen_by"]) == expected
    json.dumps(experiment, allow_nan=False)
    loss = by_name(experiment)["small"]["validation_loss"]
    assert loss == (pytest.approx(0.15) if expected[1] else None)


def test_gather__has_no_choice_of_one_model(tmp_path: Path) -> None:
    folder = write_experiment(tmp_path / "toys", skills={"bigru": 3.0})
    experiment = gather_experiment(folder, n_resamples=50)
    assert (experiment["best"], experiment["chosen_by"]) == ("bigru", None)
    assert experiment["conclusion"][0].startswith("bigru reaches")


def test_gather__resamples_groups(tmp_path: Path) -> None:
    experiment = gather_experiment(write_experiment(tmp_path / "a", groups=True), n_resamples=50)
    assert experiment["n_groups"] == 20
    assert by_name(experiment)["bigru"]["resampled"] == "groups"
    experiment = gather_experiment(write_experiment(tmp_path / "b"), n_resamples=50)
    assert experiment["n_groups"] is None
    assert by_name(experiment)["bigru"]["resampled"] == "records"


def test_gather__takes_a_repeated_record_for_a_group(tmp_path: Path) -> None:
    folder = write_experiment(tmp_path / "a", n_folds=1)
    for name in ("bigru/seed1", "small/seed1", "baselines/majority", "baselines/kmer_logistic"):
        write_scored_run(folder / "fold2" / name, seed=1, skill=1.0)
        rows = read_rows(folder / "fold1" / name / "predictions.tsv")
        assert rows[0]["id"] == "r0"
    for name in ("bigru", "small"):
        (folder / "fold2" / name / "seed1/model.safetensors").write_bytes(
            (folder / "fold1" / name / "seed1/model.safetensors").read_bytes()
        )
    twice = Statement(folds=1, repeats=2)
    experiment = gather_experiment(folder, statement=twice, n_resamples=50)
    assert experiment["n_groups"] is None  # nobody has named groups
    assert (experiment["split"]["folds"], experiment["split"]["repeats"]) == (1, 2)
    assert experiment["conclusion"][0].endswith(
        "on 2 test sets, drawn anew each time, all predictions taken together."
    )
    assert by_name(experiment)["bigru"]["resampled"] == "groups"


def test_gather__leaves_out_what_an_earlier_configuration_has_left(tmp_path: Path) -> None:
    now = {"skills": {"bigru": 3.0}, "baselines": {"majority": 0.0}}
    clean = gather_experiment(write_experiment(tmp_path / "a/toys", **now), n_resamples=50)
    # before, there were three folds, a model with a lower loss, and more seeds
    before = {"skills": {"a": 4.0, "bigru": 3.0}, "baselines": {"majority": 0.0, "length": 1.0}}
    folder = write_experiment(tmp_path / "b/toys", n_folds=3, **before)
    write_experiment(folder, **now)
    for variant in ("seed2", "train25", "shuffled_labels", "ensemble"):
        write_scored_run(folder / "fold1/bigru" / variant, seed=1)
    metrics = json.loads((folder / "fold1/bigru/seed2/metrics.json").read_text(encoding="utf-8"))
    write_json(folder / "fold1/bigru/seed1/shuffled.json", metrics)
    stated = Statement(folds=2, models=["bigru"], baselines=["majority"], variants=["seed1"])
    assert gather_experiment(folder, statement=stated, n_resamples=50) == clean


def test_gather__refuses_folds_of_two_divisions(tmp_path: Path) -> None:
    folder = write_experiment(tmp_path / "toys", n_folds=3)
    for path in (folder / "fold3").glob("*/*/predictions.tsv"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("r80\t", "r0\t"), encoding="utf-8")
    with pytest.raises(FastgruError) as caught:
        gather_experiment(folder)
    assert str(caught.value) == (
        f"{folder}: record 'r0' is tested in fold1 and in fold3, expected each record in one fold. "
        "Folders of an earlier run may have stayed there: say with --folds and --repeats how many "
        "belong to the experiment."
    )


def test_gather__refuses_a_model_that_is_not_applicable(tmp_path: Path) -> None:
    folder = write_experiment(tmp_path / "toys")
    write_json(
        folder / "fold2/small/seed1/metrics.json", {"not_applicable": "lengths", "classes": []}
    )
    with pytest.raises(
        FastgruError, match=r"not applicable, expected the scores of a model\. Eval"
    ):
        gather_experiment(folder)


def test_gather__scores_bands_whatever_the_order_of_the_records(tmp_path: Path) -> None:
    folder = write_experiment(tmp_path / "toys", baselines={"nearest": 1.0})
    for fold in (1, 2):
        path = folder / f"fold{fold}/baselines/nearest/predictions.tsv"
        header, *lines = path.read_text(encoding="utf-8").splitlines()
        rows = [f"{line}\t{0.1 if k < 10 else 0.95}" for k, line in enumerate(lines)]
        text = "\n".join([f"{header}\tidentity", *reversed(rows)]) + "\n"
        path.write_text(text, encoding="utf-8")
    experiment = gather_experiment(folder, n_resamples=50)
    assert [band["n"] for band in experiment["bands"]] == [20, 0, 0, 60]
    runs = [read_scored_run(folder / f"fold{fold}/bigru/seed1").predictions for fold in (1, 2)]
    right = np.mean([part.true[:10] == part.predicted[:10] for part in runs])
    assert experiment["bands"][0]["metrics"]["bigru"]["accuracy"] == pytest.approx(right)


def test_gather__resamples_as_often_as_it_is_told(tmp_path: Path) -> None:
    folder = write_experiment(tmp_path / "toys", n_folds=1)
    few, many = (
        min(
            row["p"]
            for row in gather_experiment(folder, n_resamples=n)["comparisons"]
            if "bootstrap" in row["method"]
        )
        for n in (100, 3000)
    )
    assert few >= 2 / 101
    assert many < 2 / 1001


def test_gather__sets_shortcuts_beside_the_best_model(tmp_path: Path) -> None:
    shortcuts = [
        {"feature": "length", "roc_auc": 0.8, "detail": "median length: 9 in a, 3 in b"},
        {"feature": "composition", "roc_auc": 0.45, "detail": "share of A: 1.0 % in all classes"},
    ]
    folder = write_experiment(tmp_path / "toys", audit={"shortcuts": shortcuts})
    experiment = gather_experiment(folder, n_resamples=50)
    reached = by_name(experiment)["bigru"]["pooled"]["roc_auc"]
    assert reached > 0.8
    expected = [0.3 / (reached - 0.5), -0.05 / (reached - 0.5)]
    assert [entry["share"] for entry in experiment["shortcuts"]] == pytest.approx(expected)
    assert experiment["shortcuts"][0].items() >= shortcuts[0].items()
    assert any("the length alone reaches 0.800" in text for text in experiment["conclusion"])


def test_gather__knows_no_share_of_a_model_that_may_be_at_chance(tmp_path: Path) -> None:
    shortcuts = [{"feature": "length", "roc_auc": 0.99, "detail": "median length: 9 in a, 3 in b"}]
    folder = write_experiment(
        tmp_path / "toys", skills={"bigru": 0.1}, audit={"shortcuts": shortcuts}
    )
    experiment = gather_experiment(folder, n_resamples=50)
    assert by_name(experiment)["bigru"]["intervals"]["roc_auc"][0] < 0.5
    assert experiment["shortcuts"] == [{**shortcuts[0], "share": None}]
    assert experiment["conclusion"][0].startswith("Caveat: bigru is not shown to be better than")
    assert any("length alone reaches 0.990" in text for text in experiment["conclusion"])


def test_gather__finds_seeds_learning_curve_and_controls(tmp_path: Path) -> None:
    folder = write_experiment(tmp_path / "toys", n_folds=1)
    model = folder / "fold1/bigru"
    for variant, skill in (("seed2", 2.5), ("seed10", 2.0), ("train25", 0.5), ("train50", 1.0)):
        write_scored_run(model / variant, seed=1, skill=skill)
    write_scored_run(model / "shuffled_labels", seed=1, skill=0.0)
    together = write_scored_run(model / "ensemble", seed=1, skill=1.5)
    metrics = json.loads((model / "train25/metrics.json").read_text(encoding="utf-8"))
    write_json(model / "seed1/shuffled.json", {**metrics, "shuffled_sequences": "residues"})
    own = json.loads((model / "seed1/metrics.json").read_text(encoding="utf-8"))
    write_json(model / "seed1/metrics.json", {**own, "intervals": {"roc_auc": [0.8, 0.9]}})
    experiment = gather_experiment(folder, n_resamples=50)
    assert [run["variant"] for run in experiment["seeds"]["bigru"]] == ["seed1", "seed2", "seed10"]
    assert [point["share"] for point in experiment["learning_curve"]["bigru"]] == [0.25, 0.5, 1.0]
    assert experiment["learning_curve"]["small"] == []
    assert experiment["ensemble"]["small"] is None
    right = float(np.mean(together.true == together.predicted))
    assert experiment["ensemble"]["bigru"]["accuracy"] == pytest.approx(right)
    labels, sequences = experiment["controls"]
    assert (labels["of"], labels["kind"]) == ("bigru", "shuffled_labels")
    assert (sequences["kind"], sequences["kept"]) == ("shuffled_sequences", "residues")
    assert sequences["metrics"]["roc_auc"] == metrics["roc_auc"]
    assert sequences["reference_interval"] == [0.8, 0.9]
    assert sequences["gain_interval"] is None
    assert (
        sequences["reference"]["roc_auc"] == experiment["seeds"]["bigru"][0]["metrics"]["roc_auc"]
    )


@pytest.mark.parametrize("grouped", [False, True])
def test_gather__resamples_what_a_training_on_shuffled_labels_gains(
    grouped: bool, tmp_path: Path
) -> None:
    folder = write_experiment(tmp_path / "toys", n_folds=1, groups=grouped)
    groups = [f"f1g{k // 4}" for k in range(40)] if grouped else None
    made = write_scored_run(
        folder / "fold1/bigru/shuffled_labels", seed=1, skill=0.3, groups=groups
    )
    (control,) = gather_experiment(folder, n_resamples=2000)["controls"]
    shares = np.bincount(made.true) / 40
    gains = np.log(made.proba[np.arange(40), made.true] / shares[made.true])
    if grouped:
        gains = gains.reshape(10, 4).mean(axis=1)
    half = 1.96 * gains.std(ddof=1) / np.sqrt(len(gains))
    low, high = control["gain_interval"]
    gain = control["class_shares"] - control["metrics"]["log_loss"]
    assert gain == pytest.approx(gains.mean(), abs=1e-5)
    assert low == pytest.approx(gain - half, abs=0.3 * half)
    assert high == pytest.approx(gain + half, abs=0.3 * half)


def test_gather__names_baselines_that_are_not_applicable(tmp_path: Path) -> None:
    folder = write_experiment(tmp_path / "toys")
    for fold in (1, 2):
        place = folder / f"fold{fold}/baselines/onehot_logistic"
        place.mkdir()
        write_json(place / "metrics.json", {"not_applicable": "lengths differ", "classes": []})
    experiment = gather_experiment(folder, n_resamples=50)
    entry = by_name(experiment)["onehot_logistic"]
    assert (entry["not_applicable"], entry["pooled"], entry["folds"]) == (
        "lengths differ",
        None,
        [],
    )
    assert "onehot_logistic" not in {row["b"] for row in experiment["comparisons"]}


def test_gather__refuses_a_folder_without_models(tmp_path: Path) -> None:
    folder = write_experiment(tmp_path / "toys")
    for path in folder.glob("fold*/*/seed1/metrics.json"):
        path.unlink()
    with pytest.raises(FastgruError, match="toys: no model found, expected results in fold1/MODEL"):
        gather_experiment(folder)
