"""What estimators of sequences take, in the words of scikit-learn."""

from __future__ import annotations

from sklearn.base import BaseEstimator
from sklearn.utils import Tags

__all__ = ["StringInput", "TableTargets"]


class StringInput(BaseEstimator):
    """An estimator whose input is a list of strings."""

    def __sklearn_tags__(self) -> Tags:
        """Say that the input is a list of strings."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags


class TableTargets:
    """An estimator that also takes several targets, or labels, for each sequence."""

    def __sklearn_tags__(self) -> Tags:
        """Say that the targets may be a table."""
        tags: Tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.target_tags.multi_output = True
        if tags.classifier_tags is not None:
            tags.classifier_tags.multi_label = True
        return tags
