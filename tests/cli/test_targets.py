"""The command on columns of targets: regression, and several labels for each sequence."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import r2_score, roc_auc_score

from fastgru import SequenceClassifier, SequenceRegressor
from tests.estimators.conftest import numbers_of
from tests.planted import as_fasta, plant_counts

PATTERN = ["train"] * 6 + ["validation"] * 2 + ["test"] * 2
QUICK = ["--max-epochs", "2", "--hidden-size", "8", "--threads", "1"]
TARGETS = {"regression": "dose,half_life", "multilabel": "some,many"}


def write_data(folder: Path, *, columns: str = "") -> list[str]:
    """Write sequences and targets that follow from the count of a motif; return the inputs."""
    sequences, counts = plant_counts(200, seed=11)
    (folder / "a.fa").write_text(as_fasta(sequences), encoding="utf-8")
    header = ["id", "dose", "half_life", "some", "many", *columns.split()]
    rows = [header]
    for k, count in enumerate(counts):
        missing = k % 5 == 0
        cells = {
            "id": f"r{k}", "dose": f"{100 * count + 1000}", "some": f"{int(count > 0)}",
            "half_life": "" if missing else f"{-count}",
            "many": "" if missing else f"{int(count > 2)}",
            "split": PATTERN[k // 2 % 10], "group": f"g{k // 2}",
        }  # fmt: skip
        rows.append([cells[name] for name in header])
    table = "".join("\t".join(row) + "\n" for row in rows)
    (folder / "t.tsv").write_text(table, encoding="utf-8")
    return [str(folder / "a.fa"), "--labels", str(folder / "t.tsv")]


def read_tsv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def column(rows: list[dict[str, str]], name: str) -> np.ndarray:
    return np.array([float(row[name]) if row[name] else math.nan for row in rows])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data, a model of each task, and its scores; to be left as it is."""
    from fastgru.cli import main

    folder = tmp_path_factory.mktemp("targets")
    inputs = write_data(folder, columns="split group")
    for task, targets in TARGETS.items():
        model, history = folder / f"{task}.safetensors", folder / f"{task}.history"
        train = ["train", "-q", "--task", task, *inputs, "--target", targets, *QUICK]
        assert main([*train, "-o", str(model), "--history", str(history)]) == 0
        outputs = ["-o", folder / f"{task}.json", "--predictions", folder / f"{task}.tsv"]
        evaluate = ["evaluate", "-q", model, *inputs, "--n-resamples", 50, "-t", 1, *outputs]
        assert main(list(map(str, evaluate))) == 0
    return folder


def load(folder: Path, task: str) -> Any:
    estimator = SequenceRegressor if task == "regression" else SequenceClassifier
    return estimator.load(folder / f"{task}.safetensors")


@pytest.mark.parametrize("task", TARGETS)
def test_train__uses_the_parts_of_the_column_split(task: str, made: Path) -> None:
    model = load(made, task)
    assert (model.n_train_, model.n_validation_) == (120, 40)
    names = model.targets_ if task == "regression" else model.classes_
    assert ",".join(names) == TARGETS[task]
    score = "validation_r2" if task == "regression" else "validation_accuracy"
    assert [row[score] != "" for row in read_tsv(made / f"{task}.history")] == [True, True]


def test_evaluate__scores_numbers_as_scikit_learn_does(made: Path) -> None:
    metrics = json.loads((made / "regression.json").read_text(encoding="utf-8"))
    rows = read_tsv(made / "regression.tsv")
    assert (metrics["task"], metrics["kind"]) == ("regression", "model")
    assert metrics["targets"] == ["dose", "half_life"]
    assert metrics["n_test"] == len(rows) == 40
    assert (metrics["n_train"], metrics["n_validation"], metrics["n_seen"]) == (120, 40, 0)
    assert metrics["bootstrap"]["over"] == "groups"
    for name in metrics["targets"]:
        true, predicted = column(rows, f"true_{name}"), column(rows, name)
        known = ~np.isnan(true)
        found = metrics["per_target"][name]
        assert found["n_test"] == known.sum()
        assert found["r2"] == pytest.approx(r2_score(true[known], predicted[known]), rel=1e-6)
        lower, upper = column(rows, f"{name}_lower"), column(rows, f"{name}_upper")
        inside = (lower <= true) & (true <= upper)
        assert found["in_interval"] == inside[known].mean()


