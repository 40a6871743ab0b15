"""Dividing records into parts of given shares, class by class or group by group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["partition_groups", "partition_records"]


def partition_records(
    labels: Sequence[str], shares: dict[str, float], rng: np.random.Generator
) -> list[str]:
    """Divide the records of each class at random.

    Parameters
    ----------
    labels
        Class of each record.
    shares
        Share of each part, > 0, by name; they sum to 1.  The first part takes the remainder.
    rng
        Source of randomness.

    Returns
    -------
    parts
        Name of the part of each record.  Every part gets a record of every class that has at
        least as many records as there are parts.
    """
    remainder, *drawn = shares
    parts = np.full(len(labels), remainder, dtype=object)
    all_labels = np.array(labels, dtype=object)
    for label in sorted(set(labels)):
        places = rng.permutation(np.flatnonzero(all_labels == label))
        start = 0
        for place, name in enumerate(drawn, 1):
            # Every later part, and the remainder, must get one record at least.
            most = len(places) - start - (len(drawn) - place) - 1
            count = min(max(1, round(shares[name] * len(places))), most)
            parts[places[start : start + count]] = name
            start += count
    return [str(part) for part in parts]


def partition_groups(
    labels: Sequence[str],
    groups: Sequence[str],
    shares: dict[str, float],
    rng: np.random.Generator,
) -> list[str]:
    """Divide whole groups: each, the largest first, goes to the part that lacks most of it.

    Parameters
    ----------
    labels, groups
        Class and group of each record.
    shares
        Share of each part, > 0, by name; they sum to 1.
    rng
        Source of randomness: the order of groups of the same size.

    Returns
    -------
    parts
        Name of the part of each record.  The shares are met as well as the groups allow.
    """
    names, group_codes = np.unique(np.array(groups), return_inverse=True)
    classes, class_codes = np.unique(np.array(labels), return_inverse=True)
    sizes = np.zeros((len(names), len(classes)))
    np.add.at(sizes, (group_codes, class_codes), 1)
    wanted = np.outer(list(shares.values()), sizes.sum(axis=0))
    filled = np.zeros_like(wanted)
    part_of_group = np.zeros(len(names), dtype=np.intp)
    order = rng.permutation(len(names))
    order = order[np.argsort(-sizes[order].sum(axis=1), kind="stable")]
    for group in order:
        lack: NDArray[np.float64] = (1 - filled / wanted) @ sizes[group]
        part = int(lack.argmax())
        part_of_group[group] = part
        filled[part] += sizes[group]
    part_names = list(shares)
    return [part_names[part_of_group[code]] for code in group_codes]
