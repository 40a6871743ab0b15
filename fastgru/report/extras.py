"""Whether the packages that draw the page are installed; the core install leaves them out."""

from __future__ import annotations

from importlib.util import find_spec

from fastgru.errors import FastgruError

__all__ = ["require_extras"]


def require_extras() -> None:
    """Refuse to go on without matplotlib and jinja2.

    Raises
    ------
    FastgruError
        If one is missing; the message names the command that installs it.
    """
    missing = [name for name in ("jinja2", "matplotlib") if find_spec(name) is None]
    if missing:
        raise FastgruError(
            f"fastgru report draws with {' and '.join(missing)}, which cannot be found. "
            "Install with: pip install 'fastgru[workflow]'"
        )
