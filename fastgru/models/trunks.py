"""The recurrent layers of a network, by the name of their cell."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fastgru.layers.gru import GRU
from fastgru.layers.lstm import LSTM
from fastgru.layers.recurrent import Recurrent
from fastgru.layers.rnn import RNN
from fastgru.models.architecture import Architecture

__all__ = ["new_trunk"]

_TRUNKS: dict[str, Callable[..., Recurrent]] = {"gru": GRU, "lstm": LSTM, "rnn": RNN}


def new_trunk(sizes: Architecture, input_size: int, rng: np.random.Generator) -> Recurrent:
    """Return recurrent layers with their initial weights.

    Parameters
    ----------
    sizes
        Architecture of the network.
    input_size
        Features of a step of their input.
    rng
        Draws the seed of their weights and of dropout between them.
    """
    return _TRUNKS[sizes.cell](
        input_size,
        sizes.hidden_size,
        sizes.num_layers,
        bidirectional=sizes.bidirectional,
        dropout=sizes.dropout,
        residual=sizes.residual,
        **({"time_decay": True} if sizes.time_decay else {}),
        dtype=np.dtype(sizes.dtype),
        random_state=int(rng.integers(2**63)),
    )
