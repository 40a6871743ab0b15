"""A trained classifier in other libraries: from padded codes to probabilities."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import baselines, onnx_runtime
from benchmarks.recording import skip
from benchmarks.rivals import Setting
from fastgru import SequenceClassifier
from fastgru.data.alphabets import get_alphabet

__all__ = ["NETWORKS", "rival_network"]

NETWORKS = ("PyTorch", "ONNX Runtime")

Network = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From tokens int64 (B, T) and lengths int64 (B,) to probabilities (B, C)."""


def rival_network(rival: str, model: SequenceClassifier, setting: Setting, folder: Path) -> Network:
    """Return a trained classifier as another library runs it; skip where that is not installed."""
    if rival == "PyTorch":
        return _in_pytorch(model)
    return _in_onnx_runtime(model, setting, folder)


def _in_pytorch(model: SequenceClassifier) -> Network:
    if not baselines.has_torch:
        skip([], baselines.NOT_INSTALLED)
    import torch

    from benchmarks.torch_hybrid import TorchHybrid

    parameters = model._fitted.network.parameters.views()
    has_stem = any(name.startswith("stem.") for name in parameters)
    kind = TorchHybrid if has_stem else baselines.TorchRagged
    network = kind(parameters, get_alphabet(model.alphabet).mixture)

    def predict(tokens: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            codes, steps = torch.from_numpy(tokens), torch.from_numpy(lengths)
            logits = network.logits(codes, 0.0) if has_stem else network.ragged(codes, steps)
            return torch.softmax(logits / model.temperature_, dim=1).numpy()

    return predict


def _in_onnx_runtime(model: SequenceClassifier, setting: Setting, folder: Path) -> Network:
    if not onnx_runtime.has_onnx:
        skip([], onnx_runtime.INSTALL)
    import fastgru.onnx

    path = folder / "model.onnx"
    fastgru.onnx.export(model, path)
    session = onnx_runtime.open_session(
        path.read_bytes(), setting.threads, flush_denormals=setting.flush_denormals
    )

    def predict(tokens: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        return session.run(["probabilities"], {"tokens": tokens, "lengths": lengths})[0]

    return predict
