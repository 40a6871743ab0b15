from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    matthews_corrcoef,
    roc_auc_score,
)

from fastgru import SequenceClassifier
from fastgru.data.alphabets import get_alphabet
from fastgru.data.shuffles import shuffle_sequences
from fastgru.evaluation import bootstrap_intervals, check_predictions
from tests.models.model_files import put_together, take_apart
from tests.planted import as_fasta, as_table, plant

KEYS = {
    "accuracy",
    "balanced_accuracy",
    "bootstrap",
    "class_intervals",
    "brier",
    "classes",
    "confusion_matrix",
    "ece",
    "f1_macro",
    "intervals",
    "log_loss",
    "mcc",
    "n_seen",
    "n_test",
    "n_train",
    "n_validation",
    "pr_auc",
    "reliability",
    "roc_auc",
    "schema_version",
    "temperature",
    "thresholds",
    "uncalibrated",
}


def is_test(number: int) -> bool:
    return number // 2 % 10 >= 7  # see the fixture `work`


def test_evaluate__scores_the_test_part_as_scikit_learn_does(tmp_path: Path, work, run_cli) -> None:
    outputs = ["-o", tmp_path / "m.json", "--predictions", tmp_path / "p.tsv"]
    labels = ["--labels", work.labels, "--split", work.split]
    code, out, err = run_cli(["evaluate", work.model, work.fasta, *labels, *outputs])
    assert (code, out) == (0, "")
    assert "warning" not in err
    metrics = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))
    assert metrics.keys() >= KEYS
    chosen = [k for k in range(80) if is_test(k)]
    truth = [work.truth[k] for k in chosen]
    model = SequenceClassifier.load(work.model)
    proba = model.predict_proba([work.sequences[k] for k in chosen])
    predicted = model.classes_[proba.argmax(axis=1)]
    positive = np.array(truth) == "yes"
    expected = {
        "classes": ["no", "yes"],
        "n_train": 48,
        "n_validation": 8,
        "n_test": 24,
        "accuracy": accuracy_score(truth, predicted),
        "balanced_accuracy": balanced_accuracy_score(truth, predicted),
        "mcc": matthews_corrcoef(truth, predicted),
        "f1_macro": f1_score(truth, predicted, average="macro"),
        "roc_auc": roc_auc_score(positive, proba[:, 1]),
        "pr_auc": average_precision_score(positive, proba[:, 1]),
        "log_loss": log_loss(truth, proba),
        "confusion_matrix": confusion_matrix(truth, predicted).tolist(),
        "schema_version": 1,
        "kind": "model",
        "shuffled_labels": False,
        "shuffled_sequences": None,
    }
    for name, value in expected.items():
        assert metrics[name] == (value if name != "log_loss" else pytest.approx(value)), name
    low, high = metrics["intervals"]["accuracy"]
    assert f"accuracy: {metrics['accuracy']:.4f} ({low:.4f} to {high:.4f})" in err
    gradient = metrics["gradient_by_distance"]
    assert gradient[0] == 1
    assert len(gradient) > 10
    assert min(gradient) >= 0


def test_evaluate__scores_probabilities_with_and_without_the_temperature(
    tmp_path: Path, work, run_cli
) -> None:
    plain = tmp_path / "plain.safetensors"
    labels = ["--labels", work.labels, "--split", work.split]
    quick = ["--max-epochs", "2", "--hidden-size", "8", "--threads", "1"]
    run_cli(["train", work.fasta, *labels, *quick, "--no-calibrate", "-o", plain])
    with_it, without = (
        json.loads(run_cli(["evaluate", model, work.fasta, *labels]).out)
        for model in (work.model, plain)
    )
    assert without["temperature"] == 1
    assert with_it["temperature"] == SequenceClassifier.load(work.model).temperature_ != 1
    names = {"log_loss", "brier", "ece", "reliability"}
    assert with_it["uncalibrated"].keys() == names
    for name in names - {"reliability"}:
        assert with_it["uncalibrated"][name] == pytest.approx(without[name], rel=1e-6)
        assert with_it[name] != pytest.approx(without[name], rel=1e-6)
    counts = [[row["n"] for row in m["reliability"]] for m in (with_it["uncalibrated"], without)]
    assert counts[0] == counts[1]
    assert with_it["accuracy"] == without["accuracy"]


