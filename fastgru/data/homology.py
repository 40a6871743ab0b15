"""Which sequences are homologous: alike beyond chance, and so no test of each other.

Two sequences are *homologous* here if an alignment of them has at least a stated share of
identical letters (identity), covers at least a stated share of both (coverage), and is not
expected by chance among the sequences at hand: its E-value is at most :data:`MAX_E_VALUE`.  For
nucleotides either strand counts.  Groups are the connected components: members of one group need
not be alike, but no pair that the search finds leads out of it.

The search finds all pairs of proteins in sets of up to 400,000 letters, and most of nucleotides up
to twenty million; in larger sets distant pairs are missed (docs/decisions, 0047).  Its time grows
with the square of the letters, and a family of n has n^2 pairs (0101).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fastgru.data.alphabets import Alphabet
from fastgru.data.mmseqs import STRETCHES_UP_TO, Hits, Watch, align, is_thorough
from fastgru.data.strands import canonical
from fastgru.errors import ToolError

__all__ = [
    "MAX_E_VALUE",
    "Threshold",
    "divide_apart",
    "find_pairs",
    "group_homologues",
    "join",
    "join_named",
    "pairs_across",
    "why_incomplete",
]

_LOGGER = logging.getLogger(__name__)

MAX_E_VALUE = 0.1
"""Among all letters at hand.  MMseqs2 itself reports up to 0.001: with this margin, a search of a
part of the sequences, where an alignment is rarer by chance, finds no more than is known here."""

_ROUNDS = 10


@dataclass(frozen=True)
class Threshold:
    """From where on two sequences count as homologous.

    Attributes
    ----------
    identity
        Share of identical letters among the columns of the alignment, in [0, 1].
    coverage
        Share of each of the two sequences within the alignment, in [0, 1].
    """

    identity: float
    coverage: float = 0.8

    @classmethod
    def default(cls, alphabet: Alphabet) -> Threshold:
        """Return 40 % identity for proteins, 80 % for nucleotides, at 80 % coverage.

        Below 30 to 40 % most pairs of proteins are unrelated (Rost 1999,
        doi:10.1093/protein/12.2.85); unrelated nucleotides align at higher identities.
        """
        return cls(0.4 if alphabet.name == "protein" else 0.8)


def why_incomplete(sequences: Sequence[str], alphabet: Alphabet) -> str | None:
    """Say what a search among sequences misses, or None if it is thorough.

    Parameters
    ----------
    sequences
        All sequences of a data set, of which searches among its parts are as thorough.
    alphabet
    """
    if _is_thorough(sequences, alphabet):
        return None
    n_letters = sum(map(len, sequences))
    needed = "no word of 15 letters in common"
    if alphabet.name == "protein":
        by_stretch = n_letters <= STRETCHES_UP_TO
        needed = "no long stretch without gaps in common" if by_stretch else "few words in common"
    return (
        f"{n_letters} letters are too many for a thorough search for similar "
        f"sequences, so that pairs with {needed} may be missed"
    )


def _is_thorough(sequences: Sequence[str], alphabet: Alphabet) -> bool:
    n_letters = sum(map(len, sequences))
    return is_thorough(n_letters, n_letters, alphabet)


def group_homologues(
    sequences: Sequence[str],
    alphabet: Alphabet,
    threshold: Threshold,
    *,
    threads: int = 1,
    watch: Watch | None = None,
) -> NDArray[np.int64]:
    """Return the group of each sequence, numbered from 0 in order of the first member.

    Equal sequences, and in DNA the two strands of one, belong together however short they are.

    Parameters
    ----------
    sequences
        N normalised sequences of the alphabet, none empty.
    alphabet, threshold
    threads
        Most threads to use.
    watch
        Told of the progress of large searches.

    Returns
    -------
    groups
        int64 (N,).

    Raises
    ------
    ToolError
        If MMseqs2 is missing or fails.
    """
    groups = _number([canonical(letters, alphabet) for letters in sequences])
    for hits in find_pairs(
        sequences,
        sequences,
        alphabet,
        threshold,
        thorough=_is_thorough(sequences, alphabet),
        threads=threads,
        watch=watch,
    ):
        groups = join(groups, hits.query, hits.target)
    return groups


def _number(names: Sequence[str]) -> NDArray[np.int64]:
    """Return a number for each name, from 0 in order of appearance."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)


