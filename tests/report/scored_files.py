"""Made-up runs whose predictions hold the truth, as ``fastgru evaluate --predictions`` writes."""

from __future__ import annotations

from pathlib import Path

from fastgru.evaluation import ScoredPredictions, classification_metrics
from tests.evaluation.scored import make_predictions
from tests.report.results_files import write_json, write_rows


def write_scored_run(
    folder: Path,
    *,
    seed: int,
    skill: float = 1.0,
    n_records: int = 40,
    first: int = 0,
    groups: list[str] | None = None,
) -> ScoredPredictions:
    """Write metrics.json and predictions.tsv; return the predictions.

    The truth depends on the seed alone; the records are called r0, r1, ... from `first` on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = make_predictions(seed, n_records=n_records, skill=skill)
    true, predicted = ([made.classes[k] for k in codes] for codes in (made.true, made.predicted))
    columns = ["true_label"] if groups is None else ["true_label", "group"]
    rows = [
        [
            f"r{first + k}",
            "ok",
            predicted[k],
            true[k],
            *([] if groups is None else [groups[k]]),
            *(f"{value:.6g}" for value in made.proba[k]),
        ]
        for k in range(n_records)
    ]
    header = ["id", "status", "label", *columns, *made.classes]
    write_rows(folder / "predictions.tsv", [header, *rows])
    scores = classification_metrics(true, predicted, made.proba, made.classes)
    write_json(folder / "metrics.json", {**scores, "n_train": 90, "n_validation": 10})
    return made
