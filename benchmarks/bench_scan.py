"""A scan of a chromosome, from letters to rows, against the network alone in other libraries."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.agreement import differences
from benchmarks.cases import SEED
from benchmarks.peak_memory import NOT_TOLD, STATUS, peak_megabytes
from benchmarks.recording import describe, refuse_disagreement, skip
from benchmarks.rival_networks import NETWORKS, rival_network
from benchmarks.rivals import Setting
from benchmarks.timing import Task, time_in_turns
from fastgru import SequenceClassifier
from fastgru.data.alphabets import get_alphabet
from fastgru.data.long_sequences import LongSequence
from fastgru.estimators.scanning import WindowScanner

ALPHABET = get_alphabet("dna")
WINDOW, STEP, N_WINDOWS, BATCH_SIZE = 500, 250, 128, 64
LONG = 20_000_000
N_LETTERS = WINDOW + (N_WINDOWS - 1) * STEP


@pytest.fixture(scope="module")
def model(setting: Setting) -> SequenceClassifier:
    """A convolution, a bidirectional GRU and attention, that has learned next to nothing."""
    rng = np.random.default_rng(SEED)
    sequences = ["".join(rng.choice(list("ACGT"), WINDOW)) for _ in range(16)]
    made = SequenceClassifier(
        conv_channels=(64,),
        hidden_size=64,
        pooling=("attention",),
        max_epochs=1,
        random_state=SEED,
        threads=setting.threads,
    )
    return made.fit(sequences, ["no", "yes"] * 8)


@pytest.mark.parametrize("rival", NETWORKS)
def test_scan(
    rival: str, model: SequenceClassifier, benchmark: Any, setting: Setting, tmp_path: Path
) -> None:
    letters = "".join(np.random.default_rng(SEED).choice(list("ACGT"), N_LETTERS))
    scanner = WindowScanner(
        model._fitted, window=WINDOW, step=STEP, strands="forward", threads=setting.threads
    )
    sequence, windows = LongSequence("chr", letters, N_LETTERS), [(0, N_WINDOWS)]
    views = np.lib.stride_tricks.sliding_window_view(ALPHABET.encode(letters), WINDOW)[::STEP]
    tokens = views.astype(np.int64)
    predict = rival_network(rival, model, setting, tmp_path)
    lengths = np.full(BATCH_SIZE, WINDOW)
    batches = [
        (tokens[first : first + BATCH_SIZE], lengths) for first in range(0, N_WINDOWS, BATCH_SIZE)
    ]
    (rows,) = scanner.scan(sequence, windows)
    theirs = np.concatenate([predict(*batch) for batch in batches])
    found = differences({"probabilities": rows.values}, {"probabilities": theirs})
    refuse_disagreement(found, "the scan")
    describe(
        benchmark,
        what="scan",
        label=f"windows of {WINDOW}, step {STEP}, convolution 64 x 8, BiGRU 64, attention",
        rival=rival,
        work=N_LETTERS,
        unit="letters/s",
        differences=found,
    )
    time_in_turns(
        benchmark,
        Task(lambda: [*scanner.scan(sequence, windows)] and None),
        Task(lambda: [predict(*batch) for batch in batches] and None),
    )


def test_scan_memory(
    model: SequenceClassifier, benchmark: Any, setting: Setting, tmp_path: Path
) -> None:
    if not STATUS.exists():
        skip([], NOT_TOLD)
    model.save(tmp_path / "model.safetensors")
    rng = np.random.default_rng(SEED)
    letters = "".join(rng.choice(list("ACGT"), LONG))
    (tmp_path / "chr.fa").write_text(f">chr\n{letters}\n", encoding="ascii")
    files = [tmp_path / "model.safetensors", tmp_path / "chr.fa"]
    options = ["--window", WINDOW, "--step", WINDOW * 10, "-t", setting.threads, "-o", os.devnull]
    arguments = ["scan", "-q", *map(str, [*files, *options])]
    peaks: list[float] = []

    def run() -> None:
        peaks.append(peak_megabytes(arguments))

    run()
    describe(
        benchmark,
        what="scan",
        label=f"a record of {LONG // 1_000_000} M letters, a process of its own",
        measure="megabytes",
        amount=peaks[0],
    )
    time_in_turns(benchmark, Task(run, repeated=False), None, rounds=1)
