"""Features beside letters in the command: a file with a row for each letter of each record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from fastgru import SequenceClassifier, SequenceRegressor
from tests.planted import as_fasta, as_table, plant

OPTIONS = ["--hidden-size", "6", "--max-epochs", "2", "-t", "1"]


class Files(NamedTuple):
    """Letters, labels, and features as an archive and as a table."""

    fasta: Path
    labels: Path
    archive: Path
    table: Path
    model: Path
    pairs: list[tuple[str, np.ndarray]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Made once, to be left as it is."""
    from fastgru.cli import main

    folder = tmp_path_factory.mktemp("features")
    sequences, truth = plant(60, seed=3)
    fasta = as_fasta(sequences, truth)
    ids = [line[1:].split()[0] for line in fasta.splitlines() if line.startswith(">")]
    rng = np.random.default_rng(0)
    features = [rng.integers(0, 40, (len(letters), 2)) for letters in sequences]
    pairs = list(zip(sequences, features, strict=True))
    names = ("a.fa", "labels.tsv", "q.npz", "q.tsv", "m")
    made = Files(*(folder / name for name in names), pairs)
    made.fasta.write_text(fasta, encoding="utf-8")
    made.labels.write_text(as_table(truth), encoding="utf-8")
    np.savez(made.archive, **dict(zip(ids, features, strict=True)), unused=np.zeros((1, 2)))
    lines = ["id\tquality\tdepth"]
    for name, rows in zip(ids, features, strict=True):
        lines += [f"{name}\t{quality}\t{depth}" for quality, depth in rows]
    made.table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    given = ["train", "-q", made.fasta, "--labels", made.labels, "--features", made.archive]
    assert main(list(map(str, [*given, *OPTIONS, "-o", made.model]))) == 0
    return made


def test_train__learns_the_same_from_a_table(files: Files, tmp_path: Path, run_cli) -> None:
    given = ["train", files.fasta, "--labels", files.labels, "--features", files.table]
    code, _, err = run_cli([*given, *OPTIONS, "-o", tmp_path / "m"])
    assert code == 0, err
    one, other = (SequenceClassifier.load(path) for path in (files.model, tmp_path / "m"))
    expected = one.predict_proba(files.pairs)
    assert other.predict_proba(files.pairs).tobytes() == expected.tobytes()
    card = json.loads(run_cli(["info", "--json", files.model]).out)
    assert [file["name"] for file in card["data"]["files"]] == ["a.fa", "labels.tsv", "q.npz"]
    assert "2 of each letter beside" in run_cli(["info", files.model]).out


def test_predict__is_what_the_estimator_says_of_pairs(files: Files, run_cli) -> None:
    code, out, err = run_cli(["predict", files.model, files.fasta, "--features", files.table])
    assert code == 0, err
    found = [[float(cell) for cell in line.split("\t")[4:]] for line in out.splitlines()[1:]]
    expected = SequenceClassifier.load(files.model).predict_proba(files.pairs)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_evaluate__scores_with_features(files: Files, tmp_path: Path, run_cli) -> None:
    options = ["--features", files.archive, "--predictions", tmp_path / "p", "--n-resamples", "9"]
    given = ["evaluate", files.model, files.fasta, "--labels", files.labels, *options]
    code, out, err = run_cli(given)
    assert code == 0, err
    assert json.loads(out)["n_seen"] == 60
    cells = (tmp_path / "p").read_text(encoding="utf-8").splitlines()[1].split("\t")
    assert str(len(files.pairs[0][0])) in cells


def test_train__with_a_split_of_the_letters(files: Files, tmp_path: Path, run_cli) -> None:
    given = [files.fasta, "--labels", files.labels]
    split, model = tmp_path / "split.tsv", tmp_path / "m"
    code, _, err = run_cli(["split", *given, "--method", "random", "-o", split])
    assert code == 0, err
    given += ["--features", files.archive, "--split", split]
    code, _, err = run_cli(["train", *given, *OPTIONS, "-o", model])
    assert code == 0, err
    parts = [line.split("\t")[2] for line in split.read_text(encoding="utf-8").splitlines()[1:]]
    code, out, err = run_cli(["evaluate", model, *given, "--n-resamples", "9"])
    assert code == 0, err
    scores = json.loads(out)
    found = [scores[name] for name in ("n_train", "n_validation", "n_test", "n_seen")]
    assert found == [*(parts.count(part) for part in ("train", "validation", "test")), 0]


