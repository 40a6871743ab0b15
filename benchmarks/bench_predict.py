"""``fastgru predict`` of a file against bare inference of what is in it, here and elsewhere.

Other libraries are given batches of sequences that are encoded and sorted by length already.
"""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
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
from fastgru.cli import main
from fastgru.estimators.fitted_classifier import FittedClassifier
from fastgru.estimators.fitted_model import EncodedSequences
from fastgru.estimators.loading import load_classifier
from fastgru.training.batches import batches_by_length, pad

HIDDEN_SIZE, N_RECORDS, SHORTEST, LONGEST, WIDTH = 64, 12_000, 100, 1000, 80
N_OF_RIVALS, MAX_TOKENS = 600, 32_768
LABEL = f"{N_RECORDS} records of {SHORTEST} to {LONGEST} letters, BiGRU {HIDDEN_SIZE}"


@dataclass(frozen=True)
class Stream:
    """A model, files of the same records, and these records as the model reads them."""

    model: Path
    files: dict[str, Path]
    estimator: SequenceClassifier
    fitted: FittedClassifier
    encoded: EncodedSequences

    def arguments(self, kind: str, threads: int, output: str | Path = os.devnull) -> list[str]:
        """Return those of the command."""
        given = ["predict", "-q", self.model, self.files[kind], "-t", threads, "-o", output]
        return [*map(str, given)]

    def command(self, kind: str, threads: int) -> None:
        """Run it."""
        assert main(self.arguments(kind, threads)) == 0

    def bare(self, threads: int) -> np.ndarray:
        """Return the probabilities, of letters that are encoded already."""
        return self.fitted.predict_proba(self.encoded, threads)


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    folder = tmp_path_factory.mktemp("predict")
    rng = np.random.default_rng(SEED)
    lengths = rng.integers(SHORTEST, LONGEST + 1, N_RECORDS)
    sequences = ["".join(rng.choice(list("ACGT"), length)) for length in lengths]
    estimator = SequenceClassifier(hidden_size=HIDDEN_SIZE, max_epochs=1, random_state=SEED)
    model = folder / "model.safetensors"
    estimator.fit(sequences[:64], ["a", "b"] * 32).save(model)
    lines = (
        f">r{number}\n" + "".join(f"{s[k : k + WIDTH]}\n" for k in range(0, len(s), WIDTH))
        for number, s in enumerate(sequences)
    )
    text = "".join(lines).encode()
    (folder / "a.fa").write_bytes(text)
    (folder / "a.fa.gz").write_bytes(gzip.compress(text, 6))
    fitted = load_classifier(model)
    files = {"plain": folder / "a.fa", "gzip": folder / "a.fa.gz"}
    made = Stream(model, files, estimator, fitted, fitted.encode_readable(sequences))
    table = folder / "table.tsv"
    assert main(made.arguments("gzip", 1, table)) == 0
    shown = np.loadtxt(table, delimiter="\t", skiprows=1, usecols=(4, 5))
    difference = float(np.abs(shown - made.bare(1)).max())
    refuse_disagreement({"probabilities": difference}, "prediction")
    return made


@pytest.mark.parametrize("kind", ["plain", "gzip"])
@pytest.mark.parametrize("threads", [1, None], ids=["t1", "all"])
def test_predict(
    kind: str, threads: int | None, stream: Stream, benchmark: Any, setting: Setting
) -> None:
    number = threads or setting.threads
    describe(
        benchmark,
        what="predict",
        label=f"{LABEL}, {kind} file, {number} threads",
        measure="share",
        rival="bare inference",
        targets=["predict"],
        work=sum(map(len, stream.encoded)),
        unit="letters/s",
    )
    bare = Task(lambda: void(stream.bare(number)), repeated=False)
    time_in_turns(benchmark, Task(lambda: stream.command(kind, number)), bare, rounds=3)


@pytest.mark.parametrize("rival", NETWORKS)
def test_predict_against(
    rival: str, stream: Stream, benchmark: Any, setting: Setting, tmp_path: Path
) -> None:
    network = rival_network(rival, stream.estimator, setting, tmp_path)
    some = [stream.encoded[number] for number in range(N_OF_RIVALS)]
    numbers = list(batches_by_length(np.array([len(codes) for codes in some]), MAX_TOKENS))
    batches = [pad([some[number] for number in batch]) for batch in numbers]
    theirs = np.empty((N_OF_RIVALS, 2))
    for batch, (tokens, lengths) in zip(numbers, batches, strict=True):
        theirs[batch] = network(tokens.astype(np.int64), lengths)
    found = differences(
        {"probabilities": stream.bare(setting.threads)[:N_OF_RIVALS]}, {"probabilities": theirs}
    )
    refuse_disagreement(found, "prediction")
    describe(
        benchmark,
        what="predict",
        label=f"{LABEL}, plain file, {setting.threads} threads",
        rival=rival,
        work=sum(map(len, stream.encoded)),
        rival_work=sum(map(len, some)),
        unit="letters/s",
        differences=found,
    )

    def infer() -> None:
        for tokens, lengths in batches:
            network(tokens.astype(np.int64), lengths)

    time_in_turns(
        benchmark,
        Task(lambda: stream.command("plain", setting.threads), repeated=False),
        Task(infer, repeated=False),
        rounds=3,
    )


def void(_: object) -> None:
    """Forget a result."""


def test_predict_memory(stream: Stream, benchmark: Any, setting: Setting) -> None:
    if not STATUS.exists():
        skip(["predict-memory"], NOT_TOLD)
    peaks: list[float] = []

    def run() -> None:
        peaks.append(peak_megabytes(stream.arguments("plain", setting.threads)))

    run()
    describe(
        benchmark,
        what="predict",
        label=f"{LABEL}, a process of its own",
        measure="megabytes",
        targets=["predict-memory"],
        amount=peaks[0],
    )
    time_in_turns(benchmark, Task(run, repeated=False), None, rounds=1)
