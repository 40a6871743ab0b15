"""Made-up results of a whole experiment: folds, seeds, baselines, controls and their gathering."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fastgru.data.labelled import LabelledSequences
from fastgru.data.splits import write_split
from fastgru.evaluation import classification_metrics
from fastgru.evaluation.weighted_scores import SCORES as METRICS
from fastgru.report.results import read_audit
from tests.report.results_files import (
    probability_entries,
    read_rows,
    write_dataset,
    write_epochs,
    write_json,
    write_model_file,
    write_rows,
)

SKILLS = {"bigru": 3.0, "wide": 1.0, "kmer_logistic": 2.9, "majority": 0.0}
BASELINES = {"kmer_logistic": "logistic regression on words", "majority": "the commonest class"}


def write_experiment(
    folder: Path,
    classes: list[str],
    *,
    alphabet: str = "dna",
    n_per_class: int = 40,
    n_folds: int = 2,
    models: tuple[str, ...] = ("bigru", "wide"),
) -> dict:
    """Write all files of a data set and return the content of experiment.json."""
    write_dataset(folder, classes, alphabet=alphabet, n_per_class=n_per_class)
    used = read_rows(folder / "split.tsv")
    (folder / "split.tsv").unlink()
    parts = [_Part(folder, used, classes, fold, n_folds) for fold in range(1, n_folds + 1)]
    contenders = [_contender(parts, name, "model") for name in models]
    contenders += [_contender(parts, name, "baseline") for name in BASELINES]
    contenders.append(
        {
            "name": "onehot_logistic",
            "kind": "baseline",
            "description": "logistic regression on positions",
            "not_applicable": "the sequences are of different lengths",
            "folds": [],
            **dict.fromkeys(("mean", "sd", "pooled", "intervals", "resampled")),
        }
    )
    content = {
        "schema_version": 1,
        "dataset": folder.name,
        "alphabet": alphabet,
        "classes": classes,
        "positive": classes[1] if len(classes) == 2 else None,
        "n_records": n_per_class * len(classes),
        "n_folds": n_folds,
        "n_groups": None,
        "split": {
            "method": "random",
            "identity": None,
            "coverage": None,
            "folds": n_folds,
            "repeats": 1,
        },
        "best": models[0],
        "chosen_by": "validation_loss" if len(models) > 1 else None,
        "contenders": contenders,
        "conclusion": [
            f"{models[0]} tells {len(classes)} classes apart.",
            "Caveat: related sequences may be on both sides.",
        ],
        **_extras(parts, models, contenders),
    }
    write_json(folder / "experiment.json", content)
    return content


class _Part:
    """One fold: writes its split, then the files of runs, and keeps their predictions."""

    def __init__(self, folder: Path, used: list[dict], classes: list[str], fold: int, n_folds: int):
        self.folder = folder / f"fold{fold}"
        self.folder.mkdir()
        self.fold, self.classes = fold, classes
        tested = [k % n_folds == fold - 1 for k in range(len(used))] if n_folds > 1 else None
        names = [
            "test"
            if (tested[k] if tested else k % 4 == 0)
            else "validation"
            if k % 7 == 0
            else "train"
            for k in range(len(used))
        ]
        data = LabelledSequences(
            [row["id"] for row in used], ["A"] * len(used), [row["label"] for row in used]
        )
        write_split(self.folder / "split.tsv", data, names)
        self.test = [row for row, name in zip(used, names, strict=True) if name == "test"]
        self.counts = {f"n_{p}": names.count(p) for p in ("train", "validation", "test")}

    def predict(self, skill: float, seed: int) -> tuple[list[str], np.ndarray]:
        true = np.array([self.classes.index(row["label"]) for row in self.test])
        logits = np.random.default_rng([seed, self.fold]).normal(
            size=(len(true), len(self.classes))
        )
        logits[np.arange(len(true)), true] += skill
        proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return [self.classes[k] for k in proba.argmax(axis=1)], proba

    def score(self, skill: float, seed: int) -> dict:
        predicted, proba = self.predict(skill, seed)
        return _metrics([row["label"] for row in self.test], predicted, proba, self.classes)

    def write(self, folder: Path, skill: float, seed: int, *, is_model: bool) -> None:
        folder.mkdir(parents=True)
        predicted, proba = self.predict(skill, seed)
        true = [row["label"] for row in self.test]
        rows = [
            [row["id"], "ok", label, "", row["label"], *(f"{p:.8f}" for p in values)]
            for row, label, values in zip(self.test, predicted, proba, strict=True)
        ]
        header = ["id", "status", "label", "flags", "true_label", *self.classes]
        write_rows(folder / "predictions.tsv", [header, *rows])
        scores = classification_metrics(true, predicted, proba, self.classes)
        extra = probability_entries(true, proba, self.classes) if is_model else {}
        write_json(folder / "metrics.json", {**scores, **extra, **self.counts})
        if is_model:
            write_model_file(folder / "model.safetensors", self.classes, seed)
            write_epochs(folder / "history.tsv")


def _metrics(true: list[str], predicted: list[str], proba: np.ndarray, classes: list[str]) -> dict:
    scores = classification_metrics(true, predicted, proba, classes)
    return {name: scores[name] for name in METRICS}


def _contender(parts: list[_Part], name: str, kind: str) -> dict:
    skill, folds, pooled = SKILLS.get(name, 1.5), [], []
    for part in parts:
        above = "baselines/" if kind == "baseline" else ""
        below = "/seed1" if kind == "model" else ""
        part.write(part.folder / f"{above}{name}{below}", skill, 1, is_model=kind == "model")
        scores = part.score(skill, 1)
        folds.append({"fold": part.fold, **part.counts, "metrics": scores})
        pooled.append(([row["label"] for row in part.test], *part.predict(skill, 1)))
    true, predicted = ([label for item in pooled for label in item[k]] for k in (0, 1))
    proba = np.concatenate([item[2] for item in pooled])
    table = {metric: [fold["metrics"][metric] for fold in folds] for metric in METRICS}
    scores = _metrics(true, predicted, proba, parts[0].classes)
    return {
        "name": name,
        "kind": kind,
        "description": BASELINES.get(name, "hidden_size 1"),
        "not_applicable": None,
        "folds": folds,
        "mean": {metric: _mean(values) for metric, values in table.items()},
        "sd": None
        if len(parts) == 1
        else {m: None if None in v else float(np.std(v, ddof=1)) for m, v in table.items()},
        "pooled": scores,
        "intervals": {
            metric: None
            if value is None
            else [max(value - 0.05, 0.0), min(value + 0.04, max(value, 1.0))]
            for metric, value in scores.items()
        },
        "resampled": "records",
    }


def _mean(values: list[float | None]) -> float | None:
    return None if None in values else float(np.mean(values))


def _extras(parts: list[_Part], models: tuple[str, ...], contenders: list[dict]) -> dict:
    first, best = parts[0], models[0]
    skill = SKILLS.get(best, 1.5)
    control = {"of": best, "fold": 1, "reference": first.score(skill, 1), "class_shares": 0.69}
    scored = [row for row in contenders if row["not_applicable"] is None]
    return {
        "shortcuts": [
            {**entry, "share": 0.5 + 0.1 * rank}
            for rank, entry in enumerate(read_audit(first.folder.parent)["shortcuts"])
        ],
        "controls": [
            {
                **control,
                "name": f"{best} on shuffled {what}",
                "kind": f"shuffled_{what}",
                "metrics": first.score(0.0, 5),
            }
            for what in ("labels", "sequences")
        ],
        "comparisons": [_comparison(scored[0], row) for row in scored if row["name"] != best],
        "seeds": {
            best: [
                {"variant": f"seed{seed}", "metrics": first.score(skill, seed)}
                for seed in (1, 2, 3)
            ]
        },
        "ensemble": {best: first.score(skill, 4)},
        "learning_curve": {
            best: [
                {
                    "share": share,
                    "n_train": round(share * first.counts["n_train"]),
                    "metrics": first.score(share * skill, 1),
                }
                for share in (0.25, 0.5, 1.0)
            ]
        },
        "bands": [
            _band(name, low, high, first, scored, k)
            for k, (name, low, high) in enumerate(
                [("below 30 %", 0.0, 0.3), ("30 to 60 %", 0.3, 0.6), ("above 60 %", 0.6, 1.0)]
            )
        ],
        "lengths": [
            _band("7 to 20 letters", 7, 20, first, scored, 4),
            _band("21 to 90 letters", 21, 90, first, scored, 5),
        ],
    }


def _comparison(a: dict, b: dict) -> dict:
    metric = "mcc"
    difference = a["mean"][metric] - b["mean"][metric]
    p = 0.4 if b["name"] == "kmer_logistic" else 0.0004
    return {
        "a": a["name"],
        "b": b["name"],
        "metric": metric,
        "score_a": a["mean"][metric],
        "score_b": b["mean"][metric],
        "difference": difference,
        "low": difference - 0.1,
        "high": difference + 0.1,
        "p": p / 2,
        "p_holm": p,
        "verdict": "no difference shown" if p > 0.05 else "a is better",
        "n_folds": len(a["folds"]),
        "n_test": sum(fold["n_test"] for fold in a["folds"]),
        "method": "corrected resampled t test over folds",
    }


def _band(name: str, low: float, high: float, part: _Part, scored: list[dict], k: int) -> dict:
    metrics = {row["name"]: part.score(SKILLS.get(row["name"], 1.5), 10 + k) for row in scored}
    return {"name": name, "low": low, "high": high, "n": len(part.test) - k, "metrics": metrics}
