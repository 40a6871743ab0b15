"""Series of real numbers in the command: a table, an archive or a folder in place of FASTA."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from fastgru import SequenceClassifier, SequenceRegressor
from fastgru.models.model_file import read_model

OPTIONS = ["--alphabet", "series", "--hidden-size", "6", "--max-epochs", "3", "-t", "1"]


class Files(NamedTuple):
    """The same series in each form, with their labels."""

    folder: Path
    table: Path
    archive: Path
    events: Path
    labels: Path
    series: dict[str, np.ndarray]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Time and value; made once, to be left as it is."""
    folder = tmp_path_factory.mktemp("series")
    made = Files(
        folder, folder / "x.tsv", folder / "x.npz", folder / "events", folder / "y.tsv", {}
    )
    made.events.mkdir()
    rng = np.random.default_rng(0)
    labels = ["id\tlabel\tsplit\tlevel"]
    for k in range(60):
        times = np.cumsum(rng.integers(1, 9, int(rng.integers(3, 9))))
        values = np.column_stack([times, rng.integers(0, 9, len(times)) + 5 * (k % 2)])
        made.series[f"s{k:02}"] = values.astype(np.float64)
        part = "test" if k % 5 == 4 else "train"
        labels.append(f"s{k:02}\t{'high' if k % 2 else 'low'}\t{part}\t{k % 2}.5")
    made.labels.write_text("\n".join(labels) + "\n", encoding="utf-8")
    lines = ["id\ttime\tvalue"]
    for name, values in made.series.items():
        steps = ["\t".join(map(str, row)) for row in values]
        lines += [f"{name}\t{step}" for step in steps]
        text = "\n".join(["time\tvalue", *steps]) + "\n"
        (made.events / f"{name}.tsv").write_text(text, encoding="utf-8")
    made.table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    np.savez(made.archive, **made.series)
    return made


@pytest.fixture(scope="module")
def model(files: Files) -> Path:
    """Trained on the table, with times."""
    from fastgru.cli import main

    path = files.folder / "m"
    given = ["train", "-q", files.table, "--labels", files.labels, "--time-decay", *OPTIONS]
    assert main(list(map(str, [*given, "-o", path]))) == 0
    return path


def test_train__learns_the_same_from_each_form(
    files: Files, model: Path, tmp_path, run_cli
) -> None:
    expected = read_model(model)
    for given in (files.archive, files.events):
        options = ["--labels", files.labels, "--time-decay", *OPTIONS, "-o", tmp_path / given.name]
        code, _, err = run_cli(["train", given, *options])
        assert code == 0, err
        found = read_model(tmp_path / given.name)
        for name, value in expected.tensors.items():
            np.testing.assert_array_equal(found.tensors[name], value)
        assert found.card["data"]["files"][0]["n_records"] == 60
        assert found.card["data"]["files"][0]["name"] == given.name
    assert expected.card["architecture"]["time_decay"]
    shown = run_cli(["info", model]).out
    assert " 2 features of each step, the first its time; states decay with it\n" in shown


def test_predict__is_what_the_estimator_says(files: Files, model: Path, run_cli) -> None:
    tables = [run_cli(["predict", model, given]) for given in files[1:4]]
    assert {table.code for table in tables} == {0}
    assert tables[0].out == tables[1].out == tables[2].out
    rows = [line.split("\t") for line in tables[0].out.splitlines()]
    assert rows[0] == ["id", "status", "label", "flags", "high", "low"]
    assert [row[0] for row in rows[1:]] == list(files.series)
    probabilities = SequenceClassifier.load(model).predict_proba(list(files.series.values()))
    found = np.array([row[4:] for row in rows[1:]], np.float64)
    np.testing.assert_allclose(found, probabilities, rtol=1e-5)


