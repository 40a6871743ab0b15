from __future__ import annotations

import math
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data.alphabets import get_alphabet
from fastgru.data.complexity import low_complexity_share

DNA, PROTEIN = get_alphabet("dna"), get_alphabet("protein")


def share(sequence: str, alphabet=DNA) -> float:
    (value,) = low_complexity_share([sequence], alphabet)
    return float(value)


def test_low_complexity_share__by_hand() -> None:
    rng = random.Random(0)
    plain = "".join(rng.choices("ACGT", k=640))
    assert share(plain) == 0
    assert share("A" * 100) == share("AT" * 60) == 1
    assert 0.4 < share("A" * 640 + plain) < 0.6
    assert share("Q" * 40, PROTEIN) == share("GAGAGAGAGAGA", PROTEIN) == 1
    assert share("ACDEFGHIKLMNPQRSTVWY", PROTEIN) == 0


@given(st.text("ACDEFGHIKLMNPQRSTVWY", min_size=12, max_size=12))
def test_low_complexity_share__is_the_entropy_of_a_window(window: str) -> None:
    shares = [count / 12 for count in Counter(window).values()]
    entropy = -sum(p * math.log2(p) for p in shares)
    if abs(entropy - 2.2) > 1e-9:
        assert share(window, PROTEIN) == (entropy < 2.2)


@given(st.text("AC", min_size=4, max_size=64))
def test_low_complexity_share__is_the_score_of_the_triplets(window: str) -> None:
    triplets = Counter(window[k : k + 3] for k in range(len(window) - 2))
    score = sum(c * (c - 1) / 2 for c in triplets.values()) / (len(window) - 3)
    assert share(window) == (score > 2)


@pytest.mark.parametrize("alphabet", [DNA, PROTEIN], ids=["dna", "protein"])
def test_low_complexity_share__of_hardly_anything_is_zero(alphabet) -> None:
    assert np.array_equal(low_complexity_share(["A"], alphabet), [0.0])
    assert low_complexity_share([], alphabet).shape == (0,)
    assert 0 <= share("ACG", alphabet) <= 1
