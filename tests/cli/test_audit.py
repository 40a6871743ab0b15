from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from fastgru.data import mmseqs
from fastgru.datasets import load_amp


def amp_arguments() -> list[str]:
    classes = zip(("AMP", "UniProt"), load_amp().files, strict=True)
    pairs = [f"{name}={path}" for name, path in classes]
    return ["--alphabet", "protein", "--class", pairs[0], "--class", pairs[1], "--no-homology"]


def test_audit__reports_on_the_bundled_peptides(tmp_path: Path, run_cli) -> None:
    code, out, err = run_cli(["audit", *amp_arguments(), "-o", tmp_path / "audit.json"])
    assert (code, out) == (0, "")
    assert "warn: 22 sequences with more than one label: 47 records left out" in err
    assert "warn: 558 repeats of an earlier sequence" in err
    report = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert report["schema_version"] == 2
    assert report["duplicates"]["n_duplicates"] == 558
    assert report["conflicting_labels"]["n_sequences"] == 22
    assert [file["name"] for file in report["files"]] == [path.name for path in load_amp().files]


def test_audit__writes_numbers_alone_where_a_class_is_rare(tmp_path: Path, run_cli) -> None:
    rng = random.Random(2)
    lengths = {"common": [20] * 2990, "rare": [25] * 5}
    for name, of_class in lengths.items():
        lines = [
            f">{name}{k}\n{''.join(rng.choices('ACGT', k=n))}\n" for k, n in enumerate(of_class)
        ]
        (tmp_path / f"{name}.fa").write_text("".join(lines), encoding="utf-8")
    files = [f"--class={name}={tmp_path / name}.fa" for name in lengths]
    _, out, _ = run_cli(["audit", *files, "--no-homology", "-o", "-"])

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    assert json.loads(out, parse_constant=refuse)["shortcuts"][0]["roc_auc"] == 1.0


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
        run_cli([*labelled_file(tmp_path), "-o", tmp_path / name])
    content = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert (tmp_path / "b.json").read_text(encoding="utf-8") == content
    assert content.endswith("}\n")
    assert str(tmp_path) not in content
    assert content == json.dumps(json.loads(content), indent=2, sort_keys=True) + "\n"


def test_audit__puts_the_report_on_standard_output(tmp_path: Path, run_cli) -> None:
    code, out, err = run_cli([*labelled_file(tmp_path), "-q"])
    assert code == 0
    assert json.loads(out)["n_kept"] == 39
    assert err
    assert all(line.startswith("warn: ") for line in err.splitlines())


def test_audit__has_a_report_even_when_training_is_impossible(run_cli) -> None:
    text = ">a label=x\nACGT\n"
    code, out, err = run_cli(["audit", "-", "--label-field", "label"], stdin=text)
    assert code == 1
    assert "fail: there is only the class 'x'" in err
    assert json.loads(out)["findings"][0]["level"] == "fail"


def test_audit__refuses_to_overwrite(tmp_path: Path, run_cli) -> None:
    (tmp_path / "audit.json").write_text("precious", encoding="utf-8")
    arguments = [*labelled_file(tmp_path), "-o", tmp_path / "audit.json"]
    code, _, err = run_cli(arguments)
    assert code == 1
    assert "audit.json: exists already. Use --force to replace it" in err
    assert (tmp_path / "audit.json").read_text(encoding="utf-8") == "precious"
    assert run_cli([*arguments, "--force"])[0] == 0
    assert json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))["n_records"] == 40


@pytest.mark.parametrize("header", ["é", "\udcff", "名前"])
def test_audit__survives_headers_in_any_script(header: str, run_cli) -> None:
    text = f">{header} label=x\nACGT\n>b label=y\nACGT\n".encode("utf-8", "surrogateescape")
    code, out, _ = run_cli(["audit", "-", "--label-field", "label"], stdin=text)
    assert code == 1  # one record is no class to learn
    assert json.loads(out)["excluded"][0]["id"] == header


