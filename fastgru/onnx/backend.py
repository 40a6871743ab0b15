"""A backend of the package onnx that runs recurrent nodes, and models made of them.

A model's nodes are run in their order, each with the arrays that the caller, the initialisers or
the nodes before have given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx.backend import base

from fastgru.errors import ConfigurationError
from fastgru.onnx.files import constants_of
from fastgru.onnx.node import Node
from fastgru.onnx.node_inputs import NodeInputs
from fastgru.onnx.operators import OPERATORS

__all__ = ["Backend", "PreparedModel", "run_node"]


def run_node(
    node: onnx.NodeProto,
    inputs: NodeInputs,
    device: str = "CPU",
    outputs_info: Sequence[tuple[np.dtype, tuple[int, ...]]] | None = None,
    *,
    opset_version: int | None = None,
) -> tuple[np.ndarray, ...]:
    """Run a node GRU, LSTM or RNN of ONNX.

    Parameters
    ----------
    node
        The node, as ``onnx.helper.make_node`` returns it.
    inputs
        As in :meth:`fastgru.onnx.Node.forward`.
    device
        ``"CPU"``.
    outputs_info
        For the signature that backends share; the inputs decide types and shapes.
    opset_version
        As in :class:`fastgru.onnx.Node`.

    Returns
    -------
    tuple of np.ndarray
        The outputs that the node names, which are also found by these names: ``result["Y"]``.

    Raises
    ------
    ConfigurationError
        For another operator or device, or an attribute or input that does not fit.

    Examples
    --------
    >>> node = onnx.helper.make_node("GRU", ["X", "W", "R"], ["", "Y_h"], hidden_size=5)
    >>> (y_h,) = fastgru.onnx.run_node(node, [x, w, r])
    """
    _check_device(device)
    outputs = Node(node, opset_version).forward(inputs, training=False)
    return _with_names([name for name in node.output if name], outputs)


class PreparedModel(base.BackendRep):
    """A model that is ready to run; see :meth:`Backend.prepare`.

    Parameters
    ----------
    model
        One of which every node is GRU, LSTM or RNN.

    Raises
    ------
    ConfigurationError
        For another node.
    ModelFileError
        For a constant whose numbers are in another file, or contradict its shape.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        graph, version = model.graph, _opset_version(model)
        self._constants = constants_of("ONNX model", graph.initializer)
        self._nodes = [(Node(node, version), node) for node in graph.node]
        self._inputs = [one.name for one in graph.input if one.name not in self._constants]
        self._outputs = [one.name for one in graph.output]

    def run(self, inputs: NodeInputs, **options: Any) -> tuple[np.ndarray, ...]:
        """Return the model's outputs.

        Parameters
        ----------
        inputs
            Arrays for the model's inputs in their order, or by their names.
        **options
            For the signature that backends share; none is known.

        Raises
        ------
        ConfigurationError
            For an input that is missing or does not fit.
        """
        if isinstance(inputs, Mapping):
            given = dict(inputs)
        else:
            if len(inputs) != len(self._inputs):
                raise ConfigurationError(
                    f"ONNX model: expected {len(self._inputs)} arrays as inputs, for "
                    f"{', '.join(self._inputs)}, got {len(inputs)}."
                )
            given = dict(zip(self._inputs, inputs, strict=True))
        values: dict[str, Any] = self._constants | given
        for node, proto in self._nodes:
            outputs = node.forward(values, training=False)
            names = [name for name in proto.output if name]
            values |= dict(zip(names, outputs, strict=True))
        return _with_names(self._outputs, [values[name] for name in self._outputs])


class Backend(base.Backend):
    """The backend, in the form that the package ``onnx`` asks for.

    Examples
    --------
    >>> y, y_h = fastgru.onnx.Backend.run_model(onnx.load("layer.onnx"), [x])
    """

    @classmethod
    def is_compatible(cls, model: onnx.ModelProto, device: str = "CPU", **options: Any) -> bool:
        """Whether every node of a model is one that this backend runs."""
        domains = ("", "ai.onnx")
        nodes = model.graph.node
        return cls.supports_device(device) and all(
            node.op_type in OPERATORS and node.domain in domains for node in nodes
        )

    @classmethod
    def prepare(cls, model: onnx.ModelProto, device: str = "CPU", **options: Any) -> PreparedModel:
        """Make a model ready to run.

        Raises
        ------
        ConfigurationError
            For another device than the CPU, or a node that the backend does not run.
        ModelFileError
            For a constant whose numbers are in another file, or contradict its shape.
        onnx.checker.ValidationError
            For a model that is not valid.
        """
        _check_device(device)
        super().prepare(model, device, **options)  # the package's own checker
        return PreparedModel(model)

    @classmethod
    def run_node(
        cls,
        node: onnx.NodeProto,
        inputs: NodeInputs,
        device: str = "CPU",
        outputs_info: Sequence[tuple[np.dtype, tuple[int, ...]]] | None = None,
        **options: Any,
    ) -> tuple[np.ndarray, ...]:
        """Run one node: :func:`fastgru.onnx.run_node`."""
        return run_node(node, inputs, device, outputs_info, **options)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        """Whether a device is the CPU."""
        return device.partition(":")[0] == "CPU"


def _with_names(names: list[str], arrays: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    named: tuple[np.ndarray, ...] = base.namedtupledict("Outputs", names)(*arrays)
    return named


def _check_device(device: str) -> None:
    if not Backend.supports_device(device):
        raise ConfigurationError(f"device must be 'CPU', got {device!r}. fastgru has no other.")


def _opset_version(model: onnx.ModelProto) -> int | None:
    versions = [one.version for one in model.opset_import if one.domain in ("", "ai.onnx")]
    return versions[0] if versions else None
