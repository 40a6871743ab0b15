from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from fastgru.estimators.baseline_classifier import BaselineClassifier
from fastgru.estimators.baselines import BASELINES, REGRESSION_BASELINES, TAGGING_BASELINES
from tests.planted import as_fasta, as_table

QUICK = ["--threads", "1", "--n-resamples", "20"]


def splits_of(work) -> list[str]:
    return [row.split("\t")[2] for row in work.split.read_text(encoding="utf-8").splitlines()[1:]]


@pytest.mark.parametrize("name", BASELINES)
def test_baseline__is_trained_on_train_and_validation_and_scored_on_test(
    name: str, tmp_path: Path, work, run_cli
) -> None:
    outputs = ["-o", tmp_path / "m.json", "--predictions", tmp_path / "p.tsv"]
    labels = ["--labels", work.labels, "--split", work.split, "--seed", 3]
    code, out, err = run_cli(["baseline", name, work.fasta, *labels, *outputs, *QUICK])
    assert (code, out) == (0, "")
    assert "warning" not in err
    metrics = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))
    splits = splits_of(work)
    parts = {
        part: [k for k in range(80) if (splits[k] == "test") == (part == "test")]
        for part in ("learned", "test")
    }
    # in the order of the command, which puts the validation part last
    learned = sorted(parts["learned"], key=lambda k: splits[k] == "validation")
    model = BaselineClassifier(name, threads=1, random_state=3)
    model.fit([work.sequences[k] for k in learned], [work.truth[k] for k in learned])
    proba = model.predict_proba([work.sequences[k] for k in parts["test"]])
    truth = np.array([work.truth[k] for k in parts["test"]])
    predicted = model.classes_[proba.argmax(axis=1)]
    expected = {
        "kind": "baseline",
        "baseline": name,
        "n_train": 56,
        "n_validation": 0,
        "n_test": 24,
        "classes": ["no", "yes"],
        "accuracy": accuracy_score(truth, predicted),
        "roc_auc": roc_auc_score(truth == "yes", proba[:, 1]),
        "shuffled_labels": False,
        "shuffled_sequences": None,
        "schema_version": 1,
    }
    assert {key: metrics[key] for key in expected} == expected
    assert metrics["bootstrap"]["n_resamples"] == 20
    rows = [row.split("\t") for row in (tmp_path / "p.tsv").read_text("utf-8").splitlines()]
    beside = ["identity"] if name == "nearest" else []
    assert rows[0] == [
        "id",
        "status",
        "label",
        "flags",
        "true_label",
        "length",
        *beside,
        "no",
        "yes",
    ]
    assert [row[0] for row in rows[1:]] == [f"r{k}" for k in parts["test"]]
    assert [row[4] for row in rows[1:]] == truth.tolist()
    found = [[float(x) for x in row[-2:]] for row in rows[1:]]
    np.testing.assert_allclose(found, proba, rtol=1e-5)
    if name == "nearest":
        assert all(0 <= float(row[6]) <= 1 for row in rows[1:])


def test_baseline__finds_the_split_beside_the_labels(work, run_cli) -> None:
    beside = ["baseline", "composition", work.fasta, "--labels", work.split, *QUICK]
    apart = [*beside[:3], "--labels", work.labels, "--split", work.split, *QUICK]
    assert run_cli(beside).out == run_cli(apart).out != ""


