"""``fastgru info``: say what a model file holds."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fastgru.cli.card_rows import (
    describe_data,
    describe_metrics,
    describe_thresholds,
    number_cell,
)
from fastgru.cli.network_rows import describe_network
from fastgru.errors import counted

if TYPE_CHECKING:
    from fastgru.models.model_file import SavedModel, SavedNetwork

_DESCRIPTION = """\
Show what a model file says about itself: alphabet, classes, network, training, calibration, data,
scores, thresholds, licence and intended use. Reads the file's header and weights only; nothing in
it is executed.
"""
_VALIDATION_SCORES = {
    "validation_accuracy": "accuracy",
    "validation_r2": "R^2",
    "validation_bits": "bits per letter",
    "validation_token_accuracy": "token accuracy",
}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "info",
        help="say what a model file holds",
        description=_DESCRIPTION,
        epilog="examples:\n  fastgru info model.safetensors --json\n  fastgru info --schema\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="MODEL", help="model file")
    parser.add_argument("--json", action="store_true", help="print the whole card as JSON")
    parser.add_argument(
        "--schema",
        action=_ShowSchema,
        nargs=0,
        help="print what any card may hold as JSON Schema, and leave",
    )


class _ShowSchema(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from fastgru.models.card_schema import json_schema

        _write_json(json_schema())
        parser.exit()


def run(args: argparse.Namespace) -> int:
    """Print the card and return the exit code."""
    from fastgru.models.model_file import read_model

    saved = read_model(args.model)
    if args.json:
        _write_json(saved.card)
        return 0
    rows = list(_describe(saved))
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        sys.stdout.write(f"{name.ljust(width)}  {_printable(value)}\n")
    for line in (*describe_metrics(saved.card), *describe_thresholds(saved.card)):
        sys.stdout.write(f"{_printable(line)}\n")
    return 0


def _write_json(value: Any) -> None:
    import json

    sys.stdout.write(json.dumps(value, indent=2, sort_keys=True) + "\n")


def _printable(text: str) -> str:
    """Keep a name from a foreign file from steering the terminal."""
    return text if text.isprintable() else repr(text)


def _describe(saved: SavedModel) -> Iterator[tuple[str, str]]:
    """Yield name and value of each line."""
    card, networks = saved.card, saved.networks
    yield "format", f"{card['format_version']} ({_versions(card)})"
    for key, name in (("license", "licence"), ("intended_use", "intended use")):
        if key in card:
            yield name, card[key]
    if card.get("shuffled_labels"):
        yield "CONTROL", "trained on SHUFFLED LABELS: its predictions mean nothing"
    yield "task", card.get("task", "classification")
    yield "alphabet", card["alphabet"]
    yield from _describe_outputs(card)
    if len(networks) > 1:
        yield "ensemble", f"{len(networks)} networks, whose probabilities are averaged"
    for number, network in enumerate(networks, start=1):
        if len(networks) > 1:
            seed = network.card["training"]["parameters"].get("random_state")
            yield f"network {number}", f"random_state {'unknown' if seed is None else seed}"
        yield from _describe_network(network)
        yield from _describe_training(network.card["training"])
        yield from _describe_probabilities(network.card)
    yield from describe_data(card.get("data", {}))


def _versions(card: dict[str, Any]) -> str:
    """Name the programs that wrote a file."""
    names = {"python": "Python", "numpy": "NumPy", "numba": "Numba"}
    versions = card.get("versions", {})
    others = [f"{name} {versions[key]}" for key, name in names.items() if key in versions]
    return ", ".join([f"fastgru {card.get('fastgru_version', '?')}", *others])


def _describe_outputs(card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if "classes" in card:
        yield "classes", ", ".join(card["classes"])
        return
    if "target_alphabet" in card:
        yield "written in", card["target_alphabet"]
    if "labels" in card:
        yield "labels", ", ".join(card["labels"])
    for k, name in enumerate(card.get("targets", [])):
        mean, deviation = card["target_mean"][k], card["target_deviation"][k]
        residuals = card["residuals"][k]
        off = f", median error {residuals[len(residuals) // 2]:.4g}" if residuals else ""
        yield "target", f"{name} (mean {mean:.4g}, deviation {deviation:.4g}{off})"


def _describe_network(network: SavedNetwork) -> Iterator[tuple[str, str]]:
    sizes = network.architecture
    yield from describe_network(sizes)
    if not sizes.pooling and "classes" in network.card:
        together = ", scored together by a random field" if sizes.crf else ""
        yield "outputs", f"for each letter{together}"
    n_parameters = sum(network.tensors[name].size for name in sizes.parameter_shapes())
    made = f", which make {sizes.n_weights}" if sizes.n_weights > n_parameters else ""
    yield "weights", f"{n_parameters} ({sizes.dtype}){made}"
    if "pretrained" in network.card:
        yield (
            "pretrained",
            f"language model (sha256 {network.card['pretrained']['sha256'][:16]}...)",
        )


def _describe_training(training: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if training.get("n_train"):
        stopped_by = training.get("n_validation", 0)
        more = f", {stopped_by} for validation" if stopped_by else ""
        yield "trained on", counted(training["n_train"], "sequence") + more
    history, best = training.get("history", []), training["best_epoch"]
    if 0 < best <= len(history):
        kept = history[best - 1]
        yield "epochs", f"{len(history)}, number {best} kept"
        loss = kept["validation_loss"]
        for name, score in kept.items():
            if name in _VALIDATION_SCORES and loss is not None and score is not None:
                yield "validation", f"loss {loss:.4f}, {_VALIDATION_SCORES[name]} {score:.4f}"


def _describe_probabilities(card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    fitted = card.get("calibration", {})
    if fitted.get("before") and fitted.get("after"):
        changes = [
            f"{name} {number_cell(fitted['before'][key])} to {number_cell(fitted['after'][key])}"
            for key, name in (("log_loss", "log loss"), ("brier", "Brier score"), ("ece", "ECE"))
        ]
        on = counted(fitted["n_sequences"], "validation sequence")
        yield "calibration", f"temperature {fitted['temperature']:.4g}, fitted on {on}"
        yield "", ", ".join(changes)
    shares = card.get("prevalence") or []
    if shares:
        named = zip(card.get("classes") or card["labels"], shares, strict=False)
        yield "prevalence", ", ".join(f"{name} {share:.4g}" for name, share in named)
    inputs = card.get("inputs")
    if inputs:
        steps = "steps" if "lowest" in inputs else "letters"
        yield "lengths", f"{inputs['shortest']} to {inputs['longest']} {steps} in training"
