"""Data, scores and thresholds of a card in words, for ``fastgru info``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastgru.errors import counted

__all__ = ["describe_data", "describe_metrics", "describe_thresholds", "number_cell"]

_THRESHOLD_SCORES = ("sensitivity", "specificity", "precision", "f1", "mcc")


def describe_data(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield name and value of the lines about the files of training, and their split.

    Parameters
    ----------
    data
        Entry of the card.
    """
    for file in data.get("files", []):
        yield "file", f"{file['name']} (sha256 {file['sha256'][:16]}...)"
    if "split" in data:
        split = data["split"]
        counts = [f"{split[f'n_{part}']} {part}" for part in ("train", "validation", "test")]
        origin = "a column beside the labels"
        if split["name"] is not None:
            origin = f"{split['name']} (sha256 {(split['sha256'] or '?')[:16]}...)"
        groups = split["n_groups"]
        whole = "" if groups is None else f" in {counted(groups, 'group')}"
        yield "split", f"{origin}: {', '.join(counts)}{whole}"
        if split.get("method") is not None:
            seed = "" if split.get("seed") is None else f", seed {split['seed']}"
            yield "split method", f"{split['method']}{seed}"
    if "train_fraction" in data:
        yield "learned from", f"{data['train_fraction']:.4g} of the training part"


def describe_metrics(card: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the table of scores, behind an empty one.

    Parameters
    ----------
    card
    """
    if "metrics" not in card:
        return
    metrics = card["metrics"]
    confidence = f"{100 * metrics['bootstrap']['confidence']:g} %"
    yield ""
    yield (
        f"scores on {counted(metrics['n_test'], 'sequence')}{_tested_part(metrics['data'])}, with "
        f"{confidence} intervals (bootstrap over {metrics['bootstrap']['over']})"
    )
    if metrics["n_seen"]:
        yield f"{metrics['n_seen']} of them were seen in training: THE SCORES MEASURE MEMORY"
    names = [_score_name(score) for score in metrics["scores"]]
    width = max(map(len, names), default=0)
    yield "".join([" " * width, *(f"{name:>13}" for name in ("score", "from", "to"))])
    for name, score in zip(names, metrics["scores"], strict=True):
        cells = [score["value"], *(score["interval"] or (None, None))]
        yield "".join([name.ljust(width), *(f"{number_cell(cell):>13}" for cell in cells)])


def _tested_part(data: dict[str, Any]) -> str:
    """Say where the sequences of scores are from."""
    files = ", ".join(file["name"] for file in data.get("files", []))
    part = f"the part {data['subset']} of " if data.get("subset") else ""
    return f" ({part}{files})" if files else ""


def _score_name(score: dict[str, Any]) -> str:
    return score["name"] if score["part"] is None else f"{score['part']}, {score['name']}"


def describe_thresholds(card: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the table of thresholds, behind an empty one.

    Parameters
    ----------
    card
    """
    table = card.get("thresholds", {"rows": [], "reason": None})
    if table["rows"]:
        yield ""
        yield f"thresholds for {card['classes'][1]}, and their scores on the validation sequences"
        yield "".join([f"{'':15}{'threshold':>11}", *(f"{name:>13}" for name in _THRESHOLD_SCORES)])
    for row in table["rows"]:
        if row["threshold"] is None:
            yield f"{row['name']:15}{'-':>11}  {row['reason']}"
        else:
            cells = "".join(f"{number_cell(row[name]):>13}" for name in _THRESHOLD_SCORES)
            yield f"{row['name']:15}{row['threshold']:11.4g}{cells}"


def number_cell(value: float | None) -> str:
    """Return a score as it is shown."""
    return "-" if value is None else f"{value:.4f}"
