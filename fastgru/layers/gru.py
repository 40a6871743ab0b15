"""The gated recurrent unit with PyTorch's names and shapes, on NumPy arrays."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.typing import DTypeLike

from fastgru.errors import ConfigurationError
from fastgru.layers.activation_functions import Activation
from fastgru.layers.cells import GRU_DECAY, GRU_RESET_AFTER, GRU_RESET_BEFORE
from fastgru.layers.general_cells import ResetAfterCell, ResetBeforeCell
from fastgru.layers.one_state import OneState
from fastgru.layers.variant import read_variant


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
    residual
        Whether each layer but the first adds its input to its outputs: with dropout, ``y = x +
        dropout(h)``.  The final states are those of the cells, without it.
    reset_after
        Which of the two forms.
    time_decay
        Whether the state decays with the time between steps, for samples at irregular times
        (GRU-D: Che et al. 2018, arXiv 1606.01865): before each step of each layer
        ``h_{t-1} <- exp(-max(0, decay_rate * gap_t + decay_bias)) * h_{t-1}``, with the ``gaps``
        that :meth:`forward` then takes.  For the other direction they are those to the step
        after.  Only with ``reset_after`` and the usual cell.
    activations
        Functions f of r and z, and g of n, each a name or a :class:`fastgru.Activation`, such as
        ``("hard_sigmoid", "tanh")``; None for sigmoid and tanh.

        This and the next four options take the place of the compiled cell, where they ask for
        another, by one that walks through time in NumPy and is several times slower.
    recurrent_dropout
        Share of the state's units that the recurrent products do not see in training, in [0, 1):
        for each sequence and direction one mask, the same at all steps, and the rest scaled by
        ``1 / (1 - recurrent_dropout)`` (Gal and Ghahramani 2016, arXiv 1512.05287).  The state
        that ``z_t`` lets through is left whole.
    zoneout
        Probability with which a unit keeps its state in a step of training, in [0, 1]; otherwise
        ``h_t = zoneout * h_{t-1} + (1 - zoneout) * (h_t of the cell)`` (Krueger et al. 2017, arXiv
        1606.01305).
    layer_norm
        Whether ``W x_t`` and ``W h_{t-1}`` are each normalised to mean 0 and variance 1, and
        scaled by learned gains, before their biases are added (Ba et al. 2016, arXiv 1607.06450).
        Means are taken over the H units of one gate: gates differ in scale, and none then weighs
        on the others.  1e-5 is added to the variance.
    clip
        Limit of what r, z and n are functions of, above 0: values beyond [-clip, clip] are cut to
        it, and have no gradient.  None for no limit.
    bptt_steps
        Truncated back-propagation through time: the gradient of the state is cut at each multiple
        of it, counted in the order in which a direction runs.  None for the whole length.
    save_memory
        Whether :meth:`backward` computes the gates again from the states, instead of keeping
        them: about a quarter of the memory for a third more arithmetic, and the same bits.
    dtype
        ``"float32"`` or ``"float64"``, of parameters and results.
    precision
        None: products are of the same type.  ``"bf16"``: in training, passes forward and back,
        factors are rounded to bfloat16 just before they are multiplied; sums, states, gradients
        and parameters stay float32, and so does a pass that is not for training, which is the
        same on every machine.  Needs a CPU with AVX512-BF16.
    random_state
        Seed of the initial weights (Glorot for input weights, orthogonal for each recurrent
        gate, zero biases) and of dropout.

    Attributes
    ----------
    parameters : dict of np.ndarray
        ``weight_ih_l0`` (3H, I), ``weight_hh_l0`` (3H, H), ``bias_ih_l0`` and ``bias_hh_l0``
        (3H,), gates stacked r, z, n; further layers ``_l1``, ...; the other direction
        ``_l0_reverse``, ...  With ``layer_norm`` also the gains ``ln_weight_ih_l0`` and
        ``ln_weight_hh_l0`` (3H,), with ``time_decay`` also ``decay_rate_l0`` and
        ``decay_bias_l0`` (H,).
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
        residual: bool = False,
        reset_after: bool = True,
        time_decay: bool = False,
        activations: Sequence[str | Activation] | None = None,
        recurrent_dropout: float = 0.0,
        zoneout: float = 0.0,
        layer_norm: bool = False,
        clip: float | None = None,
        bptt_steps: int | None = None,
        save_memory: bool = False,
        dtype: DTypeLike = "float32",
        precision: str | None = None,
        random_state: int | None = None,
    ) -> None:
        if time_decay and not reset_after:
            raise ConfigurationError(
                "time_decay must be False with reset_after=False, got True: there are kernels for "
                "the other form alone."
            )
        kind = GRU_RESET_AFTER if reset_after else GRU_RESET_BEFORE
        super().__init__(
            GRU_DECAY if time_decay else kind,
            *(input_size, hidden_size, num_layers),
            bias=bias,
            bidirectional=bidirectional,
            dropout=dropout,
            residual=residual,
            bptt_steps=bptt_steps,
            save_memory=save_memory,
            dtype=dtype,
            precision=precision,
            random_state=random_state,
            variant=read_variant(
                *(ResetAfterCell if reset_after else ResetBeforeCell, activations),
                recurrent_dropout=recurrent_dropout,
                zoneout=zoneout,
                layer_norm=layer_norm,
                clip=clip,
            ),
        )
        self.reset_after, self.time_decay = reset_after, time_decay
