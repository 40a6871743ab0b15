from __future__ import annotations

import io
import logging
import sys
from pathlib import Path

import pytest

from fastgru.cli import progress as bars
from fastgru.cli import stream_progress
from fastgru.cli.stream_progress import BytesRead, LettersRead, show_stream_progress
from fastgru.data.alphabets import get_alphabet
from fastgru.data.records import read_records
from fastgru.data.unlabelled import read_sequences


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(stream_progress.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(bars.time, "monotonic", lambda: self.now)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "a.fa").write_bytes(b"x" * 1000)
    return tmp_path / "a.fa"


def test_show_stream_progress__says_share_rates_and_time_left(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock(monkeypatch)
    with (
        caplog.at_level(logging.INFO, logger="fastgru"),
        show_stream_progress("predicting", BytesRead([file, file]).total) as progress,
    ):
        for chunk in range(1, 5):
            clock.now += 10
            progress.advance(25_000, 10_500_000, 500 * chunk)
    assert caplog.messages == [
        "predicting: 25 %, 25000 records, 2.5 k records/s, 1.1 M letters/s, 30 s left",
        "predicting: 50 %, 50000 records, 2.5 k records/s, 1.1 M letters/s, 20 s left",
        "predicting: 75 %, 75000 records, 2.5 k records/s, 1.1 M letters/s, 10 s left",
        "predicting: 100 %, 100000 records, 2.5 k records/s, 1.1 M letters/s",
    ]


def test_show_stream_progress__of_standard_input_says_rates_alone(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock(monkeypatch)
    with (
        caplog.at_level(logging.INFO, logger="fastgru"),
        show_stream_progress("predicting", BytesRead([file, "-"]).total) as progress,
    ):
        for chunk in range(1, 9):
            clock.now += 1
            progress.advance(5, 300, 50 * chunk)
    assert caplog.messages == [
        f"predicting: {5 * k} records, 5 records/s, 300 letters/s" for k in (1, 2, 4, 8)
    ]


def test_show_stream_progress__does_not_count_what_an_earlier_run_did_as_pace(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock(monkeypatch)
    with (
        caplog.at_level(logging.INFO, logger="fastgru"),
        show_stream_progress("predicting", BytesRead([file]).total) as progress,
    ):
        progress.skip(80)
        clock.now += 10
        progress.advance(5, 50, 850)
        clock.now += 10
        progress.advance(5, 50, 900)
    assert caplog.messages == ["predicting: 90 %, 90 records, 0 records/s, 5 letters/s, 20 s left"]


def test_show_stream_progress__draws_a_bar_on_a_terminal(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    with caplog.at_level(logging.INFO, logger="fastgru"):
        for paths in ([file], ["-"]):
            with show_stream_progress("predicting", BytesRead(paths).total) as progress:
                progress.advance(7, 70, 500)
    assert caplog.messages == []
    assert "50 %" in terminal.getvalue()
    assert "7 records" in terminal.getvalue()


def test_bytes_read__counts_stored_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.fa").write_bytes(b">a\nACGT\n")
    position = BytesRead([])
    for _ in range(2):
        list(read_records(tmp_path / "a.fa", digest=position))
    assert position() == 16


def test_letters_read__count_those_of_a_shard_up_to_what_was_expected(tmp_path: Path) -> None:
    (tmp_path / "a.fa").write_bytes(b">a\nACGT\n>b\nAC\n>c\nACG\n")
    position = LettersRead(8)
    records = read_sequences([tmp_path / "a.fa"], get_alphabet("dna"), digest=position)
    counts = [position() for _ in position.noted(records)]
    assert counts == [4, 6, 8]
    assert position.total == 8
