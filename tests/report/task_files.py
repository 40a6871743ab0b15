"""Made-up experiments of every task, with the files that the commands write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fastgru.data.alphabets import get_alphabet
from fastgru.data.audit import audit
from fastgru.data.label_table import UNLABELLED
from fastgru.data.labelled import InputFile, LabelledSequences
from fastgru.evaluation.language_scores import language_scores
from fastgru.evaluation.multilabel import multilabel_metrics
from fastgru.evaluation.regression import regression_metrics
from fastgru.evaluation.tagging_metrics import tagging_metrics
from fastgru.evaluation.translation_scores import ScoredTranslations, translation_scores
from tests.report.results_files import write_epochs, write_json, write_model_file, write_rows

N = 40
"""Test records of a fold."""
BASELINES = {
    "multilabel": ("majority", "kmer_logistic"),
    "regression": ("mean", "kmer_ridge"),
    "tagging": ("majority", "window_logistic"),
    "language_model": (),
    "translation": (),
}
TASKS = tuple(BASELINES)
NAMES = ["first", "second"]
CLASSES = ["C", "E", "H"]
ANSWERS: dict[str, dict[str, Any]] = {
    "multilabel": {
        "targets": {name: {"n": 80, "n_missing": 2, "n_positive": 31} for name in NAMES},
        "target_shortcuts": [
            {"target": "first", "feature": "length", "roc_auc": 0.97, "detail": "9 and 3 letters"},
            {"target": "second", "feature": "length", "roc_auc": 0.52, "detail": "4 and 5 letters"},
        ],
    },
    "regression": {
        "targets": {
            name: {"n": 80, "n_missing": 0, "n_values": 80, "min": 0.5, "median": 4.25, "max": 9.0}
            for name in NAMES
        },
        "target_shortcuts": [
            {"target": "first", "feature": "length", "pearson": 0.1, "detail": "9 and 3 letters"}
        ],
    },
    "tagging": {"step_labels": {"n": {"C": 700, "E": 200, "H": 100}, "n_masked": 7}},
    "language_model": {},
    "translation": {"translations": {"length": {"min": 4, "median": 8.5, "max": 12}}},
}
_ERRORS = {"gru": 0.3, "small": 1.0, "mean": 3.0, "kmer_ridge": 1.5, "majority": 3.0}


def write_task_experiment(
    folder: Path, task: str, *, n_folds: int = 2, groups: bool = False
) -> Path:
    """Write audit and runs: the models ``gru``, with variants in the first fold, and ``small``."""
    folder.mkdir(parents=True)
    write_json(folder / "audit.json", _audit(task))
    for fold in range(1, n_folds + 1):
        place = folder / f"fold{fold}"
        variants = ["seed1", "seed2", "train50"] if fold == 1 else ["seed1"]
        for variant in variants:
            write_task_run(place / "gru" / variant, task, fold, error=_ERRORS["gru"], groups=groups)
        write_task_run(place / "small/seed1", task, fold, error=_ERRORS["small"], groups=groups)
        for name in BASELINES[task]:
            error = _ERRORS.get(name, 1.5)
            write_task_run(place / "baselines" / name, task, fold, error=error, groups=groups)
    if task != "language_model":
        write_task_run(folder / "fold1/gru/shuffled_labels", task, 1, error=9.0, groups=groups)
    place = folder / "fold1/scratch"
    write_task_run(place, task, 1, error=5.0)
    (place / "metrics.json").rename(folder / "fold1/gru/seed1/shuffled.json")
    for path in place.iterdir():
        path.unlink()
    place.rmdir()
    return folder


def write_task_run(
    folder: Path, task: str, fold: int, *, error: float, groups: bool = False
) -> None:
    """Write a run; the truth depends on the fold alone, and a larger error is a worse run."""
    folder.mkdir(parents=True)
    known = np.random.default_rng(fold)
    rng = np.random.default_rng([fold, round(100 * error), len(folder.name)])
    of_record = [f"g{fold}.{k // 4}" for k in range(N)] if groups else None
    metrics, columns = _WRITERS[task](known, rng, error, of_record)
    columns["length"] = known.integers(8, 30, N).tolist()
    if of_record is not None:
        columns["group"] = of_record
    rows = [
        [f"f{fold}r{k}", "ok", "", *(column[k] for column in columns.values())] for k in range(N)
    ]
    write_rows(folder / "predictions.tsv", [["id", "status", "flags", *columns], *rows])
    counts = {"task": task, "n_test": N, "n_train": 90, "n_validation": 10}
    shuffled = {"shuffled_sequences": "dinucleotides"}
    write_json(folder / "metrics.json", {**metrics, **counts, **shuffled})
    write_model_file(folder / "model.safetensors", ["a", "b"], fold, validation_loss=0.2 + error)
    write_epochs(folder / "history.tsv")


def _regression(known, rng, error, groups):
    true = known.normal(5, 2, (N, 2))
    predicted = 5 + (true - 5) / (1 + error) + rng.normal(0, 0.3 * error, (N, 2))
    columns = {f"true_{name}": true[:, k].tolist() for k, name in enumerate(NAMES)}
    columns |= {name: predicted[:, k].tolist() for k, name in enumerate(NAMES)}
    return regression_metrics(true, predicted, NAMES, groups=groups, n_resamples=20), columns


def _multilabel(known, rng, error, groups):
    true = known.integers(0, 2, (N, 2)).astype(float)
    proba = 1 / (1 + np.exp(-(2 * true - 1) / error - rng.normal(0, 1, (N, 2))))
    columns = {f"true_{name}": true[:, k].tolist() for k, name in enumerate(NAMES)}
    columns |= {name: proba[:, k].tolist() for k, name in enumerate(NAMES)}
    return multilabel_metrics(true, proba, NAMES, groups=groups, n_resamples=20), columns


def _tagging(known, rng, error, groups):
    true = [np.repeat(known.integers(-1, 3, 5), known.integers(1, 7, 5)) for _ in range(N)]
    true[0][:] = 1
    found = [
        np.where(
            rng.random(len(row)) < error / 10, rng.integers(0, 3, len(row)), np.maximum(row, 0)
        )
        for row in true
    ]
    letters = [*CLASSES, "?"]
    columns = {
        name: ["".join(letters[code] for code in row) for row in rows]
        for name, rows in (("labels", found), ("true_labels", true))
    }
    return tagging_metrics(true, found, CLASSES, groups=groups, n_resamples=20), columns


def _language_model(known, rng, error, groups):
    n_predicted = known.integers(20, 50, N)
    base = known.uniform(1.1, 1.3, N)
    markov = {order: -(base + 0.05 * (3 - order)) * n_predicted for order in range(3)}
    nats = -(base - 0.2 + 0.1 * error + rng.normal(0, 0.01, N)) * n_predicted
    columns = {"log_likelihood": nats.tolist(), "n_predicted": n_predicted.tolist()}
    columns |= {f"markov_{order}": values.tolist() for order, values in markov.items()}
    return language_scores(nats, n_predicted, markov, groups=groups, n_resamples=20), columns


def _translation(known, rng, error, groups):
    true = ["".join(known.choice(list("ACGT"), known.integers(4, 12))) for _ in range(N)]
    written = [
        "".join(rng.choice(list("ACGT")) if rng.random() < error / 6 else c for c in text)
        for text in true
    ]
    n_tokens = np.array([len(text) + 1 for text in true])
    right = np.array([1 + sum(map(str.__eq__, *pair)) for pair in zip(true, written, strict=True)])
    beside = known.integers(1, n_tokens)
    scored = ScoredTranslations(n_tokens, -error * n_tokens, right, right, beside)
    columns = {
        "sequence": written,
        "true_sequence": true,
        "log_likelihood": (-error * n_tokens).tolist(),
        "n_tokens": n_tokens.tolist(),
        "n_right": right.tolist(),
        "n_right_written": right.tolist(),
        "exact": (right == n_tokens).astype(int).tolist(),
        "n_right_baseline": beside.tolist(),
    }
    exact = right == n_tokens
    return translation_scores(scored, exact=exact, groups=groups, n_resamples=20), columns


_WRITERS = {
    "regression": _regression,
    "multilabel": _multilabel,
    "tagging": _tagging,
    "language_model": _language_model,
    "translation": _translation,
}


def _audit(task: str) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    sequences = ["".join(rng.choice(list("ACGT"), rng.integers(8, 30))) for _ in range(80)]
    data = LabelledSequences(
        ids=[f"r{k}" for k in range(80)],
        sequences=sequences,
        labels=[UNLABELLED] * 80,
        files=[InputFile("records.fa", "0" * 64, 80)],
    )
    found = audit(data, get_alphabet("dna"))
    return {**found, "findings": [], "task": task, **ANSWERS[task]}
