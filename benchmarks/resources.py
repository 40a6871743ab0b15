"""Measure how memory and time of the commands of the workflow grow with their input.

``python -m benchmarks.resources FOLDER 2 20`` makes inputs of 2 and 20 MB (reads of 100 to 1000
letters, and one chromosome) in a folder, runs each command on one thread in a process of its own,
and prints a table in Markdown: peak resident memory, and seconds.  The formulas of
workflows/rules are to lie above these figures.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

LABELLED = ["reads.fa", "--label-field", "label", "--alphabet", "dna"]
SPLIT = [*LABELLED, "--split", "split.tsv"]
ONE_THREAD = ["--threads", "1"]
COMMANDS = {
    "audit": ["audit", *LABELLED, *ONE_THREAD, "-o", "audit.json"],
    "split (random)": ["split", *LABELLED, "--method", "random", *ONE_THREAD, "-o", "split.tsv"],
    "train, one epoch": [
        *("train", *SPLIT, "--max-epochs", "1", *ONE_THREAD, "-o", "model.safetensors"),
    ],
    "evaluate": ["evaluate", "model.safetensors", *SPLIT, *ONE_THREAD, "-o", "metrics.json"],
    "baseline kmer_logistic": [
        *("baseline", "kmer_logistic", *SPLIT, *ONE_THREAD, "-o", "baseline.json"),
    ],
    "baseline kmer_forest": [
        *("baseline", "kmer_forest", *SPLIT, *ONE_THREAD, "-o", "forest.json"),
    ],
    "shards": ["shards", "reads.fa", "--number", "2", "-o", "shards.json"],
    "predict": ["predict", "model.safetensors", "reads.fa", *ONE_THREAD, "-o", "predictions.tsv"],
    "gather": ["gather", "predictions.tsv", "predictions.tsv", "-o", "gathered.tsv.gz"],
    "scan": [
        *("scan", "model.safetensors", "chromosome.fa", "--window", "200", "--step", "100"),
        *("--strands", "both", *ONE_THREAD, "-o", "windows.tsv"),
    ],
    "tracks": ["tracks", "windows.tsv", "--bedgraph", "{strand}.bedgraph", "--calls", "calls.bed"],
}


def write_inputs(folder: Path, megabytes: int) -> None:
    """Write labelled reads and a chromosome of so many letters each."""
    rng = np.random.default_rng(megabytes)
    letters = rng.choice(np.frombuffer(b"ACGT", np.uint8), megabytes * 1_000_000).tobytes().decode()
    with (folder / "reads.fa").open("w", encoding="utf-8") as file:
        file.writelines(_records(letters, rng))
    with (folder / "chromosome.fa").open("w", encoding="utf-8") as file:
        file.write(">chromosome\n")
        file.writelines(f"{letters[at : at + 80]}\n" for at in range(0, len(letters), 80))


def _records(letters: str, rng: np.random.Generator) -> Iterator[str]:
    start, number = 0, 0
    while start < len(letters):
        end = start + int(rng.integers(100, 1001))
        yield f">r{number} label={'ab'[number % 2]}\n{letters[start:end]}\n"
        start, number = end, number + 1


def run(folder: Path, command: list[str]) -> tuple[float, float]:
    """Return peak memory in MB and seconds of a command; NaN if it failed."""
    begin = time.perf_counter()
    # so that the commands find what FOLDER is relative to
    program = [sys.executable, "-m", "fastgru", *command, "--quiet", "--force"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(program, cwd=folder, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        return float("nan"), float("nan")
    return usage.ru_maxrss / 1000, time.perf_counter() - begin


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("megabytes", type=int, nargs="+")
    args = parser.parse_args()
    measured: dict[str, list[str]] = {name: [] for name in COMMANDS}
    for megabytes in args.megabytes:
        folder = args.folder / f"{megabytes}"
        folder.mkdir(parents=True, exist_ok=True)
        write_inputs(folder, megabytes)
        for name, command in COMMANDS.items():
            memory, seconds = run(folder, command)
            measured[name].append(f"{memory:.0f} MB, {seconds:.0f} s")
            print(f"{megabytes} MB: {name}: {measured[name][-1]}", file=sys.stderr, flush=True)
    print("|".join(["| command ", *(f" {size} MB " for size in args.megabytes), ""]))
    print("|".join(["", *(" --- " for _ in range(len(args.megabytes) + 1)), ""]))
    for name, cells in measured.items():
        print("|".join([f"| {name} ", *(f" {cell} " for cell in cells), ""]))


if __name__ == "__main__":
    main()