def join(
    groups: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the groups after those of each pair of sequences were made one.

    Parameters
    ----------
    groups
        int64 (N,), group of each sequence, numbered from 0.
    first, second
        int64 (n_pairs,), places of sequences.
    """
    size = int(groups.max(initial=-1)) + 1
    links = coo_array((np.ones(len(first)), (groups[first], groups[second])), shape=(size, size))
    _, joined = connected_components(links, directed=False)
    _, places, numbers = np.unique(joined[groups], return_index=True, return_inverse=True)
    rank = np.empty(len(places), np.int64)
    rank[np.argsort(places)] = np.arange(len(places))
    result: NDArray[np.int64] = rank[numbers]
    return result


def join_named(groups: NDArray[np.int64], names: Sequence[str]) -> NDArray[np.int64]:
    """Return the groups after those of sequences of one name were made one.

    Parameters
    ----------
    groups
        int64 (N,), group of each sequence, numbered from 0.
    names
        N names of further groups.
    """
    _, first, numbers = np.unique(np.array(names), return_index=True, return_inverse=True)
    return join(groups, first[numbers], np.arange(len(groups)))


def divide_apart(
    sequences: Sequence[str],
    alphabet: Alphabet,
    threshold: Threshold,
    draw: Callable[[NDArray[np.int64]], list[list[str]]],
    *,
    together: Sequence[str] | None = None,
    threads: int = 1,
    watch: Watch | None = None,
) -> tuple[NDArray[np.int64], list[list[str]]]:
    """Divide groups of homologues, and search across the parts until nothing is found there.

    Both searches are as thorough as one of all sequences is; where that is not, a warning is
    logged.

    Parameters
    ----------
    sequences
        N normalised sequences of the alphabet, none empty.
    alphabet, threshold
    draw
        Takes the group of each sequence and returns splits, each with the name of the part of
        each sequence, that divide no group.
    together
        Names of further groups that are to stay together, one for each sequence.
    threads
        Most threads to use.
    watch
        Told of the progress of large searches.

    Returns
    -------
    groups, splits

    Raises
    ------
    ToolError
        If MMseqs2 is missing or fails, or goes on finding pairs.
    """
    groups = group_homologues(sequences, alphabet, threshold, threads=threads, watch=watch)
    if together is not None:
        groups = join_named(groups, together)
    incomplete = why_incomplete(sequences, alphabet)
    if incomplete is not None:
        _LOGGER.warning("warning: %s, and stand across the split", incomplete)
    for _ in range(_ROUNDS):
        splits = draw(groups)
        n_found = 0
        for parts in splits:
            for hits in pairs_across(
                sequences, parts, alphabet, threshold, threads=threads, watch=watch
            ):
                n_found += len(hits.query)
                groups = join(groups, hits.query, hits.target)
        if n_found == 0:
            return groups, splits
    raise ToolError(
        f"MMseqs2: found homologous sequences across the split after {_ROUNDS} divisions, expected "
        "none once they were put into one group. Choose a higher identity, or another method."
    )


def find_pairs(
    queries: Sequence[str],
    targets: Sequence[str],
    alphabet: Alphabet,
    threshold: Threshold,
    *,
    among: int | None = None,
    thorough: bool | None = None,
    threads: int = 1,
    watch: Watch | None = None,
) -> Iterator[Hits]:
    """Find homologous pairs of a query and a target; all of them only in small sets of proteins.

    Parameters
    ----------
    queries, targets
        Normalised sequences of the alphabet, none empty.
    alphabet, threshold
    among
        Letters by which the E-value is reckoned; None for those of the targets.
    thorough
        Whether to search thoroughly; None for :func:`.mmseqs.is_thorough` of these two lists.
    threads
        Most threads to use.
    watch
        Told of the progress of large searches.

    Yields
    ------
    Hits
        Those of some queries at a time, all of each.
    """
    lengths = [np.array([len(letters) for letters in both], int) for both in (queries, targets)]
    n_query_letters, n_target_letters = (int(of.sum()) for of in lengths)
    if thorough is None:
        thorough = is_thorough(n_query_letters, n_target_letters, alphabet)
    n_letters = n_target_letters if among is None else among
    for hits in align(
        queries,
        targets,
        alphabet,
        identity=threshold.identity,
        coverage=threshold.coverage,
        thorough=thorough,
        among=n_letters,
        threads=threads,
        watch=watch,
    ):
        longer = np.maximum(*(of[at] for of, at in zip(lengths, hits[:2], strict=True)))
        # Karlin and Altschul 1990: E = m n 2^-bits; the same for both directions by the longer m.
        likely = longer * n_letters * np.exp2(-hits.bits) > MAX_E_VALUE
        yield Hits(*(column[~likely] for column in hits))


def pairs_across(
    sequences: Sequence[str],
    parts: Sequence[str],
    alphabet: Alphabet,
    threshold: Threshold,
    *,
    threads: int = 1,
    watch: Watch | None = None,
) -> Iterator[Hits]:
    """Find the homologous pairs that stand in different parts of a split.

    The sequences of each part are searched for among those of all later parts, in alphabetical
    order of the parts, independently of any groups, as thoroughly as all of them would be.

    Parameters
    ----------
    sequences, parts
        N sequences, and the name of the part of each.
    alphabet, threshold
    threads
        Most threads to use.
    watch
        Told of the progress of large searches.

    Yields
    ------
    Hits
        Places among the sequences; the query is in the part that comes first in the alphabet.
    """
    names = np.array(parts)
    among, thorough = sum(map(len, sequences)), _is_thorough(sequences, alphabet)
    for name in sorted(set(parts))[:-1]:
        inside, later = np.flatnonzero(names == name), np.flatnonzero(names > name)
        for hits in find_pairs(
            [sequences[k] for k in inside.tolist()],
            [sequences[k] for k in later.tolist()],
            alphabet,
            threshold,
            among=among,
            thorough=thorough,
            threads=threads,
            watch=watch,
        ):
            yield hits._replace(query=inside[hits.query], target=later[hits.target])
