"""From a trained model to an ONNX file that says the same: :func:`export`.

The graph of a classifier of letters without convolutions, the simplest one::

    tokens (batch, length) int64, lengths (batch,) int64
      Gather(embedding.symbols, tokens) -> Transpose (length, batch, I)
      GRU(X, W, R, B, Cast(lengths)) for each layer, Transpose and Reshape between layers
      pooling -> Gemm(head.weight, head.bias) -> Div(temperature) -> Softmax
    probabilities (batch, classes) float

Its parts, each with the pattern of its nodes: :mod:`fastgru.onnx.reading`,
:mod:`fastgru.onnx.strands`, :mod:`fastgru.onnx.stem`, :mod:`fastgru.onnx.recurrent`,
:mod:`fastgru.onnx.decay`, :mod:`fastgru.onnx.pooling`, :mod:`fastgru.onnx.heads`.  Weights keep the
names that they have in the model file where they keep their shape.  All arithmetic of the layers is
in single precision: ONNX Runtime has no recurrent operators and no convolution in double precision.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import onnx
from onnx import helper
from sklearn.utils.validation import check_is_fitted

from fastgru import __version__
from fastgru.data.writing import atomic_write_bytes
from fastgru.errors import ModelFileError
from fastgru.estimators.ensemble import Ensemble
from fastgru.estimators.fitted_estimator import FittedEstimator
from fastgru.estimators.fitted_model import FittedModel
from fastgru.estimators.fitted_network import FittedNetwork
from fastgru.estimators.loading import fitted_from
from fastgru.estimators.saving import card_of
from fastgru.models.model_file import read_model
from fastgru.onnx.graph import DOUBLE, INT64, Graph
from fastgru.onnx.heads import Output, add_outputs
from fastgru.onnx.reading import Given

__all__ = ["CARD", "OPSET", "export", "make_model"]

OPSET = 17
"""Of the operators: the first with LayerNormalization."""

_IR_VERSION = 8
"""Of the file: that of the first ``onnx`` with the opset."""

_MAX_BYTES = (1 << 31) - (1 << 26)
"""Of the weights: a file in the format of ONNX is smaller than 2 GiB, card and nodes included."""

CARD = "fastgru"
"""Entry of the metadata that holds the card of the model file, as JSON."""


def export(model: FittedEstimator | str | os.PathLike[str], path: str | os.PathLike[str]) -> None:
    """Write a trained model as an ONNX file, whole or not at all.

    The graph takes what ``predict`` takes, encoded, and gives what that gives; inputs and outputs
    are listed in ``docs/file-formats.md``.  The same model gives the same bytes.

    Parameters
    ----------
    model
        A fitted estimator, or a ``.safetensors`` file that one has saved.
    path
        File to write; one that exists is replaced.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ModelFileError
        If the file is no such model, is damaged, or was written by a newer version, and for a model
        too large for an ONNX file.
    LabelError
        If the class labels are neither strings nor integers.
    FastgruError
        If the file cannot be written.
    """
    if isinstance(model, FittedEstimator):
        check_is_fitted(model, "n_parameters_")
        fitted = model._fitted
        card = card_of(fitted)
    else:
        saved = read_model(model)
        fitted = fitted_from(saved, os.fspath(model))
        card = saved.card
    made = make_model(fitted, card)
    onnx.checker.check_model(made, full_check=True)
    with atomic_write_bytes(path) as file:
        file.write(made.SerializeToString(deterministic=True))


def make_model(fitted: FittedModel, card: Mapping[str, Any]) -> onnx.ModelProto:
    """Return the model as ONNX.

    Parameters
    ----------
    fitted
    card
        What the metadata says of it.

    Raises
    ------
    ModelFileError
        If it is too large.
    """
    graph = Graph()
    inputs, given = _inputs(fitted)
    outputs = add_outputs(graph, fitted, given)
    for output in outputs:
        graph.add_node("Identity", [output.value], [output.name])
    n_bytes = sum(array.nbytes for array in graph.constants.values())
    if n_bytes > _MAX_BYTES:
        raise ModelFileError(
            f"model: has {n_bytes / 1e9:.1f} GB of weights, expected at most "
            f"{_MAX_BYTES / 1e9:.1f} GB, which an ONNX file can hold. Train a smaller one."
        )
    made = helper.make_model(
        helper.make_graph(
            *(graph.nodes, "fastgru", inputs, [_info(output) for output in outputs]),
            initializer=graph.tensors(),
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=_IR_VERSION,
        producer_name="fastgru",
        producer_version=__version__,
    )
    helper.set_model_props(made, {CARD: json.dumps(card, sort_keys=True)})
    return made


def _inputs(fitted: FittedModel) -> tuple[list[Any], Given]:
    """Return the inputs of the graph, and their names."""
    first = fitted.members[0] if isinstance(fitted, Ensemble) else fitted
    assert isinstance(first, FittedNetwork)
    sizes = first.network.architecture
    steps = ("batch", "length")
    shapes: dict[str, tuple[int, Sequence[int | str]]] = {}
    if sizes.n_letters:
        shapes["tokens"] = INT64, steps
    if sizes.n_features:
        shapes["features"] = DOUBLE, (*steps, sizes.n_features)
    shapes["lengths"] = INT64, ("batch",)
    given = Given(**{name: name for name in shapes})
    if sizes.letters_per_token:
        shapes["target_tokens"] = INT64, ("batch", "target_length")
        shapes["target_lengths"] = INT64, ("batch",)
        shapes["max_length"] = INT64, ()
    return [helper.make_tensor_value_info(name, *kind) for name, kind in shapes.items()], given


def _info(output: Output) -> Any:
    return helper.make_tensor_value_info(output.name, output.kind, output.shape)
