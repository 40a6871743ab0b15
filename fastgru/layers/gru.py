"""The GRU with PyTorch's names and shapes, on NumPy arrays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from fastgru.errors import ConfigurationError
from fastgru.kernels.microkernel import ROWS
from fastgru.kernels.steps import from_blocks, to_blocks
from fastgru.layers.blocks import Blocks
from fastgru.layers.checks import check_float_type, check_shape, check_size
from fastgru.layers.initializers import glorot_uniform, orthogonal
from fastgru.layers.names import direction_suffixes
from fastgru.layers.stack import Stack
from fastgru.layers.step_input import merge_gradients, read_input


class GRU:
    """Gated recurrent unit, any depth, one or two directions, forward and backward.

    For each layer, with input ``x_t`` and state ``h_t``::

        r_t = sigmoid(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)
        z_t = sigmoid(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)
        n_t = tanh(W_in x_t + b_in + r_t * (W_hn h_{t-1} + b_hn))
        h_t = (1 - z_t) * n_t + z_t * h_{t-1}

    the "reset after" form of ``torch.nn.GRU`` (Cho et al. 2014, arXiv 1406.1078v1), whose state
    dicts load as they are.

    Parameters
    ----------
    input_size
        Features of each step, at least 1.
    hidden_size
        Units of each direction, at least 1.
    num_layers
        Layers, each fed with the outputs of the one below.
    bias
        Whether the gates have biases.
    bidirectional
        Whether each layer also runs from the last step to the first.
    dropout
        Share of the outputs of each layer but the last that is dropped in training, in [0, 1).
    reset_after
        Only the form shown above is available, True.
    dtype
        ``"float32"`` or ``"float64"``, of parameters and results.
    random_state
        Seed of the initial weights (Glorot for input weights, orthogonal for each recurrent
        gate, zero biases) and of dropout.

    Attributes
    ----------
    parameters : dict of np.ndarray
        ``weight_ih_l0`` (3H, I), ``weight_hh_l0`` (3H, H), ``bias_ih_l0`` and ``bias_hh_l0``
        (3H,), gates stacked r, z, n; further layers ``_l1``, ...; the other direction
        ``_l0_reverse``, ...
    grads : dict of np.ndarray
        Gradients of the same names; :meth:`backward` adds to them.

    Raises
    ------
    ConfigurationError
        For a parameter outside its range.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        bias: bool = True,
        bidirectional: bool = False,
        dropout: float = 0.0,
        reset_after: bool = True,
        dtype: DTypeLike = "float32",
        random_state: int | None = None,
    ) -> None:
        sizes = {"input_size": input_size, "hidden_size": hidden_size, "num_layers": num_layers}
        for name, value in sizes.items():
            check_size(name, value)
        if not 0 <= dropout < 1:
            raise ConfigurationError(f"dropout must be at least 0 and below 1, got {dropout}.")
        if not reset_after:
            raise ConfigurationError(
                "reset_after must be True, got False: this version has the form of torch.nn.GRU "
                "and cuDNN only. Weights of the other form cannot be used."
            )
        self.dtype = check_float_type("dtype", dtype)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bidirectional, self.bias, self.dropout = bidirectional, bias, dropout
        self.rng = np.random.default_rng(random_state)
        self.parameters: dict[str, np.ndarray] = {}
        for layer, suffixes in enumerate(direction_suffixes(num_layers, bidirectional)):
            features = input_size if layer == 0 else hidden_size * len(suffixes)
            for suffix in suffixes:
                self._initialise(suffix, features)
        self.grads = {name: np.zeros_like(value) for name, value in self.parameters.items()}
        self.stack = Stack(
            self.parameters,
            self.grads,
            num_layers=num_layers,
            bidirectional=bidirectional,
            dropout=dropout,
        )
        self._blocks: Blocks | None = None

    def _initialise(self, suffix: str, features: int) -> None:
        hidden = self.hidden_size
        weight_ih = [glorot_uniform(self.rng, hidden, features) for _ in range(3)]
        weight_hh = [orthogonal(self.rng, hidden) for _ in range(3)]
        self.parameters["weight_ih" + suffix] = np.concatenate(weight_ih).astype(self.dtype)
        self.parameters["weight_hh" + suffix] = np.concatenate(weight_hh).astype(self.dtype)
        if self.bias:
            self.parameters["bias_ih" + suffix] = np.zeros(3 * hidden, self.dtype)
            self.parameters["bias_hh" + suffix] = np.zeros(3 * hidden, self.dtype)

    @property
    def num_directions(self) -> int:
        """1, or 2 where bidirectional."""
        return 2 if self.bidirectional else 1

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

    def forward(
        self,
        x: ArrayLike,
        lengths: ArrayLike | None = None,
        h0: ArrayLike | None = None,
        *,
        embedding: ArrayLike | None = None,
        position_embedding: ArrayLike | None = None,
        training: bool = True,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Run all layers through all steps.

        Parameters
        ----------
        x
            float (B, T, I), or integer tokens (B, T) from 0 to V - 1 together with ``embedding``.
        lengths
            Valid steps of each sequence, (B,), from 0 to T; None for T everywhere.  What stands
            in ``x`` past a length is never read.
        h0
            float (num_layers * directions, B, H), initial states; None for zero.
        embedding
            float (V, I), the input of each token.  Its product with the weights is taken once
            per token of the alphabet, not once per step.
        position_embedding
            float (P, I) with P >= T, added to the embedding of the token at each position.
        training
            Whether to keep what :meth:`backward` needs, and to drop out.

        Returns
        -------
        y : np.ndarray
            float (B, T, directions * H), states of the last layer, zero past each length.
        h_n : np.ndarray
            float (num_layers * directions, B, H), states after each sequence's last step (the
            reverse direction: after its first).

        Raises
        ------
        ConfigurationError
            For a shape, type or value that does not fit.
        """
        blocks, given = read_input(
            *(x, lengths, embedding, position_embedding),
            input_size=self.input_size,
            num_directions=self.num_directions,
            dtype=self.dtype,
        )
        starts = self._spread_states("h0", h0, blocks)
        final = self.stack.forward(blocks, given, starts, training=training, rng=self.rng)
        self._blocks = blocks if training else None
        y = np.zeros((blocks.n_sequences, blocks.n_steps, self.stack.output_size), self.dtype)
        hidden = self.hidden_size
        for side, direction in enumerate(self.stack.top):
            from_blocks(
                *(blocks.table, blocks.sequences, direction.h, ROWS, hidden),
                *(side == 1, y, side * hidden),
            )
        h_n = np.stack([blocks.from_slots(state, self.hidden_size) for state in final])
        return y, h_n

    def backward(
        self, dy: ArrayLike | None = None, dh_n: ArrayLike | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Run back through the last forward pass; adds to :attr:`grads`.

        Parameters
        ----------
        dy
            float (B, T, directions * H), gradient of ``y``; what stands past a length is ignored.
        dh_n
            float (num_layers * directions, B, H), gradient of ``h_n``.

        Returns
        -------
        dx : np.ndarray
            Gradient of ``x`` (B, T, I), zero past each length; for token input of ``embedding``
            (V, I).  That of ``position_embedding`` is then in :attr:`position_embedding_grad`.
        dh0 : np.ndarray
            Gradient of ``h0``.

        Raises
        ------
        ConfigurationError
            Without a forward pass in training before, or for a shape that does not fit.
        """
        if self._blocks is None:
            raise ConfigurationError(
                "backward() must follow a forward() with training=True, and found none. "
                "Call forward() first."
            )
        blocks, stack = self._blocks, self.stack
        final = self._spread_states("dh_n", dh_n, blocks)
        dys: list[np.ndarray | None] = [None] * self.num_directions
        if dy is not None:
            shape = (blocks.n_sequences, blocks.n_steps, stack.output_size)
            given, hidden = check_shape("dy", dy, shape, self.dtype), self.hidden_size
            for side, direction in enumerate(stack.top):
                blocked = direction.empty_output_gradient()
                to_blocks(
                    *(blocks.table, blocks.sequences, given, side * hidden, side == 1),
                    *(blocked, ROWS, hidden),
                )
                dys[side] = blocked
        self._blocks = None  # the tape is spent
        parts, dh0 = stack.backward(dys, final)
        gradients = merge_gradients(blocks, parts, self.input_size)
        self.position_embedding_grad = gradients.positions
        dx = gradients.symbols if gradients.x is None else gradients.x
        assert dx is not None
        return dx, np.stack([blocks.from_slots(state, self.hidden_size) for state in dh0])

    def _spread_states(
        self, name: str, states: ArrayLike | None, blocks: Blocks
    ) -> list[np.ndarray]:
        """Return (L * D, B, H) as one array of slots per layer and direction; None is zero."""
        directions = self.num_layers * self.num_directions
        shape = (directions, blocks.n_sequences, self.hidden_size)
        given = (
            np.zeros(shape, self.dtype)
            if states is None
            else check_shape(name, states, shape, self.dtype)
        )
        padded = self.stack.top[0].padded_size
        return [blocks.to_slots(state, padded) for state in given]
