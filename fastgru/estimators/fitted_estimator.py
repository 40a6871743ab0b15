"""What every estimator of sequences has and says by its fitted model, whatever the task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from fastgru.estimators.fitted_model import FittedModel

__all__ = ["FittedEstimator"]


class FittedEstimator:
    """What an estimator says by its fitted model.

    Attributes
    ----------
    threads
        Threads to use, never more; None for all CPUs that the process may use.
    """

    threads: int | None
    _fitted: FittedModel

    def _note(self, fitted: FittedModel) -> None:
        """Set the attributes that every fitted estimator has."""
        self.history_ = fitted.history
        self.best_epoch_ = fitted.best_epoch
        self.n_iter_ = len(fitted.history)
        self.n_parameters_ = fitted.n_parameters
        self.n_train_, self.n_validation_ = fitted.n_train, fitted.n_validation

    def flag_unusual(self, sequences: Sequence[Any]) -> list[tuple[str, ...]]:
        """Say in which ways sequences are unlike those of the training set.

        ``length``: shorter or longer than all of them.  ``letters``: has a letter that none of
        them has.  ``ambiguous``: more ambiguity codes, and ``novel_kmers``: more words that none
        of them has, than 99 % of them beside the others (and more than 5 % ambiguity codes).
        Of series ``length``, and ``values``: a feature below or above all of them.

        Parameters
        ----------
        sequences
            n strings over the alphabet, none empty, of any length.

        Returns
        -------
        list of tuple
            The names of the flags of each sequence; all empty for a model that was saved before
            there were flags.
        """
        check_is_fitted(self, "n_parameters_")
        return self._fitted.flag_unusual(sequences)

    def seen_in_training(self, sequences: Sequence[Any]) -> np.ndarray | None:
        """Say which sequences were learned from or stopped by: scores on them measure memory.

        Parameters
        ----------
        sequences
            As for :meth:`flag_unusual`.

        Returns
        -------
        np.ndarray or None
            Boolean (n,), for an ensemble whether any member has seen them.  Those that were seen
            are always found, and of others two in ten million.  None for a model that was saved
            before this was kept.
        """
        check_is_fitted(self, "n_parameters_")
        return self._fitted.seen_in_training(sequences)

    @property
    def min_length(self) -> int:
        """Shortest sequence that the model can read: that of one k-mer."""
        check_is_fitted(self, "n_parameters_")
        return self._fitted.min_length

    @property
    def max_length(self) -> int | None:
        """Longest sequence that the model can read, None for any."""
        check_is_fitted(self, "n_parameters_")
        return self._fitted.max_length
