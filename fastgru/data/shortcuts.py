"""How far a single trivial feature tells the classes apart.

A benchmark in which the length or the first letter gives the class away measures nothing else, so
these figures stand beside those of a model.  They are computed on the data themselves, without a
held-out part, and say what is there, not what a classifier would reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgru.data.alphabets import Alphabet

__all__ = ["balanced_accuracy_of_letter", "find_shortcuts", "rank_auc"]


def find_shortcuts(
    sequences: Sequence[str],
    labels: Sequence[str],
    symbol_counts: NDArray[np.int64],
    alphabet: Alphabet,
) -> list[dict[str, Any]]:
    """Measure every trivial feature, the most telling one first.

    Parameters
    ----------
    sequences, labels
        N records of at least two classes, no sequence repeated.
    symbol_counts
        int64 (N, K), as `fastgru.data.composition.count_symbols` gives them.
    alphabet
        Alphabet with K symbols.

    Returns
    -------
    shortcuts
        One entry per feature.  For the length, the share of G and C (DNA and RNA) and the share
        of each letter: ``roc_auc`` of the feature for the class it separates best from the rest,
        at least 0.5, and whether that class has the ``higher`` values.  For the first and last
        letter: ``balanced_accuracy`` of guessing the class from that letter alone, 1 divided by
        the number of classes being chance.
    """
    classes, codes = np.unique(np.array(labels), return_inverse=True)
    shares = symbol_counts @ alphabet.mixture
    lengths = symbol_counts.sum(axis=1)
    shares /= lengths[:, None]
    features = {"length": lengths.astype(np.float64)}
    if alphabet.name != "protein":
        strong = [alphabet.letters.index(letter) for letter in "GC"]
        features["GC content"] = shares[:, strong].sum(axis=1)
    for place, letter in enumerate(alphabet.letters):
        features[f"share of {letter}"] = shares[:, place]
    found = [_best_class(name, values, classes, codes) for name, values in features.items()]
    for name, place in (("first letter", 0), ("last letter", -1)):
        letters = np.array([alphabet.symbols.index(sequence[place]) for sequence in sequences])
        value = balanced_accuracy_of_letter(letters, codes)
        found.append({"feature": name, "balanced_accuracy": round(value, 6)})
    return sorted(found, key=lambda entry: -_strength(entry, len(classes)))


def rank_auc(values: NDArray[np.float64], is_positive: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve: the chance that a positive has the larger value.

    Ties count one half (Mann-Whitney U).  Both classes must occur.
    """
    negatives = np.sort(values[~is_positive])
    positives = values[is_positive]
    below = np.searchsorted(negatives, positives, side="left")
    not_above = np.searchsorted(negatives, positives, side="right")
    return float((below + not_above).sum() / (2 * positives.size * negatives.size))


def balanced_accuracy_of_letter(letters: NDArray[np.int64], codes: NDArray[np.intp]) -> float:
    """Return the mean recall of the best rule from one letter to one class."""
    table = np.zeros((int(letters.max()) + 1, int(codes.max()) + 1))
    np.add.at(table, (letters, codes), 1)
    recalls = table / table.sum(axis=0)
    # Choosing for each letter the class of which it is the largest part maximises the mean recall.
    return float(recalls.max(axis=1).sum() / recalls.shape[1])


def _best_class(
    name: str, values: NDArray[np.float64], classes: NDArray[np.str_], codes: NDArray[np.intp]
) -> dict[str, Any]:
    aucs = [rank_auc(values, codes == code) for code in range(len(classes))]
    best = max(range(len(classes)), key=lambda code: abs(aucs[code] - 0.5))
    return {
        "feature": name,
        "class": str(classes[best]),
        "higher": aucs[best] >= 0.5,
        "roc_auc": round(max(aucs[best], 1 - aucs[best]), 6),
    }


def _strength(entry: dict[str, Any], n_classes: int) -> float:
    """Bring both measures to a scale from 0 (chance) to 1 (perfect)."""
    if "roc_auc" in entry:
        return 2 * float(entry["roc_auc"]) - 1
    chance = 1 / n_classes
    return (float(entry["balanced_accuracy"]) - chance) / (1 - chance)
