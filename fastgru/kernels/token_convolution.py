"""Convolution over time of tokens, and its gradients.

A tap of a convolution sees one of few symbols, so its products with the embeddings are a table::

    P_k = embedding @ W_k^T          z_t = bias + sum over k of  P_k[token_{s t + d k - left}]
    dP_k[v] = sum over t with  token_{s t + d k - left} = v  of  dz_t

and the layer costs K additions of a row for a step, whatever the size of the embedding.

Axes: B sequences, T steps in and U out, V symbols, C channels, K taps k; stride s, dilation d.
"""

from fastgru._numba import kernel, kernel_part
from fastgru.kernels.vectors import lanes, load, store
from fastgru.kernels.workers import run_workers, take_next


@kernel_part
def _add_vectors(source, source_at, target, target_at, columns):
    for c in range(0, columns, lanes(target)):
        store(load(target, target_at + c) + load(source, source_at + c), target, target_at + c)


@kernel_part
def _convolve(worker, shares, geometry, n_steps, n_out, lengths, tokens, table, bias, row, z):
    """Take sequences and convolve them; arguments as in :func:`convolve_tokens`."""
    width, dilation, stride, left = geometry
    n_symbols, columns = table.shape[1], table.shape[2]
    b = take_next(shares, worker)
    while b < lengths.shape[0]:
        length = lengths[b]
        for t in range((length + stride - 1) // stride):
            for c in range(columns):
                row[worker, c] = bias[c]
            for k in range(width):
                step = t * stride - left + k * dilation
                if 0 <= step < length:
                    symbol = k * n_symbols + tokens[b * n_steps + step]
                    _add_vectors(table, symbol * columns, row, worker * columns, columns)
            for c in range(z.shape[1]):
                z[b * n_out + t, c] = row[worker, c]
        b = take_next(shares, worker)


@kernel(parallel=True)
def convolve_tokens(shares, geometry, n_steps, n_out, lengths, tokens, table, bias, row, z):
    """Convolve the embeddings of tokens.

    Parameters
    ----------
    shares : int64 (W, 8), :func:`.workers.deal`
    geometry : fastgru.kernels.convolution.Geometry
    n_steps, n_out : int
        T and U, steps that the caller's arrays have room for.
    lengths : int64 (B,)
    tokens : int32 (B * T,)
    table : float (K, V, C), C whole vectors
    bias : float (C,)
    row : float (W, C), scratch
    z : float (B * U, channels), **written** at valid steps; the first channels of C
    """
    run_workers(_convolve, (shares, geometry, n_steps, n_out, lengths, tokens, table,
                                       bias, row, z))  # fmt: skip


@kernel_part
def _convolve_back(worker, shares, geometry, n_steps, n_out, groups, lengths, tokens, dz, row,
                   d_table, d_bias):  # fmt: skip
    """Take groups and go back through them; arguments as in :func:`convolve_tokens_back`."""
    width, dilation, stride, left = geometry
    n_symbols, columns = d_table.shape[2], d_table.shape[3]
    group = take_next(shares, worker)
    while group + 1 < groups.shape[0]:
        for b in range(groups[group], groups[group + 1]):
            length = lengths[b]
            for t in range((length + stride - 1) // stride):
                for c in range(dz.shape[1]):
                    row[worker, c] = dz[b * n_out + t, c]
                _add_vectors(row, worker * columns, d_bias, group * columns, columns)
                for k in range(width):
                    step = t * stride - left + k * dilation
                    if 0 <= step < length:
                        symbol = (group * width + k) * n_symbols + tokens[b * n_steps + step]
                        _add_vectors(row, worker * columns, d_table, symbol * columns, columns)
        group = take_next(shares, worker)


@kernel(parallel=True)
def convolve_tokens_back(shares, geometry, n_steps, n_out, groups, lengths, tokens, dz,
                         row, d_table, d_bias):  # fmt: skip
    """Go back through :func:`convolve_tokens`.

    Parameters
    ----------
    shares, geometry, n_steps, n_out
        As there.
    groups : int64 (n_groups + 1,)
        Bounds of the groups of sequences in which gradients are summed.
    lengths, tokens
        As there.
    dz : float (B * U, channels)
        Read at valid steps.
    row : float (W, C), scratch, zero
    d_table : float (n_groups, K, V, C), **added to**
    d_bias : float (n_groups, C), **added to**
    """
    run_workers(_convolve_back, (shares, geometry, n_steps, n_out, groups, lengths,
                                            tokens, dz, row, d_table, d_bias))  # fmt: skip
