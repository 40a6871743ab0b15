from __future__ import annotations

import base64
import re

import matplotlib as mpl
import numpy as np
import pytest

from fastgru.evaluation.calibration import reliability_bins, rescale
from fastgru.report.data_figures import composition_picture, length_picture
from fastgru.report.drawing import COLOURS, draw, line_entry, line_style, shorten_name
from fastgru.report.run_figures import confusion_picture, learning_picture, reliability_picture


def svg_of(picture):
    scheme, _, content = picture.source.partition(";base64,")
    assert scheme == "data:image/svg+xml"
    return base64.b64decode(content).decode("utf-8")


def paint_line(axes):
    axes.plot([0, 1], [1, 2])
    axes.set(xlabel="cost in $ and $", ylabel="_name")


def test_draw__gives_the_same_bytes_whatever_the_user_has_set():
    expected = draw("title", "alt", paint_line)
    with mpl.rc_context({"lines.linewidth": 9, "figure.dpi": 300, "svg.fonttype": "path"}):
        assert draw("title", "alt", paint_line) == expected


def test_draw__fetches_nothing_and_holds_no_date():
    svg = svg_of(draw("title", "alt", paint_line))
    links = set(re.findall(r'(?:href|src)="([^"]*)"', svg)) | set(
        re.findall(r"url\(([^)]*)\)", svg)
    )
    assert all(link.startswith("#") for link in links)
    assert not re.search(r"20\d\d-\d\d-\d\d", svg)
    assert "<script" not in svg


def test_draw__keeps_text_as_text():
    svg = svg_of(draw("title", "alt", paint_line))
    assert "cost in $ and $" in svg
    assert "_name" in svg


def test_line_style__differs_between_twenty_classes():
    styles = {tuple(line_style(k).values()) for k in range(20)}
    assert len(styles) == 20
    assert line_entry(0, "first").colour == COLOURS[0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("EI", "EI"), ("x" * 16, "x" * 16), ("family number 17", "family number 17")],
)
def test_shorten_name__keeps_short_names(name, expected):
    assert shorten_name(name) == expected


def test_shorten_name__keeps_both_ends():
    assert shorten_name("a very long name of class 17") == "a very l…lass 17"
    assert len(shorten_name("x" * 40)) == 16


def some_classes(n_classes):
    shares = {"A": 0.25, "C": 0.25, "G": 0.25, "T": 0.25}
    lengths = {"min": 5, "q25": 6, "median": 7.0, "q75": 9, "max": 10, "histogram": [3, 1]}
    return {f"$class_{k}": {"length": lengths, "composition": shares} for k in range(n_classes)}


@pytest.mark.parametrize("n_classes", [1, 2, 7, 8, 20])
def test_data_figures__fit_any_number_of_classes(n_classes):
    classes = some_classes(n_classes)
    for picture in (length_picture(classes, [5, 8, 11]), composition_picture(classes)):
        assert "$class_0" in picture.alt
        assert f"$class_{n_classes - 1}" in picture.alt
        assert svg_of(picture).startswith("<svg")


@pytest.mark.parametrize("n_classes", [2, 3, 9, 20, 30])
def test_confusion_picture__fits_any_number_of_classes(n_classes):
    matrix = [[5 * (row == column) for column in range(n_classes)] for row in range(n_classes)]
    metrics = {"classes": [f"class {k}" for k in range(n_classes)], "confusion_matrix": matrix}
    picture = confusion_picture(metrics)
    assert f"{5 * n_classes} of {5 * n_classes} test sequences" in picture.alt


@pytest.mark.parametrize(("temperature", "n_series"), [(1.0, 1), (1.7, 2)])
def test_reliability_picture__shows_both_sides_of_a_temperature(temperature, n_series):
    proba = np.random.default_rng(0).dirichlet([1, 1, 1], 40)
    true = np.arange(40) % 3
    after, before = (
        {"reliability": reliability_bins(p, true), "ece": ece}
        for p, ece in ((proba, 0.125), (rescale(proba, 0.5), 0.25))
    )
    metrics = {"classes": list("abc"), "temperature": temperature, "uncalibrated": before, **after}
    picture = reliability_picture(metrics)
    assert len(picture.legend) == n_series
    assert "0.125" in picture.alt
    assert ("0.250" in picture.alt) == (n_series == 2)
    assert svg_of(picture).startswith("<svg")


def test_learning_picture__names_the_epoch_that_was_kept():
    nan = float("nan")
    history = {"epoch": [1, 2, 3], "train_loss": [3, 2, 1], "validation_loss": [3, 1.5, 2]}
    picture = learning_picture(history, 2)
    assert "epoch 2, with a validation loss of 1.500, was kept" in picture.alt
    assert [entry.label for entry in picture.legend] == ["training", "validation", "epoch 2, kept"]
    without = learning_picture({**history, "validation_loss": [nan, nan, nan]}, 3)
    assert "no validation loss was recorded" in without.alt
    assert [entry.label for entry in without.legend] == ["training"]
