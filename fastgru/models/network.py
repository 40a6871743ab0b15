"""The network of most tasks: letters -> stem -> recurrent layers -> pooling -> outputs.

::

    e_t      = mixture[letter_t] @ embedding (+ position_embedding_t), or of k-mers instead of
               letters (:mod:`fastgru.layers.kmers`)
    x        = stem(e)                            convolutional layers, if any
    h        = trunk(x)                           GRU, LSTM or RNN, one or two directions, any depth
    features = [last | mean | max | attention] of each direction's states, those that ``pooling``
               names
    outputs  = features @ head.weight^T + head.bias

Without pooling the features are the states themselves, and there are outputs for each step, on
which a random field may stand that scores labels by those beside them (``crf``).  With
``reverse_complement="average"`` the outputs are the mean of those of both strands of DNA, with
``"augment"`` each sequence is read from either strand at random in training, and with
``"equivariant"`` the weights are such that both have the same (:mod:`fastgru.models.tied_strands`).
An ambiguity code is the average of the letters that it stands for: its row of ``mixture`` weights
their embeddings.
"""

from __future__ import annotations

import numpy as np

from fastgru.layers.blocks import BLOCK_ROWS, own_blocks, plan_blocks
from fastgru.layers.layer_input import LayerInput, join_input, take_sequences
from fastgru.layers.reversal import reverse_rows
from fastgru.layers.strands import average_strands
from fastgru.models.network_parts import NetworkParts
from fastgru.models.reading import unknown_symbol
from fastgru.models.shared_stem import SharedStem

__all__ = ["SequenceNetwork"]


