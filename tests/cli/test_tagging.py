"""``train``, ``predict`` and ``evaluate`` of labels of letters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from pyarrow import parquet

from fastgru import SequenceTagger
from fastgru.models.model_file import read_model
from tests.planted import as_fasta, as_table, plant_segments

OPTIONS = ["--hidden-size", "8", "--embedding-size", "4", "--threads", "1"]


class Tagged(NamedTuple):
    """Two FASTA files, a split, and a tagger that was trained on its first part."""

    fasta: Path
    labels: Path
    split: Path
    model: Path
    sequences: list[str]
    truth: list[str]


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> Tagged:
    from fastgru.cli import main

    folder = tmp_path_factory.mktemp("tagged")
    sequences, truth = plant_segments(60, seed=5)
    truth[0] = "?" * len(truth[0])
    truth[59] = "?" + truth[59][1:]
    parts = (["train"] * 6 + ["validation"] + ["test"] * 3) * 6
    made = Tagged(*(folder / name for name in ("s.fa", "l.fa", "split", "m")), sequences, truth)
    made.fasta.write_text(as_fasta(sequences), encoding="utf-8")
    made.labels.write_text(as_fasta(truth), encoding="utf-8")
    made.split.write_text(as_table(["-"] * 60, split=parts), encoding="utf-8")
    arguments = ["train", "-q", *given_to(made), "--crf", "--max-epochs", "3", *OPTIONS]
    assert main(list(map(str, [*arguments, "-o", made.model]))) == 0
    return made


def given_to(tagged: Tagged) -> list[object]:
    task = ["--task", "tagging"]
    return [*task, tagged.fasta, "--step-labels", tagged.labels, "--split", tagged.split]


def test_train__writes_a_tagger_of_the_training_part(tagged) -> None:
    card = read_model(tagged.model).card
    assert card["task"] == "tagging"
    assert card["classes"] == ["-", "B", "E", "I"]
    assert card["architecture"]["crf"] is True
    # one of the 36 has no letter with a label
    assert (card["training"]["n_train"], card["training"]["n_validation"]) == (35, 6)
    assert [file["name"] for file in card["data"]["files"]] == ["s.fa", "l.fa"]


def test_train__says_what_it_would_do(tagged, run_cli) -> None:
    code, out, err = run_cli(["train", *given_to(tagged), *OPTIONS, "--dry-run"])
    assert code == 0, err
    assert "training    35 sequences" in out
    assert "B 35, E 35, I 140" in out


def test_train__on_shuffled_labels_says_so(tagged, run_cli, tmp_path: Path) -> None:
    arguments = [*given_to(tagged), *OPTIONS, "--max-epochs", "1", "--train-fraction", "0.5"]
    code, _, err = run_cli(["train", *arguments, "--shuffle-labels", "-o", tmp_path / "m"])
    assert code == 0, err
    card = read_model(tmp_path / "m").card
    assert card["shuffled_labels"] is True
    assert card["training"]["n_train"] <= 18


def test_train__leaves_out_sequences_with_two_labellings(run_cli, tmp_path: Path) -> None:
    sequences, truth = plant_segments(20, seed=6)
    other = truth[0][::-1] if truth[0][::-1] != truth[0] else "B" + truth[0][1:]
    (tmp_path / "s.fa").write_text(as_fasta([*sequences, sequences[0]]), encoding="utf-8")
    (tmp_path / "l.fa").write_text(as_fasta([*truth, other]), encoding="utf-8")
    arguments = ["--task", "tagging", tmp_path / "s.fa", "--step-labels", tmp_path / "l.fa"]
    options = [*OPTIONS, "--max-epochs", "1", "--no-early-stopping", "-o", tmp_path / "m"]
    code, _, err = run_cli(["train", *arguments, *options])
    assert code == 0, err
    assert "2 of 21 records are left out: their sequence is there again with other labels" in err
    assert read_model(tmp_path / "m").card["training"]["n_train"] == 19


def test_predict__writes_a_label_for_each_letter(tagged, run_cli) -> None:
    code, out, err = run_cli(["predict", tagged.model, tagged.fasta])
    assert code == 0, err
    header, *rows = [line.split("\t") for line in out.splitlines()]
    assert header == ["id", "status", "flags", "labels"]
    model = SequenceTagger.load(tagged.model)
    assert [row[3] for row in rows] == model.predict(tagged.sequences)
    assert [row[0] for row in rows] == [f"r{k}" for k in range(60)]


def test_predict__gives_bad_records_a_row(tagged, run_cli, tmp_path: Path) -> None:
    (tmp_path / "bad.fa").write_text(">a\nAC-GT\n>b\nACGT\n", encoding="utf-8")
    options = ["--on-invalid", "status"]
    code, out, _ = run_cli(["predict", tagged.model, tmp_path / "bad.fa", *options])
    assert code == 0
    first, second = [line.split("\t") for line in out.splitlines()[1:]]
    assert "'-'" in first[1]
    assert first[2:] == ["", ""]
    assert (second[1], len(second[3])) == ("ok", 4)


def test_predict__joins_longer_labels_by_commas(run_cli, tmp_path: Path) -> None:
    model = SequenceTagger(hidden_size=4, max_epochs=1, early_stopping=False, random_state=0)
    model.fit(["ACGT"], [["in", "in", "out", "out"]]).save(tmp_path / "m")
    (tmp_path / "s.fa").write_text(">a\nAC\n", encoding="utf-8")
    code, out, _ = run_cli(["predict", tmp_path / "m", tmp_path / "s.fa"])
    assert code == 0
    assert out.splitlines()[1].split("\t")[3].split(",") == model.predict(["AC"])[0]


@pytest.mark.parametrize("threads", [1, 2])
def test_predict__per_position_has_a_row_for_each_letter(tagged, run_cli, threads: int) -> None:
    given = ["predict", tagged.model, tagged.fasta, "--per-position", "-t", threads]
    code, out, err = run_cli(given)
    assert code == 0, err
    header, *rows = [line.split("\t") for line in out.splitlines()]
    assert header == ["id", "status", "flags", "position", "letter", "label", "-", "B", "E", "I"]
    model = SequenceTagger.load(tagged.model)
    labels, chances = model.predict(tagged.sequences), model.predict_proba(tagged.sequences)
    expected = [
        [f"r{k}", "ok", str(position + 1), letters[position], labels[k][position]]
        + [f"{value:.6g}" for value in chances[k][position]]
        for k, letters in enumerate(tagged.sequences)
        for position in range(len(letters))
    ]
    assert [[*row[:2], *row[3:]] for row in rows] == expected


def test_predict__per_position_writes_every_format(tagged, run_cli, tmp_path: Path) -> None:
    (tmp_path / "s.fa").write_text(">a\nACNGT\n>bad\nAC-GT\n>b\ntt\n", encoding="utf-8")
    given = ["predict", tagged.model, tmp_path / "s.fa", "--per-position", "--on-invalid", "status"]
    for name in ("p.tsv", "p.jsonl", "p.parquet"):
        assert run_cli([*given, "-o", tmp_path / name]).code == 0
    rows = [line.split("\t") for line in (tmp_path / "p.tsv").read_text().splitlines()[1:]]
    assert [(row[0], row[3], row[4]) for row in rows] == [
        *[("a", str(k + 1), "ACNGT"[k]) for k in range(5)],
        ("bad", "", ""),
        *[("b", str(k + 1), "TT"[k]) for k in range(2)],
    ]
    lines = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    table = parquet.read_table(tmp_path / "p.parquet").to_pylist()
    for row, line, typed in zip(rows, lines, table, strict=True):
        position = int(row[3]) if row[3] else None
        assert line["position"] == typed["position"] == position
        assert line["letter"] == typed["letter"] == (row[4] or None)
        chances = dict(zip("-BEI", map(float, row[6:]), strict=True)) if position else None
        assert line["probabilities"] == chances
        assert {name: typed[name] for name in "-BEI"} == (chances or dict.fromkeys("-BEI"))


def test_predict__per_position_is_for_taggers(work, run_cli) -> None:
    code, out, err = run_cli(["predict", work.model, work.fasta, "--per-position"])
    assert (code, out) == (2, "")
    assert f"--per-position: {work.model} is a model of classification, expected one of tag" in err


def test_predict__per_position_refuses_labels_called_like_columns(run_cli, tmp_path: Path) -> None:
    model = SequenceTagger(hidden_size=4, max_epochs=1, early_stopping=False, random_state=0)
    model.fit(["ACGT"], [["letter", "in", "out", "out"]]).save(tmp_path / "m")
    (tmp_path / "s.fa").write_text(">a\nAC\n", encoding="utf-8")
    code, out, err = run_cli(["predict", tmp_path / "m", tmp_path / "s.fa", "--per-position"])
    assert (code, out) == (1, "")
    assert (
        "--per-position: the label 'letter' is also the name of a column (id, status, flags," in err
    )


@pytest.mark.parametrize("subset", ["test", "train"])
def test_evaluate__scores_letters_and_segments(tagged, run_cli, tmp_path: Path, subset) -> None:
    where = [*given_to(tagged)[2:], "--subset", subset]
    outputs = ["-o", tmp_path / "m.json", "--predictions", tmp_path / "p.tsv"]
    code, _, err = run_cli(["evaluate", tagged.model, *where, *outputs, "--n-resamples", "50"])
    assert code == 0, err
    metrics = json.loads((tmp_path / "m.json").read_text())
    rows = [line.split("\t") for line in (tmp_path / "p.tsv").read_text().splitlines()]
    assert rows[0] == ["id", "status", "flags", "labels", "true_labels", "length"]
    pairs = [pair for row in rows[1:] for pair in zip(row[3], row[4], strict=True)]
    known = [(found, truth) for found, truth in pairs if truth != "?"]
    assert metrics["n_letters"] == len(known)
    assert metrics["accuracy"] == pytest.approx(np.mean([a == b for a, b in known]))
    assert metrics["n_test"] == (18 if subset == "test" else 36)
    assert metrics["n_seen"] == (0 if subset == "test" else 35)
    assert ("has seen 35 of these 36 sequences" in err) == (subset == "train")
    assert metrics["task"] == "tagging"
    low, high = metrics["intervals"]["sov"]
    assert low <= metrics["sov"] <= high
    assert f"sov: {metrics['sov']:.4f}" in err


def test_evaluate__can_shuffle_the_sequences(tagged, run_cli) -> None:
    where = [*given_to(tagged)[2:], "--n-resamples", "10"]
    code, out, _ = run_cli(["evaluate", tagged.model, *where, "--shuffle"])
    assert code == 0
    assert json.loads(out)["shuffled_sequences"] == "dinucleotides"


def test_info__shows_a_tagger(tagged, run_cli) -> None:
    code, out, _ = run_cli(["info", tagged.model])
    assert code == 0
    assert "task        tagging" in out
    assert "outputs     for each letter, scored together by a random field" in out


NEEDS = "the task tagging needs one FASTA of sequences and one of labels"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--task", "tagging", "{s}"], NEEDS),
        (["--task", "tagging", "{s}", "--step-labels", "{l}", "--label-field", "label"], NEEDS),
        (
            ["{s}", "--step-labels", "{l}"],
            "--step-labels: is for the task tagging, but the task is",
        ),
        (
            ["--task", "tagging", "-", "--step-labels", "-"],
            "standard input (-) can be read only once",
        ),
        (
            ["--task", "tagging", "{s}", "--step-labels", "{l}", "--conv-stride", "2"],
            "--conv-stride: is no parameter of the task tagging",
        ),
        (["{s}", "--label-field", "label", "--crf"], "--crf: is no parameter of the task classifi"),
        (
            ["--task", "tagging", "{s}", "--step-labels", "{l}", "--crf", "--focal-gamma", "1"],
            "focal_gamma must be left out with crf",
        ),
        (
            ["--task", "tagging", "{s}", "--step-labels", "{l}", "--pretrained", "{l}"],
            "--pretrained and --freeze-epochs: the task tagging begins with random weights, exp",
        ),
        (
            ["--task", "tagging", "{s}", "--step-labels", "{l}", "--freeze-epochs", "1"],
            "the task tagging begins with random weights",
        ),
        (
            ["--task", "tagging", "{s}", "--step-labels", "{s}"],
            "is the file of the sequences as well",
        ),
    ],
)
def test_train__refuses_what_is_not_of_the_task(
    tagged, run_cli, tmp_path: Path, options, message
) -> None:
    names = {"{s}": tagged.fasta, "{l}": tagged.labels}
    arguments = [names.get(option, option) for option in options]
    code, _, err = run_cli(["train", *arguments, "-o", tmp_path / "m"])
    assert code == 2
    assert message in err
    assert not (tmp_path / "m").exists()


def test_predict__refuses_decisions_of_classifiers(tagged, run_cli) -> None:
    code, _, err = run_cli(["predict", tagged.model, tagged.fasta, "--threshold", "0.5"])
    assert code == 2
    assert "--threshold: is for classifiers" in err


def test_evaluate__refuses_labels_that_the_model_does_not_know(
    tagged, run_cli, tmp_path: Path
) -> None:
    (tmp_path / "s.fa").write_text(">a\nAC\n", encoding="utf-8")
    for labels, message in (("-X", "does not know the label 'X'"), ("??", "cannot be scored")):
        (tmp_path / "l.fa").write_text(f">a\n{labels}\n", encoding="utf-8")
        given = [tmp_path / "s.fa", "--step-labels", tmp_path / "l.fa"]
        code, _, err = run_cli(["evaluate", tagged.model, *given])
        assert code == 1
        assert message in err


def test_baseline__of_windows_finds_more_than_the_commonest_label(
    tagged, run_cli, tmp_path: Path
) -> None:
    found = {}
    for name in ("majority", "window_logistic"):
        output = tmp_path / f"{name}.json"
        arguments = [*given_to(tagged), "--n-resamples", "20", "-o", output]
        code, _, err = run_cli(["baseline", name, *arguments])
        assert code == 0, err
        found[name] = json.loads(output.read_text())
    majority = found["majority"]
    assert majority["accuracy"] == majority["majority_accuracy"]
    assert (majority["n_train"], majority["n_test"]) == (42, 18)
    assert found["window_logistic"]["accuracy"] > majority["accuracy"] + 0.05
    assert found["window_logistic"]["kind"] == "baseline"


@pytest.mark.parametrize(
    ("name", "options", "code", "message"),
    [
        ("length", ["--task", "tagging", "--split", "{p}"], 2, "is no baseline of the task tagg"),
        ("window_logistic", ["--task", "tagging"], 1, "the input has no split, expected one"),
    ],
)
def test_baseline__refuses(tagged, run_cli, name, options, code, message) -> None:
    given = [tagged.fasta, "--step-labels", tagged.labels]
    options = [tagged.split if option == "{p}" else option for option in options]
    found, _, err = run_cli(["baseline", name, *given, *options])
    assert found == code
    assert message in err


def test_baseline__of_letters_is_none_of_sequences(work, run_cli) -> None:
    arguments = [work.fasta, "--labels", work.labels, "--split", work.split]
    code, _, err = run_cli(["baseline", "window_logistic", *arguments])
    assert code == 2
    assert "window_logistic: is no baseline of the task classification" in err
