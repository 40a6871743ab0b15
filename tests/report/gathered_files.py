"""Made-up experiments, laid out as the workflow does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.report.results_files import write_json, write_model_file
from tests.report.scored_files import write_scored_run

AUDIT: dict[str, Any] = {
    "alphabet": "protein",
    "classes": {},
    "excluded": [],
    "files": [],
    "findings": [],
    "n_records": 80,
    "shortcuts": [],
    "homology": None,
    "n_kept": 80,
}


def write_experiment(
    folder: Path,
    *,
    n_folds: int = 2,
    skills: dict[str, float] | None = None,
    baselines: dict[str, float] | None = None,
    groups: bool = False,
    audit: dict[str, Any] | None = None,
) -> Path:
    """Write the runs of a data set: models and baselines with these skills, in each fold."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "audit.json", {**AUDIT, **(audit or {})})
    names = [f"g{k // 4}" for k in range(40)] if groups else None
    for fold in range(1, n_folds + 1):
        place = folder / f"fold{fold}"
        first = 40 * (fold - 1)
        of_fold = None if names is None else [f"f{fold}{name}" for name in names]
        options: dict[str, Any] = {"seed": fold, "first": first, "groups": of_fold}
        for rank, (name, skill) in enumerate((skills or {"bigru": 3.0, "small": 2.0}).items()):
            run = place / name / "seed1"
            classes = write_scored_run(run, skill=skill, **options).classes
            loss = 0.2 + 0.1 * rank
            write_model_file(run / "model.safetensors", classes, 0, validation_log_loss=loss)
        for name, skill in (baselines or {"majority": 0.0, "kmer_logistic": 1.0}).items():
            write_scored_run(place / "baselines" / name, skill=skill, **options)
    return folder
