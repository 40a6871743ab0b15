from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import Any

import pytest

from fastgru.data.alphabets import get_alphabet
from fastgru.data.division import SplitPlan, divide, origins_of
from fastgru.data.homology import Threshold, pairs_across
from fastgru.data.labelled import LabelledSequences
from fastgru.errors import ConfigurationError, LabelError
from tests.data.records import labelled
from tests.data.relatives import collected, families, mutated

DNA, PROTEIN = get_alphabet("dna"), get_alphabet("protein")


def split_of(data: LabelledSequences, **options: Any) -> list[str]:
    (split,) = divide(data, DNA, SplitPlan(**options))[1]
    return split


def test_divide__keeps_a_given_split() -> None:
    given_split = ["train", "validation", "test"] * 2
    assert split_of(labelled(list("xxxyyy"), splits=given_split)) == given_split


def test_divide__draws_validation_from_the_given_training_part() -> None:
    data = labelled(["x", "y"] * 50, splits=["train"] * 80 + ["test"] * 20)
    splits = split_of(data, validation_fraction=0.1, seed=3)
    assert splits[80:] == ["test"] * 20
    assert Counter(splits[:80]) == {"train": 72, "validation": 8}
    assert split_of(data, validation_fraction=0) == data.splits


def test_divide__respects_groups() -> None:
    groups = [f"g{place // 4}" for place in range(80)]
    data = labelled(["x", "y"] * 40, groups=groups)
    splits = split_of(data)
    assert all(len(set(splits[start : start + 4])) == 1 for start in range(0, 80, 4))
    divided, (free,) = divide(data, DNA, SplitPlan(method="random"))
    assert any(len(set(free[start : start + 4])) > 1 for start in range(0, 80, 4))
    assert divided.groups is None


def test_divide__refuses_a_class_without_training_records() -> None:
    data = labelled(list("xxy"), splits=["train", "test", "test"])
    with pytest.raises(LabelError, match="the given split leaves no training records of 'y'"):
        split_of(data)


def test_divide__refuses_a_given_split_that_divides_groups() -> None:
    data = labelled(list("xx"), splits=["train", "test"], groups=["g", "g"])
    with pytest.raises(
        LabelError,
        match=r"the given split divides 1 group: 'g', expected each group in one part\. Corr",
    ):
        split_of(data, validation_fraction=0)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"method": "group"}, LabelError, "the labels have no column group, expected one that"),
        ({"method": "given"}, LabelError, "the labels have no column split, expected one with"),
        ({"method": "size"}, ConfigurationError, "method must be one of random, group, homology,"),
        ({"n_folds": 0}, ConfigurationError, "folds and repeats must be at least 1, got 0 and 1"),
        ({"n_repeats": 0}, ConfigurationError, "folds and repeats must be at least 1, got 1 and 0"),
    ],
)
def test_divide__refuses_what_it_cannot_do(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        split_of(labelled(["x", "y"] * 10), **options)


def test_divide__refuses_folds_of_a_given_split() -> None:
    data = labelled(["x", "y"] * 10, splits=["train", "train", "test", "test"] * 5)
    with pytest.raises(ConfigurationError, match="given split: there is one, so it cannot be rep"):
        split_of(data, n_folds=2)


def test_origins_of__say_how_each_split_is_made() -> None:
    def words(data: LabelledSequences, **options: Any) -> list[tuple[str, int | None]]:
        plan = SplitPlan(**options)
        origins = origins_of(data, get_alphabet("dna"), plan)
        if options.get("method") != "homology":
            assert len(origins) == len(divide(data, get_alphabet("dna"), plan)[1])
        return [(origin.method, origin.seed) for origin in origins]

    plain, grouped = labelled(list("xy") * 20), labelled(list("xy") * 20)
    grouped.groups = [f"g{number // 2}" for number in range(40)]
    assert words(plain, seed=7) == [("random, test 0.2, validation 0.1", 7)]
    assert words(grouped, n_folds=2, n_repeats=2, validation_fraction=0.25) == [
        ("group, fold 1 of 2, validation 0.25", 0),
        ("group, fold 2 of 2, validation 0.25", 0),
        ("group, fold 1 of 2, validation 0.25", 1),
        ("group, fold 2 of 2, validation 0.25", 1),
    ]
    assert words(plain, method="homology", threshold=Threshold(0.5, 0.7), test_fraction=0.3) == [
        ("homology, identity 0.5, coverage 0.7, test 0.3, validation 0.1", 0)
    ]
    plain.splits = ["train", "train", "train", "train", "test"] * 8
    assert words(plain, seed=3) == [("given, validation 0.1", 3)]
    plain.splits[0] = "validation"
    assert words(plain, seed=3) == [("given", None)]


def test_divide__repeats_with_other_seeds() -> None:
    data = labelled(["x", "y"] * 40)
    _, splits = divide(data, DNA, SplitPlan(n_folds=4, n_repeats=3, seed=5))
    assert len(splits) == 12
    _, last = divide(data, DNA, SplitPlan(n_folds=4, seed=7))
    assert splits[8:] == last
    assert splits[0] != splits[4]


@pytest.mark.parametrize(("alphabet", "length"), [("protein", 60), ("dna", 90)])
def test_divide__homology_leaves_no_pair_across_a_split(alphabet: str, length: int) -> None:
    letters = get_alphabet(alphabet)
    data = families(letters, n_families=40, size=3, length=length)
    plan = SplitPlan(method="homology", n_folds=4)
    divided, splits = divide(data, letters, plan, threads=2)
    threshold = Threshold.default(letters)
    assert divided.groups is not None
    family_of_group = defaultdict(set)
    for record, group in zip(data.ids, divided.groups, strict=True):
        family_of_group[record.split("_")[0]].add(group)
    assert all(len(groups) == 1 for groups in family_of_group.values())
    for split in splits:
        hits = collected(pairs_across(data.sequences, split, letters, threshold))
        assert len(hits.query) == 0
        counts = Counter(zip(data.labels, split, strict=True))
        assert all(counts[label, "test"] == pytest.approx(15, abs=4) for label in "xy")
    _, (free,) = divide(data, letters, SplitPlan(method="random"))
    assert len(collected(pairs_across(data.sequences, free, letters, threshold)).query) > 0


def test_divide__homology_keeps_given_groups_together() -> None:
    data = families(PROTEIN, n_families=30, size=2, length=50)
    # the last member of a family and the first of the next
    data.groups = [f"g{k // 4}" if k % 4 in (1, 2) else f"alone{k}" for k in range(len(data))]
    divided, (split,) = divide(data, PROTEIN, SplitPlan(method="homology"))
    assert divided.groups is not None
    for names in (data.groups, divided.groups):
        parts = defaultdict(set)
        for name, part in zip(names, split, strict=True):
            parts[name].add(part)
        assert all(len(found) == 1 for found in parts.values())


def test_families__are_what_the_tests_need() -> None:
    rng = random.Random(0)
    changed = mutated("A" * 100, 0.25, "ACGT", rng)
    assert sum(letter != "A" for letter in changed) == 25
