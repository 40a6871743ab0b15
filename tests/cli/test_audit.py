from __future__ import annotations

import json
from pathlib import Path

import pytest

from fastgru.datasets import load_amp


def amp_arguments() -> list[str]:
    classes = zip(("AMP", "UniProt"), load_amp().files, strict=True)
    pairs = [f"{name}={path}" for name, path in classes]
    return ["--alphabet", "protein", "--class", pairs[0], "--class", pairs[1]]


def test_audit__reports_on_the_bundled_peptides(tmp_path: Path, run_cli) -> None:
    code, out, err = run_cli(["audit", *amp_arguments(), "-o", tmp_path / "audit.json"])
    assert (code, out) == (0, "")
    assert "warn: 22 sequences with more than one label: 47 records left out" in err
    assert "warn: 558 repeats of an earlier sequence" in err
    report = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert report["schema_version"] == 1
    assert report["duplicates"]["n_duplicates"] == 558
    assert report["conflicting_labels"]["n_sequences"] == 22
    assert [file["name"] for file in report["files"]] == [path.name for path in load_amp().files]


def test_audit__shows_a_table_of_classes(run_cli) -> None:
    _, _, err = run_cli(["audit", *amp_arguments()])
    lines = err.splitlines()
    assert lines[0].startswith("fastgru ")
    assert lines[0].split()[2:4] == ["fastgru", "audit"]
    assert lines[1:5] == [
        "class    records  used  min  median  max  ambiguous",
        "AMP         2600  2540    7      29  174          0",
        "UniProt     2600  2080   10      37   50          0",
        "all         5200  4620",
    ]


def test_audit__writes_the_same_bytes_every_time(tmp_path: Path, run_cli) -> None:
    for name in ("a.json", "b.json"):
        run_cli(["audit", *amp_arguments(), "-o", tmp_path / name])
    content = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert (tmp_path / "b.json").read_text(encoding="utf-8") == content
    assert content.endswith("}\n")
    assert str(tmp_path) not in content
    assert content == json.dumps(json.loads(content), indent=2, sort_keys=True) + "\n"


def test_audit__puts_the_report_on_standard_output(run_cli) -> None:
    code, out, err = run_cli(["audit", "-q", *amp_arguments()])
    assert code == 0
    assert json.loads(out)["n_kept"] == 4620
    assert all(line.startswith("warn: ") for line in err.splitlines())


def test_audit__has_a_report_even_when_training_is_impossible(run_cli) -> None:
    text = ">a label=x\nACGT\n"
    code, out, err = run_cli(["audit", "-", "--label-field", "label"], stdin=text)
    assert code == 0
    assert "fail: there is only the class 'x'" in err
    assert json.loads(out)["findings"][0]["level"] == "fail"


def test_audit__refuses_to_overwrite(tmp_path: Path, run_cli) -> None:
    (tmp_path / "audit.json").write_text("precious", encoding="utf-8")
    arguments = ["audit", *amp_arguments(), "-o", tmp_path / "audit.json"]
    code, _, err = run_cli(arguments)
    assert code == 1
    assert "audit.json: exists already. Use --force to replace it" in err
    assert (tmp_path / "audit.json").read_text(encoding="utf-8") == "precious"
    assert run_cli([*arguments, "--force"])[0] == 0
    assert json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))["n_records"] == 5200


@pytest.mark.parametrize("header", ["é", "\udcff", "名前"])
def test_audit__survives_headers_in_any_script(header: str, run_cli) -> None:
    text = f">{header} label=x\nACGT\n>b label=y\nACGT\n".encode("utf-8", "surrogateescape")
    code, out, _ = run_cli(["audit", "-", "--label-field", "label"], stdin=text)
    assert code == 0
    assert json.loads(out)["excluded"][0]["id"] == header
