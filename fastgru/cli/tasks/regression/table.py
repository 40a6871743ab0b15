"""What is predicted of each target: the number, and both ends of its 90 % interval."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from fastgru.estimators.fitted_regressor import FittedRegressor

__all__ = ["COVERAGE", "columns_of", "predict_columns", "warn_of_wide_intervals"]

_LOGGER = logging.getLogger(__name__)
COVERAGE = 0.9


def columns_of(names: Sequence[str]) -> list[str]:
    """Return the columns of targets."""
    return [column for name in names for column in (name, f"{name}_lower", f"{name}_upper")]


def predict_columns(
    fitted: FittedRegressor, sequences: Sequence[str], threads: int | None
) -> np.ndarray:
    """Return float64 (n, 3 k): the prediction of each target, and both ends around it.

    Parameters
    ----------
    fitted
    sequences
    threads
        Most threads to use; None for all CPUs that the process may use.
    """
    import numpy as np

    values, widths = fitted.predict(sequences, threads), fitted.half_widths(COVERAGE)
    return np.stack([values, values - widths, values + widths], axis=2).reshape(len(values), -1)


def warn_of_wide_intervals(fitted: FittedRegressor) -> None:
    """Say so where the validation set was too small for an interval."""
    for name, width, sizes in zip(
        fitted.targets, fitted.half_widths(COVERAGE), fitted.residuals, strict=True
    ):
        if width == float("inf"):
            _LOGGER.warning(
                "warning: the model has %d validation residuals of %s, too few for an interval "
                "that holds %.0f %%, so its columns stay empty",
                len(sizes),
                name,
                100 * COVERAGE,
            )
