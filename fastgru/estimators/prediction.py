"""What a classifier does once it is fitted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from fastgru.estimators.fitted_classifier import FittedClassifier


class PredictionMixin:
    """What a :class:`StringClassifier` says of sequences by its fitted model.

    Attributes
    ----------
    threads
        Threads to use, never more; None for all CPUs that the process may use.
    """

    threads: int | None
    _fitted: FittedClassifier

    def _probabilities(self, sequences: Sequence[Any]) -> np.ndarray:
        return self._fitted.predict_proba(sequences, self.threads)

    def attention(self, sequences: Sequence[Any]) -> list[np.ndarray]:
        """Return how much the state at each letter counts in the attention pooling.

        A state knows of the letters around it, in both directions where the network has two: a
        weight says where the network looks, not which letters alone decide.

        Parameters
        ----------
        sequences
            As for :meth:`predict_proba`.

        Returns
        -------
        list of np.ndarray
            float64 (length,) for each sequence, from 0 to 1 with sum 1; they do not depend on the
            other sequences.  With k-mers there is one for each of them, by its first letter, and
            behind convolutional layers that stride or pool for each step that these leave.  Where
            k-mers of both strands are averaged whose stride does not divide the sequence, those of
            the other strand stand up to ``kmer_stride - 1`` letters beside.

        Raises
        ------
        ConfigurationError
            For a model without attention pooling, and for an ensemble.
        AlphabetError, LabelError
            As for :meth:`predict_proba`.
        """
        check_is_fitted(self, "classes_")
        return self._fitted.attention(sequences, self.threads)

    def flag_unusual(self, sequences: Sequence[Any]) -> list[tuple[str, ...]]:
        """Say in which ways sequences are unlike those of the training set.

        ``length``: shorter or longer than all of them.  ``letters``: has a letter that none of
        them has.  ``ambiguous``: more ambiguity codes, and ``novel_kmers``: more words that none
        of them has, than 99 % of them beside the others (and more than 5 % ambiguity codes).
        Of series ``length``, and ``values``: a feature below or above all of them.

        Parameters
        ----------
        sequences
            As for :meth:`predict_proba`, of any length.

        Returns
        -------
        list of tuple
            The names of the flags of each sequence; all empty for a model that was saved before
            there were flags.
        """
        check_is_fitted(self, "classes_")
        return self._fitted.flag_unusual(sequences)

    def seen_in_training(self, sequences: Sequence[Any]) -> np.ndarray | None:
        """Say which sequences were learned from or stopped by: scores on them measure memory.

        Parameters
        ----------
        sequences
            As for :meth:`predict_proba`, of any length.

        Returns
        -------
        np.ndarray or None
            Boolean (n,), for an ensemble whether any member has seen them.  Those that were seen
            are always found, and of others two in ten million.  None for a model that was saved
            before this was kept.
        """
        check_is_fitted(self, "classes_")
        return self._fitted.seen_in_training(sequences)

    @property
    def min_length(self) -> int:
        """Shortest sequence that the model can read: that of one k-mer."""
        check_is_fitted(self, "classes_")
        return self._fitted.min_length

    @property
    def max_length(self) -> int | None:
        """Longest sequence that the model can read, None for any."""
        check_is_fitted(self, "classes_")
        return self._fitted.max_length
