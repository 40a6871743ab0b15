"""Made-up results with every file of the contract, written the way the commands write them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from fastgru.data.alphabets import get_alphabet
from fastgru.data.audit import audit
from fastgru.data.duplicates import resolve_duplicates
from fastgru.data.labelled import InputFile, LabelledSequences
from fastgru.data.random_splits import random_split
from fastgru.data.splits import write_split
from fastgru.evaluation import classification_metrics, rescale
from fastgru.evaluation.thresholds import choose_thresholds
from fastgru.models.model_file import write_model
from tests.architectures import small_architecture


def write_dataset(
    folder: Path, classes: list[str], *, alphabet: str = "dna", n_per_class: int = 40
) -> None:
    """Write audit and split of random sequences, with two duplicates and a contradiction."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(len(classes))
    letters = get_alphabet(alphabet).letters
    n_records = n_per_class * len(classes)
    lengths = [60] * n_records if alphabet == "dna" else rng.integers(7, 90, n_records).tolist()
    sequences = ["".join(rng.choice(list(letters), length)) for length in lengths]
    sequences[0] = sequences[len(classes)] = sequences[2 * len(classes)]
    sequences[1] = sequences[2 + len(classes)]
    data = LabelledSequences(
        ids=[f"seq{k}" for k in range(n_records)],
        sequences=sequences,
        labels=[classes[k % len(classes)] for k in range(n_records)],
        files=[InputFile("records.fa.gz", "0" * 64, n_records)],
    )
    write_json(folder / "audit.json", audit(data, get_alphabet(alphabet)))
    used = data.subset(resolve_duplicates(data)[0])
    write_split(folder / "split.tsv", used, random_split(used.labels, seed=0))


def write_run(folder: Path, classes: list[str], *, seed: int = 0, skill: float = 1.0) -> None:
    """Write the files of a run whose predictions are right in most cases."""
    folder.mkdir(parents=True)
    split = read_rows(folder.parent / "split.tsv")
    test = [row for row in split if row["split"] == "test"]
    true = np.array([classes.index(row["label"]) for row in test])
    logits = np.random.default_rng(seed).normal(size=(len(test), len(classes)))
    logits[np.arange(len(test)), true] += skill
    proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    predicted = [classes[k] for k in proba.argmax(axis=1)]
    rows = [
        [row["id"], "ok", label, "", *(f"{p:.6f}" for p in values)]
        for row, label, values in zip(test, predicted, proba, strict=True)
    ]
    write_rows(folder / "predictions.tsv", [["id", "status", "label", "flags", *classes], *rows])
    parts = [row["split"] for row in split]
    counts = {f"n_{part}": parts.count(part) for part in ("train", "validation", "test")}
    scores = classification_metrics([row["label"] for row in test], predicted, proba, classes)
    probabilities = probability_entries([row["label"] for row in test], proba, classes)
    write_json(folder / "metrics.json", {"schema_version": 1, **scores, **probabilities, **counts})
    write_model_file(folder / "model.safetensors", classes, seed)
    write_epochs(folder / "history.tsv")


def probability_entries(
    true: list[str], proba: np.ndarray, classes: list[str]
) -> dict[str, object]:
    """Return the entries about temperature and thresholds, as if T = 2 had been fitted."""
    raw = rescale(proba, 0.5)
    predicted = [classes[k] for k in raw.argmax(axis=1)]
    uncalibrated = classification_metrics(true, predicted, raw, classes)
    thresholds: list[dict[str, object]] = []
    if len(classes) == 2:
        for row in choose_thresholds([name == classes[1] for name in true], proba[:, 1]):
            shared = {name: row.pop(name) for name in ("name", "threshold", "reason")}
            test = None if shared["threshold"] is None else row
            thresholds.append({**shared, "validation": row, "test": test})
    return {"temperature": 2.0, "uncalibrated": uncalibrated, "thresholds": thresholds}


PARAMETERS = {
    "embedding_size": 1,
    "hidden_size": 1,
    "num_layers": 1,
    "bidirectional": False,
    "position_embedding": False,
    "pooling": ["last"],
    "dropout": 0.0,
    "weight_decay": 0.01,
    "calibrate": True,
}
HISTORY_COLUMNS = ["epoch", "learning_rate", "train_loss", "validation_loss"]


def write_epochs(path: Path) -> None:
    """Write a history whose twelfth epoch is the best."""
    write_rows(path, [HISTORY_COLUMNS, *(_epoch(k) for k in range(1, 21))])


def _epoch(number: int) -> list[object]:
    validation_loss = 0.3 + 1.5 / number + 0.02 * max(0, number - 12)
    return [number, 0.003, f"{2 / number:.6f}", f"{validation_loss:.6f}"]


def write_model_file(
    path: Path,
    classes: list[str],
    seed: int,
    *,
    validation_log_loss: float | None = None,
    validation_loss: float | None = None,
) -> None:
    """Write a model that nobody trained; its card says what the report wants to know."""
    architecture = small_architecture(
        n_outputs=len(classes), embedding_size=1, hidden_size=1, dtype="float32"
    )
    card = {
        "fastgru_version": "0.1.0",
        "alphabet": "dna",
        "classes": classes,
        "architecture": architecture.to_dict(),
        "training": {
            "parameters": {"random_state": seed, **PARAMETERS},
            "best_epoch": 12,
            "history": _history(validation_loss),
        },
        "calibration": {
            "temperature": 1.0,
            "n_sequences": 0,
            "before": None,
            "after": None,
            "validation_log_loss": validation_log_loss,
        },
    }
    shapes = architecture.parameter_shapes()
    weights = {name: np.zeros(shape, dtype=np.float32) for name, shape in shapes.items()}
    write_model(path, card, weights)


def _history(validation_loss: float | None) -> list[dict[str, float]]:
    """Return the twelfth epoch alone, if it is of interest."""
    if validation_loss is None:
        return []
    columns = ("learning_rate", "train_loss", "validation_accuracy", "gradient_norm")
    return [{"epoch": 12, **dict.fromkeys(columns, 0.5), "validation_loss": validation_loss}]


def write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def write_rows(path: Path, rows: list[list[object]]) -> None:
    text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")


def read_rows(path: Path) -> list[dict[str, str]]:
    header, *rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return [dict(zip(header, row, strict=True)) for row in rows]
