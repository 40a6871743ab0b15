"""What `split` and `audit` read for each task."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from fastgru.models.architecture import TASKS
from tests.planted import as_fasta, as_table
from tests.task_inputs import words_of, write_task


def parts_of(path: Path) -> dict[str, str]:
    header, *rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    assert header[:3] == ["id", "label", "split"]
    return {row[0]: row[2] for row in rows}


@pytest.mark.parametrize("task", TASKS)
def test_split__makes_a_split_that_training_takes(task: str, tmp_path: Path, run_cli) -> None:
    words = words_of(tmp_path, task, write_task(tmp_path, task))
    code, _, err = run_cli(["split", *words, "-o", tmp_path / "split.tsv"])
    assert code == 0, err
    counts = Counter(parts_of(tmp_path / "split.tsv").values())
    assert counts.keys() == {"train", "validation", "test"}
    code, _, err = run_cli(["train", *words, "--split", tmp_path / "split.tsv", "--dry-run"])
    assert code == 0, err


@pytest.mark.parametrize("task", ["tagging", "language_model", "translation"])
@pytest.mark.parametrize("method", ["group", "given"])
def test_split__reads_groups_and_parts_of_a_table(task, method, tmp_path: Path, run_cli) -> None:
    files = write_task(tmp_path, task)
    column = [f"g{k // 4}" if method == "group" else ("train", "test")[k % 2] for k in range(60)]
    name = {"group": "group", "given": "split"}[method]
    table = as_table(["-"] * 60, **{name: column})
    if task != "language_model":  # which may have labels
        table = "\n".join(line.replace("\t-", "").replace("\tlabel", "") for line in
                          table.splitlines())  # fmt: skip
    (tmp_path / "table.tsv").write_text(table, encoding="utf-8")
    words = words_of(tmp_path, task, {**files, "labels": "table.tsv"})
    out = tmp_path / "split.tsv"
    code, _, err = run_cli(["split", *words, "--method", method, "-o", out])
    assert code == 0, err
    parts = parts_of(out)
    for k in range(60):
        if method == "group":
            together = {parts[f"r{n}"] for n in range(k - k % 4, k - k % 4 + 4) if f"r{n}" in parts}
            assert len(together) == 1
        elif f"r{k}" in parts:
            assert (parts[f"r{k}"] == "test") == (column[k] == "test")


def test_split__leaves_out_a_sequence_with_two_labellings(tmp_path: Path, run_cli) -> None:
    sequences = ["ACGT" * 3 + "ACGT"[k % 4] * k for k in range(20)]
    labels = ["a" * len(letters) for letters in sequences]
    (tmp_path / "s.fa").write_text(
        as_fasta([*sequences, sequences[3], sequences[4]]), encoding="utf-8"
    )
    again = [*labels, "b" * len(labels[3]), labels[4]]
    (tmp_path / "l.fa").write_text(as_fasta(again), encoding="utf-8")
    words = words_of(tmp_path, "tagging", {"fasta": "s.fa", "step_labels": "l.fa"})
    code, _, err = run_cli(["split", *words, "-o", tmp_path / "split.tsv"])
    assert code == 0, err
    assert "22 records, of which 2 are left out for conflicting labels and 1 as duplicates" in err
    assert {"r3", "r20", "r21"}.isdisjoint(parts_of(tmp_path / "split.tsv"))


def test_split__keeps_the_first_of_several_translations(tmp_path: Path, run_cli) -> None:
    files = write_task(tmp_path, "translation")
    proteins = (tmp_path / files["fasta"]).read_text(encoding="utf-8")
    first = proteins.splitlines()[1]
    (tmp_path / files["fasta"]).write_text(f"{proteins}>again\n{first}\n", encoding="utf-8")
    genes = (tmp_path / files["translations"]).read_text(encoding="utf-8")
    (tmp_path / files["translations"]).write_text(f"{genes}>again\nTAATAA\n", encoding="utf-8")
    words = words_of(tmp_path, "translation", files)
    code, _, err = run_cli(["split", *words, "-o", tmp_path / "split.tsv"])
    assert code == 0, err
    assert " 0 are left out for conflicting labels" in err
    parts = parts_of(tmp_path / "split.tsv")
    assert "r0" in parts
    assert "again" not in parts


FAULTS = [
    ("regression", {}, "--task regression: there are no targets, expected the columns of --labels"),
    ("tagging", {}, "the task tagging needs one FASTA of sequences and one of labels"),
    ("translation", {}, "translations must be given as two FASTA files with the same ids"),
    ("classification", {"translations": "s.fa"}, "--translations: the task is classification"),
    ("tagging", {"label_field": "x"}, "the task tagging needs one FASTA of sequences and one of"),
    ("language_model", {"step_labels": "s.fa"}, "--step-labels: is for the task tagging, but"),
    (
        "tagging",
        {"step_labels": "s.fa", "target_alphabet": "codons"},
        "--target-alphabet: the task is tagging, expected translation for it. Leave the option",
    ),
]


@pytest.mark.parametrize("command", ["split", "audit"])
@pytest.mark.parametrize(("task", "options", "message"), FAULTS)
def test_commands__refuse_what_is_not_of_the_task(
    command: str, task: str, options: dict[str, str], message: str, tmp_path: Path, run_cli
) -> None:
    (tmp_path / "s.fa").write_text(">a\nACGT\n", encoding="utf-8")
    words = ["--task", task, tmp_path / "s.fa"]
    for name, value in options.items():
        plain = name in ("target_alphabet", "label_field")
        words += [f"--{name.replace('_', '-')}", value if plain else tmp_path / value]
    code, _, err = run_cli([command, *words])
    assert code != 0
    assert message in err
