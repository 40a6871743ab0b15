from __future__ import annotations

from pathlib import Path

import pytest

from tests.report.results_files import write_dataset, write_run

SPLICE = ["EI", "IE", "N"]
PEPTIDES = ["AMP", "UniProt"]


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of two data sets, one with two models.  Read only."""
    folder = tmp_path_factory.mktemp("made-up") / "results"
    write_dataset(folder / "splice", SPLICE)
    write_run(folder / "splice" / "bigru", SPLICE)
    write_run(folder / "splice" / "wide", SPLICE, seed=1, skill=0.5)
    write_dataset(folder / "peptides", PEPTIDES, alphabet="protein")
    write_run(folder / "peptides" / "bigru", PEPTIDES)
    return folder


@pytest.fixture
def own_results(tmp_path: Path) -> Path:
    """Results of one run, for tests that damage them."""
    write_dataset(tmp_path / "results" / "splice", SPLICE)
    write_run(tmp_path / "results" / "splice" / "bigru", SPLICE)
    return tmp_path / "results"
