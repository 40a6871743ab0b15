"""What a tagger does once it is fitted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.utils.validation import check_is_fitted

from fastgru.data.step_labels import MASKED
from fastgru.errors import LabelError
from fastgru.estimators.fitted_estimator import FittedEstimator
from fastgru.estimators.fitted_tagger import FittedTagger, StepLabels
from fastgru.estimators.tagging_sets import check_step_labels


class TaggingMixin(FittedEstimator):
    """What a :class:`fastgru.SequenceTagger` says of sequences by its fitted model."""

    _fitted: FittedTagger

    def predict(self, sequences: Sequence[str]) -> list[StepLabels]:
        """Return the labels of each sequence, in the form of those in training.

        The most probable label of each letter; with `crf` those of the most probable path.

        Parameters
        ----------
        sequences
            n strings over the alphabet, none empty.

        Raises
        ------
        AlphabetError
            For an empty sequence or a letter outside the alphabet.
        LabelError
            For a sequence that is longer than the positions that were learned.
        """
        check_is_fitted(self, "classes_")
        return self._fitted.predict(sequences, self.threads)

    def predict_proba(self, sequences: Sequence[str]) -> list[np.ndarray]:
        """Return the probability of each label at each letter.

        With `crf` that of all paths that have the label there.

        Parameters
        ----------
        sequences
            As for :meth:`predict`.

        Returns
        -------
        list of np.ndarray
            float64 (length, n_classes) for each sequence, columns as ``classes_``.
        """
        check_is_fitted(self, "classes_")
        return self._fitted.predict_proba(sequences, self.threads)

    def score(self, sequences: Sequence[str], y: Sequence[StepLabels]) -> float:
        """Return the share of letters that get their label, of those whose label is known.

        Parameters
        ----------
        sequences
            As for :meth:`predict`.
        y
            As for :meth:`fit`.

        Raises
        ------
        LabelError
            If no label is known.
        """
        predicted = self.predict(sequences)
        rows = check_step_labels(y, self._fitted.encode_readable(sequences))
        found = [label for row in predicted for label in row]
        pairs = zip(found, np.concatenate([np.empty(0, str), *rows]), strict=True)
        right = [label == truth for label, truth in pairs if truth != MASKED]
        if not right:
            raise LabelError(
                "labels: no letter has a known label, expected one at least to score by. Give "
                "sequences with labels."
            )
        return float(np.mean(right))