class SequenceNetwork(NetworkParts):
    """The network of :mod:`fastgru.models.network`, with its gradients.

    Parameters
    ----------
    architecture, reading, random_state
        As for :class:`fastgru.models.network_parts.NetworkParts`, which names its attributes.
    """

    def forward(
        self, tokens: np.ndarray, lengths: np.ndarray, *, training: bool = False
    ) -> np.ndarray:
        """Return outputs: logits of classes, or whatever the task makes of them.

        One pass at a time: threads that share a network take turns, since a pass leaves its states
        in the network's own memory.

        Parameters
        ----------
        tokens
            Integer (B, T): symbols of the alphabet; anything valid past a sequence's end.  For
            series their features, float64 (B, T, F), with features (B, T, 1 + F) as they are
            joined (:mod:`fastgru.data.letter_features`).
        lengths
            int64 (B,)
        training
            Whether to drop out and to keep what :meth:`backward` needs.

        Returns
        -------
        np.ndarray
            float (B, n_outputs); without pooling (B, T', n_outputs), anything past a sequence's
            end, with T' for the steps (k-mers) behind the stem.
        """
        with self._one_caller:
            if training and self.architecture.letter_dropout:
                tokens = self._drop_letters(tokens)
            chosen = self._strands.choose(tokens, lengths, self._rng if training else None)
            given = self.read(*chosen, training=training)
            outputs = self._on_one_strand(self._forward(*given, training))
            return average_strands(outputs) if self._strands.averages else outputs

    def _drop_letters(self, tokens: np.ndarray) -> np.ndarray:
        """Return a batch with some letters unknown (Bowman et al. 2016, arXiv 1511.06349, 3.1)."""
        dropped = self._rng.random(tokens.shape[:2]) < self.architecture.letter_dropout
        tokens = tokens.copy()
        letters = tokens[:, :, 0] if self.architecture.n_features else tokens
        letters[dropped] = unknown_symbol(self.reading)
        return tokens

    def forward_windows(self, codes: np.ndarray, starts: np.ndarray, window: int) -> np.ndarray:
        """Return the outputs of windows of one text, to the bit those of :meth:`forward`.

        Of a network with pooling, for windows that share its stem.

        Parameters
        ----------
        codes
            Integer (L,): symbols of the text.
        starts
            int64 (B,), as from :meth:`fastgru.models.shared_stem.SharedStem.batches`.
        window
            Letters of each.

        Returns
        -------
        np.ndarray
            float (B, n_outputs)
        """
        with self._one_caller:
            texts = self._strands.choose_windows(codes, starts, window)
            x = SharedStem(self.architecture, window).read(self.read, *texts)
            lengths, n_steps = np.full(len(x), x.shape[1]), x.shape[1]
            given = LayerInput(x=x.reshape(-1, x.shape[2]))
            outputs = self._forward(given, lengths, n_steps, training=False)
            return average_strands(outputs) if self._strands.averages else outputs

    def _on_one_strand(self, rows: np.ndarray) -> np.ndarray:
        """Turn the steps of the other strands round, where rows have steps."""
        return rows if self.architecture.pooling else self._strands.turn(rows, self._lengths)

    def read(
        self, tokens: np.ndarray, lengths: np.ndarray, *, training: bool = False
    ) -> tuple[LayerInput, np.ndarray, int]:
        """Return the input of the recurrent layers, its lengths, and the steps it has room for.

        Parameters
        ----------
        tokens, lengths, training
            As for :meth:`forward`.
        """
        if self._ties is not None:
            self._ties.write_weights()
        embedded, lengths, n_steps = self.embedding.forward(tokens, lengths)
        found = self.stem.forward(embedded, lengths, n_steps, training=training)
        if self._ties is not None and training:
            self._ties.keep_buffers()
        return found

    def pooled(self, tokens: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Return the pooled states, of which the outputs are made.

        Of both strands their mean, where the outputs are means.  A network of steps has no
        pooling: of these the mean of the states.

        Parameters
        ----------
        tokens, lengths
            As for :meth:`forward`.

        Returns
        -------
        np.ndarray
            float (B, poolings * directions * H)
        """
        with self._one_caller:
            given = self.read(*self._strands.choose(tokens, lengths, None))
            states = self._states(*given, training=False)
            features = self._pooling.forward(*states, self._lengths, training=False)
            return average_strands(features) if self._strands.averages else features

    def _forward(
        self, given: LayerInput, lengths: np.ndarray, n_steps: int, training: bool
    ) -> np.ndarray:
        steps, last = self._states(given, lengths, n_steps, training)
        if self.architecture.pooling:
            own = self._blocks.part.take(self._lengths)
            features = self._pooling.forward(steps, last, own, training=training)
            return self._head.forward(self._blocks.part.join(features), training=training)
        assert steps is not None
        steps = self._blocks.part.join(steps)
        outputs = self._head.forward(steps.reshape(-1, steps.shape[2]), training=training)
        return outputs.reshape(*steps.shape[:2], -1)

    def _states(
        self, given: LayerInput, lengths: np.ndarray, n_steps: int, training: bool
    ) -> tuple[np.ndarray | None, np.ndarray]:
        """Return the outputs of all steps, None where none are needed, and the final states.

        Float (B, T', C) and (directions, B, H); the steps of each sequence are kept.
        """
        self._lengths = lengths
        blocks = own_blocks(plan_blocks(lengths, n_steps, BLOCK_ROWS), self.communicator)
        self._blocks, n_own = blocks, blocks.n_sequences
        y, final = self.trunk.stack.forward(
            *(blocks, take_sequences(given, blocks), self.zero_states(n_own)),
            training=training,
            rng=self.trunk.rng,
            outputs=self._pooling.needs_steps or not self.architecture.pooling,
        )
        shape = n_own, n_steps, self.trunk.stack.output_size
        last = final[-self.trunk.num_directions :, :n_own]
        return None if y is None else y.reshape(shape), last

    def attention(self, tokens: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
        """Return how much each step counts in a network with attention pooling.

        The steps are those of the recurrent layers: letters or k-mers, or behind a stem that
        strides or pools as many as that leaves.

        Parameters
        ----------
        tokens, lengths
            As for :meth:`forward`.

        Returns
        -------
        list of np.ndarray
            float (steps,) of each sequence, from 0 to 1 with sum 1.
        """
        steps = self.architecture.output_lengths(lengths)
        with self._one_caller:
            self._forward(*self.read(*self._strands.choose(tokens, lengths, None)), training=False)
            rows = self._pooling.attention
            if self._strands.averages:
                ahead, back = np.split(rows, 2)
                rows = average_strands(np.concatenate([ahead, reverse_rows(back, steps)]))
            return [row[:n] for row, n in zip(rows, steps, strict=True)]

    def backward(self, doutputs: np.ndarray) -> None:
        """Write the gradients of all parameters for the last forward pass in training.

        Those of a random field are those of its last loss.

        Parameters
        ----------
        doutputs
            float, in the shape of the outputs; zero past a sequence's end.
        """
        self.weights.grads.fill(0)
        if self.crf is not None:
            self.crf.backward()
        if self._strands.averages:
            doutputs = np.concatenate([doutputs, doutputs]) * doutputs.dtype.type(0.5)
        doutputs = self._on_one_strand(doutputs)
        dy: np.ndarray | None = self._head.backward(
            doutputs.reshape(-1, self.architecture.n_outputs)
        )
        assert dy is not None
        part, channels = self._blocks.part, self.trunk.stack.output_size
        dy = part.take(dy.reshape(len(self._lengths), -1))
        dstates = self.zero_states(len(dy))
        if self.architecture.pooling:
            dy, d_last = self._pooling.backward(dy, part.join)
            dstates[-len(d_last) :, : d_last.shape[1]] = d_last
        dy = None if dy is None else dy.reshape(-1, channels)
        gradients = join_input(self.trunk.stack.backward(dy, dstates)[0], self._blocks)
        self.embedding.backward(self.stem.backward(gradients))
        if self._ties is not None:
            self._ties.write_gradients()
