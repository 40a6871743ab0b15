"""Predictions of streams: their memory, their threads, and how they end before their time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import fastgru
from fastgru import SequenceClassifier
from tests.planted import plant

ROOT = str(Path(fastgru.__file__).parent.parent)
ENVIRONMENT = {**os.environ, "PYTHONPATH": ROOT}
# of this program alone: what getrusage says may be of the process that started it
COMMAND = """
import sys
from fastgru.cli import main

code = main(sys.argv[1:])
lines = open("/proc/self/status", encoding="ascii").read().splitlines()
(peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM"))
print(peak, file=sys.stderr)
sys.exit(code)
"""
MB = 1_000_000
BLOCK_RECORDS = 1900

needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that takes next to no time for a letter."""
    path = tmp_path_factory.mktemp("tiny") / "model.safetensors"
    model = SequenceClassifier(
        kmer_size=6, kmer_stride=6, hidden_size=2, max_epochs=1, threads=1, random_state=0
    )
    model.fit(*plant(20, seed=1)).save(path)
    return path


def blocks_of(n_bytes: int) -> Iterator[bytes]:
    """FASTA of 100 to 1000 letters a record, some ten records short of n bytes or more."""
    rng = np.random.default_rng(0)
    letters = np.frombuffer(b"ACGT", np.uint8)
    lengths = rng.integers(100, 1001, BLOCK_RECORDS)
    records = [
        b">r%d\n%s\n" % (k, letters[rng.integers(0, 4, length)].tobytes())
        for k, length in enumerate(lengths)
    ]
    block = b"".join(records)
    for _ in range(n_bytes // len(block)):
        yield block
    yield block[: block.rindex(b">", 0, n_bytes % len(block) + 2000)]


def peak_of(model: Path, n_bytes: int, threads: int, output: Path) -> float:
    """Predict a stream; return the peak of the process's memory in MB."""
    arguments = ["predict", "-q", model, "-", "-o", output, "-t", str(threads)]
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, *map(str, arguments)],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        with process.stdin as stream:
            for block in blocks_of(n_bytes):
                stream.write(block)
        err = process.stderr.read()
    assert process.returncode == 0, err
    return int(err) * 1024 / MB


@needs_proc
@pytest.mark.parametrize("threads", [1, 2])
def test_predict__takes_the_same_memory_for_ten_times_the_input(
    threads: int, tiny: Path, tmp_path: Path
) -> None:
    small, large = (peak_of(tiny, size * MB, threads, tmp_path / f"{size}.tsv") for size in (4, 40))
    assert large < small + 10
    n_rows = (tmp_path / "40.tsv").read_bytes().count(b"\n") - 1
    assert 60_000 < n_rows < 80_000


@needs_proc
@pytest.mark.exhaustive
@pytest.mark.timeout(1800)
def test_predict__of_two_gigabytes_stays_below_its_limit(tiny: Path, tmp_path: Path) -> None:
    assert peak_of(tiny, 2000 * MB, 1, Path(os.devnull)) < 250


@pytest.mark.parametrize(("threads", "expected"), [(1, set()), (2, {"ahead", "behind"})])
def test_predict__on_one_thread_has_no_others(
    threads: int, expected: set[str], work, run_cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, start = set(), threading.Thread.start

    def noted_start(thread: threading.Thread) -> None:
        started.add(thread.name)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", noted_start)
    monkeypatch.setattr("fastgru.estimators.streaming.default_threads", lambda: 8)
    assert run_cli(["predict", work.model, work.fasta, "-t", threads]).code == 0
    found = {name.removeprefix("fastgru-").partition("_")[0] for name in started}
    assert {name for name in found if name in {"ahead", "behind"}} == expected


@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_predict__that_waits_for_input_can_be_ended(
    sent: signal.Signals, code: int, threads: str, work, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "first")
    arguments = ["predict", work.model, "first", "-", "-t", threads, "-o", "p.tsv"]
    with subprocess.Popen(
        [sys.executable, "-m", "fastgru", *map(str, arguments)],
        env=ENVIRONMENT,
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        # opens as soon as the command reads
        (tmp_path / "first").write_text(">a\nACGT\n", encoding="utf-8")
        process.send_signal(sent)
        assert process.wait() == code
        assert process.stderr is not None
        err = process.stderr.read()
    assert "Traceback" not in err
    assert "Fatal" not in err
    assert not (tmp_path / "p.tsv").exists()


def test_predict__reads_fastq(work, run_cli) -> None:
    expected = run_cli(["predict", work.model, work.fasta]).out
    text = "".join(f"@r{k} x\n{s}\n+\n{'@' * len(s)}\n" for k, s in enumerate(work.sequences))
    assert run_cli(["predict", work.model, "-"], stdin=text).out == expected
    code, out, err = run_cli(["predict", work.model, "-"], stdin=text[:-5])
    assert (code, out.count("\n")) in {(1, 0), (1, 80)}
    assert "line 320, record 'r79': the quality has 26 characters for 30 letters" in err
