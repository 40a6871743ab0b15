from __future__ import annotations

import bz2
import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastgru
from fastgru import SequenceClassifier
from fastgru.estimators import streaming
from tests.planted import as_fasta, as_table, plant

ROOT = str(Path(fastgru.__file__).parent.parent)


def rows_of(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that has learned 30 positions."""
    path = tmp_path_factory.mktemp("windows") / "model.safetensors"
    model = SequenceClassifier(
        position_embedding=True, hidden_size=4, max_epochs=1, threads=1, random_state=0
    )
    model.fit(*plant(20, seed=1)).save(path)
    return path


@pytest.fixture(scope="module")
def proteins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of proteins."""
    path = tmp_path_factory.mktemp("proteins") / "model.safetensors"
    model = SequenceClassifier("protein", hidden_size=4, max_epochs=1, threads=1, random_state=0)
    model.fit(["MKVLA", "LLKWE", "GGSAY", "GASGH"], ["x", "x", "y", "y"]).save(path)
    return path


def test_predict__has_a_row_per_record_in_input_order(tmp_path: Path, work, run_cli) -> None:
    code, out, err = run_cli(["predict", work.model, work.fasta, "-o", tmp_path / "out.tsv"])
    assert (code, out) == (0, "")
    (progress,) = err.splitlines()[1:]
    assert progress.startswith("predicting: 100 %, 80 records, ")
    header, *rows = rows_of((tmp_path / "out.tsv").read_text(encoding="utf-8"))
    assert header == ["id", "status", "label", "flags", "no", "yes"]
    assert [row[0] for row in rows] == [f"r{number}" for number in range(80)]
    assert {row[1] for row in rows} == {"ok"}
    expected = SequenceClassifier.load(work.model).predict_proba(work.sequences)
    actual = np.array([row[4:] for row in rows], float)
    np.testing.assert_allclose(actual, expected, rtol=1e-5)
    for row, probabilities in zip(rows, expected, strict=True):
        assert row[2] == ["no", "yes"][int(probabilities.argmax())]


def test_predict__writes_the_same_bytes_however_it_is_fed(
    tmp_path: Path, work, run_cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = work.fasta.read_text(encoding="utf-8")
    expected = run_cli(["predict", work.model, work.fasta]).out
    (tmp_path / "a.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "a.fasta").write_bytes(bz2.compress(text.lower().replace(">R", ">r").encode()))
    half = text.index(">r40")
    (tmp_path / "1.fa").write_text(text[:half], encoding="utf-8")
    (tmp_path / "2.fa").write_text(text[half:], encoding="utf-8")
    assert run_cli(["predict", work.model, "-"], stdin=text).out == expected
    assert run_cli(["predict", work.model, "-"], stdin=gzip.compress(text.encode())).out == expected
    for names in (["a.gz"], ["a.fasta"], ["1.fa", "2.fa"]):
        found = run_cli(["predict", work.model, *(tmp_path / name for name in names)])
        assert found.out == expected
    assert run_cli(["predict", work.model, work.fasta, "-t", 2]).out == expected
    monkeypatch.setattr(streaming, "CHUNK_LETTERS", 300)
    assert run_cli(["predict", work.model, work.fasta]).out == expected


def test_predict__of_a_record_does_not_depend_on_the_others(work, run_cli) -> None:
    expected = rows_of(run_cli(["predict", work.model, work.fasta]).out)[1:]
    order = np.random.default_rng(1).permutation(80)
    text = "".join(f">r{k}\n{work.sequences[k]}\n" for k in order[:33])
    actual = rows_of(run_cli(["predict", work.model, "-"], stdin=text).out)[1:]
    assert actual == [expected[k] for k in order[:33]]


def test_predict__keeps_ids_as_they_are(work, run_cli) -> None:
    ids = ["sp|P1|X", "é", "a,b;c", '"q"', "r1", "r1"]
    text = "".join(f">{name} and more\nACGT\n" for name in ids)
    code, out, _ = run_cli(["predict", "-q", work.model, "-"], stdin=text)
    assert code == 0
    assert [row[0] for row in rows_of(out)[1:]] == ids
    latin = b">caf\xe9\nACGT\n"
    result = subprocess.run(
        [sys.executable, "-m", "fastgru", "predict", "-q", str(work.model), "-"],
        check=True,
        env={**os.environ, "PYTHONPATH": ROOT},
        input=latin,
        capture_output=True,
    )
    assert result.stdout.splitlines()[1].startswith(b"caf\xe9\tok\t")


BAD = ">good\nACGT\n>gap\nAC-T\n>empty\n>odd\nAC!T\n>last\nTTTT\n"


def test_predict__lists_all_bad_records_and_writes_nothing(tmp_path: Path, work, run_cli) -> None:
    (tmp_path / "bad.fa").write_text(BAD, encoding="utf-8")
    arguments = ["predict", work.model, tmp_path / "bad.fa"]
    for output in (["-o", tmp_path / "out.tsv"], []):
        code, out, err = run_cli([*arguments, *output])
        assert (code, out) == (1, "")
        assert f"{tmp_path / 'bad.fa'}: 3 problems:\n" in err
        for part in ("line 4, record 'gap'", "line 5, record 'empty'", "line 7, record 'odd'"):
            assert part in err
        assert err.endswith(
            f"{work.model} was trained on dna sequences. To predict the other records all the "
            "same, use --on-invalid status.\n"
        )
    assert [path.name for path in tmp_path.iterdir()] == ["bad.fa"]


def test_predict__gives_bad_records_a_status_on_request(work, run_cli) -> None:
    code, out, err = run_cli(["predict", work.model, "-", "--on-invalid", "status"], stdin=BAD)
    assert code == 0
    assert "warning: 3 records could not be used; see column status" in err
    rows = rows_of(out)[1:]
    assert [row[0] for row in rows] == ["good", "gap", "empty", "odd", "last"]
    alphabet = "is not in the dna alphabet (ACGT, and BDHKMNRSVWXY for ambiguous positions)"
    assert [row[1] for row in rows[1:4]] == [
        f"letter '-' at position 3 {alphabet}",
        "the sequence is empty, expected at least one letter",
        f"letter '!' at position 3 {alphabet}",
    ]
    assert all(row[2:] == ["", "", "", ""] for row in rows[1:4])
    alone = run_cli(["predict", work.model, "-"], stdin=">good\nACGT\n>last\nTTTT\n").out
    assert [rows[0], rows[4]] == rows_of(alone)[1:]


@pytest.mark.parametrize("policy", ["error", "status"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file holds no records, expected FASTA"),
        (b"ACGT\n", "line 1: found 'ACGT', expected a FASTA header"),
        (gzip.compress(b">a\nACGT\n", mtime=0)[:-4], "the gzip data ends too early"),
        (b"PK\x03\x04\0\0", "this is a ZIP archive or an Office document"),
    ],
)
def test_predict__explains_a_bad_file(
    content: bytes, message: str, policy: str, work, run_cli
) -> None:
    arguments = ["predict", work.model, "-", "--on-invalid", policy]
    code, out, err = run_cli(arguments, stdin=content)
    assert (code, out) == (1, "")
    assert "fastgru predict: error: standard input" in err
    assert message in err
    assert "--on-invalid" not in err.partition("error: ")[2]


def test_predict__says_what_the_model_reads_when_it_meets_proteins(work, run_cli) -> None:
    code, _, err = run_cli(["predict", work.model, "-"], stdin=">p\nMKVLE\n")
    assert code == 1
    assert "If these are protein sequences" in err
    assert "was trained on dna sequences." in err


def test_predict__warns_of_nucleotides_given_to_a_protein_model(proteins, run_cli) -> None:
    text = as_fasta(plant(9, seed=1)[0])
    code, _, err = run_cli(["predict", proteins, "-"], stdin=text)
    assert code == 0
    assert "warning: all letters are A, C, G, T, U or N, but the model was trained on prot" in err
    for other in (text + ">p\nMKV\n", ">short\nGGT\n"):
        assert "warning" not in run_cli(["predict", proteins, "-"], stdin=other).err


def test_predict__judges_the_letters_of_all_chunks(
    proteins, run_cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "CHUNK_LETTERS", 300)
    long, protein = as_fasta(plant(9, seed=1)[0]), ">p\nMKV\n"
    for last, expected in ((">short\nGGTA\n", True), (">one\nG\n" * 60, True), (protein, False)):
        for text in (long + last, last + long):
            err = run_cli(["predict", proteins, "-"], stdin=text).err
            assert ("warning: all letters are A, C, G, T, U or N" in err) == expected


def test_predict__lists_records_that_are_longer_than_the_positions(windows, run_cli) -> None:
    text = f">a\nACGT\n>b\n{'A' * 31}\n>c\n{'A' * 30}\n>d\n{'C' * 99}\n"
    code, out, err = run_cli(["predict", windows, "-"], stdin=text)
    assert (code, out) == (1, "")
    assert "line 3, record 'b': the sequence has 31 letters, expected at most 30" in err
    assert "line 7, record 'd': the sequence has 99 letters, expected at most 30" in err
    assert "Cut it to the window that the model was trained on" in err
    code, out, _ = run_cli(["predict", windows, "-", "--on-invalid", "status"], stdin=text)
    assert code == 0
    statuses = [row[1] for row in rows_of(out)[1:]]
    assert statuses == [
        "ok",
        "the sequence has 31 letters, expected at most 30",
        "ok",
        "the sequence has 99 letters, expected at most 30",
    ]


def test_predict__takes_one_long_record(work, run_cli) -> None:
    letters = "".join(np.random.default_rng(3).choice(list("ACGTN"), 50_000))
    code, out, _ = run_cli(["predict", work.model, "-"], stdin=f">chromosome\n{letters}\n")
    assert code == 0
    ((_, status, _, flags, *probabilities),) = rows_of(out)[1:]
    assert status == "ok"
    assert flags.split(";")[:2] == ["length", "ambiguous"]
    assert sum(map(float, probabilities)) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("options", "part"),
    [([], "test"), (["--subset", "test"], "test"), (["--subset", "validation"], "validation")],
)
def test_predict__takes_one_part_of_a_split(options, part: str, work, run_cli) -> None:
    everything = rows_of(run_cli(["predict", work.model, work.fasta]).out)
    split = dict(row[::2] for row in rows_of(work.split.read_text(encoding="utf-8")))
    arguments = ["predict", work.model, work.fasta, "--split", work.split, *options]
    code, out, _ = run_cli(arguments)
    assert code == 0
    assert rows_of(out) == [row for row in everything if row[0] == "id" or split[row[0]] == part]


def test_predict__takes_the_first_of_repeated_records_of_a_split(work, run_cli) -> None:
    text = work.fasta.read_text(encoding="utf-8")
    arguments = ["predict", work.model, "-", "--split", work.split]
    once, twice = (run_cli(arguments, stdin=text * times).out for times in (1, 2))
    assert twice == once


def test_predict__explains_a_split_that_does_not_fit(tmp_path: Path, work, run_cli) -> None:
    arguments = ["predict", work.model, "--split", work.split]
    code, out, err = run_cli([*arguments, "-"], stdin=">r14\nACGT\n")
    assert (code, out) == (1, "")
    assert f"{work.split}: no sequence for 'r15', 'r16', 'r17'" in err
    assert "Give the files that the split was made from." in err
    table = as_table(work.truth, split=["train"] * 80)
    (tmp_path / "s.tsv").write_text(table, encoding="utf-8")
    code, _, err = run_cli(["predict", work.model, work.fasta, "--split", tmp_path / "s.tsv"])
    assert code == 1
    assert f"{tmp_path / 's.tsv'}: the part 'test' is empty, expected records in it." in err
    code, _, err = run_cli(["predict", work.model, work.fasta, "--subset", "test"])
    assert code == 2
    assert "--subset test: there is no split, expected one to take that part of." in err


def test_predict__refuses_to_overwrite(tmp_path: Path, work, run_cli) -> None:
    (tmp_path / "out.tsv").write_text("precious", encoding="utf-8")
    arguments = ["predict", work.model, work.fasta, "-o", tmp_path / "out.tsv"]
    code, _, err = run_cli(arguments)
    assert code == 1
    assert "exists already. Use --force" in err
    assert (tmp_path / "out.tsv").read_text(encoding="utf-8") == "precious"
    assert run_cli([*arguments, "--force"]).code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "the following arguments are required: MODEL, FASTA"),
        (["{model}"], 2, "the following arguments are required: FASTA"),
        (["none.safetensors", "{fasta}"], 1, "none.safetensors: cannot be read (no such file or"),
        (["{fasta}", "{model}"], 1, "a.fa: not a readable model file ("),
        (["{model}", "none.fa"], 1, "none.fa: cannot be read (no such file or directory)"),
        (["{model}", "{model}"], 1, "model.safetensors: this is a binary file, expected text."),
        (["{model}", "{fasta}", "-o", "missing/out"], 1, "missing/out: there is no folder"),
        (["{model}", "{fasta}", "--on-invalid", "skip"], 2, "invalid choice: 'skip'"),
    ],
)
def test_predict__explains_wrong_arguments(
    arguments, code: int, message: str, work, run_cli
) -> None:
    given = [text.format(model=work.model, fasta=work.fasta) for text in arguments]
    found = run_cli(["predict", *given])
    assert (found.code, found.out) == (code, "")
    assert message in found.err


def test_predict__refuses_classes_that_fit_in_no_column(tmp_path: Path, work, run_cli) -> None:
    for names, message in {
        ("id", "x"): "class 'id': is also the name of a column of the predictions",
        ("a\tb", "x"): r"class 'a\tb': is empty or holds a tab or another control character",
        ("", "x"): "class '': is empty",
    }.items():
        model = SequenceClassifier(hidden_size=2, max_epochs=1, threads=1, random_state=0)
        model.fit(["A", "C", "G", "T"], [*names, *names]).save(tmp_path / "m")
        code, out, err = run_cli(["predict", tmp_path / "m", work.fasta])
        assert (code, out) == (1, "")
        assert message in err


def test_predict__ends_quietly_when_its_reader_leaves(work) -> None:
    arguments = f"predict -q {work.model} {' '.join([str(work.fasta)] * 60)}"
    result = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m fastgru {arguments} | head -n 1"],
        check=False,
        env={**os.environ, "PYTHONPATH": ROOT},
        capture_output=True,
        text=True,
    )
    assert result.stdout == "id\tstatus\tlabel\tflags\tno\tyes\n"
    assert result.stderr == ""