def test_evaluate__scores_the_test_part(files: Files, model: Path, tmp_path, run_cli) -> None:
    options = ["--predictions", tmp_path / "p.tsv", "-o", tmp_path / "s.json", "--n-resamples", "9"]
    code, _, err = run_cli(["evaluate", model, files.table, "--labels", files.labels, *options])
    assert code == 0, err
    header, first = (tmp_path / "p.tsv").read_text(encoding="utf-8").splitlines()[:2]
    cells = dict(zip(header.split("\t"), first.split("\t"), strict=True))
    assert (cells["id"], cells["length"]) == ("s04", str(len(files.series["s04"])))
    assert "seen" not in err


def test_train__of_one_file_for_each_class(files: Files, tmp_path, run_cli) -> None:
    for place, name in enumerate(("low", "high")):
        chosen = list(files.series.items())[place::2]
        np.savez(tmp_path / f"{name}.npz", **dict(chosen))
    classes = [f"--class={name}={tmp_path / name}.npz" for name in ("low", "high")]
    options = [*classes, *OPTIONS, "-o", tmp_path / "m"]
    code, _, err = run_cli(["train", *options])
    assert code == 0, err
    assert SequenceClassifier.load(tmp_path / "m").classes_.tolist() == ["high", "low"]


def test_train__of_regression(files: Files, tmp_path, run_cli) -> None:
    task = ["--task", "regression", "--target", "level", "--time-decay", *OPTIONS]
    given = ["train", files.table, "--labels", files.labels, *task, "-o", tmp_path / "m"]
    code, _, err = run_cli(given)
    assert code == 0, err
    twin = SequenceRegressor.load(tmp_path / "m")
    assert twin.alphabet == "series"
    predicted = twin.predict(list(files.series.values()))
    code, out, _ = run_cli(["predict", tmp_path / "m", files.archive])
    first = out.splitlines()[1].split("\t")
    assert code == 0
    assert float(first[3]) == pytest.approx(float(np.ravel(predicted)[0]), rel=1e-4)


def test_train__of_several_labels(files: Files) -> None:
    series, answers = list(files.series.values()), np.tile([[0, 1], [1, 0]], (30, 1))
    model = SequenceClassifier("series", hidden_size=4, max_epochs=1, threads=1, random_state=0)
    model.fit(series, answers, validation_data=(series[:4], answers[:4]))
    assert model.predict_proba(series).shape == (60, 2)


def test_train__has_a_dry_run_of_series(files: Files, run_cli) -> None:
    given = ["train", files.events, "--labels", files.labels, "--time-decay", *OPTIONS]
    code, out, err = run_cli([*given, "--dry-run"])
    assert code == 0, err
    assert "1 GRU layer of 6 units" in out


def test_split__is_what_training_takes(files: Files, tmp_path, run_cli) -> None:
    given = [files.table, "--labels", files.labels, "--alphabet", "series"]
    split, model = tmp_path / "split.tsv", tmp_path / "m"
    code, _, err = run_cli(["split", *given, "--method", "random", "-o", split])
    assert code == 0, err
    rows = [line.split("\t") for line in split.read_text(encoding="utf-8").splitlines()[1:]]
    assert [row[0] for row in rows] == list(files.series)
    code, _, err = run_cli(["train", *given, *OPTIONS, "--split", split, "-o", model])
    assert code == 0, err
    code, out, err = run_cli(["evaluate", model, *given, "--split", split, "--n-resamples", "9"])
    assert code == 0, err
    scores, parts = json.loads(out), [row[2] for row in rows]
    found = [scores[name] for name in ("n_train", "n_validation", "n_test", "n_seen")]
    assert found == [*(parts.count(part) for part in ("train", "validation", "test")), 0]


