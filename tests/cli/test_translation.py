"""The command with translators: from two FASTA files to translations and scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from fastgru import Seq2Seq
from fastgru.models.model_file import read_model
from fastgru.training.state import history_columns
from tests.planted import as_fasta
from tests.translations import draw_genes

PROTEINS, GENES = draw_genes(60, seed=5)
TASK = ["--task", "translation", "--alphabet", "protein"]
QUICK = ["--max-epochs", "2", "--hidden-size", "8", "--batch-size", "16", "--threads", "1"]


class Made(NamedTuple):
    fasta: Path
    targets: Path
    split: Path
    model: Path
    parts: list[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """To be left as it is."""
    from fastgru.cli import main

    folder = tmp_path_factory.mktemp("translation")
    fasta, targets = folder / "p.fa", folder / "g.fa"
    split, model = folder / "split.tsv", folder / "m.safetensors"
    fasta.write_text(as_fasta(PROTEINS), encoding="utf-8")
    # in another order, and more than are asked for
    records = [f">r{k}\n{gene}\n" for k, gene in enumerate([*GENES, "ATGTAA"])]
    targets.write_text("".join(reversed(records)), encoding="utf-8")
    for command in (
        ["split", "-q", fasta, "--alphabet", "protein", "--unlabelled", "-o", split],
        [
            "train",
            "-q",
            fasta,
            "--translations",
            targets,
            *TASK,
            *QUICK,
            "--split",
            split,
            "-o",
            model,
        ],
    ):
        assert main(list(map(str, command))) == 0
    rows = [line.split("\t") for line in split.read_text(encoding="utf-8").splitlines()[1:]]
    part_of = {row[0]: row[2] for row in rows}
    return Made(fasta, targets, split, model, [part_of.get(f"r{k}", "") for k in range(60)])


def in_part(made: Made, *names: str) -> tuple[list[str], list[str]]:
    chosen = [k for k, part in enumerate(made.parts) if part in names]
    return [PROTEINS[k] for k in chosen], [GENES[k] for k in chosen]


def test_train__learns_from_the_part_train(made: Made, tmp_path: Path, run_cli) -> None:
    inputs = ["train", made.fasta, "--translations", made.targets, *TASK, *QUICK]
    outputs = ["-o", tmp_path / "again", "--history", tmp_path / "h.tsv"]
    code, out, err = run_cli([*inputs, "--split", made.split, *outputs])
    assert (code, out) == (0, "")
    assert (tmp_path / "again").read_bytes() == made.model.read_bytes()
    header, *_ = (tmp_path / "h.tsv").read_text(encoding="utf-8").splitlines()
    assert header.split("\t") == history_columns("token_accuracy")
    model = Seq2Seq.load(made.model)
    n_train, n_validation = (len(in_part(made, part)[0]) for part in ("train", "validation"))
    assert (model.n_train_, model.n_validation_) == (n_train, n_validation)
    assert f"training on {n_train} sequences, {n_validation} for validation" in err
    files = read_model(made.model).card["data"]["files"]
    assert [file["name"] for file in files] == ["p.fa", "g.fa"]
    assert model.score(*in_part(made, "validation")) == pytest.approx(
        model.history_[model.best_epoch_ - 1]["validation_token_accuracy"]
    )


def test_train__is_told_what_it_would_take(made: Made, run_cli) -> None:
    code, out, _ = run_cli(
        ["train", made.fasta, "--translations", made.targets, *TASK, *QUICK, "--dry-run"]
    )
    assert code == 0
    assert "1 GRU layer of 8 units, both directions" in out


def test_train__on_shuffled_translations_is_a_control(made, tmp_path: Path, run_cli) -> None:
    model = tmp_path / "m"
    inputs = [made.fasta, "--translations", made.targets]
    code, _, err = run_cli(["train", *inputs, *TASK, *QUICK, "--shuffle-labels", "-o", model])
    assert code == 0
    assert "the labels are shuffled" in err
    assert read_model(model).card["shuffled_labels"] is True
    evaluated = run_cli(["evaluate", model, *inputs])
    assert "was trained on shuffled labels" in evaluated.err
    assert json.loads(evaluated.out)["shuffled_labels"] is True


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ([], 2, "must be given as two FASTA files with the same ids"),
        (["--translations", "{targets}", "--labels", "x.tsv"], 2, "a translation has no labels"),
        (
            ["--translations", "{fasta}", "--target-alphabet", "codons"],
            1,
            "is not in the dna alphabet",
        ),
        (
            ["--translations", "{targets}", "--cell", "lstm"],
            2,
            "--cell: is no parameter of the task",
        ),
        (["--translations", "{targets}", "--recipe", "peptides"], 2, "--recipe: suits classifiers"),
        (["--translations", "{targets}", "--pretrained", "x"], 2, "begins with random weights"),
        (["--translations", "{few}"], 1, "no translation for 'r1'"),
        (["--translations", "{broken}"], 1, "has 4 letters, expected a multiple of 3"),
    ],
)
def test_train__refuses_what_is_no_translation(
    made: Made, tmp_path: Path, run_cli, options: list[str], code: int, message: str
) -> None:
    few, broken = tmp_path / "few.fa", tmp_path / "broken.fa"
    few.write_text(">r0\nATGTAA\n", encoding="utf-8")
    broken.write_text(as_fasta(["ATGT", "ATGA", *GENES[2:]]), encoding="utf-8")
    places = {"targets": made.targets, "fasta": made.fasta, "few": few, "broken": broken}
    given = [option.format(**places) for option in options]
    found = run_cli(["train", made.fasta, *TASK, *QUICK, *given, "-o", tmp_path / "m"])
    assert (found.code, message in found.err) == (code, True), found.err
    assert not (tmp_path / "m").exists()


def test_train__of_another_task_refuses_targets(work, made: Made, tmp_path: Path, run_cli) -> None:
    given = [work.fasta, "--labels", work.labels, "--translations", made.targets]
    code, _, err = run_cli(["train", *given, "-o", tmp_path / "m"])
    assert code == 2
    assert "--translations: the task is classification, expected translation" in err


def test_predict__writes_a_row_for_each_record(made: Made, tmp_path: Path, run_cli) -> None:
    fasta = tmp_path / "new.fa"
    fasta.write_text(as_fasta([*PROTEINS[:3], "AC1"]), encoding="utf-8")
    options = ["--on-invalid", "status", "--beam-size", "2", "--max-length", "5"]
    code, out, err = run_cli(["predict", made.model, fasta, *options])
    assert code == 0, err
    header, *rows = [line.split("\t") for line in out.splitlines()]
    assert header == ["id", "status", "flags", "log_probability", "sequence"]
    found = Seq2Seq.load(made.model).translate(PROTEINS[:3], beam_size=2, max_length=5)
    for row, one in zip(rows, found, strict=False):
        assert (row[1], row[4]) == ("ok", one.sequence)
        assert float(row[3]) == pytest.approx(one.log_probability, rel=1e-6)
        assert ("unfinished" in row[2].split(";")) == (not one.ended)
    assert rows[3][0] == "r3"
    assert "letter '1' at position 3" in rows[3][1]
    assert rows[3][2:] == ["", "", ""]


def test_predict__refuses_options_of_other_tasks(work, made: Made, run_cli) -> None:
    code, _, err = run_cli(["predict", made.model, made.fasta, "--threshold", "0.5"])
    assert code == 2
    assert "is a translator, expected a classifier" in err
    code, _, err = run_cli(["predict", work.model, work.fasta, "--max-length", "5"])
    assert code == 2
    assert "--max-length: " in err
    assert "is a model of classification, expected one of translation" in err


def test_evaluate__scores_the_part_test(made: Made, tmp_path: Path, run_cli) -> None:
    table = tmp_path / "t.tsv"
    inputs = [made.model, made.fasta, "--translations", made.targets, "--split", made.split]
    code, out, err = run_cli(["evaluate", *inputs, "--n-resamples", "50", "--predictions", table])
    assert code == 0, err
    metrics, model = json.loads(out), Seq2Seq.load(made.model)
    proteins, genes = in_part(made, "test")
    n_tokens = sum(len(gene) // 3 + 1 for gene in genes)
    assert (metrics["task"], metrics["n_test"]) == ("translation", len(proteins))
    assert (metrics["n_seen"], metrics["n_tokens"]) == (0, n_tokens)
    assert metrics["token_accuracy"] == pytest.approx(model.score(proteins, genes))
    nats = model.score_samples(proteins, genes).sum()
    assert metrics["log_likelihood_per_token"] == pytest.approx(nats / n_tokens)
    own = model.predict(proteins)
    exact = sum(a == b for a, b in zip(own, genes, strict=True)) / len(genes)
    assert metrics["exact_match"] == exact
    # each residue has one codon here, and a stop and the end follow
    baseline = metrics["baseline"]
    assert (baseline["token_accuracy"], baseline["exact_match"]) == (1.0, 1.0)
    assert baseline["gain"] == pytest.approx(metrics["token_accuracy"] - 1)
    low, high = metrics["intervals"]["token_accuracy"]
    assert low <= metrics["token_accuracy"] <= high
    assert "most frequent token of each letter: token_accuracy 1.0000" in err
    header, *rows = (line.split("\t") for line in table.read_text(encoding="utf-8").splitlines())
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    assert list(columns["sequence"]) == own
    assert list(columns["true_sequence"]) == genes
    assert [int(n) for n in columns["length"]] == [len(protein) for protein in proteins]
    totals = {name: sum(map(float, columns[name])) for name in header[header.index("length") :]}
    assert totals["n_tokens"] == totals["n_right_baseline"] == n_tokens
    assert totals["log_likelihood"] == pytest.approx(nats, rel=1e-6)
    assert totals["n_right"] / n_tokens == pytest.approx(metrics["token_accuracy"])
    right_written = metrics["written_token_accuracy"]
    assert totals["n_right_written"] / n_tokens == pytest.approx(right_written)
    assert totals["exact"] / len(genes) == pytest.approx(exact)


def test_evaluate__without_a_split_has_no_baseline(made: Made, run_cli) -> None:
    code, out, err = run_cli(["evaluate", made.model, made.fasta, "--translations", made.targets])
    assert code == 0
    metrics = json.loads(out)
    assert metrics["baseline"] is None
    assert metrics["n_seen"] > 0
    assert "there is nothing to count the most frequent tokens in" in err
    assert "has seen" in err


def test_evaluate__of_shuffled_proteins_is_a_control(made: Made, run_cli) -> None:
    inputs = [made.fasta, "--translations", made.targets, "--split", made.split]
    metrics = json.loads(run_cli(["evaluate", made.model, *inputs, "--shuffle"]).out)
    assert metrics["shuffled_sequences"] == "residues"


def test_info__says_what_is_written(made: Made, run_cli) -> None:
    code, out, _ = run_cli(["info", made.model])
    assert code == 0
    lines = dict(line.split("  ", 1) for line in out.splitlines())
    found = {name: value.strip() for name, value in lines.items()}
    assert (found["task"], found["written in"]) == ("translation", "codons")
    assert found["decoder"] == "1 GRU layer of 8 units, one direction; 1 letters for each token"
