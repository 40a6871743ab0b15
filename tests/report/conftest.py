from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.report.experiment_files import write_experiment
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


@pytest.fixture(scope="session")
def experiments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whole experiments on two data sets: two folds, and a single one.  Read only."""
    folder = tmp_path_factory.mktemp("experiments") / "results"
    write_experiment(folder / "splice", SPLICE)
    write_experiment(folder / "peptides", PEPTIDES, alphabet="protein", n_folds=1)
    return folder


@pytest.fixture(scope="session")
def single_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an experiment with one model and two folds.  Read only."""
    folder = tmp_path_factory.mktemp("single") / "splice"
    write_experiment(folder, SPLICE, models=("bigru",))
    return folder


@pytest.fixture
def own_experiment(single_model: Path, tmp_path: Path) -> Path:
    """Folder of an experiment with one model, for tests that damage it."""
    shutil.copytree(single_model, tmp_path / "results" / "splice")
    return tmp_path / "results" / "splice"
