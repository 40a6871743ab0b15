"""Collecting everything that is wrong with the input, and saying it in one message."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastgru.data.alphabets import Alphabet
from fastgru.data.fasta import Record
from fastgru.errors import FastaFormatError, FastgruError, display_name, location

__all__ = ["Problem", "Problems", "check_record"]

_SHOWN_PER_FILE = 20
_CURES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something cannot be used.

    Attributes
    ----------
    text
        What was found and what was expected, without the place and without a full stop.
    cure
        How to fix it, as a sentence.
    line
        Line of the fault in its file, if it has one.
    record
        Name of the record, if it has one.
    """

    text: str
    cure: str
    line: int | None = None
    record: str | None = None


def check_record(record: Record, alphabet: Alphabet) -> str | Problem:
    """Return the normalised sequence of a record, or what is wrong with its name or letters."""
    first_line = record.line or None  # 0 where it was not read
    if not record.id:
        cure = "Write a name in each header."
        return Problem("the header is empty, expected '>name' or '@name'", cure, first_line)
    sequence = alphabet.normalise(record.sequence)
    if not sequence:
        text = "the sequence is empty, expected at least one letter"
        cure = "Remove the record or add its sequence."
        return Problem(text, cure, first_line, record.id)
    invalid = alphabet.invalid_letters(sequence)
    if invalid:
        line = record.line_of(invalid[0][0]) if first_line else None
        text = alphabet.describe_invalid(invalid)
        return Problem(text, alphabet.cure(invalid), line, record.id)
    return sequence


@dataclass
class _FileProblems:
    error: type[FastgruError]
    count: int = 0
    shown: list[Problem] = field(default_factory=list)
    cures: dict[str, None] = field(default_factory=dict)


class Problems:
    """All problems of some files, of which the first of each file are kept in full."""

    def __init__(self) -> None:
        self._files: dict[str, _FileProblems] = {}

    def __bool__(self) -> bool:
        return bool(self._files)

    def add(
        self, path: str, problem: Problem, error: type[FastgruError] = FastaFormatError
    ) -> None:
        """Note a problem of a file; `error` is what to raise if it is the first of all."""
        file = self._files.setdefault(path, _FileProblems(error))
        file.count += 1
        file.cures.setdefault(problem.cure)
        if len(file.shown) < _SHOWN_PER_FILE:
            file.shown.append(problem)

    def raise_if_any(self, advice: str = "") -> None:
        """Raise one error that lists the problems file by file, if there are any.

        Parameters
        ----------
        advice
            Last line of the message.

        Raises
        ------
        FastaFormatError, LabelError
            The class given with the first problem.
        """
        if not self._files:
            return
        lines = [_describe(path, file) for path, file in self._files.items()]
        message = "\n".join([*lines, advice] if advice else lines)
        path, file = next(iter(self._files.items()))
        if file.error is FastaFormatError:
            raise FastaFormatError(message, display_name(path), file.shown[0].line)
        raise file.error(message)


def _describe(path: str, file: _FileProblems) -> str:
    if file.count == 1:
        problem = file.shown[0]
        return f"{location(path, problem.line, problem.record)}: {problem.text}. {problem.cure}"
    lines = [f"{display_name(path)}: {file.count} problems:"]
    for problem in file.shown:
        place = location(None, problem.line, problem.record)
        lines.append(f"  {place}: {problem.text}" if place else f"  {problem.text}")
    if file.count > len(file.shown):
        lines.append(f"  and {file.count - len(file.shown)} more")
    return "\n".join([*lines, *list(file.cures)[:_CURES_SHOWN]])
