from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data.duplicates import resolve_duplicates
from fastgru.data.label_table import SplitOrigin, SplitSource
from fastgru.data.labelled import LabelledSequences
from fastgru.data.random_splits import random_split
from fastgru.data.splits import apply_split, read_split, source_of, write_split
from fastgru.errors import LabelError
from tests.data.records import labelled

SEEDS = st.integers(0, 2**32)


def test_read_split__undoes_write_split(tmp_path: Path) -> None:
    data = labelled(["x", "y"] * 10)
    splits = random_split(data.labels)
    write_split(tmp_path / "split.tsv", data, splits)
    table = read_split(tmp_path / "split.tsv")
    rows = [(name, row.label, row.split) for name, row in table.rows.items()]
    assert rows == list(zip(data.ids, data.labels, splits, strict=True))
    assert (tmp_path / "split.tsv").read_text(encoding="utf-8").startswith("id\tlabel\tsplit\nr0\t")


def test_read_split__knows_how_the_split_was_made(tmp_path: Path) -> None:
    data, path = labelled(["x", "y"] * 10), tmp_path / "split.tsv"
    for origin in (SplitOrigin("random, test 0.2", 7), SplitOrigin("given")):
        write_split(path, data, random_split(data.labels), origin)
        table = read_split(path)
        assert (table.split_method, table.split_seed) == (origin.method, origin.seed)
        used = apply_split(data, table).split_file
        assert used is not None
        assert (used.method, used.seed) == (origin.method, origin.seed)


@pytest.mark.parametrize(
    "rows", [["random\t1", "random\t2"], ["\t", "\t"], ["\t-1"], ["\t" + "9" * 50]]
)
def test_read_split__of_an_unclear_origin_knows_none(rows: list[str], tmp_path: Path) -> None:
    lines = [f"r{number}\tx\ttrain\t{row}" for number, row in enumerate(rows)]
    text = "\n".join(["id\tlabel\tsplit\tsplit_method\tsplit_seed", *lines])
    (tmp_path / "split.tsv").write_text(text, encoding="utf-8")
    table = read_split(tmp_path / "split.tsv")
    assert (table.split_method, table.split_seed) == (None, None)


def test_read_split__wants_the_column(tmp_path: Path) -> None:
    (tmp_path / "split.tsv").write_text("id\tlabel\na\tx\n", encoding="utf-8")
    with pytest.raises(
        LabelError, match=r"there is no column split, .* Make the file with 'fastgru"
    ):
        read_split(tmp_path / "split.tsv")


def table_of(folder: Path, *rows: str):
    (folder / "split.tsv").write_text("\n".join(["id\tlabel\tsplit", *rows]), encoding="utf-8")
    return read_split(folder / "split.tsv")


def test_apply_split__picks_the_parts(tmp_path: Path) -> None:
    data = labelled(list("xxyy"))
    table = table_of(tmp_path, "r3\ty\ttrain", "r0\tx\ttest", "r2\ty\tvalidation")
    used = apply_split(data, table)
    assert used.ids == ["r0", "r2", "r3"]
    assert used.splits == ["test", "validation", "train"]
    assert apply_split(data, table, ["train", "validation"]).ids == ["r2", "r3"]


def test_apply_split__takes_groups_of_the_table_before_those_of_the_records(
    tmp_path: Path,
) -> None:
    data = labelled(list("xxyy"))
    data.groups = list("abcd")
    rows = ["r3\ty\ttrain\tone", "r0\tx\ttest\ttwo", "r2\ty\ttest\tone"]
    text = "\n".join(["id\tlabel\tsplit\tgroup", *rows])
    (tmp_path / "groups.tsv").write_text(text, encoding="utf-8")
    table = read_split(tmp_path / "groups.tsv")
    assert apply_split(data, table).groups == ["two", "one", "one"]
    assert apply_split(data, table, ["test"]).groups == ["two", "one"]
    assert apply_split(data, table_of(tmp_path, "r3\ty\ttrain")).groups == ["d"]


def test_apply_split__remembers_the_file_and_all_its_parts(tmp_path: Path) -> None:
    table = table_of(tmp_path, "r3\ty\ttrain", "r0\tx\ttest", "r2\ty\ttrain")
    used = apply_split(labelled(list("xxyy")), table, ["test"])
    digest = hashlib.sha256((tmp_path / "split.tsv").read_bytes()).hexdigest()
    assert used.split_file == SplitSource("split.tsv", digest, 2, 0, 1, None)
    assert used.subset([]).split_file == used.split_file
    assert source_of(["train", "test"], ["a", "a"]) == SplitSource(None, None, 1, 0, 1, 1)


def test_apply_split__takes_the_first_copy_of_a_record(tmp_path: Path) -> None:
    data = LabelledSequences(["a", "b", "a"], ["AC", "GT", "AC"], ["x", "y", "x"])
    assert apply_split(data, table_of(tmp_path, "a\tx\ttest")).sequences == ["AC"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("r9\tx\ttrain", "line 3, record 'r9': there is no sequence with this id. Make the split"),
        ("r1\ty\ttrain", "record 'r1': the label is 'y', but that of the sequence is 'x'"),
        ("r2\tx\ttrain", "record 'r2': the same sequence is also in another part of the split"),
    ],
)
def test_apply_split__refuses_a_split_of_other_data(row: str, message: str, tmp_path: Path) -> None:
    data = LabelledSequences(["r0", "r1", "r2"], ["AC", "GT", "AC"], ["x", "x", "x"])
    with pytest.raises(LabelError, match=message):
        apply_split(data, table_of(tmp_path, "r0\tx\ttest", row), ["test"])


@given(
    pairs=st.lists(
        st.tuples(st.text("AC", min_size=1, max_size=6), st.sampled_from("xy")), min_size=80
    ),
    seed=SEEDS,
)
def test_split_after_the_rule__shares_no_sequence(pairs: list[tuple[str, str]], seed: int) -> None:
    ids = [f"r{place}" for place in range(len(pairs))]
    data = LabelledSequences(ids, [pair[0] for pair in pairs], [pair[1] for pair in pairs])
    used = data.subset(resolve_duplicates(data)[0])
    try:
        splits = random_split(used.labels, seed=seed)
    except LabelError:
        return
    parts = {
        name: {s for s, split in zip(used.sequences, splits, strict=True) if split == name}
        for name in ("train", "validation", "test")
    }
    assert sum(map(len, parts.values())) == len(set.union(*parts.values()))
