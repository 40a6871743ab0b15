"""Recipes for proteins and long reads: ``python -m benchmarks.accuracy.recipes FOLDER``.

The folder is where Debian's packages augustus-doc and metastudent-data are unpacked (``apt-get
download`` them and ``dpkg-deb -x`` each into it).  Networks with a recipe and with its rivals learn
from several seeds, beside the baselines, and are judged by the validation part, for choices, and by
the test part.  Each row is stored as soon as it is known, and those that are stored already are not
measured again; the table goes into the page about recipes, which a test makes again.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.accuracy.published_split import read_command
from benchmarks.accuracy.recipe_sets import RecipeSet, read_set
from benchmarks.accuracy_table import ROOT, renew_table, write_rows
from fastgru import SequenceClassifier
from fastgru.estimators.baseline_classifier import BaselineClassifier

CONFIG = Path(__file__).with_suffix(".toml")
STORED = ROOT / "benchmarks" / "results" / "recipes.tsv"
PAGE = ROOT / "docs" / "recipes.md"
COLUMNS = (
    *("data", "name", "seed", "n_train", "n_validation", "n_test"),
    *("validation_accuracy", "validation_roc_auc", "accuracy", "roc_auc", "seconds"),
)
DEFAULTS = "none"
Row = dict[str, Any]


def contenders(config: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """Yield data set, name and seed of all that is measured; baselines have one seed."""
    for data, one in config["sets"].items():
        for name in config["baselines"]:
            yield data, name, 0
        for name in (one["recipe"], *one["rivals"]):
            for seed in config["seeds"]:
                yield data, name, seed


def measure(
    data: RecipeSet, name: str, seed: int, config: Mapping[str, Any], threads: int | None
) -> Row:
    """Return the figures of one contender; seconds are those of the processor in training.

    Parameters
    ----------
    data
    name
        Of a baseline, a recipe, a variation, or that of the defaults.
    seed
    config
        ``baselines``, ``variations`` by name (a recipe and parameters), and perhaps parameters of
        the ``model`` in all networks.
    threads
        None for all CPUs.
    """
    how = {"alphabet": data.alphabet, "threads": threads, "random_state": seed}
    start = time.process_time()
    if name in config["baselines"]:
        model: Any = BaselineClassifier(name, **how).fit(*data.parts["train"])
    else:
        changed = {**config.get("model", {}), **how}
        model = _new(name, config, changed)
        model.fit(*data.parts["train"], validation_data=data.parts["validation"])
    seconds = time.process_time() - start
    sizes = [len(sequences) for sequences, _ in data.parts.values()]
    scores = [*_judge(model, data, "validation"), *_judge(model, data, "test")]
    shown = [f"{score:.5f}" for score in scores]
    return dict(zip(COLUMNS[1:], (name, seed, *sizes, *shown, f"{seconds:.1f}"), strict=True))


def _new(name: str, config: Mapping[str, Any], changed: Mapping[str, Any]) -> SequenceClassifier:
    """Return a network with a recipe, a variation of one, or the defaults."""
    if name == DEFAULTS:
        return SequenceClassifier(**changed)
    varied = dict(config.get("variations", {}).get(name, {"recipe": name}))
    return SequenceClassifier.from_recipe(**{**varied, **changed})


def _judge(model: Any, data: RecipeSet, part: str) -> tuple[float, float]:
    sequences, labels = data.parts[part]
    proba, truth = model.predict_proba(sequences), np.searchsorted(model.classes_, labels)
    shown = proba[:, 1] if proba.shape[1] == 2 else proba
    accuracy = float((proba.argmax(axis=1) == truth).mean())
    return accuracy, float(roc_auc_score(truth, shown, multi_class="ovr"))


def read_stored(stored: Path) -> list[dict[str, str]]:
    """Return the stored rows, none where nothing is stored."""
    if not stored.exists():
        return []
    with stored.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def as_markdown(stored: Path) -> str:
    """Return the table of stored figures."""
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in read_stored(stored):
        found.setdefault((row["data"], row["name"]), []).append(row)
    header = (
        "| data | trained on, tested on | contender | ROC AUC of validation | ROC AUC of test "
        "| accuracy of test | processor time |\n"
        "| --- | --- | --- | --- | --- | --- | --: |\n"
    )
    return header + "".join(_line(*key, rows) for key, rows in found.items())


def _line(data: str, name: str, rows: list[dict[str, str]]) -> str:
    def shown(column: str) -> str:
        values = np.array([float(row[column]) for row in rows])
        spread = f" +- {values.std(ddof=1):.3f}" if len(values) > 1 else ""
        return f"{values.mean():.3f}{spread}"

    seconds = np.mean([float(row["seconds"]) for row in rows])
    cells = " | ".join(map(shown, ("validation_roc_auc", "roc_auc", "accuracy")))
    sizes = f"{rows[0]['n_train']}, {rows[0]['n_test']}"
    return f"| {data} | {sizes} | `{name}` | {cells} | {seconds:.0f} s |\n"


def main() -> None:
    """Train, judge, store and put the table into its page."""
    folder, threads, config = read_command(__doc__, CONFIG)
    known: dict[tuple[str, ...], Row] = {
        (row["data"], row["name"], row["seed"]): dict(row) for row in read_stored(STORED)
    }
    loaded: dict[str, RecipeSet] = {}
    for data, name, seed in contenders(config):
        if (data, name, str(seed)) in known:
            continue
        if data not in loaded:
            loaded = {data: read_set(folder, config["sets"][data], threads)}
        row = measure(loaded[data], name, seed, config, threads)
        known[data, name, str(seed)] = {"data": data, **row}
        expected = [(one, other, str(third)) for one, other, third in contenders(config)]
        write_rows(STORED, COLUMNS, (known[key] for key in expected if key in known))
        print(f"{data}, {name}, seed {seed}: ROC AUC {row['validation_roc_auc']} of validation")
    renew_table(PAGE, as_markdown(STORED), "recipes")


if __name__ == "__main__":
    main()
