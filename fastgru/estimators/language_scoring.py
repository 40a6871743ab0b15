"""What a language model says of sequences once it is fitted, and those that it makes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from sklearn.utils.validation import check_is_fitted

from fastgru.errors import LabelError
from fastgru.estimators.fitted_estimator import FittedEstimator
from fastgru.estimators.fitted_language_model import FittedLanguageModel

__all__ = ["LanguageScoring"]


class LanguageScoring(FittedEstimator):
    """What a :class:`fastgru.SequenceLanguageModel` says by its fitted model."""

    _fitted: FittedLanguageModel

    def score_samples(self, sequences: Sequence[str]) -> np.ndarray:
        """Return the log-likelihood of each sequence in nats, its end included, float64 (n,).

        Ambiguity codes are left out of it.

        Parameters
        ----------
        sequences
            n strings over the alphabet, none empty.

        Raises
        ------
        AlphabetError
            For an empty sequence or a letter outside the alphabet.
        """
        return self._score(sequences)[0]

    def bits_per_letter(self, sequences: Sequence[str]) -> float:
        """Return the mean of -log2 of the probability of a letter, over all of all sequences.

        The end of a sequence counts as a letter.

        Parameters
        ----------
        sequences
            As for :meth:`score_samples`, at least one.
        """
        nats, n_predicted = self._score(sequences)
        if not len(nats):
            raise LabelError("sequences: there are none, expected at least one. Give some.")
        return float(-nats.sum() / n_predicted.sum() / math.log(2))

    def perplexity(self, sequences: Sequence[str]) -> float:
        """Return 2 to the power of :meth:`bits_per_letter`: of how many letters it is in doubt.

        Parameters
        ----------
        sequences
            As for :meth:`bits_per_letter`.
        """
        return float(2 ** self.bits_per_letter(sequences))

    def score(self, sequences: Sequence[str], y: object = None) -> float:
        """Return minus the bits per letter, so that more is better.

        Parameters
        ----------
        sequences
            As for :meth:`bits_per_letter`.
        y
            Ignored; there for scikit-learn.
        """
        return -self.bits_per_letter(sequences)

    def score_variants(self, sequence: str, variants: Sequence[str]) -> np.ndarray:
        """Return log(P(variant) / P(sequence)) in nats for each substitution, float64 (n,).

        Below 0 where the variant is less likely than the sequence itself.

        Parameters
        ----------
        sequence
            The reference.
        variants
            n substitutions such as ``"A12G"``: the letter of the reference, its place from 1, and
            the letter in its stead.

        Raises
        ------
        LabelError
            For what is no substitution of the reference; all of them are listed.
        AlphabetError
            As for :meth:`score_samples`.
        """
        check_is_fitted(self, "n_parameters_")
        return self._fitted.score_variants(sequence, variants, self.threads)

    def generate(
        self,
        n: int,
        *,
        temperature: float = 1.0,
        max_length: int = 1000,
        prefix: str = "",
        random_state: int | None = None,
    ) -> list[str]:
        """Return new sequences, drawn letter by letter until their end; none is empty.

        Parameters
        ----------
        n
            How many.
        temperature
            What the logits are divided by: below 1 likely letters become more likely, above 1
            less; 0 takes the most likely one each time.
        max_length
            Most letters of a sequence, those of the prefix included.
        prefix
            What all begin with.
        random_state
            The same seed gives the same sequences for the same n; None for others each time.

        Raises
        ------
        ConfigurationError
            For an argument outside its range.
        AlphabetError
            For a prefix with a letter outside the alphabet.
        """
        check_is_fitted(self, "n_parameters_")
        return self._fitted.generate(
            n,
            temperature=temperature,
            max_length=max_length,
            prefix=prefix,
            random_state=random_state,
            threads=self.threads,
        )

    def _score(self, sequences: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        check_is_fitted(self, "n_parameters_")
        return self._fitted.score(sequences, self.threads)
