"""Deliberate faults around the recurrence, which :mod:`tests.kernels.mutations` plants.

Each is of the kind that people make: a wrong sign, a factor left out, a step too many or too few at
the end of a sequence, a mask ignored, two labels swapped.
"""

from __future__ import annotations

CASES: dict[str, dict[str, object]] = {
    "adding": {},
    "as usual": {"changes": {}},
    "dense": {"kind": "dense", "how": {"dilation": 3, "stride": 2, "pool": 3}},
    "tokens": {"kind": "tokens", "how": {"dilation": 3, "stride": 2, "pool": 3}},
    "rows": {"dtype": "float64", "rows": 4},
    "three workers": {"dtype": "float64", "n_workers": 3},
    "words": {"size": 3, "stride": 2},
    "both directions": {"changes": {"bidirectional": True}},
    "tied": {
        "changes": {
            "reverse_complement": "equivariant",
            "embedding_size": 4,
            "conv_channels": (6,),
            "conv_width": (3,),
            "conv_norm": "batch",
            "pooling": ("max", "attention"),
        }
    },
}
"""Arguments of tests that take others than a type of numbers, by the word behind their name."""

STEPS = "test_normalising:test_normalise_steps__equals_reference"
STANDARDISE = "test_normalising:test_standardise__with_the_sums_of_a_batch_equals_reference"
SUMS = "test_normalising:test_sum_steps__sums_each_group"
PAST = "test_normalising:test_kernels__leave_what_stands_past_the_end"
FIELD = "layers.test_crf:test_loss__equals_the_sum_over_all_paths"
PATH = "layers.test_crf:test_decode__finds_a_path_of_the_best_score"
JOINED = "test_shared_steps:test_join_steps__puts_together_head_pieces_and_tail:three workers"
CONVOLVED, CONVOLVED_TOKENS = (
    f"layers.test_convolution:test_forward__is_the_convolution:{kind}"
    for kind in ("dense", "tokens")
)
BACK, BACK_TOKENS = (
    f"layers.test_convolution:test_backward__agrees_with_central_differences:{kind}"
    for kind in ("dense", "tokens")
)
DECAYED = "layers.test_decay:test_forward__follows_the_equations:gru"
DECAYED_BACK = "models.test_network:test_series__with_states_that_decay:as usual"
ADD_ROWS = "test_whole_arrays:test_add_rows__adds_each_row_to_its_place"
PRODUCT = "test_products:test_product__adds_the_matrix_product"
ROWS = "test_products:test_multiply_rows__adds_or_writes_the_product:rows"
WORDS = "layers.test_kmers:test_embed__is_the_average_of_the_words:words"
WORDS_BACK = "layers.test_kmers:test_add_gradient__is_that_of_embed:words"
LETTERS = "training.test_language_model:test_log_likelihoods__are_the_equations:both directions"
LETTERS_BACK = (
    "training.test_language_model:test_write_gradients__returns_the_mean_over_what_is_predicted:"
    "both directions"
)
ATTENTION = "test_attention:test_attention__equals_reference"
POOLING = "test_pooling:test_pooling__equals_reference"
STRANDS = "models.test_tied_strands:test_outputs__stay_the_same_for_both_strands_in_training:tied"
STRANDS_BACK = "models.test_network:test_backward__is_the_slope_of_forward_with_dropout:tied"
BOTH_STRANDS = (
    "layers.test_channel_norm:test_batch_norm__that_is_symmetric_counts_both_strands:adding"
)

