from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from fastgru.evaluation import precision_recall_points, roc_points


def test_roc_points__hand_computed():
    x, y = roc_points([False, True, False, True], [0.1, 0.35, 0.4, 0.8])
    assert x.tolist() == [0, 0, 0.5, 0.5, 1]
    assert y.tolist() == [0, 0.5, 0.5, 1, 1]


def test_roc_points__area_is_the_roc_auc(rng):
    is_positive = rng.random(300) < 0.3
    scores = np.round(rng.random(300) + 0.2 * is_positive, 1)  # many ties
    x, y = roc_points(is_positive, scores)
    assert np.trapezoid(y, x) == pytest.approx(roc_auc_score(is_positive, scores))
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)


def test_precision_recall_points__steps_have_the_area_of_the_average_precision(rng):
    is_positive = rng.random(300) < 0.3
    scores = rng.random(300) + 0.3 * is_positive
    recall, precision = precision_recall_points(is_positive, scores)
    area = np.sum((recall[:-1] - recall[1:]) * precision[:-1])
    assert area == pytest.approx(average_precision_score(is_positive, scores))
    assert (recall[0], recall[-1]) == (1, 0)


@pytest.mark.parametrize("points", [roc_points, precision_recall_points])
@pytest.mark.parametrize(("flags", "n_inside"), [([True, True], 2), ([False, False], 0)])
def test_points__refuse_a_single_class(points, flags, n_inside):
    with pytest.raises(ValueError, match=f"got {n_inside} inside of 2"):
        points(flags, [0.1, 0.2])
