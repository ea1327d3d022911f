"""Standard output, which may be closed, full or read by nobody, and what is said beside it."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any, TextIO, cast

from fastnn.cli.output import Failure


class Output:
    """Standard output, whose refusals name it.

    A reader that left stays a BrokenPipeError: that is no error of the command. After a refusal
    the rest goes nowhere, for Python would try it again at its end and complain by a traceback.

    Parameters
    ----------
    stream : text file or None
        None where it was closed, as by ``>&-``.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """As that of a file."""
        if self._stream is None:
            raise Failure("standard output must be writable, got a closed one")
        with self._named(self._stream):
            try:
                return self._stream.write(text)
            except UnicodeEncodeError:  # a name that the terminal cannot show, as Python shows it
                code = self._stream.encoding
                return self._stream.write(text.encode(code, "backslashreplace").decode(code))

    def flush(self) -> None:
        """As that of a file."""
        if self._stream is not None:
            with self._named(self._stream):
                self._stream.flush()

    @contextlib.contextmanager
    def _named(self, stream: TextIO) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            _discard(stream)
            if isinstance(error, BrokenPipeError):
                raise
            raise Failure(f"standard output must be writable, got {error.strerror}") from None


@contextlib.contextmanager
def guarded_output() -> Iterator[None]:
    """What is printed goes through an `Output`."""
    with contextlib.redirect_stdout(cast(TextIO, Output(sys.stdout))):
        yield


def complain(text: str) -> None:
    """A line on standard error; where that takes nothing either, the exit code has to do."""
    if sys.stderr is None:  # print() would take standard output instead
        return
    try:
        print(line(text), file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.stderr)


@contextlib.contextmanager
def warnings_in_a_line(silent: bool) -> Iterator[None]:
    """Warnings that Python's filters let through, without the line of source that gave them."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if not silent:
            complain(f"fastnn: warning: {message}")

    before, warnings.showwarning = warnings.showwarning, show
    try:
        yield
    finally:
        warnings.showwarning = before


def line(text: str) -> str:
    """A text without its line breaks.

    Examples
    --------
    >>> line("no such\\n  file")
    'no such file'
    """
    return " ".join(text.split())


def _discard(stream: TextIO) -> None:
    """Let what a stream still holds, and all that comes, go nowhere."""
    with contextlib.suppress(OSError, AttributeError):  # one without a number of its own
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