def test_evaluate__scores_labels_as_scikit_learn_does(made: Path) -> None:
    metrics = json.loads((made / "multilabel.json").read_text(encoding="utf-8"))
    rows = read_tsv(made / "multilabel.tsv")
    assert (metrics["task"], metrics["labels"]) == ("multilabel", ["some", "many"])
    for name in metrics["labels"]:
        true, predicted = column(rows, f"true_{name}"), column(rows, name)
        known = ~np.isnan(true)
        expected = roc_auc_score(true[known], predicted[known])
        assert metrics["per_label"][name]["roc_auc"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("task", TARGETS)
def test_evaluate__warns_of_sequences_of_the_training_set(
    task: str, made: Path, tmp_path: Path, run_cli
) -> None:
    inputs = [made / "a.fa", "--labels", made / "t.tsv", "--subset", "train", "--n-resamples", 5]
    model = made / f"{task}.safetensors"
    code, _, err = run_cli(["evaluate", model, *inputs, "-o", tmp_path / "m.json"])
    assert code == 0, err
    assert "the model has seen 120 of these 120 sequences in training" in err
    assert json.loads((tmp_path / "m.json").read_text())["n_seen"] == 120


@pytest.mark.parametrize("task", TARGETS)
def test_evaluate__scores_shuffled_sequences(task: str, made: Path, tmp_path, run_cli) -> None:
    inputs = [made / "a.fa", "--labels", made / "t.tsv", "--shuffle", "--n-resamples", 5]
    model = made / f"{task}.safetensors"
    assert run_cli(["evaluate", model, *inputs, "-o", tmp_path / "m.json"]).code == 0
    metrics = json.loads((tmp_path / "m.json").read_text())
    assert metrics["shuffled_sequences"] == "dinucleotides"


def test_evaluate__asks_for_the_columns_that_the_model_knows(made: Path, tmp_path, run_cli) -> None:
    (tmp_path / "t.tsv").write_text("id\tdose\nr0\t1\n", encoding="utf-8")
    inputs = [made / "regression.safetensors", made / "a.fa", "--labels", tmp_path / "t.tsv"]
    code, _, err = run_cli(["evaluate", *inputs, "-o", tmp_path / "m.json"])
    assert code == 1
    assert "no column 'half_life', found 'id', 'dose', expected the columns id, dose and" in err


def test_predict__writes_numbers_and_their_intervals(made: Path, tmp_path: Path, run_cli) -> None:
    (tmp_path / "b.fa").write_text(">x\nACGTTATAATACGT\n>bad\nAC!T\n>y\nGGGG\n", encoding="utf-8")
    model = made / "regression.safetensors"
    options = ["--on-invalid", "status", "-t", 1]
    code, out, err = run_cli(["predict", model, tmp_path / "b.fa", *options])
    assert code == 0, err
    header, *lines = [line.split("\t") for line in out.splitlines()]
    assert header == [
        *("id", "status", "flags", "dose", "dose_lower", "dose_upper"),
        *("half_life", "half_life_lower", "half_life_upper"),
    ]
    assert [line[0] for line in lines] == ["x", "bad", "y"]
    assert lines[1][1].startswith("letter '!' at position 3 is not in the dna alphabet")
    assert lines[1][2:] == [""] * 7
    fitted = SequenceRegressor.load(model).set_params(threads=1)
    sequences = ["ACGTTATAATACGT", "GGGG"]
    ends = fitted.predict_interval(sequences, 0.9)
    expected = np.concatenate([fitted.predict(sequences)[:, :, None], ends], axis=2).reshape(2, -1)
    actual = np.array([lines[0][3:], lines[2][3:]], float)
    np.testing.assert_allclose(actual, expected, rtol=1e-8)


def test_predict__writes_the_probability_of_each_label(made: Path, tmp_path, run_cli) -> None:
    model = made / "multilabel.safetensors"
    code, out, _ = run_cli(["predict", model, made / "a.fa", "-t", 1])
    assert code == 0
    header, first, *_ = [line.split("\t") for line in out.splitlines()]
    assert header == ["id", "status", "flags", "some", "many"]
    sequence = plant_counts(200, seed=11)[0][:1]
    expected = SequenceClassifier.load(model).set_params(threads=1).predict_proba(sequence)
    np.testing.assert_allclose(np.array(first[3:], float), expected[0], rtol=1e-8)


@pytest.mark.parametrize("task", TARGETS)
@pytest.mark.parametrize(
    "option", [["--threshold", "0.5"], ["--abstain", "0.9"], ["--prevalence", "0.1"]]
)
def test_predict__has_no_decision_to_make(task: str, option, made: Path, run_cli) -> None:
    code, _, err = run_cli(["predict", made / f"{task}.safetensors", made / "a.fa", *option])
    assert code == 2
    assert f"{option[0]}: " in err
    assert f"is a model of the task {task}, expected one of classification" in err


def test_predict__leaves_intervals_empty_that_are_not_known(made, tmp_path, run_cli) -> None:
    sequences, counts = plant_counts(40, seed=1)
    model = SequenceRegressor(max_epochs=1, hidden_size=4, random_state=0, threads=1)
    model.fit(sequences, counts, target_names=["dose"]).save(tmp_path / "m")
    _, out, err = run_cli(["predict", tmp_path / "m", made / "a.fa"])
    assert "the model has 4 validation residuals of dose, too few for an interval that hol" in err
    assert out.splitlines()[1].split("\t")[4:] == ["", ""]


@pytest.mark.parametrize("task", TARGETS)
def test_train__goes_on_after_an_interruption(task, made, tmp_path, monkeypatch, run_cli) -> None:
    from fastgru.cli import history

    inputs = [made / "a.fa", "--labels", made / "t.tsv", "--target", TARGETS[task], *QUICK]
    train = ["train", "--task", task, *inputs, "-o", tmp_path / "m"]
    with monkeypatch.context() as patch:

        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(history.HistoryFile, "add", interrupt)
        assert run_cli(train).code == 130
    code, _, err = run_cli([*train, "--resume"])
    assert code == 0, err
    assert (tmp_path / "m").read_bytes() == (made / f"{task}.safetensors").read_bytes()


@pytest.mark.parametrize("task", TARGETS)
def test_train__follows_a_split_without_labels(task: str, tmp_path: Path, run_cli) -> None:
    inputs = write_data(tmp_path)
    split = ["--test-fraction", "0.2", "--validation-fraction", "0.1"]
    assert run_cli(["split", inputs[0], "--unlabelled", *split, "-o", tmp_path / "s.tsv"]).code == 0
    options = ["--split", tmp_path / "s.tsv", "--target", TARGETS[task], *QUICK]
    code, _, err = run_cli(["train", "--task", task, *inputs, *options, "-o", tmp_path / "m"])
    assert code == 0, err
    model = load_any(tmp_path / "m", task)
    assert (model.n_train_, model.n_validation_) == (140, 20)


def load_any(path: Path, task: str) -> Any:
    return (SequenceRegressor if task == "regression" else SequenceClassifier).load(path)


def test_split__with_targets_leaves_conflicts_out(tmp_path: Path, run_cli) -> None:
    inputs = with_conflicts(tmp_path)
    options = ["--target", "dose", "-o", tmp_path / "s.tsv"]
    code, _, err = run_cli(["split", "--task", "regression", *inputs, *options])
    assert code == 0, err
    assert "202 records, of which 2 are left out for conflicting labels and 1 as duplicates" in err
    names = [row["id"] for row in read_tsv(tmp_path / "s.tsv")]
    assert set(names).isdisjoint({"r0", "conflicting", "repeated"})


def with_conflicts(folder: Path) -> list[str]:
    """Data of which r0 is there again with another dose, and r1 with the same."""
    inputs = write_data(folder)
    sequences, counts = plant_counts(200, seed=11)
    with (folder / "a.fa").open("a", encoding="utf-8") as file:
        file.write(f">conflicting\n{sequences[0]}\n>repeated\n{sequences[1]}\n")
    with (folder / "t.tsv").open("a", encoding="utf-8") as file:
        file.write(f"conflicting\t7\t\t0\t\nrepeated\t{100 * counts[1] + 1000}\t1\t0\t\n")
    return inputs


@pytest.mark.parametrize("where", ["nowhere", "split"])
def test_train__leaves_conflicts_out_instead_of_averaging(where, tmp_path: Path, run_cli) -> None:
    inputs = with_conflicts(tmp_path)
    options = ["--target", "dose", *QUICK, "-o", tmp_path / "m"]
    if where == "split":
        parts = ["--test-fraction", "0", "--validation-fraction", "0.1", "-o", tmp_path / "s.tsv"]
        assert run_cli(["split", inputs[0], "--unlabelled", *parts]).code == 0
        options += ["--split", tmp_path / "s.tsv"]
    code, _, err = run_cli(["train", "--task", "regression", *inputs, *options])
    assert code == 0, err
    model = SequenceRegressor.load(tmp_path / "m")
    assert model.n_train_ + model.n_validation_ == 199
    first = plant_counts(200, seed=11)[0][0]
    assert not model.seen_in_training([first])[0]
    expected = {
        "nowhere": "3 of 202 records are left out as duplicates or for conflicting labels",
        "split": "1 of 200 records of the split are left out for conflicting targets",
    }
    assert expected[where] in err


def test_train__holds_groups_out_whole(tmp_path: Path, run_cli) -> None:
    inputs = write_data(tmp_path, columns="group")
    options = ["--target", "dose", *QUICK, "-o", tmp_path / "m"]
    assert run_cli(["train", "--task", "regression", *inputs, *options]).code == 0
    model = SequenceRegressor.load(tmp_path / "m")
    assert (model.n_train_, model.n_validation_) == (180, 20)


@pytest.mark.parametrize("task", TARGETS)
def test_train__takes_a_share_and_shuffles_targets(task, made, tmp_path, run_cli) -> None:
    inputs = [made / "a.fa", "--labels", made / "t.tsv", "--target", TARGETS[task], *QUICK]
    options = ["--train-fraction", "0.5", "--shuffle-labels", "-o", tmp_path / "m"]
    code, _, err = run_cli(["train", "--task", task, *inputs, *options])
    assert code == 0, err
    model = load_any(tmp_path / "m", task)
    assert model.n_train_ == 60
    _, out, _ = run_cli(["info", tmp_path / "m"])
    assert "SHUFFLED LABELS" in out
    sequences = plant_counts(200, seed=11)[0][:5]
    said, other = (numbers_of(one, sequences) for one in (load(made, task), model))
    assert not np.array_equal(said, other)


@pytest.mark.parametrize("task", TARGETS)
def test_dry_run__says_what_would_be_trained(task: str, made, tmp_path, run_cli) -> None:
    inputs = [made / "a.fa", "--labels", made / "t.tsv", "--target", TARGETS[task], *QUICK]
    code, out, _ = run_cli(["train", "--task", task, *inputs, "--dry-run"])
    assert code == 0
    rows = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert rows["training"] == "120 sequences"
    assert rows["validation"] == "40 sequences, given"
    assert rows["targets"] == TARGETS[task].replace(",", ", ")
    assert list(tmp_path.iterdir()) == []


def test_info__describes_targets_and_labels(made: Path, run_cli) -> None:
    _, out, _ = run_cli(["info", made / "regression.safetensors"])
    lines = [line.split(maxsplit=1) for line in out.splitlines()]
    assert ["task", "regression"] in lines
    shown = [value for name, value in lines if name == "target"]
    assert shown[0].startswith("dose (mean 1")
    assert "median error" in shown[0]
    assert any(name == "validation" and "R^2" in value for name, value in lines)
    _, out, _ = run_cli(["info", made / "multilabel.safetensors"])
    lines = [line.split(maxsplit=1) for line in out.splitlines()]
    assert ["labels", "some, many"] in lines
    assert any(name == "prevalence" and value.startswith("some 0.") for name, value in lines)


REFUSED = [
    (["--task", "regression"], "--task regression: there are no targets, expected the columns of"),
    (["--task", "multilabel"], "--task multilabel: there are no targets"),
    (["--target", "dose"], "--target dose: the task classification has no targets, expected one"),
    (["--task", "regression", "--target", "dose,dose"], "--target dose,dose: expected different n"),
    (
        ["--task", "regression", "--target", "other"],
        "t.tsv, line 1: there is no column 'other', found 'id', 'dose'",
    ),
    (["--task", "multilabel", "--target", "dose"], "line 2, record 'r0': dose is '1"),
    (
        ["--task", "regression", "--target", "dose", "--calibrate"],
        "--calibrate: is no parameter of the task regression, expected one of classification, mul",
    ),
    (["--task", "multilabel", "--target", "status"], "target 'status': is the name of two columns"),
    (
        ["--task", "regression", "--target", "dose,dose_lower"],
        "target 'dose_lower': is the name of two columns of the predictions",
    ),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_train__refuses(options: list[str], message: str, made, tmp_path: Path, run_cli) -> None:
    inputs = [made / "a.fa", "--labels", made / "t.tsv"]
    code, _, err = run_cli(["train", *inputs, *options, *QUICK, "-o", tmp_path / "m"])
    assert code == (2 if message.startswith("--") else 1)
    assert message in err
    assert list(tmp_path.iterdir()) == []


def test_predictions__refuse_names_of_a_model_from_python(made, tmp_path: Path, run_cli) -> None:
    sequences, counts = plant_counts(20, seed=1)
    model = SequenceRegressor(max_epochs=1, hidden_size=2, random_state=0, threads=1)
    model.fit(sequences, counts, target_names=["a\tb"]).save(tmp_path / "m")
    code, _, err = run_cli(["predict", tmp_path / "m", made / "a.fa"])
    assert code == 1
    assert "does not fit into a cell" in err


@pytest.mark.parametrize(("task", "baseline"), [("regression", "mean"), ("multilabel", "majority")])
def test_baseline__writes_the_scores_of_a_model(task, baseline, made, tmp_path, run_cli) -> None:
    inputs = [made / "a.fa", "--labels", made / "t.tsv", "--target", TARGETS[task], "-t", 1]
    outputs = ["-o", tmp_path / "m.json", "--predictions", tmp_path / "p.tsv", "--n-resamples", 9]
    code, _, err = run_cli(["baseline", baseline, "--task", task, *inputs, *outputs])
    assert code == 0, err
    metrics = json.loads((tmp_path / "m.json").read_text())
    assert (metrics["task"], metrics["kind"], metrics["baseline"]) == (task, "baseline", baseline)
    assert (metrics["n_train"], metrics["n_validation"], metrics["n_test"]) == (160, 0, 40)
    of_model = json.loads((made / f"{task}.json").read_text())
    assert of_model.keys() - metrics.keys() == {"n_seen", "weights_sha256", "data"}
    rows, known = read_tsv(tmp_path / "p.tsv"), read_tsv(made / "t.tsv")
    learned = [row for row in known if row["split"] != "test"]
    for name in TARGETS[task].split(","):
        expected = np.nanmean(column(learned, name))
        np.testing.assert_allclose(column(rows, name), expected, rtol=1e-8)


def test_baseline__refuses_those_of_other_tasks(made: Path, tmp_path: Path, run_cli) -> None:
    inputs = [made / "a.fa", "--labels", made / "t.tsv", "--target", "dose", "-o", tmp_path / "m"]
    code, _, err = run_cli(["baseline", "majority", "--task", "regression", *inputs])
    assert code == 2
    assert "majority: is no baseline of the task regression, expected one of mean, length," in err
