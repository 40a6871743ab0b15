"""The page about all experiments."""

from __future__ import annotations

from importlib import metadata
from itertools import count

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fastgru import __version__
from fastgru.report import wording
from fastgru.report.commands import Commands
from fastgru.report.drawing import Picture, embed
from fastgru.report.reading import Experiment
from fastgru.report.standing import advantage
from fastgru.report.tasks.task import Task
from fastgru.report.views import DatasetView, view_datasets

__all__ = ["render_page"]

_DRAWN_WITH = ("scikit-learn", "matplotlib", "Jinja2")
_FILTERS = (
    *("count", "counted", "goal", "interval", "listed", "measure", "option", "percent"),
    *("score", "sentence", "span"),
)


def render_page(experiments: list[Experiment], commands: Commands | None = None) -> str:
    """Return the page as HTML; the same results give the same text.

    Parameters
    ----------
    experiments
        The gathered results to show, at least one.
    commands
        The commands that made the results.

    Raises
    ------
    FastgruError
        If a file of a run is missing or does not fit the others.
    """
    datasets = view_datasets(experiments, commands or Commands())
    tables = _tables(datasets)
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            version=__version__,
            datasets=datasets,
            tables=tables,
            title=_title([task.name for task, *_ in tables]),
            headings=wording.TASKS,
            smaller=_smaller_is_better([columns for _, columns, _ in tables]),
            labels=wording.LABELS,
            versions=_versions(datasets),
        )
    )


def _tables(datasets: list[DatasetView]) -> list[tuple[Task, list[str], list[DatasetView]]]:
    """Return the tasks in the order in which they are met, with their scores and data sets."""
    tables = []
    for task in dict.fromkeys(dataset.experiment.task for dataset in datasets):
        own = [one for one in datasets if one.experiment.task is task]
        rows = [row.scores for one in own for row in one.contenders]
        known = [name for name in task.scores if any(row[name] is not None for row in rows)]
        tables.append((task, known, own))
    return tables


def _title(tasks: list[str]) -> str:
    return "Sequence classifiers" if tasks == ["classification"] else "Sequence models"


def _smaller_is_better(scores: list[list[str]]) -> list[str]:
    """Return the scores of which less is better, as they stand in a sentence."""
    names = dict.fromkeys(name for columns in scores for name in columns)
    labels = [wording.LABELS[name] for name in names if advantage(name, 1, 0) < 0]
    return [label if label.isupper() else f"the {label.lower()}" for label in labels]


def _versions(datasets: list[DatasetView]) -> list[tuple[str, str]]:
    """Return what was used for what; the versions of this moment only for the page itself."""
    cards = [model.card for dataset in datasets for model in dataset.models]
    trained = sorted({f"fastgru {card['fastgru_version']}" for card in cards})
    written = [f"fastgru {__version__}"]
    written += [f"{name} {metadata.version(name)}" for name in _DRAWN_WITH]
    return [("Models trained with", ", ".join(trained)), ("Page written with", ", ".join(written))]


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("fastgru.report", "templates"),
        autoescape=True,  # names of classes, records and files are the user's
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    for name in _FILTERS:
        environment.filters[name] = getattr(wording, name)
    numbers = count(1)

    def draw(picture: Picture) -> Markup:
        # Made by matplotlib and `embed`, which escape every text in it.
        return Markup(embed(picture, next(numbers)))  # noqa: S704

    environment.globals["draw"] = draw
    return environment
