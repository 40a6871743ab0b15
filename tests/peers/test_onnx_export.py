"""Exported networks of all architectures against fastgru itself (``make test-peers``)."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.models.architecture import NORMS, POOLINGS, Architecture
from tests.architectures import small_architecture
from tests.peers.onnx_models import (
    LENGTHS,
    classifier,
    draw_sequences,
    encode,
    feeds_of,
    new_network,
    run,
    session_of,
)

pytestmark = pytest.mark.peers

ALL: dict[str, Any] = {"pooling": POOLINGS, "bidirectional": True}
SERIES: dict[str, Any] = {"n_letters": 0, "embedding_size": 0, "n_features": 2}
DECAY: dict[str, Any] = {**ALL, **SERIES, "time_decay": True}
STEM: dict[str, Any] = {"conv_channels": (6, 3, 3), "conv_width": (3, 4, 8)}
ARCHITECTURES: dict[str, dict[str, Any]] = {
    **{f"cell {cell}": {**ALL, "cell": cell} for cell in ("gru", "lstm", "rnn")},
    **{
        f"cell {cell}, 3 layers": {"cell": cell, "num_layers": 3} for cell in ("gru", "lstm", "rnn")
    },
    **{f"pooling {name}": {"pooling": (name,)} for name in POOLINGS},
    "poolings in another order": {**ALL, "pooling": POOLINGS[::-1]},
    "float32": {**ALL, "dtype": "float32", "num_layers": 2},
    "residual": {**ALL, "residual": True, "num_layers": 3},
    "residual, one direction": {"pooling": POOLINGS, "residual": True, "num_layers": 2},
    "position_embedding": {**ALL, "n_positions": max(LENGTHS)},
    "kmer_size": {**ALL, "kmer_size": 3},
    "kmer_stride": {**ALL, "kmer_size": 3, "kmer_stride": 2, "n_positions": 12},
    "kmer_size 6": {**ALL, "kmer_size": 6, "kmer_stride": 6},
    "conv_channels": {**ALL, **STEM},
    "conv_dilation": {**ALL, **STEM, "conv_dilation": (2, 1, 3)},
    "conv_stride": {**ALL, **STEM, "conv_stride": (2, 1, 3)},
    "conv_pool": {**ALL, **STEM, "conv_pool": (3, 2, 1)},
    "conv_stride and conv_pool": {**ALL, **STEM, "conv_stride": (2, 1, 1), "conv_pool": (3, 1, 9)},
    "conv_norm layer": {**ALL, **STEM, "conv_norm": "layer"},
    "conv_norm batch": {**ALL, **STEM, "conv_norm": "batch", "conv_stride": (1, 2, 1)},
    "conv_residual": {**ALL, **STEM, "conv_residual": True, "conv_norm": "batch"},
    "conv_residual from the embedding": {**ALL, "conv_channels": (3,), "conv_residual": True},
    "reverse_complement average": {**ALL, "reverse_complement": "average", "conv_channels": (3,)},
    "reverse_complement augment": {**ALL, "reverse_complement": "augment"},
    "reverse_complement equivariant": {
        **ALL,
        "reverse_complement": "equivariant",
        "embedding_size": 4,
        "conv_channels": (6, 6),
        "conv_width": (3,),
        "conv_norm": "batch",
        "conv_residual": True,
        "kmer_size": 2,
        "num_layers": 2,
    },
    "series": {**ALL, **SERIES, "conv_channels": (3,), "conv_stride": (2,)},
    "series, cell lstm": {**ALL, **SERIES, "cell": "lstm"},
    "time_decay": DECAY,
    "time_decay, cell lstm": {**DECAY, "cell": "lstm"},
    "time_decay, residual": {**DECAY, "num_layers": 2, "residual": True},
    "time_decay, times alone": {**DECAY, "n_features": 1, "pooling": ("last",)},
    "time_decay, cell lstm, float32": {**DECAY, "cell": "lstm", "dtype": "float32"},
    "features of letters": {**ALL, "n_features": 2},
    "features of letters, positions": {**ALL, "n_features": 1, "n_positions": 20},
    "five classes": {**ALL, "n_outputs": 5, "hidden_size": 17},
}


@pytest.fixture(scope="module", autouse=True)
def _onnx() -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")


def assert_agrees(sizes: Architecture, lengths: list[int], seed: int = 3) -> None:
    """Probabilities of a ragged batch equal fastgru's, and those of each sequence alone."""
    fitted = classifier(new_network(sizes, seed))
    sequences = draw_sequences(sizes, lengths, seed)
    session = session_of(fitted)
    found = run(session, feeds_of(sequences))["probabilities"]
    expected = fitted.probabilities(encode(fitted, sequences))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    for number, sequence in enumerate(sequences):
        alone = run(session, feeds_of([sequence], n_spare=0))["probabilities"][0]
        np.testing.assert_allclose(alone, found[number], rtol=0, atol=2e-6)


