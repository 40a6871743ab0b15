from __future__ import annotations

import numpy as np

from fastgru.evaluation.predictions import ScoredPredictions
from tests.evaluation.scored import make_predictions


def test_pool__keeps_each_record_in_the_order_of_the_parts() -> None:
    parts = [make_predictions(seed, n_records=n) for seed, n in ((1, 5), (2, 3))]
    pooled = ScoredPredictions.pool(parts)
    assert pooled.classes == parts[0].classes
    assert len(pooled) == 8
    for part, place in zip(parts, (slice(5), slice(5, 8)), strict=True):
        np.testing.assert_array_equal(pooled.true[place], part.true)
        np.testing.assert_array_equal(pooled.predicted[place], part.predicted)
        np.testing.assert_array_equal(pooled.proba[place], part.proba)
