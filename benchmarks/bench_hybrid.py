"""A training step of a convolution, a bidirectional GRU and attention: what the stem costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastgru
from benchmarks import baselines
from benchmarks.agreement import differences
from benchmarks.cases import SEED
from benchmarks.networks import gradients, network_of
from benchmarks.recording import describe, refuse_disagreement, skip
from benchmarks.rivals import Setting
from benchmarks.timing import Task, time_in_turns
from fastgru._numba import threads_limited_to
from fastgru.data.alphabets import get_alphabet

FEATURES = "GRU of 64 features"
TARGETS = {"PyTorch": ["hybrid-pytorch"], "GRU alone": ["hybrid-share"], FEATURES: []}
ROWS = [("PyTorch", 1), ("GRU alone", 1), (FEATURES, 1), ("GRU alone", 2)]
"""Rival, and the neighbouring features of which the stem keeps the largest."""

MIXTURE = get_alphabet("dna").mixture
BATCH_SIZE, SEQ_LEN, N_CLASSES = 64, 200, 2
SIZES = {"n_outputs": N_CLASSES, "n_positions": 0}
HIDDEN_SIZE = 64
STEM: dict[str, Any] = {"conv_channels": (64,), "conv_width": (8,), "pooling": ("attention",)}


def gru_of_features(rng: np.random.Generator) -> Task:
    """Return a training step of a layer like the network's, on as many features as its stem has."""
    layer = fastgru.GRU(STEM["conv_channels"][0], HIDDEN_SIZE, bidirectional=True)
    x = rng.standard_normal((BATCH_SIZE, SEQ_LEN, layer.input_size)).astype(np.float32)
    dy = rng.standard_normal((BATCH_SIZE, SEQ_LEN, 2 * HIDDEN_SIZE)).astype(np.float32)

    def step() -> None:
        layer.zero_grad()
        layer.forward(x, training=True)
        layer.backward(dy)

    return Task(step)


@pytest.mark.parametrize(("rival", "pool"), ROWS)
def test_hybrid(rival: str, pool: int, benchmark: Any, setting: Setting) -> None:
    rng = np.random.default_rng(SEED)
    tokens = rng.integers(0, MIXTURE.shape[1], (BATCH_SIZE, SEQ_LEN))
    targets = rng.integers(0, N_CLASSES, BATCH_SIZE)
    network, found = network_of(MIXTURE, **SIZES, **STEM, conv_pool=(pool,)), {}
    assert network.architecture.hidden_size == HIDDEN_SIZE
    pooled = f", largest of {pool}" if pool > 1 else ""
    if rival == "PyTorch":
        if not baselines.has_torch:
            skip(TARGETS[rival], baselines.NOT_INSTALLED)
        from benchmarks.torch_hybrid import TorchHybrid

        theirs = TorchHybrid(network.parameters.views(), MIXTURE)
        found = differences(gradients(network, tokens, targets), theirs.gradients(tokens, targets))
        refuse_disagreement(found, "the hybrid")
        other = Task(lambda: theirs.gradients(tokens, targets))
    elif rival == FEATURES:
        other = gru_of_features(rng)
    else:
        alone = network_of(MIXTURE, **SIZES)
        other = Task(lambda: gradients(alone, tokens, targets))
    describe(
        benchmark,
        what="step",
        label=f"convolution 64 x 8{pooled}, BiGRU 64, attention, B {BATCH_SIZE}, T {SEQ_LEN}",
        measure="ratio" if rival == "PyTorch" else "share",
        rival=rival,
        targets=TARGETS[rival] if pool == 1 else [],
        work=BATCH_SIZE,
        unit="sequences/s",
        differences=found,
    )
    with threads_limited_to(setting.threads):
        time_in_turns(benchmark, Task(lambda: gradients(network, tokens, targets)), other)
