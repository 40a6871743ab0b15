"""Accuracy on AMP Scanner v2: ``python -m benchmarks.accuracy.amp_scanner FOLDER``.

The folder holds ``AMP.tr.fa``, ``DECOY.tr.fa`` and the same for ``eval`` and ``te``, and the list
``test_rows_with_ge40pct_hit_in_train_eval.txt`` of test records that have a relative among those to
learn from: their places, from 0, with the AMPs before the decoys.  Printed beside the baselines,
with and without these.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.accuracy.published_split import (
    describe_mean,
    positive_probabilities,
    read_command,
    scores,
)
from fastgru.data.labelled import LabelledSequences, read_labelled

CONFIG = Path(__file__).with_suffix(".toml")
RELATED = "test_rows_with_ge40pct_hit_in_train_eval.txt"
POSITIVE = "AMP"


def read_part(folder: Path, part: str) -> LabelledSequences:
    """Read one of the published parts."""
    classes = {name: folder / f"{name}.{part}.fa" for name in ("AMP", "DECOY")}
    return read_labelled("protein", classes=classes)


def read_related(folder: Path) -> list[int]:
    """Return the places of the test records that have a relative."""
    return [int(line) for line in (folder / RELATED).read_text(encoding="utf-8").split()]


def main() -> None:
    """Train, test and print."""
    folder, threads, config = read_command(__doc__, CONFIG)
    train, evaluation, test = (read_part(folder, part) for part in ("tr", "eval", "te"))
    training = (train.sequences + evaluation.sequences, train.labels + evaluation.labels)
    truth = np.array([label == POSITIVE for label in test.labels])
    alone = np.ones(len(test), bool)
    alone[read_related(folder)] = False
    n_all, n_alone = len(test), int(alone.sum())
    print(f"{'':28} all {n_all} records    without {n_all - n_alone} with relatives")
    print(f"{'':28} accuracy  ROC AUC   accuracy  ROC AUC")
    found = positive_probabilities(config, training, test.sequences, POSITIVE, threads)
    rows = {
        name: (*scores(proba, truth), *scores(proba, truth, alone)) for name, proba in found.items()
    }
    for name, row in rows.items():
        cells = [f"{value:8.4f}" for value in row]
        print(f"{name:28} {' '.join(cells[:2])}   {' '.join(cells[2:])}")
    print(describe_mean(rows))
    target, published = config["target"], config["published"]
    print(f"published (CNN and LSTM): accuracy {published['accuracy']}")
    print(f"target: accuracy {target['accuracy']}, ROC AUC {target['roc_auc']}")


if __name__ == "__main__":
    main()
