"""From probabilities to labels: another prevalence, a threshold, and leaving cases open.

In this order: the classifier's probabilities (with its temperature) are re-weighted to the given
prevalence; then a label is chosen, by the threshold or as the most probable class; then cases that
are not clear enough get the label `ABSTAIN`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastgru.errors import ConfigurationError, shorten
from fastgru.estimators.calibration import Calibration

__all__ = ["ABSTAIN", "Decision", "decide_by"]

ABSTAIN = "abstain"
"""Label of a case that is left open."""

# chosen for the numbers of positive and negative sequences of the validation set
_DEPEND_ON_PREVALENCE = ("f1", "mcc", "precision_")


@dataclass(frozen=True, eq=False)
class Decision:
    """How labels follow from probabilities.

    Attributes
    ----------
    classes
        Names of the K classes.
    factors
        What multiplies the probability of each class before they are made to sum to 1, (K,);
        None to leave them as they are.
    threshold
        Least probability of the second of two classes to be called so; None for the most probable.
    band
        Cases whose probability of the second of two classes lies between these two, or of more
        whose largest probability is below the second, are left open; None for none.
    """

    classes: Sequence[str]
    factors: NDArray[np.float64] | None = None
    threshold: float | None = None
    band: tuple[float, float] | None = None

    def apply(self, probabilities: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[str]]:
        """Return the re-weighted probabilities (N, K) and the label of each row.

        Re-weighting is equation 2.4 of M. Saerens et al. (2002), "Adjusting the outputs of a
        classifier to new a priori probabilities", Neural Computation 14, 21-41:
        ``p'(c | x)`` is proportional to ``p(c | x) p'(c) / p(c)``.
        """
        if self.factors is not None:
            weighted = probabilities * self.factors
            probabilities = weighted / weighted.sum(axis=1, keepdims=True)
        chosen = probabilities.argmax(axis=1)
        if self.threshold is not None:
            chosen = (probabilities[:, 1] >= self.threshold).astype(np.int64)
        labels = [self.classes[k] for k in chosen]
        if self.band is not None:
            low, high = self.band
            unclear = probabilities.max(axis=1) < high
            if len(self.classes) == 2:
                unclear = (low < probabilities[:, 1]) & (probabilities[:, 1] < high)
            labels = [
                ABSTAIN if is_open else label
                for is_open, label in zip(unclear, labels, strict=True)
            ]
        return probabilities, labels


def decide_by(
    calibration: Calibration,
    classes: Sequence[str],
    *,
    prevalence: float | Mapping[str, float] | None = None,
    threshold: float | str | None = None,
    abstain: float | tuple[float, float] | None = None,
) -> Decision:
    """Return how to decide, after checking that the model and the options allow it.

    Parameters
    ----------
    calibration, classes
        Of the model.
    prevalence
        Share of the second of two classes, or of each class by name, among the sequences to
        come; None for that of training.
    threshold
        In (0, 1), or the name of one of the model's, which calls the same sequences at every
        prevalence; two classes only.
    abstain
        Lower and upper end of the band of two classes, or for any number of them the largest
        probability below which a case is left open (of two, the band ``1 - P`` to ``P``).  A band
        holds the threshold, which is 0.5 where none is given.

    Raises
    ------
    ConfigurationError
        Naming the option of the command.
    """
    if threshold is not None and len(classes) != 2:
        raise ConfigurationError(
            f"--threshold {threshold}: the model has {len(classes)} classes, expected two. "
            "Leave the option out: the label is the most probable class."
        )
    factors = None if prevalence is None else _factors(calibration, classes, prevalence)
    if isinstance(threshold, str):
        threshold = _named(calibration, threshold, moved=factors is not None)
        if factors is not None:
            inside, outside = threshold * factors[1], (1 - threshold) * factors[0]
            threshold = float(inside / (inside + outside))
    band = None if abstain is None else _band(classes, abstain, threshold)
    return Decision(classes, factors, threshold, band)


def _factors(
    calibration: Calibration, classes: Sequence[str], prevalence: float | Mapping[str, float]
) -> NDArray[np.float64]:
    if not isinstance(prevalence, Mapping):
        if len(classes) != 2:
            raise ConfigurationError(
                f"--prevalence {prevalence:g}: the model has {len(classes)} classes, expected a "
                f"share of each. Write {','.join(f'{name}=P' for name in classes[:3])}"
                f"{',...' if len(classes) > 3 else ''}."
            )
        prevalence = {classes[0]: 1 - prevalence, classes[1]: prevalence}
    if set(prevalence) != set(classes):
        raise ConfigurationError(
            f"--prevalence: has shares of {shorten(prevalence)}, expected those of all classes, "
            f"{shorten(classes)}. Correct the names."
        )
    total = math.fsum(prevalence.values())
    if abs(total - 1) > 1e-6:
        raise ConfigurationError(
            f"--prevalence: the shares sum to {total:g}, expected 1. Correct them."
        )
    trained = calibration.prevalence
    if trained is None:
        raise ConfigurationError(
            "--prevalence: the model has no prevalence of training to re-weight from (it is of an "
            "earlier version, or its networks were trained at different ones), expected one. Train "
            "again, all networks of an ensemble with the same shares of the classes."
        )
    if 0 in trained:
        raise ConfigurationError(
            f"--prevalence: the class {classes[trained.index(0)]!r} had no weight in training, "
            "expected some of each class. Train again without class_weight 0."
        )
    factors: NDArray[np.float64] = np.array([prevalence[name] for name in classes]) / trained
    return factors


def _named(calibration: Calibration, name: str, *, moved: bool) -> float:
    """Return a threshold of the model; `moved` if it will be used at another prevalence."""
    if calibration.no_thresholds is not None:
        raise ConfigurationError(
            f"--threshold {name}: there are no thresholds in the model ({calibration.no_thresholds}"
            "), expected one of that name. Give a number, or train with a validation set."
        )
    rows = {row["name"]: row for row in calibration.thresholds}
    if name not in rows:
        raise ConfigurationError(
            f"--threshold {name}: is neither a number between 0 and 1 nor a threshold of the "
            f"model, expected one of {shorten(rows, 10)}. 'fastgru info' shows them."
        )
    if rows[name]["threshold"] is None:
        raise ConfigurationError(
            f"--threshold {name}: the model has none ({rows[name]['reason']}), expected one that "
            "the validation set could give. Choose another, or give a number."
        )
    if moved and name.startswith(_DEPEND_ON_PREVALENCE):
        raise ConfigurationError(
            f"--threshold {name}: was chosen at the prevalence of the validation set and does not "
            "hold at that of --prevalence. Choose youden or fpr_..., which hold at any, or a "
            "number."
        )
    return float(rows[name]["threshold"])


def _band(
    classes: Sequence[str], abstain: float | tuple[float, float], threshold: float | None
) -> tuple[float, float]:
    if ABSTAIN in classes:
        raise ConfigurationError(
            f"--abstain: the model has a class {ABSTAIN!r}, expected no class of the name that "
            "open cases get. Rename the class."
        )
    least = 1 / len(classes)
    if isinstance(abstain, tuple):
        if len(classes) != 2:
            raise ConfigurationError(
                f"--abstain {abstain[0]:g},{abstain[1]:g}: the model has {len(classes)} classes, "
                "expected one number, the least probability that decides. Write --abstain P."
            )
        low, high = abstain
    else:
        if abstain <= least:
            raise ConfigurationError(
                f"--abstain {abstain:g}: the largest of {len(classes)} probabilities is never "
                f"below {least:.3g}, expected a number above it. Raise it."
            )
        low, high = 1 - abstain, abstain
    # of two classes the most probable is the second from one half on
    limit = 0.5 if threshold is None and len(classes) == 2 else threshold
    if limit is not None and not low <= limit <= high:
        implied = ", from which the second class is the more probable" if threshold is None else ""
        cure = "Move the band, or give a threshold within it with --threshold"
        raise ConfigurationError(
            f"--abstain: the band from {low:g} to {high:g} does not hold the threshold "
            f"{limit:g}{implied}, expected one around it. {cure}."
        )
    return low, high
