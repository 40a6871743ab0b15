"""A command that is killed, at whatever moment, leaves no file that looks complete, and goes on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import fastgru
from fastgru.training.checkpoint import read_checkpoint
from tests.cli.conftest import Work

ROOT = str(Path(fastgru.__file__).parent.parent)
ENVIRONMENT = {**os.environ, "PYTHONPATH": ROOT}


COMMAND = [sys.executable, "-m", "fastgru", "train"]
OUTPUTS = ["-o", "model.safetensors", "--history", "history.tsv"]
CHECKPOINT = "model.safetensors.checkpoint"


def start_training(work: Work, folder: Path, *options: str) -> subprocess.Popen[str]:
    """Start a training; return when it says that an epoch has ended, or has ended itself."""
    inputs = [str(work.fasta), "--label-field", "label"]
    process = subprocess.Popen(
        [*COMMAND, *inputs, "--hidden-size", "8", "-t", "1", *OUTPUTS, *options],
        cwd=folder,
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("training: "):
            break
    return process


@pytest.mark.parametrize(
    ("sent", "code", "last_words"),
    [
        (signal.SIGINT, 130, "--resume goes on\nfastgru train: interrupted\n"),
        (signal.SIGTERM, 143, f"{CHECKPOINT}: the same command with --resume goes on\n"),
        (signal.SIGKILL, -signal.SIGKILL, ""),
    ],
)
def test_training__that_is_killed_leaves_its_checkpoint_and_its_rows(
    sent: signal.Signals, code: int, last_words: str, work: Work, tmp_path: Path
) -> None:
    process = start_training(work, tmp_path, "--max-epochs", "100000", "--no-early-stopping")
    time.sleep(0.1)
    process.send_signal(sent)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
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
@pytest.mark.timeout(900)  # 22 starts of Python, each some seconds on a busy machine
def test_training__that_is_killed_twenty_times_gives_the_same_bytes(
    work: Work, tmp_path: Path
) -> None:
    options = ["--max-epochs", "150", "--no-early-stopping"]
    expected = tmp_path / "whole"
    expected.mkdir()
    finish(start_training(work, expected, *options))
    folder, rng, n_killed = tmp_path / "killed", random.Random(7), 0
    folder.mkdir()
    while n_killed < 20:
        process = start_training(work, folder, *options, "--resume")
        time.sleep(rng.uniform(0, 0.1))
        process.kill()
        process.communicate(timeout=60)
        n_killed += process.returncode == -signal.SIGKILL
        if (folder / "model.safetensors").exists():  # this machine is fast: begin again
            assert_same_files(folder, expected)
            for path in folder.iterdir():
                path.unlink()
    finish(start_training(work, folder, *options, "--resume"))
    assert_same_files(folder, expected)


def finish(process: subprocess.Popen[str]) -> None:
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err


def assert_same_files(folder: Path, expected: Path) -> None:
    for name in ("model.safetensors", "history.tsv"):
        assert (folder / name).read_bytes() == (expected / name).read_bytes()


KILLED_AT_WRITE = """
import os, signal, sys
from fastgru.cli import main

count = 0

def killed(descriptor):
    global count
    count += 1
    if count == {number}:
        os.kill(os.getpid(), signal.{name})

os.fsync = killed  # what is called when a file is written, but not yet under its name
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("number", "name"), [(1, "SIGKILL"), (3, "SIGTERM"), (3, "SIGKILL"), (5, "SIGKILL")]
)
def test_training__that_is_killed_while_it_writes_goes_on(
    number: int, name: str, work: Work, tmp_path: Path, run_cli
) -> None:
    # it writes checkpoints of the start and of three epochs, then the model
    options = ["--label-field", "label", "--max-epochs", "3", "--hidden-size", "8", "-t", "1"]
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()

    def command(folder: str) -> list[str]:
        outputs = [tmp_path / folder / name for name in ("model.safetensors", "history.tsv")]
        named = ["-o", str(outputs[0]), "--history", str(outputs[1])]
        return ["train", str(work.fasta), *options, *named, "--resume"]

    assert run_cli(command("whole")).code == 0
    program = KILLED_AT_WRITE.format(number=number, name=name)
    result = subprocess.run(
        [sys.executable, "-c", program, *command("killed")],
        check=False,
        env=ENVIRONMENT,
        capture_output=True,
        timeout=120,
    )
    assert result.returncode == (143 if name == "SIGTERM" else -signal.SIGKILL)
    folder = tmp_path / "killed"
    assert not (folder / "model.safetensors").exists()
    assert (folder / CHECKPOINT).exists() == (number > 1)
    assert run_cli(command("killed")).code == 0
    assert_same_files(folder, tmp_path / "whole")
    # whatever was half written is gone, but for the model itself
    left = {path.name for path in folder.iterdir()} - {"model.safetensors", "history.tsv"}
    assert not any("checkpoint" in file for file in left)
    assert bool(left) == (number == 5)


KILLED_WHILE_WRITING = """
import os, signal, sys
from fastgru.cli import main

def killed(descriptor):
    os.kill(os.getpid(), signal.{name})

os.fsync = killed  # what is called when the model is written, but not yet under its name
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_model__is_not_there_before_it_is_complete(name: str, work: Work, tmp_path: Path) -> None:
    (tmp_path / "old.safetensors").write_text("the model of before", encoding="utf-8")
    arguments = ["train", str(work.fasta), "--label-field", "label", "--max-epochs", "1"]
    arguments.append("--no-checkpoint")
    result = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_WRITING.format(name=name), *arguments,
         "-o", "old.safetensors", "--force"],
        check=False,
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        timeout=120,
    )  # fmt: skip
    assert result.returncode != 0
    left = {path.name for path in tmp_path.iterdir()}
    visible = {file for file in left if not file.startswith(".")}
    assert visible == {"old.safetensors"}
    # only the signal that nothing can catch leaves the temporary file behind
    assert (left == visible) == (name != "SIGKILL")
    assert (tmp_path / "old.safetensors").read_text(encoding="utf-8") == "the model of before"
