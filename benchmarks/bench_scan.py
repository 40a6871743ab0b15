"""A scan of a chromosome, from letters to rows, against the network alone in other libraries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import baselines, onnx_runtime
from benchmarks.agreement import differences
from benchmarks.cases import SEED
from benchmarks.recording import describe, refuse_disagreement, skip
from benchmarks.rivals import Setting
from benchmarks.timing import Task, time_in_turns
from fastgru import SequenceClassifier
from fastgru.data.alphabets import get_alphabet
from fastgru.data.long_sequences import LongSequence
from fastgru.estimators.scanning import WindowScanner

ALPHABET = get_alphabet("dna")
WINDOW, STEP, N_WINDOWS, BATCH_SIZE = 500, 250, 128, 64
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


@pytest.mark.parametrize("rival", ["PyTorch", "ONNX Runtime"])
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
    predict = _predicting(rival, model, setting, tmp_path)
    batches = [tokens[first : first + BATCH_SIZE] for first in range(0, N_WINDOWS, BATCH_SIZE)]
    (rows,) = scanner.scan(sequence, windows)
    theirs = np.concatenate([predict(batch) for batch in batches])
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
        Task(lambda: [predict(batch) for batch in batches] and None),
    )


def _predicting(
    rival: str, model: SequenceClassifier, setting: Setting, folder: Path
) -> Callable[[np.ndarray], np.ndarray]:
    """Return what gives the probabilities (B, 2) of tokens int64 (B, T) in another library."""
    if rival == "PyTorch":
        if not baselines.has_torch:
            skip([], baselines.NOT_INSTALLED)
        import torch

        from benchmarks.torch_hybrid import TorchHybrid

        network = TorchHybrid(model._fitted.network.parameters.views(), ALPHABET.mixture)

        def predict(tokens: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                logits = network.logits(torch.from_numpy(tokens), 0.0)
                return torch.softmax(logits / model.temperature_, dim=1).numpy()

        return predict
    if not onnx_runtime.has_onnx:
        skip([], onnx_runtime.INSTALL)
    import fastgru.onnx

    path = folder / "model.onnx"
    fastgru.onnx.export(model, path)
    session = onnx_runtime.open_session(
        path.read_bytes(), setting.threads, flush_denormals=setting.flush_denormals
    )

    def run(tokens: np.ndarray) -> np.ndarray:
        lengths = np.full(len(tokens), tokens.shape[1])
        return session.run(["probabilities"], {"tokens": tokens, "lengths": lengths})[0]

    return run