def labelled_file(folder: Path, *columns: str) -> list[str]:
    rng = random.Random(2)
    letters = ["".join(rng.choices("ACGT", k=60)) for _ in range(40)]
    letters[39] = letters[0]
    records = "".join(f">r{k}\n{text}\n" for k, text in enumerate(letters))
    (folder / "a.fa").write_text(records, encoding="utf-8")
    rows = [f"r{k}\t{'xy'[k % 2]}" + "".join(f"\t{c}" for c in columns) for k in range(39)]
    rows.append("r39\tx" + "\ttest" * len(columns))
    names = "\t".join(["id", "label", "split"][: 2 + len(columns)])
    (folder / "labels.tsv").write_text("\n".join([names, *rows]), encoding="utf-8")
    return ["audit", folder / "a.fa", "--labels", folder / "labels.tsv"]


def test_audit__shows_how_far_a_large_search_is(
    tmp_path: Path, run_cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = labelled_file(tmp_path)
    assert "looking for similar" not in run_cli(arguments)[2]
    monkeypatch.setattr(mmseqs, "_BAND_LETTERS", {"nucleotide": 800})
    _, _, err = run_cli(arguments)
    shown = [line for line in err.splitlines() if "looking for similar sequences: " in line]
    assert len(shown) >= 2
    assert shown[-1].endswith("100 %")


def test_audit__looks_for_leaks_in_a_given_split(tmp_path: Path, run_cli) -> None:
    arguments = labelled_file(tmp_path, "train")
    code, out, err = run_cli([*arguments, "--identity", "0.9"])
    assert code == 0
    assert "warn: 1 of 1 test sequences are copies of training or validation" in err
    assert json.loads(out)["leaks"]["test"]["exact"] == 1
    assert json.loads(out)["homology"]["identity"] == 0.9


def test_audit__takes_a_split_from_a_file(tmp_path: Path, run_cli) -> None:
    arguments = labelled_file(tmp_path)
    rows = [f"r{k}\t{'xy'[k % 2] if k < 39 else 'x'}\t{'test' if k > 35 else 'train'}"
            for k in range(40)]  # fmt: skip
    (tmp_path / "split.tsv").write_text("\n".join(["id\tlabel\tsplit", *rows]), encoding="utf-8")
    code, out, err = run_cli([*arguments, "--split", tmp_path / "split.tsv", "--no-homology"])
    assert code == 0
    assert json.loads(out)["leaks"]["test"] == {
        "n": 4, "exact": 1, "reverse_complement": 0, "near_identical": None, "homologous": None
    }  # fmt: skip
    assert "warn: similar sequences were not looked for, as asked: test sequences may be" in err
    grouped = [f"{row}\tg{(k + 1) // 2}" for k, row in enumerate(rows[:37])]
    header = "id\tlabel\tsplit\tgroup"
    (tmp_path / "groups.tsv").write_text("\n".join([header, *grouped]), encoding="utf-8")
    words = [*arguments, "--split", tmp_path / "groups.tsv", "--no-homology"]
    assert "warn: the split divides 1 group: 'g18'" in run_cli(words).err
    (tmp_path / "other.tsv").write_text("id\tlabel\tsplit\nq\tx\ttest\n", encoding="utf-8")
    result = run_cli([*arguments, "--split", tmp_path / "other.tsv"])
    assert (result.code, "other.tsv: names none of the sequences" in result.err) == (1, True)


def test_audit__ends_with_an_error_where_a_finding_fails(tmp_path: Path, run_cli) -> None:
    arguments = [*labelled_file(tmp_path, "train"), "--no-homology"]
    level = ["--level", "leaking_split=fail", "--level", "duplicates=note"]
    code, out, err = run_cli([*arguments, *level, "-o", tmp_path / "audit.json"])
    assert (code, out) == (1, "")
    assert "fail: 1 of 1 test sequences" in err
    assert "note: 1 repeat of an earlier sequence" in err
    report = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert report["findings"][0]["level"] == "fail"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--level", "shortcut"], "expected CODE=LEVEL, got 'shortcut'"),
        (["--level", "shortcut=bad"], "level shortcut=bad: must be one of fail, warn, note"),
        (["--level", "x=warn"], "level x=warn: there is no finding 'x', expected one of one_class"),
        (["--identity", "0.5", "--no-homology"], "--identity 0.5: no sequences are compared"),
    ],
)
def test_audit__refuses_options_that_make_no_sense(
    options: list[str], message: str, tmp_path: Path, run_cli
) -> None:
    result = run_cli([*labelled_file(tmp_path), *options])
    assert result.code == 2
    assert message in result.err
