"""``fastgru info``: say what a model file holds."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import Any

from fastgru.errors import counted

_DESCRIPTION = """\
Show what a model file says about itself: alphabet, classes, network, training and data. Reads the
file's header and weights only; nothing in it is executed.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "info",
        help="say what a model file holds",
        description=_DESCRIPTION,
        epilog="example:\n  fastgru info model.safetensors --json\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="MODEL", help="model file from 'fastgru train'")
    parser.add_argument("--json", action="store_true", help="print the whole card as JSON")


def run(args: argparse.Namespace) -> int:
    """Print the card and return the exit code."""
    import json

    from fastgru.models.model_file import read_model

    saved = read_model(args.model)
    if args.json:
        sys.stdout.write(json.dumps(saved.card, indent=2, sort_keys=True) + "\n")
        return 0
    n_parameters = sum(value.size for value in saved.tensors.values())
    rows = list(_describe(saved.card, n_parameters))
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        # a name from a foreign file must not steer the terminal
        shown = value if value.isprintable() else repr(value)
        sys.stdout.write(f"{name.ljust(width)}  {shown}\n")
    return 0


def _describe(card: dict[str, Any], n_parameters: int) -> Iterator[tuple[str, str]]:
    """Yield name and value of each line."""
    network, training = card["architecture"], card["training"]
    yield "format", f"{card['format_version']} (fastgru {card.get('fastgru_version', '?')})"
    if card.get("shuffled_labels"):
        yield "CONTROL", "trained on SHUFFLED LABELS: its predictions mean nothing"
    yield "alphabet", card["alphabet"]
    yield "classes", ", ".join(card["classes"])
    layers = counted(network["num_layers"], "GRU layer")
    directions = "both directions" if network["bidirectional"] else "one direction"
    yield "network", f"{layers} of {counted(network['hidden_size'], 'unit')}, {directions}"
    yield "letters", f"{counted(network['embedding_size'], 'feature')} each"
    if network["n_positions"]:
        yield "positions", f"learned, for sequences of up to {network['n_positions']} letters"
    yield "pooling", ", ".join(network["pooling"])
    yield "weights", f"{n_parameters} ({network['dtype']})"
    yield from _describe_training(training)
    for file in card.get("data", {}).get("files", []):
        yield "file", f"{file['name']} (sha256 {file['sha256'][:16]}...)"


def _describe_training(training: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if training.get("n_train"):
        stopped_by = training.get("n_validation", 0)
        more = f", {stopped_by} for validation" if stopped_by else ""
        yield "trained on", counted(training["n_train"], "sequence") + more
    history, best = training.get("history", []), training["best_epoch"]
    if 0 < best <= len(history):
        kept = history[best - 1]
        yield "epochs", f"{len(history)}, number {best} kept"
        loss, accuracy = kept["validation_loss"], kept["validation_accuracy"]
        if loss is not None and accuracy is not None:
            yield "validation", f"loss {loss:.4f}, accuracy {accuracy:.4f}"