def test_train__of_regression_with_features(files: Files, tmp_path: Path, run_cli) -> None:
    rows = files.labels.read_text(encoding="utf-8").splitlines()[1:]
    numbers = [f"{row.split(chr(9))[0]}\t{k}" for k, row in enumerate(rows)]
    (tmp_path / "y").write_text("\n".join(["id\tlevel", *numbers]) + "\n", encoding="utf-8")
    options = ["--task", "regression", "--target", "level", "--features", files.archive]
    given = ["train", files.fasta, "--labels", tmp_path / "y", *options, *OPTIONS]
    code, _, err = run_cli([*given, "-o", tmp_path / "m"])
    assert code == 0, err
    assert SequenceRegressor.load(tmp_path / "m").predict(files.pairs).shape == (60,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict", "M", "F"], "M: was trained with 2 features of each letter, expected a file"),
        (["predict", "M", "F", "--features", "one"], "one.npz, record '"),
        (["predict", "M", "F", "--features", "few"], "the record has no features in "),
        (["predict", "M", "F", "--features", "short"], "but features of 1 in "),
        (["evaluate", "M", "F", "--labels", "L"], "was trained with 2 features of each letter"),
        (["evaluate", "M", "F", "--labels", "L", "--features", "few"], "the record has no feature"),
        (
            ["evaluate", "M", "F", "--labels", "L", "--features", "A", "--shuffle"],
            "--shuffle: the letters have features (--features), which would stand beside others",
        ),
        (
            ["train", "F", "--task", "language_model", "--features", "A", "-o", "new"],
            "--features: the task is language_model, expected one of classification, multilabel",
        ),
        (
            ["train", "F", "--alphabet", "series", "--features", "A", "-o", "new"],
            "--features: series have features themselves, expected letters",
        ),
        (["train", "F", "--labels", "L", "--features", "A", "-o", "A", "--force"], "is an input"),
    ],
)
def test_command__says_what_is_wrong_with_features(
    arguments: list[str], message: str, files: Files, tmp_path: Path, run_cli
) -> None:
    with np.load(files.archive) as archive:
        ids = archive.files
        first = {ids[0]: np.zeros((1, 2))}
        rest = {name: archive[name] for name in ids[1:]}
        np.savez(tmp_path / "few.npz", **rest)
        np.savez(tmp_path / "short.npz", **first, **rest)
        np.savez(tmp_path / "one.npz", **{name: rows[:, :1] for name, rows in rest.items()})
    paths = {"M": files.model, "F": files.fasta, "L": files.labels, "A": files.archive}
    paths |= {name: tmp_path / f"{name}.npz" for name in ("few", "short", "one")}
    paths["new"] = tmp_path / "new"
    code, out, err = run_cli([paths.get(word, word) for word in arguments])
    assert (code != 0, out) == (True, "")
    assert message.replace("M:", f"{files.model}:") in err
    assert not (tmp_path / "new").exists()


def test_predict__without_features_in_training_refuses_some(files: Files, work, run_cli) -> None:
    found = run_cli(["predict", work.model, work.fasta, "--features", files.archive])
    assert found.code != 0
    assert f"--features: {work.model} was trained without features of letters" in found.err


def test_predict__gives_records_without_features_a_row_on_request(
    files: Files, tmp_path: Path, run_cli
) -> None:
    with np.load(files.archive) as archive:
        np.savez(tmp_path / "few", **{name: archive[name] for name in archive.files[1:]})
    options = ["--features", tmp_path / "few.npz", "--on-invalid", "status"]
    code, out, err = run_cli(["predict", files.model, files.fasta, *options])
    assert code == 0, err
    rows = [line.split("\t") for line in out.splitlines()[1:]]
    assert rows[0][1].startswith("the record has no features in ")
    assert {row[1] for row in rows[1:]} == {"ok"}
