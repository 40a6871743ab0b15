"""State that decays with the time between two steps, before the step of another cell.

Forward (Che et al. 2018, arXiv 1606.01865, section 2.3: GRU-D), with the time ``gap_t`` since the
step before::

    a_t       = rate * gap_t + bias
    gamma_t   = exp(-max(0, a_t))
    h_{t-1}  <- gamma_t * h_{t-1}                               what the cell's step begins with

Backward, with d the gradient of the decayed state::

    da        = -d * gamma_t * h_{t-1} where a_t > 0, else 0
    drate    += gap_t * da                                      dbias += da
    dL/dh_{t-1} = gamma_t * d

The states are decayed in their place, after they were handed to the caller: so the cell finds on
its way back what it read on its way ahead, and da needs nothing else.  Hence no cell for which the
state *after* a step says something (:mod:`.rnn`), and no second way ahead for want of a tape.
The LSTM's c does not decay, as in BRITS (Cao et al. 2018, arXiv 1805.10572, equation 3).

Axes: as in :mod:`.recurrence`; a gap stands where the state before its step does.
"""

from typing import NamedTuple

from fastgru._numba import kernel_part, np
from fastgru.kernels import gru, lstm
from fastgru.kernels.activations import exp
from fastgru.kernels.blocks import rows_of
from fastgru.kernels.recurrence import forward_kernel
from fastgru.kernels.recurrence_backward import backward_kernel
from fastgru.kernels.step import state_row
from fastgru.kernels.vectors import lanes, load, store, where_less


class Decay(NamedTuple):
    """How states decay.

    Attributes
    ----------
    gaps : float (n_rows,)
        Time before each step, in blocked order.
    rate, bias : float (padded_size,)
    """

    gaps: np.ndarray
    rate: np.ndarray
    bias: np.ndarray


class DecayWeights(NamedTuple):
    """Weights of the cell, forward, and what its states decay by."""

    cell: NamedTuple
    decay: Decay


class DecayTransposed(NamedTuple):
    """Weights of the cell, backward, and what its states decay by.

    Attributes
    ----------
    cell : NamedTuple
    decay : Decay
    sums : float (n_groups, 2, padded_size), **added to**
        Gradients of rate and bias for each group.
    """

    cell: NamedTuple
    decay: Decay
    sums: np.ndarray


@kernel_part
def _decay_states(gap, active, row, decay, state):
    """Decay the states of the first ``active`` rows from ``row`` on; gaps stand from ``gap`` on."""
    lane, padded = lanes(state), decay.rate.shape[0]
    for i in range(active):
        for unit in range(0, padded, lane):
            at = (row + i) * state.shape[1] + unit
            a = load(decay.rate, unit) * decay.gaps[gap + i] + load(decay.bias, unit)
            store(load(state, at) * exp(-where_less(0.0, a, a, 0.0)), state, at)


@kernel_part
def _decay_gradients(worker, group, blocks, gap, active, row, transposed, state, dstate):
    """Take the gradients of a block's decayed states back to the states."""
    decay, sums = transposed.decay, transposed.sums
    lane, padded, first = lanes(state), decay.rate.shape[0], worker * rows_of(blocks)
    for unit in range(0, padded, lane):
        to = group * 2 * padded + unit
        drate, dbias = load(sums, to), load(sums, to + padded)
        for i in range(active):
            at = (first + i) * dstate.shape[1] + unit
            a = load(decay.rate, unit) * decay.gaps[gap + i] + load(decay.bias, unit)
            d = load(dstate, at)
            da = -d * load(state, (row + i) * state.shape[1] + unit)
            da = where_less(0.0, a, da, 0.0)
            drate = drate + da * decay.gaps[gap + i]
            dbias = dbias + da
            store(d * exp(-where_less(0.0, a, a, 0.0)), dstate, at)
        store(drate, sums, to)
        store(dbias, sums, to + padded)


def _decaying(cell):
    """Return ``cell`` with states that decay before each of its steps."""
    step, step_back = cell.forward_step, cell.backward_step

    @kernel_part(inline=True, name=f"{cell.name}_decay_forward_step")
    def forward_step(worker, blocks, block, t, active, source, at, layout, inputs, weights, state,
                     cells, scratch, y, column, hidden):  # fmt: skip
        row, gap = state_row(worker, blocks, block, t, layout), blocks[block]["first"]
        _decay_states(gap + t * rows_of(blocks), active, row, weights.decay, state)
        step(worker, blocks, block, t, active, source, at, layout, inputs, weights.cell, state,
             cells, scratch, y, column, hidden)  # fmt: skip

    @kernel_part(inline=True, name=f"{cell.name}_decay_backward_step")
    def backward_step(worker, group, blocks, block, t, active, k, at, inputs, transposed, state,
                      cells, dy, column, hidden, sums, scratch):  # fmt: skip
        step_back(worker, group, blocks, block, t, active, k, at, inputs, transposed.cell, state,
                  cells, dy, column, hidden, sums, scratch)  # fmt: skip
        row = blocks[block]["first"] + t * rows_of(blocks)
        _decay_gradients(worker, group, blocks, row, active, row, transposed, state,
                         scratch.dstate)  # fmt: skip

    return cell._replace(
        name=f"{cell.name}_decay", forward_step=forward_step, backward_step=backward_step
    )


GRU_CELL, LSTM_CELL = _decaying(gru.CELL), _decaying(lstm.CELL)
gru_decay_forward, gru_decay_backward = forward_kernel(GRU_CELL), backward_kernel(GRU_CELL)
lstm_decay_forward, lstm_decay_backward = forward_kernel(LSTM_CELL), backward_kernel(LSTM_CELL)
