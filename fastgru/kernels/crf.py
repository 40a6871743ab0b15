"""The linear-chain conditional random field: what it expects of labels, and how probable they are.

Lafferty, McCallum and Pereira 2001, "Conditional random fields", section 3; forward and backward
scores as in Rabiner 1989, doi:10.1109/5.18626, here as logarithms::

    score(y) = s_{y_1} + sum over t of x_{t,y_t} + sum over t of A_{y_t,y_{t+1}} + e_{y_T}
    a_{1,k}  = s_k + x_{1,k}
    a_{t,k}  = x_{t,k} + log sum over j of exp(a_{t-1,j} + A_{j,k})
    b_{T,k}  = e_k
    b_{t,j}  = log sum over k of exp(A_{j,k} + x_{t+1,k} + b_{t+1,k})
    log Z    = log sum over k of exp(a_{T,k} + e_k)
    p_{t,k}  = exp(a_{t,k} + b_{t,k} - log Z)
    q_{t,j,k} = p_{t,j} exp(A_{j,k} + x_{t+1,k} + b_{t+1,k} - b_{t,j})

Z sums exp(score) over all paths y that have the labels that are known; where a label is known, a
of every other one is minus infinity.  The gradients of log Z are p for x, sum over t of q_t for A,
p_1 for s and p_T for e.  A path that has some labels is thus as probable as Z with them known over
Z with none known, and the gradient of its logarithm is the difference of the two expectations.

The sums take ``exp(A)`` once for all steps, and scores to the largest of a row: K exponentials for
a row of K sums.  Where such a sum is too small to be trusted it is taken again from the scores.

Axes: B sequences, T steps of which the first ``lengths[b]`` are valid, K labels; x logits,
A transitions from row to column, s start, e end, W workers.  Sums are in double precision.
"""

import math

from fastgru._numba import kernel, kernel_part
from fastgru.kernels.denormals import flush_denormals, restore_denormals
from fastgru.kernels.workers import run_workers, take_next

SCRATCH_ROWS = 3
"""Rows of scratch memory beside those of the steps: two for b, one for a sum over labels."""

TRUSTED = 1e-200
"""Sums of this size lose nothing by terms that are too small for a number."""

LARGEST_ODDS = 1e90
"""Above this, what is lost as too small for a number (1e-308) could still count in such a sum."""


@kernel_part
def _largest(worker, row, work):
    most = -math.inf
    for k in range(work.shape[2]):
        most = max(most, work[worker, row, k])
    return most


@kernel_part
def _forward_scores(worker, b, length, labels, logits, transitions, odds, start, work):
    n_labels, shares = logits.shape[2], work.shape[1] - 1
    top = 0.0
    for t in range(length):
        if t > 0:
            top = _largest(worker, t - 1, work)
            for j in range(n_labels):
                work[worker, shares, j] = math.exp(work[worker, t - 1, j] - top)
        for k in range(n_labels):
            if labels[b, t] >= 0 and labels[b, t] != k:
                work[worker, t, k] = -math.inf
            elif t == 0:
                work[worker, t, k] = start[k]
                work[worker, t, k] += logits[b, t, k]
            else:
                most, total = top, 0.0
                for j in range(n_labels):
                    total += work[worker, shares, j] * odds[j, k]
                if not TRUSTED < total < math.inf:
                    most, total = -math.inf, 0.0
                    for j in range(n_labels):
                        most = max(most, work[worker, t - 1, j] + transitions[j, k])
                    for j in range(n_labels):
                        total += math.exp(work[worker, t - 1, j] + transitions[j, k] - most)
                work[worker, t, k] = most + math.log(total) + logits[b, t, k]


@kernel_part
def _log_partition(worker, last, end, work):
    most, total = -math.inf, 0.0
    for k in range(end.shape[0]):
        most = max(most, work[worker, last, k] + end[k])
    for k in range(end.shape[0]):
        total += math.exp(work[worker, last, k] + end[k] - most)
    return most + math.log(total)


@kernel_part
def _add_last(worker, b, last, logits, end, factor, log_total, work, marginals, d_start, d_end):
    """Add what is expected of the last step; leave its x + b in the first row of the scratch."""
    ahead = work.shape[1] - SCRATCH_ROWS
    for k in range(end.shape[0]):
        share = factor * math.exp(work[worker, last, k] + end[k] - log_total)
        marginals[b, last, k] += share
        d_end[b, k] += share
        if last == 0:
            d_start[b, k] += share
        work[worker, ahead, k] = end[k] if work[worker, last, k] > -math.inf else -math.inf
        work[worker, ahead, k] += logits[b, last, k]


@kernel_part
def _add_pairs(worker, b, j, share, total, odds, work, d_transitions):
    """Deal the share of a label out to those that may follow it."""
    for k in range(odds.shape[1]):
        d_transitions[b, j, k] += share / total * (odds[j, k] * work[worker, work.shape[1] - 1, k])


