"""The network of a translation: reads one sequence, and writes another, of another length.

::

    s_u     = trunk(embedding of letters)_u          the encoder, one or two directions
    h_0     = tanh(W_bridge [final states] + b)      of each layer, from the encoder's same layer
    h_t     = decoder(h_{t-1}, embedding of token t - 1)       token 0 is the start
    v_t     = tanh(W_out [attention of h_t to s; h_t])         expects its letter at r t
    outputs = v_t @ head.weight^T + head.bias        of the next token, the last one the end

with r the ``letters_per_token``.  The attention is that of :mod:`fastgru.layers.cross_attention`.
The decoder is fed tokens alone, not its attention, so with given tokens all its steps run in one
pass of the recurrent kernels.  A token code that stands for several is the average of these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastgru.kernels.products import product
from fastgru.kernels.whole_arrays import tanh_of
from fastgru.layers.blocks import BLOCK_ROWS, plan_blocks
from fastgru.layers.cross_attention import CrossAttention, Memory, with_room
from fastgru.layers.gru import GRU
from fastgru.layers.initializers import glorot_uniform
from fastgru.layers.layer_input import LayerInput, as_steps
from fastgru.models.architecture import REACH, Architecture
from fastgru.models.network import SequenceNetwork
from fastgru.models.network_parts import Parts
from fastgru.models.reading import Reading

__all__ = ["DecoderState", "EncoderDecoder"]


@dataclass(frozen=True)
class DecoderState:
    """Where the writing of some translations stands, R of them for each of B sequences.

    Attributes
    ----------
    memory
        What was read.
    hidden : float (num_layers, B * R, H)
        States of the decoder.
    n_written
        Tokens that it has been fed, the start included.
    """

    memory: Memory
    hidden: np.ndarray
    n_written: int

    def take(self, sequences: np.ndarray, rows: np.ndarray) -> DecoderState:
        """Return the state of some translations.

        Parameters
        ----------
        sequences
            Numbers of the sequences.
        rows
            Numbers of their translations, R for each.
        """
        memory = self.memory
        if len(sequences) < len(memory.lengths):
            memory = memory.take(sequences)
        hidden = np.ascontiguousarray(self.hidden[:, rows])
        return DecoderState(memory, hidden, self.n_written)


class EncoderDecoder(SequenceNetwork):
    """The network of :mod:`fastgru.models.encoder_decoder`, with its gradients.

    Parameters
    ----------
    architecture
        Without pooling and convolutions, of one strand, with GRU layers.
    reading
        float (n_symbols, n_letters), rows sum to 1: the letters that each symbol stands for.
    written_mixture
        float (n_codes, n_tokens), the same of the tokens that it writes.
    random_state
        Seed of the initial weights and of dropout.

    Attributes
    ----------
    written_mixture : np.ndarray
        float (n_codes + 1, n_tokens + 1), the same with the start as the last of both.
    """

    def __init__(
        self,
        architecture: Architecture,
        reading: Reading,
        written_mixture: np.ndarray,
        random_state: int | None = None,
    ) -> None:
        n_codes, n_tokens = written_mixture.shape
        self.written_mixture = np.zeros((n_codes + 1, n_tokens + 1), architecture.dtype)
        self.written_mixture[:n_codes, :n_tokens] = written_mixture
        self.written_mixture[n_codes, n_tokens] = 1
        super().__init__(architecture, reading, random_state)

    @property
    def start(self) -> int:
        """Code of what stands before the first token."""
        return len(self.written_mixture) - 1

    @property
    def end(self) -> int:
        """Number of the output that ends a translation."""
        return self.architecture.n_outputs - 1

    def __getstate__(self) -> dict[str, Any]:
        """Return what makes the network again; the scratch memory is left behind."""
        return {**super().__getstate__(), "written_mixture": self.written_mixture[:-1, :-1]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        given = state["architecture"], state["reading"], state["written_mixture"]
        EncoderDecoder.__init__(self, *given, 0)
        self.parameters.values[: self.parameters.size] = state["values"]

    def set_precision(self, precision: str | None) -> None:
        """Choose the precision of products in training, of encoder and decoder.

        Parameters
        ----------
        precision
            As for :meth:`.SequenceNetwork.set_precision`.
        """
        super().set_precision(precision)
        self.decoder.stack.set_precision(precision)

    def _further_parts(self) -> Parts:
        sizes, channels = self.architecture, self.trunk.stack.output_size
        hidden, rng = sizes.hidden_size, self._rng
        self._tokens = {"tokens": rng.standard_normal((sizes.n_outputs, sizes.embedding_size))}
        self._bridge: dict[str, np.ndarray] = {}
        for layer in range(sizes.num_layers):
            self._bridge[f"weight_l{layer}"] = glorot_uniform(rng, hidden, channels)
            self._bridge[f"bias_l{layer}"] = np.zeros(hidden)
        self.decoder = GRU(
            *(sizes.embedding_size, hidden, sizes.num_layers),
            dropout=sizes.dropout,
            dtype=self.dtype,
            random_state=int(rng.integers(2**63)),
        )
        self.cross_attention = CrossAttention(hidden, channels, REACH, rng)
        self._token_grads: dict[str, np.ndarray] = {}
        self._bridge_grads: dict[str, np.ndarray] = {}
        return {
            "decoder_embedding": (self._tokens, self._token_grads),
            "bridge": (self._bridge, self._bridge_grads),
            "decoder": (self.decoder.parameters, self.decoder.grads),
            "cross_attention": (self.cross_attention.parameters, self.cross_attention.grads),
        }

    def forward(
        self,
        tokens: np.ndarray,
        lengths: np.ndarray,
        written: tuple[np.ndarray, np.ndarray] | None = None,
        *,
        training: bool = False,
    ) -> np.ndarray:
        """Return the logits of each token of given translations, and of what follows them.

        Parameters
        ----------
        tokens
            Integer (B, U): symbols of the sequences; anything valid past an end.
        lengths
            int64 (B,), at least 1.
        written
            Integer (B, T), codes of the translations, and int64 (B,), their lengths; None for
            empty ones.
        training
            Whether to drop out and to keep what :meth:`backward` needs.

        Returns
        -------
        np.ndarray
            float (B, T + 1, n_outputs), anything past the place behind a translation's end.
        """
        if written is None:
            written = np.zeros((len(tokens), 0), np.int64), np.zeros(len(tokens), np.int64)
        given, written_lengths = written
        steps = np.zeros((len(given), with_room(given.shape[1] + 1, self.dtype)), np.int64)
        steps[:, 0], steps[:, 1 : given.shape[1] + 1] = self.start, given
        with self._one_caller:
            memory, initial = self._encode(tokens, lengths, training=training)
            h, _ = self._decode(steps, written_lengths + 1, initial, training=training)
            places = np.tile(self._expected(np.arange(steps.shape[1])), (len(given), 1))
            vectors = self.cross_attention.forward(
                h, written_lengths + 1, places, memory, training=training
            )
            outputs = self._head.forward(vectors, training=training)
        by_step = outputs.reshape(*steps.shape, -1)
        return by_step[:, : given.shape[1] + 1]

    def _expected(self, steps: np.ndarray) -> np.ndarray:
        """Return the letter that each step expects to translate, int64 as ``steps``."""
        return np.floor(steps * self.architecture.letters_per_token + 0.5).astype(np.int64)

    def _encode(
        self, tokens: np.ndarray, lengths: np.ndarray, *, training: bool
    ) -> tuple[Memory, np.ndarray]:
        """Return the states of the encoder, and the first ones of the decoder (L, B, H)."""
        room = with_room(tokens.shape[1], self.dtype)
        given, lengths, n_steps = self.read(
            np.pad(tokens, ((0, 0), (0, room - tokens.shape[1]))), lengths, training=training
        )
        y, final = self.trunk.stack.forward(
            *(plan_blocks(lengths, n_steps, BLOCK_ROWS), given, self.zero_states(len(lengths))),
            training=training,
            rng=self.trunk.rng,
        )
        assert y is not None
        layers = final.reshape(self.architecture.num_layers, -1, *final.shape[1:])
        self._finals = [np.concatenate(list(layer), axis=1) for layer in layers]
        initial = np.empty((len(layers), len(lengths), self.architecture.hidden_size), self.dtype)
        for layer, features in enumerate(self._finals):
            initial[layer] = self._bridge[f"bias_l{layer}"]
            product(features, self._bridge[f"weight_l{layer}"].T, initial[layer])
        tanh_of(initial.reshape(-1), initial.reshape(-1))
        self._initial = initial
        return Memory.of(y, lengths), initial

    def _decode(
        self, steps: np.ndarray, lengths: np.ndarray, initial: np.ndarray, *, training: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the states of the decoder (B * T, H) and its last ones (L, B, H)."""
        symbols = np.zeros((len(self.written_mixture), self.architecture.embedding_size))
        symbols = symbols.astype(self.dtype)
        product(self.written_mixture, self._tokens["tokens"], symbols)
        h, final = self.decoder.stack.forward(
            plan_blocks(lengths, steps.shape[1], BLOCK_ROWS),
            LayerInput(as_steps(steps), symbols),
            initial,
            training=training,
            # one generator for all dropout between layers, whose state a checkpoint keeps
            rng=self.trunk.rng,
        )
        assert h is not None
        return h, final

    def begin(self, tokens: np.ndarray, lengths: np.ndarray) -> DecoderState:
        """Read sequences; one translation of each is begun.

        Parameters
        ----------
        tokens, lengths
            As for :meth:`forward`.
        """
        with self._one_caller:
            memory, initial = self._encode(tokens, lengths, training=False)
        return DecoderState(memory, initial, 0)

    def step(self, state: DecoderState, codes: np.ndarray) -> tuple[np.ndarray, DecoderState]:
        """Write one token to each translation.

        Parameters
        ----------
        state
        codes
            Integer (B * R,), the tokens, or the start.

        Returns
        -------
        tuple
            The logits of the next token (B * R, n_outputs), and the state behind the one written.
        """
        n_rows, n_sequences = len(codes), len(state.memory.lengths)
        per_sequence = n_rows // n_sequences
        room = with_room(per_sequence, self.dtype)
        with self._one_caller:
            once = np.ones(n_rows, np.int64)
            h, hidden = self._decode(codes[:, None], once, state.hidden, training=False)
            # the translations of a sequence are as many steps that attend to it
            rows = np.zeros((n_sequences, room, h.shape[1]), self.dtype)
            rows[:, :per_sequence] = h.reshape(n_sequences, per_sequence, -1)
            places = np.full((n_sequences, room), self._expected(np.array(state.n_written)))
            vectors = self.cross_attention.forward(
                *(rows.reshape(-1, h.shape[1]), np.full(n_sequences, per_sequence), places),
                state.memory,
                training=False,
            )
            used = vectors.reshape(n_sequences, room, -1)[:, :per_sequence].reshape(n_rows, -1)
            outputs = self._head.forward(used, training=False)
        return outputs, DecoderState(state.memory, hidden, state.n_written + 1)

    def backward(self, doutputs: np.ndarray) -> None:
        """Write the gradients of all parameters for the last forward pass in training.

        Parameters
        ----------
        doutputs
            float (B, T + 1, n_outputs), zero past the place behind a translation's end.
        """
        self.parameters.grads.fill(0)
        n_sequences, n_steps, n_outputs = doutputs.shape
        room = with_room(n_steps, self.dtype)
        full = np.zeros((n_sequences, room, n_outputs), self.dtype)
        full[:, :n_steps] = doutputs
        d_vectors = self._head.backward(full.reshape(-1, n_outputs))
        dh, d_states = self.cross_attention.backward(d_vectors)
        gradients, d_initial = self.decoder.stack.backward(dh, np.zeros_like(self._initial))
        assert gradients.symbols is not None
        product(self.written_mixture.T, gradients.symbols, self._token_grads["tokens"])
        gradients, _ = self.trunk.stack.backward(d_states, self._bridge_back(d_initial))
        self.embedding.backward(gradients)

    def _bridge_back(self, d_initial: np.ndarray) -> np.ndarray:
        """Return the gradient of the encoder's final states; adds to those of the bridge."""
        d_sums = d_initial * (1 - self._initial * self._initial)
        parts = []
        for layer, features in enumerate(self._finals):
            self._bridge_grads[f"bias_l{layer}"] += d_sums[layer].sum(axis=0)
            product(d_sums[layer].T, features, self._bridge_grads[f"weight_l{layer}"])
            d_features = np.zeros_like(features)
            product(d_sums[layer], self._bridge[f"weight_l{layer}"], d_features)
            parts += np.split(d_features, self.trunk.num_directions, axis=1)
        return np.stack(parts)
