from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from fastgru import SequenceClassifier
from fastgru.models.model_file import read_model


@pytest.fixture(scope="module")
def metrics(work, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from fastgru.cli import main

    path = tmp_path_factory.mktemp("metrics") / "metrics.json"
    words = ["evaluate", "-q", work.model, work.fasta, "--labels", work.labels]
    assert main([str(word) for word in [*words, "--split", work.split, "-o", path]]) == 0
    return path


def changed(path: Path, folder: Path, **changes: Any) -> Path:
    other = folder / "changed.json"
    scored = json.loads(path.read_text(encoding="utf-8"))
    other.write_text(json.dumps({**scored, **changes}), encoding="utf-8")
    return other


def test_annotate__adds_scores_and_words_and_changes_nothing_else(
    work, metrics: Path, run_cli, tmp_path: Path
) -> None:
    words = ["--license", "CC-BY-4.0", "--intended-use", "Tests, nothing else."]
    output = tmp_path / "published.safetensors"
    code, out, err = run_cli(["annotate", work.model, "--metrics", metrics, *words, "-o", output])
    assert (code, out) == (0, "")
    assert "added: metrics, license, intended_use\n" in err
    before, after = read_model(work.model), read_model(output)
    added = {name: after.card.pop(name) for name in ("metrics", "license", "intended_use")}
    assert (added["license"], added["intended_use"]) == ("CC-BY-4.0", "Tests, nothing else.")
    assert {**after.card, "sha256": ""} == {**before.card, "sha256": ""}
    twins = [SequenceClassifier.load(path) for path in (work.model, output)]
    first, second = (twin.predict_proba(work.sequences).tobytes() for twin in twins)
    assert first == second


def test_annotate__takes_every_score_with_its_interval(
    work, metrics: Path, run_cli, tmp_path: Path
) -> None:
    run_cli(["annotate", work.model, "--metrics", metrics, "-o", tmp_path / "m"])
    entry = read_model(tmp_path / "m").card["metrics"]
    scored = json.loads(metrics.read_text(encoding="utf-8"))
    found = {(row["part"], row["name"]): (row["value"], row["interval"]) for row in entry["scores"]}
    expected = {
        (None, name): (scored[name], interval) for name, interval in scored["intervals"].items()
    }
    for part, ends in scored["class_intervals"].items():
        values = scored["per_class"][part]
        expected |= {(part, name): (values[name], interval) for name, interval in ends.items()}
    assert found == expected
    assert len(entry["scores"]) == len(expected)
    assert {name: entry[name] for name in ("n_test", "n_seen", "bootstrap", "data")} == {
        name: scored[name] for name in ("n_test", "n_seen", "bootstrap", "data")
    }
    assert entry["data"]["subset"] == "test"
    assert entry["data"]["split"] == read_model(work.model).card["data"]["split"]


def test_annotate__of_an_annotated_model_replaces_what_is_given(
    work, metrics: Path, run_cli, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    run_cli(["annotate", work.model, "--metrics", metrics, "--license", "MIT", "-o", first])
    words = ["--license", "CC0-1.0", "--metrics", metrics]
    assert run_cli(["annotate", first, *words, "-o", second]).code == 0
    one, two = read_model(first).card, read_model(second).card
    assert (one.pop("license"), two.pop("license")) == ("MIT", "CC0-1.0")
    assert {**one, "sha256": ""} == {**two, "sha256": ""}


def test_annotate__knows_targets_of_regression_by_their_names(
    work, run_cli, quick, tmp_path: Path
) -> None:
    rows = [f"s{k}\t{len(set(text))}\t{text.count('A')}" for k, text in enumerate(work.sequences)]
    table = "\n".join(["id\tletters\tadenine", *rows])
    (tmp_path / "t.tsv").write_text(table, encoding="utf-8")
    fasta = "".join(f">s{k}\n{text}\n" for k, text in enumerate(work.sequences))
    (tmp_path / "a.fa").write_text(fasta, encoding="utf-8")
    given = [tmp_path / "a.fa", "--labels", tmp_path / "t.tsv"]
    model = tmp_path / "m.safetensors"
    words = ["--task", "regression", "--target", "letters,adenine", *quick, "-o", model]
    assert run_cli(["train", *given, *words]).code == 0
    scores = tmp_path / "metrics.json"
    assert run_cli(["evaluate", model, *given, "--n-resamples", 20, "-o", scores]).code == 0
    code, _, err = run_cli(["annotate", model, "--metrics", scores, "-o", tmp_path / "n"])
    assert code == 0, err
    entry = read_model(tmp_path / "n").card["metrics"]
    per_target = json.loads(scores.read_text(encoding="utf-8"))["per_target"]
    found = {(row["part"], row["name"]): row["value"] for row in entry["scores"]}
    assert {part for part, _ in found} == {"letters", "adenine"}
    assert found["adenine", "mae"] == per_target["adenine"]["mae"]
    assert entry["n_seen"] > 0
    assert "THE SCORES MEASURE MEMORY" in run_cli(["info", tmp_path / "n"]).out


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights_sha256": "0"}, "holds the scores of a model with other weights than .* 'fastgr"),
        ({"shuffled_sequences": "residues"}, "the scores of a control, .* without --shuffle"),
        ({"kind": "baseline"}, "holds no scores of a model, expected those of 'fastgru evaluate'"),
        ({"n_test": "many"}, "metrics.n_test is 'many', expected .* Write them again"),
        ({"intervals": 7}, "is missing or of another kind, expected the scores of 'fastgru eval"),
        ({"intervals": {"wit": None}}, "'wit' is missing or of another kind"),
    ],
)
def test_annotate__refuses_scores_that_are_not_of_the_model(
    changes: dict[str, Any], message: str, work, metrics: Path, run_cli, tmp_path: Path
) -> None:
    other = changed(metrics, tmp_path, **changes)
    code, _, err = run_cli(["annotate", work.model, "--metrics", other, "-o", tmp_path / "m"])
    assert code == 1
    assert f"{other}: " in err
    assert re.search(message, err), err
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("content", [b"", b"[1", b"\xff", b"[" * 10_000, b"[]"])
def test_annotate__explains_what_is_no_metrics_json(
    content: bytes, work, run_cli, tmp_path: Path
) -> None:
    (tmp_path / "x.json").write_bytes(content)
    words = ["annotate", work.model, "--metrics", tmp_path / "x.json", "-o", tmp_path / "m"]
    code, _, err = run_cli(words)
    assert code == 1
    assert f"error: {tmp_path / 'x.json'}: " in err
    assert "expected" in err


