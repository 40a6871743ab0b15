"""How good are the predictions: scores, intervals, comparisons and curves on held-out sequences."""

from fastgru.evaluation.bootstrap import bootstrap_intervals
from fastgru.evaluation.calibration import rescale
from fastgru.evaluation.curves import precision_recall_points, roc_points
from fastgru.evaluation.intervals import wilson_interval
from fastgru.evaluation.metrics import classification_metrics
from fastgru.evaluation.predictions import ScoredPredictions, check_predictions

__all__ = [
    "ScoredPredictions",
    "bootstrap_intervals",
    "check_predictions",
    "classification_metrics",
    "precision_recall_points",
    "rescale",
    "roc_points",
    "wilson_interval",
]
