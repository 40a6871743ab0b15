from __future__ import annotations

import numpy as np
import pytest

from fastgru.layers.head import Head


def make_head(n_parts: int = 1, dropout: float = 0.0) -> Head:
    head = Head(6, 3, n_parts=n_parts, dropout=dropout, rng=np.random.default_rng(1))
    head.parameters["bias"][:] = [1, -2, 3]
    head.grads.update({name: np.zeros_like(value) for name, value in head.parameters.items()})
    return head


def features_of(n: int) -> np.ndarray:
    return np.random.default_rng(2).standard_normal((n, 6))


def test_forward__is_linear() -> None:
    head, features = make_head(), features_of(4)
    expected = features @ head.parameters["weight"].T + [1, -2, 3]
    np.testing.assert_allclose(head.forward(features, training=False), expected, rtol=1e-12)


def test_forward__gives_each_part_outputs_of_its_own_columns() -> None:
    head, features = make_head(n_parts=2), features_of(4)
    outputs = head.forward(features, training=False)
    weight = head.parameters["weight"]
    for part, columns in enumerate((slice(0, 3), slice(3, 6))):
        expected = features[:, columns] @ weight[:, columns].T + [1, -2, 3]
        np.testing.assert_allclose(outputs[part::2], expected, rtol=1e-12)


def test_forward__drops_out_in_training_alone() -> None:
    head, features = make_head(dropout=0.5), features_of(200)
    kept = features.copy()
    head.forward(features, training=False)
    assert (features == kept).all()
    head.forward(features, training=True)
    dropped = features == 0
    assert 0.4 < dropped.mean() < 0.6
    np.testing.assert_allclose(features[~dropped], 2 * kept[~dropped])


@pytest.mark.parametrize("n_parts", [1, 2])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_backward__is_the_gradient(n_parts: int, dropout: float) -> None:
    head, features = make_head(n_parts, dropout), features_of(4)
    given = features.copy()
    outputs = head.forward(features, training=True)
    mask = np.divide(features, given)
    doutputs = np.random.default_rng(3).standard_normal(outputs.shape)
    dfeatures = head.backward(doutputs)

    def loss(changed: np.ndarray) -> float:
        return float((head.forward(changed * mask, training=False) * doutputs).sum())

    h = 1e-6
    for array, found in [
        (given, dfeatures),
        *((head.parameters[n], head.grads[n]) for n in ("weight", "bias")),
    ]:
        for place in np.ndindex(array.shape):
            kept = array[place]
            array[place] = kept + h
            above = loss(given)
            array[place] = kept - h
            below = loss(given)
            array[place] = kept
            assert found[place] == pytest.approx((above - below) / (2 * h), abs=1e-7)