def test_evaluate__says_what_each_threshold_gives(work, run_cli) -> None:
    labels = ["--labels", work.labels, "--split", work.split]
    metrics = json.loads(run_cli(["evaluate", work.model, work.fasta, *labels]).out)
    model = SequenceClassifier.load(work.model)
    chosen = [k for k in range(80) if is_test(k)]
    positive = np.array([work.truth[k] == "yes" for k in chosen])
    proba = model.predict_proba([work.sequences[k] for k in chosen])[:, 1]
    assert [row["name"] for row in metrics["thresholds"]][:2] == ["youden", "f1"]
    for row, known in zip(metrics["thresholds"], model.thresholds_, strict=True):
        assert (row["threshold"], row["reason"]) == (known["threshold"], known["reason"])
        assert row["validation"]["mcc"] == known["mcc"]
        if row["threshold"] is not None:
            called = proba >= row["threshold"]
            assert row["test"]["sensitivity"] == pytest.approx(called[positive].mean())
        else:
            assert row["test"] is None


def test_evaluate__writes_the_predictions_that_predict_writes_and_the_truth(
    tmp_path: Path, work, run_cli
) -> None:
    labels = ["--labels", work.labels, "--split", work.split]
    outputs = ["-o", tmp_path / "m.json", "--predictions", tmp_path / "p.tsv"]
    run_cli(["evaluate", work.model, work.fasta, *labels, *outputs])
    expected = run_cli(["predict", work.model, work.fasta, "--split", work.split]).out
    rows = read_rows(tmp_path / "p.tsv")
    lengths = [row.pop(5) for row in rows]
    assert lengths[1:] == [str(len(work.sequences[k])) for k in range(80) if is_test(k)]
    truth = [row.pop(4) for row in rows]
    assert truth == ["true_label", *(work.truth[k] for k in range(80) if is_test(k))]
    assert "".join("\t".join(row) + "\n" for row in rows) == expected


def read_rows(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]


def test_evaluate__resamples_records_as_often_as_it_is_told(work, run_cli) -> None:
    arguments = ["evaluate", work.model, work.fasta, "--labels", work.split]
    metrics = json.loads(run_cli([*arguments, "--n-resamples", 30, "--seed", 4]).out)
    assert metrics["bootstrap"] == {
        "over": "records",
        "n_units": 24,
        "n_resamples": 30,
        "seed": 4,
        "confidence": 0.95,
    }
    model = SequenceClassifier.load(work.model)
    chosen = [k for k in range(80) if is_test(k)]
    proba = model.predict_proba([work.sequences[k] for k in chosen])
    predicted = model.classes_[proba.argmax(axis=1)]
    checked = check_predictions([work.truth[k] for k in chosen], predicted, proba, ["no", "yes"])
    expected = bootstrap_intervals(checked, n_resamples=30, seed=4)
    assert {name: metrics[name] for name in expected} == expected


@pytest.mark.parametrize("place", ["labels", "split"])
def test_evaluate__resamples_groups_where_there_are_any(
    place: str, tmp_path: Path, work, run_cli
) -> None:
    groups = [f"family {k // 5}" for k in range(80)]
    splits = [row[2] for row in read_rows(work.split)[1:]]
    tables = {"labels": as_table(work.truth), "split": as_table(work.truth, split=splits)}
    columns = {"split": {"split": splits}, "labels": {}}[place]
    tables[place] = as_table(work.truth, group=groups, **columns)
    for name, text in tables.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    labels = ["--labels", tmp_path / "labels", "--split", tmp_path / "split"]
    outputs = ["-o", tmp_path / "m.json", "--predictions", tmp_path / "p.tsv"]
    assert run_cli(["evaluate", work.model, work.fasta, *labels, *outputs]).code == 0
    metrics = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))
    used = {groups[k] for k in range(80) if is_test(k)}
    assert (metrics["bootstrap"]["over"], metrics["bootstrap"]["n_units"]) == ("groups", len(used))
    rows = read_rows(tmp_path / "p.tsv")
    assert rows[0][4:7] == ["true_label", "length", "group"]
    assert [row[6] for row in rows[1:]] == [groups[k] for k in range(80) if is_test(k)]


