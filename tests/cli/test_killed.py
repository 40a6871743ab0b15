"""A command that is killed, at whatever moment, leaves no file that looks complete, and goes on."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from fastgru.training.checkpoint import read_checkpoint
from tests.cli.commands import Command, Start, name_of, send
from tests.cli.conftest import Work

OUTPUTS = ["-o", "model.safetensors", "--history", "history.tsv"]
CHECKPOINT = "model.safetensors.checkpoint"


def start_training(start: Start, work: Work, folder: Path, *options: str) -> Command:
    """Start a training; return when it says that an epoch has ended, or has ended itself."""
    inputs = ["train", work.fasta, "--label-field", "label", "--hidden-size", "8", "-t", "1"]
    command = start(folder, [*inputs, *OUTPUTS, *options])
    for line in command.messages:
        if line.startswith("training: "):
            break
    return command


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
