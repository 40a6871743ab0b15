from __future__ import annotations

import io
import logging
import sys

import pytest

from fastgru.cli.progress import show_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def work(total: int | None, steps: int) -> None:
    with show_progress("training", total) as progress:
        for step in range(1, steps + 1):
            progress.advance(text=f"loss {step}")


def test_show_progress__writes_a_line_per_tenth(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="fastgru"):
        work(total=95, steps=95)
    assert caplog.messages[0] == "training: 1/95, loss 1"
    assert caplog.messages[-1] == "training: 95/95, loss 95"
    assert 10 <= len(caplog.messages) <= 12


def test_show_progress__of_unknown_length_slows_down(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="fastgru"):
        work(total=None, steps=100)
    counts = [message.split(",")[0].removeprefix("training: ") for message in caplog.messages]
    assert counts == ["1", "2", "4", "8", "16", "32", "64"]


def test_show_progress__is_silent_when_asked(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="fastgru"):
        work(total=10, steps=10)
    assert caplog.messages == []


def test_show_progress__draws_a_bar_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    with caplog.at_level(logging.INFO, logger="fastgru"):
        work(total=5, steps=5)
    assert caplog.messages == []
    assert "5/5" in terminal.getvalue()
    assert "loss 5" in terminal.getvalue()
