"""Paths: what is told where a file cannot be written or read, and which mode a new one has."""

from __future__ import annotations

import errno
import os
import pickle
import signal
import stat

import pytest

import fastnn as fnn
from fastnn import atomic, nn


def model():
    return fnn.Model([nn.Dense(1)], input_shape=(2,))


def trainer():
    return fnn.Trainer(model(), "mse")


SAVES = {"Model.save": lambda path: model().save(path), "Trainer.save": lambda p: trainer().save(p)}
READS = {"fastnn.load": fnn.load, "Trainer.resume": fnn.Trainer.resume}


def refused(where, act, path, kind, number, text):
    with pytest.raises(kind) as error:
        act(path)
    assert str(error.value) == f"{where}: path must {text}"
    assert (error.value.errno, error.value.filename) == (number, path)
    assert type(error.value).__name__ == kind.__name__


@pytest.mark.parametrize("where", SAVES)
def test_what_cannot_be_written_is_told_by_the_name_that_was_given(where, tmp_path, monkeypatch):
    save = SAVES[where]
    can = "name a file that can be written, got"
    path = str(tmp_path / "none" / "a.fnn")
    text = f"{can} {path!r} with {os.strerror(errno.ENOENT)}; make the folder first"
    refused(where, save, path, FileNotFoundError, errno.ENOENT, text)
    (tmp_path / "file").write_text("")
    path = str(tmp_path / "file" / "a.fnn")
    text = f"{can} {path!r} with {os.strerror(errno.ENOTDIR)}; make the folder first"
    refused(where, save, path, NotADirectoryError, errno.ENOTDIR, text)
    path = str(tmp_path / ("a" * 300))
    text = f"{can} {path!r} with {os.strerror(errno.ENAMETOOLONG)}; give it a shorter name"
    refused(where, save, path, OSError, errno.ENAMETOOLONG, text)
    path = str(tmp_path)
    refused(
        where, save, path, IsADirectoryError, errno.EISDIR, f"name a file, got the folder {path!r}"
    )
    path = os.devnull
    text = f"name a file, got {path!r}, which is something else"
    refused(where, save, path, OSError, None, text)

    def deny(*_):
        raise PermissionError(errno.EACCES, "Permission denied", "a.fnn.x.part")

    monkeypatch.setattr(atomic, "_private", deny)
    path = str(tmp_path / "a.fnn")
    refused(
        where, save, path, PermissionError, errno.EACCES, f"{can} {path!r} with Permission denied"
    )
    assert os.listdir(tmp_path) == ["file"]


def test_curves_and_callbacks_tell_it_too(tmp_path):
    history = fnn.trainer.History(loss=[2.0, 1.0])
    path = str(tmp_path / "none" / "a.png")
    with pytest.raises(FileNotFoundError, match="^plot: path must name a file that can be written"):
        fnn.plot.save_learning_curves(history, path)
    checkpoint = fnn.callbacks.Checkpoint(path)
    with pytest.raises(FileNotFoundError, match="^Checkpoint: path must name a file that can be"):
        trainer().fit(([[1.0, 2.0]], [[1.0]]), callbacks=[checkpoint], verbose=0)


@pytest.mark.parametrize("where", {**SAVES, **READS})
@pytest.mark.parametrize("path", [None, b"a.fnn", 3, "a\0b", "a\ud800"], ids=range(5))
def test_what_is_no_path(where, path):
    kind, rule = TypeError, "a str or a path"
    if isinstance(path, str):
        kind, rule = ValueError, "a name that a file can have"
    with pytest.raises(kind) as error:
        {**SAVES, **READS}[where](path)
    assert str(error.value) == f"{where}: path must be {rule}, got {path!r}"


@pytest.mark.parametrize("where", READS)
def test_what_cannot_be_read(where, tmp_path):
    path = str(tmp_path / "none.fnn")
    text = f"name a file, got {path!r}"
    refused(where, READS[where], path, FileNotFoundError, errno.ENOENT, text)


def test_such_an_error_passes_between_processes(tmp_path):
    with pytest.raises(OSError) as error:
        fnn.load(tmp_path / "none.fnn")
    again = pickle.loads(pickle.dumps(error.value))
    assert isinstance(again, FileNotFoundError)
    assert (str(again), again.errno, again.filename) == (
        str(error.value), errno.ENOENT, error.value.filename,
    )  # fmt: skip


def test_a_name_may_be_as_long_as_the_system_lets_it(tmp_path):
    path = tmp_path / ("a" * 255)
    model().save(path)
    assert fnn.load(path).theta.size == 3


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_the_mode_of_a_replaced_file_is_kept(tmp_path):
    def mode():
        return stat.S_IMODE(path.stat().st_mode)

    path = tmp_path / "a.fnn"
    before = os.umask(0o027)
    try:
        model().save(path)
        assert mode() == 0o640
        path.chmod(0o600)
        model().save(path)
        assert mode() == 0o600
        trainer().save(path)
        assert mode() == 0o600
    finally:
        os.umask(before)


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("act", ["write_whole", "check_writable"])
def test_ctrl_c_once_the_temporary_file_is_there(act, tmp_path, monkeypatch):
    make = os.open

    def make_and_press(*arguments):
        handle = make(*arguments)
        signal.raise_signal(signal.SIGINT)
        return handle

    monkeypatch.setattr(os, "open", make_and_press)
    more = ([b"new"],) if act == "write_whole" else ()
    with pytest.raises(KeyboardInterrupt):
        getattr(atomic, act)(tmp_path / "a.fnn", *more, "here")
    assert os.listdir(tmp_path) == []