FAULTS_AROUND: dict[tuple[str, str], list[tuple[str, str, str]]] = {
    ("kernels/normalising.py", STEPS): [
        ("steps not centred", "mean = _sum_of(z, at, n) / n", "mean = 0.0"),
        ("no epsilon", "v, at, n) / n + epsilon)", "v, at, n) / n)"),
        (
            "variance over one channel less",
            "v, at, n) / n + epsilon)",
            "v, at, n) / max(n - 1, 1))",
        ),
        ("shift left out", "scaled + load_first(bias, c, n - c)", "scaled"),
        (
            "normalised one step too far",
            "for t in range(lengths[b]):\n            _normalise_step(",
            "for t in range(lengths[b] + 1):\n            _normalise_step(",
        ),
        ("gradient with its mean", "n - c) - mean - along", "n - c) - along"),
        ("gradient along the step", "n - c) - mean - along", "n - c) - mean"),
        ("gradient in units of v", "store_first(d * inverse[row], dz", "store_first(d, dz"),
        (
            "gradient without the scale",
            "d = load_first(dz, at + c, n - c) * load_first(weight, c, n - c)",
            "d = load_first(dz, at + c, n - c)",
        ),
        (
            "last step without gradient",
            "for t in range(lengths[b]):\n            _step_back(",
            "for t in range(lengths[b] - 1):\n            _step_back(",
        ),
    ],
    ("kernels/normalising.py", PAST): [
        (
            "mask of normalised steps ignored",
            "for t in range(lengths[b]):\n            _normalise_step(",
            "for t in range(n_steps):\n            _normalise_step(",
        ),
        (
            "mask of standardised steps ignored",
            "b * n_steps + lengths[b]):\n            for c in range(0, n, lanes(z)):",
            "b * n_steps + n_steps):\n            for c in range(0, n, lanes(z)):",
        ),
    ],
    ("kernels/normalising.py", STANDARDISE): [
        (
            "channels not centred",
            "load_first(z, row * n + c, n - c) - load_first(mean, c, n - c)",
            "load_first(z, row * n + c, n - c)",
        ),
        (
            "channels not divided by their deviation",
            "value = centred * load_first(inverse, c, n - c)",
            "value = centred",
        ),
        ("gradient of channels not scaled", "d * load_first(scale, c, count)", "d"),
        (
            "gradient along the channel with the wrong sign",
            "load_first(mean, c, count) - along",
            "load_first(mean, c, count) + along",
        ),
    ],
    ("kernels/normalising.py", SUMS): [
        (
            "second factor not centred",
            "(load_first(q, at + c, n - c) - centre)",
            "load_first(q, at + c, n - c)",
        ),
        (
            "last sequence of a group left out",
            "range(groups[group], groups[group + 1])",
            "range(groups[group], groups[group + 1] - 1)",
        ),
        (
            "steps past the end summed",
            "b * n_steps + lengths[b]):\n                _add_step(",
            "b * n_steps + n_steps):\n                _add_step(",
        ),
    ],
    ("kernels/crf.py", FIELD): [
        (
            "transitions ahead the other way round",
            "total += work[worker, shares, j] * odds[j, k]",
            "total += work[worker, shares, j] * odds[k, j]",
        ),
        (
            "the same where sums are taken again",
            "total += math.exp(work[worker, t - 1, j] + transitions[j, k] - most)",
            "total += math.exp(work[worker, t - 1, j] + transitions[k, j] - most)",
        ),
        (
            "transitions back the other way round",
            "total += odds[j, k] * work[worker, shares, k]",
            "total += odds[k, j] * work[worker, shares, k]",
        ),
        ("start without its score", "work[worker, t, k] = start[k]", "work[worker, t, k] = 0.0"),
        (
            "end without its score",
            "total += math.exp(work[worker, last, k] + end[k] - most)",
            "total += math.exp(work[worker, last, k] - most)",
        ),
        ("known labels ignored", "labels[b, t] >= 0 and labels[b, t] != k", "False"),
        ("the first label never known", "labels[b, t] >= 0 and", "labels[b, t] > 0 and"),
        ("last step left out of the sum", "worker, b, last + 1, labels", "worker, b, last, labels"),
        ("end without gradient", "d_end[b, k] += share", "pass"),
        ("start of a single step without gradient", "if last == 0:", "if False:"),
        (
            "start takes the second step's gradient",
            "if t == 0:\n                d",
            "if t == 1:\n                d",
        ),
        (
            "pairs the other way round",
            "d_transitions[b, j, k] += share / total * (odds",
            "d_transitions[b, k, j] += share / total * (odds",
        ),
        (
            "pairs taken again the other way round",
            "d_transitions[b, j, k] += share / total * part",
            "d_transitions[b, k, j] += share / total * part",
        ),
        (
            "first step without gradient",
            "for t in range(last - 1, -1, -1):",
            "for t in range(last - 1, 0, -1):",
        ),
        (
            "weight of the sequence lost",
            "share = factor * math.exp(work[worker, t, j]",
            "share = math.exp(work[worker, t, j]",
        ),
        (
            "logits behind left out",
            "work[worker, behind, j] = score + logits[b, t, j]",
            "work[worker, behind, j] = score",
        ),
    ],
    ("kernels/viterbi.py", PATH): [
        (
            "best transitions the other way round",
            "work[worker, t - 1, j] + transitions[j, k])",
            "work[worker, t - 1, j] + transitions[k, j])",
        ),
        ("best path from any start", "most = start[k]", "most = 0.0"),
        (
            "best path to any end",
            "if work[worker, last, k] + end[k] > work[worker, last, best] + end[best]:",
            "if work[worker, last, k] > work[worker, last, best]:",
        ),
        ("second label never last", "for k in range(1, n_labels):", "for k in range(2, n_labels):"),
        ("path a step late", "path[b, t] = best", "path[b, t] = after"),
        (
            "way back the other way round",
            "score = work[worker, t, j] + transitions[j, after]",
            "score = work[worker, t, j] + transitions[after, j]",
        ),
    ],
    ("kernels/convolution.py", CONVOLVED): [
        (
            "taps a step early",
            "length, 1, left, room - left - length, padded, at)",
            "length, 1, left + 1, room - left - length - 1, padded, at)",
        ),
        ("bias not added", "rows[worker, row, c] + bias[c]", "rows[worker, row, c]"),
        (
            "dilation ignored",
            "dilation * inner, inner), width, packed",
            "inner, inner), width, packed",
        ),
        ("stride ignored", "first * stride) * inner, stride * inner,", "first) * inner, inner,"),
        (
            "last output left out",
            "outputs = (length + stride - 1) // stride\n        at",
            "outputs = length // stride\n        at",
        ),
        (
            "steps of the next sequence",
            "0 <= step < length * spacing and step % spacing == 0",
            "0 <= step and step % spacing == 0",
        ),
    ],
    ("kernels/convolution.py", BACK): [
        (
            "bias without the gradient of later outputs",
            "for step in range(outputs * stride):",
            "for step in range(outputs):",
        ),
        ("taps side by side", "(at + k * dilation) * inner + i", "(at + k) * inner + i"),
        ("as many steps right as left", "right = (width - 1) * dilation - left", "right = left"),
        (
            "gradients not spread",
            "b * n_out, outputs, stride, right,",
            "b * n_out, outputs, 1, right,",
        ),
    ],
    ("kernels/token_convolution.py", CONVOLVED_TOKENS): [
        (
            "taps of tokens in reverse",
            "symbol = k * n_symbols + tokens",
            "symbol = (width - 1 - k) * n_symbols + tokens",
        ),
        ("bias of tokens not added", "row[worker, c] = bias[c]", "row[worker, c] = 0.0"),
        (
            "tokens past the end",
            "if 0 <= step < length:\n                    symbol = k",
            "if 0 <= step < n_steps:\n                    symbol = k",
        ),
    ],
    ("kernels/token_convolution.py", BACK_TOKENS): [
        (
            "gradient of the first tap alone",
            "(group * width + k) * n_symbols",
            "group * width * n_symbols",
        ),
        (
            "bias of tokens without gradient",
            "_add_vectors(row, worker * columns, d_bias, group * columns, columns)",
            "pass",
        ),
        (
            "gradient past the end",
            "if 0 <= step < length:\n                        symbol = (group",
            "if 0 <= step < n_steps:\n                        symbol = (group",
        ),
    ],
    ("kernels/shared_steps.py", JOINED): [
        ("heads of others", "source, i, step = ends, b, t\n", "source, i, step = ends, 0, t\n"),
        ("tails from their start", "+ b, t - last + first", "+ b, t - last"),
        ("pieces from their start", "first + place % size", "place % size"),
        ("run of the first window", "of_window[b] + place", "of_window[0] + place"),
    ],
    ("kernels/rectifying.py", CONVOLVED): [
        ("negative values kept", "y[place, c] = 0.0", "y[place, c] = -9.0"),
        ("windows over the end", "min(window, max(0, length - u * window))", "window"),
        ("last of a window left out", "range(min(window, max", "range(min(window - 1, max"),
    ],
    ("kernels/rectifying.py", BACK): [
        ("gradient for the whole window", "chosen[place, c] == offset", "chosen[place, c] >= 0"),
        ("gradient for the first of a window", "offset = t % window", "offset = 0"),
    ],
    ("kernels/decay.py", DECAYED): [
        (
            "states grow between samples",
            "store(load(state, at) * exp(-where_less(0.0, a, a, 0.0)), state, at)",
            "store(load(state, at) * exp(where_less(0.0, a, a, 0.0)), state, at)",
        ),
        (
            "units grow that do not decay",
            "store(load(state, at) * exp(-where_less(0.0, a, a, 0.0)), state, at)",
            "store(load(state, at) * exp(-a), state, at)",
        ),
        (
            "time before another step",
            "_decay_states(gap + t * rows_of(blocks), active",
            "_decay_states(gap + max(t - 1, 0) * rows_of(blocks), active",
        ),
    ],
    ("kernels/decay.py", DECAYED_BACK): [
        ("gradient of the decay with the wrong sign", "da = -d * load", "da = d * load"),
        ("gradient where nothing decays", "da = where_less(0.0, a, da, 0.0)", "da = da"),
        ("rate without the time", "drate + da * decay.gaps[gap + i]", "drate + da"),
        (
            "gradient of the state before its decay",
            "store(d * exp(-where_less(0.0, a, a, 0.0)), dstate, at)",
            "store(d, dstate, at)",
        ),
    ],
    ("kernels/whole_arrays.py", ADD_ROWS): [
        ("rows where they stand", "table[place, n] += rows", "table[i % 4, n] += rows"),
        ("rows overwritten", "table[place, n] += rows", "table[place, n] = rows"),
    ],
    ("kernels/products.py", PRODUCT): [
        ("product not added", "out[m, n] += factor", "out[m, n] = factor"),
        ("first term left out", "for k in range(a.shape[1])", "for k in range(1, a.shape[1])"),
    ],
    ("kernels/products.py", ROWS): [
        ("two last panels left out", "if panels - c == 2:", "if False:"),
        ("last panel left out", "if panels - c == 1:", "if False:"),
    ],
    ("kernels/attention.py", ATTENTION): [
        (
            "last step in no sum",
            "for t in range(length):\n        total += scores",
            "for t in range(length - 1):\n        total += scores",
        ),
        (
            "steps of a shorter batch",
            "attention[b, t] = dot(y, (b * steps + t)",
            "attention[b, t] = dot(y, (b * length + t)",
        ),
        (
            "vector with the gradient of its shares",
            "add_multiple(d_scores[b, t], y, y_at, d_weight",
            "add_multiple(attention[b, t], y, y_at, d_weight",
        ),
    ],
    ("kernels/pooling.py", POOLING): [
        (
            "gradient of the mean over padding",
            "d_mean[b, c] / length",
            "d_mean[b, c] / dy.shape[1]",
        ),
    ],
    ("layers/kmer_sizes.py", WORDS): [
        (
            "half a word at the end",
            "(n_letters + stride - size)",
            "(n_letters + stride - size + 1)",
        ),
    ],
    ("layers/kmers.py", WORDS): [
        (
            "first letter changes fastest",
            "rows = rows * np.int32(self._n_letters) + symbols",
            "rows = rows + symbols * np.int32(self._n_letters**offset)",
        ),
        ("words at every letter", "tokens[:, offset :: self._stride]", "tokens[:, offset:]"),
        (
            "averages at the start of the table",
            "self._n_letters**self._size + places",
            "places",
        ),
        (
            "ambiguous words in reverse",
            "for letter in symbols.T:",
            "for letter in symbols.T[::-1]:",
        ),
    ],
    ("layers/kmers.py", WORDS_BACK): [
        (
            "ambiguous words without gradient",
            "product(shares.T, d_averages[part], d_table)",
            "pass",
        ),
        ("gradient not added", "d_table += d_symbols", "d_table[...] = d_symbols"),
    ],
    ("training/language_model.py", LETTERS): [
        ("end not predicted", "rows[len(codes), 0] = n_letters", "pass"),
        ("beginning not predicted", "rows[1, 1] = n_letters", "pass"),
        (
            "direction back predicts what it has read",
            "rows[2 : len(codes) + 2, 1] = known",
            "rows[1 : len(codes) + 1, 1] = known",
        ),
        (
            "ambiguous letters predicted",
            "known = np.where(codes < n_letters, codes, nothing)",
            "known = np.minimum(codes, n_letters - 1)",
        ),
    ],
    ("training/language_model.py", LETTERS_BACK): [
        (
            "loss of what is not predicted",
            "weights = batch.predicted * data",
            "weights = np.ones_like(batch.predicted) * data",
        ),
    ],
    ("layers/head.py", LETTERS): [
        (
            "each direction reads the other",
            "slice(d * size, (d + 1) * size)",
            "slice((n_parts - 1 - d) * size, (n_parts - d) * size)",
        ),
    ],
    ("models/tied_strands.py", STRANDS): [
        ("units back in the order of those ahead", "axis=(1, 2)", "axis=2"),
        (
            "partners with the same letters",
            "half[complement_rows(sizes.kmer_size), ::-1]",
            "half[:, ::-1]",
        ),
        (
            "taps not reversed",
            "np.concatenate([half, np.flip(half)])",
            "np.concatenate([half, half[::-1]])",
        ),
        ("outputs tied across poolings", "by_pooling[:, :, ::-1]", "by_pooling[:, ::-1, ::-1]"),
    ],
    ("models/tied_strands.py", STRANDS_BACK): [
        (
            "gradient of the first place alone",
            "np.bincount(self._index, whole, minlength=size)",
            "whole[np.unique(self._index, return_index=True)[1]]",
        ),
    ],
    ("layers/channel_norm.py", BOTH_STRANDS): [
        (
            "statistics of one strand",
            "(means + means[::-1]) / 2 if self._symmetric",
            "means if True",
        ),
        ("statistics of as many steps as one strand has", "(2 if self._symmetric else 1)", "1"),
    ],
}
"""What to change: for each file, and the test that must notice, (name, old text, new text)."""
