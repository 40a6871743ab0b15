"""The page about the data and all runs."""

from __future__ import annotations

from importlib import metadata

from jinja2 import Environment, PackageLoader, StrictUndefined

from fastgru import __version__
from fastgru.report import wording
from fastgru.report.commands import Commands
from fastgru.report.data_figures import overview_picture
from fastgru.report.results import Run
from fastgru.report.views import RunView, view_datasets

__all__ = ["render_page"]

_DRAWN_WITH = ("scikit-learn", "matplotlib", "Jinja2")


def render_page(runs: list[Run], commands: Commands | None = None) -> str:
    """Return the page as HTML; the same results give the same text.

    Parameters
    ----------
    runs
        The runs to show, at least one; those of one data set are shown together.
    commands
        The commands that made the results.

    Raises
    ------
    FastgruError
        If a file of a run is missing or does not fit the others.
    """
    datasets = view_datasets(runs, commands or Commands())
    all_runs = [run for dataset in datasets for run in dataset.runs]
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            version=__version__,
            datasets=datasets,
            runs=all_runs,
            overview=overview_picture([view.run for view in all_runs]),
            versions=_versions(all_runs),
            any_choice=any(len(dataset.runs) > 1 for dataset in datasets),
        )
    )


def _versions(runs: list[RunView]) -> list[tuple[str, str]]:
    """Return what was used for what; the versions of this moment only for the page itself."""
    trained = sorted({f"fastgru {run.card['fastgru_version']}" for run in runs})
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
    names = ("count", "counted", "goal", "interval", "option", "percent", "score", "sentence")
    for name in names:
        environment.filters[name] = getattr(wording, name)
    return environment
