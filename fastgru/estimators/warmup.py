"""Running every kernel of the classifier once, so that the cache holds them all."""

from __future__ import annotations

from fastgru.estimators.classifier import SequenceClassifier
from fastgru.models.architecture import POOLINGS


def compile_kernels(dtype: str) -> None:
    """Compile the classifier's kernels for a precision, or load them from the cache.

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
        pooling=POOLINGS,
        max_epochs=1,
        dtype=dtype,
        threads=1,
        random_state=0,
    )
    model.fit(["ACGT", "ACG", "TTTT", "TTTA"], ["a", "a", "b", "b"], validation_data=(["A"], ["a"]))
    model.predict_proba(["ACGN"])
