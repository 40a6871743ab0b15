"""Whether training in bfloat16 costs accuracy: ``python -m benchmarks.accuracy.precision``.

Classifiers of the bundled data sets learn in float32 and in bfloat16 from the same seeds, and are
tested on the same sequences, with predictions in float32.  What is stored beside the timings is the
mean and deviation of the seeds, and those of the differences, seed by seed.  It needs a CPU with
AVX512-BF16 and takes some minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from benchmarks.accuracy.published_split import read_command
from benchmarks.accuracy_table import ROOT, write_rows
from fastgru import SequenceClassifier
from fastgru.datasets import Dataset, load_amp, load_splice

CONFIG = Path(__file__).with_suffix(".toml")
STORED = ROOT / "benchmarks" / "results" / "precision.tsv"
SCORES = ("accuracy", "roc_auc")
COLUMNS = (
    *("data", "precision", "seeds", "n_test"),
    *(name + part for name in SCORES for part in ("", "_deviation")),
)
DIFFERENCE = "bf16 - float32"
_DATA: dict[str, Callable[..., Dataset]] = {"splice": load_splice, "amp": load_amp}


def measure(
    data: Dataset, recipe: str, precision: str, config: Mapping[str, Any], threads: int | None
) -> tuple[np.ndarray, int]:
    """Return accuracy and ROC AUC of each seed, float64 (seeds, 2), and how many were tested on.

    Parameters
    ----------
    data
        What to learn from, and to hold the test part out of.
    recipe
        Name of the parameters to begin with.
    precision
        ``"float32"`` or ``"bf16"``.
    config
        ``seeds``, ``test_fraction`` and the parameters of the ``model`` beside the recipe.
    threads
        None for all CPUs.
    """
    learned, tested, labels, expected = train_test_split(
        *(data.sequences, data.labels),
        test_size=config["test_fraction"],
        stratify=data.labels,
        random_state=0,
    )
    lower = None if precision == "float32" else precision
    rows = []
    for seed in config["seeds"]:
        how = {**config["model"], "precision": lower, "random_state": seed, "threads": threads}
        model = SequenceClassifier.from_recipe(recipe, alphabet=data.alphabet, **how)
        proba = model.fit(learned, labels).predict_proba(tested)
        truth = np.searchsorted(model.classes_, expected)
        shown = proba[:, 1] if proba.shape[1] == 2 else proba
        right = float((proba.argmax(axis=1) == truth).mean())
        rows.append((right, float(roc_auc_score(truth, shown, multi_class="ovr"))))
    return np.array(rows), len(tested)


def summarise(
    data: str, scores: Mapping[str, np.ndarray], seeds: Sequence[int], n_test: int
) -> list[dict[str, Any]]:
    """Return the rows of a data set: one for each precision, and one for their difference.

    Parameters
    ----------
    data
        Its name.
    scores
        From :func:`measure`, by precision.
    seeds
    n_test
    """
    rows = []
    for name, found in {**scores, DIFFERENCE: scores["bf16"] - scores["float32"]}.items():
        figures = np.column_stack([found.mean(axis=0), found.std(axis=0, ddof=1)]).reshape(-1)
        shown = [f"{figure:.5f}" for figure in figures]
        rows.append(dict(zip(COLUMNS, (data, name, len(seeds), n_test, *shown), strict=True)))
    return rows


def main() -> None:
    """Train, test and store."""
    _, threads, config = read_command(__doc__, CONFIG, in_folder=False)
    rows = []
    for name, recipe in config["recipes"].items():
        data, scores, n_test = _DATA[name](resolve=True), {}, 0
        for precision in config["precisions"]:
            scores[precision], n_test = measure(data, recipe, precision, config, threads)
            print(f"{name} in {precision} is done", file=sys.stderr)
        rows += summarise(name, scores, config["seeds"], n_test)
    write_rows(STORED, COLUMNS, rows)


if __name__ == "__main__":
    main()
