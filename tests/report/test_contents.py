from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fastgru.errors import FastgruError
from fastgru.report.contents import Contents, Statement, find_contents
from tests.report.gathered_files import write_experiment
from tests.report.scored_files import write_scored_run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_experiment(tmp_path / "toys", n_folds=4)


def test_find_contents__takes_what_is_there(folder: Path) -> None:
    for variant in ("seed2", "train50"):
        write_scored_run(folder / "fold1/bigru" / variant, seed=1)
    shutil.copy(
        folder / "fold1/bigru/seed1/metrics.json", folder / "fold1/bigru/seed1/shuffled.json"
    )
    assert find_contents(folder, Statement()) == Contents(
        folds=4,
        repeats=1,
        models=["bigru", "small"],
        baselines=["kmer_logistic", "majority"],
        variants={"bigru": ["seed1", "seed2", "train50", "shuffled_sequences"], "small": ["seed1"]},
    )
    assert find_contents(folder, Statement(repeats=2)).folds == 2


def test_find_contents__takes_what_is_stated(folder: Path) -> None:
    write_scored_run(folder / "fold1/small/seed2", seed=1)
    stated = Statement(2, 1, models=["small"], baselines=[], variants=["seed2"])
    assert find_contents(folder, stated) == Contents(
        folds=2, repeats=1, models=["small"], baselines=[], variants={"small": ["seed1", "seed2"]}
    )


@pytest.mark.parametrize(
    ("removed", "statement", "message"),
    [
        ("fold2", Statement(), "toys: has fold4, but no fold2, expected folds without gaps. Run "),
        ("fold4", Statement(repeats=2), "toys: has 3 folds, expected as many in each of 2 repeats"),
        ("fold4", Statement(folds=2, repeats=2), "toys/fold4/bigru/seed1/metrics.json: is missing"),
        ("fold3/small", Statement(), "toys/fold3/small/seed1/metrics.json: is missing, expected "),
        ("fold2/baselines", Statement(), "toys/fold2/baselines/kmer_logistic/metrics.json: is mis"),
        (None, Statement(models=["b"]), "toys/fold1/b/seed1/metrics.json: is missing, expected th"),
        (None, Statement(variants=["seed2"]), "toys/fold1/bigru/seed2/metrics.json: is missing"),
        (None, Statement(variants=["shuffled_sequences"]), "fold1/bigru/seed1/shuffled.json: is m"),
        (None, Statement(models=[]), "toys: no model found, expected results in fold1/MODEL/seed1"),
    ],
)
def test_find_contents__refuses_what_does_not_fit_together(
    removed: str | None, statement: Statement, message: str, folder: Path
) -> None:
    if removed is not None:
        shutil.rmtree(folder / removed)
    with pytest.raises(FastgruError) as caught:
        find_contents(folder, statement)
    assert message in str(caught.value)


def test_find_contents__says_how_to_go_on(folder: Path) -> None:
    shutil.rmtree(folder / "fold2/small")
    with pytest.raises(FastgruError) as caught:
        find_contents(folder, Statement())
    assert str(caught.value) == (
        f"{folder}/fold2/small/seed1/metrics.json: is missing, expected the scores of it in every "
        "fold. Run the workflow again, or say with --folds, --repeats, --models, --baselines and "
        "--variants what belongs to the experiment."
    )


def test_find_contents__refuses_one_name_for_a_model_and_a_baseline(folder: Path) -> None:
    for fold in (1, 2, 3, 4):
        write_scored_run(folder / f"fold{fold}/majority/seed1", seed=1)
    with pytest.raises(
        FastgruError, match="'majority' is a model and a baseline, expected differe"
    ):
        find_contents(folder, Statement())
