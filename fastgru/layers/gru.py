"""The gated recurrent unit with PyTorch's names and shapes, on NumPy arrays."""

from __future__ import annotations

from numpy.typing import DTypeLike

from fastgru.layers.cells import GRU_RESET_AFTER, GRU_RESET_BEFORE
from fastgru.layers.one_state import OneState


class GRU(OneState):
    """Gated recurrent unit, any depth, one or two directions, forward and backward.

    For each layer, with input ``x_t`` and state ``h_t``::

        r_t = sigmoid(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)
        z_t = sigmoid(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)
        n_t = tanh(W_in x_t + b_in + r_t * (W_hn h_{t-1} + b_hn))        reset_after=True
        n_t = tanh(W_in x_t + b_in + W_hn (r_t * h_{t-1}) + b_hn)        reset_after=False
        h_t = (1 - z_t) * n_t + z_t * h_{t-1}

    The first form is that of ``torch.nn.GRU`` and cuDNN (Cho et al. 2014, arXiv 1406.1078v1),
    whose state dicts load as they are; the second is the textbook's and ONNX's default (the same
    paper, v3).  Where a source writes ``h_t = z_t * n_t + (1 - z_t) * h_{t-1}`` (Chung et al. 2014,
    arXiv 1412.3555), :func:`fastgru.swap_update_gate` converts the weights.

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
        Which of the two forms.
    bptt_steps
        Truncated back-propagation through time: the gradient of the state is cut at each multiple
        of it, counted in the order in which a direction runs.  None for the whole length.
    save_memory
        Whether :meth:`backward` computes the gates again from the states, instead of keeping
        them: about a quarter of the memory for a third more arithmetic, and the same bits.
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
        bptt_steps: int | None = None,
        save_memory: bool = False,
        dtype: DTypeLike = "float32",
        random_state: int | None = None,
    ) -> None:
        super().__init__(
            GRU_RESET_AFTER if reset_after else GRU_RESET_BEFORE,
            *(input_size, hidden_size, num_layers),
            bias=bias,
            bidirectional=bidirectional,
            dropout=dropout,
            bptt_steps=bptt_steps,
            save_memory=save_memory,
            dtype=dtype,
            random_state=random_state,
        )
        self.reset_after = reset_after
