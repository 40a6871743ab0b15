from __future__ import annotations

import numpy as np

from fastgru.evaluation.language_scores import language_scores

NATS = np.array([-10.0, -30.0, -8.0, -50.0])
LETTERS = np.array([10, 20, 8, 40])
MARKOV = {0: NATS * 1.2, 3: NATS - LETTERS * np.log(2) / 4}


def test_language_scores__are_means_over_letters() -> None:
    scores = language_scores(NATS, LETTERS, MARKOV, n_resamples=50)
    bits = 98 / 78 / np.log(2)
    assert scores["n_letters"] == 78
    np.testing.assert_allclose(scores["bits_per_letter"], bits, rtol=1e-14)
    np.testing.assert_allclose(scores["perplexity"], 2**bits, rtol=1e-14)
    low, high = scores["intervals"]["bits_per_letter"]
    assert low < bits < high
    powers = np.exp2(scores["intervals"]["bits_per_letter"])
    np.testing.assert_allclose(scores["intervals"]["perplexity"], powers, rtol=0.05)
    first, second = scores["markov"]
    assert (first["order"], second["order"]) == (0, 3)
    np.testing.assert_allclose(first["bits_per_letter"], 1.2 * bits, rtol=1e-14)
    # the same resamples for both: a difference that each sequence has is sure
    np.testing.assert_allclose([second["gain"], *second["gain_interval"]], 0.25, rtol=1e-12)


def test_language_scores__draws_whole_groups() -> None:
    groups = ["a", "a", "b", "b"]
    scores = language_scores(NATS, LETTERS, {}, groups=groups, n_resamples=200)
    assert scores["bootstrap"]["over"] == "groups"
    assert scores["bootstrap"]["n_units"] == 2
    ends = [40 / 30 / np.log(2), 58 / 48 / np.log(2)]
    np.testing.assert_allclose(scores["intervals"]["bits_per_letter"], sorted(ends), rtol=1e-12)


def test_language_scores__has_no_interval_of_one_sequence() -> None:
    scores = language_scores(NATS[:1], LETTERS[:1], {0: NATS[:1]}, n_resamples=5)
    assert scores["intervals"] == {"bits_per_letter": None, "perplexity": None}
    assert scores["markov"][0]["gain_interval"] is None


def test_language_scores__obeys_the_seed() -> None:
    first, again, other = (
        language_scores(NATS, LETTERS, {}, n_resamples=20, seed=seed)["intervals"]
        for seed in (1, 1, 2)
    )
    assert first == again != other