@pytest.mark.conformance("ONNX Runtime", "fastgru export", "{name}")
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_export__equals_fastgru(name: str) -> None:
    assert_agrees(small_architecture(**ARCHITECTURES[name]), LENGTHS)


def test_sequence_beyond_the_positions__is_refused_by_the_runtime() -> None:
    session = session_of(classifier(new_network(small_architecture(n_positions=5))))
    sequences = draw_sequences(small_architecture(), [5, 2])
    assert np.isfinite(run(session, feeds_of(sequences, n_spare=4))["probabilities"]).all()
    with pytest.raises(Exception, match="indices element out of data bounds"):
        run(session, feeds_of(draw_sequences(small_architecture(), [6, 2])))


def test_architectures__differ_in_every_field() -> None:
    elsewhere = {"crf", "letters_per_token"}  # of other tasks
    without_effect = {"dropout", "letter_dropout"}  # but in training
    compared = {name for changes in ARCHITECTURES.values() for name in changes}
    names = {field.name for field in fields(Architecture)}
    assert names - compared == elsewhere | without_effect


@st.composite
def architectures(draw: st.DrawFn) -> Architecture:
    """Any network that a classifier can be."""
    flag = st.booleans()
    kind = draw(st.sampled_from(["letters", "strands", "featured", "series", "timed"]))
    changes: dict[str, Any] = {
        "cell": draw(
            st.sampled_from(["gru", "lstm"] if kind == "timed" else ["gru", "lstm", "rnn"])
        ),
        "dtype": draw(st.sampled_from(["float32", "float64"])),
        "n_outputs": draw(st.integers(2, 4)),
        "hidden_size": draw(st.integers(1, 9)),
        "num_layers": draw(st.integers(1, 3)),
        "bidirectional": draw(flag),
        "residual": draw(flag),
        "pooling": tuple(draw(st.lists(st.sampled_from(POOLINGS), min_size=1, unique=True))),
        "embedding_size": draw(st.integers(1, 5)),
    }
    if kind in ("series", "timed"):
        changes |= {**SERIES, "n_features": draw(st.integers(1, 2)), "time_decay": kind == "timed"}
    if kind == "featured":
        changes["n_features"] = draw(st.integers(1, 2))
    if kind in ("letters", "strands"):
        size = draw(st.integers(1, 4))
        changes |= {"kmer_size": size, "kmer_stride": draw(st.integers(1, size))}
        changes["n_positions"] = draw(st.sampled_from([0, 30]))
    if kind == "strands":
        changes["reverse_complement"] = draw(st.sampled_from(["average", "augment"]))
    n_layers = 0 if kind == "timed" else draw(st.integers(0, 3))

    def column(most: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(1, most)) for _ in range(n_layers)) or (1,)

    if n_layers:
        changes |= {"conv_channels": column(5), "conv_width": column(9)}
        changes |= {"conv_dilation": column(3), "conv_stride": column(3), "conv_pool": column(4)}
        changes |= {"conv_norm": draw(st.sampled_from(NORMS)), "conv_residual": draw(flag)}
    return small_architecture(**changes)


@pytest.mark.conformance("ONNX Runtime", "fastgru export", "random networks")
@given(architectures(), st.lists(st.integers(1, 25), min_size=1, max_size=6), st.integers(0, 99))
def test_export_of_random_networks__equals_fastgru(
    sizes: Architecture, lengths: list[int], seed: int
) -> None:
    assert_agrees(sizes, lengths, seed)
