from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.commands import Start, starting
from tests.planted import as_fasta, as_table, plant


class Work(NamedTuple):
    """A folder with labelled sequences and a model that was trained on them."""

    folder: Path
    fasta: Path
    labels: Path
    split: Path
    model: Path
    sequences: list[str]
    truth: list[str]


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Work:
    """Made once; to be left as it is."""
    from fastgru.cli import main

    folder = tmp_path_factory.mktemp("work")
    sequences, truth = plant(80, seed=11)
    pattern = ["train"] * 6 + ["validation"] + ["test"] * 3
    splits = [pattern[number // 2 % 10] for number in range(80)]
    made = Work(
        folder,
        folder / "a.fa",
        folder / "labels.tsv",
        folder / "split.tsv",
        folder / "model.safetensors",
        sequences,
        truth,
    )
    made.fasta.write_text(as_fasta(sequences, truth), encoding="utf-8")
    made.labels.write_text(as_table(truth), encoding="utf-8")
    made.split.write_text(as_table(truth, split=splits), encoding="utf-8")
    arguments = ["train", "-q", made.fasta, "--labels", made.labels, "--split", made.split]
    code = main(list(map(str, [*arguments, *QUICK, "-o", made.model])))
    assert code == 0
    return made


QUICK = ["--max-epochs", "2", "--hidden-size", "8", "--threads", "1"]


@pytest.fixture
def quick() -> list[str]:
    """Options that make training short."""
    return list(QUICK)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start ``fastgru ARGUMENTS`` in a folder: ``start(folder, arguments).finish()``."""
    with starting(tmp_path_factory.mktemp("commands") / "messages") as start:
        yield start
