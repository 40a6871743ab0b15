"""What a tagger does once it is fitted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from sklearn.utils.validation import check_is_fitted

from fastgru.data.scan_input import RegionsLike, ScanInput, SequencesLike
from fastgru.data.step_labels import MASKED
from fastgru.data.windows import WindowRows
from fastgru.errors import LabelError
from fastgru.estimators.fitted_estimator import FittedEstimator
from fastgru.estimators.fitted_tagger import FittedTagger, StepLabels
from fastgru.estimators.scanning import scan_input
from fastgru.estimators.tagging_sets import check_step_labels
from fastgru.estimators.tile_scanning import CONTEXT, RESOLUTION, TileScanner


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

    def scan(
        self,
        sequences: SequencesLike,
        *,
        context: int = CONTEXT,
        resolution: int = RESOLUTION,
        strands: str | None = None,
        sums: Mapping[str, Sequence[str]] | None = None,
        regions: RegionsLike | None = None,
        max_unknown: float = 0.5,
        max_masked: float = 1.0,
    ) -> Iterator[WindowRows]:
        """Label the letters of sequences as long as chromosomes.

        They are read in tiles of 10 000 letters with others on either side, so that a letter's
        probabilities do not depend on what is scanned beside it.  A row has the means of some
        neighbouring letters, with 6 decimals.

        Parameters
        ----------
        sequences
            A FASTA file or several, of which one record at a time is held, or letters by name.
        context
            Letters that are read on either side of a tile.
        resolution
            Letters of a row, a divisor of 10 000; the last row of a sequence may be shorter.
        strands
            As for :meth:`fastgru.SequenceClassifier.scan`, for rows in place of windows.
        sums
            Labels whose probabilities are added up to one column, by its name, such as
            ``{"coding": ["1", "2", "3"]}``.
        regions, max_unknown, max_masked
            As for :meth:`fastgru.SequenceClassifier.scan`, for rows in place of windows.

        Yields
        ------
        WindowRows
            As from :meth:`fastgru.SequenceClassifier.scan`: columns are those of `sums`, then the
            labels that are in none.

        Raises
        ------
        ConfigurationError
            If the model cannot be scanned with, or not like that.
        FastaFormatError, LabelError
            For sequences that cannot be used; all are listed.  For regions of other sequences.
        """
        check_is_fitted(self, "classes_")
        scanner = TileScanner(
            self._fitted,
            context=context,
            resolution=resolution,
            strands=strands,
            sums=sums,
            max_unknown=max_unknown,
            max_masked=max_masked,
            threads=self.threads,
        )
        given = ScanInput(sequences, scanner.alphabet, scanner.grid, regions)
        return scan_input(scanner, given)

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
