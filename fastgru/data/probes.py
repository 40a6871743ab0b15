"""Shortcuts: how well one trivial feature alone tells the classes apart, or a number.

A benchmark in which the length or the first letter gives the class away measures nothing else, so
these figures stand beside those of a model.  Each probe is a linear model on one kind of feature:
ridge regression onto the indicators of the classes, or onto the number, in cross-validation, so
that a probe with many features is not praised for what it has learned by heart.  Where related
records are known, folds keep them together: to know the relatives of a sequence is memory, no
shortcut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgru.data.alphabets import Alphabet
from fastgru.data.partition import partition_groups, partition_records

__all__ = ["N_FOLDS", "find_number_shortcuts", "find_shortcuts", "rank_auc"]

N_FOLDS = 5
_MOST_RECORDS = 2000
"""More change an AUC by about 0.01, and cost time."""
_FEWEST_OF_CLASS = 10 * N_FOLDS
"""Of a rare class more than its share is used, so that every fold has records to rank."""

_ENDS, _POSITIONS, _BINS = 3, 60, 16
_RIDGE = 0.3
"""Per record, of standardised features: sixty positions of twenty letters are not overfitted."""

Features = NDArray[np.float64]


def find_shortcuts(
    sequences: Sequence[str],
    labels: Sequence[str],
    alphabet: Alphabet,
    *,
    groups: NDArray[np.int64] | None = None,
) -> tuple[list[dict[str, Any]], str]:
    """Measure every probe, the most telling one first.

    Parameters
    ----------
    sequences, labels
        N records of at least two classes, no sequence repeated; of more than 2000 a share of each
        class is used, but 50 records of it where there are as many.
    alphabet
        Theirs.
    groups
        int64 (N,), group of each record, none of which is divided among the folds, unless a class
        has fewer groups than there are folds; None for none.

    Returns
    -------
    shortcuts
        One entry per probe: ``feature`` (length, GC content, composition, first letters, last
        letters, fixed positions), ``roc_auc`` (of held-out records, each class against the rest,
        plain mean; 0.5 is chance), and ``detail``, what differs most, in words.  Empty if a class
        has fewer records than there are folds.
    over
        What was dealt out to the folds: ``"groups"`` or ``"records"``.
    """
    classes, codes = np.unique(np.array(labels), return_inverse=True)
    chosen = _sample(codes)
    codes = codes[chosen]
    grouped = groups is not None and _fewest_groups(codes, groups[chosen]) >= N_FOLDS
    over = "groups" if grouped else "records"
    if np.bincount(codes).min() < N_FOLDS:
        return [], over
    folds = _deal_out(codes, groups[chosen] if groups is not None and grouped else None)
    records = _Records([sequences[k] for k in chosen.tolist()], codes, classes, alphabet)
    return _measure(
        *(records, "roc_auc"), lambda features: _cross_validated_auc(features, codes, folds)
    ), over


def find_number_shortcuts(
    sequences: Sequence[str],
    values: Sequence[float],
    alphabet: Alphabet,
    *,
    groups: NDArray[np.int64] | None = None,
) -> tuple[list[dict[str, Any]], str]:
    """Measure how well every probe predicts a number, the most telling one first.

    Parameters
    ----------
    sequences, values
        N records and their finite numbers, no sequence repeated; of more than 2000 a share is used.
    alphabet, groups
        As for :func:`find_shortcuts`.

    Returns
    -------
    shortcuts
        One entry per probe, as from :func:`find_shortcuts`, with ``pearson`` in place of
        ``roc_auc``: the mean over the folds of the correlation of held-out predictions; 0 is
        chance.  ``detail`` compares the records above the mean with the others.  Empty for fewer
        than five records, or equal numbers.
    over
        As from :func:`find_shortcuts`.
    """
    numbers = np.array(values, np.float64)
    chosen = _sample(np.zeros(len(numbers), np.intp)) if len(numbers) else np.arange(0)
    numbers = numbers[chosen]
    codes = np.zeros(len(numbers), np.intp)
    grouped = groups is not None and len(np.unique(groups[chosen])) >= N_FOLDS
    over = "groups" if grouped else "records"
    if len(numbers) < N_FOLDS or np.ptp(numbers) == 0:
        return [], over
    folds = _deal_out(codes, groups[chosen] if groups is not None and grouped else None)
    halves = (numbers > numbers.mean()).astype(np.intp)
    names = np.array(["records below the mean", "records above the mean"])
    records = _Records([sequences[k] for k in chosen.tolist()], halves, names, alphabet)
    return _measure(
        *(records, "pearson"), lambda features: _cross_validated_r(features, numbers, folds)
    ), over


def _measure(
    records: _Records, score: str, measure: Callable[[Features], float]
) -> list[dict[str, Any]]:
    """Return the entry of each probe that the alphabet has, the highest score first."""
    found = [
        {
            "feature": name,
            score: round(measure(features(records)), 6),
            "detail": describe(records),
        }
        for name, (features, describe) in _PROBES.items()
        if name != "GC content" or records.alphabet.name != "protein"
    ]
    return sorted(found, key=lambda entry: -float(entry[score]))


def rank_auc(values: NDArray[np.float64], is_positive: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve: the chance that a positive has the larger value.

    Ties count one half (Mann-Whitney U).  Both classes must occur.
    """
    negatives = np.sort(values[~is_positive])
    positives = values[is_positive]
    below = np.searchsorted(negatives, positives, side="left")
    not_above = np.searchsorted(negatives, positives, side="right")
    return float((below + not_above).sum() / (2 * positives.size * negatives.size))


