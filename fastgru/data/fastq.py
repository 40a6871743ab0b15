"""Reading FASTQ: ``@id description``, the letters, a line that begins with ``+``, the quality.

The quality has one character for each letter and is read over.  Letters and quality may be wrapped
over several lines each, as in old files: as ``@`` and ``+`` are qualities, too, their number alone
says where a record ends (Cock et al. 2010, doi:10.1093/nar/gkp1137).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain

from fastgru.data.fasta import Record, decoded, make_record
from fastgru.errors import FastaFormatError, location

__all__ = ["parse_fastq"]

_INCOMPLETE = "The file is incomplete: copy or download it again."
_SHOWN = 40


def parse_fastq(blocks: Iterable[bytes], name: str, first_line: int = 1) -> Iterator[Record]:
    """Yield the records of blocks of whole lines.

    Parameters
    ----------
    blocks
    name
        Of the file, for messages.
    first_line
        Number of the first line.

    Raises
    ------
    FastaFormatError
        At the first line that cannot belong to the format; its `line` is that of the fault.
    """
    lines = chain.from_iterable(block.removesuffix(b"\n").split(b"\n") for block in blocks)
    returned: deque[bytes] = deque()

    def take() -> bytes | None:
        return returned.popleft() if returned else next(lines, None)

    number = first_line
    while (title := take()) is not None:
        if not title.startswith(b"@"):
            if title.strip():
                raise _not_a_title(title, name, number)
            number += 1
            continue
        given = [line for line in (take(), take(), take()) if line is not None]
        if len(given) == 3 and given[1].startswith(b"+") and len(given[0]) == len(given[2]):
            yield make_record(title[1:], given[0], number)
            number += 4
        else:
            returned.extend(given)  # a record without letters may have fewer lines
            reader = _Wrapped(title, iter(take, None), name, number)
            yield reader.record()
            number = reader.number


class _Wrapped:
    """Reads a record that has not four lines, or is at fault.

    Attributes
    ----------
    number
        Of the next line.
    """

    def __init__(self, title: bytes, lines: Iterator[bytes], name: str, number: int) -> None:
        self._title, self._lines, self._name, self._first = title, lines, name, number
        self.number = number + 1

    def record(self) -> Record:
        """Return the record."""
        body = self._letters()
        n_letters, n_quality, n_lines = sum(map(len, body)), 0, 0
        while n_quality < n_letters and n_lines < len(body):
            line = self._next("its quality")
            n_quality, n_lines = n_quality + len(line), n_lines + 1
        if n_quality != n_letters:
            cure = _INCOMPLETE if n_quality < n_letters else "Correct the record."
            raise self._error(
                f"the quality has {n_quality} characters for {n_letters} letters, expected as "
                f"many. {cure}",
                self.number - 1,
            )
        return make_record(self._title[1:], b"\n".join(body), self._first)

    def _letters(self) -> list[bytes]:
        """Return the lines up to the one that begins with a plus sign."""
        body: list[bytes] = []
        while not (line := self._next("a line that begins with '+'")).startswith(b"+"):
            if line.startswith((b"@", b">")):
                raise self._error(
                    f"found {_shown(line)} behind the letters, expected a line that begins with "
                    "'+'. The record has no quality: correct it, or convert the file to FASTA.",
                    self.number - 1,
                )
            body.append(line)
        return body

    def _next(self, expected: str) -> bytes:
        line = next(self._lines, None)
        if line is None:
            raise self._error(
                f"the file ends within the record, expected {expected}. {_INCOMPLETE}",
                self.number - 1,
            )
        self.number += 1
        return line

    def _error(self, text: str, line: int) -> FastaFormatError:
        words = decoded(self._title[1:]).split(None, 1)
        place = location(self._name, line, words[0] if words else "")
        return FastaFormatError(f"{place}: {text}", self._name, line)


def _not_a_title(line: bytes, name: str, number: int) -> FastaFormatError:
    text = f"found {_shown(line)}, expected a FASTQ record, which begins with '@'"
    cure = "The record before has more letters or qualities than it should: correct it."
    if line.startswith(b">"):
        cure = "Give FASTA and FASTQ as files of their own."
    return FastaFormatError(f"{location(name, number)}: {text}. {cure}", name, number)


def _shown(line: bytes) -> str:
    return ascii(decoded(line).strip()[:_SHOWN])
