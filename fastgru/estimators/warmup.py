"""Running every kernel once, so that the cache holds them all."""

from __future__ import annotations

import numpy as np

from fastgru.estimators.classifier import SequenceClassifier
from fastgru.layers.gru import GRU


def compile_kernels(dtype: str) -> None:
    """Compile all kernels for a precision, or load them from the cache.

    Parameters
    ----------
    dtype
        ``"float32"`` or ``"float64"``.
    """
    model = SequenceClassifier(
        hidden_size=8,
        embedding_size=4,
        num_layers=2,
        position_embedding=True,
        max_epochs=1,
        dtype=dtype,
        threads=1,
        random_state=0,
    )
    model.fit(["ACGT", "ACG", "TTTT", "TTTA"], ["a", "a", "b", "b"], validation_data=(["A"], ["a"]))
    model.predict_proba(["ACGN"])
    gru = GRU(3, 8, dtype=dtype)
    for n_sequences in (1, 2, 16):  # kernels are compiled for the rows of a block: 1, 4 and 8
        y, h_n = gru.forward(np.ones((n_sequences, 3, 3)))
        gru.backward(y, h_n)