def test_split__leaves_repeated_series_out_and_keeps_groups_together(tmp_path, run_cli) -> None:
    rng = np.random.default_rng(1)
    series = {f"s{k:02}": rng.random((k % 3 + 1, 2)) for k in range(30)}
    series |= {"copy": series["s00"], "other": series["s01"]}
    np.savez(tmp_path / "x.npz", **series)
    labels = {name: "ab"[k // 3 % 2] for k, name in enumerate(series)}
    labels |= {"copy": labels["s00"], "other": "b" if labels["s01"] == "a" else "a"}
    rows = [f"{name}\t{label}\tg{k // 3}" for k, (name, label) in enumerate(labels.items())]
    (tmp_path / "y").write_text("\n".join(["id\tlabel\tgroup", *rows]) + "\n", encoding="utf-8")
    given = [tmp_path / "x.npz", "--labels", tmp_path / "y", "--alphabet", "series"]
    code, out, err = run_cli(["split", *given, "-o", "-"])
    assert code == 0, err
    assert "32 records, of which 2 are left out for conflicting labels and 1 as duplicates" in err
    table = [line.split("\t") for line in out.splitlines()[1:]]
    assert [row[0] for row in table] == [n for n in series if n not in ("s01", "copy", "other")]
    assert len({(row[2], row[3]) for row in table}) == len({row[3] for row in table}) == 10


def test_audit__of_series_knows_sizes_repeats_and_leaks(tmp_path: Path, run_cli) -> None:
    rng = np.random.default_rng(1)
    series = {f"s{k:02}": rng.random((k % 3 + 1, 2)) for k in range(30)}
    series |= {"copy": series["s00"], "other": series["s01"]}
    np.savez(tmp_path / "x.npz", **series)
    labels = {name: "ab"[k % 2] for k, name in enumerate(series)} | {"other": "a"}
    rows = [f"{name}\t{label}\ttrain" for name, label in labels.items()]
    rows = [row.replace("train", "test") if row.startswith("copy") else row for row in rows]
    (tmp_path / "y").write_text("\n".join(["id\tlabel\tsplit", *rows]) + "\n", encoding="utf-8")
    given = [tmp_path / "x.npz", "--labels", tmp_path / "y", "--alphabet", "series"]
    code, _, err = run_cli(["audit", *given, "-o", tmp_path / "a.json"])
    assert code == 0, err
    report = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    found = {name: report[name] for name in ("alphabet", "n_records", "n_kept", "homology")}
    assert found == {"alphabet": "series", "n_records": 32, "n_kept": 29, "homology": None}
    assert report["classes"]["a"].keys() == {"n", "n_kept", "length"}
    assert report["classes"]["a"]["length"]["max"] == 3
    excluded = {(row["id"], row["reason"], row["same_as"]) for row in report["excluded"]}
    conflicts = {(name, "conflicting_labels", "s01") for name in ("s01", "other")}
    assert excluded == {("copy", "duplicate", "s00"), *conflicts}
    counts = {"exact": 1, "reverse_complement": None, "near_identical": None, "homologous": None}
    assert report["leaks"]["test"] == {"n": 1, **counts}
    codes = {finding["code"] for finding in report["findings"]}
    assert codes == {"conflicting_labels", "duplicates", "leaking_split", "small_class"}


def test_audit__of_series_has_a_digest_of_their_numbers(
    files: Files, tmp_path: Path, run_cli
) -> None:
    np.savez(tmp_path / "x.npz", **{**files.series, "s00": files.series["s00"] + 1})
    options = ["--labels", files.labels, "--alphabet", "series"]
    reports = [run_cli(["audit", given, *options]).out for given in files[1:4]]
    digests = {json.loads(report)["content_sha256"] for report in reports}
    other = json.loads(run_cli(["audit", tmp_path / "x.npz", *options]).out)["content_sha256"]
    assert (len(digests), other in digests) == (1, False)


def test_audit__of_series_with_a_target(files: Files, run_cli) -> None:
    given = [files.table, "--labels", files.labels, "--alphabet", "series"]
    code, out, err = run_cli(["audit", *given, "--task", "regression", "--target", "level"])
    assert code == 0, err
    report = json.loads(out)
    assert report["targets"]["level"]["n_values"] == 2
    assert report["target_shortcuts"] == []


@pytest.mark.parametrize("name", ["majority", "length"])
def test_baseline__is_that_of_letters_with_the_same_lengths(
    name: str, files: Files, tmp_path: Path, run_cli
) -> None:
    numbers = [f"{k:02o}".translate(str.maketrans("01234567", "ACDEFGHI")) for k in range(60)]
    rows = zip(files.series, numbers, map(len, files.series.values()), strict=True)
    letters = "".join(f">{record}\n{number:A<{length}}\n" for record, number, length in rows)
    (tmp_path / "x.fa").write_text(letters, encoding="utf-8")
    split = tmp_path / "split.tsv"
    given = [files.table, "--labels", files.labels, "--alphabet", "series"]
    assert run_cli(["split", *given, "-o", split]).code == 0
    options = ["--labels", files.labels, "--split", split, "--n-resamples", "9"]
    of_series = run_cli(["baseline", name, *given, *options])
    assert of_series.code == 0, of_series.err
    of_letters = [tmp_path / "x.fa", "--alphabet", "protein"]
    assert of_series.out == run_cli(["baseline", name, *of_letters, *options]).out


@pytest.mark.parametrize(("task", "name"), [("regression", "mean"), ("multilabel", "length")])
def test_baseline__of_targets(task: str, name: str, files: Files, tmp_path: Path, run_cli) -> None:
    text = files.labels.read_text(encoding="utf-8").replace(".5\n", "\n")
    (tmp_path / "y").write_text(text, encoding="utf-8")
    given = [files.archive, "--labels", tmp_path / "y", "--alphabet", "series"]
    options = ["--task", task, "--target", "level", "--n-resamples", "9"]
    code, out, err = run_cli(["baseline", name, *given, *options])
    assert code == 0, err
    scores = json.loads(out)
    assert (scores["task"], scores["n_train"], scores["n_test"]) == (task, 48, 12)


def test_train__names_series_without_label_and_labels_without_series(
    files: Files, tmp_path, run_cli
) -> None:
    (tmp_path / "y.tsv").write_text("id\tlabel\ns00\ta\ns01\tb\nnone\tb\n", encoding="utf-8")
    given = ["train", files.table, "--labels", tmp_path / "y.tsv", *OPTIONS, "-o", tmp_path / "m"]
    code, _, err = run_cli(given)
    assert code != 0
    assert "line 4" in err
    assert "'none'" in err
    assert "the record has no label in" in err
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "M", "T", "--labels", "Y", "--shuffle"], "--shuffle: the model reads series"),
        (["evaluate", "M", "T", "--label-field", "x"], "series have no headers, so there is no"),
        (["predict", "M", "T", "--on-invalid", "status"], "M reads series, of which all have to"),
        (["search", "T", "--labels", "Y", "--alphabet", "series"], "invalid choice: 'series'"),
        (
            ["audit", "T", "--labels", "Y", "--alphabet", "series", "--identity", "0.5"],
            "--identity 0.5: no sequences are compared",
        ),
        (
            ["split", "T", "--labels", "Y", "--alphabet", "series", "--method", "homology"],
            "split by homology: series have no letters to align, expected dna, rna or protein.",
        ),
        (
            ["baseline", "kmer_forest", "T", "--labels", "Y", "--alphabet", "series"],
            "baseline kmer_forest: knows letters, but the input are series, expected one of majo",
        ),
        (
            ["baseline", "majority", "T", "--task", "tagging", "--alphabet", "series"],
            "--alphabet series: the task is tagging, which is about letters, expected one of cla",
        ),
        (
            ["split", "T", "--task", "language_model", "--alphabet", "series"],
            "--alphabet series: the task is language_model, which is about letters, expected one",
        ),
        (["predict", "M", "Y"], "y.tsv, line 2: the column 'label' holds 'low', expected a number"),
        (["predict", "M", "F"], "x.fa, line 1: found '>a', expected a header with the column id"),
    ],
)
def test_command__refuses_what_series_have_not(
    arguments: list[str], message: str, files: Files, model: Path, tmp_path, run_cli
) -> None:
    (tmp_path / "x.fa").write_text(">a\nACGT\n", encoding="utf-8")
    paths = {"M": model, "T": files.table, "Y": files.labels, "F": tmp_path / "x.fa"}
    code, out, err = run_cli([paths.get(word, word) for word in arguments])
    assert code != 0
    assert not out
    assert message.replace("M reads", f"{model} reads") in err
