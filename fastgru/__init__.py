"""Train and run recurrent classifiers and regressors for DNA, RNA and protein sequences on a CPU.

Public names are loaded when they are first used, so that ``import fastgru`` and the command's
help load neither the compiler nor scikit-learn.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastgru import datasets
    from fastgru.errors import FastgruError
    from fastgru.estimators.averaging import average_models
    from fastgru.estimators.classifier import SequenceClassifier
    from fastgru.estimators.encoder import SequenceEncoder
    from fastgru.estimators.homology_folds import HomologyGroupKFold
    from fastgru.estimators.language_model import SequenceLanguageModel
    from fastgru.estimators.regressor import SequenceRegressor
    from fastgru.estimators.seq2seq import Seq2Seq
    from fastgru.estimators.tagger import SequenceTagger
    from fastgru.layers.activation_functions import Activation
    from fastgru.layers.conversions import swap_update_gate
    from fastgru.layers.gru import GRU
    from fastgru.layers.lstm import LSTM
    from fastgru.layers.rnn import RNN

__version__ = "0.1.0"
__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "FastgruError",
    "HomologyGroupKFold",
    "Seq2Seq",
    "SequenceClassifier",
    "SequenceEncoder",
    "SequenceLanguageModel",
    "SequenceRegressor",
    "SequenceTagger",
    "__version__",
    "average_models",
    "datasets",
    "swap_update_gate",
]

_HOMES = {
    "Activation": "fastgru.layers.activation_functions",
    "FastgruError": "fastgru.errors",
    "GRU": "fastgru.layers.gru",
    "HomologyGroupKFold": "fastgru.estimators.homology_folds",
    "LSTM": "fastgru.layers.lstm",
    "RNN": "fastgru.layers.rnn",
    "Seq2Seq": "fastgru.estimators.seq2seq",
    "SequenceClassifier": "fastgru.estimators.classifier",
    "SequenceEncoder": "fastgru.estimators.encoder",
    "SequenceLanguageModel": "fastgru.estimators.language_model",
    "SequenceRegressor": "fastgru.estimators.regressor",
    "SequenceTagger": "fastgru.estimators.tagger",
    "average_models": "fastgru.estimators.averaging",
    "swap_update_gate": "fastgru.layers.conversions",
}


def __getattr__(name: str) -> Any:
    if name in ("datasets", "onnx"):
        return importlib.import_module(f"fastgru.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'fastgru' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
