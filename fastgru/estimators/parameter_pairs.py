"""Checks of parameters of what a network reads that only fit together or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastgru.data.alphabets import get_alphabet
from fastgru.data.series import SERIES
from fastgru.errors import ConfigurationError
from fastgru.estimators.parameter_table import POOLED_TASKS
from fastgru.layers.convolution_sizes import ConvolutionSizes, layer_sizes, matching_layers
from fastgru.layers.kmer_sizes import MAX_KMER_ROWS

__all__ = [
    "check_featured",
    "check_kmers",
    "check_letter_dropout",
    "check_residues",
    "check_series",
    "check_stem",
    "check_strands",
    "check_ties",
]

_COLUMNS = ("conv_width", "conv_dilation", "conv_stride", "conv_pool")


def check_series(checked: Mapping[str, Any], task: str) -> None:
    """Refuse what series have not: words, embeddings of positions, and most of the tasks.

    Parameters
    ----------
    checked
        Parameters, each within its own range.
    task

    Raises
    ------
    ConfigurationError
    """
    if checked.get("time_decay"):
        _check_times(checked)
    if checked["alphabet"] != SERIES:
        return
    if task not in POOLED_TASKS:
        raise ConfigurationError(
            f"alphabet must be one of letters for the task {task}, got 'series', which classifiers "
            "and regressors alone can read."
        )
    for name, without in (("kmer_size", 1), ("kmer_stride", 1), ("position_embedding", False)):
        if checked.get(name, without) != without:
            raise ConfigurationError(
                f"{name} must be {without!r} for the alphabet 'series', got {checked[name]!r}; "
                "only letters have embeddings. A feature may say where a step stands."
            )


def _check_times(checked: Mapping[str, Any]) -> None:
    """Refuse states that decay where there is no time between steps, or no kernels."""
    reasons = {
        f"for the alphabet {checked['alphabet']!r}": checked["alphabet"] != SERIES
        and "letters have no times",
        "with convolutional layers": checked["conv_channels"]
        and "they take steps for evenly spaced",
        "with the cell 'rnn'": checked["cell"] == "rnn"
        and "gru and lstm have kernels for states that decay",
    }
    for place, reason in reasons.items():
        if reason:
            raise ConfigurationError(f"time_decay must be False {place}, got True; {reason}.")


def check_featured(checked: Mapping[str, Any]) -> None:
    """Refuse what cannot be read where letters have features beside them.

    Parameters
    ----------
    checked
        Parameters, each within its own range.

    Raises
    ------
    ConfigurationError
    """
    reasons = {
        "kmer_size": (1, "features are those of letters, not of words"),
        "reverse_complement": ("none", "nobody knows the features of the other strand"),
    }
    for name, (expected, why) in reasons.items():
        found = checked.get(name, expected)
        if found != expected:
            raise ConfigurationError(
                f"{name} must be {expected!r} where sequences have features, got {found!r}; {why}."
            )


def check_kmers(checked: Mapping[str, Any]) -> None:
    """Refuse k-mers with gaps between them, and more of them than an embedding may have rows.

    Parameters
    ----------
    checked
        Parameters, each within its own range.

    Raises
    ------
    ConfigurationError
    """
    size, stride, alphabet = (checked[name] for name in ("kmer_size", "kmer_stride", "alphabet"))
    n_letters = len(get_alphabet(alphabet).letters)
    if n_letters**size > MAX_KMER_ROWS:
        largest = max(k for k in range(1, size) if n_letters**k <= MAX_KMER_ROWS)
        raise ConfigurationError(
            f"kmer_size must be at most {largest} for the alphabet {alphabet!r}, got {size}: there "
            f"are {n_letters}^{size} = {n_letters**size} words, and an embedding may have "
            f"{MAX_KMER_ROWS} rows."
        )
    if stride > size:
        raise ConfigurationError(
            f"kmer_stride must be at most kmer_size, {size}, got {stride}; letters between the "
            "words would not be read."
        )


def check_letter_dropout(checked: Mapping[str, Any]) -> None:
    """Refuse to drop letters where none are read, or words of several.

    Parameters
    ----------
    checked
        Parameters, each within its own range; ``letter_dropout`` is not 0.

    Raises
    ------
    ConfigurationError
    """
    reasons = {
        "the alphabet 'series'": checked["alphabet"] == SERIES and "series have no letters",
        f"kmer_size {checked['kmer_size']}": checked["kmer_size"] > 1
        and "words with an unknown letter are averages of many others",
    }
    for place, reason in reasons.items():
        if reason:
            raise ConfigurationError(
                f"letter_dropout must be 0 with {place}, got {checked['letter_dropout']}; {reason}."
            )


def check_residues(checked: Mapping[str, Any]) -> None:
    """Refuse to begin with the properties of amino acids where none are embedded by themselves.

    Parameters
    ----------
    checked
        Parameters, each within its own range; ``embedding_init`` is ``"properties"``.

    Raises
    ------
    ConfigurationError
    """
    for name, needed in (("alphabet", "protein"), ("kmer_size", 1)):
        if checked[name] != needed:
            raise ConfigurationError(
                f"embedding_init must be 'random' with {name} {checked[name]!r}, got 'properties', "
                f"which are those of single amino acids. Make it 'random', or {name} {needed!r}."
            )


def check_stem(checked: Mapping[str, Any]) -> None:
    """Refuse entries of convolutional layers that do not fit together.

    Parameters
    ----------
    checked
        Parameters, each within its own range.

    Raises
    ------
    ConfigurationError
    """
    n_layers = len(checked["conv_channels"])
    for name in _COLUMNS:
        if n_layers and len(checked.get(name, (1,))) not in (1, n_layers):
            raise ConfigurationError(
                f"{name} must have one entry, or one for each of the {n_layers} conv_channels, got "
                f"{len(checked[name])}."
            )
    layers = _layers(checked)
    # how many features series have is not known yet
    first = 0 if checked["alphabet"] == SERIES else checked["embedding_size"]
    if checked["conv_residual"] and not any(matching_layers(first, layers)):
        raise ConfigurationError(
            "conv_residual must be False where no convolutional layer has an output of the shape "
            "of its input, got True. Give a layer stride 1, pool 1 and as many conv_channels as "
            "the one before, or the first as many as embedding_size."
        )


def _layers(checked: Mapping[str, Any]) -> tuple[ConvolutionSizes, ...]:
    """Return the convolutional layers; tasks without a column have ones there."""
    columns = (checked.get(name, (1,)) for name in _COLUMNS)
    return layer_sizes(checked["conv_channels"], *columns)


def check_strands(checked: Mapping[str, Any]) -> None:
    """Refuse a second strand where there is none.

    Parameters
    ----------
    checked
        Parameters, each within its own range; ``reverse_complement`` is not ``"none"``.

    Raises
    ------
    ConfigurationError
    """
    if checked["alphabet"] != "dna":
        raise ConfigurationError(
            f"reverse_complement must be 'none' for the alphabet {checked['alphabet']!r}, got "
            f"{checked['reverse_complement']!r}; only DNA has two strands."
        )


def check_ties(checked: Mapping[str, Any]) -> None:
    """Refuse what would look different from the other strand, where both share their weights.

    Parameters
    ----------
    checked
        Parameters of convolutional layers that fit together, and of others within their range;
        ``reverse_complement`` is ``"equivariant"``.

    Raises
    ------
    ConfigurationError
    """
    _tie("bidirectional", True, checked, "the direction back is what reads the other strand")
    _tie("position_embedding", False, checked, "a position is another one on the other strand")
    _tie("kmer_stride", 1, checked, "words would begin elsewhere on the other strand")
    if checked["embedding_size"] % 2:
        raise _untied("embedding_size", "even", checked["embedding_size"], _PARTNER)
    for layer in _layers(checked):
        if layer.channels % 2:
            raise _untied("conv_channels", "even", layer.channels, _PARTNER)
        for name, steps in (("conv_stride", layer.stride), ("conv_pool", layer.pool)):
            if steps != 1:
                raise _untied(name, "1", steps, "other steps would be left of the other strand")
        if (layer.width - 1) * layer.dilation % 2:
            why = "a feature would see one step more on one side than on the other"
            raise _untied("conv_width", "odd", layer.width, why)


_PARTNER = "each feature has a partner that reads the other strand"


def _tie(name: str, expected: object, checked: Mapping[str, Any], why: str) -> None:
    # the parameter may be one that the task has not
    if checked.get(name, expected) != expected:
        raise _untied(name, repr(expected), checked[name], why)


def _untied(name: str, expected: str, found: object, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{name} must be {expected} with reverse_complement 'equivariant', got {found!r}; {why}. "
        "Change it, or take 'average', which allows it."
    )
