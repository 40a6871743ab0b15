"""What the accuracy benchmarks on published splits have in common."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from fastgru import SequenceClassifier
from fastgru.estimators.baseline_classifier import BaselineClassifier

__all__ = ["describe_mean", "positive_probabilities", "read_command", "scores"]


def read_command(description: str | None, config: Path) -> tuple[Path, int | None, dict[str, Any]]:
    """Return the folder and the threads that the command line names, and the configuration.

    Parameters
    ----------
    description
        What ``--help`` says.
    config
        TOML file with what :func:`positive_probabilities` needs, and the ``target``.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-t", "--threads", type=int)
    args = parser.parse_args()
    return args.folder, args.threads, tomllib.loads(config.read_text(encoding="utf-8"))


def positive_probabilities(
    config: Mapping[str, Any],
    training: tuple[Sequence[str], Sequence[str]],
    test: Sequence[str],
    positive: str,
    threads: int | None,
) -> dict[str, np.ndarray]:
    """Return the probability of the positive class of each test sequence, by contender.

    Parameters
    ----------
    config
        ``seeds``, ``baselines`` and the parameters of the ``model``.
    training
        Sequences and labels to learn from; each seed holds out another tenth to stop by.
    test
        Sequences.
    positive
        Label of the positive class.
    threads
        None for all CPUs.
    """
    found: dict[str, np.ndarray] = {}
    for name in config["baselines"]:
        model = BaselineClassifier(
            name, config["model"]["alphabet"], threads=threads, random_state=0
        )
        model.fit(*training)
        column = model.classes_.tolist().index(positive)
        found[name] = model.predict_proba(test)[:, column]
    single = []
    for seed in config["seeds"]:
        classifier = SequenceClassifier(**config["model"], random_state=seed, threads=threads)
        classifier.fit(*training)
        column = classifier.classes_.tolist().index(positive)
        single.append(classifier.predict_proba(test)[:, column])
        found[f"fastgru, seed {seed}"] = single[-1]
    found[f"fastgru, {len(single)} seeds averaged"] = np.mean(single, axis=0)
    return found


def scores(
    proba: np.ndarray, truth: np.ndarray, chosen: np.ndarray | None = None
) -> tuple[float, float]:
    """Return accuracy and ROC AUC.

    Parameters
    ----------
    proba
        float (n,), probability of the positive class.
    truth
        bool (n,), whether it is that.
    chosen
        bool (n,), records to look at; None for all.
    """
    if chosen is not None:
        proba, truth = proba[chosen], truth[chosen]
    return float(((proba > 0.5) == truth).mean()), float(roc_auc_score(truth, proba))


def describe_mean(rows: Mapping[str, tuple[float, ...]]) -> str:
    """Return the mean of the scores of single seeds, and how far they are apart, in words.

    Parameters
    ----------
    rows
        Scores of every contender by its name.
    """
    table = np.array([row for name, row in rows.items() if name.startswith("fastgru, seed")])
    cells = [
        f"{mean:.4f} +- {spread:.4f}"
        for mean, spread in zip(table.mean(axis=0), table.std(axis=0, ddof=1), strict=True)
    ]
    return f"mean of {len(table)} seeds: {', '.join(cells)}"
