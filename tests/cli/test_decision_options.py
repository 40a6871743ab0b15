"""``fastgru predict`` with --prevalence, --threshold and --abstain, and its flags."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fastgru import SequenceClassifier
from fastgru.models.model_file import read_model
from tests.planted import plant


def table_of(found) -> tuple[list[str], list[str], np.ndarray]:
    """Labels, flags and probabilities of what was printed."""
    assert found.code == 0, found.err
    rows = [line.split("\t") for line in found.out.splitlines()][1:]
    return (
        [row[2] for row in rows],
        [row[3] for row in rows],
        np.array([r[4:] for r in rows], float),
    )


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of three classes."""
    path = tmp_path_factory.mktemp("many") / "model.safetensors"
    model = SequenceClassifier(hidden_size=4, max_epochs=1, threads=1, random_state=0)
    model.fit(plant(30, seed=1)[0], ["a", "b", "c"] * 10).save(path)
    return path


def test_predict__obeys_a_threshold(work, run_cli) -> None:
    plain = table_of(run_cli(["predict", work.model, work.fasta]))
    cut = float(np.median(plain[2][:, 1]))
    for given in (cut, 1 - cut):
        labels, _, proba = table_of(
            run_cli(["predict", work.model, work.fasta, "--threshold", given])
        )
        np.testing.assert_array_equal(proba, plain[2])
        positive = proba[:, 1] >= given + 1e-5  # six digits are written
        assert {"yes"} == {label for label, is_so in zip(labels, positive, strict=True) if is_so}
    assert labels != plain[0]


@pytest.mark.parametrize("name", ["youden", "f1", "mcc"])
def test_predict__obeys_a_threshold_of_the_model(name: str, work, run_cli) -> None:
    (row,) = (r for r in read_model(work.model).card["thresholds"]["rows"] if r["name"] == name)
    by_name = run_cli(["predict", work.model, work.fasta, "--threshold", name]).out
    by_number = run_cli(["predict", work.model, work.fasta, "--threshold", row["threshold"]]).out
    assert by_name == by_number


def test_predict__reweighs_to_a_prevalence(work, run_cli) -> None:
    _, _, plain = table_of(run_cli(["predict", work.model, work.fasta]))
    labels, _, proba = table_of(run_cli(["predict", work.model, work.fasta, "--prevalence", 0.01]))
    odds = plain[:, 1] / plain[:, 0] * 0.01 / 0.99
    np.testing.assert_allclose(proba[:, 1], odds / (1 + odds), rtol=1e-4)
    assert "yes" not in labels
    named = run_cli(["predict", work.model, work.fasta, "--prevalence", "yes=0.01,no=0.99"]).out
    assert named == run_cli(["predict", work.model, work.fasta, "--prevalence", 0.01]).out


def test_predict__leaves_open_what_is_not_clear(work, many, run_cli) -> None:
    labels, _, proba = table_of(run_cli(["predict", work.model, work.fasta, "--abstain", 0.6]))
    assert [label == "abstain" for label in labels] == (proba.max(axis=1) < 0.6).tolist()
    labels, _, proba = table_of(run_cli(["predict", many, work.fasta, "--abstain", 0.35]))
    assert [label == "abstain" for label in labels] == (proba.max(axis=1) < 0.35).tolist()


def test_predict__flags_what_is_unlike_the_training_data(work, run_cli) -> None:
    text = f">a\n{work.sequences[0]}\n>b\nACGT\n>c\n{'N' * 30}\n>d\n{'N' * 40}\n>e\nA!\n"
    found = run_cli(["predict", work.model, "-", "--on-invalid", "status"], stdin=text)
    assert table_of_flags(found.out) == ["", "length", "ambiguous", "length;ambiguous", ""]
    assert "records unlike those of training: 3 of 5; see column flags" in found.err


def table_of_flags(text: str) -> list[str]:
    return [line.split("\t")[3] for line in text.splitlines()][1:]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--threshold", "1.5"], "expected a number between 0 and 1, got '1.5'"),
        (["--threshold", "nan"], "expected a number between 0 and 1, got 'nan'"),
        (
            ["--threshold", "best"],
            "error: --threshold best: is neither a number between 0 and 1 no",
        ),
        (["--prevalence", "0"], "expected a number between 0 and 1, got '0'"),
        (["--prevalence", "yes=0.5,no"], "got 'yes=0.5,no': 'no' no NAME=P"),
        (["--prevalence", "yes=0.5,yes=0.5"], "'yes=0.5' given twice"),
        (["--prevalence", "yes=x,no=0.5"], "expected a number between 0 and 1, got 'x'"),
        (["--prevalence", "yes=0.5,maybe=0.5"], "expected those of all classes, 'no', 'yes'."),
        (["--abstain", "0.6,0.4"], "expected LOW,HIGH with LOW below HIGH, got '0.6,0.4'"),
        (["--abstain", "2"], "expected a number between 0 and 1, got '2'"),
        (["--abstain", "0.4,0.6", "--threshold", "0.7"], "does not hold the threshold 0.7"),
    ],
)
def test_predict__explains_a_decision_that_does_not_fit(
    options, message: str, work, run_cli, tmp_path: Path
) -> None:
    arguments = ["predict", work.model, work.fasta, "-o", tmp_path / "out.tsv", *options]
    found = run_cli(arguments)
    assert (found.code, found.out) == (2, "")
    assert message in found.err
    assert list(tmp_path.iterdir()) == []


def test_predict__decides_before_it_reads(work, run_cli) -> None:
    found = run_cli(["predict", work.model, "missing.fa", "--threshold", "best"])
    assert found.code == 2
    assert "--threshold best" in found.err
    assert "missing.fa" not in found.err.partition("error: ")[2]
