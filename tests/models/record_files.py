"""Model files of every task, for the tests that hold that older files can be read.

``python -m tests.models.record_files FOLDER`` writes them, and predictions.json beside them, with
the state of fastgru that is installed.  Run it in a new folder of ``tests/models/files`` before a
release, or when the format changes; what is there already is never written again.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np

import fastgru

SMALL: dict[str, Any] = {
    "embedding_size": 3,
    "hidden_size": 4,
    "max_epochs": 2,
    "batch_size": 8,
    "learning_rate": 1e-2,
    "threads": 1,
    "random_state": 0,
}
USE = {"license": "CC0-1.0", "intended_use": "Tests of fastgru."}
PROBE = ["ACGTTGCANNGATTACAT", "TTTTTTTTTTTT", "GATTACAGATTACAG"]
COMPLEMENT = str.maketrans("ACGT", "TGCA")


def sequences() -> list[str]:
    rng = random.Random(7)
    drawn = ["".join(rng.choices("ACGT", k=rng.randint(12, 20))) for _ in range(24)]
    return [s[:3] + "GATTACA" + s[10:] if k % 2 else s for k, s in enumerate(drawn)]


def classification(seed: int = 0) -> Any:
    labels = ["yes" if k % 2 else "no" for k in range(24)]
    return fastgru.SequenceClassifier(**{**SMALL, "random_state": seed}).fit(sequences(), labels)


def ensemble() -> Any:
    return fastgru.average_models([classification(0), classification(1)])


def multilabel() -> Any:
    table = np.array([[k % 2, k // 2 % 2] for k in range(24)], np.float64)
    table[3, 1] = np.nan
    return fastgru.SequenceClassifier(**SMALL).fit(sequences(), table)


def regression() -> Any:
    return fastgru.SequenceRegressor(**SMALL).fit(sequences(), [s.count("A") for s in sequences()])


def language_model() -> Any:
    return fastgru.SequenceLanguageModel(**SMALL).fit(sequences())


def tagging() -> Any:
    labels = ["".join("h" if letter in "AT" else "e" for letter in s) for s in sequences()]
    return fastgru.SequenceTagger(**SMALL, crf=True).fit(sequences(), labels)


def translation() -> Any:
    translations = [s.translate(COMPLEMENT) for s in sequences()]
    return fastgru.Seq2Seq(**SMALL, target_alphabet="dna").fit(sequences(), translations)


def series() -> Any:
    rng = np.random.default_rng(3)
    given = [rng.standard_normal((length, 2)) for length in rng.integers(5, 9, 24)]
    labels = ["yes" if k % 2 else "no" for k in range(24)]
    sizes = {name: value for name, value in SMALL.items() if name != "embedding_size"}
    return fastgru.SequenceClassifier(alphabet="series", **sizes).fit(given, labels)


MODELS = (
    classification,
    ensemble,
    multilabel,
    regression,
    language_model,
    tagging,
    translation,
    series,
)


def predictions(name: str, model: Any) -> list[Any]:
    """What a model says of a few sequences, as numbers."""
    if name == "translation":
        pure = PROBE[1:]
        return model.score_samples(pure, [s.translate(COMPLEMENT) for s in pure]).tolist()
    if name == "language_model":
        return model.score_samples(PROBE).tolist()
    if name == "regression":
        return model.predict(PROBE).tolist()
    if name == "tagging":
        return np.concatenate(model.predict_proba(PROBE)).tolist()
    if name == "series":
        return model.predict_proba([np.eye(3, 2), np.ones((5, 2))]).tolist()
    return model.predict_proba(PROBE).tolist()


def record(folder: Path) -> None:
    folder.mkdir(parents=True)
    found = {}
    for make in MODELS:
        model = make()
        model.save(folder / f"{make.__name__}.safetensors", extra=USE)
        found[make.__name__] = np.round(predictions(make.__name__, model), 6).tolist()
    text = json.dumps(found, indent=1) + "\n"
    (folder / "predictions.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    record(Path(sys.argv[1]))
