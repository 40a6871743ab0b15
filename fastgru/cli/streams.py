"""Standard streams for a process that was started without them (``>&-`` in a shell)."""

from __future__ import annotations

import errno
import io
import os
import sys

__all__ = ["open_missing_streams"]

_LAST_STREAM = 2


def open_missing_streams() -> None:
    """Put something in the place of standard streams that are closed, where Python has None.

    Input is empty and messages are lost, but results that cannot be written are an error.
    """
    if None in (sys.stdin, sys.stdout, sys.stderr):
        # or the next file that is opened would have the number of a standard stream
        while (number := os.open(os.devnull, os.O_RDWR)) <= _LAST_STREAM:
            pass
        os.close(number)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(_Closed(), encoding="utf-8", write_through=True)


class _Closed(io.RawIOBase):
    """Refuses whatever is written."""

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int:
        text = "is closed, expected a place for the results. Open it, or name a file (-o)"
        raise OSError(errno.EBADF, text, "standard output")
