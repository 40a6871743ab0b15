"""Modules of fastgru.torch and of torch.nn side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.problems import CELLS


def make_pair(cell: str, *sizes: int, **options: Any) -> tuple[Any, Any]:
    """A module of fastgru.torch, and that of torch.nn with the same weights."""
    import torch

    import fastgru.torch

    kind = CELLS[cell]
    ours, theirs = (
        getattr(package, kind.layer)(*sizes, **kind.options, **options)
        for package in (fastgru.torch, torch.nn)
    )
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def normal(seed: int, *shape: int, dtype: str = "float64") -> Any:
    """A leaf tensor."""
    import torch

    values = np.random.default_rng(seed).standard_normal(shape).astype(dtype)
    return torch.tensor(values, requires_grad=True)


def flat(output: Any) -> list[Any]:
    """The tensors of what a module returns or takes, however it is nested."""
    if hasattr(output, "batch_sizes"):
        return [output.data]
    return [t for part in output for t in flat(part)] if isinstance(output, tuple) else [output]


def outputs_and_gradients(module: Any, given: Any, hx: Any, leaves: list[Any]) -> list[Any]:
    """What a module returns, and the gradients of the leaves and of its parameters."""
    import torch

    outputs = flat(module(given, hx))
    weights = [normal(k, *output.shape).to(output.dtype) for k, output in enumerate(outputs)]
    value = sum((output * weight).sum() for output, weight in zip(outputs, weights, strict=True))
    found = torch.autograd.grad(value, [*leaves, *module.parameters()])
    return [*(output.detach() for output in outputs), *found]


def assert_close(found: list[Any], expected: list[Any]) -> None:
    """Equal up to the rounding of some thousand operations."""
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == theirs.dtype
        assert ours.shape == theirs.shape
        scale = max(1.0, float(theirs.abs().max())) if theirs.numel() else 1.0
        allowed = 500 * np.finfo(str(theirs.dtype).removeprefix("torch.")).eps * scale
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=0, atol=allowed)
