"""How good are the predictions: scores, intervals and curves on held-out sequences."""

from fastgru.evaluation.calibration import rescale
from fastgru.evaluation.curves import precision_recall_points, roc_points
from fastgru.evaluation.intervals import wilson_interval
from fastgru.evaluation.metrics import classification_metrics

__all__ = [
    "classification_metrics",
    "precision_recall_points",
    "rescale",
    "roc_points",
    "wilson_interval",
]
