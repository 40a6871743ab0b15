"""Hypothesis strategies for FASTA: records, and the many ways in which people write them."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

# Letters that headers may hold: FASTA in the wild has bars, brackets, commas and other scripts.
ID_LETTERS = "abcXYZ019|.,:;=()[]{}<>'\"*+-_/\\#%&é"
WORDS = st.text(ID_LETTERS, min_size=1, max_size=12)
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])


class Entry(NamedTuple):
    """What a record means, however it is written."""

    id: str
    description: str
    sequence: str


def sequences(letters: str = "ACGTRYSWKMBDHVN", max_size: int = 60) -> st.SearchStrategy[str]:
    """Sequences of at least one letter."""
    return st.text(letters, min_size=1, max_size=max_size)


def entries(letters: str = "ACGTRYSWKMBDHVN") -> st.SearchStrategy[list[Entry]]:
    """One record or more, each with an id of its own."""
    descriptions = st.lists(WORDS, max_size=3).map(" ".join)
    entry = st.builds(Entry, WORDS, descriptions, sequences(letters))
    return st.lists(entry, min_size=1, max_size=5, unique_by=lambda record: record.id)


@st.composite
def fasta_texts(draw: st.DrawFn, *, with_comments: bool = True) -> tuple[list[Entry], str]:
    """Records, and a text that means exactly these records."""
    records = draw(entries())
    line_end = draw(LINE_ENDS)
    lines: list[str] = []
    for record in records:
        gap = draw(st.sampled_from([" ", "\t", "  "])) if record.description else ""
        lines.append(f">{record.id}{gap}{record.description}")
        rest = record.sequence
        while rest:
            width = draw(st.integers(1, max(1, len(rest))))
            padding = draw(st.sampled_from(["", "", "", " ", "\t"]))
            lines.append(padding + rest[:width] + padding)
            rest = rest[width:]
            if with_comments and draw(st.integers(0, 9)) == 0:
                lines.append("; a comment > with marks")
        lines += [""] * draw(st.sampled_from([0, 0, 0, 1, 2]))
    ending = draw(st.sampled_from(["", line_end]))
    return records, line_end.join(lines) + ending
