"""The parameters of a classifier: one table for its checks, its command line and its model file."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastgru.data.series import SERIES
from fastgru.errors import ConfigurationError
from fastgru.estimators.parameter_pairs import check_kmers, check_series
from fastgru.layers.convolution_sizes import layer_sizes, matching_layers
from fastgru.layers.kmer_sizes import MAX_KMER_SIZE
from fastgru.models.architecture import GATES, NORMS, POOLINGS, STRANDS, TASKS


@dataclass(frozen=True)
class Parameter:
    """One parameter.

    Attributes
    ----------
    name
    kind
        ``int``, ``float``, ``bool`` or ``str``.
    default
        As in the constructor of the classifier.
    help
        What it does, in a few words.
    minimum, maximum
        Allowed range, both included, of a number.
    above_minimum
        Whether the minimum itself is excluded.
    choices
        Allowed values of a string.
    several
        Whether the value is a list: of ``choices``, one or more and each once, or of numbers.
    may_be_empty
        Whether that list may have no entry.
    optional
        Whether None is allowed.
    tasks
        Those whose estimators have it.
    """

    name: str
    kind: type
    default: Any
    help: str
    minimum: float = -math.inf
    maximum: float = math.inf
    above_minimum: bool = False
    choices: tuple[str, ...] = ()
    several: bool = False
    may_be_empty: bool = False
    optional: bool = False
    tasks: tuple[str, ...] = TASKS


_WHOLE = ("classification",)
"""Tasks that say something of whole sequences, so that steps need not be letters."""

PARAMETERS = (
    Parameter(
        "alphabet",
        str,
        "dna",
        "kind of sequences",
        choices=("dna", "rna", "protein", SERIES),
    ),
    Parameter(
        "reverse_complement",
        str,
        "none",
        "how the other strand of DNA counts: not, as much as the given one, or in training only",
        choices=STRANDS,
    ),
    Parameter("embedding_size", int, 16, "features of each letter or k-mer", minimum=1),
    Parameter(
        "kmer_size",
        int,
        1,
        "letters of the words that are embedded",
        minimum=1,
        maximum=MAX_KMER_SIZE,
        tasks=_WHOLE,
    ),
    Parameter(
        "kmer_stride",
        int,
        1,
        "letters from the start of a word to that of the next",
        minimum=1,
        maximum=MAX_KMER_SIZE,
        tasks=_WHOLE,
    ),
    Parameter(
        "conv_channels",
        int,
        (),
        "features of each convolutional layer before the recurrent ones",
        minimum=1,
        several=True,
        may_be_empty=True,
    ),
    Parameter("conv_width", int, (8,), "steps that a feature sees", minimum=1, several=True),
    Parameter("conv_dilation", int, (1,), "distance of the steps it sees", minimum=1, several=True),
    Parameter("conv_stride", int, (1,), "steps between features", minimum=1, several=True),
    Parameter(
        "conv_pool",
        int,
        (1,),
        "neighbouring features of which the largest is kept",
        minimum=1,
        maximum=127,
        several=True,
    ),
    Parameter(
        "conv_norm",
        str,
        "none",
        "normalisation behind each convolution: of each step, of a batch, or none",
        choices=NORMS,
    ),
    Parameter(
        "conv_residual",
        bool,
        False,
        "add the input of a convolutional layer to its output, where it has the same shape",
    ),
    Parameter("cell", str, "gru", "kind of the recurrent layers", choices=tuple(GATES)),
    Parameter("hidden_size", int, 64, "units of each layer and direction", minimum=1),
    Parameter("num_layers", int, 1, "recurrent layers", minimum=1),
    Parameter(
        "residual", bool, False, "add the input of each recurrent layer but the first to its output"
    ),
    Parameter("bidirectional", bool, True, "run from both ends of the sequence"),
    Parameter(
        "position_embedding",
        bool,
        False,
        "learn features of each position, for sequences that are aligned windows",
    ),
    Parameter(
        "pooling",
        str,
        ("last", "mean", "max"),
        "how states become features of a sequence",
        choices=POOLINGS,
        several=True,
    ),
    Parameter(
        "dropout",
        float,
        0.1,
        "share dropped in training, between layers and before the classes",
        minimum=0,
        maximum=0.95,
    ),
    Parameter("batch_size", int, 64, "sequences of a gradient step", minimum=1),
    Parameter("max_epochs", int, 40, "most passes through the training set", minimum=1),
    Parameter(
        "learning_rate", float, 0.003, "peak step size of AdamW", minimum=0, above_minimum=True
    ),
    Parameter("weight_decay", float, 0.01, "decay of the weights in AdamW", minimum=0),
    Parameter("clip_norm", float, 1.0, "largest norm of a gradient", minimum=0, above_minimum=True),
    Parameter(
        "warmup_fraction",
        float,
        0.1,
        "share of the steps over which the learning rate rises",
        minimum=0,
        maximum=1,
    ),
    Parameter(
        "label_smoothing",
        float,
        0.0,
        "share of a label that is spread over all classes in training",
        minimum=0,
        maximum=0.5,
    ),
    Parameter(
        "focal_gamma",
        float,
        0.0,
        "how much less sequences count in training that are right already",
        minimum=0,
        maximum=10,
    ),
    Parameter(
        "class_weight",
        str,
        None,
        "weigh classes by their rarity",
        choices=("balanced",),
        optional=True,
    ),
    Parameter("early_stopping", bool, True, "stop when the validation loss no longer falls"),
    Parameter(
        "validation_fraction",
        float,
        0.1,
        "share of the training set held out for early stopping, where no validation set is given",
        minimum=0,
        maximum=0.9,
        above_minimum=True,
    ),
    Parameter("n_iter_no_change", int, 10, "epochs without progress before stopping", minimum=1),
    Parameter(
        "calibrate", bool, True, "scale the probabilities to what holds on the validation set"
    ),
    Parameter(
        "dtype", str, "float32", "precision of the arithmetic", choices=("float32", "float64")
    ),
    Parameter("threads", int, None, "threads to use", minimum=1, optional=True),
    Parameter("random_state", int, None, "seed", minimum=0, maximum=2**63 - 1, optional=True),
)


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
    if checked["reverse_complement"] != "none" and checked["alphabet"] != "dna":
        raise ConfigurationError(
            f"reverse_complement must be 'none' for the alphabet {checked['alphabet']!r}, got "
            f"{checked['reverse_complement']!r}; only DNA has two strands."
        )
    if checked["residual"] and checked["num_layers"] == 1:
        raise ConfigurationError(
            "residual must be False with num_layers 1, got True; the first layer has an input of "
            "another shape. Give num_layers of 2 or more."
        )
    check_series(checked)
    if "kmer_size" in checked and checked["alphabet"] != SERIES:
        check_kmers(checked)
    _check_stem(checked)
    return checked


def _check_stem(checked: Mapping[str, Any]) -> None:
    columns = ("conv_width", "conv_dilation", "conv_stride", "conv_pool")
    n_layers = len(checked["conv_channels"])
    for name in columns:
        if n_layers and len(checked[name]) not in (1, n_layers):
            raise ConfigurationError(
                f"{name} must have one entry, or one for each of the {n_layers} conv_channels, got "
                f"{len(checked[name])}."
            )
    layers = layer_sizes(checked["conv_channels"], *(checked[name] for name in columns))
    # how many features series have is not known yet
    first = 0 if checked["alphabet"] == SERIES else checked["embedding_size"]
    if checked["conv_residual"] and not any(matching_layers(first, layers)):
        raise ConfigurationError(
            "conv_residual must be False where no convolutional layer has an output of the shape "
            "of its input, got True. Give a layer stride 1, pool 1 and as many conv_channels as "
            "the one before, or the first as many as embedding_size."
        )


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
