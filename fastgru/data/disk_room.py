"""Room on a disk, taken before a file is written by what cannot bear that there is none."""

from __future__ import annotations

import ctypes
import errno
import os
import resource

__all__ = ["reserve_room"]

_KEEP_SIZE = 1
"""Of Linux: the room is taken, and the file is as long as before."""
_UNKNOWN = {errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


def reserve_room(path: str | os.PathLike[str], n_bytes: int) -> bool:
    """Take room on the disk into which a file can grow, whoever else fills the disk meanwhile.

    Parameters
    ----------
    path
        A file that exists; its length and content stay.
    n_bytes
        How long it may become.

    Returns
    -------
    taken
        False where the system or the kind of the disk knows nothing of this.

    Raises
    ------
    OSError
        If there is not as much room, or no file may be as long.
    """
    longest, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if longest != resource.RLIM_INFINITY and longest < n_bytes:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), os.fspath(path))
    reserve = getattr(ctypes.CDLL(None, use_errno=True), "fallocate", None)
    if reserve is None or ctypes.sizeof(ctypes.c_long) < 8:  # no Linux, or offsets of 32 bits
        return False
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        failed = reserve(descriptor, _KEEP_SIZE, ctypes.c_long(0), ctypes.c_long(n_bytes))
    finally:
        os.close(descriptor)
    reason = ctypes.get_errno()
    if failed and reason not in _UNKNOWN:
        raise OSError(reason, os.strerror(reason), os.fspath(path))
    return not failed
