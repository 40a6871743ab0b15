"""The baselines: what a sequence model must beat before its score means anything.

Each takes one thing away from the model and keeps the rest of the experiment as it is, so that
what it reaches says where the model's score comes from:

``majority``
    Knows the classes' shares alone.  An accuracy near it is no achievement, however high.
``length``
    Knows how long a sequence is.  If it does well, classes were collected differently.
``composition``
    Knows the share of each letter (GC content, charge), not their order.
``kmer_logistic``, ``kmer_forest``
    Know which short words occur, not where: linearly, and with interactions.  A recurrent network
    that is not better has learned no order beyond the words.
``onehot_logistic``
    Knows which letter stands at which place, each for itself: enough for many aligned windows.
    For sequences of one length only.
``nearest``
    Knows the training sequence that a test sequence aligns with best.  If it does well, training
    and test are related, and a model may be remembering families.

`fastgru.estimators.baseline_classifier` holds the estimators.  This table can be read without
scikit-learn, for the command line.
"""

from __future__ import annotations

from collections.abc import Iterable

from fastgru.errors import ConfigurationError, counted

__all__ = [
    "BASELINES",
    "BASELINES_OF_SERIES",
    "BASELINES_OF_TASK",
    "REGRESSION_BASELINES",
    "TAGGING_BASELINES",
    "require_letters",
    "why_not_applicable",
]

BASELINES = {
    "majority": "the classes' shares in training, whatever the sequence",
    "length": "logistic regression on the length",
    "composition": "logistic regression on the share of each letter",
    "kmer_logistic": "logistic regression on words of up to 6 nucleotides or 3 residues",
    "kmer_forest": "random forest on words of up to 4 nucleotides or 2 residues",
    "onehot_logistic": "logistic regression on the letter at each place, for equal lengths",
    "nearest": "the class of the training sequence that MMseqs2 aligns best",
}
"""What each baseline is, by name, from the simplest on."""

REGRESSION_BASELINES = {
    "mean": "the mean of each target in training, whatever the sequence",
    "length": "ridge regression on the length",
    "composition": "ridge regression on the share of each letter",
    "kmer_ridge": "ridge regression on words of up to 6 nucleotides or 3 residues",
}
"""The same for numbers."""

TAGGING_BASELINES = {
    "majority": "the commonest label of training",
    "window_logistic": "logistic regression on the letters within 7 places of the one labelled",
}
"""The same for labels of letters."""

BASELINES_OF_TASK = {
    "classification": tuple(BASELINES),
    "multilabel": ("majority", "length", "composition", "kmer_logistic", "kmer_forest"),
    "regression": tuple(REGRESSION_BASELINES),
    "tagging": tuple(TAGGING_BASELINES),
}
"""Which baselines each task has; those of several labels are the same for each label."""


BASELINES_OF_SERIES = ("majority", "mean", "length")
"""Those that know nothing of letters."""


_SERIES = "series"  # of fastgru.data.series, which loads NumPy


def require_letters(name: str, alphabet: str) -> None:
    """Refuse baselines of letters for series.

    Parameters
    ----------
    name
        Of a baseline.
    alphabet
        Name of an alphabet, or ``"series"``.

    Raises
    ------
    ConfigurationError
    """
    if alphabet == _SERIES and name not in BASELINES_OF_SERIES:
        raise ConfigurationError(
            f"baseline {name}: knows letters, but the input are series, expected one of "
            f"{', '.join(BASELINES_OF_SERIES)}. Choose another."
        )


def why_not_applicable(name: str, lengths: Iterable[int]) -> str | None:
    """Return the reason why a baseline cannot be used on some sequences, None if it can.

    Parameters
    ----------
    name
        One of `BASELINES`.
    lengths
        Lengths of all sequences, those to train on and those to test with.
    """
    if name != "onehot_logistic":
        return None
    found = sorted(set(lengths))
    if len(found) < 2:
        return None
    return (
        f"sequences have {counted(len(found), 'different length')} "
        f"({found[0]} to {found[-1]} letters), expected one"
    )
