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

import threading
from typing import Any

import numpy as np

from fastgru.kernels.registers import ROWS
from fastgru.layers.blocks import own_blocks, plan_blocks
from fastgru.layers.crf import ChainField
from fastgru.layers.head import Head
from fastgru.layers.layer_input import LayerInput, join_input, take_sequences
from fastgru.layers.parameters import ParameterStore
from fastgru.layers.parts import ALONE, Communicator
from fastgru.layers.pooling import Pooling
from fastgru.layers.reversal import reverse_rows
from fastgru.layers.stem import Stem
from fastgru.layers.strands import Strands, average_strands
from fastgru.models.architecture import Architecture
from fastgru.models.reading import Reader, Reading, new_reader
from fastgru.models.tied_strands import TiedStrands
from fastgru.models.trunks import new_trunk

Parts = dict[str, tuple[dict[str, np.ndarray], dict[str, np.ndarray]]]
"""Parameters and gradients by the parts of a network."""


class SequenceNetwork:
    """The network of :mod:`fastgru.models.network`, with its gradients.

    Parameters
    ----------
    architecture
    reading
        float (n_symbols, n_letters), rows sum to 1: the letters that each symbol stands for.  For
        series the scale of their features, for letters with features both.
    random_state
        Seed of the initial weights and of dropout.

    Attributes
    ----------
    parameters : ParameterStore
        What is learned and kept.
    weights : ParameterStore
        What the layers compute with: the same, or of tied strands as the last pass has made them.
    communicator : Communicator
        Those who share each batch; they all make the same passes.
    """

    communicator: Communicator = ALONE

    def __init__(
        self,
        architecture: Architecture,
        reading: Reading,
        random_state: int | None = None,
    ) -> None:
        self.architecture = architecture
        self.dtype = np.dtype(architecture.dtype)
        self.reading = reading
        self._strands = Strands(architecture.reverse_complement, reading)
        self._one_caller = threading.Lock()
        self._rng = np.random.default_rng(random_state)
        sizes = architecture
        self.stem = Stem(
            *(sizes.input_size, sizes.convolutions),
            norm=sizes.conv_norm,
            residual=sizes.conv_residual,
            symmetric=sizes.is_tied,
            dropout=sizes.dropout,
            rng=self._rng,
            dtype=self.dtype,
        )
        self.trunk = new_trunk(sizes, self.stem.output_size, self._rng)
        self.embedding = self._new_embedding()
        channels = self.trunk.stack.output_size
        # a network of steps pools only for those who ask for it
        poolings = sizes.pooling or ("mean",)
        self._pooling = Pooling(poolings, channels, from_outputs=sizes.residual)
        further = self._further_parts()
        self._head = Head(
            *(sizes.n_read, sizes.n_outputs),
            n_parts=self._head_parts,
            dropout=sizes.dropout,
            rng=self._rng,
        )
        self.crf = self._new_field()
        self.weights = self._new_store(further)
        self._ties = TiedStrands(sizes, self.weights) if sizes.is_tied else None
        self.parameters = self._ties.stored if self._ties else self.weights

    @property
    def _head_parts(self) -> int:
        """Parts of the features that have outputs of their own."""
        return 1

    @property
    def generators(self) -> tuple[np.random.Generator, np.random.Generator]:
        """Sources of dropout before the outputs, and between the layers."""
        return self._rng, self.trunk.rng

    def set_precision(self, precision: str | None) -> None:
        """Choose the precision of the recurrent layers' products in training; others keep theirs.

        It is no part of what the network is: neither files nor copies have it.

        Parameters
        ----------
        precision
            As :func:`fastgru.layers.checks.check_precision` lets it through.
        """
        self.trunk.stack.set_precision(precision)

    def whole_weights(self) -> dict[str, np.ndarray]:
        """Return what the layers compute with, by name: of tied strands not only what is stored."""
        if self._ties is not None:
            self._ties.write_weights()
        return self.weights.views()

    def __getstate__(self) -> dict[str, Any]:
        """Return what makes the network again; the scratch memory is left behind."""
        values = self.parameters.values[: self.parameters.size].copy()
        return {"architecture": self.architecture, "reading": self.reading, "values": values}

    def __setstate__(self, state: dict[str, Any]) -> None:
        SequenceNetwork.__init__(self, state["architecture"], state["reading"], 0)
        self.parameters.values[: self.parameters.size] = state["values"]

    def _new_store(self, further: Parts) -> ParameterStore:
        parts = {
            "embedding": (self.embedding.parameters, self.embedding.grads),
            "stem": (self.stem.parameters, self.stem.grads),
            self.architecture.cell: (self.trunk.parameters, self.trunk.grads),
            **further,
            "head": (self._head.parameters, self._head.grads),
            **({"crf": (self.crf.parameters, self.crf.grads)} if self.crf else {}),
        }
        return ParameterStore(parts, self.dtype, buffers={"stem": self.stem.buffers})

    def _further_parts(self) -> Parts:
        """Return parameters and gradients of what stands between the states and the outputs."""
        return {"attention": (self._pooling.parameters, self._pooling.grads)}

    def _new_embedding(self) -> Reader:
        return new_reader(self.architecture, self.reading, self.dtype, self._rng)

    def _new_field(self) -> ChainField | None:
        sizes = self.architecture
        symmetric = sizes.reverse_complement != "none"
        return ChainField(sizes.n_outputs, symmetric=symmetric) if sizes.crf else None

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
            chosen = self._strands.choose(tokens, lengths, self._rng if training else None)
            outputs = self._on_one_strand(self._forward(*chosen, training))
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
            states = self._states(*self._strands.choose(tokens, lengths, None), training=False)
            features = self._pooling.forward(*states, self._lengths, training=False)
            return average_strands(features) if self._strands.averages else features

    def _forward(self, tokens: np.ndarray, lengths: np.ndarray, training: bool) -> np.ndarray:
        steps, last = self._states(tokens, lengths, training)
        if self.architecture.pooling:
            own = self._blocks.part.take(self._lengths)
            features = self._pooling.forward(steps, last, own, training=training)
            return self._head.forward(self._blocks.part.join(features), training=training)
        assert steps is not None
        steps = self._blocks.part.join(steps)
        outputs = self._head.forward(steps.reshape(-1, steps.shape[2]), training=training)
        return outputs.reshape(*steps.shape[:2], -1)

    def _states(
        self, tokens: np.ndarray, lengths: np.ndarray, training: bool
    ) -> tuple[np.ndarray | None, np.ndarray]:
        """Return the outputs of all steps, None where none are needed, and the final states.

        Float (B, T', C) and (directions, B, H); the steps of each sequence are kept.
        """
        given, self._lengths, n_steps = self.read(tokens, lengths, training=training)
        lengths = self._lengths
        blocks = own_blocks(plan_blocks(lengths, n_steps, ROWS), self.communicator)
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

    def zero_states(self, n_sequences: int) -> np.ndarray:
        """Return zero states of all layers and directions: h, for the LSTM followed by c.

        Parameters
        ----------
        n_sequences
            B; the array has as many rows for each state of a cell.
        """
        sizes = self.architecture
        n_layers = sizes.num_layers * self.trunk.num_directions
        rows = self.trunk.stack.n_states * n_sequences
        return np.zeros((n_layers, rows, sizes.hidden_size), self.dtype)

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
            self._forward(*self._strands.choose(tokens, lengths, None), training=False)
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
