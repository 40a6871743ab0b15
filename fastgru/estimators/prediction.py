"""What an estimator of letters' targets does once it is fitted, whatever its task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from fastgru.estimators.fitted_estimator import FittedEstimator


class PredictionMixin(FittedEstimator):
    """What an estimator says of sequences by a fitted model that may have attention pooling."""

    def attention(self, sequences: Sequence[Any]) -> list[np.ndarray]:
        """Return how much the state at each letter counts in the attention pooling.

        A state knows of the letters around it, in both directions where the network has two: a
        weight says where the network looks, not which letters alone decide.

        Parameters
        ----------
        sequences
            As for :meth:`predict`.

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
            As for :meth:`predict`.
        """
        check_is_fitted(self, "n_parameters_")
        return self._fitted.attention(self._check_input(sequences), self.threads)
