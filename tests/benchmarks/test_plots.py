"""The plots of a stored run."""

from __future__ import annotations

from pathlib import Path

from benchmarks.plots import draw, drawable
from benchmarks.results import load

STORED = Path(__file__).parent / "stored.json"


def test_draw__is_the_same_every_time(tmp_path: Path) -> None:
    document = load(STORED)
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
        draw(document, folder)
    assert {path.name for path in folders[0].iterdir()} == {"roofline.svg", "ratios.svg"}
    for name in drawable(document):
        first, second = ((folder / name).read_bytes() for folder in folders)
        assert first == second
        assert b"<svg" in first


def test_draw__leaves_out_what_was_not_measured(tmp_path: Path) -> None:
    draw(load(STORED) | {"benchmarks": []}, tmp_path)
    assert list(tmp_path.iterdir()) == []
