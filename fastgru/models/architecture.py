"""The sizes and switches that fix a network, without the code that runs it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from fastgru.layers.names import direction_suffixes

POOLINGS = ("last", "mean", "max", "attention")


@dataclass(frozen=True)
class Architecture:
    """Everything that fixes the shapes of a network.

    Attributes
    ----------
    n_letters
        Letters of the alphabet that have an embedding of their own.
    n_classes
    n_positions
        Longest sequence that has position embeddings; 0 for none.
    embedding_size, hidden_size, num_layers, bidirectional, pooling, dropout, dtype
        As in :class:`fastgru.SequenceClassifier`.
    """

    n_letters: int
    n_classes: int
    n_positions: int
    embedding_size: int
    hidden_size: int
    num_layers: int
    bidirectional: bool
    pooling: tuple[str, ...]
    dropout: float
    dtype: str

    def to_dict(self) -> dict[str, object]:
        """Return the fields as JSON-able values."""
        fields = asdict(self)
        return {**fields, "pooling": list(self.pooling)}

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each parameter by name, without making any."""
        hidden, directions = self.hidden_size, 2 if self.bidirectional else 1
        shapes: dict[str, tuple[int, ...]] = {
            "embedding.letters": (self.n_letters, self.embedding_size)
        }
        if self.n_positions:
            shapes["embedding.positions"] = (self.n_positions, self.embedding_size)
        suffixes = direction_suffixes(self.num_layers, self.bidirectional)
        for layer, ends in enumerate(suffixes):
            features = self.embedding_size if layer == 0 else hidden * directions
            for end in ends:
                shapes[f"gru.weight_ih{end}"] = (3 * hidden, features)
                shapes[f"gru.weight_hh{end}"] = (3 * hidden, hidden)
                shapes[f"gru.bias_ih{end}"] = (3 * hidden,)
                shapes[f"gru.bias_hh{end}"] = (3 * hidden,)
        channels = directions * hidden
        if "attention" in self.pooling:
            shapes["attention.weight"] = (channels,)
        shapes["head.weight"] = (self.n_classes, len(self.pooling) * channels)
        shapes["head.bias"] = (self.n_classes,)
        return shapes
