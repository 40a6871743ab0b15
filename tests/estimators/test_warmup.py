from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import fastgru

ROOT = str(Path(fastgru.__file__).parent.parent)
PROGRAM = """
import importlib, pkgutil, sys
import fastgru.kernels
from fastgru import SequenceClassifier, SequenceTagger
from fastgru.estimators.warmup import compile_kernels
from fastgru.models.architecture import POOLINGS

def compiled():
    names = [module.name for module in pkgutil.iter_modules(fastgru.kernels.__path__)]
    modules = [importlib.import_module(f"fastgru.kernels.{name}") for name in names]
    kernels = {
        f"{kernel.__module__}.{kernel.__name__}": kernel
        for module in modules
        for entry in vars(module).values()
        for kernel in [getattr(entry, "compiled", entry)]
        if hasattr(kernel, "signatures")
    }
    return {f"{name} {signature}" for name, k in kernels.items() for signature in k.signatures}

compile_kernels("float32", "gru")
before = compiled()
sequences, labels = ["ACGTACGT" * 40, "ACG", "NNNN", "TTRA"] * 12, ["a", "a", "b", "b"] * 12
for layers, both, positions in ((1, False, False), (1, True, True), (3, True, False)):
    for pooling, channels, norm in (
        (["last"], [], "none"), (["mean"], [9], "batch"), (["attention"], [], "none"),
        (["last", "mean", "max"], [33, 5], "layer"), (list(POOLINGS), [4], "none"),
    ):
        model = SequenceClassifier(
            conv_channels=channels, conv_norm=norm,
            num_layers=layers, bidirectional=both, position_embedding=positions, pooling=pooling,
            hidden_size=17, max_epochs=1, class_weight="balanced", random_state=0,
        )
        model.fit(sequences, labels).predict_proba(sequences)
        if channels and not positions:
            for _ in model.scan({"a": "ACGTTGCANT" * 50}, window=90, step=9):
                pass
tags = ["ab" * (len(letters) // 2) + "?" * (len(letters) % 2) for letters in sequences]
for crf in (False, True):
    tagger = SequenceTagger(crf=crf, hidden_size=17, max_epochs=1, random_state=0)
    tagger.fit(sequences, tags).predict_proba(sequences)
    tagger.predict(sequences)
print(len(before))
print(*sorted(compiled() - before), sep="\\n")
"""


def test_compile_kernels__leaves_nothing_to_compile_for_a_classifier() -> None:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        check=False,
        env={**os.environ, "PYTHONPATH": ROOT},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    n_before, *compiled_late = result.stdout.splitlines()
    assert int(n_before) > 10
    assert compiled_late in ([], [""])


def test_compile_kernels__knows_no_other_precision() -> None:
    from fastgru.estimators.warmup import compile_kernels

    with pytest.raises(ValueError, match="dtype must be 'float32' or 'float64', got 'float16'"):
        compile_kernels("float16", "gru")
