from __future__ import annotations

import numpy as np

from fastgru.layers.gru import GRU


def test_gru__resets_before_or_after_the_recurrent_product() -> None:
    # One unit, r = 1/2 and z = 1/2: the recurrent bias of n is within the reset gate, or not.
    state = {"weight_ih_l0": np.zeros((3, 1)), "bias_ih_l0": np.zeros(3)}
    state |= {"weight_hh_l0": [[0], [0], [3]], "bias_hh_l0": [0, 0, 1]}
    expected = {True: np.tanh(0.5 * (3 * 0.2 + 1)), False: np.tanh(3 * (0.5 * 0.2) + 1)}
    for reset_after, new in expected.items():
        gru = GRU(1, 1, reset_after=reset_after, dtype="float64")
        gru.load_state_dict(state)
        _, h_n = gru.forward(np.zeros((2, 1, 1)), None, np.full((1, 2, 1), 0.2))
        np.testing.assert_allclose(h_n, (new + 0.2) / 2, rtol=1e-14)
        assert gru.reset_after is reset_after
