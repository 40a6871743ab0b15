"""A model that fastgru has exported, from its ONNX file.

The metadata hold the card, which says everything but the weights.  Where these stand is found by
exporting the same network with numbers for weights that tell their places: the graph is the same
node by node, and a number found in it stands where the file has the weight.  So whatever can be
exported can be restored, and a graph that somebody has changed is noticed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx

from fastgru import __version__
from fastgru.errors import ModelFileError
from fastgru.estimators.ensemble import Ensemble
from fastgru.estimators.fitted_model import FittedModel
from fastgru.estimators.fitted_network import FittedNetwork
from fastgru.estimators.loading import fitted_from
from fastgru.models.architecture import Architecture
from fastgru.models.card_schema import ENSEMBLE_FORMAT_VERSION, find_fault
from fastgru.models.model_file import format_version_of, join_model, member_prefix
from fastgru.models.network import SequenceNetwork
from fastgru.models.tensor_file import parse_card
from fastgru.onnx.exporting import CARD, make_model
from fastgru.onnx.files import Constants, array_of, constants_of
from fastgru.onnx.matching import Difference, Side, pair_constants

__all__ = ["find_card", "restore"]

_RADIX = 4096
_FIRST, _OTHER = 2.25, 3.75
"""Numbers that tell places are the first and whole steps above, exact in single precision.  Where a
graph has such a number from elsewhere, it does not become another with the other one."""


def find_card(name: str, model: onnx.ModelProto) -> dict[str, Any] | None:
    """Return the card in the metadata of a file, None if there is none.

    Parameters
    ----------
    name
        Of the file, for messages.
    model

    Raises
    ------
    ModelFileError
        If it is no card, or of a newer version.
    """
    entries = [one.value for one in model.metadata_props if one.key == CARD]
    if not entries:
        return None
    try:
        card = parse_card(entries[0])
    except (ValueError, RecursionError) as error:
        raise _damaged(name, f"the card in its metadata is not JSON ({error})") from error
    if not isinstance(card, dict):
        raise _damaged(name, "the card in its metadata is no object")
    own = {key: value for key, value in card.items() if key not in ("format_version", "sha256")}
    version = format_version_of(own)
    found = card.get("format_version", version)
    if type(found) is not int or found > ENSEMBLE_FORMAT_VERSION:
        raise ModelFileError(
            f"{name}: its card has the format {found!r}, this fastgru reads formats up to "
            f"{ENSEMBLE_FORMAT_VERSION}. Update fastgru."
        )
    fault = find_fault({**own, "format_version": version})
    if fault is not None:
        raise _damaged(name, f"in its card, {fault}")
    return own


def restore(name: str, model: onnx.ModelProto, card: Mapping[str, Any]) -> FittedModel:
    """Return the trained model that a file holds.

    Parameters
    ----------
    name
        Of the file, for messages.
    model
    card
        From :func:`find_card`.

    Raises
    ------
    ModelFileError
        If card and graph contradict each other.
    """
    given = Side(model.graph, constants_of(name, model.graph.initializer))
    fitted = _with_zeros(name, card, given.constants)
    networks = [member.network for member in _members_of(fitted)]
    try:
        _fill(name, fitted, networks, card, given)
        _check(name, fitted, card, given)
    except Difference as difference:
        raise ModelFileError(
            f"{name}: {difference} is not what fastgru {__version__} exports for the card in its "
            "metadata. Export the model again with this version, or import it without the card: "
            "remove the entry 'fastgru' of the metadata."
        ) from difference
    return fitted


def _with_zeros(name: str, card: Mapping[str, Any], constants: Constants) -> FittedModel:
    """Return the model of a card, all weights zero, if the file has numbers for it."""
    tensors: dict[str, np.ndarray] = {}
    left = sum(array.size for array in constants.values())
    members = card.get("members")
    for number, own in enumerate([card] if members is None else members):
        prefix = "" if members is None else member_prefix(number)
        sizes = Architecture.from_dict(own["architecture"])
        shapes: dict[str, tuple[int, ...]] = {}
        # every layer has a constant of its own, so more layers would take long to list
        if max(sizes.num_layers, len(sizes.conv_channels)) <= len(constants):
            shapes = sizes.parameter_shapes() | sizes.buffer_shapes()
        left -= sum(math.prod(shape) for shape in shapes.values())
        if not shapes or left < 0:
            raise _damaged(name, "its card describes a larger network than the file holds")
        tensors |= {prefix + key: np.zeros(s, sizes.dtype) for key, s in shapes.items()}
    version = format_version_of(card)
    return fitted_from(join_model(name, {**card, "format_version": version}, tensors), name)


def _members_of(fitted: FittedModel) -> Sequence[FittedNetwork]:
    if isinstance(fitted, Ensemble):
        return fitted.members
    assert isinstance(fitted, FittedNetwork)
    return (fitted,)


def _fill(
    name: str,
    fitted: FittedModel,
    networks: Sequence[SequenceNetwork],
    card: Mapping[str, Any],
    given: Side,
) -> None:
    """Write the file's weights into the networks."""
    first, wanted, sides = 0, [], []
    for network in networks:
        wanted.append(_numbered(network, first))
        first += network.parameters.size
    for least, digit in ((_FIRST, np.mod), (_FIRST, np.floor_divide), (_OTHER, np.mod)):
        for network, numbers in zip(networks, wanted, strict=True):
            network.parameters.values[: len(numbers)] = least + digit(numbers, _RADIX)
        sides.append(_side_of(fitted, card))
    places, values = _found([*sides, given])
    if not set(np.concatenate(wanted).tolist()) <= set(places.tolist()):
        raise _damaged(name, "its graph does not hold all weights of its card")
    for network, numbers in zip(networks, wanted, strict=True):
        found = values[np.searchsorted(places, numbers)]
        if not np.isfinite(found).all():
            raise _damaged(name, "it holds NaN or infinity, expected finite weights")
        network.parameters.values[: len(numbers)] = found


