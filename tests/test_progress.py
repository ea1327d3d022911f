"""The progress bar: its look, narrow terminals, silence, Ctrl-C."""

import io
import os
import re
import select

import pytest

from fastnn.progress import Bar, Progress, _clock_text, _scaled


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


FIGURES = {"loss": 0.31, "accuracy": 0.91}


def bar(
    columns, *, count=2250, total=5000, label="Epoch 3/30", figures=FIGURES, terminal=None, **kw
):
    """The last drawing of a run that reached ``count`` after 1.8 s."""
    clock, stream = Clock(), terminal or Terminal()
    progress = Bar(total, label, stream=stream, columns=columns, clock=clock, **kw)
    clock.now = 1.8
    progress.update(count, figures)
    return stream.getvalue().rpartition("\r")[2].rstrip()


def test_look_is_tqdms():
    assert bar(95) == (
        "Epoch 3/30:  45%|████▉      | 2250/5000 "
        "[loss=0.31, accuracy=0.91, 00:01<00:02, 1.2ksamples/s]"
    )


def test_bar_fills_in_eighths():
    bars = [bar(60, count=n, figures={}, label="") for n in (0, 100, 2500, 4999, 5000)]
    assert bars[0].startswith("  0%|     ")
    assert bars[2].startswith(" 50%|")
    assert bars[4].startswith("100%|█")
    room = len(bars[4].split("|")[1])
    for line, n in zip(bars, (0, 100, 2500, 4999, 5000), strict=True):
        assert len(line) == len(bars[4]) or "<?" in line
        filled = line.split("|")[1]
        eighths = 8 * filled.count("█") + sum(" ▏▎▍▌▋▊▉".index(c) for c in filled if c != "█")
        assert eighths == int(8 * len(filled) * n / 5000)
    assert room >= 5


@pytest.mark.parametrize("columns", range(1, 130))
def test_never_wider_than_the_terminal(columns):
    assert len(bar(columns)) <= max(columns - 1, 1)
    assert len(bar(columns, total=None)) <= max(columns - 1, 1)


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (
            86,
            "Epoch 3/30:  45%|▉ | 2250/5000 [loss=0.31, accuracy=0.91, 00:01<00:02, 1.2ksamples/s]",
        ),
        (84, "Epoch 3/30:  45% 2250/5000 [loss=0.31, accuracy=0.91, 00:01<00:02, 1.2ksamples/s]"),
        (80, "Epoch 3/30:  45%|██▋   | [loss=0.31, accuracy=0.91, 00:01<00:02, 1.2ksamples/s]"),
        (72, "Epoch 3/30:  45% [loss=0.31, accuracy=0.91, 00:01<00:02, 1.2ksamples/s]"),
        (64, "Epoch 3/30:  45%|██▎  | [loss=0.31, accuracy=0.91, 00:01<00:02]"),
        (50, "Epoch 3/30:  45%|█▊  | [loss=0.31, accuracy=0.91]"),
        (45, "Epoch 3/30:  45% [loss=0.31, accuracy=0.91]"),
        (40, "Epoch 3/30:  45%|████     | [loss=0.31]"),
        (30, "Epoch 3/30:  45% [loss=0.31]"),
        (12, "Epoch 3/30:"),
    ],
)
def test_details_give_way_on_narrow_terminals(columns, line):
    assert bar(columns) == line


def test_without_a_total():
    assert bar(90, total=None) == (
        "Epoch 3/30: 2250 [loss=0.31, accuracy=0.91, 00:01, 1.2ksamples/s]"
    )
    assert bar(50, total=None) == "Epoch 3/30: 2250 [loss=0.31, accuracy=0.91]"
    assert bar(30, total=None) == "Epoch 3/30: 2250 [loss=0.31]"
    assert bar(20, total=None) == "Epoch 3/30: 2250"


def test_a_wider_terminal_never_tells_less():
    figures = {"loss": 1.22563, "accuracy": 0.551234, "top_5": 0.91257}
    names = (*figures, "00:01<00:02", "1.2ksamples/s", "2250/5000")
    before = 0
    for columns in range(1, 140):
        line = bar(columns, figures=figures)
        told = [name in line for name in names]
        assert told == sorted(told, reverse=True)  # what stands first goes last
        assert sum(told) >= before
        before = sum(told)
    assert before == len(names)
    assert bar(58, figures=figures).endswith("[loss=1.23, accuracy=0.551, top_5=0.913]")


