"""What the public recurrent layers have in common: parameters, and passes on NumPy arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from fastgru.errors import ConfigurationError
from fastgru.layers.blocks import Blocks, past_ends
from fastgru.layers.cells import PEEPHOLES, CellKind
from fastgru.layers.checks import (
    check_float_type,
    check_gaps,
    check_precision,
    check_shape,
    check_size,
)
from fastgru.layers.decay import initial_decay
from fastgru.layers.initializers import glorot_uniform, orthogonal
from fastgru.layers.layer_input import read_input
from fastgru.layers.names import DECAY_PARAMETERS, direction_suffixes
from fastgru.layers.stack import Stack, part_states
from fastgru.layers.variant import Variant
from fastgru.layers.workspace import OneCaller


class Recurrent:
    """Recurrent layers of one kind of cell; the base of :class:`fastgru.GRU` and its kin.

    Parameters
    ----------
    kind
    state_names
        What messages call the states: ``("h",)`` or ``("h", "c")``.
    input_size, hidden_size, num_layers, bias, bidirectional, dropout, residual, bptt_steps
        As in :class:`fastgru.GRU`.
    save_memory, dtype, precision, random_state
        As in :class:`fastgru.GRU`.
    variant
        The equations: where there are no kernels for them, they take the place of ``kind``.
    peepholes
        Whether the cell has them.
    """

    def __init__(
        self,
        kind: CellKind,
        state_names: Sequence[str],
        input_size: int,
        hidden_size: int,
        num_layers: int,
        *,
        bias: bool,
        bidirectional: bool,
        dropout: float,
        residual: bool,
        bptt_steps: int | None,
        save_memory: bool,
        dtype: DTypeLike,
        precision: str | None,
        random_state: int | None,
        variant: Variant,
        peepholes: bool = False,
    ) -> None:
        sizes = {"input_size": input_size, "hidden_size": hidden_size, "num_layers": num_layers}
        if bptt_steps is not None:
            sizes["bptt_steps"] = bptt_steps
        for name, value in sizes.items():
            check_size(name, value)
        if not 0 <= dropout < 1:
            raise ConfigurationError(f"dropout must be at least 0 and below 1, got {dropout}.")
        if kind.decays:
            _check_decaying(variant, save_memory)
        self.dtype = check_float_type("dtype", dtype)
        check_precision(precision, self.dtype, compiled=variant.is_compiled)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bidirectional, self.bias = bidirectional, bias
        self.dropout, self.residual = dropout, residual
        self.bptt_steps, self.save_memory, self.precision = bptt_steps, save_memory, precision
        self.activations, self.clip = variant.activations, variant.clip
        self.recurrent_dropout, self.zoneout = variant.recurrent_dropout, variant.zoneout
        self.layer_norm = variant.layer_norm
        self._kind, self._state_names = kind, tuple(state_names)
        self.rng = np.random.default_rng(random_state)
        self.parameters: dict[str, np.ndarray] = {}
        for layer, suffixes in enumerate(direction_suffixes(num_layers, bidirectional)):
            features = input_size if layer == 0 else hidden_size * len(suffixes)
            for suffix in suffixes:
                self._initialise(suffix, features, peepholes)
        self.grads = {name: np.zeros_like(value) for name, value in self.parameters.items()}
        self.stack = Stack(
            *(kind, self.parameters, self.grads),
            num_layers=num_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            residual=residual,
            bptt_steps=bptt_steps or 0,
            save_memory=save_memory,
            precision=precision,
            variant=None if variant.is_compiled else variant,
            rng=self.rng,
        )
        self._ready, self._one_caller = False, OneCaller()

    def _initialise(self, suffix: str, features: int, peepholes: bool) -> None:
        hidden, gates = self.hidden_size, range(self._kind.gates)
        weight_ih = [glorot_uniform(self.rng, hidden, features) for _ in gates]
        weight_hh = [orthogonal(self.rng, hidden) for _ in gates]
        self.parameters["weight_ih" + suffix] = np.concatenate(weight_ih).astype(self.dtype)
        self.parameters["weight_hh" + suffix] = np.concatenate(weight_hh).astype(self.dtype)
        if self.bias:
            self.parameters["bias_ih" + suffix] = np.zeros(len(gates) * hidden, self.dtype)
            self.parameters["bias_hh" + suffix] = np.zeros(len(gates) * hidden, self.dtype)
        if peepholes:
            for name in PEEPHOLES:
                self.parameters[name + suffix] = np.zeros(hidden, self.dtype)
        if self.layer_norm:
            self._initialise_norm(suffix)
        if self._kind.decays:
            values = initial_decay(self.rng, hidden)
            for name, value in zip(DECAY_PARAMETERS, values, strict=True):
                self.parameters[name + suffix] = value.astype(self.dtype)

    def _initialise_norm(self, suffix: str) -> None:
        rows = self._kind.gates * self.hidden_size
        for name in ("ln_weight_ih", "ln_weight_hh"):
            self.parameters[name + suffix] = np.ones(rows, self.dtype)
        if "c" in self._state_names:
            self.parameters["ln_weight_c" + suffix] = np.ones(self.hidden_size, self.dtype)
            if self.bias:
                self.parameters["ln_bias_c" + suffix] = np.zeros(self.hidden_size, self.dtype)

    @property
    def num_directions(self) -> int:
        """1, or 2 where bidirectional."""
        return 2 if self.bidirectional else 1

    @property
    def tape_bytes(self) -> int:
        """Bytes that the last forward pass, if in training, has kept for the backward pass."""
        return self.stack.tape_bytes

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of all parameters by PyTorch's names."""
        return {name: value.copy() for name, value in self.parameters.items()}

    def load_state_dict(self, mapping: Mapping[str, ArrayLike]) -> None:
        """Set all parameters.

        Parameters
        ----------
        mapping
            An array for each of PyTorch's names, such as a state dict converted to NumPy.

        Raises
        ------
        ConfigurationError
            If a name is missing or unknown, or a shape differs; nothing is changed then.
        """
        missing = sorted(self.parameters.keys() - mapping.keys())
        unknown = sorted(mapping.keys() - self.parameters.keys())
        if missing or unknown:
            raise ConfigurationError(
                f"state dict: missing {missing or 'nothing'}, unknown {unknown or 'nothing'}; "
                f"expected the names {sorted(self.parameters)}."
            )
        arrays = {
            name: check_shape(f"state dict: {name}", mapping[name], value.shape, self.dtype)
            for name, value in self.parameters.items()
        }
        for name, value in arrays.items():
            self.parameters[name][...] = value

    def zero_grad(self) -> None:
        """Set all gradients to zero."""
        for grad in self.grads.values():
            grad.fill(0)

    def _forward(
        self,
        x: ArrayLike,
        lengths: ArrayLike | None,
        states: Sequence[ArrayLike | None],
        embedding: ArrayLike | None,
        position_embedding: ArrayLike | None,
        gaps: ArrayLike | None,
        training: bool,
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return y (B, T, directions * H) and each final state (layers * directions, B, H)."""
        blocks, given = read_input(
            *(x, lengths, embedding, position_embedding),
            input_size=self.input_size,
            dtype=self.dtype,
        )
        if self._kind.decays or gaps is not None:
            given = given._replace(gaps=self._read_gaps(blocks, gaps))
        initial = self._join("{}0", states, blocks.n_sequences)
        batch = (blocks.n_sequences, blocks.n_steps)
        with self._one_caller:
            self._ready = False
            y, final = self.stack.forward(blocks, given, initial, training=training, rng=self.rng)
            self._ready, self._batch = training, batch
        assert y is not None
        return y.reshape(*batch, self.stack.output_size), part_states(final, self.stack.n_states)

    def _read_gaps(self, blocks: Blocks, gaps: ArrayLike | None) -> np.ndarray:
        if gaps is None or not self._kind.decays:
            found, cure = ("none", "Pass them") if gaps is None else ("some", "Leave them out")
            raise ConfigurationError(
                f"gaps go with time_decay=True, found {found} with time_decay={gaps is None}. "
                f"{cure}."
            )
        return check_gaps(gaps, blocks.n_sequences, past_ends(blocks), self.dtype)

    def _backward(
        self, dy: ArrayLike | None, dstates: Sequence[ArrayLike | None]
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return the gradients of the input and of each initial state."""
        if not self._ready:
            raise ConfigurationError(
                "backward() must follow a forward() with training=True, and found none. "
                "Call forward() first."
            )
        flat = None
        if dy is not None:
            shape = (*self._batch, self.stack.output_size)
            flat = check_shape("dy", dy, shape, self.dtype).reshape(-1, shape[2])
        final = self._join("d{}_n", dstates, self._batch[0])
        self._ready = False  # the tape is spent
        with self._one_caller:
            gradients, initial = self.stack.backward(flat, final)
        self.position_embedding_grad = gradients.positions
        if gradients.x is None:
            assert gradients.symbols is not None
            return gradients.symbols, part_states(initial, self.stack.n_states)
        dx = gradients.x.reshape(*self._batch, self.input_size)
        return dx, part_states(initial, self.stack.n_states)

    def _join(
        self, called: str, states: Sequence[ArrayLike | None], n_sequences: int
    ) -> np.ndarray:
        """Check the states, ``called`` so, and join them as the stack takes them; None is zero."""
        shape = (self.num_layers * self.num_directions, n_sequences, self.hidden_size)
        given = [
            np.zeros(shape, self.dtype)
            if state is None
            else check_shape(called.format(name), state, shape, self.dtype)
            for name, state in zip(self._state_names, states, strict=True)
        ]
        return given[0] if len(given) == 1 else np.concatenate(given, axis=1)


def _check_decaying(variant: Variant, save_memory: bool) -> None:
    """Refuse options for which decaying states have no kernels."""
    if save_memory or not variant.is_compiled:
        raise ConfigurationError(
            "time_decay has kernels for the usual cell alone, and with save_memory=False, got "
            "another. Leave the other options out."
        )
