"""Drawing splits at random: each class, or whole groups, in given proportions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from fastgru.data.label_table import SPLIT_NAMES
from fastgru.data.partition import partition_groups, partition_records
from fastgru.errors import ConfigurationError, LabelError

__all__ = ["assign_folds", "fold_splits", "hold_groups_out", "random_split"]

_TRAIN, _VALIDATION, _TEST = SPLIT_NAMES


def random_split(
    labels: Sequence[str],
    *,
    groups: Sequence[str] | None = None,
    test_fraction: float = 0.2,
    validation_fraction: float = 0.1,
    seed: int = 0,
) -> list[str]:
    """Divide records at random, each class in the same proportions.

    Parameters
    ----------
    labels
        Class of each record.
    groups
        Records of one group stay together; the proportions are then approximate.
    test_fraction, validation_fraction
        Shares in [0, 1), together below 1; a part with a share above 0 gets at least one record
        of every class.
    seed
        Seed of ``numpy.random.default_rng``.

    Returns
    -------
    splits
        ``"train"``, ``"validation"`` or ``"test"`` for each record.

    Raises
    ------
    LabelError
        If a class has fewer records, or groups, than there are parts.
    ConfigurationError
        If the fractions are out of range.
    """
    if min(test_fraction, validation_fraction) < 0 or test_fraction + validation_fraction >= 1:
        raise ConfigurationError(
            "test_fraction and validation_fraction must be at least 0 and together below 1, "
            f"got {test_fraction} and {validation_fraction}."
        )
    shares = {
        _TRAIN: 1 - test_fraction - validation_fraction,
        _VALIDATION: validation_fraction,
        _TEST: test_fraction,
    }
    shares = {name: share for name, share in shares.items() if share > 0}
    _require_enough(labels, groups, list(shares))
    return _draw(labels, groups, shares, seed)


def hold_groups_out(
    labels: Sequence[str], groups: Sequence[str], *, validation_fraction: float, seed: int
) -> list[str]:
    """Hold whole groups out to stop by: relatives of what was learned would stop too late.

    Parameters
    ----------
    labels, groups
        Class and group of each record.
    validation_fraction
        Share to hold out, above 0 and below 1.
    seed
        Seed of ``numpy.random.default_rng``.

    Returns
    -------
    splits
        ``"train"`` or ``"validation"`` for each record.

    Raises
    ------
    LabelError
        If the groups cannot be divided.
    """
    try:
        return random_split(
            labels,
            groups=groups,
            test_fraction=0,
            validation_fraction=validation_fraction,
            seed=seed,
        )
    except LabelError as error:
        raise LabelError(
            f"no groups to hold out for early stopping: {error} Or train without a validation set, "
            "with early_stopping off (--no-early-stopping)."
        ) from error


def assign_folds(
    labels: Sequence[str], n_folds: int, *, groups: Sequence[str] | None = None, seed: int = 0
) -> list[int]:
    """Return the fold of each record, from 0, each class in the same proportions.

    Arguments and errors are those of :func:`fold_splits`.
    """
    names = [str(number) for number in range(n_folds)]
    _require_enough(labels, groups, names)
    drawn = _draw(labels, groups, dict.fromkeys(names, 1 / n_folds), seed)
    return [int(name) for name in drawn]


def fold_splits(
    labels: Sequence[str],
    n_folds: int,
    *,
    groups: Sequence[str] | None = None,
    validation_fraction: float = 0.1,
    seed: int = 0,
) -> Iterator[list[str]]:
    """Divide records into folds, and yield one split for each: it is tested on that fold.

    Parameters
    ----------
    labels
        Class of each record.
    n_folds
        At least 2.
    groups
        As for :func:`random_split`.
    validation_fraction
        Share of all records that stop training, in [0, 1 - 1 / n_folds); drawn from the other
        folds anew for each.
    seed

    Yields
    ------
    splits
        ``"train"``, ``"validation"`` or ``"test"`` for each record.

    Raises
    ------
    LabelError
        If a class has fewer records, or groups, than are needed.
    ConfigurationError
        If a number is out of range.
    """
    rest = 1 - 1 / n_folds if n_folds >= 2 else 0
    if not 0 <= validation_fraction < rest:
        raise ConfigurationError(
            f"folds must be at least 2, and validation_fraction at least 0 and below {rest:.4g}, "
            f"what {n_folds} folds leave, got {validation_fraction}."
        )
    folds = assign_folds(labels, n_folds, groups=groups, seed=seed)
    for number in range(n_folds):
        splits = [_TEST if fold == number else _TRAIN for fold in folds]
        inside = [k for k, split in enumerate(splits) if split == _TRAIN]
        drawn = random_split(
            [labels[k] for k in inside],
            groups=None if groups is None else [groups[k] for k in inside],
            test_fraction=0,
            validation_fraction=validation_fraction / rest,
            seed=seed,
        )
        for k, split in zip(inside, drawn, strict=True):
            splits[k] = split
        yield splits


def _draw(
    labels: Sequence[str], groups: Sequence[str] | None, shares: dict[str, float], seed: int
) -> list[str]:
    rng = np.random.default_rng(seed)
    if groups is None:
        return partition_records(labels, shares, rng)
    parts = partition_groups(labels, groups, shares, rng)
    _require_every_class(labels, parts, list(shares))
    return parts


def _require_enough(
    labels: Sequence[str], groups: Sequence[str] | None, parts: Sequence[str]
) -> None:
    unit = "records" if groups is None else "groups"
    members = enumerate(labels) if groups is None else zip(groups, labels, strict=True)
    counts = Counter(label for _, label in set(members))
    few = {label: count for label, count in sorted(counts.items()) if count < len(parts)}
    if few:
        found = ", ".join(f"{label!r} has {count}" for label, count in list(few.items())[:5])
        raise LabelError(
            f"too few {unit} to split into {_listed(parts)}: class {found}, "
            f"expected at least {len(parts)} of every class (repeated sequences count once). "
            f"{_cure(groups, parts)}"
        )


def _require_every_class(
    labels: Sequence[str], splits: Sequence[str], parts: Sequence[str]
) -> None:
    found = set(zip(labels, splits, strict=True))
    for label in sorted(set(labels)):
        for part in parts:
            if (label, part) not in found:
                raise LabelError(
                    f"the groups cannot be divided: no group with class {label!r} is left for "
                    f"{_named(part)}. {_cure(splits, parts)}"
                )


def _listed(parts: Sequence[str]) -> str:
    return f"{len(parts)} folds" if _are_folds(parts) else ", ".join(parts)


def _cure(groups: Sequence[str] | None, parts: Sequence[str]) -> str:
    """Return what can be done, as a sentence."""
    smaller = "" if groups is None else "use smaller groups (homology: a higher identity), "
    fewer = "use fewer folds" if _are_folds(parts) else "set the fraction of a part to 0"
    return f"Add sequences, remove the class, {smaller}or {fewer}."


def _are_folds(parts: Sequence[str]) -> bool:
    return not set(parts) <= set(SPLIT_NAMES)


def _named(part: str) -> str:
    return part if part in SPLIT_NAMES else f"fold {int(part) + 1}"
