"""Downloads from mirrors on loopback: broken connections, wrong bytes, second mirrors."""

import os
import re
import threading
from errno import ECONNREFUSED

import pytest

from fastnn.datasets._download import fetch
from loopback import serve

BODY = bytes(range(256)) * 1000


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def is_body(path):
    if path.read_bytes() != BODY:
        raise OSError("test: file must be the body, got other bytes")


def get(target, *mirrors, attempts=3):
    urls = [m if isinstance(m, str) else m.url + "file" for m in mirrors]
    fetch("test", target, urls, is_body, timeout=5, attempts=attempts, pause=0.001)


def only(target):
    """The file is in place, and nothing is left beside it."""
    return target.read_bytes() == BODY and list(target.parent.iterdir()) == [target]


def test_whole_file_in_one_go(tmp_path):
    target = tmp_path / "deep" / "file"
    with serve({"/file": BODY}) as mirror:
        get(target, mirror)
    assert only(target)
    assert mirror.requests == [("/file", None)]


def test_broken_connection_is_resumed(tmp_path):
    with serve({"/file": BODY}) as mirror:
        mirror.cut = (100_000, 2)
        get(tmp_path / "file", mirror)
    assert only(tmp_path / "file")
    assert [r for _, r in mirror.requests] == [None, "bytes=100000-", "bytes=200000-"]


def test_next_call_goes_on_where_the_last_gave_up(tmp_path):
    target = tmp_path / "file"
    with serve({"/file": BODY}) as mirror:
        mirror.cut = (1000, 2)
        text = (
            f"test: file must come from one of 1 mirrors, got {mirror.url}file: the connection "
            f"closed after 2000 of 256000 bytes; put the file into {tmp_path} by hand, or call "
            "again to go on"
        )
        with pytest.raises(OSError, match=f"^{re.escape(text)}$"):
            get(target, mirror, attempts=2)
        assert not target.exists()
        get(target, mirror)
    assert only(target)
    assert mirror.requests[-1] == ("/file", "bytes=2000-")


def test_second_mirror_resumes_what_the_first_began(tmp_path):
    with serve({"/file": BODY}) as first, serve({"/file": BODY}) as second:
        first.cut = (5000, 1)
        get(tmp_path / "file", first, second, attempts=1)
    assert only(tmp_path / "file")
    assert second.requests == [("/file", "bytes=5000-")]


def test_server_without_ranges_starts_again(tmp_path):
    with serve({"/file": BODY}) as mirror:
        mirror.cut, mirror.ranges = (5000, 1), False
        get(tmp_path / "file", mirror)
    assert only(tmp_path / "file")


def test_whole_part_file_is_checked_and_used(tmp_path):
    (tmp_path / "file.part").write_bytes(BODY)
    with serve({"/file": BODY}) as mirror:
        get(tmp_path / "file", mirror)
    assert only(tmp_path / "file")
    assert mirror.requests == [("/file", "bytes=256000-")]


@pytest.mark.parametrize("stale", [b"x" * 300_000, b"x" * 1000])
def test_stale_part_file_is_replaced(tmp_path, stale):
    (tmp_path / "file.part").write_bytes(stale)
    with serve({"/file": BODY}) as mirror:
        get(tmp_path / "file", mirror)
    assert only(tmp_path / "file")
    assert mirror.requests[-1] == ("/file", None)


def test_not_found_goes_to_the_second_mirror_at_once(tmp_path):
    with serve({}) as first, serve({"/file": BODY}) as second:
        get(tmp_path / "file", first, second)
    assert only(tmp_path / "file")
    assert len(first.requests) == len(second.requests) == 1


def test_busy_server_is_asked_again(tmp_path):
    with serve({"/file": BODY}) as mirror:
        mirror.status = (503, 2)
        get(tmp_path / "file", mirror)
    assert only(tmp_path / "file")


def test_wrong_bytes_go_to_the_second_mirror(tmp_path):
    with serve({"/file": BODY[::-1]}) as first, serve({"/file": BODY}) as second:
        get(tmp_path / "file", first, second)
    assert only(tmp_path / "file")
    assert len(first.requests) == 1


def test_all_mirrors_failing_are_all_named(tmp_path):
    with serve({}) as first, serve({"/file": b"<html>"}) as second:
        gone = "http://127.0.0.1:1/file"
        with pytest.raises(OSError, match=r"^test: file must come from one of 3 ") as caught:
            get(tmp_path / "file", first, second, gone, attempts=1)
    assert str(caught.value) == (
        f"test: file must come from one of 3 mirrors, got {first.url}file: HTTP 404 Not Found; "
        f"{second.url}file: test: file must be the body, got other bytes; {gone}: <urlopen error "
        f"{ConnectionRefusedError(ECONNREFUSED, os.strerror(ECONNREFUSED))}>; put the file into "
        f"{tmp_path} by hand, or call again to go on"
    )
    assert list(tmp_path.iterdir()) == []


def test_two_downloads_at_once_make_one_request(tmp_path):
    with serve({"/file": BODY}) as mirror:
        workers = [threading.Thread(target=get, args=(tmp_path / "file", mirror)) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert only(tmp_path / "file")
    assert len(mirror.requests) == 1