RESULTS = {"loss": 0.071234, "accuracy": 0.97831, "val_loss": 0.069123, "val_accuracy": 0.98012}


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (
            120,
            "Epoch 10/30: loss=0.07123, accuracy=0.9783, val_loss=0.06912, val_accuracy=0.9801, "
            "12s, 417samples/s",
        ),
        (
            100,
            "Epoch 10/30: loss=0.07123, accuracy=0.9783, val_loss=0.06912, val_accuracy=0.9801, 12s",
        ),
        (
            84,
            "Epoch 10/30: loss=0.07123 accuracy=0.9783 val_loss=0.06912 val_accuracy=0.9801 12s",
        ),
        (80, "Epoch 10/30: loss=0.0712 accuracy=0.978 val_loss=0.0691 val_accuracy=0.98 12s"),
        (60, "Epoch 10/30: loss=0.0712 accuracy=0.978 val_loss=0.0691"),
        (30, "Epoch 10/30: loss=0.0712"),
        (20, "Epoch 10/30"),
        (8, "Epoch 1"),
    ],
)
def test_last_line_of_an_epoch_tells_what_came_out(columns, line):
    clock, stream = Clock(), Terminal()
    progress = Progress(30, 5000, stream=stream, columns=columns, clock=clock)
    progress.begin(9)
    progress.update(2500, {"loss": 0.08, "accuracy": 0.97})
    clock.now = 12.0
    progress.update(5000, {"loss": 0.08, "accuracy": 0.97})
    progress.end(RESULTS | {"lr": 0.1, "seconds": 11.5})
    assert stream.getvalue().rpartition("\r")[2].rstrip() == line


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0s"), (4.06, "4.1s"), (9.96, "10s"), (59.4, "59s"), (61, "01:01")],
)
def test_last_line_tells_the_time(seconds, text):
    clock, stream = Clock(), Terminal()
    progress = Progress(1, 0, stream=stream, columns=80, clock=clock)
    progress.begin(0)
    clock.now = seconds
    progress.end({"loss": 0.5})
    line = stream.getvalue().rpartition("\r")[2].rstrip()
    assert line == f"Epoch 1/1: loss=0.5, {text}"


def test_ascii_where_the_stream_knows_no_blocks():
    terminal = Terminal()
    terminal.encoding = "ascii"
    assert bar(95, terminal=terminal).startswith("Epoch 3/30:  45%|####       | 2250")


def test_bytes_are_scaled():
    line = bar(80, count=4_500_000, total=9_900_000, unit="B", scale=True, figures={}, label="file")
    assert line.endswith("| 4.5M/9.9M [00:01<00:02, 2.5MB/s]")


def test_shorter_line_wipes_the_longer_one():
    clock, stream = Clock(), Terminal()
    progress = Bar(10, "x", stream=stream, columns=60, clock=clock)
    clock.now = 1.0
    progress.update(5, {"loss": 0.123456})
    clock.now = 2.0
    progress.update(6, {})
    drawings = stream.getvalue().split("\r")[1:]
    assert len(drawings[2]) >= len(drawings[1].rstrip())


def test_drawn_ten_times_a_second_at_most():
    clock, stream = Clock(), Terminal()
    with Bar(1000, stream=stream, columns=60, clock=clock) as progress:
        for i in range(1000):
            clock.now = i / 1000
            progress.update(i)
    assert stream.getvalue().count("\r") <= 12
    assert stream.getvalue().endswith("\n")


def test_silent_where_there_is_no_terminal_and_with_verbose_0():
    for stream, verbose in ((io.StringIO(), 1), (Terminal(), 0), (io.StringIO(), 0)):
        with Bar(10, stream=stream, verbose=verbose) as progress:
            progress.update(10, FIGURES)
        assert stream.getvalue() == ""