def test_annotate__needs_something_to_add_and_a_new_file(work, run_cli) -> None:
    code, _, err = run_cli(["annotate", work.model, "-o", "m"])
    assert code == 2
    assert "there is nothing to add, expected --metrics, --license or --intended-use. Give" in err
    code, _, err = run_cli(
        ["annotate", work.model, "--license", "MIT", "-o", work.model, "--force"]
    )
    assert code == 2
    assert "is an input and would be overwritten" in err


def test_annotate__writes_no_compressed_file(work, tmp_path: Path, run_cli) -> None:
    output = tmp_path / "model.safetensors.gz"
    code, _, err = run_cli(["annotate", work.model, "--license", "MIT", "-o", output])
    assert code == 2
    assert "model files are not compressed, expected a name such as annotated.safetensors" in err
    assert not output.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "argument --license: expected some words, got none"),
        ("  ", "argument --license: expected some words, got none"),
        ("a\udcffb", "argument --license: expected text in UTF-8, got 'a\\udcffb'"),
    ],
)
def test_annotate__refuses_words_that_say_nothing(
    work, text: str, message: str, tmp_path: Path, run_cli
) -> None:
    code, _, err = run_cli(["annotate", work.model, "--license", text, "-o", tmp_path / "m"])
    assert code == 2
    assert message in err
