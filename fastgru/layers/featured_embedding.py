"""From letters with features to what the layers read: embedding and standardised features.

::

    x_t = [embedding of letter_t, (features_t - mean) / deviation]
"""

from __future__ import annotations

import numpy as np

from fastgru.layers.embedding import Embedding
from fastgru.layers.layer_input import InputGradients, LayerInput, as_dense
from fastgru.layers.series_input import SeriesInput

__all__ = ["FeaturedEmbedding"]


class FeaturedEmbedding:
    """Learned vectors of letters, with the features of each behind them.

    Parameters
    ----------
    letters
    features

    Attributes
    ----------
    parameters, grads : dict of np.ndarray
        Those of the letters.
    """

    def __init__(self, letters: Embedding, features: SeriesInput) -> None:
        self._letters, self._features = letters, features
        self.parameters, self.grads = letters.parameters, letters.grads

    def begin_with(self, known: np.ndarray) -> None:
        """Let vectors begin with what is known of their letters: see :class:`.Embedding`.

        Parameters
        ----------
        known
            Float (n_rows, n).
        """
        self._letters.begin_with(known)

    def forward(
        self, joined: np.ndarray, lengths: np.ndarray
    ) -> tuple[LayerInput, np.ndarray, int]:
        """Return the input of the layers, its lengths, and the steps that it has room for.

        Parameters
        ----------
        joined
            float64 (B, T, 1 + F): codes and features, valid past a sequence's end as well.
        lengths
            int64 (B,)
        """
        codes = joined[:, :, 0].astype(np.int32)
        given, lengths, n_steps = self._letters.forward(codes, lengths)
        features, _, _ = self._features.forward(joined[:, :, 1:], lengths)
        assert features.x is not None
        letters = as_dense(given, len(lengths), n_steps)
        self._n_embedded = letters.shape[1]
        return LayerInput(x=np.concatenate([letters, features.x], axis=1)), lengths, n_steps

    def backward(self, gradients: InputGradients) -> None:
        """Add to the gradients of the vectors.

        Parameters
        ----------
        gradients
            Of what the last forward pass has returned.
        """
        assert gradients.x is not None
        of_letters = np.ascontiguousarray(gradients.x[:, : self._n_embedded])
        self._letters.backward(InputGradients(None, None, of_letters))
