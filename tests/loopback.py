"""A web server on loopback that can misbehave: cut connections, ignore ranges, lie."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Mirror:
    """Files by path, the requests seen as (path, Range), and what goes wrong.

    ``cut``: (bytes to send, times) after which the connection closes; ``ranges`` False: always
    answers 200 with the whole file; ``status``: (code, times) answered instead of the file.
    """

    def __init__(self, files):
        self.files = dict(files)
        self.requests = []
        self.cut = (0, 0)
        self.ranges = True
        self.status = (0, 0)
        self.url = ""


@contextmanager
def serve(files):
    mirror = Mirror(files)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_GET(self):
            asked = self.headers.get("Range")
            mirror.requests.append((self.path, asked))
            code, times = mirror.status
            body = mirror.files.get(self.path)
            if times or body is None:
                mirror.status = (code, times - 1)
                self.send_error(code if times else 404)
                return
            begin = int(asked[6:-1]) if asked and mirror.ranges else 0
            if begin >= len(body) and asked:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(body)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if asked and mirror.ranges else 200)
            if asked and mirror.ranges:
                self.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
            rest = body[begin:]
            self.send_header("Content-Length", str(len(rest)))
            self.end_headers()
            limit, times = mirror.cut
            if times:
                mirror.cut = (limit, times - 1)
                rest = rest[:limit]
                self.close_connection = True
            self.wfile.write(rest)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    mirror.url = f"http://127.0.0.1:{server.server_port}/"
    try:
        yield mirror
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
