"""Model files to read and to damage: their bytes, and their header taken apart."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from fastgru.models.model_file import write_model
from tests.architectures import small_architecture

SAVED = sorted((Path(__file__).parent / "files").glob("*/*.safetensors"))
"""Files that earlier states of fastgru have written, by `tests.models.record_files`."""

ARCHITECTURE = small_architecture(
    bidirectional=True, pooling=("last", "max"), dropout=0.25, dtype="float32"
)
EPOCH = {
    "epoch": 1,
    "learning_rate": 0.003,
    "train_loss": 0.7,
    "validation_loss": None,
    "validation_accuracy": None,
    "gradient_norm": 1.5,
}


SCORE = {"name": "accuracy", "part": None, "value": 0.5, "interval": [0.25, 0.75]}
METRICS = {
    "n_test": 24,
    "n_seen": 0,
    "data": {
        "files": [{"name": "a.fa", "sha256": "0", "n_records": 80}],
        "n_records": 80,
        "subset": "test",
    },
    "bootstrap": {"over": "records", "confidence": 0.95, "seed": 2**40},
    "scores": [SCORE, {**SCORE, "part": "yes", "value": None, "interval": None}],
}


def saved_name(path: Path) -> str:
    """The name of a file of `SAVED` in the output of pytest."""
    return f"{path.parent.name}/{path.stem}"


def make_card(**changes: object) -> dict[str, Any]:
    card: dict[str, Any] = {
        "fastgru_version": "0.1.0",
        "alphabet": "dna",
        "symbols": "ACGTBDHKMNRSVWXY",
        "classes": ["no", "yes"],
        "classes_are_integers": False,
        "architecture": ARCHITECTURE.to_dict(),
        "training": {
            "parameters": {"hidden_size": 5},
            "n_train": 80,
            "n_validation": 20,
            "history": [EPOCH],
            "best_epoch": 1,
        },
        "data": {"files": [{"name": "a.fa", "sha256": "0" * 64, "n_records": 100}]},
    }
    return {**card, **changes}


def make_tensors(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = ARCHITECTURE.parameter_shapes()
    return {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def write(folder: Path, **changes: object) -> Path:
    path = folder / "model.safetensors"
    write_model(path, make_card(**changes), make_tensors())
    return path


def take_apart(content: bytes) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Header without the card, card, and weights of a model file."""
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    (text,) = header["__metadata__"].values()
    card = json.loads(text)
    return header, card, content[8 + size :]


def checksum(header: dict[str, Any], card: dict[str, Any], weights: bytes) -> str:
    covered = {name: value for name, value in card.items() if name != "sha256"}
    digest = hashlib.sha256(json.dumps(covered, sort_keys=True, allow_nan=False).encode())
    for name in sorted(header.keys() - {"__metadata__"}):
        start, end = header[name]["data_offsets"]
        digest.update(name.encode() + b"\0" + weights[start:end])
    return digest.hexdigest()


def put_together(
    header: dict[str, Any], card: object, weights: bytes, key: str = "fastgru"
) -> bytes:
    """The model file with this card, its checksum renewed; a string is the text of the card."""
    if isinstance(card, dict) and "sha256" in card:
        card = {**card, "sha256": checksum(header, card, weights)}
    text = card if isinstance(card, str) else json.dumps(card)
    text = json.dumps({**header, "__metadata__": {key: text}})
    text += " " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text.encode() + weights
