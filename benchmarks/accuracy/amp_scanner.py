"""Accuracy on AMP Scanner v2: ``python -m benchmarks.accuracy.amp_scanner FOLDER``.

The folder holds ``AMP.tr.fa``, ``DECOY.tr.fa`` and the same for ``eval`` and ``te``, and the list
``test_rows_with_ge40pct_hit_in_train_eval.txt`` of test records that have a relative among those to
learn from: their places, from 0, with the AMPs before the decoys.  Printed beside the baselines,
with and without these.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from fastgru import SequenceClassifier
from fastgru.data.labelled import LabelledSequences, read_labelled
from fastgru.estimators.baseline_classifier import BaselineClassifier

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


def positive_probabilities(
    config: dict[str, Any], parts: Sequence[LabelledSequences], threads: int | None
) -> dict[str, np.ndarray]:
    """Return the probability of a peptide being antimicrobial, by contender."""
    train, evaluation, test = parts
    sequences, labels = train.sequences + evaluation.sequences, train.labels + evaluation.labels
    found: dict[str, np.ndarray] = {}
    for name in config["baselines"]:
        model = BaselineClassifier(name, "protein", threads=threads, random_state=0)
        model.fit(sequences, labels)
        found[name] = model.predict_proba(test.sequences)[:, 0]
    single = []
    for seed in config["seeds"]:
        classifier = SequenceClassifier(**config["model"], random_state=seed, threads=threads)
        classifier.fit(sequences, labels)  # which holds a tenth out, another one for each seed
        single.append(classifier.predict_proba(test.sequences)[:, 0])
        found[f"fastgru, seed {seed}"] = single[-1]
    found[f"fastgru, {len(single)} seeds averaged"] = np.mean(single, axis=0)
    return found


def scores(proba: np.ndarray, truth: np.ndarray, chosen: np.ndarray) -> str:
    """Return accuracy and ROC AUC on the chosen records, in words."""
    right = (proba[chosen] > 0.5) == truth[chosen]
    return f"{right.mean():8.4f} {roc_auc_score(truth[chosen], proba[chosen]):8.4f}"


def main() -> None:
    """Train, test and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-t", "--threads", type=int)
    args = parser.parse_args()
    config = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    parts = [read_part(args.folder, part) for part in ("tr", "eval", "te")]
    test = parts[2]
    truth = np.array([label == POSITIVE for label in test.labels])
    everything, alone = np.ones((2, len(test)), bool)
    alone[read_related(args.folder)] = False
    n_all, n_alone = len(test), int(alone.sum())
    print(f"{'':28} all {n_all} records    without {n_all - n_alone} with relatives")
    print(f"{'':28} accuracy  ROC AUC   accuracy  ROC AUC")
    for name, proba in positive_probabilities(config, parts, args.threads).items():
        print(f"{name:28} {scores(proba, truth, everything)}   {scores(proba, truth, alone)}")
    target, published = config["target"], config["published"]
    print(f"published (CNN and LSTM): accuracy {published['accuracy']}")
    print(f"target: accuracy {target['accuracy']}, ROC AUC {target['roc_auc']}")


if __name__ == "__main__":
    main()
