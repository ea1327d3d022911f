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
        Replaced only once the new file is complete and on disk. A device or a pipe is refused: a
        rename would put a file in its place.
    parts : iterable of bytes
    where : str
        Head of error texts.

    Raises
    ------
    OSError
        If the file cannot be written; an old one is then as it was.
    """
    path = os.fspath(path)
    if os.path.exists(path) and not os.path.isfile(path):
        raise OSError(f"{where}: path must name a file, got {path!r}, which is something else")
    folder = os.path.dirname(path) or "."
    prefix = os.path.basename(path) + "."
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=prefix, suffix=".part")
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
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
