"""Accuracy on GUE's mouse data 0: ``python -m benchmarks.accuracy.gue_mouse FOLDER``.

The folder holds ``train.csv``, ``dev.csv`` and ``test.csv`` with the columns ``sequence`` and
``label`` (0 or 1): windows of 100 bases with or without a binding site of one transcription
factor.  Printed beside the baselines.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from benchmarks.accuracy.published_split import (
    describe_mean,
    positive_probabilities,
    read_command,
    scores,
)

CONFIG = Path(__file__).with_suffix(".toml")
POSITIVE = "1"


def read_part(folder: Path, part: str) -> tuple[list[str], list[str]]:
    """Read sequences and labels of one of the published parts."""
    with (folder / f"{part}.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [row["sequence"] for row in rows], [row["label"] for row in rows]


def main() -> None:
    """Train, test and print."""
    folder, threads, config = read_command(__doc__, CONFIG)
    train, evaluation, test = (read_part(folder, part) for part in ("train", "dev", "test"))
    training = (train[0] + evaluation[0], train[1] + evaluation[1])
    truth = np.array([label == POSITIVE for label in test[1]])
    print(f"{'':28} {len(truth)} records")
    print(f"{'':28} accuracy  ROC AUC")
    found = positive_probabilities(config, training, test[0], POSITIVE, threads)
    rows = {name: scores(proba, truth) for name, proba in found.items()}
    for name, row in rows.items():
        print(f"{name:28} {' '.join(f'{value:8.4f}' for value in row)}")
    print(describe_mean(rows))
    target = config["target"]
    print(f"target: accuracy {target['accuracy']}, ROC AUC {target['roc_auc']}")


if __name__ == "__main__":
    main()