def test_silent_without_standard_error(monkeypatch):
    monkeypatch.setattr("sys.stderr", None)
    for verbose in (0, 1, 2):
        with Bar(10, verbose=verbose) as progress:
            progress.update(10)


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_verbose_2_is_one_line_anywhere(stream):
    clock = Clock()
    with Bar(5000, "Epoch 3/30", stream=stream, verbose=2, clock=clock) as progress:
        for i in range(0, 5001, 100):
            clock.now = i / 1000
            progress.update(i, FIGURES)
    assert stream.getvalue() == (
        "Epoch 3/30: 5000/5000 [loss=0.31, accuracy=0.91, 00:05, 1.0ksamples/s]\n"
    )


def test_interrupt_leaves_a_clean_line():
    stream = Terminal()
    progress = Bar(10, stream=stream, columns=60)
    with pytest.raises(KeyboardInterrupt), progress:
        progress.update(3)
        raise KeyboardInterrupt
    progress.close()
    assert stream.getvalue().endswith("]\n")
    assert stream.getvalue().count("\n") == 1


def test_real_terminal_and_its_width():
    pty = pytest.importorskip("pty")
    import fcntl
    import struct
    import termios

    master, slave = pty.openpty()
    try:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 50, 0, 0))
        with (
            open(slave, "w", encoding="utf-8", closefd=False) as stream,
            Bar(10, "label", stream=stream) as progress,
        ):
            progress.update(10, FIGURES)
        given = b""
        while not given.endswith(b"\n"):  # the kernel hands it over piece by piece
            assert select.select([master], [], [], 10)[0], given
            given += os.read(master, 10_000)
        text = given.decode()
    finally:
        os.close(master)
        os.close(slave)
    lines = [part for part in re.split("[\r\n]+", text) if part]
    assert lines
    assert all(len(line) <= 49 for line in lines)
    assert "100%|" in lines[-1]


def test_notebooks_draw_at_a_fixed_width():
    stream_type = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})
    stream = stream_type()
    with Bar(10, stream=stream) as progress:
        progress.update(10)
    assert "100%|" in stream.getvalue()


def test_nothing_to_do_is_all_done():
    assert bar(60, count=0, total=0, figures={}, label="").startswith("100%|")


def test_a_run_has_a_line_for_each_epoch():
    clock, stream = Clock(), Terminal()
    progress = Progress(2, 100, stream=stream, columns=90, clock=clock)
    for epoch in range(2):
        progress.begin(epoch)
        for done in (50, 100):
            clock.now += 1
            progress.update(done, {"loss": 0.5, "lr": 0.1})
        progress.end({"loss": 0.5, "lr": 0.1, "seconds": 2.0, "val_loss": 0.75})
    progress.close()
    lines = [line.rpartition("\r")[2] for line in stream.getvalue().split("\n")]
    assert lines.pop() == ""
    assert len(lines) == 2
    for epoch, line in enumerate(lines):
        assert line.rstrip() == f"Epoch {epoch + 1}/2: loss=0.5, val_loss=0.75, 2.0s, 50samples/s"


def test_a_run_left_early_ends_its_line():
    stream = Terminal()
    progress = Progress(2, 100, stream=stream, columns=90)
    progress.begin(0)
    progress.update(50, {"loss": 0.5})
    progress.close()
    progress.close()
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().endswith("\n")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "00:00"), (61.9, "01:01"), (3600, "1:00:00"), (90061, "25:01:01")]
)
def test_clock_text(seconds, text):
    assert _clock_text(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1, "1"),
        (2.5, "2.5"),
        (999, "999"),
        (999.6, "1.0k"),
        (1234, "1.2k"),
        (34_500, "34k"),
        (5.6e6, "5.6M"),
        (7.8e12, "7800G"),
    ],
)
def test_scaled(value, text):
    assert _scaled(value) == text


def test_error_text():
    with pytest.raises(ValueError, match=r"^Bar: verbose must be 0, 1 or 2, got 3$"):
        Bar(10, verbose=3)
    with pytest.raises(ValueError, match=r"^Progress: verbose must be 0, 1 or 2, got 'x'$"):
        Progress(2, 10, verbose="x")
