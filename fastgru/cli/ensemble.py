"""``fastgru ensemble``: join models into one that averages them."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastgru.cli.options import add_output, require_new_output
from fastgru.cli.origin import PURPOSE, in_common
from fastgru.cli.overwriting import refuse_compressed
from fastgru.errors import ConfigurationError, counted

if TYPE_CHECKING:
    from fastgru.estimators.ensemble import Ensemble
    from fastgru.estimators.fitted_classifier import FittedClassifier

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Join models of one alphabet and with the same classes, such as those of several seeds, into one
model file. Its probabilities are the mean of theirs, each after its own temperature. The thresholds
of single models do not hold for the mean, so an ensemble has none by name.
"""
_EPILOG = """\
example:
  for seed in 1 2 3; do
    fastgru train genes.fa --labels labels.tsv --split split.tsv --seed $seed -o $seed.safetensors
  done
  fastgru ensemble [123].safetensors -o ensemble.safetensors
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "ensemble",
        help="join models into one that averages them",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "models", nargs="+", metavar="MODEL", help="model files, two or more; the order matters"
    )
    add_output(parser, what="model file (.safetensors)", default=None)


def run(args: argparse.Namespace) -> int:
    """Write the ensemble and return the exit code."""
    from fastgru.estimators.ensemble import make_ensemble
    from fastgru.estimators.loading import load_classifier
    from fastgru.estimators.saving import save_fitted
    from fastgru.models.model_file import read_model

    refuse_compressed(args.output, "model files", "ensemble.safetensors")
    require_new_output(args)
    models = [(path, load_classifier(path)) for path in args.models]
    ensemble = make_ensemble(models)
    _refuse_repeats(models)
    if not _trained_alike(ensemble):
        _LOGGER.warning(
            "warning: the models were trained on different sequences, so what is new to one may "
            "be known to another; test the ensemble on sequences that none of them has seen"
        )
    save_fitted(args.output, ensemble, _origin([read_model(path).card for path in args.models]))
    _LOGGER.info(
        "%s averaged, %s",
        counted(len(ensemble.members), "network"),
        counted(ensemble.n_parameters, "weight"),
    )
    return 0


def _refuse_repeats(models: Sequence[tuple[str, FittedClassifier]]) -> None:
    """Refuse a network that is there twice: it would only count double.

    Raises
    ------
    ConfigurationError
    """
    from fastgru.estimators.ensemble import networks_of

    owners: dict[bytes, str] = {}
    for path, model in models:
        for network in networks_of(model):
            weights = network.network.parameters.values.tobytes()
            if weights in owners:
                raise ConfigurationError(
                    f"{path}: holds the same network as {owners[weights]}, expected networks that "
                    "differ, such as those of several seeds. Leave one of them out."
                )
            owners[weights] = path


def _trained_alike(ensemble: Ensemble) -> bool:
    """Whether all networks that know what they have seen have seen the same sequences."""
    known = {member.seen.to_text() for member in ensemble.members if member.seen is not None}
    return len(known) <= 1


def _origin(cards: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the entries of the card about the data and the use of all models."""
    files = {
        (file["name"], file["sha256"]): file
        for card in cards
        for file in card.get("data", {}).get("files", [])
    }
    origin: dict[str, Any] = {}
    if files:
        n_records = sum(file["n_records"] for file in files.values())
        origin["data"] = {
            "files": list(files.values()),
            "n_records": n_records,
            **in_common([card.get("data", {}) for card in cards], ("split", "train_fraction")),
        }
    if any(card.get("shuffled_labels") for card in cards):
        origin["shuffled_labels"] = True
    return {**origin, **in_common(cards, PURPOSE)}
