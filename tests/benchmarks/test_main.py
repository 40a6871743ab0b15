"""The command: what it hands to pytest, and when it stores."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import __main__ as command
from benchmarks.results import load
from tests.benchmarks.test_table import raw_of

STORED = Path(__file__).parent / "stored.json"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Commands that would have run; each leaves what pytest-benchmark writes of a repeat."""
    seen: list[list[str]] = []

    def run(arguments: list[str], **_: Any) -> SimpleNamespace:
        (raw,) = (word.partition("=")[2] for word in arguments if word.startswith("--benchmark-j"))
        document = raw_of(dict(load(STORED)), len(seen))
        Path(raw).write_text(json.dumps(document), encoding="utf-8")
        seen.append(arguments)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(subprocess, "run", run)
    return seen


def test_main__stores_two_repeats(calls: list[list[str]], tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    assert command.main(["--threads", "1", "-o", str(path)]) == 0
    assert len(calls) == 2
    assert "--threads=1" in calls[0]
    assert load(path)["benchmarks"] == load(STORED)["benchmarks"]


@pytest.mark.parametrize(("option", "repeats"), [(["--quick"], 1), (["-k", "lstm"], 2)])
def test_main__a_partial_run_is_shown_and_not_stored(
    option: list[str],
    repeats: int,
    calls: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "save", lambda *_: pytest.fail("stored"))
    assert command.main(option) == 0
    assert len(calls) == repeats
    assert "geometric mean of 24 sizes" in capsys.readouterr().out


def test_main__a_failure_is_passed_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=1))
    assert command.main([]) == 1
    assert capsys.readouterr().out == "Nothing was timed.\n"


@pytest.mark.parametrize("other", [["--quick"], ["-k", "x"], ["-o", "x.json"]])
def test_main__readme_goes_with_a_whole_run(other: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        command.main(["--readme", *other])
    assert stop.value.code == 2
