"""Predictions that are killed at whatever moment go on without a row lost or twice."""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import ENVIRONMENT, Command, Start, name_of
from tests.cli.conftest import Work

pytestmark = pytest.mark.slow  # some ninety processes

# ten records at a time, which are kept at once
SETTINGS = {
    "fastgru.estimators.streaming.CHUNK_LETTERS": 1300,
    "fastgru.cli.resuming._COMMIT_SECONDS": 0,
    "fastgru.data.part_file._MEMBER": 200,
    "fastgru.cli.prediction_files._PIECE": 300,
}
EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -signal.SIGKILL}
NAMES = ["p.tsv", "p.jsonl", "p.tsv.gz", "p.parquet"]


def predict(start: Start, work: Work, folder: Path, name: str, **how: object) -> Command:
    arguments = ["predict", work.model, work.fasta, "-o", name, "--resume", "-t", "1"]
    return start(folder, arguments, settings=SETTINGS, **how)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """One for the run that nobody kills, one for the others."""
    made = (tmp_path / "whole", tmp_path / "killed")
    for folder in made:
        folder.mkdir()
    return made


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        *((name, signal.SIGKILL) for name in NAMES),
        ("p.tsv", signal.SIGTERM),
        ("p.parquet", signal.SIGINT),
    ],
    ids=name_of,
)
def test_prediction__that_is_killed_at_every_write_gives_the_same_bytes(
    name: str, sent: signal.Signals, work: Work, start: Start, folders: tuple[Path, Path]
) -> None:
    whole, killed = folders
    assert predict(start, work, whole, name).finish()[0] == 0
    n_killed = 0
    # two writes keep some records: their rows, and the journal that says so
    for number in [2, 3, 5, 4] * 10:
        code, err = predict(start, work, killed, name, kill_at_write=(number, sent)).finish()
        assert "Traceback" not in err
        if code == 0:
            break
        assert code == EXIT_CODES[sent]
        assert not (killed / name).exists()
        n_killed += 1
    assert n_killed >= (2 if name.endswith(".gz") else 4)
    assert (killed / name).read_bytes() == (whole / name).read_bytes()
    assert [path.name for path in killed.iterdir()] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_prediction__that_is_killed_behind_every_renaming_gives_the_same_bytes(
    name: str, work: Work, start: Start, folders: tuple[Path, Path]
) -> None:
    whole, killed = folders
    assert predict(start, work, whole, name).finish()[0] == 0
    there = False
    for _ in range(20):  # those of the journal, and in the end that of the output
        how = {"kill_at_rename": (3, signal.SIGKILL)}
        code, _ = predict(start, work, killed, name, **how).finish()
        there = (killed / name).exists()
        if code == 0 or there:
            break
    assert there
    assert (killed / name).read_bytes() == (whole / name).read_bytes()
    # and a run that nobody kills, be the output complete or nearly so
    resumed, err = predict(start, work, killed, name).finish()
    assert resumed == 0, err
    assert (killed / name).read_bytes() == (whole / name).read_bytes()
    assert [path.name for path in killed.iterdir()] == [name]


def test_prediction__ends_with_what_is_done_on_signals(
    work: Work, start: Start, tmp_path: Path
) -> None:
    for sent in (signal.SIGINT, signal.SIGTERM):
        # the rows of twenty records are written when it is told to write the second time
        how = {"kill_at_write": (3, sent)}
        arguments = ["predict", work.model, work.fasta, "-o", "p.tsv", "-t", "1"]
        code, err = start(tmp_path, arguments, settings=SETTINGS, **how).finish()
        assert code == EXIT_CODES[sent]
        assert "p.tsv: 20 records are done; the same command with --resume goes on\n" in err
        left = sorted(path.name for path in tmp_path.iterdir())
        assert left == [".p.tsv.part", ".p.tsv.part.json"]


