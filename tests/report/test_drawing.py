from __future__ import annotations

import re

import matplotlib as mpl
import numpy as np
import pytest

from fastgru.evaluation.calibration import reliability_bins, rescale
from fastgru.report.data_figures import composition_picture, length_picture
from fastgru.report.drawing import COLOURS, INK, draw, embed, line_entry, line_style, shorten_name
from fastgru.report.run_figures import (
    SHADES,
    confusion_picture,
    epochs_picture,
    reliability_picture,
)


def paint_line(axes):
    axes.plot([0, 1], [1, 2])
    axes.set(xlabel="cost in $ and $", ylabel="_name")


def test_draw__gives_the_same_bytes_whatever_the_user_has_set():
    expected = draw("title", "alt", paint_line)
    with mpl.rc_context({"lines.linewidth": 9, "figure.dpi": 300, "svg.fonttype": "path"}):
        assert draw("title", "alt", paint_line) == expected


def test_draw__fetches_nothing_and_holds_no_date():
    svg = embed(draw("title", "alt", paint_line), 1)
    links = re.findall(r'(?:href|src)="([^"]*)"|url\(([^)]*)\)', svg)
    assert links
    assert all("".join(link).startswith("#f1-") for link in links)
    assert not re.search(r"20\d\d-\d\d-\d\d|<script|<style|https?:", svg)


def test_embed__keeps_the_ids_of_pictures_apart():
    picture = draw("title", "alt", paint_line)
    ids = [set(re.findall(r' id="([^"]*)"', embed(picture, number))) for number in (1, 2)]
    assert ids[0]
    assert not ids[0] & ids[1]
    for number in (1, 2):
        svg = embed(picture, number)
        assert set(re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', svg)) <= {
            pair for name in ids[number - 1] for pair in ((name, ""), ("", name))
        }


def test_embed__escapes_every_text():
    def paint(axes):
        axes.plot([0, 1], [0, 1])
        axes.set(xlabel='<script> id="x" & "')

    svg = embed(draw("title", '<b>"alt"', paint, points=[(0, 0, "<i>here")]), 1)
    assert 'aria-label="&lt;b&gt;&quot;alt&quot;"' in svg
    assert "<title>&lt;i&gt;here</title>" in svg
    assert '&lt;script&gt; id="x" &amp; "' in svg
    assert not re.search("<script|<i>|<b>", svg)


def test_draw__marks_points_where_they_are():
    def paint(axes):
        axes.plot([0, 10], [0, 10], marker="o")

    points = [(0, 0, "low"), (10, 10, "high"), (float("nan"), 1, "none"), (900, 1, "outside")]
    svg = draw("title", "alt", paint, points=points, width=4, height=2).svg
    assert svg.startswith('<svg viewBox="0 0 288 144">')
    circles = re.findall(r'cx="([\d.]+)" cy="([\d.]+)" r="5"><title>(\w+)<', svg)
    assert [name for *_, name in circles] == ["low", "high"]
    uses = re.findall(r'<use href="#\w+" x="([\d.]+)" y="([\d.]+)"[^>]*#1f77b4', svg)
    assert len(uses) == 2
    for (x, y, _), use in zip(circles, uses, strict=True):
        assert (float(x), float(y)) == pytest.approx(tuple(map(float, use)), abs=0.1)


def test_draw__keeps_text_as_text():
    svg = embed(draw("title", "alt", paint_line), 1)
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
        assert picture.svg.startswith("<svg")


@pytest.mark.parametrize("n_classes", [2, 20])
def test_length_picture__names_what_sequences_are_made_of(n_classes):
    svgs = [length_picture(some_classes(n_classes), [5, 8, 11], "steps").svg,
            length_picture(some_classes(n_classes), [5, 8, 11]).svg]  # fmt: skip
    assert [("Steps" in svg, "Letters" in svg) for svg in svgs] == [(True, False), (False, True)]


@pytest.mark.parametrize("n_classes", [2, 3, 9, 20, 30])
def test_confusion_picture__fits_any_number_of_classes(n_classes):
    matrix = [[5 * (row == column) for column in range(n_classes)] for row in range(n_classes)]
    metrics = {"classes": [f"class {k}" for k in range(n_classes)], "confusion_matrix": matrix}
    picture = confusion_picture(metrics)
    assert f"{5 * n_classes} of {5 * n_classes} test sequences" in picture.alt


def luminance(colour):
    channels = np.array(mpl.colors.to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_confusion_picture__can_be_read_on_every_shade():
    shades = mpl.cm.ScalarMappable(mpl.colors.Normalize(0, SHADES["vmax"]), SHADES["cmap"])
    for share in np.linspace(0, 1, 21):
        light, dark = luminance(shades.to_rgba(share)[:3]), luminance(INK)
        assert (light + 0.05) / (dark + 0.05) > 4.5


@pytest.mark.parametrize(("temperature", "n_series"), [(1.0, 1), (1.7, 2)])
def test_reliability_picture__shows_both_sides_of_a_temperature(temperature, n_series):
    proba = np.random.default_rng(0).dirichlet([1, 1, 1], 40)
    true = np.arange(40) % 3
    after, before = (
        {"reliability": reliability_bins(p, true), "ece": ece}
        for p, ece in ((proba, 0.125), (rescale(proba, 0.5), 0.25))
    )
    metrics = {"classes": list("abc"), "temperatures": [temperature], "uncalibrated": before}
    metrics |= after
    picture = reliability_picture(metrics)
    assert len(picture.legend) == n_series
    assert "0.125" in picture.alt
    assert ("0.250" in picture.alt) == (n_series == 2)
    assert picture.svg.startswith("<svg")


def test_reliability_picture__names_the_range_of_temperatures():
    proba = np.random.default_rng(0).dirichlet([1, 1, 1], 40)
    bins = {"reliability": reliability_bins(proba, np.arange(40) % 3), "ece": 0.125}
    metrics = {"classes": list("abc"), "temperatures": [1.5, 1.25], "uncalibrated": bins, **bins}
    assert "with temperature 1.25 to 1.5 " in reliability_picture(metrics).alt


def test_epochs_picture__names_the_epochs_that_were_kept():
    nan = float("nan")
    history = {"epoch": [1, 2, 3], "train_loss": [3, 2, 1], "validation_loss": [3, 1.5, 2]}
    picture = epochs_picture({1: history, 2: history}, {1: 2, 2: 3})
    assert "of 2 folds by epoch; the weights of epoch 2, 3 were kept" in picture.alt
    assert "a validation loss of 1.500, 2.000" in picture.alt
    assert "fold 2, epoch 3: training loss 1.000" in picture.svg
    labels = [entry.label for entry in picture.legend]
    assert labels == ["training", "validation", "epoch kept (2, 3)"]
    without = epochs_picture({1: {**history, "validation_loss": [nan, nan, nan]}}, {1: 3})
    assert "no validation loss was recorded" in without.alt
    assert [entry.label for entry in without.legend] == ["training"]
