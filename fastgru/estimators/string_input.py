"""What scikit-learn is told of the input of every estimator here."""

from __future__ import annotations

from sklearn.base import BaseEstimator
from sklearn.utils import Tags

__all__ = ["StringInput"]


class StringInput(BaseEstimator):
    """An estimator whose input is a list of strings."""

    def __sklearn_tags__(self) -> Tags:
        """Say that the input is a list of strings."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags
