"""The network of a language model: what it says of each step is which letter comes next.

::

    x   = [start, letters, start]        the second start only with two directions
    h   = trunk(embedding of x)          start is a row of zeros, with no parameter
    a_t = W_ahead h_ahead_t + b          letter t + 1, or the end, from those before it
    b_t = W_back h_back_t + b            letter t - 1, or the beginning, from those behind it

with ``head.weight = [W_ahead | W_back]``.  The two directions of one layer know nothing of each
other, so one pass through a bidirectional layer is two language models; in a second layer each
would see what the other has to predict.
"""

from __future__ import annotations

import numpy as np

from fastgru.layers.blocks import BLOCK_ROWS, plan_blocks
from fastgru.models.architecture import Architecture
from fastgru.models.network import SequenceNetwork
from fastgru.models.reading import Reading

__all__ = ["LanguageNetwork"]


class LanguageNetwork(SequenceNetwork):
    """The network of :mod:`fastgru.models.language_network`, with its gradients.

    :meth:`forward` returns float (B, T, D * K): the logits of each direction, one after the other.

    Parameters
    ----------
    architecture
        Without pooling, and with one layer where there are two directions.
    reading
        float (n_symbols, n_letters), rows sum to 1: the letters that each symbol stands for.
    random_state
        Seed of the initial weights and of dropout.
    """

    def __init__(
        self, architecture: Architecture, reading: Reading, random_state: int | None = None
    ) -> None:
        assert isinstance(reading, np.ndarray)
        with_start = np.concatenate([reading, np.zeros((1, reading.shape[1]))])
        super().__init__(architecture, with_start, random_state)

    @property
    def start(self) -> int:
        """Number of the symbol that stands before, and for the direction back behind, letters."""
        assert isinstance(self.reading, np.ndarray)
        return len(self.reading) - 1

    @property
    def num_directions(self) -> int:
        """D, 1 or 2."""
        return self.trunk.num_directions

    @property
    def _head_parts(self) -> int:
        """Parts of the features that have outputs of their own: the directions."""
        return self.num_directions

    def framed(self, codes: np.ndarray) -> np.ndarray:
        """Return what is read of a sequence: uint8 codes between one start or two.

        Parameters
        ----------
        codes
            uint8 (L,)
        """
        start = np.array([self.start], np.uint8)
        return np.concatenate([start, codes, *[start] * (self.num_directions - 1)])

    def first_states(self, n_sequences: int) -> np.ndarray:
        """Return the states before the first step, for :meth:`step`."""
        return self.zero_states(n_sequences)

    def step(self, tokens: np.ndarray, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Go on by one step, ahead.

        Parameters
        ----------
        tokens
            Integer (B,), symbol of each sequence.
        states
            From the step before, or :meth:`first_states`.

        Returns
        -------
        tuple
            Logits of what comes next, float (B, K), and the states for the next step.
        """
        n_sequences = len(tokens)
        blocks = plan_blocks(np.ones(n_sequences, np.int64), 1, BLOCK_ROWS)
        with self._one_caller:
            given, *_ = self.embedding.forward(tokens[:, None], np.ones(n_sequences, np.int64))
            y, states = self.trunk.stack.forward(blocks, given, states, training=False, rng=None)
            assert y is not None
            outputs = self._head.forward(y, training=False)
        return outputs[:: self.num_directions], states
