from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fastgru.report.cells import compare_cells
from fastgru.report.model_views import ModelView
from fastgru.report.reading import Experiment
from fastgru.report.results import read_seconds
from tests.architectures import small_architecture


def make_view(name: str, cell: str, **changes: Any) -> ModelView:
    sizes = small_architecture(hidden_size=8, dtype="float32", cell=cell)
    known: dict[str, Any] = {
        "name": name,
        "anchor": name,
        "description": "",
        "metrics": {"roc_auc": 0.9},
        "thresholds": [],
        "pictures": [],
        "n_weights": 77,
        "epochs": [1],
        "card": {"architecture": sizes.to_dict()},
        "gradient": [1.0, 0.1, 0.005, 0.0],
        "speed": 120.0,
    }
    return ModelView(**{**known, **changes})


def test_compare_cells__has_a_row_and_a_line_for_each_model() -> None:
    views = [make_view("a", "gru", gradient=[1.0, 0.5]), make_view("b", "rnn", speed=None)]
    found = compare_cells(views, "roc_auc")
    assert found is not None
    first, second = found.rows
    assert (first.name, first.layers) == ("a", "1 GRU layer of 8 units, one direction")
    assert (first.n_weights, first.speed, first.score, first.reach) == (77, 120.0, 0.9, None)
    assert (second.speed, second.reach) == (None, 2)
    assert [entry.label for entry in found.picture.legend] == ["a", "b"]
    assert "a 0.5 after 1 steps, b 0 after 3 steps" in found.picture.alt


@pytest.mark.parametrize(
    "views",
    [
        [],
        [make_view("a", "gru"), make_view("b", "gru")],
        [make_view("a", "gru"), make_view("b", "rnn", gradient=[])],
    ],
    ids=["no models", "one cell", "nothing known of the other"],
)
def test_compare_cells__needs_two_cells(views: list[ModelView]) -> None:
    assert compare_cells(views, "roc_auc") is None


def test_timing__is_where_the_workflow_notes_it() -> None:
    experiment = Experiment(Path("results/toys"), {})
    path = experiment.timing("train", experiment.run_folder("bigru", 2))
    assert path == Path("results/timings/train/toys/fold2/bigru/seed1.tsv")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, None),
        ("s\th:m:s\n12.5\t0\n", 12.5),
        ("s\n1\n2\n", 1.5),
        ("s\n", None),
        ("s\n-\n", None),
    ],
)
def test_read_seconds__is_the_mean_of_the_runs(
    content: str | None, expected: float | None, tmp_path: Path
) -> None:
    path = tmp_path / "t.tsv"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert read_seconds(path) == expected
