"""The journal of ``fastgru predict``, beside the output that is not whole yet.

The journal says by what a run was begun, and how much of it is on the disk.  Which records these
are it knows by a digest, so that it does not matter how they come the next time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from fastgru import __version__
from fastgru.data.part_file import part_path
from fastgru.data.writing import atomic_write, remove_written
from fastgru.errors import CheckpointError, counted

if TYPE_CHECKING:
    from fastgru.data.unlabelled import CheckedSequence

__all__ = ["Done", "RecordDigest", "RunJournal", "describe_run", "journal_path"]

_VERSION = 1
_KEY = "fastgru_prediction_journal"
OPTIONS = {
    "format": "format",
    "per_position": "per_position",
    "prevalence": "prevalence",
    "threshold": "threshold",
    "abstain": "abstain",
    "beam_size": "beam_size",
    "length_penalty": "length_penalty",
    "most_tokens": "max_length",
}
"""Those that a row depends on, and what messages call them; the records have their digest."""


@dataclass(frozen=True)
class Done:
    """How much of a run is on the disk.

    Attributes
    ----------
    n_records, n_flagged
        Whose rows are, and how many of them have a flag.
    n_bytes
        Of the part file.
    digest
        Of these records.
    """

    n_records: int = 0
    n_flagged: int = 0
    n_bytes: int = 0
    digest: str = ""


class RecordDigest:
    """A digest of all records until now: of their ids, and of what is predicted from."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, record: CheckedSequence) -> None:
        """Take one more record into account."""
        content = _content(record) if record.problem is None else record.problem
        self._digest.update(f"{record.id}\t{content}\n".encode("utf-8", "surrogateescape"))

    def value(self) -> str:
        """Return what the digest is by now, in hexadecimal."""
        return self._digest.copy().hexdigest()


def _content(record: CheckedSequence) -> str:
    sequence = record.sequence
    if isinstance(sequence, str):
        return sequence
    if hasattr(sequence, "letters"):
        return f"{sequence.letters}\t{sequence.features.digest()}"
    digest: str = sequence.digest()
    return digest


def journal_path(output: str) -> str:
    """Return the name of the journal of an output."""
    return f"{part_path(output)}.json"


def describe_run(args: argparse.Namespace) -> dict[str, Any]:
    """Return by what a run was begun, as it stands in the journal.

    Parameters
    ----------
    args
        Parsed options of ``fastgru predict``.
    """
    with open(args.model, "rb") as file:
        model = hashlib.file_digest(file, "sha256").hexdigest()
    options = {name: getattr(args, option) for option, name in OPTIONS.items()}
    described: dict[str, Any] = json.loads(
        json.dumps({"fastgru_version": __version__, "model_sha256": model, "options": options})
    )
    return described


class RunJournal:
    """The journal of one run.

    Parameters
    ----------
    output
    run
        From `describe_run`.
    """

    def __init__(self, output: str, run: Mapping[str, Any]) -> None:
        self.path = journal_path(output)
        self._run = run

    def write(self, done: Done) -> None:
        """Replace the file; what it says has to be on the disk."""
        with atomic_write(self.path) as file:
            json.dump({_KEY: _VERSION, **self._run, "done": asdict(done)}, file, indent=2)
            file.write("\n")

    def remove(self) -> None:
        """Remove the file, and what killed processes have left of it."""
        remove_written(self.path)

    def read(self, n_bytes: int) -> Done | None:
        """Return how much is done; None if there is no such file.

        Parameters
        ----------
        n_bytes
            Of the part file.

        Raises
        ------
        CheckpointError
            If the file is damaged, or is of another run.
        """
        journal = self._load()
        if journal is None:
            return None
        difference = self._find_difference(journal)
        done = Done(**journal["done"])
        if difference is None and done.n_bytes > n_bytes:
            difference = (
                f"for {counted(done.n_bytes, 'byte')}, expected the {n_bytes} that are there"
            )
        if difference is not None:
            raise CheckpointError(
                f"{self.path}: was made {difference}. Go on with the same model and options, or "
                "use --force to start again."
            )
        return done

    def _load(self) -> dict[str, Any] | None:
        try:
            with open(self.path, encoding="utf-8") as file:
                journal: dict[str, Any] = json.load(file)
            Done(**journal["done"])
            version = journal[_KEY]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"{self.path}: is no readable journal ({error}), expected one of 'fastgru "
                "predict'. Use --force to start again."
            ) from error
        if version != _VERSION:
            raise CheckpointError(
                f"{self.path}: has version {version} of the format, expected {_VERSION}. Go on "
                "with the fastgru that wrote it, or use --force to start again."
            )
        return journal

    def _find_difference(self, journal: Mapping[str, Any]) -> str | None:
        """Return the first difference from this run, None if there is none."""
        if journal["fastgru_version"] != __version__:
            return f"by fastgru {journal['fastgru_version']}, expected {__version__}"
        if journal["model_sha256"] != self._run["model_sha256"]:
            then, now = journal["model_sha256"][:12], self._run["model_sha256"][:12]
            return f"with a model of SHA-256 {then}..., expected {now}..."
        for name, now in self._run["options"].items():
            then = journal["options"].get(name)
            if then != now:
                return f"with {name} {then!r}, expected {now!r}"
        return None
