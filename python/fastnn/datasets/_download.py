"""Downloads: resumed after a break, tried on every mirror, checked, put in place whole."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import IO
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from fastnn.progress import Bar

_CHUNK = 1 << 16


def fetch(
    where: str,
    target: Path,
    urls: Sequence[str],
    check: Callable[[Path], object],
    *,
    timeout: float = 20.0,
    attempts: int = 3,
    pause: float = 0.5,
) -> None:
    """Bring one of ``urls`` to ``target``.

    Bytes go to ``<target>.part`` and stay there when the connection, or the process, breaks; the
    next attempt asks for the rest. A whole file is checked, synced and renamed, so ``target`` never
    exists in part. Of two processes one downloads, the other waits.

    Parameters
    ----------
    where : str
        Begins the text of an error.
    target : Path
        The file to be; its folder is made.
    urls : sequence of str
        Mirrors, tried in turn.
    check : callable
        Called with the path of the whole file; raises OSError where it is not what it should be.
    timeout : float
        Seconds a connection may be silent.
    attempts : int
        On each mirror. A mirror that answers 4xx is left at once.
    pause : float
        Seconds before the second attempt, doubled for each further one.

    Raises
    ------
    OSError
        If no mirror gives the file, with what each said.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    with open(part, "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if target.exists():  # another process brought it meanwhile
            part.unlink(missing_ok=True)
            return
        troubles = []
        for url in urls:
            trouble = _from_mirror(url, file, part, check, timeout, attempts, pause)
            if trouble is None:
                os.replace(part, target)
                _sync_folder(target.parent)
                return
            troubles.append(f"{url}: {trouble}")
        if os.fstat(file.fileno()).st_size == 0:
            part.unlink()
    raise OSError(
        f"{where}: {target.name} must come from one of {len(urls)} mirrors, got "
        f"{'; '.join(troubles)}; put the file into {target.parent} by hand, or call again to go on"
    )


def _from_mirror(
    url: str,
    file: IO[bytes],
    part: Path,
    check: Callable[[Path], object],
    timeout: float,
    attempts: int,
    pause: float,
) -> str | None:
    """None where ``part`` is whole and sound, else what went wrong last."""
    trouble = ""
    for attempt in range(attempts):
        if attempt:
            time.sleep(pause * 2 ** (attempt - 1))
        resumed = os.fstat(file.fileno()).st_size > 0
        try:
            _append(url, file, timeout)
        except HTTPError as error:
            error.close()  # it is a response too; Python 3.14 warns of one that is left open
            trouble = f"HTTP {error.code} {error.reason}"
            if 400 <= error.code < 500 and error.code not in (408, 416, 429):
                return trouble
            continue
        except (OSError, HTTPException) as error:
            trouble = str(error) or type(error).__name__
            continue
        try:
            check(part)
            return None
        except OSError as error:
            trouble = str(error)
            file.truncate(0)
            if (
                not resumed
            ):  # else the halves of two versions may have met: once more from the start
                return trouble
    return trouble


def _append(url: str, file: IO[bytes], timeout: float) -> None:
    """Download what ``file`` does not yet hold of ``url``, and sync it."""
    have = os.fstat(file.fileno()).st_size
    headers = {"User-Agent": "fastnn", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        with urlopen(Request(url, headers=headers), timeout=timeout) as response:
            start = response.headers.get("Content-Range", "").partition("-")[0]
            if have and (response.status != 206 or start != f"bytes {have}"):
                file.truncate(0)
                have = 0
            length = response.headers.get("Content-Length")
            received = 0
            total = None if length is None else have + int(length)
            name = Path(file.name).name.removesuffix(".part")
            with Bar(total, name, unit="B", scale=True) as bar:
                while chunk := response.read(_CHUNK):
                    file.write(chunk)
                    received += len(chunk)
                    bar.update(have + received)
    except HTTPError as error:
        whole = (error.headers.get("Content-Range") or "").rpartition("/")[2]
        if error.code != 416 or whole != str(have):  # 416 and this size: nothing is missing
            if error.code == 416:
                file.truncate(0)
            raise
        error.close()
        return
    finally:
        file.flush()
        os.fsync(file.fileno())
    if total is not None and have + received < total:
        raise ConnectionError(f"the connection closed after {have + received} of {total} bytes")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