def _sample(codes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the places of the records to use, in rising order."""
    share = min(1, _MOST_RECORDS / len(codes))
    rng = np.random.default_rng(0)
    chosen = []
    for code in range(int(codes.max()) + 1):
        places = np.flatnonzero(codes == code)
        n_used = max(round(share * len(places)), _FEWEST_OF_CLASS)
        chosen.append(rng.permutation(places)[:n_used])
    return np.sort(np.concatenate(chosen))


def _fewest_groups(codes: NDArray[np.intp], groups: NDArray[np.int64]) -> int:
    """Return in how many groups the class is that is in fewest."""
    pairs = np.unique(np.stack([codes, groups]), axis=1)
    return int(np.bincount(pairs[0]).min())


def _deal_out(codes: NDArray[np.intp], groups: NDArray[np.int64] | None) -> NDArray[np.str_]:
    """Return the name of the fold of each record."""
    labels, rng = list(map(str, codes)), np.random.default_rng(0)
    shares = {str(fold): 1 / N_FOLDS for fold in range(N_FOLDS)}
    if groups is None:
        return np.array(partition_records(labels, shares, rng))
    return np.array(partition_groups(labels, list(map(str, groups)), shares, rng))


def _cross_validated_auc(
    features: Features, codes: NDArray[np.intp], folds: NDArray[np.str_]
) -> float:
    """Return the mean of the AUC of held-out scores, over all folds and the classes in each."""
    aucs = []
    for outside, scores in _held_out_scores(features, np.eye(int(codes.max()) + 1)[codes], folds):
        held_out = codes[outside]
        # a fold of whole groups need not have every class
        several = len(set(held_out.tolist())) > 1
        ranked = np.unique(held_out) if several else ()
        aucs += [rank_auc(scores[:, k], held_out == k) for k in ranked]
    return float(np.mean(aucs))


def _cross_validated_r(
    features: Features, numbers: NDArray[np.float64], folds: NDArray[np.str_]
) -> float:
    """Return the mean over the folds of the correlation of held-out scores with the numbers.

    Not that of all folds together: a probe that knows nothing predicts the mean of the other
    folds, which is high where that of its own is low.
    """
    found = [
        float(np.corrcoef(scores[:, 0], numbers[outside])[0, 1])
        for outside, scores in _held_out_scores(features, numbers[:, None], folds)
        if np.ptp(scores) > 0 and np.ptp(numbers[outside]) > 0
    ]
    return float(np.mean(found)) if found else 0.0


def _held_out_scores(
    features: Features, targets: NDArray[np.float64], folds: NDArray[np.str_]
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.float64]]]:
    """Yield, for each fold, which records it has and their scores by the others."""
    for fold in np.unique(folds):
        inside = folds != fold
        centre, scale = features[inside].mean(axis=0), features[inside].std(axis=0)
        x = (features - centre) / np.where(scale > 0, scale, 1)
        gram = x[inside].T @ x[inside] + _RIDGE * inside.sum() * np.eye(x.shape[1])
        weights = np.linalg.solve(gram, x[inside].T @ (targets - targets[inside].mean(0))[inside])
        yield ~inside, x[~inside] @ weights


class _Records:
    """Records and what several probes need of them."""

    def __init__(
        self,
        sequences: list[str],
        codes: NDArray[np.intp],
        classes: NDArray[np.str_],
        alphabet: Alphabet,
    ) -> None:
        self.codes, self.classes, self.alphabet = codes, classes, alphabet
        self.lengths = np.array([len(letters) for letters in sequences])
        self._symbols = [alphabet.encode(letters) for letters in sequences]
        n_symbols = len(alphabet.symbols)
        counts = [np.bincount(symbols, minlength=n_symbols) for symbols in self._symbols]
        self.shares = np.array(counts) @ alphabet.mixture / self.lengths[:, None]
        strong = [alphabet.letters.index(letter) for letter in "GC"]
        self.gc = self.shares[:, strong].sum(axis=1)

    def at(self, places: Sequence[int]) -> Features:
        """Return the letters at places, from the end where negative, zero where there are none."""
        none = len(self.alphabet.symbols)
        mixture = np.vstack([self.alphabet.mixture, np.zeros(len(self.alphabet.letters))])
        codes = np.full((len(self._symbols), len(places)), none)
        for row, symbols in zip(codes, self._symbols, strict=True):
            inside = [k for k, place in enumerate(places) if -len(symbols) <= place < len(symbols)]
            row[inside] = symbols[[places[k] for k in inside]]
        rows: Features = mixture[codes].reshape(len(codes), -1)
        return rows

    def by_class(self, values: Features) -> Features:
        """Return the mean of the values in each class."""
        return np.array([values[self.codes == k].mean(axis=0) for k in range(len(self.classes))])


def _in_bins(values: Features) -> Features:
    """Return which of up to 16 bins of equal size each value is in, one column for each."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, _BINS + 1)[1:-1]))
    return np.eye(len(edges) + 1)[np.searchsorted(edges, values, side="right")]


def _positions(records: _Records) -> Features:
    return records.at(range(min(_POSITIONS, int(records.lengths.max()))))


def _describe_lengths(records: _Records) -> str:
    medians = [np.median(records.lengths[records.codes == k]) for k in range(len(records.classes))]
    return _extremes(records, "median length", medians, "{:.0f}")


def _describe_gc(records: _Records) -> str:
    return _extremes(records, "mean GC content", records.by_class(records.gc).tolist(), "{:.1%}")


def _describe_composition(records: _Records) -> str:
    means = records.by_class(records.shares)
    letter = int(np.ptp(means, axis=0).argmax())
    return _extremes(
        records,
        f"share of {records.alphabet.letters[letter]}",
        means[:, letter].tolist(),
        "{:.1%}",
    )


def _describe_places(places: Sequence[int]) -> Callable[[_Records], str]:
    def describe(records: _Records) -> str:
        seen = [place for place in places if abs(place) < records.lengths.max()]
        means = records.by_class(records.at(seen))
        best = int(np.ptp(means, axis=0).argmax())
        number, letter = divmod(best, len(records.alphabet.letters))
        place = seen[number]
        last = "at the last place" if place == -1 else f"at place {-place} from the end"
        where = f"at place {place + 1}" if place >= 0 else last
        name = f"{records.alphabet.letters[letter]} {where}"
        return _extremes(records, name, means[:, best].tolist(), "{:.1%}")

    return describe


def _extremes(records: _Records, name: str, values: Sequence[float], form: str) -> str:
    """Say in which class a value is highest and in which lowest."""
    high, low = int(np.argmax(values)), int(np.argmin(values))
    shown = [form.format(values[k]).replace("%", " %") for k in (high, low)]
    if shown[0] == shown[1]:
        return f"{name}: {shown[0]} in all classes"
    return f"{name}: {shown[0]} in {records.classes[high]}, {shown[1]} in {records.classes[low]}"


_FIRST, _LAST = range(_ENDS), range(-_ENDS, 0)
_PROBES: dict[str, tuple[Callable[[_Records], Features], Callable[[_Records], str]]] = {
    "length": (lambda records: _in_bins(records.lengths.astype(np.float64)), _describe_lengths),
    "GC content": (lambda records: _in_bins(records.gc), _describe_gc),
    "composition": (lambda records: records.shares, _describe_composition),
    "first letters": (lambda records: records.at(_FIRST), _describe_places(_FIRST)),
    "last letters": (lambda records: records.at(_LAST), _describe_places(_LAST)),
    "fixed positions": (_positions, _describe_places(range(_POSITIONS))),
}
