"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable
from typing import Any


def write_whole(path: Any, parts: Iterable[bytes], where: str) -> None:
    """Write under a temporary name beside ``path``, sync, rename.

    Parameters
    ----------
    path : str or path
        Replaced only once the new file is complete and on disk; of a link, what it points to. A
        device or a pipe is refused: a rename would put a file in its place.
    parts : iterable of bytes
    where : str
        Head of error texts.

    Raises
    ------
    OSError
        If the file cannot be written; an old one is then as it was.
    """
    shown = os.fspath(path)
    path = os.path.realpath(path)
    if os.path.exists(path) and not os.path.isfile(path):
        raise OSError(f"{where}: path must name a file, got {shown!r}, which is something else")
    handle, temporary = _temporary(path)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    with contextlib.suppress(OSError):  # some file systems cannot sync a folder
        descriptor = os.open(os.path.dirname(path), os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def probe(path: Any) -> None:
    """Make and remove the temporary file that `write_whole` would begin with.

    Parameters
    ----------
    path : str or path

    Raises
    ------
    OSError
        If there can be none: before hours of work, not after them.
    """
    handle, temporary = _temporary(os.path.realpath(path))
    os.close(handle)
    os.unlink(temporary)


def _temporary(path: str) -> tuple[int, str]:
    folder, name = os.path.split(path)
    return tempfile.mkstemp(dir=folder, prefix=f"{name}.", suffix=".part")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
