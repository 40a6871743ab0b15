"""Predictions that are interrupted, and go on: what is left, what is refused, what is said."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fastgru
from fastgru import SequenceClassifier
from fastgru.cli import predict, prediction_files, prediction_journal, resuming
from fastgru.cli.prediction_journal import OPTIONS, RecordDigest
from fastgru.data import part_file
from fastgru.data.feature_files import FeaturedSequence
from fastgru.data.part_file import PartFile
from fastgru.data.series_files import Series
from fastgru.data.unlabelled import CheckedSequence
from fastgru.estimators import streaming

LEFT = [".p.tsv.part", ".p.tsv.part.json"]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Compute three records at a time, and keep them at once; begin in an empty folder."""
    monkeypatch.setattr(streaming, "CHUNK_LETTERS", 390)
    monkeypatch.setattr(resuming, "_COMMIT_SECONDS", 0)
    monkeypatch.setattr(part_file, "_MEMBER", 200)
    monkeypatch.setattr(prediction_files, "_PIECE", 1000)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def command(work: Any) -> list[object]:
    """The arguments of a prediction without its output."""
    return ["predict", work.model, work.fasta, "-t", "1"]


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch, run_cli) -> Callable[..., Any]:
    """Run a command in which an error comes in the place of the writing of some rows."""

    def run(arguments: list[object], *, after: int, by: BaseException | None = None, **how) -> Any:
        n_left, write = after, PartFile.write

        def write_or_stop(part: PartFile, content: bytes) -> None:
            nonlocal n_left
            n_left -= 1
            if n_left < 0:
                write(part, content[:7])
                raise by or KeyboardInterrupt
            write(part, content)

        with monkeypatch.context() as patch:
            patch.setattr(PartFile, "write", write_or_stop)
            return run_cli(arguments, **how)

    return run


@pytest.mark.parametrize("name", ["p.tsv", "p.jsonl", "p.tsv.gz", "p.jsonl.gz", "p.parquet"])
def test_predict__goes_on_with_the_same_bytes(
    name: str, tmp_path: Path, command, interrupt, run_cli
) -> None:
    assert run_cli([*command, "-o", "whole_" + name]).code == 0
    n_times = 0
    while not Path(name).exists():
        code, _, err = interrupt([*command, "-o", name, "--resume"], after=1)
        assert code in (0, 130)
        n_times += 1
    assert n_times >= (3 if name.endswith(".gz") else 27)
    assert "prediction goes on after" in err
    assert Path(name).read_bytes() == Path("whole_" + name).read_bytes()
    assert names_in(tmp_path) == sorted([name, "whole_" + name])


def test_predict__that_is_interrupted_says_how_to_go_on(command, interrupt, run_cli) -> None:
    code, out, err = interrupt([*command, "-o", "p.tsv"], after=2)
    assert (code, out) == (130, "")
    assert err.endswith(
        "p.tsv: 6 records are done; the same command with --resume goes on\n"
        "fastgru predict: interrupted\n"
    )
    assert names_in(Path()) == LEFT
    code, _, err = run_cli([*command, "-o", "p.tsv", "--resume"])
    assert code == 0
    assert "p.tsv: prediction goes on after 6 records\n" in err
    assert names_in(Path()) == ["p.tsv"]
    assert len(Path("p.tsv").read_text(encoding="utf-8").splitlines()) == 81


@pytest.mark.parametrize(
    ("by", "code", "message"),
    [
        (SystemExit(143), 143, "p.tsv: 6 records are done; the same command with --resume goes on"),
        (OSError(28, "No space left on device", "p.tsv"), 1, "error: p.tsv: No space left on dev"),
        (MemoryError(), 1, "error: not enough memory"),
    ],
)
def test_predict__leaves_what_is_done(
    by: BaseException, code: int, message: str, command, interrupt, run_cli
) -> None:
    found = interrupt([*command, "-o", "p.tsv"], after=2, by=by)
    assert found.code == code
    assert message in found.err
    assert names_in(Path()) == LEFT
    assert json.loads(Path(LEFT[1]).read_text(encoding="utf-8"))["done"]["n_records"] == 6
    assert run_cli([*command, "-o", "p.tsv", "--resume"]).code == 0
    assert Path("p.tsv").read_text(encoding="utf-8") == run_cli(command).out


