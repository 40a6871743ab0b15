"""Recognising what a file is when it is not the FASTA or TSV text that was expected."""

from __future__ import annotations

__all__ = ["SAM_HEADERS", "describe_binary", "describe_text"]

_SAVE_AS_TEXT = "Open it in the program that made it and save it as plain text."
_DECOMPRESS = "Decompress it first; gzip, bzip2 and xz are read directly."

# First bytes of files that people give by mistake, with the cure.
_BINARY: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive or an Office document", f"Unpack it. {_SAVE_AS_TEXT}"),
    (b"\xd0\xcf\x11\xe0", "an old Office document", _SAVE_AS_TEXT),
    (b"%PDF", "a PDF document", _SAVE_AS_TEXT),
    (b"{\\rtf", "a rich-text document", _SAVE_AS_TEXT),
    (b"(\xb5/\xfd", "zstandard data", _DECOMPRESS),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _DECOMPRESS),
    (b"\x1f\x9d", "data of the old compress program", _DECOMPRESS),
    (b"\x1f\x8b", "gzip data inside compressed data", "Decompress it once."),
    (b"BZh", "bzip2 data inside compressed data", "Decompress it once."),
    (b"\xfd7zXZ\x00", "xz data inside compressed data", "Decompress it once."),
    (b"BAM\x01", "a BAM file", "Convert it with 'samtools fasta'."),
    (b"CRAM", "a CRAM file", "Convert it with 'samtools fasta'."),
    (b"\x89HDF", "an HDF5 file", "Export the sequences as FASTA."),
    (b"\x80\x04\x95", "a Python pickle", "Export the sequences as FASTA."),
)

SAM_HEADERS = tuple(f"@{kind}\t" for kind in ("hd", "sq", "rg", "pg", "co"))
"""How the lines of a SAM file's header begin, in lower case."""

# First characters of the first line that is not blank, in lower case.
_TEXT: tuple[tuple[str, str, str], ...] = (
    ("<!doctype", "an HTML page", "Download the file itself instead of the page that shows it."),
    ("<html", "an HTML page", "Download the file itself instead of the page that shows it."),
    ("<?xml", "an XML file", "Export the sequences as FASTA."),
    *((start, "a SAM file", "Convert it with 'samtools fasta'.") for start in SAM_HEADERS),
    ("@", "a FASTQ file", "Convert it, for example with 'seqkit fq2fa'."),
    ("locus ", "a GenBank file", "Convert it, for example with Biopython's SeqIO.convert."),
    ("id  ", "an EMBL or UniProt text file", "Download it in FASTA format."),
    ("##gff", "a GFF annotation", "Give the FASTA of the sequences instead."),
    ("##fileformat=vcf", "a VCF file", "Give the FASTA of the sequences instead."),
    ("# stockholm", "a Stockholm alignment", "Convert it to FASTA and remove the gaps."),
    ("clustal", "a Clustal alignment", "Convert it to FASTA and remove the gaps."),
    ("#nexus", "a NEXUS file", "Convert it to FASTA and remove the gaps."),
    ("version https://git-lfs", "a Git LFS pointer", "Fetch the file with 'git lfs pull'."),
    ("{", "a JSON file", "Export the sequences as FASTA."),
    ("[", "a JSON file", "Export the sequences as FASTA."),
)


def describe_binary(start: bytes) -> str | None:
    """Say what a file is if its first (decompressed) bytes show that it is not text.

    Returns
    -------
    description
        Found, expected and cure, without the place; None if it may be text.
    """
    for magic, kind, cure in _BINARY:
        if start.startswith(magic):
            return f"this is {kind}, expected text. {cure}"
    is_utf16 = start[:2] in (b"\xff\xfe", b"\xfe\xff")
    if b"\0" in start and not is_utf16:
        return "this is a binary file, expected text. Check that the right file was given."
    return None


def describe_text(line: str) -> str:
    """Say what a text file is whose first line does not begin with ``>``.

    Parameters
    ----------
    line
        The first line that is neither blank nor a comment.

    Returns
    -------
    description
        Found, expected and cure, without the place.
    """
    start = line.strip().lower()
    for prefix, kind, cure in _TEXT:
        if start.startswith(prefix):
            return f"this looks like {kind}, expected FASTA, which begins with '>'. {cure}"
    shown = ascii(line.strip()[:40])
    return (
        f"found {shown}, expected a FASTA header, which begins with '>'. "
        "Put a line '>name' before each sequence."
    )
