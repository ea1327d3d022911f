"""Files that appear whole or not at all, and errors that say why one cannot be made."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable
from typing import Any

_REMEDIES = {
    errno.ENOENT: "make the folder first",
    errno.ENOTDIR: "make the folder first",
    errno.ENAMETOOLONG: "give it a shorter name",
    errno.ENOSPC: "make room on the disk",
}


def file_name(path: Any, where: str, argument: str = "path") -> str:
    """A path as text that a file can be called.

    Parameters
    ----------
    path : str or path
    where, argument : str
        Head of error texts, and what ``path`` is called there.

    Returns
    -------
    str

    Raises
    ------
    TypeError
        If it is of another kind: a number would be an open file to the system.
    ValueError
        If no file can have this name.

    Examples
    --------
    >>> file_name(None, "Model.save")
    Traceback (most recent call last):
    TypeError: Model.save: path must be a str or a path, got None
    """
    name = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(name, str):
        raise TypeError(f"{where}: {argument} must be a str or a path, got {path!r}")
    try:
        is_name = b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:
        is_name = False
    if not is_name:
        raise ValueError(f"{where}: {argument} must be a name that a file can have, got {path!r}")
    return name


def told(error: OSError, path: str, text: str) -> OSError:
    """An error of the same class, number and file name that says ``text``.

    Examples
    --------
    >>> error = told(FileNotFoundError(2, "gone", "a.part"), "a", "save: path must be, got 'a'")
    >>> type(error).__name__, error.errno, error.filename, str(error)
    ('FileNotFoundError', 2, 'a', "save: path must be, got 'a'")
    """
    return _told(type(error), error.errno, path, text)


class _Plain:
    """OSError shows number and file name around the text; here the text is all."""

    args: tuple[Any, ...]
    errno: int | None
    filename: str

    def __str__(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> Any:  # the class is made when it is needed: pickle would not find it
        return _told, (type(self).__bases__[1], self.errno, self.filename, str(self))


def _told(kind: type[OSError], number: int | None, path: str, text: str) -> OSError:
    both: Any = type(kind.__name__, (_Plain, kind), {"__module__": kind.__module__})
    error: OSError = both(text)
    error.errno, error.filename = number, path
    return error


def write_whole(path: Any, parts: Iterable[bytes], where: str) -> None:
    """Write under a temporary name beside ``path``, sync, rename.

    Parameters
    ----------
    path : str or path
        Replaced only once the new file is complete and on disk, which keeps the old one's mode; of
        a link, what it points to. A device or a pipe is refused: a rename would put a file in its
        place.
    parts : iterable of bytes
    where : str
        Head of error texts.

    Raises
    ------
    OSError
        If the file cannot be written; an old one is then as it was. Of the system's subclass, with
        its number and ``path``.
    TypeError, ValueError
        If ``path`` is no name of a file.
    """
    shown = file_name(path, where)
    try:
        _write(os.path.realpath(shown), parts)
    except OSError as error:
        raise told(error, shown, f"{where}: path must {_rule(error, shown)}") from None


def _rule(error: OSError, shown: str) -> str:
    """What a path that could not be written breaks, and what helps."""
    if isinstance(error, IsADirectoryError):
        return f"name a file, got the folder {shown!r}"
    if error.errno is None:
        return f"name a file, got {shown!r}, {error}"
    remedy = _REMEDIES.get(error.errno)
    rule = f"name a file that can be written, got {shown!r} with {error.strerror}"
    return f"{rule}; {remedy}" if remedy else rule


def _write(path: str, parts: Iterable[bytes]) -> None:
    mode = _mode(path)
    temporary = _temporary(path)
    try:
        with open(temporary, "xb", opener=_private) as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        _remove(temporary)
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
    path = os.path.realpath(path)
    _mode(path)
    temporary = _temporary(path)
    try:
        os.close(_private(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        os.unlink(temporary)
    except BaseException:
        _remove(temporary)
        raise


def check_writable(path: Any, where: str) -> None:
    """Raise what `write_whole` would, as far as it can be known before there is anything to write.

    Parameters
    ----------
    path : str or path
    where : str
        Head of error texts.

    Raises
    ------
    OSError, TypeError, ValueError
        As `write_whole`.
    """
    shown = file_name(path, where)
    try:
        probe(shown)
    except OSError as error:
        raise told(error, shown, f"{where}: path must {_rule(error, shown)}") from None


def _mode(path: str) -> int:
    """That of the file which is replaced, or of a new one; raises where there can be no file."""
    try:
        old = os.stat(path).st_mode
    except FileNotFoundError:
        return 0o666 & ~_umask()
    if stat.S_ISDIR(old):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(old):
        raise OSError("which is something else")
    return stat.S_IMODE(old)


def _temporary(path: str) -> str:
    """A name beside ``path`` that no file has: known before the file is made, for Ctrl-C may follow."""
    folder, name = os.path.split(path)
    # A part of the name: the whole one may be as long as a name can be.
    return os.path.join(folder, f"{name[:32]}.{os.urandom(8).hex()}.part")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _remove(temporary: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(temporary)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
