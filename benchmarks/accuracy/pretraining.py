"""What pre-training is worth: ``python -m benchmarks.accuracy.pretraining FOLDER``.

The folder is that of ``gue_mouse`` or ``amp_scanner`` beside this module.  A language model learns
from all sequences of the part to train on, without labels; classifiers from few of them with
labels, with and without its weights.  Tested on the part that is meant to look at (dev or eval);
the part test is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy import amp_scanner, gue_mouse
from benchmarks.accuracy.published_split import read_command, scores
from fastgru import SequenceClassifier, SequenceLanguageModel
from fastgru.data.alphabets import get_alphabet
from fastgru.data.partition import partition_records
from fastgru.evaluation.markov import MAX_ORDER, MarkovModel

CONFIG = Path(__file__).with_suffix(".toml")
Part = tuple[list[str], list[str]]


def read_parts(folder: Path) -> tuple[str, str, Part, Part]:
    """Return alphabet and positive class, and the parts to learn from and to look at."""
    if (folder / "train.csv").exists():
        train, held_out = (gue_mouse.read_part(folder, part) for part in ("train", "dev"))
        return "dna", gue_mouse.POSITIVE, train, held_out
    tables = [amp_scanner.read_part(folder, part) for part in ("tr", "eval")]
    train, held_out = ((table.sequences, table.labels) for table in tables)
    return "protein", amp_scanner.POSITIVE, train, held_out


def describe_language_model(
    model: SequenceLanguageModel, train: Sequence[str], held_out: Sequence[str]
) -> str:
    """Return its bits per letter on sequences held out, beside the best Markov model's."""
    alphabet = get_alphabet(model.alphabet)
    learned, tested = (list(map(alphabet.encode, sequences)) for sequences in (train, held_out))
    n_letters = len(alphabet.letters)
    n_predicted = sum(np.count_nonzero(codes < n_letters) + 1 for codes in tested)
    bits = {
        order: -MarkovModel(learned, order, n_letters).log_likelihoods(tested).sum()
        / (n_predicted * np.log(2))
        for order in range(MAX_ORDER + 1)
    }
    best = min(bits, key=bits.__getitem__)
    return (
        f"language model: {model.bits_per_letter(held_out):.4f} bits per letter; "
        f"Markov model of order {best}, the best of them: {bits[best]:.4f}"
    )


def choose_labelled(train: Part, n: int, seed: int) -> Part:
    """Return n sequences with their labels, each class in its proportion."""
    shares = {"rest": 1 - n / len(train[1]), "labelled": n / len(train[1])}
    parts = partition_records(train[1], shares, np.random.default_rng(seed))
    chosen = [k for k, part in enumerate(parts) if part == "labelled"]
    return [train[0][k] for k in chosen], [train[1][k] for k in chosen]


def score_contender(
    classifier: SequenceClassifier,
    labelled: Part,
    held_out: Part,
    positive: str,
    how: Mapping[str, Any],
) -> tuple[float, float]:
    """Return accuracy and ROC AUC on the sequences held out."""
    classifier.fit(*labelled, **how)
    column = classifier.classes_.tolist().index(positive)
    truth = np.array([label == positive for label in held_out[1]])
    return scores(classifier.predict_proba(held_out[0])[:, column], truth)


def main() -> None:
    """Train, test and print."""
    folder, threads, config = read_command(__doc__, CONFIG)
    alphabet, positive, train, held_out = read_parts(folder)
    language_model = SequenceLanguageModel(alphabet, threads=threads, **config["language_model"])
    language_model.fit(train[0])
    print(f"{len(train[0])} sequences without labels, tested on {len(held_out[0])}")
    print(describe_language_model(language_model, train[0], held_out[0]))
    print(f"{'labelled':>8}  {'':28} accuracy           ROC AUC")
    for n in config["n_labelled"]:
        for name, options in config["contenders"].items():
            how = dict(options)
            if how.pop("pretrained", False):
                how["pretrained"] = language_model
            rows = [
                score_contender(
                    SequenceClassifier(
                        alphabet, threads=threads, random_state=seed, **config["model"]
                    ),
                    choose_labelled(train, n, seed),
                    *(held_out, positive, how),
                )
                for seed in config["seeds"]
            ]
            means, spreads = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1)
            cells = [f"{m:.4f} +- {s:.4f}" for m, s in zip(means, spreads, strict=True)]
            print(f"{n:8}  {name:28} {'   '.join(cells)}")


if __name__ == "__main__":
    main()
