"""A small data set for each task, as files, and the options that name it."""

from __future__ import annotations

from pathlib import Path

from tests.planted import as_fasta, as_table, plant, plant_counts, plant_segments
from tests.translations import draw_genes

ALPHABETS = {"translation": "protein"}
"""Of the tasks whose sequences are no DNA."""

TARGETS = {"multilabel": "some,many", "regression": "dose,half_life"}


def write_task(folder: Path, task: str, n: int = 60, seed: int = 11) -> dict[str, str]:
    """Write `n` records r0, r1, ... for a task; return its options, by the words of the command."""
    files = {"fasta": f"{task}.fa"}
    if task in TARGETS:
        sequences, counts = plant_counts(n, seed)
        columns = {
            "dose": [f"{100 * count + 1000:g}" for count in counts],
            "half_life": ["" if k % 5 == 0 else f"{-count:g}" for k, count in enumerate(counts)],
            "some": [f"{int(count > 0)}" for count in counts],
            "many": ["" if k % 5 == 0 else f"{int(count > 1)}" for k, count in enumerate(counts)],
        }
        files |= {"labels": f"{task}.tsv", "target": TARGETS[task]}
        (folder / files["labels"]).write_text(as_table(["-"] * n, **columns), encoding="utf-8")
    elif task == "tagging":
        sequences, labels = plant_segments(n, seed)
        files["step_labels"] = "labels.fa"
        (folder / "labels.fa").write_text(as_fasta(labels), encoding="utf-8")
    elif task == "translation":
        sequences, genes = draw_genes(n, seed)
        files["translations"] = "genes.fa"
        (folder / "genes.fa").write_text(as_fasta(genes), encoding="utf-8")
    else:
        sequences, labels = plant(n, seed)
        if task == "classification":
            files["labels"] = "classes.tsv"
            (folder / "classes.tsv").write_text(as_table(labels), encoding="utf-8")
    (folder / files["fasta"]).write_text(as_fasta(sequences), encoding="utf-8")
    return files


def words_of(folder: Path, task: str, files: dict[str, str]) -> list[str]:
    """Return the options of the command for what `write_task` has written."""
    words = ["--task", task, "--alphabet", ALPHABETS.get(task, "dna"), str(folder / files["fasta"])]
    for name, value in files.items():
        if name != "fasta":
            words += [f"--{name.replace('_', '-')}", value if name == "target" else folder / value]
    return list(map(str, words))