@kernel_part
def _add_pairs_again(worker, b, j, most, share, total, transitions, ahead, work, d_transitions):
    for k in range(transitions.shape[1]):
        part = math.exp(transitions[j, k] + work[worker, ahead, k] - most)
        d_transitions[b, j, k] += share / total * part


@kernel_part
def _add_steps(
    worker,
    b,
    last,
    logits,
    transitions,
    odds,
    factor,
    log_total,
    work,
    marginals,
    d_transitions,
    d_start,
):
    """Add what is expected of the steps before the last, from the last of them to the first."""
    n_labels, shares = logits.shape[2], work.shape[1] - 1
    ahead, behind = work.shape[1] - SCRATCH_ROWS, work.shape[1] - 2
    for t in range(last - 1, -1, -1):
        top = _largest(worker, ahead, work)
        for k in range(n_labels):
            work[worker, shares, k] = math.exp(work[worker, ahead, k] - top)
        for j in range(n_labels):
            work[worker, behind, j] = -math.inf
            if work[worker, t, j] == -math.inf:
                continue
            most, total = top, 0.0
            for k in range(n_labels):
                total += odds[j, k] * work[worker, shares, k]
            trusted = TRUSTED < total < math.inf
            if not trusted:
                most, total = -math.inf, 0.0
                for k in range(n_labels):
                    most = max(most, transitions[j, k] + work[worker, ahead, k])
                for k in range(n_labels):
                    total += math.exp(transitions[j, k] + work[worker, ahead, k] - most)
            score = most + math.log(total)
            share = factor * math.exp(work[worker, t, j] + score - log_total)
            marginals[b, t, j] += share
            if t == 0:
                d_start[b, j] += share
            if trusted:
                _add_pairs(worker, b, j, share, total, odds, work, d_transitions)
            else:
                _add_pairs_again(
                    worker, b, j, most, share, total, transitions, ahead, work, d_transitions
                )
            work[worker, behind, j] = score + logits[b, t, j]
        ahead, behind = behind, ahead


@kernel_part
def _expect_all(
    worker,
    shares,
    lengths,
    labels,
    logits,
    transitions,
    odds,
    start,
    end,
    factors,
    work,
    log_partition,
    marginals,
    d_transitions,
    d_start,
    d_end,
):
    before = flush_denormals()
    b = take_next(shares, worker)
    while b < lengths.shape[0]:
        last, factor = lengths[b] - 1, factors[b]
        log_total = 0.0
        if last >= 0:
            _forward_scores(worker, b, last + 1, labels, logits, transitions, odds, start, work)
            log_total = _log_partition(worker, last, end, work)
            _add_last(
                worker, b, last, logits, end, factor, log_total, work, marginals, d_start, d_end
            )
            _add_steps(
                worker,
                b,
                last,
                logits,
                transitions,
                odds,
                factor,
                log_total,
                work,
                marginals,
                d_transitions,
                d_start,
            )
        log_partition[b] = log_total
        b = take_next(shares, worker)
    restore_denormals(before)


@kernel(parallel=True)
def crf_expectations(
    shares,
    lengths,
    labels,
    logits,
    transitions,
    odds,
    start,
    end,
    factors,
    work,
    log_partition,
    marginals,
    d_transitions,
    d_start,
    d_end,
):
    """Take log Z of the paths with the labels that are known, and add its gradients.

    Parameters
    ----------
    shares : int64 (W, 8), :func:`.workers.deal`
    lengths : int64 (B,)
    labels : int64 (B, T)
        The label of each step, from 0 to K - 1; below 0 where it is not known.
    logits : float (B, T, K)
    transitions : float (K, K)
    odds : float64 (K, K)
        exp of the transitions; infinite above LARGEST_ODDS.
    start : float (K,)
    end : float (K,)
    factors : float64 (B,)
        What the gradients of each sequence are multiplied by.
    work : float64 (W, T + SCRATCH_ROWS, K), **written**
        Scratch memory.
    log_partition : float64 (B,), **written**
        log Z; 0 for a sequence of no steps.
    marginals : float (B, T, K), **added to** at valid steps
        p times the factor of the sequence.
    d_transitions : float64 (B, K, K), **added to**
        Of each sequence apart, so that their sum can be taken in an order that no thread changes.
    d_start : float64 (B, K), **added to**
    d_end : float64 (B, K), **added to**

    Notes
    -----
    The workers take one sequence after the other, and sums over time are in order: the result does
    not depend on the number of threads.
    """
    run_workers(
        _expect_all,
        (
            shares,
            lengths,
            labels,
            logits,
            transitions,
            odds,
            start,
            end,
            factors,
            work,
            log_partition,
            marginals,
            d_transitions,
            d_start,
            d_end,
        ),
    )