def test_evaluate__scores_shuffled_sequences_as_a_control(work, run_cli) -> None:
    arguments = ["evaluate", work.model, work.fasta, "--labels", work.split, "--shuffle"]
    code, out, err = run_cli([*arguments, "--seed", 5])
    assert code == 0
    assert "the sequences are shuffled, their dinucleotides kept" in err
    metrics = json.loads(out)
    assert metrics["shuffled_sequences"] == "dinucleotides"
    chosen = [k for k in range(80) if is_test(k)]
    sequences = [work.sequences[k] for k in chosen]
    shuffled = shuffle_sequences(sequences, get_alphabet("dna"), seed=5)
    assert shuffled != sequences
    proba = SequenceClassifier.load(work.model).predict_proba(shuffled)
    positive = np.array([work.truth[k] for k in chosen]) == "yes"
    assert metrics["roc_auc"] == roc_auc_score(positive, proba[:, 1])


def test_evaluate__keeps_residues_where_it_shuffles_proteins(tmp_path: Path, run_cli) -> None:
    model = SequenceClassifier("protein", hidden_size=4, max_epochs=1, threads=1, random_state=0)
    texts, truth = ["MKVLA", "LLKWE", "GGSAY", "GASGH"], ["no", "no", "yes", "yes"]
    model.fit(texts, truth).save(tmp_path / "m")
    arguments = ["evaluate", tmp_path / "m", "-", "--label-field", "label", "--shuffle"]
    _, out, err = run_cli(arguments, stdin=as_fasta(texts, truth))
    assert json.loads(out)["shuffled_sequences"] == "residues"
    assert "the sequences are shuffled, their residues kept" in err


def test_evaluate__says_that_a_model_is_a_control(tmp_path: Path, work, run_cli) -> None:
    sequences, truth = plant(30, seed=12)
    model = SequenceClassifier(hidden_size=4, max_epochs=1, threads=1, random_state=0)
    model.fit(sequences, truth).save(tmp_path / "m", extra={"shuffled_labels": True})
    arguments = ["evaluate", tmp_path / "m", work.fasta, "--label-field", "label"]
    code, out, err = run_cli(arguments)
    assert code == 0
    assert json.loads(out)["shuffled_labels"] is True
    assert "m was trained on shuffled labels, as a control; its predictions mean nothing" in err


def test_evaluate__writes_the_same_bytes_every_time(work, run_cli) -> None:
    arguments = ["evaluate", work.model, work.fasta, "--labels", work.split]
    first, second = (run_cli([*arguments, "-t", threads]).out for threads in (1, 2))
    assert first == second == json.dumps(json.loads(first), indent=2, sort_keys=True) + "\n"


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_evaluate__takes_the_part_that_is_asked_for(part: str, work, run_cli) -> None:
    sizes = {"train": 48, "validation": 8, "test": 24}
    beside = ["--labels", work.split]
    apart = ["--labels", work.labels, "--split", work.split]
    for labels in (beside, apart):
        arguments = ["evaluate", work.model, work.fasta, *labels, "--subset", part]
        code, out, _ = run_cli(arguments)
        assert code == 0
        assert json.loads(out)["n_test"] == sizes[part]


def test_evaluate__takes_all_records_where_there_is_no_split(work, run_cli) -> None:
    sequences, truth = plant(30, seed=12)
    arguments = ["evaluate", work.model, "-", "--label-field", "label"]
    code, out, err = run_cli(arguments, stdin=as_fasta(sequences, truth))
    assert code == 0
    assert json.loads(out)["n_test"] == 30
    assert "warning" not in err


def test_evaluate__warns_when_it_scores_what_was_learned(work, run_cli) -> None:
    code, _, err = run_cli(["evaluate", work.model, work.fasta, "--label-field", "label"])
    assert code == 0
    assert "warning: the model has seen 56 of these 80 sequences in training, so the" in err


@pytest.mark.parametrize(("part", "n_seen"), [("train", 48), ("validation", 8), ("test", 0)])
def test_evaluate__counts_what_the_model_has_seen(part: str, n_seen: int, work, run_cli) -> None:
    words = [work.fasta, "--labels", work.labels, "--split", work.split, "--subset", part]
    _, out, err = run_cli(["evaluate", work.model, *words, "--n-resamples", 10])
    assert json.loads(out)["n_seen"] == n_seen
    assert (f"has seen {n_seen} of these" in err) == (n_seen > 0)


