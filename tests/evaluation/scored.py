"""Made-up predictions for the tests of scores, intervals and comparisons."""

from __future__ import annotations

import numpy as np

from fastgru.evaluation.predictions import ScoredPredictions, check_predictions


def make_predictions(
    seed: int, *, n_classes: int = 2, n_records: int = 60, skill: float = 1.0
) -> ScoredPredictions:
    """Predictions that are better than chance, with ties; the truth depends on the seed alone."""
    names = [f"class {k}" for k in range(n_classes)]
    true = np.random.default_rng(seed).integers(n_classes, size=n_records)
    rng = np.random.default_rng([seed, round(1000 * skill)])
    logits = rng.normal(size=(n_records, n_classes))
    logits[np.arange(n_records), true] += skill
    proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    proba[:, 1:] = np.floor(proba[:, 1:] * 64) / 64  # exact, and so are the sums of rows
    proba[:, 0] = 1 - proba[:, 1:].sum(axis=1)
    predicted = [names[k] for k in proba.argmax(axis=1)]
    return check_predictions([names[k] for k in true], predicted, proba, names)


def repeat(predictions: ScoredPredictions, times: np.ndarray) -> ScoredPredictions:
    """Each record as often as its number says."""
    chosen = np.repeat(np.arange(len(predictions)), times.astype(int))
    return ScoredPredictions(
        predictions.classes,
        predictions.true[chosen],
        predictions.predicted[chosen],
        predictions.proba[chosen],
    )
