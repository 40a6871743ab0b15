"""What a translator writes and says of translations once it is fitted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.utils.validation import check_is_fitted

from fastgru.errors import LabelError
from fastgru.estimators.fitted_estimator import FittedEstimator
from fastgru.estimators.fitted_translator import FittedTranslator, TranslatedSequence

__all__ = ["Translating"]


class Translating(FittedEstimator):
    """What a :class:`fastgru.Seq2Seq` does by its fitted model."""

    _fitted: FittedTranslator

    def predict(
        self,
        sequences: Sequence[str],
        *,
        beam_size: int = 1,
        length_penalty: float = 0.0,
        max_length: int | None = None,
    ) -> list[str]:
        """Return the translation of each sequence.

        Parameters
        ----------
        sequences
            n strings over the alphabet, none empty.
        beam_size, length_penalty, max_length
            As for :meth:`translate`.
        """
        found = self.translate(
            sequences, beam_size=beam_size, length_penalty=length_penalty, max_length=max_length
        )
        return [one.sequence for one in found]

    def translate(
        self,
        sequences: Sequence[str],
        *,
        beam_size: int = 1,
        length_penalty: float = 0.0,
        max_length: int | None = None,
    ) -> list[TranslatedSequence]:
        """Return the translation of each sequence, its log-probability, and whether it has ended.

        Parameters
        ----------
        sequences
            n strings over the alphabet, none empty.
        beam_size
            Beginnings of a translation of which the best is kept in the end; with 1 the likeliest
            token is taken each time.
        length_penalty
            Exponent by which longer translations are preferred (Wu et al. 2016, arXiv 1609.08144,
            equation 14), 0 for not at all.
        max_length
            Most tokens of a translation, its end included; None for half as many again, for its
            letters, as any of training has, and ten.

        Returns
        -------
        list of TranslatedSequence
            ``sequence``, ``log_probability`` in nats, ``ended``.

        Raises
        ------
        ConfigurationError
            For a value outside its range.
        AlphabetError
            For an empty sequence or a letter outside the alphabet.
        """
        check_is_fitted(self, "n_parameters_")
        return self._fitted.translate(
            sequences,
            beam_size=beam_size,
            length_penalty=length_penalty,
            max_length=max_length,
            threads=self.threads,
        )

    def score_samples(self, sequences: Sequence[str], y: Sequence[str]) -> np.ndarray:
        """Return the log-likelihood of each given translation in nats, its end included.

        Parameters
        ----------
        sequences, y
            As for :meth:`score`.

        Returns
        -------
        np.ndarray
            float64 (n,)
        """
        check_is_fitted(self, "n_parameters_")
        return self._fitted.score_targets(sequences, y, self.threads).log_likelihoods

    def score(self, sequences: Sequence[str], y: Sequence[str]) -> float:
        """Return the share of tokens, ends included, that are expected behind the true ones.

        The tokens before each are those of the given translation, not of the model's own; for
        those compare with :meth:`predict`.

        Parameters
        ----------
        sequences
            n strings over the alphabet, none empty.
        y
            n translations, none empty.

        Raises
        ------
        AlphabetError, LabelError
            For sequences or translations that cannot be used, or none.
        """
        check_is_fitted(self, "n_parameters_")
        scores = self._fitted.score_targets(sequences, y, self.threads)
        if not len(scores.n_tokens):
            raise LabelError("sequences: there are none, expected at least one. Give some.")
        return float(scores.n_right.sum() / scores.n_tokens.sum())
