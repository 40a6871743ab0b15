from __future__ import annotations

import argparse
import logging
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

import fastgru
from fastgru import errors
from fastgru.cli.running import run_command

ROOT = str(Path(fastgru.__file__).parent.parent)
LOGGER = logging.getLogger("fastgru.test")


def options(run: Callable[[argparse.Namespace], int], **changes: object) -> argparse.Namespace:
    defaults = {"quiet": False, "verbose": False, "log_file": None, "debug": False}
    return argparse.Namespace(run=run, command="work", **{**defaults, **changes})


def raising(error: BaseException) -> Callable[[argparse.Namespace], int]:
    def run(args: argparse.Namespace) -> int:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (errors.LabelError("two labels"), 1, "fastgru work: error: two labels\n"),
        (errors.ConfigurationError("threads is 0"), 2, "fastgru work: error: threads is 0\n"),
        (KeyboardInterrupt(), 130, "fastgru work: interrupted\n"),
        (OSError(28, "No space left on device", "out.tsv"), 1, "out.tsv: No space left on device"),
        (MemoryError(), 1, "not enough memory. Use smaller batches"),
        (BrokenPipeError(), 1, ""),
        (SystemExit(143), 143, ""),
    ],
)
def test_run_command__turns_errors_into_codes(
    error: BaseException, code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(options(raising(error)), ["work"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert "Traceback" not in err


def test_run_command__does_not_hide_faults_of_the_program() -> None:
    with pytest.raises(ZeroDivisionError):
        run_command(options(raising(ZeroDivisionError())), ["work"])


def test_run_command__shows_the_traceback_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    args = options(raising(errors.LabelError("two labels")), debug=True)
    assert run_command(args, ["work"]) == 1
    assert "Traceback (most recent call last):" in capsys.readouterr().err


def speak(args: argparse.Namespace) -> int:
    LOGGER.debug("detail")
    LOGGER.info("progress")
    LOGGER.warning("attention")
    warnings.warn("odd", stacklevel=1)
    return 0


@pytest.mark.filterwarnings("default:odd")
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["progress", "attention", "warning: odd"]),
        ({"quiet": True}, ["attention", "warning: odd"]),
        ({"verbose": True}, ["detail", "progress", "attention", "warning: odd"]),
    ],
)
def test_run_command__writes_the_messages_asked_for(
    changes: dict[str, bool],
    expected: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    args = options(speak, log_file=str(tmp_path / "log"), **changes)
    assert run_command(args, ["work", "-o", "a file"]) == 0
    lines = capsys.readouterr().err.splitlines()
    first = f"fastgru {fastgru.__version__}: fastgru work -o 'a file'"
    assert lines == ([] if changes.get("quiet") else [first]) + expected
    assert (tmp_path / "log").read_text(encoding="utf-8").splitlines() == lines


@pytest.mark.filterwarnings("default:odd")
def test_run_command__leaves_logging_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("fastgru")
    before = (logger.level, logger.propagate, list(logger.handlers))
    run_command(options(speak, quiet=True), ["work"])
    assert (logger.level, logger.propagate, list(logger.handlers)) == before


def test_run_command__explains_a_log_file_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = options(speak, log_file=str(tmp_path / "missing" / "log"))
    assert run_command(args, ["work"]) == 1
    assert "fastgru work: error: " in capsys.readouterr().err


def test_sigterm__lets_the_command_clean_up(tmp_path: Path) -> None:
    # What a scheduler sends before it kills a job.
    program = (
        "import os, signal, time\n"
        "from types import SimpleNamespace\n"
        "from fastgru.cli.running import run_command\n"
        "from fastgru.data.writing import atomic_write\n"
        "def run(args):\n"
        "    with atomic_write('model') as file:\n"
        "        file.write('half')\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "        time.sleep(60)\n"
        "args = SimpleNamespace(run=run, command='work', quiet=False, verbose=False,\n"
        "                       log_file=None, debug=False)\n"
        "raise SystemExit(run_command(args, ['work']))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": ROOT},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_broken_pipe__is_quiet(tmp_path: Path) -> None:
    records = "".join(
        f">r{place} label={'xy'[place % 2]}\n{'A' * (place + 1)}\n" for place in range(999)
    )
    (tmp_path / "a.fa").write_text(records, encoding="utf-8")
    command = f"{sys.executable} -m fastgru split -q a.fa --label-field label | head -n 1"
    result = subprocess.run(
        ["bash", "-c", command],
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": ROOT, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert result.stdout == "id\tlabel\tsplit\tsplit_method\tsplit_seed\n"
    assert result.stderr == ""


SHOWING = [["--help"], ["--version"], ["--citation"], ["info", "--schema"], ["baseline", "--list"]]


def run_redirected(arguments: list[str], to: str, buffered: bool) -> subprocess.CompletedProcess:
    environment = {"PYTHONPATH": ROOT, "PATH": "/usr/bin:/bin"}
    command = f"{sys.executable} -m fastgru {' '.join(arguments)} {to}; exit ${{PIPESTATUS[0]}}"
    return subprocess.run(
        ["bash", "-c", command],
        check=False,
        env=environment if buffered else {**environment, "PYTHONUNBUFFERED": "1"},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("arguments", SHOWING)
def test_broken_pipe__is_quiet_for_what_is_only_shown(arguments: list[str]) -> None:
    done = run_redirected(arguments, "| true", buffered=True)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("arguments", SHOWING[2:])
@pytest.mark.parametrize("buffered", [True, False])
def test_full_disk__has_a_message_for_what_is_only_shown(
    arguments: list[str], buffered: bool
) -> None:
    done = run_redirected(arguments, "> /dev/full", buffered=buffered)
    assert done.returncode == 1
    assert done.stderr == (
        "fastgru: error: standard output: No space left on device. Make room there, or write to "
        "another disk.\n"
    )
