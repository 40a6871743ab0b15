"""A project of one small data set and one tiny model: the whole workflow in eleven jobs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

CONFIG = """\
datasets: config/datasets.tsv
split: {method: random, folds: 1}
baselines: [majority]
controls: []
n_seeds: 1
learning_curve: []
models:
  tiny: {hidden_size: 4, embedding_size: 4, max_epochs: 300, early_stopping: false}
"""
SHEET = """\
dataset\talphabet\tfasta\tclass
sites\tdna\tdonor.fa\tdonor
sites\tdna\tother.fa\tother
"""


def write_project(folder: Path) -> Path:
    """Write sequences of two classes that differ in a motif, and a configuration."""
    rng = np.random.default_rng(5)
    (folder / "config").mkdir(parents=True)
    (folder / "config/config.yaml").write_text(CONFIG)
    (folder / "config/datasets.tsv").write_text(SHEET)
    for name, motif in (("donor", "GTAAGT"), ("other", "")):
        draws = ["".join(rng.choice(list("ACGT"), 24 - len(motif))) for _ in range(60)]
        records = [f">{name}{k}\n{s[:9]}{motif}{s[9:]}\n" for k, s in enumerate(draws)]
        (folder / f"{name}.fa").write_text("".join(records))
    return folder


def results_of(project: Path) -> dict[str, bytes]:
    """Return all results by name, but for how long they took."""
    folder = project / "results"
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    passing = ("timings/", "warmup/", "multiqc/.snakemake")
    return {name: path.read_bytes() for name, path in files.items() if not name.startswith(passing)}
