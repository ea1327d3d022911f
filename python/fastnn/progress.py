"""A progress bar on standard error, with tqdm's look.

``Epoch 3/30:  45%|████▌     | 2250/5000 [loss=0.31, accuracy=0.91, 00:01<00:02, 1.2ksamples/s]``

Where columns are few the bar gives way first, then the count, which the percentage tells too, then
what stands in brackets, from the right: what a training is watched for goes last. The last line of
an epoch needs no bar:

``Epoch 3/30: loss=0.31, accuracy=0.91, val_loss=0.35, val_accuracy=0.9, 4.1s, 1.2ksamples/s``
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, TextIO

_INTERVAL = 0.1  # seconds between two drawings
_NOTEBOOK_COLUMNS = 100
_BLOCKS = " ▏▎▍▌▋▊▉█"


class Bar:
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
    >>> with Bar(4, "Epoch 1/2", verbose=2, stream=line, clock=lambda: 0.0) as bar:
    ...     bar.update(4, {"loss": 0.25})
    >>> line.getvalue()
    'Epoch 1/2: 4/4 [loss=0.25, 00:00]\\n'
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
            raise ValueError(f"Bar: verbose must be 0, 1 or 2, got {verbose!r}")
        self.total, self.label, self.unit, self.scale = total, label, unit, scale
        self._stream = sys.stderr if stream is None else stream
        self._draws = verbose == 1 and self._stream is not None and _is_live(self._stream)
        self._writes = verbose == 2 and self._stream is not None
        self._columns, self._clock = columns, clock
        self._full = _can_write(self._stream, _BLOCKS) if self._draws else False
        self._count = 0
        self.figures: Mapping[str, float] = {}
        self._start = clock()
        self._drawn_at = float("-inf")
        self._drawn = 0  # columns of the last drawing
        self._closed = False
        self._ended = False  # whether the last line tells what came out, instead of how far it is
        self._draw()

    def update(self, count: int, figures: Mapping[str, float] | None = None) -> None:
        """``count`` is reached; ``figures`` are shown behind it."""
        self._count = count
        if figures is not None:
            self.figures = figures
        if self._draws and self._clock() - self._drawn_at >= _INTERVAL:
            self._draw()

    def end(self, figures: Mapping[str, float]) -> None:
        """It is all done: the last line needs no bar, and has room for what came out."""
        self.figures, self._ended = figures, True
        self.close()

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

    def __enter__(self) -> Bar:
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
        width = max(self._width() - 1, 1)  # the last column would wrap in some terminals
        line = self._last(width) if self._ended else self._line(width)
        self._write("\r" + line.ljust(min(self._drawn, width)))
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
            return 80

    def _line(self, width: int) -> str:
        """The line in at most ``width`` columns; 0: without a bar, as long as it gets."""
        seconds, rate = self._pace()
        number = _scaled if self.scale else str
        done = number(self._count) + (f"/{number(self.total)}" if self.total is not None else "")
        times = _clock_text(seconds)
        if self.total is not None and width:
            left = (self.total - self._count) / rate if rate else None
            times += "<" + ("?" if left is None else _clock_text(left))
        details = self._details(done, [times, *self._speed(rate)])
        if not width:
            return self._head() + next(details).lstrip()
        share = min(self._count / self.total, 1.0) if self.total else 1.0
        front = self._head() + (f"{int(100 * share):3d}%" if self.total is not None else "")
        for text in details:  # the first that fits; the bar takes what columns it leaves
            room = width - len(front) - len(text)
            if self.total is None and room >= -1:
                return front + text.lstrip()
            if room >= 0:
                return front + (f"|{self._bar(share, room - 2)}|" if room > 2 else "") + text
        return front[:width]

    def _details(self, done: str, rest: list[str]) -> Iterator[str]:
        """What stands behind the bar, shorter and shorter."""
        all_of_it = [*self._numbers(4), *rest]
        yield f" {done} [{', '.join(all_of_it)}]"
        kept = f" {done}" if self.total is None else ""
        least = self._numbers(3)
        for n in range(len(all_of_it), len(least), -1):
            yield f"{kept} [{', '.join(all_of_it[:n])}]"
        for numbers in (all_of_it[: len(least)], *(least[:n] for n in range(len(least), 0, -1))):
            if numbers:
                yield f"{kept} [{', '.join(numbers)}]"
        yield kept

    def _last(self, width: int) -> str:
        """The line of what is done, in at most ``width`` columns: all figures, then the time."""
        seconds, rate = self._pace()
        time_ = (
            f"{seconds:.{1 if seconds < 9.95 else 0}f}s" if seconds < 60 else _clock_text(seconds)
        )
        numbers, least = self._numbers(4), self._numbers(3)
        head = self._head()
        for text in (
            ", ".join([*numbers, time_, *self._speed(rate)]),
            ", ".join([*numbers, time_]),
            " ".join([*numbers, time_]),
            " ".join([*least, time_]),
            *(" ".join(least[:n]) for n in range(len(least), 0, -1)),
        ):
            if len(head) + len(text) <= width:
                return head + text
        return head.rstrip(": ")[:width]

    def _head(self) -> str:
        return f"{self.label}: " if self.label else ""

    def _pace(self) -> tuple[float, float]:
        """Seconds since the start, and counts in one of them."""
        seconds = self._clock() - self._start
        return seconds, self._count / seconds if seconds > 0 else 0.0

    def _speed(self, rate: float) -> list[str]:
        return [f"{_scaled(rate)}{self.unit}/s"] if rate else []

    def _numbers(self, digits: int) -> list[str]:
        return [f"{name}={value:.{digits}g}" for name, value in self.figures.items()]

    def _bar(self, share: float, columns: int) -> str:
        if not self._full:
            return ("#" * int(share * columns)).ljust(columns)
        eighths = int(share * columns * 8)
        whole = "█" * (eighths // 8)
        return (whole + _BLOCKS[eighths % 8] if len(whole) < columns else whole).ljust(columns)


class Progress:
    """The bars of a training run, one for each epoch.

    Parameters
    ----------
    epochs : int
    samples : int or None
        In an epoch; None where nobody knows.
    verbose : int
        As in ``Bar``.
    **options
        The other arguments of ``Bar``.

    Examples
    --------
    >>> import io
    >>> lines = io.StringIO()
    >>> progress = Progress(2, 60, verbose=2, stream=lines, clock=lambda: 0.0)
    >>> for epoch in range(2):
    ...     progress.begin(epoch)
    ...     progress.update(60, {"loss": 0.5})
    ...     progress.end({"loss": 0.5, "val_loss": 0.75, "lr": 0.1})
    >>> print(lines.getvalue(), end="")
    Epoch 1/2: 60/60 [loss=0.5, val_loss=0.75, 00:00]
    Epoch 2/2: 60/60 [loss=0.5, val_loss=0.75, 00:00]
    """

    def __init__(
        self, epochs: int, samples: int | None, *, verbose: int = 1, **options: Any
    ) -> None:
        if verbose not in (0, 1, 2):
            raise ValueError(f"Progress: verbose must be 0, 1 or 2, got {verbose!r}")
        self.epochs, self.samples = epochs, samples
        self._options = {"verbose": verbose, **options}
        self._bar: Bar | None = None

    def begin(self, epoch: int) -> None:
        """Epoch ``epoch`` (from 0) begins."""
        self.close()
        self._bar = Bar(self.samples, f"Epoch {epoch + 1}/{self.epochs}", **self._options)

    def update(self, samples: int, figures: Mapping[str, float]) -> None:
        """``samples`` of the epoch are done."""
        if self._bar is not None:
            self._bar.update(samples, _shown(figures))

    def end(self, figures: Mapping[str, float]) -> None:
        """The epoch is over: its last line, with what validation gave."""
        if self._bar is not None:
            self._bar.end(_shown(figures))
        self.close()

    def close(self) -> None:
        """End the line of an epoch that was left early."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _shown(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in figures.items() if name not in ("lr", "seconds")}


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
