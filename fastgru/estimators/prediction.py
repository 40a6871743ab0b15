"""What an estimator of letters' targets does once it is fitted, whatever its task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from fastgru.data.scan_input import RegionsLike, ScanInput, SequencesLike
from fastgru.data.windows import WindowRows
from fastgru.estimators.fitted_estimator import FittedEstimator
from fastgru.estimators.scanning import WindowScanner, scan_input


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

    def scan(
        self,
        sequences: SequencesLike,
        *,
        window: int | None = None,
        step: int | None = None,
        strands: str | None = None,
        regions: RegionsLike | None = None,
        max_unknown: float = 0.5,
        max_masked: float = 1.0,
    ) -> Iterator[WindowRows]:
        """Score the windows of sequences as long as chromosomes.

        Windows begin at every `step` letters; the last one ends where its sequence ends, and a
        shorter sequence is one window.  A score is what the model predicts for the window's letters
        by themselves, with 6 decimals.

        Parameters
        ----------
        sequences
            A FASTA file or several, of which one record at a time is held, or letters by name.
        window
            Letters of each; None for the length of the training sequences, if all have the same.
        step
            Letters from the start of one window to that of the next; None for half a window.
        strands
            ``"forward"``; ``"both"`` for two rows of each window, of which that of the other strand
            has the score of the reverse complement; or ``"symmetric"`` for one with the mean.  None
            for ``"symmetric"`` of a model that is so by `reverse_complement`, ``"both"`` of others
            for DNA, and ``"forward"`` of those for RNA and proteins.
        regions
            Only windows that share a letter with one of these are scored: a BED file, or starts and
            ends by name, half-open; None for all windows.
        max_unknown, max_masked
            Largest share of letters that are unknown (N, X), and in lower case, of windows that are
            scored.

        Yields
        ------
        WindowRows
            Some thousand windows at a time, in the order of the input: `chrom`, and arrays of
            `starts`, `ends` (half-open, on the forward strand), `strands` and `values`, float64
            (n, k) with a column for each class, label or target.

        Raises
        ------
        ConfigurationError
            If the model cannot be scanned with, or not like that.
        FastaFormatError, LabelError
            For sequences that cannot be used; all are listed.  For regions of other sequences.
        """
        check_is_fitted(self, "n_parameters_")
        scanner = WindowScanner(
            self._fitted,
            window=window,
            step=step,
            strands=strands,
            max_unknown=max_unknown,
            max_masked=max_masked,
            threads=self.threads,
        )
        given = ScanInput(sequences, scanner.alphabet, scanner.grid, regions)
        return scan_input(scanner, given)
