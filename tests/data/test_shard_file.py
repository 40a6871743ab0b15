from __future__ import annotations

import json
from pathlib import Path

import pytest

from fastgru.data import shard_file
from fastgru.data.shard_file import read_plan, write_plan
from fastgru.data.shards import Grid, ShardPlan, plan_shards
from fastgru.errors import FastgruError


@pytest.fixture
def plan(tmp_path: Path) -> ShardPlan:
    for name in ("a", "b"):
        (tmp_path / f"{name}.fa").write_text(f">{name}\n{'ACGT' * 500}\n>{name}2\n{'ACGT' * 99}\n")
    return plan_shards([tmp_path / "a.fa", tmp_path / "b.fa"], 5, grid=Grid(100, 50))


def test_read_plan__gives_back_what_was_written(plan: ShardPlan, tmp_path: Path) -> None:
    write_plan(plan, tmp_path / "shards.json")
    assert read_plan(tmp_path / "shards.json") == plan
    records = plan_shards([tmp_path / "a.fa"], 3)
    write_plan(records, tmp_path / "records.json")
    assert read_plan(tmp_path / "records.json") == records


FAULTS = [
    (("format_version",), 2, "found format_version 2, expected 1, which this version reads"),
    (("files",), [], "found files that is no list with entries"),
    (("files", 0, "size"), -1, "found size in files -1, expected a whole number of at least 0"),
    (("files", 0, "size"), True, "found size in files True"),
    (("files", 0, "name"), 3, "found name 3 in files, expected a text"),
    (("grid", "step"), 0, "found a window of 100 and a step of 0, expected at least 1"),
    (("grid", "more"), 0, "found grid with .*'more'"),
    (("more",), 0, "found the entries .*'more'"),
    (("n_letters",), 1, "found n_letters 1, expected 4792, the sum of the shards"),
    (("shards", 0), [], "found list in place of a shard"),
    (("shards", 0, "parts", 0, "file"), 2, "found file 2 in a part, expected one of the 2"),
    (("shards", 0, "parts", 0, "end"), 0, "found a part that contradicts itself"),
    (("shards", 1, "parts", 0, "begin"), 0, "found a part that does not follow"),
    (("shards", 1, "parts", 0, "first_window"), 1, "found a part that does not follow"),
    (("shards", 1, "parts", 0, "record"), None, "found a part that contradicts itself"),
    (("shards", 4, "parts", 0, "n_records"), 1.5, "found n_records in parts 1.5"),
    (("grid",), None, "found a record that is cut, expected whole records"),
]


@pytest.mark.parametrize(("place", "value", "message"), FAULTS)
def test_read_plan__refuses_what_no_plan_has(
    place: tuple[str | int, ...], value: object, message: str, plan: ShardPlan, tmp_path: Path
) -> None:
    path = tmp_path / "shards.json"
    write_plan(plan, path)
    content = json.loads(path.read_text())
    entry = content
    for key in place[:-1]:
        entry = entry[key]
    entry[place[-1]] = value
    path.write_text(json.dumps(content))
    with pytest.raises(FastgruError, match=message) as error:
        read_plan(path)
    assert str(error.value).startswith(f"{path}: ")
    assert str(error.value).endswith("Write it again with 'fastgru shards'.")


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\xff", "[]", '"plan"'])
def test_read_plan__refuses_other_files(text: str, tmp_path: Path) -> None:
    (tmp_path / "shards.json").write_text(text, encoding="latin-1")
    with pytest.raises(FastgruError, match=r"shards.json: found .*, expected (a plan|an object)"):
        read_plan(tmp_path / "shards.json")


def test_read_plan__looks_at_the_size_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_file, "_LARGEST", 10)
    (tmp_path / "shards.json").write_text(11 * " ")
    with pytest.raises(FastgruError, match="found 11 bytes, expected at most 10"):
        read_plan(tmp_path / "shards.json")
    with pytest.raises(FastgruError, match=r"gone.json: cannot be read .no such file"):
        read_plan(tmp_path / "gone.json")
