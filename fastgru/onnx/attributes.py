"""The attributes of recurrent ONNX nodes, with the defaults and limits of their opset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx

from fastgru.errors import ConfigurationError
from fastgru.layers.activation_functions import Activation
from fastgru.onnx.operators import OPERATORS, Operator

__all__ = ["Attributes", "node_name", "read_attributes"]

_DIRECTIONS = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}
"""Whether each direction of a node runs from the last step to the first."""

_FUNCTIONS = {
    name.replace("_", ""): name
    for name in (
        *("relu", "tanh", "sigmoid", "affine", "leaky_relu", "thresholded_relu", "scaled_tanh"),
        *("hard_sigmoid", "elu", "softsign", "softplus"),
    )
}
"""ONNX's names in small letters, as it compares them; ours."""


@dataclass(frozen=True)
class Attributes:
    """What a recurrent node computes.

    Attributes
    ----------
    operator : Operator
    reverse : tuple of bool
        For each direction whether it runs from the last step to the first.
    activations : tuple of tuple of Activation, or None
        The functions of each direction; None for the usual ones.
    clip : float or None
    hidden_size : int or None
        None where the weights alone say it.
    batch_first : bool
        ONNX's layout 1.
    reset_after : bool
        The GRU's linear_before_reset.
    input_forget : bool
        The LSTM's.
    """

    operator: Operator
    reverse: tuple[bool, ...]
    activations: tuple[tuple[Activation, ...], ...] | None
    clip: float | None
    hidden_size: int | None
    batch_first: bool
    reset_after: bool
    input_forget: bool

    def layer_options(self, direction: int) -> dict[str, Any]:
        """Return what the layer of one direction is made with, but for sizes."""
        functions = None if self.activations is None else self.activations[direction]
        options: dict[str, Any] = {"activations": functions, "clip": self.clip}
        if self.operator.name == "GRU":
            options["reset_after"] = self.reset_after
        if self.operator.name == "LSTM":
            options["input_forget"] = self.input_forget
        return options


def node_name(node: onnx.NodeProto) -> str:
    """Return what messages call a node: its name, or that of its first output."""
    name = node.name or next((output for output in node.output if output), "")
    return f"ONNX node {name!r} ({node.op_type or 'no operator'})"


def read_attributes(node: onnx.NodeProto, opset_version: int) -> Attributes:
    """Read the attributes of a recurrent node.

    Parameters
    ----------
    node
    opset_version
        Version of ONNX's operators that the node is of.

    Raises
    ------
    ConfigurationError
        For another operator, or an attribute that the operator does not have in this version or
        that has another type or value than it may have.
    """
    where = node_name(node)
    if node.op_type not in OPERATORS or node.domain not in ("", "ai.onnx"):
        raise ConfigurationError(
            f"{where}: operator of domain {node.domain or 'ai.onnx'!r} is not one of "
            f"{', '.join(OPERATORS)} of ONNX, which fastgru runs. Run others with ONNX Runtime."
        )
    operator, values = OPERATORS[node.op_type], _values_of(node, opset_version)
    direction = values.get("direction", "forward")
    if direction not in _DIRECTIONS:
        raise ConfigurationError(
            f"{where}: direction must be one of {', '.join(_DIRECTIONS)}, got {direction!r}."
        )
    reverse = _DIRECTIONS[direction]
    return Attributes(
        operator,
        reverse,
        activations=_activations_of(where, operator, values, len(reverse)),
        clip=_clip_of(where, values),
        hidden_size=values.get("hidden_size"),
        batch_first=_flag(where, values, "layout"),
        reset_after=_flag(where, values, "linear_before_reset"),
        input_forget=_flag(where, values, "input_forget"),
    )


def _values_of(node: onnx.NodeProto, opset_version: int) -> dict[str, Any]:
    """Return the values of the attributes that are given, text decoded."""
    where, newest = node_name(node), onnx.defs.onnx_opset_version()
    if not 1 <= opset_version <= newest:
        raise ConfigurationError(
            f"{where}: opset version must be from 1 to {newest}, the newest that the installed "
            f"package onnx knows, got {opset_version}. Install a newer onnx."
        )
    schema = onnx.defs.get_schema(node.op_type, max_inclusive_version=opset_version, domain="")
    values: dict[str, Any] = {}
    for attribute in node.attribute:
        expected: Any = schema.attributes.get(attribute.name)
        if expected is None:
            raise ConfigurationError(
                f"{where}: opset {opset_version} has no attribute {attribute.name!r}, expected "
                f"some of {', '.join(sorted(schema.attributes))}."
            )
        if attribute.ref_attr_name or attribute.type != int(expected.type.value):
            raise ConfigurationError(
                f"{where}: attribute {attribute.name!r} must be of type {expected.type.name} "
                "and have a value of its own."
            )
        value = onnx.helper.get_attribute_value(attribute)
        values[attribute.name] = _decoded(value)
    return values


def _decoded(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_decoded(one) for one in value]
    return value


def _flag(where: str, values: dict[str, Any], name: str) -> bool:
    value = values.get(name, 0)
    if value not in (0, 1):
        raise ConfigurationError(f"{where}: {name} must be 0 or 1, got {value}.")
    return bool(value)


def _clip_of(where: str, values: dict[str, Any]) -> float | None:
    """Return the limit; None for one that no float32 reaches, which some exporters write."""
    clip = values.get("clip")
    if clip is None or clip >= np.finfo(np.float32).max:
        return None
    if not clip > 0:
        raise ConfigurationError(f"{where}: clip must be above 0, got {clip}.")
    return float(clip)


def _activations_of(
    where: str, operator: Operator, values: dict[str, Any], directions: int
) -> tuple[tuple[Activation, ...], ...] | None:
    """Return the functions of each direction.

    Each function that has an alpha takes the next value of ``activation_alpha``, and the default
    where there are no more; the same for beta.
    """
    names, wanted = values.get("activations"), operator.functions * directions
    if names is None:
        return None
    if operator.name == "RNN" and len(names) == 2:
        names = names[:directions]  # the operator's own default has two for either number
    if len(names) != wanted:
        raise ConfigurationError(
            f"{where}: activations must be {wanted}, {operator.functions} for each direction, got "
            f"{len(names)}."
        )
    alphas = iter(values.get("activation_alpha", ()))
    betas = iter(values.get("activation_beta", ()))
    functions = [_activation(where, name, alphas, betas) for name in names]
    each = operator.functions
    return tuple(tuple(functions[d * each : (d + 1) * each]) for d in range(directions))


def _activation(
    where: str, name: str, alphas: Iterator[float], betas: Iterator[float]
) -> Activation:
    if name.lower() not in _FUNCTIONS:
        raise ConfigurationError(
            f"{where}: activation {name!r} is not one of ONNX's: Relu, Tanh, Sigmoid, Affine, "
            "LeakyRelu, ThresholdedRelu, ScaledTanh, HardSigmoid, Elu, Softsign, Softplus."
        )
    usual = Activation(_FUNCTIONS[name.lower()])
    alpha = None if usual.alpha is None else next(alphas, None)
    beta = None if usual.beta is None else next(betas, None)
    try:
        return Activation(usual.name, alpha, beta)
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}") from error
