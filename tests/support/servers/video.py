"""An HTTP server of recordings and live streams, which takes objects as well."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MJPEG = "multipart/x-mixed-replace; boundary=part"


class VideoServer:
    """Gives bytes by path: as a whole with their size, or again and again without an end.

    Attributes:
        url: Address of the server.
        files: Content by path, given whole, without ranges.
        streams: Content type and what is repeated, by path.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.streams: dict[str, tuple[str, bytes]] = {}
        self.url = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        path = handler.path.partition("?")[0]
        if path in self.streams:
            kind, part = self.streams[path]
            handler.send_response(200)
            handler.send_header("Content-Type", kind)
            handler.end_headers()
            while True:
                handler.wfile.write(part)
                time.sleep(0.02)
        content = self.files.get(path)
        handler.send_response(404 if content is None else 200)
        handler.send_header("Content-Length", str(len(content or b"")))
        handler.end_headers()
        handler.wfile.write(content or b"")


@contextmanager
def video_server() -> Iterator[VideoServer]:
    """A server for the length of a `with` block."""
    videos = VideoServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                videos.answer(self)
            except OSError:
                self.close_connection = True  # the player went away

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("ETag", '"1"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    videos.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield videos
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
