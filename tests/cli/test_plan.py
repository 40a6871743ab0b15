from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastgru
from tests.planted import as_fasta

ROOT = str(Path(fastgru.__file__).parent.parent)
MEMORY_FACTOR = 1.5
"""How far the memory that is printed may be from that of the whole process."""


def rows_of(text: str) -> dict[str, str]:
    return dict(line.split(maxsplit=1) for line in text.splitlines())


def test_dry_run__says_what_would_be_trained(work, quick, tmp_path, monkeypatch, run_cli) -> None:
    monkeypatch.chdir(tmp_path)
    inputs = ["train", work.fasta, "--labels", work.labels, "--split", work.split]
    code, out, err = run_cli([*inputs, *quick, "--dry-run"])
    assert code == 0, err
    rows = rows_of(out)
    assert list(rows) == [
        *("training", "validation", "classes", "network", "letters", "pooling", "weights"),
        *("steps", "memory", "time"),
    ]
    assert rows["training"] == "48 sequences"
    assert rows["validation"] == "8 sequences, given"
    assert rows["classes"] == "no 24, yes 24"
    assert rows["network"] == "1 GRU layer of 8 units, both directions"
    assert rows["weights"] == "1410 (float32)"
    assert rows["steps"] == "1 per epoch, of up to 48 sequences"
    assert re.fullmatch(r"about [\d.]+ [MG]B", rows["memory"])
    assert re.fullmatch(
        r"about [\d.e-]+ s per epoch, [\d.e-]+ s for 2 epochs unless it stops early", rows["time"]
    )
    assert list(tmp_path.iterdir()) == []


def test_dry_run__names_the_convolutions_as_info_does(work, quick, tmp_path, run_cli) -> None:
    stem = ["--conv-channels", "6,6", "--conv-pool", "2", "--reverse-complement", "average"]
    train = ["train", work.fasta, "--label-field", "label", *quick, *stem, "--max-epochs", "1"]
    model = str(tmp_path / "m.safetensors")
    assert run_cli([*train, "-o", model])[0] == 0
    both = [run_cli([*train, "--dry-run"])[1], run_cli(["info", model])[1]]
    shown = [
        [
            row
            for row in map(str.split, text.splitlines())
            if {"convolution", "strands"} & {*row[:1]}
        ]
        for text in both
    ]
    assert len(shown[0]) == 3
    assert shown[0] == shown[1]


def test_dry_run__takes_the_whole_command_and_writes_nothing(
    work, quick, tmp_path: Path, monkeypatch, run_cli
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ["--no-early-stopping", "--no-bidirectional", "--max-epochs", "1", "--resume"]
    outputs = ["-o", "m.safetensors", "--history", "h.tsv", "--dry-run"]
    code, out, err = run_cli(
        ["train", work.fasta, "--label-field", "label", *quick, *options, *outputs]
    )
    assert code == 0, err
    rows = rows_of(out)
    assert "validation" not in rows
    assert rows["training"] == "80 sequences"
    assert rows["steps"] == "2 per epoch, of up to 64 sequences"
    assert rows["network"].endswith(", one direction")
    assert re.fullmatch(r"about [\d.e-]+ s per epoch", rows["time"])
    assert list(tmp_path.iterdir()) == []


def test_dry_run__counts_what_is_held_out(work, quick, run_cli) -> None:
    code, out, _ = run_cli(["train", work.fasta, "--label-field", "label", *quick, "--dry-run"])
    assert code == 0
    rows = rows_of(out)
    assert rows["training"] == "72 sequences"
    assert rows["validation"] == "8 sequences, held out"
    assert rows["classes"] == "no 40, yes 40 (held out sequences included)"


def test_dry_run__refuses_what_training_would_refuse(work, quick, tmp_path, run_cli) -> None:
    (tmp_path / "m").write_text("precious", encoding="utf-8")
    inputs = ["train", work.fasta, "--label-field", "label", *quick, "--dry-run"]
    code, out, err = run_cli([*inputs, "-o", tmp_path / "m"])
    assert (code, out) == (1, "")
    assert "m: exists already. Use --force to replace it" in err
    code, out, err = run_cli([*inputs, "--hidden-size", "0"])
    assert (code, out) == (2, "")
    assert "hidden_size must be an integer of at least 1, got 0." in err


@pytest.mark.parametrize("options", [["--hidden-size", "4"], ["--hidden-size", "64"]])
def test_dry_run__foretells_the_memory_of_the_process(options: list[str], tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    sequences = ["".join(rng.choice(list("ACGT"), 1200)) for _ in range(72)]
    labels = ["no", "yes"] * 36
    (tmp_path / "a.fa").write_text(as_fasta(sequences, labels), encoding="utf-8")
    command = [sys.executable, "-m", "fastgru", "train", "-q", "a.fa", "--label-field", "label"]
    command += [*options, "--max-epochs", "1", "-t", "2"]
    environment = {**os.environ, "PYTHONPATH": ROOT}
    plan = subprocess.run(
        [*command, "--dry-run"],
        check=True,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    number, unit = rows_of(plan.stdout)["memory"].split()[1:]
    foretold = float(number) * {"MB": 1e6, "GB": 1e9}[unit]
    process = subprocess.Popen([*command, "-o", "m"], cwd=tmp_path, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    taken = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    assert taken / MEMORY_FACTOR < foretold < taken * MEMORY_FACTOR
