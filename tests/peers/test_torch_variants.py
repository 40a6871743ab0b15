"""Options without kernels against PyTorch's own gradients (``make test-peers``)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.peers import torch_variants
from tests.problems import solve
from tests.variants import CELLS, make_variant, masks_of

OPTIONS: list[dict[str, Any]] = [
    {"layer_norm": True},
    {"recurrent_dropout": 0.3},
    {"zoneout": 0.3},
    {"layer_norm": True, "recurrent_dropout": 0.3, "zoneout": 0.3},
]

pytestmark = [
    pytest.mark.peers,
    pytest.mark.conformance("PyTorch", "{cell}", "cells with options, written in PyTorch"),
]


@pytest.mark.parametrize("options", OPTIONS, ids="-".join)
@pytest.mark.parametrize("cell", CELLS)
def test_variant__equals_torch(cell: str, options: dict[str, Any]) -> None:
    pytest.importorskip("torch")
    sizes: dict[str, Any] = {"hidden_size": 8, "bidirectional": True}
    problem = make_variant(cell, 1, [4, 0, 7, 2], **sizes, **options)
    found, expected = solve(problem), torch_variants.solve(problem, masks_of(problem))
    for name, wanted in expected.arrays().items():
        scale = max(1.0, np.abs(wanted).max())
        np.testing.assert_allclose(found.arrays()[name], wanted, rtol=0, atol=1e-12 * scale)