def test_prediction__is_the_same_with_two_threads_and_compressed_input(
    work: Work, start: Start, folders: tuple[Path, Path]
) -> None:
    whole, killed = folders
    assert predict(start, work, whole, "p.tsv").finish()[0] == 0
    (killed / "a.fa.gz").write_bytes(gzip.compress(work.fasta.read_bytes()))
    arguments = ["predict", work.model, "a.fa.gz", "-o", "p.tsv", "--resume", "-t", "2"]
    for _ in range(2):
        how = {"settings": SETTINGS, "kill_at_write": (4, signal.SIGKILL)}
        assert start(killed, arguments, **how).finish()[0] == -signal.SIGKILL
    assert start(killed, arguments, settings=SETTINGS).finish()[0] == 0
    assert (killed / "p.tsv").read_bytes() == (whole / "p.tsv").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_prediction__that_meets_a_limit_of_size_goes_on(
    name: str, work: Work, start: Start, folders: tuple[Path, Path]
) -> None:
    whole, killed = folders
    assert predict(start, work, whole, name).finish()[0] == 0
    limit = 3000 if name == "p.jsonl" else 1000
    code, err = predict(start, work, killed, name, most_bytes=limit).finish()
    assert code == 1
    assert f"{name}: File too large" in err
    assert "records are done; the same command with --resume goes on\n" in err
    assert predict(start, work, killed, name).finish()[0] == 0
    assert (killed / name).read_bytes() == (whole / name).read_bytes()
    assert [path.name for path in killed.iterdir()] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_prediction__that_fills_the_disk_goes_on(
    name: str, work: Work, start: Start, small_disk: Path, tmp_path: Path
) -> None:
    (tmp_path / "many.fa").write_bytes(work.fasta.read_bytes() * 100)
    arguments = ["predict", work.model, "many.fa", "-t", "1", "--resume", "-o"]
    settings = {**SETTINGS, "fastgru.estimators.streaming.CHUNK_LETTERS": 10_000}
    assert start(tmp_path, [*arguments, name], settings=settings).finish()[0] == 0
    code, err = start(tmp_path, [*arguments, small_disk / name], settings=settings).finish()
    assert code == 1
    assert re.search(rf"error: {small_disk}/.*: No space left on device", err)  # or its journal
    assert "records are done; the same command with --resume goes on\n" in err
    assert not (small_disk / name).exists()
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    code, err = start(tmp_path, [*arguments, small_disk / name], settings=settings).finish()
    assert code == 0
    assert "prediction goes on after" in err
    assert (small_disk / name).read_bytes() == (tmp_path / name).read_bytes()
    assert [path.name for path in small_disk.iterdir()] == [name]


def test_prediction__says_that_a_device_is_full(work: Work, start: Start, tmp_path: Path) -> None:
    arguments = ["predict", work.model, work.fasta, "-o", "/dev/full"]
    code, err = start(tmp_path, arguments).finish()
    assert code == 1
    assert "error: /dev/full: No space left on device" in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_prediction__of_a_stream_answers_before_its_input_ends(work: Work) -> None:
    """The first rows come while standard input is open, and a closed pipe ends the command."""
    program = (
        "import fastgru.estimators.streaming as streaming; streaming.CHUNK_LETTERS = 390\n"
        "from fastgru.cli import main; import sys; sys.exit(main(sys.argv[1:]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, "predict", "-q", str(work.model), "-"],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        records = work.fasta.read_bytes()
        writer = os.fork()
        if writer == 0:  # feeds records until nobody takes them
            process.stdout.close()  # or there would still be somebody who might read
            with contextlib.suppress(OSError):
                while True:
                    os.write(process.stdin.fileno(), records)
            os._exit(0)
        process.stdin.close()
        lines = [process.stdout.readline() for _ in range(4)]
        assert [line.split(b"\t")[0] for line in lines] == [b"id", b"r0", b"r1", b"r2"]
        process.stdout.close()
        assert process.wait() == 1
        assert process.stderr.read() == b""
        os.waitpid(writer, 0)
