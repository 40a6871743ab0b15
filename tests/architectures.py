"""Small networks, of which each test says what matters to it."""

from __future__ import annotations

from fastgru.models.architecture import Architecture


def small_architecture(**changes: object) -> Architecture:
    """A network of one layer, in one direction; `changes` are fields that differ."""
    sizes: dict[str, object] = {
        "n_letters": 4,
        "n_outputs": 2,
        "n_positions": 0,
        "embedding_size": 3,
        "hidden_size": 5,
        "num_layers": 1,
        "bidirectional": False,
        "pooling": ("last",),
        "dropout": 0.0,
        "dtype": "float64",
    }
    return Architecture(**{**sizes, **changes})
