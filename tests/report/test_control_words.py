from __future__ import annotations

from typing import Any

import pytest

from fastgru.report.control_words import about_controls


def experiment(task: str, metric: str, chance: float | None, **control: Any) -> dict[str, Any]:
    best = {"name": "gru", "pooled": {metric: 0.8}, "intervals": {metric: [0.7, 0.9]}}
    about = {
        "of": "gru",
        "kind": "shuffled_sequences",
        "kept": "residues",
        "class_shares": None,
        "interval": None,
        "reference": {metric: 0.8},
        "reference_interval": [0.7, 0.9],
        **control,
    }
    return {
        "task": task,
        "chance": chance,
        "best": "gru",
        "contenders": [best],
        "controls": [{**about, "metrics": {metric: control["found"]}}],
    }


def sentence(*arguments: Any, **control: Any) -> str:
    (found,) = about_controls(experiment(*arguments, **control))
    return found


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (0.1, "On shuffled sequences, with their residues kept, it falls from 0.800 to 0.100: it"),
        (0.6, "it still reaches 0.600 of 0.800: 75 % of what it does above chance does not need"),
        (0.9, "it still reaches 0.900 of 0.800: all of what it does above chance does not need"),
    ],
)
def test_about_controls__judges_shuffled_sequences_by_the_way_from_chance(found, words) -> None:
    assert words in sentence("regression", "r2", 0.0, found=found)


@pytest.mark.parametrize(
    ("metric", "task", "found", "words"),
    [
        ("bits_per_letter", "language_model", 1.2, "it reaches 1.200 bits per letter instead of"),
        ("bits_per_letter", "language_model", 0.805, "Caveat: on shuffled sequences"),
        ("written_token_accuracy", "translation", 0.5, "it reads the order of the letters"),
        ("written_token_accuracy", "translation", 0.85, "does not need the order of the letters"),
    ],
)
def test_about_controls__without_chance_asks_only_whether_it_is_worse(
    metric, task, found, words
) -> None:
    assert words in sentence(task, metric, None, found=found)


@pytest.mark.parametrize(
    ("found", "interval", "words"),
    [
        (0.35, [0.3, 0.4], "Trained on shuffled labels it learns next to nothing, as it should (a"),
        (0.7, [0.6, 0.8], "Caveat: trained on shuffled labels it still predicts (a macro F1 of"),
        (0.7, [0.3, 0.8], "it is above chance, which may be by chance (a macro F1 of 0.700, aga"),
        (0.7, None, "it is above chance, which may be by chance"),
    ],
)
def test_about_controls__judges_shuffled_labels_by_chance_and_interval(
    found, interval, words
) -> None:
    control = {"kind": "shuffled_labels", "found": found, "interval": interval}
    text = sentence("tagging", "f1_macro", 1 / 3, **control)
    assert words in text
    assert "against 0.800 of the model and 0.333 by chance" in text


def test_about_controls__of_shuffled_translations_only_tells() -> None:
    control = {"kind": "shuffled_labels", "found": 0.2}
    assert sentence("translation", "written_token_accuracy", None, **control) == (
        "Trained on shuffled labels it reaches an accuracy as written of 0.200, against 0.800 of "
        "the model."
    )


def test_about_controls__says_nothing_of_a_model_at_chance_or_of_another() -> None:
    made = experiment("regression", "r2", 0.75, found=0.1)
    assert list(about_controls(made)) == []
    made = experiment("regression", "r2", 0.0, found=0.1, of="small")
    assert list(about_controls(made)) == []
