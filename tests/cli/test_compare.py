from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from tests.report.scored_files import write_scored_run
from tests.report.task_files import write_task_run


def make(folder: Path, **skills: float) -> list[str]:
    """Write runs of two folds, one folder per name and fold."""
    for name, skill in skills.items():
        for fold in (0, 1):
            write_scored_run(folder / f"{name}{fold}", seed=fold, skill=skill, n_records=100)
    return [f"{name}={folder / name}0" for name in skills]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))


def test_compare__takes_the_first_as_reference(tmp_path: Path, run_cli) -> None:
    arguments = make(tmp_path, gru=3.0, kmers=0.5, same=3.0)
    code, out, err = run_cli(["compare", *arguments, "-o", tmp_path / "c.tsv"])
    assert (code, out) == (0, "")
    rows = rows_of((tmp_path / "c.tsv").read_text(encoding="utf-8"))
    assert [(row["a"], row["b"], row["metric"]) for row in rows] == [
        ("gru", name, metric)
        for name in ("kmers", "same")
        for metric in ("roc_auc", "accuracy", "accuracy", "mcc")
    ]
    verdicts = {(row["b"], row["metric"]): row["verdict"] for row in rows}
    assert verdicts["kmers", "roc_auc"] == "a is better"
    assert verdicts["same", "roc_auc"] == "no difference shown"
    first = rows[0]
    assert (
        f"roc_auc: gru {float(first['score_a']):.4f}, kmers {float(first['score_b']):.4f}; gru is "
        f"better (p {float(first['p_holm']):.2g} after Holm, paired bootstrap over records)"
    ) in err
    assert "no difference shown (p 1 after Holm" in err


def test_compare__takes_what_it_is_told(tmp_path: Path, run_cli) -> None:
    arguments = make(tmp_path, gru=3.0, kmers=0.5)
    options = ["--reference", "kmers", "--metric", "pr_auc", "--metric", "pr_auc"]
    code, out, err = run_cli(["compare", *arguments, *options, "--n-resamples", 50, "--seed", 1])
    assert code == 0
    (row,) = rows_of(out)
    assert (row["a"], row["b"], row["metric"]) == ("kmers", "gru", "pr_auc")
    assert row["verdict"] == "b is better"
    assert "gru is better" in err
    assert float(row["p"]) == pytest.approx(2 / 51, rel=1e-5)


def test_compare__knows_the_scores_of_each_task(tmp_path: Path, run_cli) -> None:
    for name, error in (("gru", 0.3), ("small", 2.0)):
        write_task_run(tmp_path / name, "regression", 1, error=error)
    arguments = [f"{name}={tmp_path / name}" for name in ("gru", "small")]
    code, out, _ = run_cli(["compare", *arguments, "--n-resamples", 200])
    assert code == 0
    rows = {row["metric"]: row for row in rows_of(out)}
    assert list(rows) == ["r2", "pearson", "spearman", "rmse"]
    assert rows["r2"]["verdict"] == "a is better"
    assert float(rows["r2"]["difference"]) > 0
    assert rows["rmse"]["verdict"] == "unknown"  # of two targets, whose units differ
    code, _, err = run_cli(["compare", *arguments, "--metric", "accuracy"])
    assert code == 2
    assert "--metric accuracy: is no score of regression, expected one of 'r2'" in err


def test_compare__takes_fewer_bits_for_the_better(tmp_path: Path, run_cli) -> None:
    for name, error in (("gru", 0.3), ("small", 2.0)):
        write_task_run(tmp_path / name, "language_model", 1, error=error)
    arguments = [f"{name}={tmp_path / name}" for name in ("gru", "small")]
    code, out, _ = run_cli(["compare", *arguments, "--n-resamples", 200])
    assert code == 0
    (row,) = rows_of(out)
    assert (row["metric"], row["verdict"]) == ("bits_per_letter", "a is better")
    assert float(row["difference"]) < 0


def test_compare__reads_a_name_given_twice_as_two_folds(tmp_path: Path, run_cli) -> None:
    arguments = make(tmp_path, gru=3.0, kmers=0.5)
    second = [argument[:-1] + "1" for argument in arguments]
    code, out, _ = run_cli(["compare", *arguments, *second])
    assert code == 0
    assert {(row["n_folds"], row["method"]) for row in rows_of(out)} == {
        ("2", "corrected resampled t test over folds")
    }


def test_compare__gives_the_same_bytes_every_time(tmp_path: Path, run_cli) -> None:
    arguments = make(tmp_path, gru=3.0, kmers=0.5)
    first, second = (run_cli(["compare", *arguments]).out for _ in range(2))
    assert first == second != ""


