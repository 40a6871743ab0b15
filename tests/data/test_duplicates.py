from __future__ import annotations

from collections import Counter, defaultdict

from hypothesis import given
from hypothesis import strategies as st

from fastgru.data.duplicates import Exclusion, resolve_duplicates, without_conflicts
from fastgru.data.labelled import LabelledSequences

Pairs = list[tuple[str, str]]
PAIRS = st.lists(st.tuples(st.sampled_from(["A", "C", "G", "T", "AC"]), st.sampled_from("xyz")))


def labelled(pairs: Pairs) -> LabelledSequences:
    ids = [f"r{place}" for place in range(len(pairs))]
    return LabelledSequences(ids, [pair[0] for pair in pairs], [pair[1] for pair in pairs])


def test_resolve_duplicates__by_example() -> None:
    data = labelled([("A", "x"), ("C", "x"), ("A", "x"), ("C", "y"), ("G", "y"), ("C", "x")])
    kept, exclusions = resolve_duplicates(data)
    assert kept.tolist() == [0, 4]
    assert exclusions == [
        Exclusion(1, "conflicting_labels", 1),
        Exclusion(2, "duplicate", 0),
        Exclusion(3, "conflicting_labels", 1),
        Exclusion(5, "conflicting_labels", 1),
    ]


@given(PAIRS)
def test_resolve_duplicates__leaves_every_sequence_once(pairs: Pairs) -> None:
    data = labelled(pairs)
    kept, exclusions = resolve_duplicates(data)
    labels = defaultdict(set)
    for sequence, label in pairs:
        labels[sequence].add(label)
    expected = {sequence for sequence, found in labels.items() if len(found) == 1}
    used = data.subset(kept)
    assert Counter(used.sequences) == Counter(expected)
    assert sorted([*kept.tolist(), *(exclusion.index for exclusion in exclusions)]) == list(
        range(len(pairs))
    )
    for exclusion in exclusions:
        assert data.sequences[exclusion.same_as] == data.sequences[exclusion.index]


@given(PAIRS)
def test_resolve_duplicates__twice_is_once(pairs: Pairs) -> None:
    data = labelled(pairs)
    used = data.subset(resolve_duplicates(data)[0])
    kept, exclusions = resolve_duplicates(used)
    assert kept.tolist() == list(range(len(used)))
    assert exclusions == []


def test_resolve_duplicates__takes_all_targets_as_one_answer() -> None:
    data = labelled([("A", "-"), ("C", "-"), ("A", "-"), ("C", "-"), ("G", "-"), ("G", "-")])
    data.targets = [(1.0, None), (2.0, 1.0), (1.0, None), (2.0, 3.0), (None, 1.0), (2.0, 1.0)]
    kept, exclusions = resolve_duplicates(data)
    assert kept.tolist() == [0]
    assert [exclusion.reason for exclusion in exclusions] == [
        *("conflicting_labels", "duplicate"), *["conflicting_labels"] * 3
    ]  # fmt: skip


def test_without_conflicts__looks_at_the_whole_of_the_data() -> None:
    data = labelled([("A", "-"), ("C", "-"), ("A", "-"), ("G", "-")])
    data.targets = [(1.0,), (2.0,), (3.0,), (4.0,)]
    assert without_conflicts(data, data.subset([0, 1])).ids == ["r1"]
