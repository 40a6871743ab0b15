"""Tables, JSON lines and Parquet hold the same predictions."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from fastgru import SequenceClassifier, SequenceLanguageModel, SequenceRegressor
from fastgru.cli import parquet as parquet_module
from fastgru.cli.prediction_formats import as_unicode, row_format
from fastgru.cli.prediction_table import PredictionColumns
from tests.planted import plant

BAD = ">gap\nAC-T\n"


def as_objects(table: str) -> list[dict[str, Any]]:
    """Read a table of predictions, by a second way: cells that are missing are None."""
    header, *rows = (line.split("\t") for line in table.splitlines())
    fixed = ("id", "status", "label", "labels", "flags", "letter", "sequence")
    found = []
    for row in rows:
        one: dict[str, Any] = {}
        for name, cell in zip(header, row, strict=True):
            if row[1] != "ok" and name not in ("id", "status"):
                one[name] = None
            elif name == "flags":
                one[name] = [flag for flag in cell.split(";") if flag]
            elif name in fixed:
                one[name] = cell
            else:
                one[name] = float(cell) if cell else None
        found.append(one)
    return found


def flat(text: str, nested: str, names: list[str]) -> list[dict[str, Any]]:
    """Read JSON lines, with the nested numbers beside the others."""
    found = []
    for line in text.splitlines():
        one = json.loads(line)
        numbers = one.pop(nested, None)
        found.append(one | (dict.fromkeys(names) if numbers is None else numbers))
    return found


@pytest.fixture
def three_formats(tmp_path: Path, run_cli) -> Any:
    """Predict in each format and return the table, the JSON lines, and the Parquet file."""

    def predict(arguments: list[object], stdin: str) -> tuple[str, str, Path]:
        for name in ("tsv", "jsonl", "parquet"):
            given = ["predict", *arguments, "-", "-o", tmp_path / f"p.{name}"]
            code, _, err = run_cli([*given, "--on-invalid", "status", "--force"], stdin=stdin)
            assert code == 0, err
        texts = [(tmp_path / f"p.{name}").read_text(encoding="utf-8") for name in ("tsv", "jsonl")]
        return texts[0], texts[1], tmp_path / "p.parquet"

    return predict


def assert_equal_values(found: tuple[str, str, Path], nested: str, names: list[str]) -> None:
    table, lines, path = found
    expected = as_objects(table)
    assert flat(lines, nested, names) == expected
    rows = parquet.read_table(path)
    assert rows.to_pylist() == expected
    assert rows.column_names == table.splitlines()[0].split("\t")


def test_formats__hold_equal_values_of_a_classifier(work, three_formats) -> None:
    fasta = work.fasta.read_text(encoding="utf-8") + BAD + ">long\n" + "ACGT" * 90 + "\n"
    found = three_formats([work.model], fasta)
    assert_equal_values(found, "probabilities", ["no", "yes"])
    first, *_, gap, long = map(json.loads, found[1].splitlines())
    assert list(first) == ["id", "status", "label", "flags", "probabilities"]
    assert gap == {
        "id": "gap",
        "status": "letter '-' at position 3 is not in the dna alphabet (ACGT, and BDHKMNRSVWXY "
        "for ambiguous positions)",
        "label": None,
        "flags": None,
        "probabilities": None,
    }
    assert long["flags"] == ["length"]
    # the same numbers as from Python, but for the digits of the table
    expected = SequenceClassifier.load(work.model).predict_proba(work.sequences)
    for line, row in zip(found[1].splitlines(), expected, strict=False):
        assert json.loads(line)["probabilities"] == {
            "no": float(f"{row[0]:.6g}"),
            "yes": float(f"{row[1]:.6g}"),
        }


def test_formats__hold_equal_values_of_a_regressor(tmp_path: Path, three_formats) -> None:
    sequences, truth = plant(40, seed=2)
    model = SequenceRegressor(hidden_size=4, max_epochs=1, threads=1, random_state=0)
    model.fit(sequences, [float(label == "yes") for label in truth])
    model.save(tmp_path / "m")
    fasta = "".join(f">r{k}\n{letters}\n" for k, letters in enumerate(sequences)) + BAD
    found = three_formats([tmp_path / "m"], fasta)
    names = found[0].splitlines()[0].split("\t")[3:]
    assert_equal_values(found, "targets", names)
    # too few residuals for an interval
    assert [one[names[1]] for one in as_objects(found[0])[:2]] == [None, None]


def test_formats__hold_equal_values_of_a_language_model(tmp_path: Path, three_formats) -> None:
    sequences, _ = plant(40, seed=2)
    model = SequenceLanguageModel(hidden_size=4, max_epochs=1, threads=1, random_state=0)
    model.fit(sequences).save(tmp_path / "m")
    fasta = "".join(f">r{k}\n{letters}\n" for k, letters in enumerate(sequences)) + BAD
    found = three_formats([tmp_path / "m"], fasta)
    assert_equal_values(found, "probabilities", [])
    assert isinstance(json.loads(found[1].splitlines()[0])["log_likelihood"], float)


def test_parquet__has_types_groups_and_an_origin(
    work, three_formats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_module, "_MAX_ROWS", 33)
    _, _, path = three_formats([work.model], work.fasta.read_text(encoding="utf-8"))
    file = parquet.ParquetFile(path)
    types = {field.name: str(field.type) for field in file.schema_arrow}
    assert types == {
        "id": "string",
        "status": "string",
        "label": "string",
        "flags": "list<element: string>",
        "no": "double",
        "yes": "double",
    }
    sizes = [file.metadata.row_group(k).num_rows for k in range(file.metadata.num_row_groups)]
    assert sizes == [33, 33, 14]
    metadata = file.schema_arrow.metadata
    assert metadata[b"task"] == b"classification"
    assert len(metadata[b"model_sha256"]) == 64
    assert metadata[b"fastgru_version"]


def test_parquet__bounds_the_letters_of_a_group(
    work, three_formats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_module, "_MAX_CHARACTERS", 1000)
    table, _, path = three_formats([work.model], work.fasta.read_text(encoding="utf-8"))
    metadata = parquet.ParquetFile(path).metadata
    assert metadata.num_row_groups == pytest.approx(len(table) / 1000, abs=2)
    assert metadata.num_rows == 80


def test_parquet__of_nothing_has_columns(tmp_path: Path, work, run_cli) -> None:
    columns = PredictionColumns(("id", "status", "flags"), ("x",))
    (tmp_path / "t").write_text(row_format("parquet", columns).header, encoding="utf-8")
    parquet_module.write_parquet(str(tmp_path / "t"), str(tmp_path / "p"), columns, {})
    assert parquet.read_table(tmp_path / "p").column_names == ["id", "status", "flags", "x"]


def test_ids__keep_their_bytes_in_a_table_and_are_unicode_elsewhere(
    tmp_path: Path, work, run_cli
) -> None:
    for name in ("tsv", "jsonl", "parquet"):
        given = ["predict", work.model, "-", "-o", tmp_path / f"p.{name}"]
        assert run_cli(given, stdin=b">caf\xe9\nACGT\n>\xc3\xa9\nACGT\n").code == 0
    rows = (tmp_path / "p.tsv").read_bytes().splitlines()[1:]
    assert [row.split(b"\t")[0] for row in rows] == [b"caf\xe9", b"\xc3\xa9"]
    lines = (tmp_path / "p.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["café", "é"]
    assert parquet.read_table(tmp_path / "p.parquet")["id"].to_pylist() == ["café", "é"]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\n")))
def test_json__keeps_any_id(text: str) -> None:
    columns = PredictionColumns(("id", "status", "flags"), ("x",))
    line = row_format("jsonl", columns).line([text, "ok", "", "1e-05"])
    assert line.count("\n") == 1
    assert line.endswith("\n")
    expected = {"id": text, "status": "ok", "flags": [], "probabilities": {"x": 1e-05}}
    assert json.loads(line) == expected


def test_as_unicode__turns_foreign_bytes_into_latin_1() -> None:
    text = b"caf\xe9 \xc3\xa9 \x80\xff".decode("utf-8", "surrogateescape")
    assert as_unicode(text) == "café é \x80ÿ"


@given(st.floats())
def test_json__has_numbers_or_null(value: float) -> None:
    columns = PredictionColumns(("id", "status", "flags", "log_likelihood"))
    line = row_format("jsonl", columns).line(["a", "ok", "", f"{value:.6g}"])
    found = json.loads(line, parse_constant=pytest.fail)["log_likelihood"]
    assert found == (float(f"{value:.6g}") if math.isfinite(value) else None)


def test_format__follows_from_the_name(tmp_path: Path, work, run_cli) -> None:
    for name, start in (("p.jsonl", b'{"id": "r0"'), ("p.NDJSON", b"{"), ("p", b"id\tstatus")):
        assert run_cli(["predict", work.model, work.fasta, "-o", tmp_path / name]).code == 0
        assert (tmp_path / name).read_bytes().startswith(start)
    code, out, _ = run_cli(["predict", work.model, work.fasta, "--format", "jsonl"])
    assert code == 0
    assert out == (tmp_path / "p.jsonl").read_text(encoding="utf-8")
    given = ["predict", work.model, work.fasta, "-o", tmp_path / "p.jsonl.gz"]
    assert run_cli(given).code == 0
    assert gzip.decompress((tmp_path / "p.jsonl.gz").read_bytes()).decode() == out


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (
            ["-o", "p.parquet", "--format", "tsv"],
            2,
            "--format tsv: the name p.parquet is one of the format parquet, expected tsv or no",
        ),
        (["-o", "p.jsonl.gz", "--format", "tsv"], 2, "is one of the format jsonl"),
        (["--format", "parquet"], 2, "--format parquet: the output is no file, expected one: Par"),
        (["-o", "/dev/null", "--format", "parquet"], 2, "Name a file with -o, or use --format js"),
        (["-o", "p.parquet.gz"], 2, "p.parquet.gz: Parquet files are not compressed, expected a"),
        (["--format", "csv"], 2, "invalid choice: 'csv'"),
    ],
)
def test_format__is_refused_where_it_cannot_be(
    options: list[str], code: int, message: str, work, run_cli, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = run_cli(["predict", work.model, work.fasta, *options])
    assert (found.code, found.out) == (code, "")
    assert message in found.err
    assert list(tmp_path.iterdir()) == []


def test_parquet__says_which_package_is_missing(
    work, run_cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    given = ["predict", work.model, work.fasta, "-o", tmp_path / "p.parquet"]
    code, _, err = run_cli(given)
    assert code == 1
    assert "--format parquet: needs pyarrow, which cannot be imported" in err
    assert "Install with: pip install 'fastgru[parquet]'" in err
    assert list(tmp_path.iterdir()) == []
