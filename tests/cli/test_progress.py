from __future__ import annotations

import io
import logging
import re
import sys

import pytest

from fastgru.cli import progress as module
from fastgru.cli.progress import duration, show_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines_on(terminal: Terminal) -> list[str]:
    """What was drawn, without colours, each state of a line by itself."""
    plain = re.sub(r"\x1b\[[^a-zA-Z]*[a-zA-Z]", "", terminal.getvalue())
    return [line.rstrip() for line in re.split(r"[\r\n]", plain)]


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


@pytest.mark.parametrize("columns", [50, 80])
def test_show_progress__keeps_its_numbers_on_a_narrow_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", str(columns))
    with (
        caplog.at_level(logging.INFO, logger="fastgru"),
        show_progress("training", 1000) as progress,
    ):
        progress.advance(999, text="loss " + "9" * 200)
    line = next(line for line in lines_on(terminal) if "999/1000" in line)
    assert re.match(r"training ━{9}.  999/1000 0:00:0\d loss 99*…", line), line
    assert len(line) <= columns


def test_show_progress__writes_messages_above_the_bar(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    logger, handler = logging.getLogger("fastgru"), logging.StreamHandler(terminal)
    logger.addHandler(handler)
    try:
        with caplog.at_level(logging.INFO, logger="fastgru"):
            with show_progress("training", 5):
                assert handler.stream is sys.stderr
                logger.info("attention")
            assert handler.stream is terminal
    finally:
        logger.removeHandler(handler)
    assert "attention" in lines_on(terminal)


def test_show_progress__writes_lines_where_no_bar_can_be_drawn(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "dumb")
    with caplog.at_level(logging.INFO, logger="fastgru"):
        work(total=2, steps=2)
    assert caplog.messages == ["training: 1/2, loss 1", "training: 2/2, loss 2"]


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(module.time, "monotonic", lambda: self.now)


def test_show_progress__says_how_long_it_will_take(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock(monkeypatch)
    with (
        caplog.at_level(logging.INFO, logger="fastgru"),
        show_progress("training", 8) as progress,
    ):
        for _ in range(8):
            clock.now += 30.0
            progress.advance()
    assert caplog.messages == [
        "training: 1/8, 4 min left",
        "training: 2/8, 3 min left",
        "training: 3/8, 2 min left",
        "training: 4/8, 2 min left",
        "training: 5/8, 90 s left",
        "training: 6/8, 60 s left",
        "training: 7/8, 30 s left",
        "training: 8/8",
    ]


def test_show_progress__goes_by_the_last_pieces_and_by_none_of_an_earlier_run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock(monkeypatch)
    with (
        caplog.at_level(logging.INFO, logger="fastgru"),
        show_progress("training", 100) as progress,
    ):
        clock.now += 7.0
        progress.skip(40)
        for seconds in (1000.0, *[10.0] * 20):
            clock.now += seconds
            progress.advance()
    assert caplog.messages[0] == "training: 41/100, 16 h left"
    assert caplog.messages[-1] == "training: 59/100, 7 min left"


def test_show_progress__writes_a_line_a_minute_at_least(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock(monkeypatch)
    with (
        caplog.at_level(logging.INFO, logger="fastgru"),
        show_progress("training", 1000) as progress,
    ):
        for _ in range(20):
            clock.now += 25.0
            progress.advance()
    done = [message.split(": ")[1].split("/")[0] for message in caplog.messages]
    assert done == ["1", "4", "7", "10", "13", "16", "19"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0123, "0.012 s"),
        (0.96, "1.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (99.4, "99 s"),
        (100, "2 min"),
        (5999, "1 h 40 min"),
        (3600 * 2, "2 h"),
        (3600 * 9 + 60 * 59.4, "9 h 59 min"),
        (3600 * 11, "11 h"),
        (3600 * 100, "4 days"),
    ],
)
def test_duration__has_two_digits_or_so(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected
