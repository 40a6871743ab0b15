from __future__ import annotations

import json

import pytest

from fastgru.errors import FastgruError
from fastgru.report.multiqc import FILES, require_new_multiqc, write_multiqc
from fastgru.report.reading import Experiment, find_experiments


@pytest.fixture
def written(experiments, tmp_path):
    write_multiqc(find_experiments([experiments]), tmp_path / "mqc")
    return {
        name: json.loads((tmp_path / "mqc" / name).read_text(), parse_constant=pytest.fail)
        for name in FILES
    }


def test_write_multiqc__keeps_to_the_format_of_custom_content(written):
    """The names, keys and shapes that https://docs.seqera.io/multiqc/custom_content asks for."""
    assert all(name.endswith("_mqc.json") for name in written)
    assert len({content["id"] for content in written.values()}) == len(written)
    kinds = [content["plot_type"] for content in written.values()]
    assert kinds == ["generalstats", "table", "linegraph"]
    for content in written.values():
        if content["plot_type"] == "linegraph":
            pairs = [pair for curve in content["data"].values() for pair in curve]
            assert all(isinstance(number, int | float) for pair in pairs for number in pair)
            assert {len(pair) for pair in pairs} == {2}
        else:
            for row in content["data"].values():
                assert set(row) <= set(content["headers"])
                assert all(isinstance(value, str | int | float) for value in row.values())
            assert all("title" in header for header in content["headers"].values())
        if content["plot_type"] != "generalstats":
            assert content["section_name"].startswith("fastgru: ")
            assert content["pconfig"]["id"] != content["id"]


def test_write_multiqc__has_a_row_for_each_data_set_and_contender(written, experiments):
    scores = written["fastgru_scores_mqc.json"]["data"]
    best = written["fastgru_best_mqc.json"]["data"]
    found = find_experiments([experiments])
    assert list(best) == ["peptides", "splice"]
    for one in found:
        assert best[one.dataset]["mcc"] == one.best["pooled"]["mcc"]
        for row in one.scored:
            assert scores[f"{one.dataset}, {row['name']}"]["mcc"] == row["pooled"]["mcc"]
        assert scores[f"{one.dataset}, onehot_logistic"]["kind"] == "baseline"
        assert "mcc" not in scores[f"{one.dataset}, onehot_logistic"]
    assert len(scores) == sum(
        len(one.content["contenders"]) + len(one.content["controls"]) for one in found
    )


def test_write_multiqc__leaves_no_curve_of_earlier_results(written, experiments, tmp_path):
    found = [
        Experiment(one.folder, {**one.content, "learning_curve": {}})
        for one in find_experiments([experiments])
    ]
    write_multiqc(found, tmp_path / "mqc")
    names = {path.name for path in (tmp_path / "mqc").iterdir()}
    assert names == {"fastgru_best_mqc.json", "fastgru_scores_mqc.json"}


def test_require_new_multiqc__refuses_a_file(tmp_path):
    (tmp_path / "mqc").write_text("")
    with pytest.raises(FastgruError, match="mqc: is a file, expected a folder"):
        require_new_multiqc(tmp_path / "mqc", force=True)
