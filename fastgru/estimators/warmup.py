"""Running every kernel of the classifier once, so that the cache holds them all."""

from __future__ import annotations

from fastgru.estimators.classifier import SequenceClassifier
from fastgru.models.architecture import POOLINGS


def compile_kernels(dtype: str, cell: str) -> None:
    """Compile the classifier's kernels for a precision and cell, or load them from the cache.

    Parameters
    ----------
    dtype
        ``"float32"`` or ``"float64"``.
    cell
        ``"gru"``, ``"lstm"`` or ``"rnn"``.
    """
    sequences, labels = ["ACGT", "ACG", "TTTT", "TTTA"], ["a", "a", "b", "b"]
    for conv_channels, conv_norm, position_embedding in (
        ((), "none", True),
        ((8, 8), "layer", False),
        ((8,), "batch", True),
    ):
        model = SequenceClassifier(
            conv_channels=conv_channels,
            conv_norm=conv_norm,
            cell=cell,
            hidden_size=8,
            embedding_size=4,
            num_layers=2,
            position_embedding=position_embedding,
            pooling=POOLINGS,
            max_epochs=1,
            dtype=dtype,
            threads=1,
            random_state=0,
        )
        model.fit(sequences, labels, validation_data=(["A"], ["a"]))
        model.predict_proba(["ACGN"])
