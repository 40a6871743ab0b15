"""Summaries that MultiQC shows among those of other programs, as its custom content.

Each file is JSON whose name ends in ``_mqc.json``, with the section, the kind of plot, the columns
and the data in one object; MultiQC finds it without configuration
(https://docs.seqera.io/multiqc/custom_content).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from fastgru.data.writing import atomic_write, require_writable
from fastgru.errors import FastgruError
from fastgru.report.reading import Experiment
from fastgru.report.standing import advantage
from fastgru.report.verdicts import contenders
from fastgru.report.wording import LABELS

__all__ = ["FILES", "require_new_multiqc", "write_multiqc"]

FILES = ("fastgru_best_mqc.json", "fastgru_scores_mqc.json", "fastgru_learning_mqc.json")
_ABOUT = "Sequence {} trained and tested with fastgru. "
_LEAST = {"mcc": -1, "pearson": -1, "spearman": -1, "r2": None, "log_likelihood_per_token": None}
_MOST = {"log_likelihood_per_token": 0}
_UNBOUNDED = ("log_loss", "rmse", "mae", "bits_per_letter", "perplexity")


def require_new_multiqc(folder: str | os.PathLike[str], *, force: bool = False) -> None:
    """Refuse a folder whose files could not be written, before any work is done.

    Parameters
    ----------
    folder
        Folder to write to; it is made if only itself is missing.
    force
        Whether existing files may be replaced.

    Raises
    ------
    FastgruError
        If the folder is a file, its parent is missing, or a file exists and `force` is not set.
    """
    if not Path(folder).is_dir():
        if Path(folder).exists():
            raise FastgruError(f"{folder}: is a file, expected a folder. Choose another one.")
        require_writable(folder)
        return
    for name in FILES:
        require_writable(Path(folder) / name, force=force)


def write_multiqc(experiments: list[Experiment], folder: str | os.PathLike[str]) -> None:
    """Write the best model of each data set, all scores, and the learning curves if there are any.

    Parameters
    ----------
    experiments
        The gathered results.
    folder
        Folder to write to; it is made if it is missing.
    """
    Path(folder).mkdir(exist_ok=True)
    contents = (_best(experiments), _scores(experiments), _learning(experiments))
    for name, content in zip(FILES, contents, strict=True):
        if content["data"]:
            with atomic_write(Path(folder) / name) as stream:
                json.dump(content, stream, indent=2, ensure_ascii=False)
                stream.write("\n")
        else:
            # What an earlier call has written would be about other results.
            (Path(folder) / name).unlink(missing_ok=True)


def _best(experiments: list[Experiment]) -> dict[str, Any]:
    wanted = {one.dataset: _wanted(one) for one in experiments}
    metrics = list(dict.fromkeys(name for names in wanted.values() for name in names))
    return {
        "id": "fastgru_best",
        "plot_type": "generalstats",
        "headers": {metric: _header(metric) for metric in metrics},
        "data": {
            one.dataset: _known(
                {name: one.best["pooled"][name] for name in metrics if name in one.task.scores}
            )
            for one in experiments
        },
    }


def _wanted(one: Experiment) -> list[str]:
    return [*(["accuracy"] if one.task.name == "classification" else []), one.metric]


def _about(experiments: list[Experiment]) -> str:
    classify = all(one.task.name == "classification" for one in experiments)
    return _ABOUT.format("classifiers" if classify else "models")


def _scores(experiments: list[Experiment]) -> dict[str, Any]:
    metrics = dict.fromkeys(metric for one in experiments for metric in one.task.scores)
    texts = {"kind": "Kind", "verdict": "Verdict"}
    return {
        "id": "fastgru_scores",
        "section_name": "fastgru: scores",
        "description": _about(experiments)
        + "Models, baselines and controls on their test sequences.",
        "plot_type": "table",
        "pconfig": {
            "id": "fastgru_scores_table",
            "title": "fastgru: scores",
            "namespace": "fastgru",
        },
        "headers": {
            **{metric: _header(metric) for metric in metrics},
            **{name: {"title": title, "scale": False} for name, title in texts.items()},
        },
        "data": {
            f"{row.dataset}, {row.name}": {
                **_known(row.scores),
                "kind": row.kind,
                "verdict": row.verdict,
            }
            for one in experiments
            for row in contenders(one)
        },
    }


def _learning(experiments: list[Experiment]) -> dict[str, Any]:
    curves = {
        # Pairs: as names of a JSON object, numbers would be categories.
        f"{one.dataset}, {name}": [
            [row["n_train"], row["metrics"][one.metric]]
            for row in rows
            if row["metrics"][one.metric] is not None
        ]
        for one in experiments
        for name, rows in one.content["learning_curve"].items()
    }
    return {
        "id": "fastgru_learning",
        "section_name": "fastgru: learning curve",
        "description": f"{_about(experiments)}Score by number of training sequences.",
        "plot_type": "linegraph",
        "pconfig": {
            "id": "fastgru_learning_plot",
            "title": "fastgru: learning curve",
            "xlab": "Training sequences",
            "ylab": " or ".join(dict.fromkeys(LABELS[one.metric] for one in experiments)),
        },
        "data": {name: curve for name, curve in curves.items() if curve},
    }


def _header(metric: str) -> dict[str, Any]:
    header = {
        "title": LABELS[metric],
        "description": f"{LABELS[metric]} on the test sequences of all folds",
        "format": "{:,.3f}",
        "min": _LEAST.get(metric, 0),
        "scale": "Greens" if advantage(metric, 1, 0) > 0 else "Reds",
    }
    return header if metric in _UNBOUNDED else {**header, "max": _MOST.get(metric, 1)}


def _known(scores: dict[str, float | None]) -> dict[str, float]:
    return {metric: value for metric, value in scores.items() if value is not None}
