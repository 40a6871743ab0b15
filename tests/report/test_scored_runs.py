from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fastgru.errors import FastgruError
from fastgru.evaluation.comparison import score_of
from fastgru.report.scored_runs import align, pool_runs, read_scored_run
from tests.report.scored_files import write_scored_run


def test_read_scored_run__reads_back_what_was_scored(tmp_path: Path) -> None:
    expected = write_scored_run(tmp_path / "a", seed=1)
    run = read_scored_run(tmp_path / "a")
    assert run.ids == [f"r{k}" for k in range(40)]
    assert run.groups is None
    assert (run.n_train, run.n_validation) == (90, 10)
    np.testing.assert_array_equal(run.predictions.true, expected.true)
    np.testing.assert_array_equal(run.predictions.predicted, expected.predicted)
    np.testing.assert_allclose(run.predictions.proba, expected.proba, atol=1e-6)
    metrics = json.loads((tmp_path / "a" / "metrics.json").read_text(encoding="utf-8"))
    assert score_of(run.predictions, "mcc") == pytest.approx(metrics["mcc"])


def test_read_scored_run__knows_groups(tmp_path: Path) -> None:
    groups = [f"g{k // 4}" for k in range(40)]
    write_scored_run(tmp_path / "a", seed=1, groups=groups)
    assert read_scored_run(tmp_path / "a").groups == groups


def test_read_scored_run__of_what_is_not_applicable_is_none(tmp_path: Path) -> None:
    text = json.dumps({"classes": ["a", "b"], "n_test": 3, "not_applicable": "lengths differ"})
    (tmp_path / "metrics.json").write_text(text, encoding="utf-8")
    assert read_scored_run(tmp_path) is None


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("metrics.json", '"n_train": 90', '"n_train": 0', "metrics.json: n_train is 0 and n_valid"),
        ("metrics.json", '"n_test": 40', '"n_test": 41', "found 40 records, expected 41 as in met"),
        ("predictions.tsv", "true_label", "truth", "no column 'true_label', found 'id', 'status'"),
        ("predictions.tsv", "true_label", "truth", "Write it with 'fastgru evaluate' or"),
        (
            "predictions.tsv",
            "\tok\tclass 0\tclass 0\t",
            "\tok\tclass 0\tother\t",
            "predictions.tsv: labels the model does not know: 'other'",
        ),
        ("predictions.tsv", "\tok\tclass 0\tclass 0\t", "\tok\tclass 0\tclass 0\tx", "record 'r"),
        ("predictions.tsv", "\tok\tclass 0\tclass 0\t", "\tok\tclass 0\tclass 0\t9", "numbers in "),
    ],
)
def test_read_scored_run__explains_files_that_do_not_fit(
    file: str, old: str, new: str, message: str, tmp_path: Path
) -> None:
    write_scored_run(tmp_path, seed=1)
    text = (tmp_path / file).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(FastgruError) as caught:
        read_scored_run(tmp_path)
    assert message in str(caught.value)


def test_read_scored_run__names_the_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FastgruError, match=r"metrics\.json: cannot be read as JSON"):
        read_scored_run(tmp_path / "none")


def test_align__brings_records_into_one_order(tmp_path: Path) -> None:
    write_scored_run(tmp_path / "a", seed=1, groups=[f"g{k}" for k in range(40)])
    write_scored_run(tmp_path / "b", seed=1, skill=0.5, groups=[f"g{k}" for k in range(40)])
    lines = (tmp_path / "b" / "predictions.tsv").read_text(encoding="utf-8").splitlines()
    before = read_scored_run(tmp_path / "b")
    text = "\n".join([lines[0], *lines[:0:-1], ""])
    (tmp_path / "b" / "predictions.tsv").write_text(text, encoding="utf-8")
    turned = read_scored_run(tmp_path / "b")
    assert turned.ids == before.ids[::-1]
    moved = align(read_scored_run(tmp_path / "a"), turned)
    assert (moved.ids, moved.groups) == (before.ids, before.groups)
    np.testing.assert_array_equal(moved.predictions.proba, before.predictions.proba)


@pytest.mark.parametrize("changes", [{"seed": 2}, {"n_records": 39}, {"first": 1}])
def test_align__refuses_other_records(changes: dict, tmp_path: Path) -> None:
    write_scored_run(tmp_path / "a", seed=1)
    write_scored_run(tmp_path / "b", **{"seed": 1, **changes})
    with pytest.raises(FastgruError) as caught:
        align(read_scored_run(tmp_path / "a"), read_scored_run(tmp_path / "b"))
    assert str(caught.value) == (
        f"{tmp_path / 'b'}: was not tested on the records, labels and classes of "
        f"{tmp_path / 'a'}, expected the same. Compare runs of one split, and give the folds of "
        "each in the same order."
    )


@pytest.mark.parametrize("column", ["length", "group"])
@pytest.mark.parametrize("lacking", ["a", "b"])
def test_pool_runs__names_the_fold_that_lacks_a_column(
    column: str, lacking: str, tmp_path: Path
) -> None:
    for seed, name in enumerate(("a", "b")):
        groups = [f"g{k}" for k in range(40)] if column == "group" and name != lacking else None
        write_scored_run(tmp_path / name, seed=seed, first=40 * seed, groups=groups)
    holding = "a" if lacking == "b" else "b"
    if column == "length":
        path = tmp_path / holding / "predictions.tsv"
        header, *lines = path.read_text(encoding="utf-8").splitlines()
        rows = [f"{header}\tlength", *(f"{line}\t30" for line in lines)]
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    with pytest.raises(FastgruError) as caught:
        pool_runs([read_scored_run(tmp_path / name) for name in ("a", "b")])
    assert str(caught.value) == (
        f"{tmp_path / lacking / 'predictions.tsv'}: no column {column!r}, which "
        f"{tmp_path / holding / 'predictions.tsv'} has, expected the same columns in every fold. "
        "Evaluate both again with one version of fastgru, on splits of one kind."
    )
