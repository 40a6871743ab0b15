from __future__ import annotations

from pathlib import Path

from tests.report.gathered_files import write_experiment


def test_summarise__has_a_row_for_each_contender(tmp_path: Path, run_cli) -> None:
    folder = write_experiment(tmp_path / "toys", skills={"bigru": 1.0, "small": 0.7})
    run_cli(["experiment", folder, "--n-resamples", 50, "-o", folder / "experiment.json"])
    code, out, _ = run_cli(["summarise", folder / "experiment.json"])
    assert code == 0
    header, *rows = (line.split("\t") for line in out.splitlines())
    assert [row[:3] for row in rows] == [
        ["toys", "bigru", "model"],
        ["toys", "small", "model"],
        ["toys", "kmer_logistic", "baseline"],
        ["toys", "majority", "baseline"],
    ]
    first = dict(zip(header, rows[0], strict=True))
    assert first["verdict"] == "the best model"
    low, value, high = (float(first[f"roc_auc{end}"]) for end in ("_low", "", "_high"))
    assert low < value < high
    assert {row[-1] for row in rows[1:]} <= {
        *("worse than the best model", "as good as the best model"),
        "not shown to be worse than the best model",
    }
    result = run_cli(["summarise", tmp_path / "none.json"])
    assert (result.code, "none.json: cannot be read as JSON" in result.err) == (1, True)
