"""The sizes and switches that fix a network, without the code that runs it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from fastgru.errors import counted
from fastgru.layers.convolution_sizes import ConvolutionSizes, layer_sizes
from fastgru.layers.kmer_sizes import count_kmers, max_letters
from fastgru.layers.names import DECAY_PARAMETERS, direction_suffixes

if TYPE_CHECKING:
    import numpy as np

GATES = {"gru": 3, "lstm": 4, "rnn": 1}
"""The cells of the recurrent layers, and the vectors that a step computes for each unit."""

STRANDS = ("none", "average", "equivariant", "augment")
"""What a network does about the other strand of DNA."""

NORMS = ("none", "layer", "batch")
"""Normalisations of the convolutional layers."""

TASKS = (
    "classification",
    "multilabel",
    "regression",
    "tagging",
    "language_model",
    "translation",
)
"""What a model says of a sequence."""

REACH = 16
"""Distances from the expected place, to either side, to which a decoder has a bias of their own."""

POOLINGS = ("last", "mean", "max", "attention")


def describe_recurrent(sizes: Architecture) -> str:
    """Say in words which recurrent layers there are: 2 GRU layers of 64 units, both directions.

    Parameters
    ----------
    sizes
        The network.
    """
    layers = counted(sizes.num_layers, f"{sizes.cell.upper()} layer")
    directions = "both directions" if sizes.bidirectional else "one direction"
    kind = ", residual" if sizes.residual else ""
    return f"{layers} of {counted(sizes.hidden_size, 'unit')}, {directions}{kind}"


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
    crf
        As in :class:`fastgru.SequenceTagger`.
    letters_per_token
        Letters of a sequence for each token of its translation; 0 for a network without decoder.
    n_features
        Features of each step of a series, or beside each letter; 0 for letters alone.
    time_decay, letter_dropout
        As in :class:`fastgru.SequenceClassifier`.
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
    crf: bool = False
    letters_per_token: float = 0.0
    kmer_size: int = 1
    kmer_stride: int = 1
    n_features: int = 0
    time_decay: bool = False
    letter_dropout: float = 0.0

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

    def output_lengths(self, lengths: np.ndarray) -> np.ndarray:
        """Return the steps that sequences have before the recurrent layers.

        Parameters
        ----------
        lengths
            int64 (B,), letters or steps of a series.
        """
        lengths = count_kmers(lengths, self.kmer_size, self.kmer_stride)
        for sizes in self.convolutions:
            lengths = sizes.output_lengths(lengths)
        return lengths

    @property
    def n_read(self) -> int:
        """Numbers that the outputs are made of."""
        if self.letters_per_token:
            return self.hidden_size
        return max(1, len(self.pooling)) * self.hidden_size * (2 if self.bidirectional else 1)

    @property
    def input_size(self) -> int:
        """Features of a step before all layers."""
        return self.n_features + (self.embedding_size if self.n_letters else 0)

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
        """Return the shape of each parameter by name, without making any.

        Strands that are tied share a half (:mod:`fastgru.models.tied_strands`).
        """
        return self._stored(self._whole_shapes())

    @property
    def is_tied(self) -> bool:
        """Whether both strands of DNA share the weights."""
        return self.reverse_complement == "equivariant"

    @property
    def n_weights(self) -> int:
        """Numbers that a step computes with: more than parameters where strands are tied."""
        return sum(math.prod(shape) for shape in self._whole_shapes().values())

    def _whole_shapes(self) -> dict[str, tuple[int, ...]]:
        hidden, directions = self.hidden_size, 2 if self.bidirectional else 1
        shapes: dict[str, tuple[int, ...]] = {}
        if self.n_letters:
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
        shapes |= self._recurrent_shapes(self.cell, first, directions)
        channels = directions * hidden
        if "attention" in self.pooling:
            shapes["attention.weight"] = (channels,)
        if self.letters_per_token:
            shapes |= self._decoder_shapes(channels)
        shapes["head.weight"] = (self.n_outputs, self.n_read)
        shapes["head.bias"] = (self.n_outputs,)
        if self.crf:
            shapes["crf.transitions"] = (self.n_outputs, self.n_outputs)
            shapes["crf.start_transitions"] = shapes["crf.end_transitions"] = (self.n_outputs,)
        return shapes

    def buffer_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each array by name that is kept with the parameters, not learned."""
        if self.conv_norm != "batch":
            return {}
        shapes: dict[str, tuple[int, ...]] = {
            f"stem.{name}_l{layer}": (sizes.channels,)
            for layer, sizes in enumerate(self.convolutions)
            for name in ("running_mean", "running_var")
        }
        return self._stored(shapes)

    def _stored(self, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
        """Return the shapes of what is stored of arrays: where strands are tied, half of most."""
        if not self.is_tied:
            return dict(shapes)
        stored: dict[str, tuple[int, ...]] = {}
        for name, shape in shapes.items():
            if name in ("embedding.letters", "head.weight"):
                stored[name] = (shape[0], shape[1] // 2)
            elif name.startswith(("stem.", "attention.")):
                stored[name] = (shape[0] // 2, *shape[1:])
            elif not name.endswith("_reverse"):
                stored[name] = shape
        return stored

    def _recurrent_shapes(
        self, prefix: str, first: int, directions: int
    ) -> dict[str, tuple[int, ...]]:
        """Return the shapes of recurrent layers with ``first`` features of a step."""
        hidden, rows = self.hidden_size, GATES[self.cell] * self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {}
        for layer, ends in enumerate(direction_suffixes(self.num_layers, directions == 2)):
            features = first if layer == 0 else hidden * directions
            for end in ends:
                shapes[f"{prefix}.weight_ih{end}"] = (rows, features)
                shapes[f"{prefix}.weight_hh{end}"] = (rows, hidden)
                shapes[f"{prefix}.bias_ih{end}"] = (rows,)
                shapes[f"{prefix}.bias_hh{end}"] = (rows,)
                if self.time_decay:
                    shapes |= {f"{prefix}.{name}{end}": (hidden,) for name in DECAY_PARAMETERS}
        return shapes

    def _decoder_shapes(self, channels: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of what reads ``channels`` states of each step and writes tokens."""
        hidden = self.hidden_size
        # the tokens and the start, which take the places of the outputs: tokens and the end
        shapes: dict[str, tuple[int, ...]] = {
            "decoder_embedding.tokens": (self.n_outputs, self.embedding_size)
        }
        for layer in range(self.num_layers):
            shapes[f"bridge.weight_l{layer}"] = (hidden, channels)
            shapes[f"bridge.bias_l{layer}"] = (hidden,)
        shapes |= self._recurrent_shapes("decoder", self.embedding_size, 1)
        shapes["cross_attention.weight_query"] = (channels, hidden)
        shapes["cross_attention.weight_out"] = (hidden, channels + hidden)
        shapes["cross_attention.offset_bias"] = (2 * REACH + 1,)
        return shapes
