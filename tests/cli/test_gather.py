from __future__ import annotations

import gzip
from pathlib import Path

import pytest


@pytest.fixture
def tables(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"part{number}.tsv" for number in (1, 2, 10)]
    for path, rows in zip(paths, ("a\t1\nb\t2\n", "", "c\t3\n"), strict=True):
        path.write_text(f"id\tscore\n{rows}")
    return paths


def test_gather__joins_tables_under_one_header(run_cli, tables: list[Path]) -> None:
    code, out, err = run_cli(["gather", *tables])
    assert (code, out) == (0, "id\tscore\na\t1\nb\t2\nc\t3\n")
    assert "joined 3 tables" in err
    assert "warning" not in err


def test_gather__reads_and_writes_compressed_tables(
    run_cli, tables: list[Path], tmp_path: Path
) -> None:
    tables[1].write_bytes(gzip.compress(tables[1].read_bytes()))
    out = tmp_path / "all.tsv.gz"
    assert run_cli(["gather", *tables, "-o", out]).code == 0
    assert gzip.decompress(out.read_bytes()) == b"id\tscore\na\t1\nb\t2\nc\t3\n"


def test_gather__joins_json_lines(run_cli, tmp_path: Path) -> None:
    texts = ["", '{"id": "a"}\n{"id": "b"}\n', "", '{"id": "c"}\n']
    paths = [tmp_path / f"{number}.jsonl" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    assert run_cli(["gather", *paths]).out == "".join(texts)


def test_gather__warns_of_the_order_of_a_shell(run_cli, tables: list[Path]) -> None:
    code, _, err = run_cli(["gather", tables[0], tables[2], tables[1]])
    assert code == 0
    assert f"warning: {tables[2]} stands before {tables[1]}; tables are joined in the" in err


def test_gather__refuses_what_does_not_fit(run_cli, tables: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "all.tsv"
    other, cut, empty = (tmp_path / name for name in ("other.tsv", "cut.tsv", "empty.tsv"))
    other.write_text("id\tlabel\na\tx\n")
    cut.write_text("id\tscore\na\t1\nb")
    empty.write_text("")
    cases = [
        (other, f"{other}, line 1: found 'id\\tlabel', expected the header of {tables[0]}, "),
        (cut, f"{cut}: ends in the middle of a line, expected a whole table"),
        (empty, f"{empty}: is empty, expected at least the header of a table"),
        (tmp_path / "gone.tsv", "gone.tsv: cannot be read (no such file or directory)"),
    ]
    for path, message in cases:
        for order in ([tables[0], path], [path, tables[0]]):
            code, _, err = run_cli(["gather", *order, "-o", out])
            assert code == 1
            assert not out.exists()
            if order[0] != other:
                assert message in err
    code, _, err = run_cli(["gather", *tables, "-o", tables[0], "--force"])
    assert code == 2
    assert "is an input and would be overwritten" in err
