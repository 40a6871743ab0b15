"""A command that is killed, at whatever moment, leaves no file that looks complete, and goes on."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

import pytest

import fastgru
from fastgru.training.checkpoint import read_checkpoint
from tests.cli.conftest import Work

ROOT = str(Path(fastgru.__file__).parent.parent)
ENVIRONMENT = {**os.environ, "PYTHONPATH": ROOT}

OUTPUTS = ["-o", "model.safetensors", "--history", "history.tsv"]
CHECKPOINT = "model.safetensors.checkpoint"

# A command in a process of its own begins at once where its parent has all imports.
PARENT = """
import json, os, sys
from fastgru.cli import main
import fastgru.cli.tasks.classification.train
import fastgru.estimators.classifier, fastgru.evaluation  # what takes a start its seconds

def killing_at(number, sent):
    n_written = 0

    def fsync(descriptor):
        nonlocal n_written
        n_written += 1
        if n_written == number:
            os.kill(os.getpid(), sent)

    return fsync

for line in sys.stdin:
    folder, messages, arguments, kill_at_write = json.loads(line)
    child = os.fork()
    if child == 0:
        os.chdir(folder)
        os.dup2(os.open(messages, os.O_WRONLY), sys.stderr.fileno())
        if kill_at_write is not None:
            # what is called when a file is written, but not yet under its name
            os.fsync = killing_at(*kill_at_write)
        sys.exit(main(arguments))
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Command(NamedTuple):
    """A command that runs."""

    pid: int
    messages: TextIO
    codes: TextIO

    def finish(self) -> tuple[int, str]:
        """Return its exit code, and what it has written to standard error since."""
        with self.messages:
            err = self.messages.read()
        return int(self.codes.readline()), err


