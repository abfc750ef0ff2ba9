"""A registry for npm on this machine, with packages that tests make; it counts what it sends."""

import base64
import hashlib
import io
import json
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote


def archive_of(files: Mapping[str, bytes]) -> bytes:
    """A package's archive, the same bytes for the same files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


class NpmRegistry:
    """The registry.

    Attributes:
        packages: Archive of each `NAME@VERSION`.
        sends: Bytes that are sent in place of an archive.
        cuts: Packages whose connection ends half way.
        sent: Archives sent, by name.
    """

    def __init__(self) -> None:
        self.packages: dict[str, bytes] = {}
        self.sends: dict[str, bytes] = {}
        self.cuts: set[str] = set()
        self.sent: Counter[str] = Counter()
        self.url = ""

    def document(self, name: str) -> bytes | None:
        """What the registry says of a package."""
        versions = {}
        for wanted, archive in self.packages.items():
            package, _, version = wanted.rpartition("@")
            if package == name:
                digest = base64.b64encode(hashlib.sha512(archive).digest()).decode()
                versions[version] = {
                    "name": name,
                    "version": version,
                    "dist": {
                        "tarball": f"{self.url}archives/{wanted}",
                        "shasum": hashlib.sha1(archive).hexdigest(),
                        "integrity": f"sha512-{digest}",
                    },
                }
        if not versions:
            return None
        last = max(versions)
        return json.dumps(
            {"name": name, "dist-tags": {"latest": last}, "versions": versions}
        ).encode()


@contextmanager
def npm_registry() -> Iterator[NpmRegistry]:
    """Serve a registry while the block runs."""
    registry = NpmRegistry()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = unquote(self.path).split("?")[0].lstrip("/")
            wanted = path.removeprefix("archives/")
            if wanted == path:
                self.answer(registry.document(path))
                return
            registry.sent[wanted] += 1
            data = registry.sends.get(wanted, registry.packages.get(wanted))
            self.answer(data, cut=wanted in registry.cuts)

        def answer(self, data: bytes | None, *, cut: bool = False) -> None:
            self.send_response(404 if data is None else 200)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write((data or b"")[: len(data or b"") // 2] if cut else data or b"")
            self.close_connection = cut

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        registry.url = f"http://127.0.0.1:{server.server_address[1]}/"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield registry
        finally:
            server.shutdown()
            thread.join()
