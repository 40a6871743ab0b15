"""The network of a translation in ONNX: :mod:`fastgru.models.encoder_decoder`.

The decoder is given tokens, and predicts the one behind each::

    tokens -> Gather -> GRU from Tanh(Gemm(last states of the encoder))
    cross-attention   MatMul, MatMul, Add of the bias by distance, Softmax, MatMul
    vectors           Tanh(MatMul(Concat(context, state)))  -> MatMul, Add

Given a whole translation, Pad puts the start before it.  A new one is a Loop that feeds the
likeliest token of each step to the next, until all have come to an end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import helper

from fastgru.models.architecture import REACH
from fastgru.models.encoder_decoder import EncoderDecoder
from fastgru.onnx.graph import BOOL, DOUBLE, FLOAT, INT64, LOWEST, Graph, Weights
from fastgru.onnx.network import add_head, add_states, single_weights
from fastgru.onnx.pooling import join_directions
from fastgru.onnx.reading import Given
from fastgru.onnx.recurrent import Layers, States, add_recurrent
from fastgru.onnx.steps import Steps, count_steps, is_valid, step_numbers

__all__ = ["Encoded", "add_encoder", "add_greedy_translation", "add_token_logits"]


@dataclass(frozen=True)
class Encoded:
    """What the decoder begins with.

    Attributes
    ----------
    network
    weights
        float32, by name.
    memory
        States of the encoder, (B, U, C).
    initial
        First states of each layer of the decoder, (1, B, H).
    """

    network: EncoderDecoder
    weights: Weights
    memory: Steps
    initial: list[str]


def add_encoder(graph: Graph, network: EncoderDecoder, given: Given) -> Encoded:
    """Add what reads the sequences.

    Parameters
    ----------
    graph, network, given
    """
    weights = single_weights(network)
    states = add_states(graph, network, weights, given, outputs=True)
    assert states.steps is not None
    return Encoded(network, weights, states.steps, _bridge(graph, weights, states))


def add_token_logits(graph: Graph, encoded: Encoded, written: Given) -> str:
    """Return the logits of each token of translations and of what follows, (B, T + 1, V + 1).

    Parameters
    ----------
    graph, encoded
    written
        Codes of the translations, and their lengths.
    """
    assert written.tokens is not None
    start = np.int64(encoded.network.start)
    tokens = graph.add("Pad", written.tokens, np.array([0, 1, 0, 0]), start)
    lengths = graph.add("Add", written.lengths, np.int64(1))
    numbers = step_numbers(graph, count_steps(graph, tokens))
    logits, _ = _decode(graph, encoded, Given(lengths, tokens), numbers, encoded.initial)
    return logits


def add_greedy_translation(graph: Graph, encoded: Encoded, max_length: str) -> str:
    """Return new translations, int64 (B, tokens of the longest), -1 behind an end.

    Parameters
    ----------
    graph, encoded
    max_length
        Most tokens, the end included, int64 ().
    """
    of_sequences = graph.add("Shape", encoded.memory.lengths)
    ones = graph.add("Expand", np.int64(1), of_sequences)
    columns = graph.add("Unsqueeze", ones, np.array([1]))
    start = graph.add("Mul", columns, np.int64(encoded.network.start))
    going = graph.add("Expand", np.bool_(False), of_sequences)
    loop = _step(graph, encoded, ones)
    results = [graph.new_name("loop") for _ in range(len(encoded.initial) + 3)]
    # of a loop without a step a runtime does not know the shape of the results
    most = graph.add("Max", max_length, np.int64(1))
    graph.add_node("Loop", [most, "", start, going, *encoded.initial], results, body=loop)
    found = graph.add("Transpose", results[-1], perm=[1, 0])
    end = graph.add("Unsqueeze", max_length, np.array([0]))
    return graph.add("Slice", found, np.array([0]), end, np.array([1]))


def _step(graph: Graph, encoded: Encoded, lengths: str) -> Any:
    """Return the graph of one step of greedy translations; ``lengths`` are ones, int64 (B,)."""
    body = graph.body()
    number, goes_on, token, had_ended = (body.new_name("step") for _ in range(4))
    before = [body.new_name("state") for _ in encoded.initial]
    numbers = body.add("Unsqueeze", number, np.array([0]))
    logits, after = _decode(body, encoded, Given(lengths, token), numbers, before)
    chosen = body.add("ArgMax", body.add("Squeeze", logits, np.array([1])), axis=1, keepdims=0)
    is_end = body.add("Equal", chosen, np.int64(encoded.network.end))
    ended = body.add("Or", had_ended, is_end)
    written = body.add("Where", ended, np.int64(-1), chosen)
    # the end is no token that could be fed
    fed = body.add("Where", ended, np.int64(encoded.network.start), chosen)
    column = body.add("Unsqueeze", fed, np.array([1]))
    all_ended = body.add("ReduceMin", body.add("Cast", ended, to=INT64), keepdims=0)
    goes_on_after = body.add("Less", all_ended, np.int64(1))
    states_before, states_after = (
        [_info(one, FLOAT) for one in names] for names in (before, after)
    )
    return helper.make_graph(
        body.nodes,
        graph.new_name("body"),
        # of the first two the runtime has to know that they are single numbers
        [
            *(_info(number, INT64, ()), _info(goes_on, BOOL, ())),
            *(_info(token, INT64), _info(had_ended, BOOL), *states_before),
        ],
        [
            *(_info(goes_on_after, BOOL, ()), _info(column, INT64), _info(ended, BOOL)),
            *(*states_after, _info(written, INT64)),
        ],
    )


def _info(name: str, kind: int, shape: tuple[()] | None = None) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def _decode(
    graph: Graph, encoded: Encoded, written: Given, numbers: str, initial: list[str]
) -> tuple[str, list[str]]:
    """Return the logits behind each token, and the states behind the last of each sequence.

    ``numbers`` are those of the steps, int64 (T,).
    """
    assert written.tokens is not None
    network, weights = encoded.network, encoded.weights
    sizes = network.architecture
    table = network.written_mixture.astype(np.float32) @ weights["decoder_embedding.tokens"]
    codes = graph.constant("decoder_embedding.codes", table)
    steps = Steps(graph.add("Gather", codes, written.tokens), written.lengths)
    layers = Layers("decoder", "gru", sizes.num_layers, sizes.hidden_size)
    decoded = add_recurrent(graph, layers, weights, steps, initial=initial)
    assert decoded.steps is not None
    vectors = _attend(graph, encoded, decoded.steps, numbers)
    return add_head(graph, weights, vectors, by_step=True), decoded.final


def _bridge(graph: Graph, weights: Weights, encoded: States) -> list[str]:
    """Return the first states of each layer of the decoder, (1, B, H)."""
    initial = []
    for layer, last in enumerate(encoded.final):
        names = f"bridge.weight_l{layer}", f"bridge.bias_l{layer}"
        constants = (graph.constant(name, weights[name]) for name in names)
        sums = graph.add("Gemm", join_directions(graph, last), *constants, transB=1)
        initial.append(graph.add("Unsqueeze", graph.add("Tanh", sums), np.array([0])))
    return initial


def _attend(graph: Graph, encoded: Encoded, steps: Steps, numbers: str) -> str:
    """Return the attentional vectors (B, T, H)."""
    weights, memory = encoded.weights, encoded.memory
    query, out = (
        graph.constant(name, weights[name].T)
        for name in ("cross_attention.weight_query", "cross_attention.weight_out")
    )
    queries = graph.add("MatMul", steps.values, query)
    states = graph.add("Transpose", memory.values, perm=[0, 2, 1])
    products = graph.add("MatMul", queries, states)
    n_states = count_steps(graph, memory.values)
    scores = graph.add("Add", products, _by_distance(graph, encoded, numbers, n_states))
    valid = is_valid(graph, n_states, memory.lengths, axis=1)
    shares = graph.add("Softmax", graph.add("Where", valid, scores, LOWEST), axis=2)
    context = graph.add("MatMul", shares, memory.values)
    joined = graph.add("Concat", context, steps.values, axis=2)
    return graph.add("Tanh", graph.add("MatMul", joined, out))


def _by_distance(graph: Graph, encoded: Encoded, numbers: str, n_states: str) -> str:
    """Return the bias of each state from where each step expects it, (T, U)."""
    letters_per_token = np.float64(encoded.network.architecture.letters_per_token)
    places = graph.add("Mul", graph.add("Cast", numbers, to=DOUBLE), letters_per_token)
    expected = graph.add("Floor", graph.add("Add", places, np.float64(0.5)))
    rows = graph.add("Unsqueeze", graph.add("Cast", expected, to=INT64), np.array([1]))
    distances = graph.add("Sub", step_numbers(graph, n_states), rows)
    within = graph.add("Min", graph.add("Max", distances, np.int64(-REACH)), np.int64(REACH))
    name = "cross_attention.offset_bias"
    table = graph.constant(name, encoded.weights[name])
    return graph.add("Gather", table, graph.add("Add", within, np.int64(REACH)))
