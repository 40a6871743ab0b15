"""The sizes and switches that fix a network, without the code that runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fastgru.errors import counted
from fastgru.layers.convolution_sizes import ConvolutionSizes, layer_sizes
from fastgru.layers.kmer_sizes import max_letters
from fastgru.layers.names import direction_suffixes

GATES = {"gru": 3, "lstm": 4, "rnn": 1}
"""The cells of the recurrent layers, and the vectors that a step computes for each unit."""

STRANDS = ("none", "average", "augment")
"""What a network does about the other strand of DNA."""

NORMS = ("none", "layer", "batch")
"""Normalisations of the convolutional layers."""

TASKS = ("classification",)
"""What a model says of a sequence."""

POOLINGS = ("last", "mean", "max", "attention")


def describe_recurrent(
    cell: str,
    num_layers: int,
    hidden_size: int,
    bidirectional: bool,
    *,
    residual: bool,
) -> str:
    """Say in words which recurrent layers there are: 2 GRU layers of 64 units, both directions.

    Parameters
    ----------
    cell, num_layers, hidden_size, bidirectional, residual
        As in :class:`fastgru.SequenceClassifier`.
    """
    layers = counted(num_layers, f"{cell.upper()} layer")
    directions = "both directions" if bidirectional else "one direction"
    kind = ", residual" if residual else ""
    return f"{layers} of {counted(hidden_size, 'unit')}, {directions}{kind}"


def present_names(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an architecture with the name that ``n_classes`` has by now."""
    earlier = "n_classes" in fields and "n_outputs" not in fields
    return {
        "n_outputs" if earlier and name == "n_classes" else name: value
        for name, value in fields.items()
    }


@dataclass(frozen=True)
class Architecture:
    """Everything that fixes the shapes of a network.

    Attributes
    ----------
    n_letters
        Letters of the alphabet, ambiguity codes left out; 0 for series.
    n_outputs
        Numbers that are said of a sequence, or of each step: classes, labels, targets, letters.
    n_positions
        Longest sequence that has position embeddings, in letters or k-mers; 0 for none.
    pooling
        What describes a sequence; nothing for outputs of each step.
    embedding_size, hidden_size, num_layers, bidirectional, dropout, dtype, cell
    reverse_complement, conv_channels, conv_width, conv_dilation, conv_stride, conv_pool, conv_norm
    conv_residual, residual, kmer_size, kmer_stride
        As in :class:`fastgru.SequenceClassifier`.
    n_features
        Features of each step of a series; 0 for letters.
    """

    n_letters: int
    n_outputs: int
    n_positions: int
    embedding_size: int
    hidden_size: int
    num_layers: int
    bidirectional: bool
    pooling: tuple[str, ...]
    dropout: float
    dtype: str
    cell: str = "gru"
    reverse_complement: str = "none"
    conv_channels: tuple[int, ...] = ()
    conv_width: tuple[int, ...] = (8,)
    conv_dilation: tuple[int, ...] = (1,)
    conv_stride: tuple[int, ...] = (1,)
    conv_pool: tuple[int, ...] = (1,)
    conv_norm: str = "none"
    conv_residual: bool = False
    residual: bool = False
    kmer_size: int = 1
    kmer_stride: int = 1
    n_features: int = 0

    def to_dict(self) -> dict[str, object]:
        """Return the fields as JSON-able values."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Architecture:
        """Return what :meth:`to_dict` was made from.

        Parameters
        ----------
        fields
            Checked (:mod:`fastgru.models.card_schema`); those that came later may be missing.
        """
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in present_names(fields).items()
        }
        return cls(**values)

    @property
    def convolutions(self) -> tuple[ConvolutionSizes, ...]:
        """The convolutional layers, from the first to the last."""
        columns = (self.conv_width, self.conv_dilation, self.conv_stride, self.conv_pool)
        return layer_sizes(self.conv_channels, *columns)

    @property
    def input_size(self) -> int:
        """Features of a step before all layers."""
        return self.n_features or self.embedding_size

    @property
    def n_rows(self) -> int:
        """Letters or k-mers that have an embedding of their own."""
        return int(self.n_letters**self.kmer_size)

    @property
    def max_letters(self) -> int | None:
        """Letters of the longest sequence that has positions enough, None for any."""
        if not self.n_positions:
            return None
        return max_letters(self.n_positions, self.kmer_size, self.kmer_stride)

    @property
    def word(self) -> str:
        """What has an embedding: letter or 3-mer."""
        return "letter" if self.kmer_size == 1 else f"{self.kmer_size}-mer"

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each parameter by name, without making any."""
        hidden, directions = self.hidden_size, 2 if self.bidirectional else 1
        shapes: dict[str, tuple[int, ...]] = {}
        if not self.n_features:
            shapes["embedding.letters"] = (self.n_rows, self.embedding_size)
        if self.n_positions:
            shapes["embedding.positions"] = (self.n_positions, self.embedding_size)
        first = self.input_size
        for layer, sizes in enumerate(self.convolutions):
            shapes[f"stem.weight_l{layer}"] = (sizes.channels, first, sizes.width)
            shapes[f"stem.bias_l{layer}"] = (sizes.channels,)
            if self.conv_norm != "none":
                shapes[f"stem.norm_weight_l{layer}"] = (sizes.channels,)
                shapes[f"stem.norm_bias_l{layer}"] = (sizes.channels,)
            first = sizes.channels
        gates = GATES[self.cell]
        suffixes = direction_suffixes(self.num_layers, self.bidirectional)
        for layer, ends in enumerate(suffixes):
            features = first if layer == 0 else hidden * directions
            for end in ends:
                shapes[f"{self.cell}.weight_ih{end}"] = (gates * hidden, features)
                shapes[f"{self.cell}.weight_hh{end}"] = (gates * hidden, hidden)
                shapes[f"{self.cell}.bias_ih{end}"] = (gates * hidden,)
                shapes[f"{self.cell}.bias_hh{end}"] = (gates * hidden,)
        channels = directions * hidden
        if "attention" in self.pooling:
            shapes["attention.weight"] = (channels,)
        shapes["head.weight"] = (self.n_outputs, max(1, len(self.pooling)) * channels)
        shapes["head.bias"] = (self.n_outputs,)
        return shapes

    def buffer_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each array by name that is kept with the parameters, not learned."""
        if self.conv_norm != "batch":
            return {}
        return {
            f"stem.{name}_l{layer}": (sizes.channels,)
            for layer, sizes in enumerate(self.convolutions)
            for name in ("running_mean", "running_var")
        }
