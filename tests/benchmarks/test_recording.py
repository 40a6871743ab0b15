"""What a benchmark says about itself."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from benchmarks import recording
from benchmarks.recording import describe, refuse_disagreement, skip


def test_skip__keeps_the_reason_for_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "NOT_MEASURED", {})
    with pytest.raises(pytest.skip.Exception, match="no such rival"):
        skip(["one", "two"], "no such rival")
    assert recording.NOT_MEASURED == {"one": "no such rival", "two": "no such rival"}


def test_refuse_disagreement__fails_before_anything_is_timed() -> None:
    refuse_disagreement({"y": 1e-7}, "a row")
    with pytest.raises(pytest.fail.Exception, match="a row is not timed: y differs by"):
        refuse_disagreement({"y": 1e-2}, "a row")


def test_describe__leaves_out_what_is_not_known() -> None:
    benchmark = SimpleNamespace(extra_info={})
    describe(benchmark, what="step", label="B 1", differences={"y": 1e-7, "dx": 1e-6})
    assert benchmark.group == "step"
    assert benchmark.extra_info == {
        "label": "B 1",
        "measure": "ratio",
        "targets": [],
        "largest_difference": 1e-6,
    }