def test_evaluate__warns_of_another_split_than_that_of_training(
    tmp_path: Path, work, run_cli
) -> None:
    parts = ["test" if number % 3 == 0 else "train" for number in range(80)]
    (tmp_path / "other.tsv").write_text(as_table(work.truth, split=parts), encoding="utf-8")
    words = [work.fasta, "--labels", work.labels, "--split", tmp_path / "other.tsv"]
    _, out, err = run_cli(["evaluate", work.model, *words, "--n-resamples", 10])
    n_seen = sum(part == "test" and not is_test(k) for k, part in enumerate(parts))
    assert json.loads(out)["n_seen"] == n_seen
    assert f"warning: the model has seen {n_seen} of these 27 sequences in training" in err
    assert "use the part 'test' of the split that it was trained with" in err


def test_evaluate__says_that_an_older_model_does_not_know(tmp_path: Path, work, run_cli) -> None:
    header, card, weights = take_apart(work.model.read_bytes())
    del card["seen"]
    (tmp_path / "old").write_bytes(put_together(header, card, weights))
    words = [work.fasta, "--labels", work.labels, "--split", work.split, "--n-resamples", 10]
    _, out, err = run_cli(["evaluate", tmp_path / "old", *words])
    assert json.loads(out)["n_seen"] is None
    assert "warning: the model does not say what it has learned from" in err


def test_evaluate__says_which_scores_are_undefined(work, run_cli) -> None:
    text = as_fasta(["ACGT", "AACC"], ["yes", "yes"])
    arguments = ["evaluate", work.model, "-", "--label-field", "label"]
    code, out, err = run_cli(arguments, stdin=text)
    assert code == 0
    assert json.loads(out)["roc_auc"] is None
    assert "roc_auc: undefined" in err
    assert "warning: roc_auc is undefined: all test sequences belong to the class 'yes'" in err


def test_evaluate__knows_models_with_integer_classes(tmp_path: Path, run_cli) -> None:
    sequences, truth = plant(30, seed=12)
    numbers = [int(label == "yes") for label in truth]
    model = SequenceClassifier(hidden_size=4, max_epochs=1, threads=1, random_state=0)
    model.fit(sequences, numbers).save(tmp_path / "m")
    text = as_fasta(sequences, list(map(str, numbers)))
    arguments = ["evaluate", tmp_path / "m", "-", "--label-field", "label"]
    code, out, _ = run_cli(arguments, stdin=text)
    assert code == 0
    metrics = json.loads(out)
    assert metrics["classes"] == ["0", "1"]
    assert (metrics["n_train"], metrics["n_validation"]) == (26, 4)


SMALL = as_fasta(*plant(8, seed=3))


@pytest.mark.parametrize(
    ("text", "options", "code", "message"),
    [
        (SMALL, ["--n-resamples", "0"], 2, "argument --n-resamples: expected a whole number of a"),
        (
            SMALL.replace("=no", "=other"),
            [],
            1,
            "model.safetensors: does not know the class 'other', expected the classes 'no', 'yes'.",
        ),
        (SMALL.replace("=no", "=other"), [], 1, "Correct the labels, or train a model with these"),
        (SMALL, ["--subset", "test"], 1, "--subset test: the input has no split, expected one"),
        (SMALL, ["--alphabet", "rna"], 2, "--alphabet rna: "),
        (SMALL, ["--alphabet", "rna"], 2, "was trained on dna sequences, expected the same. Leav"),
        (SMALL, ["--labels", "l.tsv"], 2, "exactly one of three forms"),
        (">a label=no\nMKVE\n", [], 1, "record 'a': letter 'E' at position 4"),
        ("", [], 1, "standard input: the file holds no records"),
    ],
)
def test_evaluate__explains_what_it_cannot_score(
    text: str, options, code: int, message: str, tmp_path: Path, work, run_cli
) -> None:
    outputs = ["-o", tmp_path / "m.json", "--predictions", tmp_path / "p.tsv"]
    arguments = ["evaluate", work.model, "-", "--label-field", "label", *options, *outputs]
    found = run_cli(arguments, stdin=text)
    assert (found.code, found.out) == (code, "")
    assert message in found.err
    assert found.err.count("error: ") == 1
    assert list(tmp_path.iterdir()) == []


