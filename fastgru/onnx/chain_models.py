"""Models of other tools, from ONNX files without a card.

The chain of layers (:mod:`fastgru.onnx.chain_reading`) becomes a network of fastgru, whose letters
are rows of the embedding that the caller names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx

from fastgru.data.alphabets import Alphabet, get_alphabet
from fastgru.errors import ConfigurationError, ModelFileError, counted
from fastgru.estimators.fitted_classifier import ClassifierNetwork
from fastgru.estimators.fitted_model import FittedModel
from fastgru.estimators.fitted_regressor import FittedRegressor
from fastgru.models.architecture import POOLINGS, Architecture
from fastgru.onnx.chain import Parts
from fastgru.onnx.chain_reading import read_chain
from fastgru.onnx.new_models import new_classifier, new_regressor

__all__ = ["Meaning", "read_chain_model"]


@dataclass(frozen=True)
class Meaning:
    """What a file does not say.

    Attributes
    ----------
    alphabet, symbols, classes, targets
        As in :func:`fastgru.onnx.load`.
    """

    alphabet: str | None
    symbols: str | None
    classes: Sequence[str] | None
    targets: Sequence[str] | None


def read_chain_model(name: str, model: onnx.ModelProto, meaning: Meaning) -> FittedModel:
    """Return a classifier or regressor that computes what a graph does.

    Parameters
    ----------
    name
        Of the file, for messages.
    model, meaning

    Raises
    ------
    ModelFileError
        If the graph is no such chain of layers.
    ConfigurationError
        If what it means is not said, or does not fit.
    """
    parts = read_chain(name, model)
    if meaning.alphabet is None:
        raise ConfigurationError(
            f"alphabet: {name} does not say what its tokens are. Give dna, rna or protein "
            "(--alphabet)."
        )
    if meaning.classes is not None and meaning.targets is not None:
        raise ConfigurationError(
            "classes and targets: outputs are classes, or numbers. Give one of the two."
        )
    alphabet = get_alphabet(meaning.alphabet)
    read = _outputs if meaning.targets is None else _numbers
    task, weight, bias, temperature = read(name, parts, meaning.classes)
    weights = _weights(parts) | {"head.weight": weight, "head.bias": bias}
    weights["embedding.letters"] = _letters(name, parts, alphabet, meaning.symbols)
    sizes = _architecture(name, parts, weights)
    for key, array in weights.items():
        if not np.isfinite(array).all():
            raise ModelFileError(
                f"{name}: {key} holds NaN or infinity, expected finite weights. Train the model "
                "again, and export it."
            )
    fitted: ClassifierNetwork | FittedRegressor
    if meaning.targets is not None:
        fitted = new_regressor(sizes, meaning.alphabet, meaning.targets)
    else:
        classes = meaning.classes or [str(number) for number in range(len(weight))]
        fitted = new_classifier(task, sizes, meaning.alphabet, classes, temperature)
    for key, view in fitted.network.parameters.views().items():
        view[...] = weights[key]
    return fitted


def _outputs(
    name: str, parts: Parts, classes: Sequence[str] | None
) -> tuple[str, np.ndarray, np.ndarray, float]:
    """Return the task, the weights of its outputs, and the temperature.

    A single probability of the second of two classes is what a softmax of 0 and its logit gives.

    Raises
    ------
    ModelFileError
        For a single output that is no probability.
    """
    assert parts.weight is not None
    assert parts.bias is not None
    weight, bias = parts.weight, parts.bias
    if parts.activation == "Sigmoid" and not (len(weight) == 1 and len(classes or "ab") == 2):
        return "multilabel", weight, bias, parts.temperature
    if len(weight) == 1:
        if parts.activation != "Sigmoid":
            found = f"{parts.activation} of it" if parts.activation else "nothing behind it"
            number = "" if parts.activation else "Name the number that it is (targets, --targets). "
            raise ModelFileError(
                f"{name}: has a single output with {found}, which is no probability of a class, "
                f"expected a Sigmoid behind it, or an output for each class. {number}Run the file "
                "with ONNX Runtime, or export it with a Sigmoid."
            )
        weight, bias = (np.concatenate([np.zeros_like(one), one]) for one in (weight, bias))
    return "classification", weight, bias, parts.temperature


def _numbers(
    name: str, parts: Parts, classes: Sequence[str] | None
) -> tuple[str, np.ndarray, np.ndarray, float]:
    """Return the same for outputs that are numbers as they stand.

    Raises
    ------
    ModelFileError
        For probabilities.
    """
    assert parts.weight is not None
    assert parts.bias is not None
    if parts.activation:
        raise ModelFileError(
            f"{name}: has a {parts.activation} behind its outputs, which makes probabilities of "
            "them, expected nothing there for targets. Name classes in their place."
        )
    return "regression", parts.weight / parts.temperature, parts.bias / parts.temperature, 1.0


def _letters(name: str, parts: Parts, alphabet: Alphabet, symbols: str | None) -> np.ndarray:
    """Return the rows of the embedding in the order of the alphabet's letters."""
    assert parts.embedding is not None
    rows = len(parts.embedding)
    given = alphabet.letters if symbols is None else symbols
    missing = [letter for letter in alphabet.letters if given.count(letter) != 1]
    if len(given) != rows or missing:
        raise ConfigurationError(
            f"symbols: {name} has {counted(rows, 'token')}, expected a character for each, with "
            f"every letter of {alphabet.letters} once, got {given!r}. Give them in order "
            "(--symbols), - for padding."
        )
    found: np.ndarray = parts.embedding[[given.index(letter) for letter in alphabet.letters]]
    return found


