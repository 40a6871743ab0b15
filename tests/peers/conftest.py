from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def torch_of_module(request: pytest.FixtureRequest) -> None:
    """PyTorch as the `torch` of a module, imported only when its tests run."""
    request.module.torch = pytest.importorskip("torch")
