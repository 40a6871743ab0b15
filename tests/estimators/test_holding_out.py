from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru import (
    Seq2Seq,
    SequenceClassifier,
    SequenceLanguageModel,
    SequenceRegressor,
    SequenceTagger,
)
from fastgru.errors import LabelError
from fastgru.estimators.holding_out import hold_out
from fastgru.estimators.training_sets import GivenSets
from fastgru.training.batches import LabelledSet
from fastgru.training.classification import Classification
from tests.estimators.conftest import SMALL
from tests.planted import plant_segments


def labelled(counts: list[int]) -> GivenSets:
    targets = np.repeat(np.arange(len(counts)), counts)
    encoded = [np.array([k % 256], np.uint8) for k in range(len(targets))]
    whole = LabelledSet(encoded, targets, np.arange(len(targets), dtype=float))
    classes = np.array([f"c{k}" for k in range(len(counts))])
    return GivenSets(classes, Classification(), whole, None, stratified=True)


@given(
    counts=st.lists(st.integers(2, 60), min_size=2, max_size=5),
    fraction=st.floats(0.01, 0.9),
    seed=st.integers(0, 99),
)
def test_hold_out__leaves_every_class_on_both_sides(
    counts: list[int], fraction: float, seed: int
) -> None:
    whole = labelled(counts)
    kept, held_out = hold_out(whole, fraction, seed)
    assert sorted([*kept.weights, *held_out.weights]) == whole.training.weights.tolist()
    in_both = [np.bincount(part.targets, minlength=len(counts)) for part in (kept, held_out)]
    assert min(map(min, in_both)) >= 1
    for count, n_held_out in zip(counts, in_both[1], strict=True):
        assert abs(n_held_out - fraction * count) <= 1
    again = hold_out(whole, fraction, seed)[1]
    assert again.weights.tolist() == held_out.weights.tolist()


def test_hold_out__needs_two_sequences_of_every_class() -> None:
    message = (
        r"class 'c1' has 1 sequence to learn from, expected at least 2: one to train on, and one "
        r"to hold out to stop by\. Add sequences, remove the class, or switch early_stopping off\."
    )
    with pytest.raises(LabelError, match=message):
        hold_out(labelled([9, 1]), 0.1, 0)


def test_hold_out__needs_two_sequences_where_there_are_no_classes() -> None:
    whole = replace(labelled([9]), stratified=False)
    kept, held_out = hold_out(whole, 0.3, 0)
    assert (len(kept.encoded), len(held_out.encoded)) == (6, 3)
    with pytest.raises(LabelError, match=r"^the training set has 1 sequence to learn from"):
        hold_out(replace(labelled([1]), stratified=False), 0.3, 0)


@pytest.mark.parametrize("stratified", [True, False])
def test_hold_out__keeps_groups_whole(stratified: bool) -> None:
    whole = replace(labelled([30, 30]), stratified=stratified)
    groups = np.array([f"g{k // 3}" for k in range(60)])
    data = replace(whole.training, groups=groups)
    kept, held_out = hold_out(replace(whole, training=data), 0.2, 1)
    assert kept.groups is not None
    assert held_out.groups is not None
    assert len(held_out.encoded) == 12
    assert not set(kept.groups) & set(held_out.groups)
    # a sequence keeps its group
    for part in (kept, held_out):
        assert part.groups.tolist() == groups[part.weights.astype(int)].tolist()


def test_hold_out__of_groups_needs_two_of_every_class() -> None:
    whole = labelled([6, 6])
    data = replace(whole.training, groups=np.array(["a", "b"] * 3 + ["c"] * 6))
    message = (
        r"^no groups to hold out for early stopping: too few groups .* class 'c1' has 1, .*off"
    )
    with pytest.raises(LabelError, match=message):
        hold_out(replace(whole, training=data), 0.2, 0)


@pytest.mark.parametrize(
    ("kind", "answers"),
    [
        (SequenceClassifier, lambda s, segments: [k // 4 % 2 for k in range(40)]),
        (SequenceClassifier, lambda s, segments: np.eye(40)[:, :2] + np.arange(40)[:, None] % 2),
        (SequenceRegressor, lambda s, segments: np.arange(40.0)),
        (SequenceTagger, lambda s, segments: segments),
        (SequenceLanguageModel, lambda s, segments: None),
        (partial(Seq2Seq, target_alphabet="dna"), lambda s, segments: s),
    ],
)
def test_fit__holds_whole_groups_out(kind, answers) -> None:
    sequences, segments = plant_segments(40, seed=0)
    y = answers(sequences, segments)
    y = np.minimum(y, 1) if isinstance(y, np.ndarray) and y.ndim == 2 else y
    options = {**SMALL, "max_epochs": 1, "validation_fraction": 0.15}
    groups = [f"g{k // 4}" for k in range(40)]
    model = kind(**options).fit(sequences, y, groups=groups)
    # 6 of 40 without groups
    assert model.n_validation_ in (4, 8)
    with pytest.raises(
        LabelError, match=r"^groups: must be one for each of 40 sequences, got an ar"
    ):
        model.fit(sequences, y, groups=groups[:-1])
    assert kind(**options).fit(sequences, y).n_validation_ == 6
