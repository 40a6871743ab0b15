"""Which windows and strands suit a model, where the caller does not say."""

from __future__ import annotations

from collections.abc import Iterator

from fastgru.data.windows import WindowGrid
from fastgru.errors import ConfigurationError, counted
from fastgru.estimators.ensemble import Ensemble
from fastgru.estimators.fitted_model import FittedModel
from fastgru.estimators.fitted_network import FittedNetwork

__all__ = ["SCAN_STRANDS", "choose_grid", "choose_strands", "is_symmetric", "training_lengths"]

SCAN_STRANDS = ("forward", "both", "symmetric")
_SYMMETRIC = ("average", "equivariant")


def _networks(model: FittedModel) -> Iterator[FittedNetwork]:
    if isinstance(model, Ensemble):
        yield from model.members
    elif isinstance(model, FittedNetwork):
        yield model


def is_symmetric(model: FittedModel) -> bool:
    """Whether a model says the same of both strands of DNA, by the way it is made."""
    kinds = [network.parameters.get("reverse_complement") for network in _networks(model)]
    return bool(kinds) and all(kind in _SYMMETRIC for kind in kinds)


def choose_strands(model: FittedModel, strands: str | None) -> str:
    """Return which strands to read: what is asked for, else what suits the model.

    Parameters
    ----------
    model
    strands
        One of :data:`SCAN_STRANDS`; None for ``"symmetric"`` of a model that is so by the way it
        is made, ``"both"`` of others for DNA, and ``"forward"`` of those for RNA and proteins.

    Raises
    ------
    ConfigurationError
        For another name, or the other strand of what has none.
    """
    alphabet = model.parameters["alphabet"]
    if strands is None:
        if alphabet != "dna":
            return "forward"
        return "symmetric" if is_symmetric(model) else "both"
    if strands not in SCAN_STRANDS:
        expected = ", ".join(map(repr, SCAN_STRANDS))
        raise ConfigurationError(f"strands must be one of {expected}, got {strands!r}.")
    if alphabet != "dna" and strands != "forward":
        raise ConfigurationError(
            f"--strands {strands}: the model reads {alphabet} sequences, expected DNA, which alone "
            "is scanned on its other strand. Use --strands forward."
        )
    return strands


def training_lengths(model: FittedModel) -> tuple[int, int] | None:
    """Return the shortest and the longest sequence of the training set; None if unknown."""
    known = [network.inputs for network in _networks(model) if network.inputs is not None]
    if not known:
        return None
    return min(inputs.shortest for inputs in known), max(inputs.longest for inputs in known)


def choose_grid(model: FittedModel, window: int | None, step: int | None) -> WindowGrid:
    """Return where the windows of a scan lie.

    Parameters
    ----------
    model
    window
        Letters of each; None for the length of the training sequences, if all have the same.
    step
        Letters from one to the next; None for half a window.

    Raises
    ------
    ConfigurationError
        If there is no window to choose, or the model cannot read one of that length.
    """
    lengths = training_lengths(model)
    if window is None:
        if lengths is None or lengths[0] != lengths[1]:
            known = f"of {lengths[0]} to {lengths[1]}" if lengths else "of an unknown number of"
            raise ConfigurationError(
                f"--window: not given, and the model was trained on sequences {known} letters, "
                "expected one length to take. Give the length of what it shall judge."
            )
        window = lengths[0]
    limit = model.max_length
    if window < model.min_length:
        raise ConfigurationError(
            f"--window {window}: the model reads {counted(model.min_length, 'letter')} or more, "
            f"expected at least {model.min_length}. Use longer windows."
        )
    if limit is not None and window > limit:
        raise ConfigurationError(
            f"--window {window}: the model has learned {limit} positions, expected at most {limit}."
            " Use shorter windows, or train without position_embedding."
        )
    for name, value in (("window", window), ("step", step)):
        if value is not None and value < 1:
            raise ConfigurationError(f"{name} must be at least 1, got {value}.")
    return WindowGrid(window, max(1, window // 2) if step is None else step)
