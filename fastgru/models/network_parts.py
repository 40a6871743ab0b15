"""What the network of most tasks is made of, its parameters, and what a copy of it keeps."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from fastgru.layers.crf import ChainField
from fastgru.layers.head import Head
from fastgru.layers.parameters import ParameterStore
from fastgru.layers.parts import ALONE, Communicator
from fastgru.layers.pooling import Pooling
from fastgru.layers.stem import Stem
from fastgru.layers.strands import Strands
from fastgru.models.architecture import Architecture
from fastgru.models.reading import Reader, Reading, new_reader
from fastgru.models.tied_strands import TiedStrands
from fastgru.models.trunks import new_trunk

__all__ = ["NetworkParts", "Parts"]

Parts = dict[str, tuple[dict[str, np.ndarray], dict[str, np.ndarray]]]
"""Parameters and gradients by the parts of a network."""


class NetworkParts:
    """The parts, made from an architecture; :mod:`fastgru.models.network` says what they compute.

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
        NetworkParts.__init__(self, state["architecture"], state["reading"], 0)
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
