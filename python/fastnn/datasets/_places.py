"""Where the files of data sets are looked for, and where downloads go."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from fastnn.atomic import file_name

if TYPE_CHECKING:
    from pathlib import Path


def cache_folder() -> Path:
    """Where downloads go."""
    from pathlib import Path

    if folder := os.environ.get("FASTNN_CACHE"):
        return Path(folder).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "fastnn"


def folders(name: str, below: Sequence[str], root: str | os.PathLike[str] | None) -> Iterator[Path]:
    """Where files of a data set may be, in the order of search: ``root``, else FASTNN_DATA, with
    the subfolders ``below`` first; the cache where there is no ``root``.

    A FASTNN_DATA that is no folder is an error: a slip in it would end in a download.
    """
    from pathlib import Path

    given = file_name(root, name, "root") if root is not None else os.environ.get("FASTNN_DATA")
    if given:
        base = Path(given).expanduser()
        if root is None and not base.is_dir():
            raise OSError(
                f"{name}: FASTNN_DATA must name a folder that exists, got {str(given)!r}; "
                "correct it, or unset it"
            )
        yield from (base / folder for folder in below)
        yield base
    if root is None:
        yield cache_folder() / name


def listed(places: Iterable[Path]) -> str:
    """Folders as a text."""
    return ", ".join(map(str, places))
