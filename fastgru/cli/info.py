"""``fastgru info``: say what a model file holds."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import Any

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
        sys.stdout.write(f"{name.ljust(width)}  {value}\n")
    return 0


def _describe(card: dict[str, Any], n_parameters: int) -> Iterator[tuple[str, str]]:
    """Yield name and value of each line."""
    network, training = card["architecture"], card.get("training", {})
    directions = "both directions" if network["bidirectional"] else "one direction"
    yield "format", f"{card['format_version']} (fastgru {card.get('fastgru_version', '?')})"
    yield "alphabet", card["alphabet"]
    yield "classes", ", ".join(card["classes"])
    layers = f"{network['num_layers']} GRU layer(s) of {network['hidden_size']} units, {directions}"
    yield "network", f"{layers}, {network['embedding_size']} features a letter"
    if network["n_positions"]:
        yield "positions", f"learned, for sequences of up to {network['n_positions']} letters"
    yield "pooling", ", ".join(network["pooling"])
    yield "parameters", f"{n_parameters} ({network['dtype']})"
    data = card.get("data")
    if data:
        yield "trained on", f"{data['n_train']} sequences, {data['n_validation']} for validation"
        for file in data["files"]:
            yield "file", f"{file['name']} (sha256 {file['sha256'][:16]}...)"
    history, best = training.get("history", []), training.get("best_epoch", 0)
    if 0 < best <= len(history):
        kept = history[best - 1]
        yield "epochs", f"{len(history)}, number {best} kept"
        if kept.get("validation_loss") is not None:
            yield (
                "validation",
                f"loss {kept['validation_loss']:.4f}, accuracy {kept['validation_accuracy']:.4f}",
            )