def _weights(parts: Parts) -> dict[str, np.ndarray]:
    """Return the weights between embedding and outputs by their names in the network."""
    weights: dict[str, np.ndarray] = {}
    for number, layer in enumerate(parts.convolutions):
        weights[f"stem.weight_l{number}"] = layer.weight
        weights[f"stem.bias_l{number}"] = layer.bias
    for number, recurrent in enumerate(parts.layers):
        for end, own in zip(("", "_reverse"), recurrent.weights, strict=False):
            for key, array in own.items():
                part = key.removesuffix("_l0")
                weights[f"{recurrent.cell}.{part}_l{number}{end}"] = array
    if parts.attention is not None:
        weights["attention.weight"] = parts.attention
    return weights


def _architecture(name: str, parts: Parts, weights: dict[str, np.ndarray]) -> Architecture:
    letters, top = weights["embedding.letters"], parts.layers[-1]
    single = weights["head.weight"].itemsize <= 4 and letters.itemsize <= 4
    columns: dict[str, Any] = {}
    if parts.convolutions:
        columns = {
            "conv_channels": tuple(len(one.weight) for one in parts.convolutions),
            "conv_width": tuple(one.weight.shape[2] for one in parts.convolutions),
            "conv_dilation": tuple(one.dilation for one in parts.convolutions),
            "conv_stride": tuple(one.stride for one in parts.convolutions),
            "conv_pool": tuple(one.pool for one in parts.convolutions),
        }
    sizes = Architecture(
        n_letters=len(letters),
        n_outputs=len(weights["head.weight"]),
        n_positions=0,
        embedding_size=letters.shape[1],
        hidden_size=top.hidden_size,
        num_layers=len(parts.layers),
        bidirectional=len(top.weights) == 2,
        pooling=_pooling(name, parts),
        dropout=0.0,
        dtype="float32" if single else "float64",
        cell=top.cell,
        residual=_residual(name, parts),
        **columns,
    )
    wanted = sizes.parameter_shapes()
    for key in wanted.keys() | weights.keys():
        found = weights[key].shape if key in weights else None
        if found != wanted.get(key):
            raise ModelFileError(
                f"{name}: {key} has the shape {found}, expected {wanted.get(key)} from the layers "
                "around it. The file is damaged, or is no chain of layers."
            )
    return sizes


def _pooling(name: str, parts: Parts) -> tuple[str, ...]:
    """Return the poolings that the segments of features are, in order."""
    top = len(parts.layers) - 1
    last = tuple(("last", top, d) for d in range(len(parts.layers[-1].weights)))
    left, pooling = list(parts.pooling), []
    while left:
        if tuple(left[: len(last)]) == last:
            pooling.append("last")
            del left[: len(last)]
        elif left[0][0] in POOLINGS and left[0][0] != "last":
            pooling.append(str(left.pop(0)[0]))
        else:
            break
    if left or len(set(pooling)) < len(pooling):
        raise ModelFileError(
            f"{name}: its outputs are made of {', '.join(str(one[0]) for one in parts.pooling)}, "
            "expected the last states of the top layer ahead, then back, the mean, the maximum and "
            "attention, each once. Run the file with ONNX Runtime, or export a model with such a "
            "pooling."
        )
    return tuple(pooling)


def _residual(name: str, parts: Parts) -> bool:
    if parts.residual and len(parts.residual) != len(parts.layers) - 1:
        raise ModelFileError(
            f"{name}: some recurrent layers add their input to their outputs, expected all but the "
            "first or none. Run the file with ONNX Runtime, or export a model that does so."
        )
    return bool(parts.residual)
