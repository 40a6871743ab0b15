"""Accuracy on the bundled splice junctions in ten folds: ``python -m benchmarks.accuracy.splice``.

Repeated sequences and those with more than one label are left out first.  Printed beside the
baselines; a fold takes about a minute, and standard error says which one is done.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from benchmarks.accuracy.published_split import all_probabilities, describe_mean, read_command
from fastgru.datasets import load_splice

CONFIG = Path(__file__).with_suffix(".toml")


def main() -> None:
    """Train, test and print."""
    _, threads, config = read_command(__doc__, CONFIG, in_folder=False)
    data = load_splice(resolve=True)
    sequences, labels = np.array(data.sequences), np.array(data.labels)
    classes, truth = np.unique(labels, return_inverse=True)
    pooled: dict[str, np.ndarray] = {}
    folds = StratifiedKFold(config["folds"], shuffle=True, random_state=0)
    for number, (train, test) in enumerate(folds.split(sequences, labels), start=1):
        training = sequences[train].tolist(), labels[train].tolist()
        found = all_probabilities(config, training, sequences[test].tolist(), threads)
        for name, proba in found.items():
            pooled.setdefault(name, np.zeros((len(truth), len(classes))))[test] = proba
        print(f"fold {number} of {config['folds']} is done", file=sys.stderr)
    print(f"{'':28} {len(truth)} records in {config['folds']} folds")
    print(f"{'':28} accuracy  ROC AUC")
    rows = {
        name: (
            float((proba.argmax(axis=1) == truth).mean()),
            float(roc_auc_score(truth, proba, multi_class="ovr")),
        )
        for name, proba in pooled.items()
    }
    for name, row in rows.items():
        print(f"{name:28} {' '.join(f'{value:8.4f}' for value in row)}")
    print(describe_mean(rows))
    print(f"target: accuracy {config['target']['accuracy']}")


if __name__ == "__main__":
    main()
