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

__all__ = ["all_probabilities", "describe_mean", "positive_probabilities", "read_command", "scores"]


def read_command(
    description: str | None, config: Path, *, in_folder: bool = True
) -> tuple[Path, int | None, dict[str, Any]]:
    """Return the folder and the threads that the command line names, and the configuration.

    Parameters
    ----------
    description
        What ``--help`` says.
    config
        TOML file with what :func:`all_probabilities` needs, and the ``target``.
    in_folder
        Whether the data are in a folder that is to be named; else it is the present one.
    """
    parser = argparse.ArgumentParser(description=description)
    if in_folder:
        parser.add_argument("folder", type=Path)
    parser.add_argument("-t", "--threads", type=int)
    args = parser.parse_args()
    folder = args.folder if in_folder else Path()
    return folder, args.threads, tomllib.loads(config.read_text(encoding="utf-8"))


def all_probabilities(
    config: Mapping[str, Any],
    training: tuple[Sequence[str], Sequence[str]],
    test: Sequence[str],
    threads: int | None,
) -> dict[str, np.ndarray]:
    """Return the probabilities of the classes, sorted, of each test sequence, by contender.

    Parameters
    ----------
    config
        ``seeds``, ``baselines``, the ``recipe`` and the parameters of the ``model`` beside it.
    training
        Sequences and labels to learn from; each seed holds out another tenth to stop by.
    test
        Sequences.
    threads
        None for all CPUs.
    """
    found: dict[str, np.ndarray] = {}
    for name in config["baselines"]:
        baseline = BaselineClassifier(
            name, config["model"]["alphabet"], threads=threads, random_state=0
        )
        found[name] = baseline.fit(*training).predict_proba(test)
    single = []
    for seed in config["seeds"]:
        how = {**config["model"], "random_state": seed, "threads": threads}
        model = SequenceClassifier.from_recipe(config["recipe"], **how)
        single.append(model.fit(*training).predict_proba(test))
        found[f"fastgru, seed {seed}"] = single[-1]
    found[f"fastgru, {len(single)} seeds averaged"] = np.mean(single, axis=0)
    return found


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
    config, training, test, threads
        As for :func:`all_probabilities`.
    positive
        Label of the positive class.
    """
    column = sorted(set(training[1])).index(positive)
    found = all_probabilities(config, training, test, threads)
    return {name: proba[:, column] for name, proba in found.items()}


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
