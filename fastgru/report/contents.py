"""What belongs to the experiment of a data set: its folds, models, baselines and variants.

A folder of results may hold more: what an earlier configuration has left there.  Whoever knows
what belongs together says so; what nobody says is read from the folder, and has to fit together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fastgru.errors import FastgruError, counted
from fastgru.report.scored_runs import ScoredRun

__all__ = [
    "BASELINES_FOLDER",
    "CONTROLS",
    "MAIN",
    "SHUFFLED_LABELS",
    "SHUFFLED_SEQUENCES",
    "Contents",
    "Statement",
    "find_contents",
    "require_apart",
]

MAIN = "seed1"
"""The variant that is the model itself."""
SHUFFLED_LABELS = "shuffled_labels"
"""The variant that is trained on shuffled labels."""
SHUFFLED_SEQUENCES = "shuffled_sequences"
"""The variant that is one more file of `MAIN`."""
CONTROLS = {
    SHUFFLED_LABELS: "trained on shuffled labels",
    SHUFFLED_SEQUENCES: "tested on shuffled sequences",
}
"""The variants that have to fail, and what makes them."""
BASELINES_FOLDER = "baselines"
_CURE = (
    "Run the workflow again, or say with --folds, --repeats, --models, --baselines and --variants "
    "what belongs to the experiment."
)


@dataclass(frozen=True)
class Statement:
    """What is said to belong to an experiment; None for all that is there.

    Attributes
    ----------
    folds
        Parts that the records are divided into, each of them tested once.
    repeats
        How often they are divided.
    models, baselines
        Names.
    variants
        Of the models in the first fold: ``seed2``, ``ensemble``, ``train25``,
        ``shuffled_labels``, ``shuffled_sequences``, ...
    """

    folds: int | None = None
    repeats: int = 1
    models: Sequence[str] | None = None
    baselines: Sequence[str] | None = None
    variants: Sequence[str] | None = None


@dataclass(frozen=True)
class Contents:
    """What belongs to an experiment.

    Attributes
    ----------
    folds, repeats
        As in :class:`Statement`.
    models, baselines
        Names, sorted.
    variants
        Of each model in the first fold, by name.
    """

    folds: int
    repeats: int
    models: list[str]
    baselines: list[str]
    variants: dict[str, list[str]]

    @property
    def n_splits(self) -> int:
        """Number of the last folder ``fold{k}``."""
        return self.folds * self.repeats


def find_contents(folder: Path, statement: Statement) -> Contents:
    """Find what belongs to the experiment of a data set.

    Parameters
    ----------
    folder
        Folder of the data set, with folders ``fold1``, ``fold2``, ...
    statement
        What is said to belong to it.

    Raises
    ------
    FastgruError
        If something is missing, or folds contradict each other.
    """
    found = sorted(
        int(match[1])
        for path in folder.glob("fold*")
        if (match := re.fullmatch(r"fold([1-9]\d*)", path.name))
    )
    folds = statement.folds or _count_folds(folder, found, statement.repeats)
    places = [folder / f"fold{number}" for number in range(1, folds * statement.repeats + 1)]
    models = _names(places, f"*/{MAIN}", statement.models)
    baselines = _names(places, f"{BASELINES_FOLDER}/*", statement.baselines)
    if not models:
        raise FastgruError(
            f"{folder}: no model found, expected results in fold1/MODEL/{MAIN}/metrics.json. "
            "Run the workflow, or name the folder of a data set."
        )
    both = sorted({*models} & {*baselines})
    if both:
        raise FastgruError(
            f"{folder}: {both[0]!r} is a model and a baseline, expected different names. Call the "
            "model otherwise."
        )
    runs = [f"{name}/{MAIN}" for name in models]
    runs += [f"{BASELINES_FOLDER}/{name}" for name in baselines]
    for path in (place / run / "metrics.json" for place in places for run in runs):
        _require(path)
    variants = {name: _variants(folder / "fold1" / name, statement.variants) for name in models}
    return Contents(folds, statement.repeats, models, baselines, variants)


def _count_folds(folder: Path, found: list[int], repeats: int) -> int:
    """Return the folds of each repeat, if the folders leave no doubt about them."""
    gap = next((number for number in range(1, max(found, default=1)) if number not in found), None)
    if gap is not None:
        raise FastgruError(
            f"{folder}: has fold{found[-1]}, but no fold{gap}, expected folds without gaps. {_CURE}"
        )
    if len(found) % repeats:
        raise FastgruError(
            f"{folder}: has {counted(len(found), 'fold')}, expected as many in each of {repeats} "
            f"repeats. {_CURE}"
        )
    return max(len(found) // repeats, 1)


def _names(places: Sequence[Path], pattern: str, stated: Sequence[str] | None) -> list[str]:
    """Return the names that are stated, else those in place of the star, in any of the folds."""
    if stated is not None:
        return sorted(set(stated))
    star = Path(pattern).parts.index("*")
    return sorted(
        {
            path.relative_to(place).parts[star]
            for place in places
            for path in place.glob(f"{pattern}/metrics.json")
        }
    )


def _variants(place: Path, stated: Sequence[str] | None) -> list[str]:
    """Return the variants of a model that belong to the experiment, `MAIN` among them."""
    if stated is None:
        found = sorted(path.parent.name for path in place.glob("*/metrics.json"))
        shuffled = (place / MAIN / "shuffled.json").exists()
        return [*found, *([SHUFFLED_SEQUENCES] if shuffled else [])]
    for name in stated:
        file = f"{MAIN}/shuffled.json" if name == SHUFFLED_SEQUENCES else f"{name}/metrics.json"
        _require(place / file)
    return list(dict.fromkeys([MAIN, *stated]))


def _require(path: Path) -> None:
    if not path.exists():
        raise FastgruError(f"{path}: is missing, expected the scores of it in every fold. {_CURE}")


def require_apart(folder: Path, runs: Sequence[ScoredRun], folds: int) -> None:
    """Refuse folds of one division that test the same record, as those of two divisions do.

    Parameters
    ----------
    folder
        Folder of the data set, for the message.
    runs
        Runs of one model in all folds, repeat after repeat.
    folds
        Folds of each repeat.

    Raises
    ------
    FastgruError
    """
    for first in range(0, len(runs), folds):
        tested: dict[str, int] = {}
        for fold, run in enumerate(runs[first : first + folds], start=first + 1):
            twice = next((record for record in run.ids if record in tested), None)
            if twice is not None:
                raise FastgruError(
                    f"{folder}: record {twice!r} is tested in fold{tested[twice]} and in "
                    f"fold{fold}, expected each record in one fold. Folders of an earlier run may "
                    "have stayed there: say with --folds and --repeats how many belong to the "
                    "experiment."
                )
            tested.update(dict.fromkeys(run.ids, fold))