def test_baseline__keeps_the_groups_of_the_split_together(
    work, run_cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = [f"g{number // 2}" for number in range(80)]
    splits = splits_of(work)
    split = tmp_path / "split.tsv"
    split.write_text(as_table(work.truth, split=splits, group=groups), encoding="utf-8")
    seen = []
    fit = BaselineClassifier.fit

    def watch(self, sequences, labels, *, groups=None):
        seen.append(groups)
        return fit(self, sequences, labels, groups=groups)

    monkeypatch.setattr(BaselineClassifier, "fit", watch)
    words = [work.fasta, "--labels", work.labels, "--split", split, "-t", "1", "-o", "-"]
    assert run_cli(["baseline", "composition", *words]).code == 0
    # first the part train, then the part validation
    parts = list(zip(groups, splits, strict=True))
    assert seen == [[g for part in ("train", "validation") for g, s in parts if s == part]]


def test_baseline__says_what_there_is(run_cli) -> None:
    code, out, _ = run_cli(["baseline", "--list"])
    assert code == 0
    of_classes, rest = out.split("\nwith --task regression:\n")
    of_numbers, of_letters = rest.split("\nwith --task tagging:\n")
    assert [line.split()[0] for line in of_classes.splitlines()] == list(BASELINES)
    assert [line.split()[0] for line in of_numbers.splitlines()] == list(REGRESSION_BASELINES)
    assert [line.split()[0] for line in of_letters.splitlines()] == list(TAGGING_BASELINES)
    assert "random forest on words of up to 4 nucleotides or 2 residues" in out


def test_baseline__that_is_not_applicable_says_so_in_place_of_scores(
    tmp_path: Path, run_cli
) -> None:
    sequences = ["ACGT", "ACGG", "AATT", "CCA", "GATTA", "TTAG"]
    truth = ["a", "b", "a", "b", "a", "b"]
    table = as_table(truth, split=["train"] * 4 + ["test"] * 2)
    (tmp_path / "a.fa").write_text(as_fasta(sequences), encoding="utf-8")
    (tmp_path / "l.tsv").write_text(table, encoding="utf-8")
    outputs = ["-o", tmp_path / "m.json", "--predictions", tmp_path / "p.tsv"]
    arguments = ["baseline", "onehot_logistic", tmp_path / "a.fa", "--labels", tmp_path / "l.tsv"]
    code, _, err = run_cli([*arguments, *outputs])
    assert code == 0
    reason = "sequences have 3 different lengths (3 to 5 letters), expected one"
    assert f"warning: the baseline onehot_logistic is not applicable: {reason}" in err
    assert json.loads((tmp_path / "m.json").read_text(encoding="utf-8")) == {
        "kind": "baseline",
        "baseline": "onehot_logistic",
        "classes": ["a", "b"],
        "n_train": 4,
        "n_validation": 0,
        "n_test": 2,
        "not_applicable": reason,
        "shuffled_labels": False,
        "shuffled_sequences": None,
        "schema_version": 1,
    }
    assert (tmp_path / "p.tsv").read_text(encoding="utf-8").splitlines() == [
        "id\tstatus\tlabel\tflags\ttrue_label\tlength\ta\tb",
        f"r4\tnot applicable: {reason}\t\t\ta\t5\t\t",
        f"r5\tnot applicable: {reason}\t\t\tb\t4\t\t",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["svm", "a.fa", "--label-field", "label"], 2, "invalid choice: 'svm' (choose from"),
        ([], 2, "the following arguments are required: NAME"),
        (["length", "a.fa"], 2, "exactly one of three forms"),
        (["length", "a.fa", "--label-field", "label"], 1, "error: the input has no split, expect"),
        (
            ["length", "a.fa", "--labels", "other.tsv"],
            1,
            "baseline length: does not know the class 'c', expected the classes 'a', 'b'. Correct",
        ),
        (["length", "a.fa", "--labels", "same.tsv"], 1, "the column split: the part 'test' is em"),
        (["length", "a.fa", "--labels", "one.tsv"], 1, "labels: only one class, 'a', among 2 seq"),
        (["length", "a.fa", "--labels", "l", "-o", "x/m"], 1, "x/m: there is no folder 'x'"),
    ],
)
def test_baseline__explains_what_it_cannot_do(
    arguments: list[str], code: int, message: str, tmp_path: Path, run_cli, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = as_fasta(["ACGT", "ACGG", "AATT"], ["a", "b", "c"])
    Path("a.fa").write_text(text, encoding="utf-8")
    tables = {
        "other.tsv": as_table(["a", "b", "c"], split=["train", "train", "test"]),
        "same.tsv": as_table(["a", "b", "c"], split=["train"] * 3),
        "one.tsv": as_table(["a", "a", "a"], split=["train", "train", "test"]),
    }
    for name, table in tables.items():
        Path(name).write_text(table, encoding="utf-8")
    output = [] if "-o" in arguments else ["-o", "m.json"]
    found = run_cli(["baseline", *arguments, *output])
    assert (found.code, found.out) == (code, "")
    assert message in found.err
    assert not Path("m.json").exists()
