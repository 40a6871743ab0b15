from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data.duplicates import resolve_duplicates
from fastgru.data.labelled import LabelledSequences
from fastgru.data.splits import apply_split, make_split, random_split, read_split, write_split
from fastgru.errors import ConfigurationError, LabelError

LABELS = st.dictionaries(st.sampled_from("xyz"), st.integers(3, 60), min_size=1).map(
    lambda counts: [label for label, count in counts.items() for _ in range(count)]
)
FRACTIONS = st.floats(0.01, 0.49)
SEEDS = st.integers(0, 2**32)


def labelled(labels: list[str], **columns: list[str]) -> LabelledSequences:
    places = range(len(labels))
    sequences = [
        np.base_repr(place, 4).translate(str.maketrans("0123", "ACGT")) for place in places
    ]
    data = LabelledSequences([f"r{place}" for place in places], sequences, labels)
    for name, values in columns.items():
        setattr(data, name, values)
    return data


@given(labels=LABELS, test=FRACTIONS, validation=FRACTIONS, seed=SEEDS)
def test_random_split__divides_every_class_alike(
    labels: list[str], test: float, validation: float, seed: int
) -> None:
    splits = random_split(labels, test_fraction=test, validation_fraction=validation, seed=seed)
    sizes = Counter(labels)
    counts = Counter(zip(labels, splits, strict=True))
    for label, size in sizes.items():
        for name, share in (("test", test), ("validation", validation)):
            assert counts[label, name] >= 1
            # Rounding moves a part by half a record, the guaranteed record of another by one.
            assert abs(counts[label, name] - share * size) <= 1.5
        assert counts[label, "train"] >= 1


@given(labels=LABELS, seed=SEEDS)
def test_random_split__depends_on_the_seed_alone(labels: list[str], seed: int) -> None:
    assert random_split(labels, seed=seed) == random_split(labels, seed=seed)


def test_random_split__of_a_seed_stays_the_same() -> None:
    # A change here changes every published result.
    splits = random_split(["x"] * 5 + ["y"] * 5, seed=7)
    assert "".join(split[1] for split in splits) == "erarraerrr"


def test_random_split__differs_between_seeds() -> None:
    labels = ["x"] * 50 + ["y"] * 50
    assert len({tuple(random_split(labels, seed=seed)) for seed in range(20)}) == 20


@pytest.mark.parametrize(
    ("fractions", "expected"),
    [((0.0, 0.2), {"train", "validation"}), ((0.2, 0.0), {"train", "test"}), ((0, 0), {"train"})],
)
def test_random_split__leaves_out_parts_of_no_size(
    fractions: tuple[float, float], expected: set[str]
) -> None:
    test, validation = fractions
    splits = random_split(["x"] * 20, test_fraction=test, validation_fraction=validation)
    assert set(splits) == expected


@pytest.mark.parametrize("fractions", [(-0.1, 0.1), (0.1, -0.1), (0.5, 0.5), (1.0, 0.0)])
def test_random_split__refuses_impossible_fractions(fractions: tuple[float, float]) -> None:
    message = "test_fraction and validation_fraction must be at least 0 and together below 1, got"
    with pytest.raises(ConfigurationError, match=message):
        random_split(["x"] * 9, test_fraction=fractions[0], validation_fraction=fractions[1])


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        (
            ["x", "x", "y", "y", "y"],
            {},
            r"too few records to split .*: class 'x' has 2, expected at least 3 .* Add sequences,",
        ),
        (["x"], {"validation_fraction": 0}, "class 'x' has 1, expected at least 2"),
        (
            ["x"] * 9,
            {"groups": ["a"] * 5 + ["b"] * 4},
            "too few groups to split into train, validation, test: class 'x' has 2",
        ),
        (
            list("xyxxyxxy"),
            {"groups": list("aabbccdd")},
            "the groups cannot be divided: no group with class 'y' is left for test",
        ),
    ],
)
def test_random_split__refuses_classes_that_are_too_small(
    labels: list[str], options: dict[str, object], message: str
) -> None:
    with pytest.raises(LabelError, match=message):
        random_split(labels, **options)


@given(data=st.data(), seed=SEEDS)
def test_random_split__divides_no_group(data: st.DataObject, seed: int) -> None:
    sizes = data.draw(st.lists(st.integers(1, 6), min_size=30, max_size=60))
    groups = [f"g{place}" for place, size in enumerate(sizes) for _ in range(size)]
    labels = ["xy"[place % 2] for place, size in enumerate(sizes) for _ in range(size)]
    splits = random_split(labels, groups=groups, seed=seed)
    parts = defaultdict(set)
    for group, split in zip(groups, splits, strict=True):
        parts[group].add(split)
    assert all(len(found) == 1 for found in parts.values())
    shares = {name: count / len(labels) for name, count in Counter(splits).items()}
    assert shares == pytest.approx({"train": 0.7, "validation": 0.1, "test": 0.2}, abs=0.1)


def test_make_split__keeps_a_given_split() -> None:
    given_split = ["train", "validation", "test"] * 2
    assert make_split(labelled(list("xxxyyy"), splits=given_split)) == given_split


def test_make_split__draws_validation_from_the_given_training_part() -> None:
    data = labelled(["x", "y"] * 50, splits=["train"] * 80 + ["test"] * 20)
    splits = make_split(data, validation_fraction=0.1, seed=3)
    assert splits[80:] == ["test"] * 20
    assert Counter(splits[:80]) == {"train": 72, "validation": 8}
    assert make_split(data, validation_fraction=0) == data.splits


def test_make_split__respects_groups() -> None:
    groups = [f"g{place // 4}" for place in range(80)]
    splits = make_split(labelled(["x", "y"] * 40, groups=groups))
    assert all(len(set(splits[start : start + 4])) == 1 for start in range(0, 80, 4))


def test_make_split__refuses_a_class_without_training_records() -> None:
    data = labelled(list("xxy"), splits=["train", "test", "test"])
    with pytest.raises(LabelError, match="the given split leaves no training records of 'y'"):
        make_split(data)


def test_make_split__refuses_a_given_split_that_divides_groups() -> None:
    data = labelled(list("xx"), splits=["train", "test"], groups=["g", "g"])
    with pytest.raises(LabelError, match=r"the given split divides 1 group: 'g'\. Correct"):
        make_split(data, validation_fraction=0)


def test_read_split__undoes_write_split(tmp_path: Path) -> None:
    data = labelled(["x", "y"] * 10)
    splits = make_split(data)
    write_split(tmp_path / "split.tsv", data.ids, data.labels, splits)
    table = read_split(tmp_path / "split.tsv")
    rows = [(name, row.label, row.split) for name, row in table.rows.items()]
    assert rows == list(zip(data.ids, data.labels, splits, strict=True))
    assert (tmp_path / "split.tsv").read_text(encoding="utf-8").startswith("id\tlabel\tsplit\nr0\t")


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
        splits = make_split(used, seed=seed)
    except LabelError:
        return
    parts = {
        name: {s for s, split in zip(used.sequences, splits, strict=True) if split == name}
        for name in ("train", "validation", "test")
    }
    assert sum(map(len, parts.values())) == len(set.union(*parts.values()))
