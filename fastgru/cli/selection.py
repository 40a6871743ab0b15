"""Which records of a labelled input a command works on."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastgru.errors import FastaFormatError, LabelError, counted, shorten

if TYPE_CHECKING:
    from fastgru.data.label_table import LabelTable
    from fastgru.data.labelled import LabelledSequences

__all__ = [
    "add_split",
    "empty_part",
    "require_all_classes",
    "require_lengths",
    "select_for_training",
    "select_parts",
]

_LOGGER = logging.getLogger(__name__)
_PARTS = ("train", "validation", "test")


def add_split(parser: argparse._ActionsContainer, *, subset: bool) -> None:
    """Add ``--split`` and, if wanted, ``--subset``."""
    parser.add_argument(
        "--split",
        metavar="TSV",
        help="split written by 'fastgru split' (columns id, label, split)",
    )
    if subset:
        parser.add_argument(
            "--subset",
            choices=_PARTS,
            help="part of the split to use (default: test where there is a split, else all)",
        )


def select_parts(
    data: LabelledSequences, split: str | None, subset: str | None
) -> LabelledSequences:
    """Return the records of one part of a split, or all where there is none.

    Parameters
    ----------
    data
        Records, perhaps with a split of their own.
    split
        Path of a split file, or None.
    subset
        Part, or None for the test part of whatever split there is.

    Raises
    ------
    LabelError
        If the part is empty, or was asked for where there is no split.
    """
    from fastgru.data.duplicates import resolve_duplicates
    from fastgru.data.splits import read_split

    part = subset or "test"
    if split is not None:
        chosen = _divided(data, read_split(split), [part])
    elif data.splits is not None:
        kept, _ = resolve_duplicates(data)  # as in training, or a test sequence may be in it too
        used = data.subset(kept)
        chosen = used.subset(k for k, name in enumerate(used.splits or ()) if name == part)
    elif subset is not None:
        raise LabelError(
            f"--subset {subset}: the input has no split, expected one to take that part of. "
            "Give --split, or a column split beside the labels."
        )
    else:
        chosen = data
    if not len(chosen):
        raise empty_part(part, split)
    return chosen


def _divided(data: LabelledSequences, table: LabelTable, parts: Sequence[str]) -> LabelledSequences:
    """Apply a split, which may have been made without the targets and know of no conflicts."""
    from fastgru.data.duplicates import without_conflicts
    from fastgru.data.splits import apply_split

    used = apply_split(data, table, parts)
    if data.targets is None:
        return used
    clear = without_conflicts(data, used)
    if len(clear) < len(used):
        _LOGGER.info(
            "%d of %d records of the split are left out for conflicting targets",
            len(used) - len(clear),
            len(used),
        )
    return clear


def require_all_classes(data: LabelledSequences, used: LabelledSequences) -> None:
    """Refuse to go on if the rule for repeated sequences has left nothing of a class.

    Raises
    ------
    LabelError
    """
    lost = sorted(set(data.labels) - set(used.labels))
    if lost:
        raise LabelError(
            f"no record is left of the class {shorten(lost)}: each of their sequences has another "
            "label as well, expected one label for each sequence. Check that no file was given "
            "for two classes; 'fastgru audit' lists the records."
        )


def require_lengths(used: LabelledSequences, shortest: int, longest: int | None = None) -> None:
    """Refuse sequences that a network cannot read.

    Parameters
    ----------
    used
        Records to learn from or to score on.
    shortest
        Letters of a k-mer.
    longest
        The most that it has positions for; None for any.

    Raises
    ------
    FastaFormatError
        Naming the first one, and how many there are.
    """
    lengths = [len(letters) for letters in used.sequences]
    short = [k for k, length in enumerate(lengths) if length < shortest]
    long = [k for k, length in enumerate(lengths) if longest is not None and length > longest]
    if short:
        cure = "Leave it out, or train with a smaller kmer_size."
        raise _bad_lengths(used, short, f"least {shortest}", "short", cure)
    if long:
        cure = (
            "Cut it to the window that the model was trained on, or train without position "
            "embedding."
        )
        raise _bad_lengths(used, long, f"most {longest}", "long", cure)


def _bad_lengths(
    used: LabelledSequences, places: list[int], limit: str, kind: str, cure: str
) -> FastaFormatError:
    first, n_others = places[0], len(places) - 1
    others = f" ({counted(n_others, 'more record')} too {kind})" if n_others else ""
    return FastaFormatError(
        f"{used.sources[first]}, record {used.ids[first]!r}: has "
        f"{counted(len(used.sequences[first]), 'letter')}, expected at {limit}{others}. {cure}"
    )


def empty_part(part: str, split: str | None) -> LabelError:
    """Return the error of a part without records; the split is that file, or a column if None."""
    place = "the column split" if split is None else split
    return LabelError(
        f"{place}: the part {part!r} is empty, expected records in it. "
        "Make the split again, or choose another part."
    )


def select_for_training(
    data: LabelledSequences, split: str | None, parameters: Mapping[str, Any] | None = None
) -> tuple[LabelledSequences, LabelledSequences | None]:
    """Return the records to train on and those that stop training, None to hold some out.

    Where no split file says otherwise, repeated sequences and those with conflicting labels are
    left out first (see ``docs/decisions``), and test records never take part.

    Parameters
    ----------
    data
        Records, perhaps with a split and groups of their own.
    split
        Path of a split file, or None.
    parameters
        Those of the classifier, checked; where it would hold records out and there are groups,
        whole groups are held out here.  None for what holds nothing out.

    Raises
    ------
    LabelError
        If there is nothing to train on, the groups cannot be divided for a part to hold out, or
        a split divides the groups that stand beside it.
    """
    used = _used_for_training(data, split)
    training, validation = used, None
    if used.splits is not None:
        parts = {
            part: used.subset(k for k, name in enumerate(used.splits) if name == part)
            for part in _PARTS
        }
        if not len(parts["train"]):
            raise empty_part("train", split)
        training = parts["train"]
        validation = parts["validation"] if len(parts["validation"]) else None
    missing = validation is None and training.groups is not None
    if missing and parameters is not None and parameters["early_stopping"]:
        return _hold_groups_out(training, parameters)
    return training, validation


def _used_for_training(data: LabelledSequences, split: str | None) -> LabelledSequences:
    """Return the records that a split names, or those that are left after the rule."""
    from fastgru.data.duplicates import resolve_duplicates
    from fastgru.data.splits import read_split, refuse_divided_groups

    if split is not None:
        table = read_split(split)
        used = _divided(data, table, _PARTS)
        if table.has_group:
            refuse_divided_groups(used.groups, used.splits)
        else:
            _warn_of_divided_groups(used, split)
        return used
    kept, exclusions = resolve_duplicates(data)
    used = data.subset(kept)
    if exclusions:
        _LOGGER.info(
            "%d of %d records are left out as duplicates or for conflicting labels; "
            "'fastgru audit' lists them",
            len(exclusions),
            len(data),
        )
    require_all_classes(data, used)
    refuse_divided_groups(used.groups, used.splits)
    return used


def _warn_of_divided_groups(used: LabelledSequences, split: str) -> None:
    """Say so where a split was made without regard to the groups of the labels."""
    from fastgru.data.splits import divided_groups

    divided = divided_groups(used.groups, used.splits)
    if divided:
        _LOGGER.warning(
            "warning: %s divides %s of the labels (%s), so scores on its test part may measure "
            "memory of relatives",
            split,
            counted(len(divided), "group"),
            shorten(divided),
        )


def _hold_groups_out(
    training: LabelledSequences, parameters: Mapping[str, Any]
) -> tuple[LabelledSequences, LabelledSequences]:
    from fastgru.data.random_splits import hold_groups_out

    drawn = hold_groups_out(
        training.labels,
        training.groups or (),
        validation_fraction=parameters["validation_fraction"],
        seed=parameters["random_state"],
    )
    kept, held_out = (
        training.subset(k for k, name in enumerate(drawn) if name == part)
        for part in ("train", "validation")
    )
    return kept, held_out