def test_evaluate__names_records_that_are_longer_than_the_positions(
    tmp_path: Path, work, run_cli
) -> None:
    model = SequenceClassifier(
        position_embedding=True, hidden_size=4, max_epochs=1, threads=1, random_state=0
    )
    model.fit(*plant(20, seed=1)).save(tmp_path / "m")
    text = as_fasta(["ACG", "A" * 31, "C" * 40], ["no", "yes", "no"])
    arguments = ["evaluate", tmp_path / "m", "-", "--label-field", "label"]
    code, out, err = run_cli(arguments, stdin=text)
    assert (code, out) == (1, "")
    assert (
        "standard input, line 3, record 'r1': has 31 letters, expected at most 30 (1 more record "
        "too long). Cut it to the window that the model was trained on"
    ) in err


def test_evaluate__and_predict_name_records_that_are_shorter_than_a_kmer(
    tmp_path: Path, run_cli
) -> None:
    model = SequenceClassifier(kmer_size=5, hidden_size=4, max_epochs=1, threads=1, random_state=0)
    model.fit(*plant(20, seed=1)).save(tmp_path / "m")
    text = as_fasta(["ACGTA", "ACGT"], ["no", "yes"])
    found = run_cli(["evaluate", tmp_path / "m", "-", "--label-field", "label"], stdin=text)
    assert (found.code, found.out) == (1, "")
    assert "line 3, record 'r1': has 4 letters, expected at least 5. Leave it out, or" in found.err
    found = run_cli(["predict", tmp_path / "m", "-", "--on-invalid", "status"], stdin=text)
    assert found.code == 0
    assert "r1\tthe sequence has 4 letters, expected at least 5\t" in found.out


def test_evaluate__warns_of_nucleotides_given_to_a_protein_model(
    tmp_path: Path, work, run_cli
) -> None:
    model = SequenceClassifier("protein", hidden_size=4, max_epochs=1, threads=1, random_state=0)
    model.fit(["MKVLA", "LLKWE", "GGSAY", "GASGH"], ["no", "no", "yes", "yes"])
    model.save(tmp_path / "m")
    arguments = ["evaluate", tmp_path / "m", "-", "--label-field", "label"]
    _, _, err = run_cli(arguments, stdin=as_fasta(*plant(20, seed=3)))
    assert "warning: all letters are A, C, G, T, U or N, but the model was trained on prot" in err


def test_evaluate__refuses_a_split_that_gives_a_test_sequence_away(
    tmp_path: Path, work, run_cli
) -> None:
    sequences = ["ACGT", "ACGT"]
    (tmp_path / "a.fa").write_text(as_fasta(sequences, ["no", "no"]), encoding="utf-8")
    table = as_table(["no", "no"], split=["train", "test"])
    (tmp_path / "s.tsv").write_text(table, encoding="utf-8")
    arguments = ["evaluate", work.model, tmp_path / "a.fa", "--label-field", "label"]
    code, _, err = run_cli([*arguments, "--split", tmp_path / "s.tsv"])
    assert code == 1
    assert "record 'r1': the same sequence is also in another part of the split" in err
    code, _, err = run_cli([*arguments[:3], "--labels", tmp_path / "s.tsv"])
    assert code == 1
    assert "the column split: the part 'test' is empty, expected records in it." in err


@pytest.mark.parametrize(
    ("outputs", "code", "message"),
    [
        (["-o", "same", "--predictions", "same"], 2, "same: given for two outputs"),
        (["--predictions", "-"], 2, "standard output (-): given for two outputs"),
        (["--predictions", "missing/p"], 1, "missing/p: there is no folder"),
    ],
)
def test_evaluate__checks_its_outputs_before_any_work(
    outputs, code: int, message: str, tmp_path: Path, run_cli, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = run_cli(["evaluate", "none", "none.fa", "--label-field", "label", *outputs])
    assert (found.code, found.out) == (code, "")
    assert message in found.err
    assert list(tmp_path.iterdir()) == []
