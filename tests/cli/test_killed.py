"""A command that is killed, at whatever moment, leaves no file that looks complete."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import fastgru
from tests.cli.conftest import Work

ROOT = str(Path(fastgru.__file__).parent.parent)
ENVIRONMENT = {**os.environ, "PYTHONPATH": ROOT}


def start_training(work: Work, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "fastgru", "train", str(work.fasta), "--label-field", "label"]
    options = ["--max-epochs", "100000", "--no-early-stopping", "--hidden-size", "8", "-t", "1"]
    outputs = ["-o", "model.safetensors", "--history", "history.tsv"]
    process = subprocess.Popen(
        [*command, *options, *outputs],
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
        (signal.SIGINT, 130, "fastgru train: interrupted\n"),
        (signal.SIGTERM, 143, ""),
        (signal.SIGKILL, -signal.SIGKILL, ""),
    ],
)
def test_training__that_is_killed_leaves_nothing(
    sent: signal.Signals, code: int, last_words: str, work: Work, tmp_path: Path
) -> None:
    process = start_training(work, tmp_path)
    time.sleep(0.1)
    process.send_signal(sent)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert err.endswith(last_words)
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


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