def _numbered(network: SequenceNetwork, first: int) -> np.ndarray:
    """Return a number for each weight, from ``first`` on; the same where only their mean counts."""
    store = network.parameters
    numbers = first + np.arange(store.size)
    if network.crf is not None and network.architecture.reverse_complement != "none":
        places = store.places()
        transitions = numbers[places["crf.transitions"]].reshape(-1, network.architecture.n_outputs)
        transitions[...] = np.minimum(transitions, transitions.T)
        numbers[places["crf.end_transitions"]] = numbers[places["crf.start_transitions"]]
    return numbers


def _side_of(fitted: FittedModel, card: Mapping[str, Any]) -> Side:
    """Return the model as it is exported."""
    graph = make_model(fitted, card).graph
    return Side(graph, {one.name: array_of("", one) for one in graph.initializer})


def _found(sides: Sequence[Side]) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of weights that graphs show, in order, and the weights in their places.

    Parameters
    ----------
    sides
        Three with the low digits, the high digits and the low digits above another number in the
        place of weights, and the file.
    """
    numbers, weights = [np.empty(0, np.int64)], [np.empty(0)]
    for low, high, moved, weight in pair_constants(sides):
        if low.dtype.kind == "f":
            digits = [part.ravel().astype(np.float64) - _FIRST for part in (low, high)]
            whole = [(d >= 0) & (d == np.floor(d)) & (d < 1 << 24) for d in digits]
            is_weight = moved.ravel() - low.ravel() == _OTHER - _FIRST
            kept = whole[0] & whole[1] & is_weight
            numbers.append((digits[1][kept] * _RADIX + digits[0][kept]).astype(np.int64))
            weights.append(weight.ravel()[kept].astype(np.float64))
    # of several places the first: averages of rows stand behind the rows, and may look like one
    found, at = np.unique(np.concatenate(numbers), return_index=True)
    return found, np.concatenate(weights)[at]


def _check(name: str, fitted: FittedModel, card: Mapping[str, Any], given: Side) -> None:
    """Refuse constants that are not those of the restored model, such as another temperature."""
    side = Side(given.graph, given.constants)
    for expected, found in pair_constants([_side_of(fitted, card), side]):
        if not np.allclose(found, expected, rtol=1e-5, atol=1e-6):
            shown = next(key for key, array in given.constants.items() if array is found)
            raise _damaged(name, f"constant {shown!r} contradicts its card")


def _damaged(name: str, fault: str) -> ModelFileError:
    return ModelFileError(f"{name}: {fault}. The file is damaged. Export the model again.")
