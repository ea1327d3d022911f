"""A progress bar on standard error, with tqdm's look.

``Epoch 3/30:  45%|████▌     | 2250/5000 [00:01<00:02, 1.2ksamples/s, loss=0.31, accuracy=0.91]``
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TextIO

_INTERVAL = 0.1  # seconds between two drawings
_LEAST_BAR = 5  # columns; with less, details give way
_NOTEBOOK_COLUMNS = 100
_BLOCKS = " ▏▎▍▌▋▊▉█"


class Progress:
    """How far a long run is, drawn in place at most ten times a second.

    Parameters
    ----------
    total : int or None
        What ``update`` will reach; None where nobody knows.
    label : str
        Stands in front.
    unit : str
        What is counted, for the rate.
    verbose : int
        0: nothing; 1: a bar, on a terminal or in a notebook only; 2: one line at the end, anywhere.
    scale : bool
        Write the counts as 4.5M instead of 4500000.
    stream : text file, optional
        Standard error by default.
    columns : int, optional
        Width of the line; by default the terminal's, asked at each drawing.
    clock : callable
        Seconds.

    Raises
    ------
    ValueError
        If ``verbose`` is not 0, 1 or 2.

    Examples
    --------
    >>> import io
    >>> line = io.StringIO()
    >>> with Progress(4, "Epoch 1/2", verbose=2, stream=line, clock=lambda: 0.0) as progress:
    ...     progress.update(4, {"loss": 0.25})
    >>> line.getvalue()
    'Epoch 1/2: 4/4 [00:00, loss=0.25]\\n'
    """

    def __init__(
        self,
        total: int | None,
        label: str = "",
        *,
        unit: str = "samples",
        verbose: int = 1,
        scale: bool = False,
        stream: TextIO | None = None,
        columns: int | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        if verbose not in (0, 1, 2):
            raise ValueError(f"Progress: verbose must be 0, 1 or 2, got {verbose!r}")
        self.total, self.label, self.unit, self.scale = total, label, unit, scale
        self._stream = sys.stderr if stream is None else stream
        self._draws = verbose == 1 and self._stream is not None and _is_live(self._stream)
        self._writes = verbose == 2 and self._stream is not None
        self._columns, self._clock = columns, clock
        self._full = _can_write(self._stream, _BLOCKS) if self._draws else False
        self._count = 0
        self._figures: Mapping[str, float] = {}
        self._start = clock()
        self._drawn_at = float("-inf")
        self._drawn = 0  # columns of the last drawing
        self._closed = False
        self._draw()

    def update(self, count: int, figures: Mapping[str, float] | None = None) -> None:
        """``count`` is reached; ``figures`` are shown behind it."""
        self._count = count
        if figures is not None:
            self._figures = figures
        if self._draws and self._clock() - self._drawn_at >= _INTERVAL:
            self._draw()

    def show(self, figures: Mapping[str, float]) -> None:
        """Other figures behind the count, such as those of a validation."""
        self._figures = figures

    def close(self) -> None:
        """Draw the last state and end the line. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        if self._draws:
            self._draw()
            self._write("\n")
        elif self._writes:
            self._write(self._line(0) + "\n")

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _draw(self) -> None:
        if not self._draws:
            return
        self._drawn_at = self._clock()
        line = self._line(max(self._width() - 1, 1))  # the last column would wrap in some terminals
        self._write("\r" + line + " " * (self._drawn - len(line)))
        self._drawn = len(line)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

    def _width(self) -> int:
        if self._columns is not None:
            return self._columns
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except (OSError, ValueError, AttributeError):
            if _is_notebook(self._stream):
                return _NOTEBOOK_COLUMNS
            return shutil.get_terminal_size().columns

    def _line(self, width: int) -> str:
        """The line in at most ``width`` columns; 0: without a bar, as long as it gets."""
        seconds = self._clock() - self._start
        rate = self._count / seconds if seconds > 0 else 0.0
        number = _scaled if self.scale else str
        done = number(self._count) + (f"/{number(self.total)}" if self.total is not None else "")
        times = _clock_text(seconds)
        if self.total is not None and width:
            left = (self.total - self._count) / rate if rate else None
            times += "<" + ("?" if left is None else _clock_text(left))
        speed = [f"{_scaled(rate)}{self.unit}/s"] if rate else []
        figures = [f"{name}={value:.4g}" for name, value in self._figures.items()]
        head = f"{self.label}: " if self.label else ""
        if not width:
            return f"{head}{done} [{', '.join([times, *speed, *figures])}]"
        share = min(self._count / self.total, 1.0) if self.total else 1.0
        percent = f"{int(100 * share):3d}%" if self.total is not None else ""
        for details in (  # the first that leaves room for a bar
            f" {done} [{', '.join([times, *speed, *figures])}]",
            f" {done} [{', '.join([times, *figures])}]",
            f" [{', '.join([times, *figures])}]",
            f" [{', '.join(figures[:1] or [times])}]",
        ):
            room = width - len(head) - len(percent) - len(details) - 2
            if self.total is None and room >= -2:
                return head + details[1:]
            if self.total is not None and room >= _LEAST_BAR:
                return f"{head}{percent}|{self._bar(share, room)}|{details}"
        return f"{head}{percent}{details}"[:width]

    def _bar(self, share: float, columns: int) -> str:
        if not self._full:
            return ("#" * int(share * columns)).ljust(columns)
        eighths = int(share * columns * 8)
        whole = "█" * (eighths // 8)
        return (whole + _BLOCKS[eighths % 8] if len(whole) < columns else whole).ljust(columns)


def _clock_text(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"


def _scaled(value: float) -> str:
    """Two or three digits and a prefix: 950, 1.2k, 34k, 5.6M."""
    prefix = ""
    for prefix in ("", "k", "M", "G"):
        if value < 999.5 or prefix == "G":
            break
        value /= 1000
    text = f"{value:.1f}" if value < 9.95 else f"{value:.0f}"
    return (text if prefix else text.removesuffix(".0")) + prefix


def _is_live(stream: TextIO) -> bool:
    return _is_notebook(stream) or bool(getattr(stream, "isatty", lambda: False)())


def _is_notebook(stream: TextIO) -> bool:
    return type(stream).__module__.partition(".")[0] in ("ipykernel", "google")


def _can_write(stream: TextIO, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
