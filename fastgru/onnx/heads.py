"""From the outputs of a network to what fastgru's own ``predict`` gives, task by task.

::

    classification  Div by the temperature -> Softmax                     -> probabilities
                    of an ensemble the mean: Sum -> Div
    multilabel      Div by the temperature -> Sigmoid                     -> probabilities
    regression      Cast to double -> Mul by deviation -> Add of mean     -> predictions
    tagging         Softmax, or the marginals of the random field         -> probabilities
                    ArgMax, or the best path of the random field          -> labels
    language_model, translation
                    LogSoftmax in double precision                        -> log_probabilities
                    of the letters or tokens given, and their end: sum    -> log_likelihood
    translation     a Loop of the likeliest tokens                        -> translations
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fastgru.estimators.ensemble import networks_of
from fastgru.estimators.fitted_classifier import FittedClassifier
from fastgru.estimators.fitted_language_model import FittedLanguageModel
from fastgru.estimators.fitted_model import FittedModel
from fastgru.estimators.fitted_multilabel import FittedMultilabel
from fastgru.estimators.fitted_regressor import FittedRegressor
from fastgru.estimators.fitted_tagger import FittedTagger
from fastgru.estimators.fitted_translator import FittedTranslator
from fastgru.onnx.encoder_decoder import add_encoder, add_greedy_translation, add_token_logits
from fastgru.onnx.field import add_best_path, add_marginals
from fastgru.onnx.graph import DOUBLE, FLOAT, INT64, Graph
from fastgru.onnx.language_network import add_language_network
from fastgru.onnx.likelihood import add_log_likelihood, add_log_probabilities
from fastgru.onnx.network import add_network
from fastgru.onnx.reading import Given
from fastgru.onnx.steps import count_steps, is_valid

__all__ = ["Output", "add_outputs"]


@dataclass(frozen=True)
class Output:
    """An output of the graph.

    Attributes
    ----------
    name
    value
        What it is called inside.
    kind
        Type of its numbers, ONNX's.
    shape
        Of each axis its size, or the name of that.
    """

    name: str
    value: str
    kind: int
    shape: tuple[int | str, ...]


def add_outputs(graph: Graph, fitted: FittedModel, given: Given) -> list[Output]:
    """Add a whole model.

    Parameters
    ----------
    graph, fitted, given
    """
    return _TASKS[fitted.task](graph, fitted, given)


def _classify(graph: Graph, fitted: FittedModel, given: Given) -> list[Output]:
    assert isinstance(fitted, FittedClassifier)
    members = networks_of(fitted)
    found = []
    for number, member in enumerate(members):
        graph.scope = f"members.{number}." if len(members) > 1 else ""
        logits = add_network(graph, member.network, given)
        tempered = _divide(graph, logits, member.calibration.temperature)
        found.append(graph.add("Softmax", tempered, axis=1))
    graph.scope = ""
    mean = found[0]
    if len(found) > 1:
        mean = graph.add("Div", graph.add("Sum", *found), np.float32(len(found)))
    return [Output("probabilities", mean, FLOAT, ("batch", len(fitted.classes)))]


def _label(graph: Graph, fitted: FittedModel, given: Given) -> list[Output]:
    assert isinstance(fitted, FittedMultilabel)
    logits = add_network(graph, fitted.network, given)
    tempered = _divide(graph, logits, fitted.calibration.temperature)
    found = graph.add("Sigmoid", tempered)
    return [Output("probabilities", found, FLOAT, ("batch", len(fitted.classes)))]


def _divide(graph: Graph, logits: str, temperature: float) -> str:
    return graph.add(
        "Div", logits, graph.constant("temperature", np.array([temperature], np.float32))
    )


def _regress(graph: Graph, fitted: FittedModel, given: Given) -> list[Output]:
    assert isinstance(fitted, FittedRegressor)
    outputs = graph.add("Cast", add_network(graph, fitted.network, given), to=DOUBLE)
    scaled = graph.add(
        "Mul", outputs, graph.constant("target_deviation", fitted.objective.deviation)
    )
    found = graph.add("Add", scaled, graph.constant("target_mean", fitted.objective.mean))
    return [Output("predictions", found, DOUBLE, ("batch", len(fitted.targets)))]


def _tag(graph: Graph, fitted: FittedModel, given: Given) -> list[Output]:
    assert isinstance(fitted, FittedTagger)
    logits = add_network(graph, fitted.network, given)
    field = fitted.network.crf
    if field is None:
        found = graph.add("Softmax", logits, axis=2)
        labels = graph.add("ArgMax", logits, axis=2, keepdims=0)
    else:
        marginals = add_marginals(graph, field, logits, given.lengths)
        found = graph.add("Cast", marginals, to=FLOAT)
        labels = add_best_path(graph, field, logits, given.lengths)
    n_steps = count_steps(graph, logits)
    valid = is_valid(graph, n_steps, given.lengths)
    found = graph.add("Where", valid, found, np.float32(0))
    labels = graph.add("Where", graph.add("Squeeze", valid, np.array([2])), labels, np.int64(-1))
    shape = "batch", "length"
    return [
        Output("probabilities", found, FLOAT, (*shape, len(fitted.classes))),
        Output("labels", labels, INT64, shape),
    ]


def _model_language(graph: Graph, fitted: FittedModel, given: Given) -> list[Output]:
    assert isinstance(fitted, FittedLanguageModel)
    ahead, *back = add_language_network(graph, fitted.network, given)
    shape = "batch", "length + 1", fitted.network.architecture.n_outputs
    outputs = _likelihood(graph, ahead, given, shape)
    for logits in back:
        found = graph.add("Cast", add_log_probabilities(graph, logits), to=FLOAT)
        outputs.append(Output("log_probabilities_back", found, FLOAT, shape))
    return outputs


def _translate(graph: Graph, fitted: FittedModel, given: Given) -> list[Output]:
    assert isinstance(fitted, FittedTranslator)
    written = Given("target_lengths", "target_tokens")
    encoded = add_encoder(graph, fitted.network, given)
    logits = add_token_logits(graph, encoded, written)
    shape = "batch", "target_length + 1", fitted.network.architecture.n_outputs
    outputs = _likelihood(graph, logits, written, shape)
    found = add_greedy_translation(graph, encoded, "max_length")
    return [*outputs, Output("translations", found, INT64, ("batch", "written"))]


def _likelihood(
    graph: Graph, logits: str, given: Given, shape: tuple[int | str, ...]
) -> list[Output]:
    assert given.tokens is not None
    logs = add_log_probabilities(graph, logits)
    total, single = add_log_likelihood(graph, logs, given.tokens, given.lengths)
    return [
        Output("log_probabilities", single, FLOAT, shape),
        Output("log_likelihood", total, DOUBLE, ("batch",)),
    ]


_TASKS: dict[str, Callable[[Graph, FittedModel, Given], list[Output]]] = {
    "classification": _classify,
    "multilabel": _label,
    "regression": _regress,
    "tagging": _tag,
    "language_model": _model_language,
    "translation": _translate,
}