Start = Callable[..., Command]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start ``fastgru ARGUMENTS`` in a folder: ``start(folder, arguments).finish()``.

    With `kill_at_write` the signal that it sends itself in place of writing to the disk, and which
    time.  One command at a time.
    """
    messages = tmp_path_factory.mktemp("commands") / "messages"
    os.mkfifo(messages)
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:

        def start(
            folder: Path,
            arguments: Sequence[object],
            kill_at_write: tuple[int, signal.Signals] | None = None,
        ) -> Command:
            job = [str(folder), str(messages), list(map(str, arguments)), kill_at_write]
            parent.stdin.write(json.dumps(job) + "\n")
            parent.stdin.flush()
            pid = int(parent.stdout.readline())
            return Command(pid, messages.open(encoding="utf-8"), parent.stdout)

        yield start
        parent.stdin.close()


def start_training(start: Start, work: Work, folder: Path, *options: str) -> Command:
    """Start a training; return when it says that an epoch has ended, or has ended itself."""
    inputs = ["train", work.fasta, "--label-field", "label", "--hidden-size", "8", "-t", "1"]
    command = start(folder, [*inputs, *OUTPUTS, *options])
    for line in command.messages:
        if line.startswith("training: "):
            break
    return command


def send(command: Command, sent: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has ended by itself
        os.kill(command.pid, sent)


def name_of(value: object) -> str | None:
    """Name a test after its signal, in the place of a number."""
    return value.name if isinstance(value, signal.Signals) else None


@pytest.mark.parametrize(
    ("sent", "code", "last_words"),
    [
        (signal.SIGINT, 130, "--resume goes on\nfastgru train: interrupted\n"),
        (signal.SIGTERM, 143, f"{CHECKPOINT}: the same command with --resume goes on\n"),
        (signal.SIGKILL, -signal.SIGKILL, ""),
    ],
    ids=name_of,
)
def test_training__that_is_killed_leaves_its_checkpoint_and_its_rows(
    sent: signal.Signals, code: int, last_words: str, work: Work, start: Start, tmp_path: Path
) -> None:
    options = ["--max-epochs", "100000", "--no-early-stopping"]
    command = start_training(start, work, tmp_path, *options)
    time.sleep(0.1)
    send(command, sent)
    found, err = command.finish()
    assert found == code
    assert err.endswith(last_words)
    assert "Traceback" not in err
    visible = sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("."))
    assert visible == ["history.tsv", CHECKPOINT]
    n_epochs = len(read_checkpoint(tmp_path / CHECKPOINT).tensors["history"])
    rows = (tmp_path / "history.tsv").read_text(encoding="utf-8").splitlines()
    # the row follows the checkpoint, and may be missing
    assert n_epochs <= len(rows) <= n_epochs + 1
    assert n_epochs > 0


@pytest.mark.slow
def test_training__that_is_killed_twenty_times_gives_the_same_bytes(
    work: Work, start: Start, tmp_path: Path
) -> None:
    options = ["--max-epochs", "150", "--no-early-stopping", "--resume"]
    expected, folder = tmp_path / "whole", tmp_path / "killed"
    expected.mkdir()
    folder.mkdir()
    assert start_training(start, work, expected, *options).finish()[0] == 0
    rng, n_killed = random.Random(7), 0
    while n_killed < 20:
        command = start_training(start, work, folder, *options)
        time.sleep(rng.uniform(0, 0.1))
        send(command, signal.SIGKILL)
        n_killed += command.finish()[0] == -signal.SIGKILL
        if (folder / "model.safetensors").exists():  # this machine is fast: begin again
            assert_same_files(folder, expected)
            for path in folder.iterdir():
                path.unlink()
    assert start_training(start, work, folder, *options).finish()[0] == 0
    assert_same_files(folder, expected)


def assert_same_files(folder: Path, expected: Path) -> None:
    for name in ("model.safetensors", "history.tsv"):
        assert (folder / name).read_bytes() == (expected / name).read_bytes()


@pytest.mark.parametrize(
    ("number", "sent"),
    [
        (1, signal.SIGKILL),
        (3, signal.SIGTERM),
        (3, signal.SIGKILL),
        (5, signal.SIGKILL),
    ],
    ids=name_of,
)
def test_training__that_is_killed_while_it_writes_goes_on(
    number: int, sent: signal.Signals, work: Work, start: Start, tmp_path: Path
) -> None:
    # it writes checkpoints of the start and of three epochs, then the model
    options = ["--label-field", "label", "--max-epochs", "3", "--hidden-size", "8", "-t", "1"]
    command = ["train", work.fasta, *options, *OUTPUTS, "--resume"]
    expected, folder = tmp_path / "whole", tmp_path / "killed"
    expected.mkdir()
    folder.mkdir()
    assert start(expected, command).finish()[0] == 0
    code, _ = start(folder, command, kill_at_write=(number, sent)).finish()
    assert code == (143 if sent == signal.SIGTERM else -signal.SIGKILL)
    assert not (folder / "model.safetensors").exists()
    assert (folder / CHECKPOINT).exists() == (number > 1)
    assert start(folder, command).finish()[0] == 0
    assert_same_files(folder, expected)
    # whatever was half written is gone, but for the model itself
    left = {path.name for path in folder.iterdir()} - {"model.safetensors", "history.tsv"}
    assert not any("checkpoint" in file for file in left)
    assert bool(left) == (number == 5)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=name_of)
def test_model__is_not_there_before_it_is_complete(
    sent: signal.Signals, work: Work, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "old.safetensors").write_text("the model of before", encoding="utf-8")
    arguments = ["train", work.fasta, "--label-field", "label", "--max-epochs", "1"]
    arguments += ["--no-checkpoint", "-o", "old.safetensors", "--force"]
    assert start(tmp_path, arguments, kill_at_write=(1, sent)).finish()[0] != 0
    left = {path.name for path in tmp_path.iterdir()}
    visible = {file for file in left if not file.startswith(".")}
    assert visible == {"old.safetensors"}
    # only the signal that nothing can catch leaves the temporary file behind
    assert (left == visible) == (sent != signal.SIGKILL)
    assert (tmp_path / "old.safetensors").read_text(encoding="utf-8") == "the model of before"
