"""A language model whose weights another network begins with."""

from __future__ import annotations

import hashlib
import numbers
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastgru.errors import ConfigurationError
from fastgru.estimators.fitted_language_model import FittedLanguageModel
from fastgru.estimators.language_model import SequenceLanguageModel
from fastgru.estimators.loading import load_fitted
from fastgru.training.pretrained import Pretrained

__all__ = ["read_pretrained"]

_SAME = ("alphabet", "cell", "embedding_size", "hidden_size")


def read_pretrained(
    source: str | os.PathLike[str] | SequenceLanguageModel | None,
    freeze_epochs: Any,
    parameters: Mapping[str, Any],
) -> Pretrained | None:
    """Return what a network of these parameters takes of a language model, None for None.

    Parameters
    ----------
    source
        Model file, or a language model that was trained.
    freeze_epochs
        As for :meth:`fastgru.SequenceClassifier.fit`.
    parameters
        Those of the network's estimator, checked.

    Raises
    ------
    ConfigurationError
        If the two differ in what has to be the same, or there is nothing to freeze.
    ModelFileError
        If the file is no language model.
    """
    is_whole = isinstance(freeze_epochs, numbers.Integral) and not isinstance(freeze_epochs, bool)
    if not is_whole or freeze_epochs < 0:
        raise ConfigurationError(
            f"freeze_epochs must be an integer of at least 0, got {freeze_epochs!r}."
        )
    if source is None:
        if freeze_epochs:
            raise ConfigurationError(
                f"freeze_epochs is {freeze_epochs} without pre-trained weights, expected 0. Give "
                "pretrained as well, or leave it out."
            )
        return None
    if not isinstance(source, SequenceLanguageModel):
        return _read(Path(source), int(freeze_epochs), parameters)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        source.save(path)
        return _read(path, int(freeze_epochs), parameters)


def _read(path: Path, freeze_epochs: int, parameters: Mapping[str, Any]) -> Pretrained:
    fitted = load_fitted(path, "language_model")
    assert isinstance(fitted, FittedLanguageModel)
    _require_same(fitted.parameters, parameters)
    weights = {
        name: value
        for name, value in fitted.network.parameters.views().items()
        if not name.startswith("head.")
    }
    return Pretrained(weights, hashlib.sha256(path.read_bytes()).hexdigest(), freeze_epochs)


def _require_same(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    # above the first layer, weights that learned beside a way around them are of no use without
    share_layers = min(theirs["num_layers"], ours["num_layers"]) > 1
    differences = [
        f"{name} {theirs[name]!r}, expected {ours[name]!r}"
        for name in (*_SAME, *(["residual"] if share_layers else []))
        if theirs[name] != ours[name]
    ]
    if differences:
        raise ConfigurationError(
            f"pretrained: the language model has {'; '.join(differences)}, as the network that is "
            "to begin with it. Train one of the two anew with the parameters of the other."
        )
    if ours["kmer_size"] > 1:
        raise ConfigurationError(
            f"pretrained: kmer_size is {ours['kmer_size']}, expected 1: a language model embeds "
            "single letters. Leave kmer_size out, or pretrained."
        )
    if ours["reverse_complement"] == "equivariant":
        raise ConfigurationError(
            "pretrained: reverse_complement is 'equivariant', expected another: the strands of a "
            "language model are not tied. Give another reverse_complement, or leave out pretrained."
        )
    if ours["conv_channels"]:
        raise ConfigurationError(
            f"pretrained: conv_channels is {ours['conv_channels']}, expected none: the recurrent "
            "layers of a language model read letters. Leave conv_channels out, or pretrained."
        )
