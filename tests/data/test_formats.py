import pytest

from fastgru.data.formats import describe_binary, describe_text


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (b"PK\x03\x04\x14\x00", "a ZIP archive or an Office document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Office document"),
        (b"%PDF-1.7", "a PDF document"),
        (b"{\\rtf1\\ansi", "a rich-text document"),
        (b"(\xb5/\xfd\x04", "zstandard data"),
        (b"\x1f\x8b\x08", "gzip data inside compressed data"),
        (b"BAM\x01\x00", "a BAM file"),
        (b"\x89HDF\r\n", "an HDF5 file"),
        (b">seq\nAC\x00GT", "a binary file"),
    ],
)
def test_describe_binary__names_the_format(start: bytes, expected: str) -> None:
    assert describe_binary(start).startswith(f"this is {expected}, expected text. ")


@pytest.mark.parametrize("start", [b"", b">seq\nACGT\n", "\ufeff>seq".encode("utf-16"), b">s\xe9q"])
def test_describe_binary__lets_text_pass(start: bytes) -> None:
    assert describe_binary(start) is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("<!DOCTYPE html>\n", "an HTML page"),
        ("  <HTML>\n", "an HTML page"),
        ("@read1\n", "a FASTQ file"),
        ("@SQ\tSN:chr1\n", "a SAM file"),
        ("LOCUS       NM_000207\n", "a GenBank file"),
        ("##gff-version 3\n", "a GFF annotation"),
        ("# STOCKHOLM 1.0\n", "a Stockholm alignment"),
        ("CLUSTAL W (1.8)\n", "a Clustal alignment"),
        ("version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        ('{"sequences": []}\n', "a JSON file"),
    ],
)
def test_describe_text__names_the_format(line: str, expected: str) -> None:
    assert describe_text(line).startswith(f"this looks like {expected}, expected FASTA, which")


def test_describe_text__shows_what_is_there_otherwise() -> None:
    expected = "found 'ACGT', expected a FASTA header, which begins with '>'."
    assert describe_text("ACGT\n").startswith(expected)
