"""Attention of the steps of one sequence to the states of another, as matrix products.

Luong et al. 2015, arXiv 1508.04025, section 3.1, global attention; with a bias for the distance of
a state from the place c_t where the step expects it (Raffel et al. 2020, arXiv 1910.10683, section
2.1), the same for all that are further away than R::

    a_{t,u} = sum over c of q_{t,c} s_{u,c} + o_{k(t,u)}       k(t,u) = R + max(-R, min(R, u - c_t))
    w_{t,u} = exp(a_{t,u} - max a_t) / sum over v of exp(a_{t,v} - max a_t)
    z_{t,c} = sum over u of w_{t,u} s_{u,c}

and with dw_{t,u} = sum over c of dz_{t,c} s_{u,c}::

    da_{t,u} = w_{t,u} (dw_{t,u} - sum over v of w_{t,v} dw_{t,v})
    dq_{t,c} = sum over u of da_{t,u} s_{u,c}
    ds_{u,c} = sum over t of (w_{t,u} dz_{t,c} + da_{t,u} q_{t,c})
    do_k     = sum over t and u with k(t,u) = k of da_{t,u}

Products are taken in whole tiles, so all arrays have room for a multiple of ROWS rows and of whole
vectors in a row, and what stands in a sequence's own padding is finite.

Axes: B pairs of sequences, T steps that attend, U states, C channels, 2R + 1 distances.
"""

from fastgru._numba import kernel, kernel_part
from fastgru.kernels.attention import softmax_row
from fastgru.kernels.denormals import flush_denormals, restore_denormals
from fastgru.kernels.matrices import multiply
from fastgru.kernels.workers import run_workers, take_next


@kernel_part
def _transpose(first, length, states, worker, transposed):
    """Write the states of a sequence as columns, zeros behind them up to the room there is.

    ``first`` is the row of its first state.
    """
    channels = states.shape[1]
    for c in range(channels):
        for u in range(length):
            transposed[worker * channels + c, u] = states[first + u, c]
        for u in range(length, transposed.shape[1]):
            transposed[worker * channels + c, u] = 0.0


@kernel_part
def _distance(u, centre, reach):
    return reach + max(-reach, min(reach, u - centre))


@kernel_part
def _attend(worker, shares, lengths, source_lengths, centres, queries, states, offset_bias,
            weights, context, transposed):  # fmt: skip
    before = flush_denormals()
    steps, channels, room = centres.shape[1], queries.shape[1], transposed.shape[1]
    reach = offset_bias.shape[0] // 2
    n_pairs = lengths.shape[0]
    rows = states.shape[0] // n_pairs
    b = take_next(shares, worker)
    while b < n_pairs:
        length, n_states, first = lengths[b], source_lengths[b], b * steps
        _transpose(b * rows, n_states, states, worker, transposed)
        multiply(False, weights, first * room, room, length, room,
                 queries, first * channels, channels, 1,
                 transposed, worker * channels * room, room, channels)  # fmt: skip
        for t in range(length):
            for u in range(n_states):
                weights[first + t, u] += offset_bias[_distance(u, centres[b, t], reach)]
            softmax_row(first + t, n_states, weights)
            for u in range(n_states, room):
                weights[first + t, u] = 0.0
        multiply(False, context, first * channels, channels, length, channels,
                 weights, first * room, room, 1,
                 states, b * rows * channels, channels, n_states)  # fmt: skip
        b = take_next(shares, worker)
    restore_denormals(before)


@kernel(parallel=True)
def cross_attention_forward(shares, lengths, source_lengths, centres, queries, states,
                            offset_bias, weights, context, transposed):  # fmt: skip
    """Take the weighted mean of the states of the other sequence, at each step.

    Parameters
    ----------
    shares : int64 (W, 8), :func:`.workers.deal`
    lengths : int64 (B,)
        Steps that attend.
    source_lengths : int64 (B,), at least 1
        States that are attended to.
    centres : int64 (B, T)
        c, the state that each step expects, perhaps beyond the last.
    queries : float (B * T, C)
    states : float (B * U, C)
    offset_bias : float (2 R + 1,)
        o.
    weights : float (B * T, U), **written** at valid steps
        w, from 0 to 1, and 0 past the last state.
    context : float (B * T, C), **written** at valid steps and up to a whole tile of them
        z.
    transposed : float (W * C, U), scratch
    """
    run_workers(_attend, (shares, lengths, source_lengths, centres, queries, states,
                                     offset_bias, weights, context, transposed))  # fmt: skip