def test_resume__that_is_interrupted_while_it_begins_keeps_what_is_done(
    command, interrupt, run_cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt([*command, "-o", "p.tsv"], after=2)
    left = [Path(name).read_bytes() for name in LEFT]

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(prediction_journal.RunJournal, "read", stop)
        assert run_cli([*command, "-o", "p.tsv", "--resume"]).code == 130
    assert [Path(name).read_bytes() for name in LEFT] == left


def test_predict__leaves_nothing_where_nothing_is_done(command, interrupt) -> None:
    assert interrupt([*command, "-o", "p.tsv"], after=0).code == 130
    assert names_in(Path()) == []


def test_predict__keeps_the_journal_of_before_if_there_is_no_room_for_another(
    command, interrupt, run_cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt([*command, "-o", "p.tsv"], after=2)

    def disk_full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(prediction_journal, "atomic_write", disk_full)
        code, _, err = run_cli([*command, "-o", "p.tsv", "--resume"])
    assert code == 1
    assert "p.tsv: 6 records are done; the same command with --resume goes on\n" in err
    assert "No space left on device" in err
    assert run_cli([*command, "-o", "p.tsv", "--resume"]).code == 0
    assert Path("p.tsv").read_text(encoding="utf-8") == run_cli(command).out


BAD = ">bad\nAC-T\n"


@pytest.mark.parametrize("name", ["p.tsv", "p.jsonl.gz", "p.parquet"])
def test_predict__leaves_nothing_of_data_that_cannot_be_used(
    name: str, command, work, run_cli
) -> None:
    text = work.fasta.read_text(encoding="utf-8") + BAD
    code, out, err = run_cli(["predict", work.model, "-", "-o", name], stdin=text)
    assert (code, out) == (1, "")
    assert "record 'bad'" in err
    assert names_in(Path()) == []


def test_predict__writes_rows_to_a_stream_before_it_meets_a_bad_record(work, run_cli) -> None:
    text = work.fasta.read_text(encoding="utf-8")
    code, out, _ = run_cli(["predict", work.model, "-", "-t", "1"], stdin=text + BAD)
    assert code == 1
    whole = run_cli(["predict", work.model, "-"], stdin=text).out
    assert whole.startswith(out)
    assert len(out.splitlines()) > 70


def test_predict__keeps_what_is_done_where_a_file_cannot_be_read(work, run_cli) -> None:
    command = ["predict", work.model, work.fasta, "none.fa", "-t", "1"]
    code, _, err = run_cli([*command, "-o", "p.tsv"])
    assert code == 1
    assert "p.tsv: 78 records are done; the same command with --resume goes on\n" in err
    assert "none.fa: cannot be read (no such file or directory)" in err
    Path("none.fa").write_text(">last\nACGT\n", encoding="utf-8")
    assert run_cli([*command, "-o", "p.tsv", "--resume"]).code == 0
    whole = run_cli(command).out
    assert Path("p.tsv").read_text(encoding="utf-8") == whole


def test_resume__with_nothing_begun_starts_anew(command, run_cli) -> None:
    code, _, err = run_cli([*command, "-o", "p.tsv", "--resume"])
    assert code == 0
    assert "p.tsv: nothing of an interrupted run is there, so prediction starts anew\n" in err
    assert names_in(Path()) == ["p.tsv"]
    assert Path("p.tsv").read_text(encoding="utf-8") == run_cli(command).out


def test_resume__without_a_journal_starts_anew(command, run_cli) -> None:
    Path(LEFT[0]).write_text("killed before the first entry", encoding="utf-8")
    assert run_cli([*command, "-o", "p.tsv", "--resume"]).code == 0
    assert Path("p.tsv").read_text(encoding="utf-8") == run_cli(command).out


def test_resume__of_what_is_complete_does_nothing(command, run_cli) -> None:
    Path("p.tsv").write_text("complete", encoding="utf-8")
    Path(LEFT[1]).write_text("killed before it was removed", encoding="utf-8")
    code, _, err = run_cli([*command, "-o", "p.tsv", "--resume"])
    assert code == 0
    assert "p.tsv: is complete, so nothing is left to do; --force makes it anew\n" in err
    assert names_in(Path()) == ["p.tsv"]
    assert Path("p.tsv").read_text(encoding="utf-8") == "complete"
    assert run_cli([*command, "-o", "p.tsv", "--resume", "--force"]).code == 0
    assert Path("p.tsv").read_text(encoding="utf-8") == run_cli(command).out


def test_resume__may_replace_what_the_interrupted_run_might(command, interrupt, run_cli) -> None:
    Path("p.tsv").write_text("old", encoding="utf-8")
    assert interrupt([*command, "-o", "p.tsv", "--force"], after=2).code == 130
    assert Path("p.tsv").read_text(encoding="utf-8") == "old"
    assert run_cli([*command, "-o", "p.tsv", "--resume"]).code == 0
    assert Path("p.tsv").read_text(encoding="utf-8") == run_cli(command).out


def test_predict__replaces_what_is_left_and_says_so(command, interrupt, run_cli) -> None:
    interrupt([*command, "-o", "p.tsv", "--threshold", "0.9"], after=2)
    code, _, err = run_cli([*command, "-o", "p.tsv"])
    assert code == 0
    assert (
        "warning: p.tsv: what an interrupted run has left of it is replaced; --resume would have "
        "gone on\n"
    ) in err
    assert Path("p.tsv").read_text(encoding="utf-8") == run_cli(command).out
    assert names_in(Path()) == ["p.tsv"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--threshold", "0.7"], "was made with threshold None, expected 0.7. Go on with the same"),
        (["--abstain", "0.6"], "was made with abstain None, expected 0.6."),
        (["--format", "jsonl"], "was made with format 'tsv', expected 'jsonl'."),
    ],
)
def test_resume__refuses_other_options(
    options: list[str], message: str, command, interrupt, run_cli
) -> None:
    interrupt([*command, "-o", "p"], after=2)
    left = [path.read_bytes() for path in sorted(Path().iterdir())]
    code, _, err = run_cli([*command, "-o", "p", "--resume", *options])
    assert code == 1
    assert f".p.part.json: {message}" in err
    assert "or use --force to start again." in err
    assert [path.read_bytes() for path in sorted(Path().iterdir())] == left
    code, _, err = run_cli([*command, "-o", "p", "--resume", "--force", *options])
    assert code == 0
    assert "With --force, prediction starts anew.\n" in err
    expected = run_cli([*command, *options]).out
    assert Path("p").read_text(encoding="utf-8") == expected


def test_resume__refuses_another_model_or_version(
    command, work, interrupt, run_cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt([*command, "-o", "p.tsv"], after=2)
    model = SequenceClassifier(hidden_size=4, max_epochs=1, threads=1, random_state=0)
    model.fit(work.sequences, work.truth).save("other")
    code, _, err = run_cli(["predict", "other", work.fasta, "-o", "p.tsv", "--resume"])
    assert code == 1
    assert "part.json: was made with a model of SHA-256 " in err
    with monkeypatch.context() as patch:
        patch.setattr(prediction_journal, "__version__", "99.0")
        code, _, err = run_cli([*command, "-o", "p.tsv", "--resume"])
    assert code == 1
    assert f"was made by fastgru {fastgru.__version__}, expected 99.0." in err


def test_resume__refuses_other_records(command, work, interrupt, run_cli) -> None:
    interrupt([*command, "-o", "p.tsv"], after=2)
    text = work.fasta.read_text(encoding="utf-8")
    for other, n_there in (
        (text.replace(">r5 ", ">r55 "), 6),
        (text.replace(work.sequences[5], work.sequences[5][::-1]), 6),
        (text[: text.index(">r3 ")], 3),
    ):
        assert other != text
        Path("other.fa").write_text(other, encoding="utf-8")
        given = ["predict", work.model, "other.fa", "-o", "p.tsv", "--resume"]
        code, _, err = run_cli(given)
        assert code == 1
        assert (
            "part.json: was made of other records, expected the first 6 of the input "
            f"({n_there} are there). Go on with the same input, or use --force to start again."
        ) in err
        assert set(LEFT) < set(names_in(Path()))
    assert run_cli([*given, "--force"]).code == 0
    assert len(Path("p.tsv").read_text(encoding="utf-8").splitlines()) == 4


def test_resume__does_not_mind_how_the_records_come(command, work, interrupt, run_cli) -> None:
    interrupt([*command, "-o", "p.tsv"], after=2)
    text = work.fasta.read_text(encoding="utf-8")
    interrupt(["predict", work.model, "-", "-o", "p.tsv", "--resume"], after=2, stdin=text)
    assert json.loads(Path(LEFT[1]).read_text(encoding="utf-8"))["done"]["n_records"] == 12
    Path("a.gz").write_bytes(gzip.compress(text.lower().replace(">R", ">r").encode()))
    given = ["predict", work.model, "a.gz", "-o", "p.tsv", "--resume", "-t", "2"]
    assert run_cli(given).code == 0
    assert Path("p.tsv").read_text(encoding="utf-8") == run_cli(command).out


def test_resume__cannot_read_standard_input_twice(command, work, interrupt, run_cli) -> None:
    interrupt([*command, "-o", "p.tsv"], after=2)
    given = ["predict", work.model, "-", "-o", "p.tsv", "--resume", "--force"]
    code, _, err = run_cli(given, stdin=">a\nACGT\n")
    assert code == 1
    assert "was made of other records" in err
    assert "As standard input cannot be read twice, leave --resume out then." in err
    assert names_in(Path()) == LEFT


def test_resume__cannot_read_a_pipe_twice(command, work, interrupt, run_cli) -> None:
    """As in ``<(zcat reads.fa.gz)``, of which a second reading would see the end alone."""
    interrupt([*command, "-o", "p.tsv"], after=2)
    read_end, write_end = os.pipe()
    with os.fdopen(read_end), os.fdopen(write_end, "w") as writer:
        writer.write(">a\nACGT\n" * 10)
        writer.close()
        given = ["predict", work.model, f"/dev/fd/{read_end}", "-o", "p.tsv", "--resume", "--force"]
        code, _, err = run_cli(given)
    assert code == 1
    assert f"As /dev/fd/{read_end} cannot be read twice, leave --resume out then." in err
    assert names_in(Path()) == LEFT


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"done": {}}', '{"done": {"n_letters": 3}}', '{"done": null}', "\x00"],
)
def test_resume__refuses_a_damaged_journal(
    content: str, command, interrupt, run_cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt([*command, "-o", "p.tsv"], after=2)
    Path(LEFT[1]).write_text(content, encoding="utf-8")
    code, _, err = run_cli([*command, "-o", "p.tsv", "--resume"])
    assert code == 1
    assert ".p.tsv.part.json: is no readable journal (" in err
    assert "expected one of 'fastgru predict'. Use --force to start again." in err
    assert run_cli([*command, "-o", "p.tsv", "--resume", "--force"]).code == 0


def test_resume__refuses_a_journal_of_another_format(command, interrupt, run_cli) -> None:
    interrupt([*command, "-o", "p.tsv"], after=2)
    text = Path(LEFT[1]).read_text(encoding="utf-8")
    changed = text.replace('"fastgru_prediction_journal": 1', '"fastgru_prediction_journal": 2')
    Path(LEFT[1]).write_text(changed, encoding="utf-8")
    code, _, err = run_cli([*command, "-o", "p.tsv", "--resume"])
    assert code == 1
    assert ".p.tsv.part.json: has version 2 of the format, expected 1." in err


def test_resume__refuses_a_part_that_is_cut_short(command, interrupt, run_cli) -> None:
    interrupt([*command, "-o", "p.tsv"], after=2)
    os.truncate(LEFT[0], 9)
    code, _, err = run_cli([*command, "-o", "p.tsv", "--resume"])
    assert code == 1
    assert "bytes, expected the 9 that are there." in err


@pytest.mark.parametrize("output", ["-", "/dev/null"])
def test_resume__needs_a_file(output: str, command, run_cli) -> None:
    code, _, err = run_cli([*command, "-o", output, "--resume"])
    assert code == 2
    assert "--resume: the output is no file, expected one that an interrupted run has begun" in err


def test_predict__leaves_the_output_to_another_process(command, run_cli) -> None:
    other = PartFile("p.tsv")
    for options in ([], ["--resume"], ["--force"]):
        code, _, err = run_cli([*command, "-o", "p.tsv", *options])
        assert code == 1
        assert "p.tsv: another process is writing to it, expected this one to be alone." in err
    other.close()


def test_predict__counts_what_an_earlier_run_has_written(command, work, interrupt, run_cli) -> None:
    long = f">long\n{'ACGT' * 30}\n"
    Path("a.fa").write_text(long + BAD + work.fasta.read_text(encoding="utf-8"), encoding="utf-8")
    given = ["predict", work.model, "a.fa", "-t", "1", "--on-invalid", "status"]
    _, expected, whole = run_cli(given)
    interrupt([*given, "-o", "p.tsv"], after=3)
    code, _, err = run_cli([*given, "-o", "p.tsv", "--resume"])
    assert code == 0
    assert Path("p.tsv").read_text(encoding="utf-8") == expected
    for message in (
        "records unlike those of training: 1 of 82; see column flags",
        "warning: 1 record could not be used; see column status",
    ):
        assert message in whole
        assert message in err


def test_options__that_shape_rows_stand_in_the_journal() -> None:
    import argparse

    subparsers = argparse.ArgumentParser().add_subparsers()
    predict.add_parser(subparsers)
    actions = subparsers.choices["predict"]._actions
    others = {"help", "model", "output", "force", "threads", "resume"}
    # these have their digest
    of_records = {"fasta", "on_invalid", "split", "subset", "features", "shards", "shard"}
    assert {action.dest for action in actions} == set(OPTIONS) | others | of_records


def test_digest__knows_every_kind_of_record() -> None:
    import numpy as np

    series = Series(np.array([[1.0, 2.0]]))
    other = Series(np.array([[1.0, 2.5]]))
    records = [
        CheckedSequence("a", "ACGT"),
        CheckedSequence("a", "ACGA"),
        CheckedSequence("b", "ACGT"),
        CheckedSequence("a", "", "is empty"),
        CheckedSequence("a", series),
        CheckedSequence("a", other),
        CheckedSequence("a", FeaturedSequence("A", series)),
        CheckedSequence("a", FeaturedSequence("A", other)),
        CheckedSequence("a", FeaturedSequence("C", series)),
        CheckedSequence("caf\udce9", "ACGT"),
    ]
    values = set()
    for record in records:
        digests = [RecordDigest(), RecordDigest()]
        for digest in digests:
            digest.add(record)
        assert digests[0].value() == digests[1].value()
        values.add(digests[0].value())
    assert len(values) == len(records)
