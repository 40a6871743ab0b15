"""Checks of the parameters of an estimator that is about to learn, on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastgru.estimators.parameters import check_parameters
from fastgru.layers.checks import check_precision

__all__ = ["check_to_train"]


def check_to_train(values: Mapping[str, Any], task: str = "classification") -> dict[str, Any]:
    """Check the value of every parameter, and that this machine can train so.

    A model that was trained on another machine need not pass: it can be used on any.

    Parameters
    ----------
    values, task
        As for :func:`fastgru.estimators.parameters.check_parameters`.

    Returns
    -------
    dict
        Plain values by name, as from there.

    Raises
    ------
    ConfigurationError
        As there, or where this CPU has no instructions for the precision.
    """
    checked = check_parameters(values, task)
    check_precision(checked["precision"], np.dtype(checked["dtype"]), compiled=True)
    return checked
