"""Checks of the parameters of estimators, and which of them each task has."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import Any

from fastgru.data.series import SERIES
from fastgru.errors import ConfigurationError
from fastgru.estimators.parameter_pairs import (
    check_kmers,
    check_letter_dropout,
    check_residues,
    check_series,
    check_stem,
    check_strands,
    check_ties,
)
from fastgru.estimators.parameter_table import PARAMETERS, Parameter

__all__ = ["PARAMETERS", "Parameter", "check_parameters", "parameters_of"]


def parameters_of(task: str) -> tuple[Parameter, ...]:
    """Return the parameters of the estimator of a task."""
    return tuple(parameter for parameter in PARAMETERS if task in parameter.tasks)


def check_parameters(values: Mapping[str, Any], task: str = "classification") -> dict[str, Any]:
    """Check the value of every parameter, and return it as a plain int, float, bool or str.

    Parameters
    ----------
    values
        By name.
    task
        Whose estimator it is.

    Raises
    ------
    ConfigurationError
        Naming the parameter, what was expected and what was found.
    """
    checked = {
        parameter.name: _check(parameter, values[parameter.name])
        for parameter in parameters_of(task)
    }
    if checked.get("reverse_complement", "none") != "none":
        check_strands(checked)
    if task == "language_model" and checked["bidirectional"] and checked["num_layers"] > 1:
        raise ConfigurationError(
            f"bidirectional must be False for {checked['num_layers']} layers of a language model, "
            "got True: above the first layer, each direction would see what the other has to "
            "predict. Take one layer, or one direction."
        )
    if checked.get("residual") and checked["num_layers"] == 1:
        raise ConfigurationError(
            "residual must be False with num_layers 1, got True; the first layer has an input of "
            "another shape. Give num_layers of 2 or more."
        )
    check_series(checked, task)
    if "kmer_size" in checked and checked["alphabet"] != SERIES:
        check_kmers(checked)
    if checked.get("embedding_init") == "properties":
        check_residues(checked)
    if checked.get("letter_dropout"):
        check_letter_dropout(checked)
    if "conv_channels" in checked:
        check_stem(checked)
    if checked.get("reverse_complement") == "equivariant":
        check_ties(checked)
    return checked


def _check(parameter: Parameter, value: Any) -> Any:
    if value is None and parameter.optional:
        return None
    if parameter.name == "class_weight" and isinstance(value, Mapping):
        return value
    if parameter.several:
        return _check_several(parameter, value)
    if parameter.kind is bool:
        # NumPy's bool has its own class, and this module loads without NumPy
        is_switch = type(value).__name__ in ("bool", "bool_")
        _require(is_switch, parameter, "True or False", value)
    elif parameter.kind is str:
        known = isinstance(value, str) and value in parameter.choices
        _require(known, parameter, _listed(parameter.choices), value)
    else:
        _check_number(parameter, value)
    return parameter.kind(value)


def _require(condition: bool, parameter: Parameter, expected: str, value: object) -> None:
    if not condition:
        if parameter.name == "class_weight":
            expected += ", a mapping of classes to weights"
        if parameter.optional:
            expected += " or None"
        raise ConfigurationError(f"{parameter.name} must be {expected}, got {value!r}.")


def _listed(choices: tuple[str, ...]) -> str:
    return " or ".join(repr(choice) for choice in choices)


def _check_several(parameter: Parameter, value: Any) -> tuple[Any, ...]:
    if not parameter.choices:
        given = list(value) if isinstance(value, list | tuple) else [value]
        _require(bool(given) or parameter.may_be_empty, parameter, "one integer or more", value)
        for entry in given:
            _check_number(parameter, entry)
        return tuple(int(entry) for entry in given)
    expected = f"one or more of {', '.join(map(repr, parameter.choices))}, each once"
    chosen = list(value) if isinstance(value, list | tuple) else []
    known = all(isinstance(entry, str) and entry in parameter.choices for entry in chosen)
    _require(known and 0 < len(chosen) == len(set(chosen)), parameter, expected, value)
    return tuple(str(entry) for entry in chosen)


def _check_number(parameter: Parameter, value: Any) -> None:
    kind = numbers.Integral if parameter.kind is int else numbers.Real
    name = "an integer" if parameter.kind is int else "a number"
    bounds = []
    if parameter.minimum > -math.inf:
        relation = "above" if parameter.above_minimum else "of at least"
        bounds.append(f"{relation} {parameter.minimum}")
    if parameter.maximum < math.inf:
        bounds.append(f"at most {parameter.maximum}")
    expected = f"{name} {' and '.join(bounds)}"
    _require(isinstance(value, kind) and not isinstance(value, bool), parameter, expected, value)
    # compared as they are: a huge integer has no float
    low = value > parameter.minimum if parameter.above_minimum else value >= parameter.minimum
    _require(
        bool(low and value <= parameter.maximum and value < math.inf), parameter, expected, value
    )
