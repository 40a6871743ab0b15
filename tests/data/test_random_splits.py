from __future__ import annotations

import re
from collections import Counter, defaultdict

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fastgru.data.random_splits import fold_splits, random_split
from fastgru.errors import ConfigurationError, LabelError

LABELS = st.dictionaries(st.sampled_from("xyz"), st.integers(3, 60), min_size=1).map(
    lambda counts: [label for label, count in counts.items() for _ in range(count)]
)
FRACTIONS = st.floats(0.01, 0.49)
SEEDS = st.integers(0, 2**32)


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
            ["x"] * 9,
            {"groups": ["a"] * 9},
            r"use smaller groups \(homology: a higher identity\), or set the fraction of a part",
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


@given(labels=LABELS, n_folds=st.integers(2, 6), seed=SEEDS, validation=st.floats(0, 0.3))
def test_fold_splits__test_every_record_once(
    labels: list[str], n_folds: int, seed: int, validation: float
) -> None:
    sizes = Counter(labels)
    assume(min(sizes.values()) >= max(3, n_folds) + 1)
    splits = list(fold_splits(labels, n_folds, validation_fraction=validation, seed=seed))
    assert len(splits) == n_folds
    tested = Counter(k for split in splits for k, part in enumerate(split) if part == "test")
    assert tested == dict.fromkeys(range(len(labels)), 1)
    for split in splits:
        counts = Counter(zip(labels, split, strict=True))
        for label, size in sizes.items():
            # the first fold takes what rounding leaves of all others
            assert abs(counts[label, "test"] - size / n_folds) <= max(1, n_folds / 2)
            assert (counts[label, "validation"] > 0) == (validation > 0)
            assert counts[label, "train"] > 0


@given(data=st.data(), seed=SEEDS)
def test_fold_splits__divide_no_group(data: st.DataObject, seed: int) -> None:
    n_groups = data.draw(st.integers(12, 40))
    groups = [f"g{number}" for number in range(n_groups) for _ in range(3)]
    labels = ["x", "y", "x"] * n_groups
    for split in fold_splits(labels, 4, groups=groups, seed=seed):
        parts = defaultdict(set)
        for group, part in zip(groups, split, strict=True):
            parts[group].add(part)
        assert all(len(found) == 1 for found in parts.values())


@pytest.mark.parametrize(("n_folds", "validation"), [(1, 0.1), (2, 0.5), (5, 0.8), (5, -0.1)])
def test_fold_splits__refuse_impossible_numbers(n_folds: int, validation: float) -> None:
    with pytest.raises(ConfigurationError, match="folds must be at least 2, and validation_frac"):
        list(fold_splits(["x"] * 40, n_folds, validation_fraction=validation))


def test_fold_splits__name_the_fold_that_lacks_a_class() -> None:
    with pytest.raises(LabelError, match="too few records to split into 3 folds: class 'y' has 2"):
        list(fold_splits(["x"] * 9 + ["y"] * 2, 3))
    # nine groups of one class, and two of the other: enough, until the large ones are dealt out
    groups = [f"g{k}" for k in range(40)]
    labels = ["x"] * 37 + ["y"] * 3
    groups[37:] = ["g37"] * 3
    with pytest.raises(LabelError, match=r"too few groups to split into 3 folds: class 'y' has 1"):
        list(fold_splits(labels, 3, groups=groups))


@pytest.mark.parametrize(
    ("groups", "cure"),
    [
        (None, "Add sequences, remove the class, or use fewer folds."),
        (
            [f"g{k}" for k in range(20)],
            "class, use smaller groups (homology: a higher identity), or use fewer folds.",
        ),
    ],
)
def test_fold_splits__advise_fewer_folds(groups: list[str] | None, cure: str) -> None:
    with pytest.raises(LabelError, match=f"into 200 folds: class 'x' has 20, .*{re.escape(cure)}"):
        list(fold_splits(["x"] * 20, 200, groups=groups))
