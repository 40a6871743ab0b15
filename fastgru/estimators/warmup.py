"""Running every kernel of the classifier once, so that the cache holds them all."""

from __future__ import annotations

from typing import Any

from fastgru.estimators.classifier import SequenceClassifier
from fastgru.estimators.tagger import SequenceTagger
from fastgru.models.architecture import POOLINGS


def compile_kernels(dtype: str, cell: str, precision: str | None = None) -> None:
    """Compile the classifier's kernels for a precision and cell, or load them from the cache.

    Parameters
    ----------
    dtype
        ``"float32"`` or ``"float64"``.
    cell
        ``"gru"``, ``"lstm"`` or ``"rnn"``.
    precision
        Of products in training: ``"bf16"``, or None for that of ``dtype``.

    Raises
    ------
    ConfigurationError
        For a precision that this CPU has no instructions for.
    """
    common: dict[str, Any] = {"cell": cell, "dtype": dtype, "precision": precision}
    common |= {"max_epochs": 1, "threads": 1, "random_state": 0}
    sequences, labels = ["ACGT", "ACG", "TTTT", "TTTA"], ["a", "a", "b", "b"]
    for conv_channels, conv_norm, position_embedding in (
        ((), "none", True),
        ((8, 8), "layer", False),
        ((8,), "batch", True),
    ):
        model = SequenceClassifier(
            conv_channels=conv_channels,
            conv_norm=conv_norm,
            hidden_size=8,
            embedding_size=4,
            num_layers=2,
            position_embedding=position_embedding,
            pooling=POOLINGS,
            **common,
        )
        model.fit(sequences, labels, validation_data=(["A"], ["a"]))
        model.predict_proba(["ACGN"])
        if not position_embedding:
            for _ in model.scan({"a": "ACGN" * 99}, window=99, step=9):
                pass
    for crf in (False, True):
        tagger = SequenceTagger(crf=crf, **common)
        tagger.fit(["ACGT"], ["aabb"], validation_data=(["A"], ["a"]))
        tagger.predict(["ACGN"])
        tagger.predict_proba(["ACGN"])