def test_compare__leaves_out_what_is_not_applicable(tmp_path: Path, run_cli) -> None:
    arguments = make(tmp_path, gru=3.0, kmers=0.5)
    (tmp_path / "onehot").mkdir()
    text = json.dumps({"not_applicable": "sequences have 2 different lengths"})
    (tmp_path / "onehot" / "metrics.json").write_text(text, encoding="utf-8")
    onehot = f"onehot={tmp_path / 'onehot'}"
    code, out, err = run_cli(["compare", *arguments, onehot, "--n-resamples", 20])
    assert code == 0
    assert {row["b"] for row in rows_of(out)} == {"kmers"}
    assert "warning: onehot is not applicable to these sequences and left out" in err
    code, _, err = run_cli(["compare", onehot, *arguments])
    assert code == 2
    assert "onehot: is not applicable to these sequences, expected scores to compare with" in err


def test_compare__works_on_what_evaluate_and_baseline_write(tmp_path: Path, work, run_cli) -> None:
    labels = ["--labels", work.labels, "--split", work.split, "--n-resamples", 5]
    for name in ("gru", "length"):
        (tmp_path / name).mkdir()
        outputs = ["-o", tmp_path / name / "metrics.json"]
        outputs += ["--predictions", tmp_path / name / "predictions.tsv"]
        start = ["evaluate", work.model] if name == "gru" else ["baseline", name]
        assert run_cli([*start, work.fasta, *labels, *outputs]).code == 0
    code, out, _ = run_cli(["compare", *(f"{n}={tmp_path / n}" for n in ("gru", "length"))])
    assert code == 0
    metrics = json.loads((tmp_path / "gru" / "metrics.json").read_text(encoding="utf-8"))
    rows = rows_of(out)
    assert [row["n_test"] for row in rows] == ["24"] * 4
    for row in rows:
        assert float(row["score_a"]) == pytest.approx(metrics[row["metric"]], rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "the following arguments are required: NAME=FOLDER"),
        (["gru0"], 2, "expected NAME=FOLDER, got 'gru0'; the name is missing: NAME=gru0"),
        (["a=gru0"], 2, "a: is alone, expected folders of another classifier as well. Add NAME="),
        (["a=gru0", "b=kmers0", "--reference", "c"], 2, "--reference c: is none of 'a', 'b', exp"),
        (["a\tb=gru0", "b=kmers0"], 2, "'a\\tb': holds a tab or another control character, expe"),
        (["a=gru0", "a=gru1", "b=kmers0"], 2, "b: has 1 folder, expected 2 as a has. Name one f"),
        (
            ["a=gru0", "a=./gru0", "b=kmers0", "b=kmers1"],
            2,
            "a: names the folder ./gru0 twice, expected another one for each fold. Leave one of",
        ),
        (["a=gru0", "b=kmers1"], 1, "kmers1: was not tested on the records, labels and classes o"),
        (["a=gru0", "b=none"], 1, "none/metrics.json: cannot be read as JSON (No such file or d"),
        (["a=gru0", "b=kmers0", "--metric", "x"], 2, "x: is no score of classification"),
        (["a=gru0", "b=kmers0", "-o", "x/c"], 1, "x/c: there is no folder 'x'"),
        (
            ["a=gru0", "b=kmers0", "--force", "-o", "kmers0/predictions.tsv"],
            2,
            "kmers0/predictions.tsv: is an input and would be overwritten, expected another file",
        ),
    ],
)
def test_compare__explains_what_it_cannot_compare(
    arguments: list[str], code: int, message: str, tmp_path: Path, run_cli, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path, gru=3.0, kmers=0.5)
    found = run_cli(["compare", *arguments])
    assert (found.code, found.out) == (code, "")
    assert message in found.err


def test_compare__says_which_p_values_are_corrected_together(run_cli) -> None:
    result = run_cli(["compare", "--help"])
    assert "p values of each score and test are corrected for their" in result.out


def test_compare__says_why_it_knows_no_p(tmp_path: Path, run_cli) -> None:
    names = make(tmp_path, gru=3.0, kmers=0.5)
    for name in ("gru", "kmers"):
        shutil.copytree(tmp_path / f"{name}0", tmp_path / f"{name}2")
    copies = [f"{argument[:-1]}2" for argument in names]
    code, out, err = run_cli(["compare", *names, *copies])
    assert code == 0
    assert {row["verdict"] for row in rows_of(out)} == {"unknown"}
    assert "unknown (no p: the difference is the same in all folds; are they the same run?, " in err
    for name in ("one0", "two0"):
        write_scored_run(tmp_path / name, seed=0, n_records=30, groups=["g"] * 30)
    _, _, err = run_cli(["compare", f"a={tmp_path / 'one0'}", f"b={tmp_path / 'two0'}"])
    assert "unknown (no p: one group, or too few of a class, cannot be resampled, paired" in err
