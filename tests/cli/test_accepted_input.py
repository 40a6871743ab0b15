"""Every way of writing the same data gives the same result as the clean file."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

LETTERS = {
    "dna": "ACGTRYSWKMBDHVN",
    "rna": "ACGURYSWKMBDHVN",
    "protein": "ACDEFGHIKLMNPQRSTVWYBZJXUO",
}


def clean_records(alphabet: str) -> list[tuple[str, str]]:
    rng = np.random.default_rng(5)
    return [
        (
            f"sp|P{place:05}|NAME_{place} label={'xy'[place % 2]} more words",
            "".join(rng.choice(list(LETTERS[alphabet]), 10 + place)),
        )
        for place in range(40)
    ]


def fasta(records: list[tuple[str, str]], line_end: str = "\n") -> str:
    return "".join(f">{header}{line_end}{sequence}{line_end}" for header, sequence in records)


def wrapped(sequence: str, line_end: str = "\n") -> str:
    return line_end.join(sequence[start : start + 7] for start in range(0, len(sequence), 7))


def each_sequence(change: Callable[[str], str]) -> Callable[[list[tuple[str, str]]], bytes]:
    return lambda records: fasta([(head, change(seq)) for head, seq in records]).encode()


def each_header(change: Callable[[str], str]) -> Callable[[list[tuple[str, str]]], bytes]:
    return lambda records: fasta([(change(head), seq) for head, seq in records]).encode()


def whole_text(change: Callable[[str], str | bytes]) -> Callable[[list[tuple[str, str]]], bytes]:
    def written(records: list[tuple[str, str]]) -> bytes:
        content = change(fasta(records))
        return content.encode() if isinstance(content, str) else content

    return written


VARIANTS: dict[str, Callable[[list[tuple[str, str]]], bytes]] = {
    "wrapped lines": each_sequence(wrapped),
    "lower case": each_sequence(str.lower),
    "soft-masked": each_sequence(lambda sequence: sequence[:5].lower() + sequence[5:]),
    "CRLF": whole_text(lambda text: text.replace("\n", "\r\n")),
    "CR": whole_text(lambda text: text.replace("\n", "\r")),
    "wrapped CRLF": each_sequence(lambda sequence: wrapped(sequence, "\r\n")),
    "byte-order mark": whole_text(lambda text: text.encode("utf-8-sig")),
    "UTF-16": whole_text(lambda text: text.encode("utf-16")),
    "blank lines": whole_text(lambda text: "\n\n" + text.replace("\n", "\n\n")),
    "missing last newline": whole_text(str.rstrip),
    "comments": whole_text(lambda text: "; from a program\n" + text),
    "tabs in headers": each_header(lambda header: header.replace(" ", "\t")),
    "spaces around headers": each_header(lambda header: f" {header}  "),
    "spaces in sequences": each_sequence(lambda sequence: f"{sequence[:4]} {sequence[4:]} "),
    "gzip": whole_text(lambda text: gzip.compress(text.encode())),
    "bzip2": whole_text(lambda text: bz2.compress(text.encode())),
    "xz": whole_text(lambda text: lzma.compress(text.encode())),
    "bgzip": whole_text(
        lambda text: gzip.compress(text[:99].encode()) + gzip.compress(text[99:].encode())
    ),
}
DNA_ONLY = {"U for T": each_sequence(lambda sequence: sequence.replace("T", "U"))}
RNA_ONLY = {"T for U": each_sequence(lambda sequence: sequence.replace("U", "T"))}
PROTEIN_ONLY = {"trailing stop": each_sequence(lambda sequence: sequence + "*")}
CASES = [
    pytest.param(alphabet, write, id=f"{alphabet}-{name}")
    for alphabet, extra in (("dna", DNA_ONLY), ("rna", RNA_ONLY), ("protein", PROTEIN_ONLY))
    for name, write in {**VARIANTS, **extra}.items()
]


@pytest.fixture(scope="module")
def known() -> dict[tuple[str, str], Any]:
    """What a command makes of the clean file of an alphabet, once the first test has asked."""
    return {}


@pytest.mark.parametrize(("alphabet", "write"), CASES)
def test_split__does_not_see_the_writing(
    alphabet: str, write: Callable[[list[tuple[str, str]]], bytes], tmp_path: Path, known, run_cli
) -> None:
    def split(content: bytes) -> bytes:
        (tmp_path / "a.fa").write_bytes(content)
        options = ["--alphabet", alphabet, "--label-field", "label", "--force"]
        code, _, err = run_cli(["split", tmp_path / "a.fa", *options, "-o", tmp_path / "split"])
        assert code == 0, err
        return (tmp_path / "split").read_bytes()

    records = clean_records(alphabet)
    if ("split", alphabet) not in known:
        known["split", alphabet] = split(fasta(records).encode())
    assert split(write(records)) == known["split", alphabet]


@pytest.mark.parametrize(("alphabet", "write"), CASES)
def test_audit__does_not_see_the_writing(
    alphabet: str, write: Callable[[list[tuple[str, str]]], bytes], known, run_cli
) -> None:
    def audit(content: bytes) -> dict[str, Any]:
        options = ["--alphabet", alphabet, "--label-field", "label"]
        code, out, err = run_cli(["audit", "-", *options], stdin=content)
        assert code == 0, err
        report: dict[str, Any] = json.loads(out)
        # The file and its spelling differ, and are reported.
        for entry in ("files", "respelled", "findings"):
            del report[entry]
        return report

    records = clean_records(alphabet)
    if ("audit", alphabet) not in known:
        known["audit", alphabet] = audit(fasta(records).encode())
    assert audit(write(records)) == known["audit", alphabet]
