"""Options that say how labels follow from probabilities."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fastgru.errors import ConfigurationError

if TYPE_CHECKING:
    from fastgru.estimators.decisions import Decision
    from fastgru.estimators.fitted_classifier import FittedClassifier

__all__ = ["add_decision", "chosen_decision", "refuse_decision"]


def add_decision(parser: argparse.ArgumentParser) -> None:
    """Add ``--prevalence``, ``--threshold`` and ``--abstain``."""
    group = parser.add_argument_group(
        "decision", "Applied in this order, after the temperature of the model."
    )
    group.add_argument(
        "--prevalence",
        type=_prevalence,
        metavar="P",
        help="share of the second class among these sequences, or NAME=P,... of every class: "
        "probabilities are re-weighted from that of training",
    )
    group.add_argument(
        "--threshold",
        type=_threshold,
        metavar="X|NAME",
        help="least probability of the second of two classes to be called so, or the name of a "
        "threshold that 'fastgru info' shows (default: the most probable class)",
    )
    group.add_argument(
        "--abstain",
        type=_abstain,
        metavar="P|LOW,HIGH",
        help="label abstain where no class has probability P, or, of two classes, where that of "
        "the second lies between LOW and HIGH",
    )


def chosen_decision(args: argparse.Namespace, model: FittedClassifier) -> Decision:
    """Return how the options decide.

    Raises
    ------
    ConfigurationError
        If they do not fit the model, or each other.
    """
    from fastgru.estimators.decisions import decide_by

    return decide_by(
        model.calibration,
        [str(name) for name in model.classes],
        prevalence=args.prevalence,
        threshold=args.threshold,
        abstain=args.abstain,
    )


def refuse_decision(args: argparse.Namespace, fault: str) -> None:
    """Refuse the options for a model that does not choose one of several classes.

    Parameters
    ----------
    args
        Parsed options of `add_decision`.
    fault
        What is wrong with an option that is given, for the message.

    Raises
    ------
    ConfigurationError
    """
    for name in ("prevalence", "threshold", "abstain"):
        if getattr(args, name) is not None:
            raise ConfigurationError(f"--{name}: {fault}. Leave the option out.")


def _prevalence(text: str) -> float | dict[str, float]:
    if "=" not in text:
        return _probability(text)
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, separator, share = part.rpartition("=")
        if not separator or name in shares:
            fault = "given twice" if separator else "no NAME=P"
            raise argparse.ArgumentTypeError(f"expected NAME=P,..., got {text!r}: {part!r} {fault}")
        shares[name] = _probability(share)
    return shares


def _threshold(text: str) -> float | str:
    try:
        float(text)
    except ValueError:
        return text
    return _probability(text)


def _abstain(text: str) -> float | tuple[float, float]:
    low, separator, high = text.partition(",")
    if not separator:
        return _probability(text)
    band = _probability(low), _probability(high)
    if band[0] >= band[1]:
        raise argparse.ArgumentTypeError(f"expected LOW,HIGH with LOW below HIGH, got {text!r}")
    return band


def _probability(text: str) -> float:
    """Convert a text to a number in (0, 1)."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"expected a number between 0 and 1, got {text!r}")
    return value
