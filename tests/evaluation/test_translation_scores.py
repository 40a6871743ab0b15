from __future__ import annotations

import numpy as np
import pytest

from fastgru.evaluation.translation_scores import (
    LetterBaseline,
    ScoredTranslations,
    count_right,
    translation_scores,
)


def codes(*rows: list[int]) -> list[np.ndarray]:
    return [np.array(row, np.uint8) for row in rows]


def test_count_right__compares_place_by_place_and_the_end() -> None:
    true = codes([0, 1, 2], [0, 1, 2], [0, 1, 2], [0, 5, 2], [])
    own = codes([0, 1, 2], [0, 2], [0, 1, 2, 2], [0, 1, 2], [])
    # all and the end; one; all but the end; the ambiguous one is left out; the end
    assert count_right(own, true, 4, [True] * 5).tolist() == [4, 1, 3, 3, 1]
    # cut at the largest length: no end was written
    assert count_right(own, true, 4, [False] * 5).tolist() == [3, 1, 3, 2, 0]


def test_letter_baseline__takes_the_most_frequent_token_of_each_letter() -> None:
    sequences = codes([0, 1], [0, 0], [1])
    translations = codes([2, 3, 1], [2, 0, 1], [3, 1])
    baseline = LetterBaseline(sequences, translations, n_symbols=2, end=4, letters_per_token=1.0)
    # letter 0 is 2 twice and 0 once, letter 1 is 3, a 1 comes behind, and then the end
    assert baseline.count_right(sequences, translations).tolist() == [4, 3, 3]
    assert baseline.count_right(codes([0]), codes([2])).tolist() == [1]


def test_letter_baseline__stands_where_the_letter_does() -> None:
    sequences, translations = codes([0, 1, 1, 0]), codes([0, 1])
    baseline = LetterBaseline(sequences, translations, n_symbols=2, end=4, letters_per_token=2.0)
    # the letters 0 and 2 of each sequence decide
    assert baseline.count_right(codes([0, 0, 1, 1], [1, 0]), codes([0, 1], [1])).tolist() == [3, 2]


def scored(rng: np.random.Generator, n: int) -> tuple[ScoredTranslations, np.ndarray]:
    tokens = rng.integers(5, 9, n)
    right, own, easy = (rng.integers(0, tokens + 1) for _ in range(3))
    return ScoredTranslations(tokens, -rng.random(n), right, own, easy), own == tokens


def test_translation_scores__are_means_over_tokens(rng: np.random.Generator) -> None:
    given, exact = scored(rng, 40)
    found = translation_scores(given, exact=exact, n_resamples=200)
    n = given.n_tokens.sum()
    assert found["n_tokens"] == n
    assert found["token_accuracy"] == pytest.approx(given.n_right.sum() / n)
    assert found["written_token_accuracy"] == pytest.approx(given.n_right_written.sum() / n)
    assert found["log_likelihood_per_token"] == pytest.approx(given.log_likelihoods.sum() / n)
    assert found["exact_match"] == pytest.approx(exact.mean())
    baseline = found["baseline"]
    assert baseline["gain"] == pytest.approx(found["token_accuracy"] - baseline["token_accuracy"])
    for scores in (found, baseline):
        for name, (low, high) in scores["intervals"].items():
            assert low <= scores[name] <= high, name
    again = translation_scores(given, exact=exact, n_resamples=200)
    assert again == found


def test_translation_scores__draw_whole_groups(rng: np.random.Generator) -> None:
    given, exact = scored(rng, 40)
    groups = [str(k // 20) for k in range(40)]
    found = translation_scores(given, exact=exact, groups=groups, n_resamples=300)
    assert found["bootstrap"]["over"] == "groups"
    means = [given.n_right[k : k + 20].sum() / given.n_tokens[k : k + 20].sum() for k in (0, 20)]
    low, high = found["intervals"]["token_accuracy"]
    assert (low, high) == (pytest.approx(min(means)), pytest.approx(max(means)))


def test_translation_scores__of_one_sequence_have_no_interval(rng: np.random.Generator) -> None:
    given, exact = scored(rng, 1)
    found = translation_scores(given._replace(n_right_baseline=None), exact=exact)
    assert set(found["intervals"].values()) == {None}
    assert found["baseline"] is None