@kernel_part
def _score_gradients(b, at, length, n_states, centres, weights, d_scores, d_offset_bias):
    """Turn the gradients of the weights into those of the scores; sum these by distance.

    ``at`` is the first row of ``d_scores``.
    """
    steps, reach = centres.shape[1], d_offset_bias.shape[1] // 2
    for k in range(d_offset_bias.shape[1]):
        d_offset_bias[b, k] = 0.0
    for t in range(length):
        row = b * steps + t
        mean = 0.0
        for u in range(n_states):
            mean += weights[row, u] * d_scores[at + t, u]
        for u in range(n_states):
            d_score = weights[row, u] * (d_scores[at + t, u] - mean)
            d_scores[at + t, u] = d_score
            d_offset_bias[b, _distance(u, centres[b, t], reach)] += d_score
        for u in range(n_states, d_scores.shape[1]):
            d_scores[at + t, u] = 0.0


@kernel_part
def _attend_back(worker, shares, lengths, source_lengths, centres, queries, states, weights,
                 d_context, d_queries, d_states, d_offset_bias, d_scores, transposed):  # fmt: skip
    before = flush_denormals()
    steps, channels, room = centres.shape[1], queries.shape[1], transposed.shape[1]
    n_pairs = lengths.shape[0]
    rows = states.shape[0] // n_pairs
    scores_at = worker * steps * room
    b = take_next(shares, worker)
    while b < n_pairs:
        length, n_states = lengths[b], source_lengths[b]
        at, states_at = b * steps * channels, b * rows * channels
        _transpose(b * rows, n_states, states, worker, transposed)
        multiply(False, d_scores, scores_at, room, length, room, d_context, at, channels, 1,
                 transposed, worker * channels * room, room, channels)  # fmt: skip
        _score_gradients(b, worker * steps, length, n_states, centres, weights, d_scores,
                         d_offset_bias)  # fmt: skip
        multiply(False, d_queries, at, channels, length, channels, d_scores, scores_at, room, 1,
                 states, states_at, channels, n_states)  # fmt: skip
        multiply(False, d_states, states_at, channels, n_states, channels,
                 weights, b * steps * room, 1, room, d_context, at, channels, length)  # fmt: skip
        multiply(True, d_states, states_at, channels, n_states, channels,
                 d_scores, scores_at, 1, room, queries, at, channels, length)  # fmt: skip
        b = take_next(shares, worker)
    restore_denormals(before)


@kernel(parallel=True)
def cross_attention_backward(shares, lengths, source_lengths, centres, queries, states,
                             weights, d_context, d_queries, d_states, d_offset_bias,
                             d_scores, transposed):  # fmt: skip
    """Take the gradient of the weighted means to queries, states and the bias.

    Parameters
    ----------
    shares : int64 (W, 8), :func:`.workers.deal`
    lengths, source_lengths : int64 (B,)
    centres : int64 (B, T)
    queries : float (B * T, C)
    states : float (B * U, C)
    weights : float (B * T, U)
        As the forward pass has written them.
    d_context : float (B * T, C)
    d_queries : float (B * T, C), **written** at valid steps and up to a whole tile of them
    d_states : float (B * U, C), **written** at valid states and up to a whole tile of them
    d_offset_bias : float (B, 2 R + 1), **written**
        Of each pair apart, so that their sum can be taken in an order that no thread changes.
    d_scores : float (W * T, U), scratch
    transposed : float (W * C, U), scratch
    """
    run_workers(_attend_back, (shares, lengths, source_lengths, centres, queries,
                                          states, weights, d_context, d_queries, d_states,
                                          d_offset_bias, d_scores, transposed))  # fmt: skip
