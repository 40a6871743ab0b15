"""A training step of a convolution, a bidirectional GRU and attention: what the stem costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks import baselines
from benchmarks.agreement import differences
from benchmarks.cases import SEED
from benchmarks.recording import describe, refuse_disagreement, skip
from benchmarks.rivals import Setting
from benchmarks.timing import Task, time_in_turns
from fastgru._numba import threads_limited_to
from fastgru.data.alphabets import get_alphabet
from fastgru.kernels.loss import softmax_cross_entropy
from fastgru.models.architecture import Architecture
from fastgru.models.network import SequenceNetwork

TARGETS = {"PyTorch": ["hybrid-pytorch"], "GRU alone": ["hybrid-share"]}
ROWS = [("PyTorch", 1), ("GRU alone", 1), ("GRU alone", 2)]
"""Rival, and the neighbouring features of which the stem keeps the largest."""

MIXTURE = get_alphabet("dna").mixture
BATCH_SIZE, SEQ_LEN, N_CLASSES = 64, 200, 2
STEM: dict[str, Any] = {"conv_channels": (64,), "conv_width": (8,), "pooling": ("attention",)}


def network_of(**changes: Any) -> SequenceNetwork:
    """Return a bidirectional GRU of 64 units on letters, without dropout."""
    sizes: dict[str, Any] = {
        "n_letters": MIXTURE.shape[1],
        "n_outputs": N_CLASSES,
        "n_positions": 0,
        "embedding_size": 16,
        "hidden_size": 64,
        "num_layers": 1,
        "bidirectional": True,
        "pooling": ("last", "mean", "max"),
        "dropout": 0.0,
        "dtype": "float32",
    }
    return SequenceNetwork(Architecture(**{**sizes, **changes}), MIXTURE, SEED)


def step(
    network: SequenceNetwork, tokens: np.ndarray, targets: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the logits and all gradients of the mean cross-entropy of a batch."""
    logits = network.forward(tokens, np.full(len(tokens), tokens.shape[1]), training=True)
    dlogits = np.empty_like(logits)
    softmax_cross_entropy(logits, targets, np.ones(len(tokens)), 0.0, 0.0, dlogits)
    network.backward(dlogits)
    store = network.parameters
    found = {
        name: store.grads[place].reshape(store.views()[name].shape)
        for name, place in store.places().items()
    }
    return found | {"logits": logits}


@pytest.mark.parametrize(("rival", "pool"), ROWS)
def test_hybrid(rival: str, pool: int, benchmark: Any, setting: Setting) -> None:
    rng = np.random.default_rng(SEED)
    tokens = rng.integers(0, MIXTURE.shape[1], (BATCH_SIZE, SEQ_LEN))
    targets = rng.integers(0, N_CLASSES, BATCH_SIZE)
    network, found = network_of(**STEM, conv_pool=(pool,)), {}
    pooled = f", largest of {pool}" if pool > 1 else ""
    if rival == "PyTorch":
        if not baselines.has_torch:
            skip(TARGETS[rival], baselines.NOT_INSTALLED)
        from benchmarks.torch_hybrid import TorchHybrid

        theirs = TorchHybrid(network.parameters.views(), MIXTURE)
        found = differences(step(network, tokens, targets), theirs.step(tokens, targets))
        refuse_disagreement(found, "the hybrid")
        other = Task(lambda: theirs.step(tokens, targets))
    else:
        alone = network_of()
        other = Task(lambda: step(alone, tokens, targets))
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
        time_in_turns(benchmark, Task(lambda: step(network, tokens, targets)), other)
