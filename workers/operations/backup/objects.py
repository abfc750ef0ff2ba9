"""Objects of a backup: compressed lines, named by their content.

URI/objects/<2 digits>/<sha256>.gz
"""

import gzip
import hashlib
from collections.abc import Iterator

import msgspec

from runtime.errors import DeadLetter, Stop
from runtime.storage.objects import ObjectStore, sha256_hex

_PART_BYTES = 24 * 1024 * 1024


class Part(msgspec.Struct, frozen=True):
    """One object of a backup.

    Attributes:
        path: Path below the backup's URI.
        sha256: SHA-256 of the stored object, hex.
        bytes: Length of the stored object, bytes.
        lines: Number of records, one per line.
    """

    path: str
    sha256: str
    bytes: int
    lines: int


class Copied(msgspec.Struct, frozen=True):
    """Copied lines, in order.

    Attributes:
        lines: Number of lines.
        sha256: SHA-256 over all lines, hex.
        parts: Objects that hold the lines.
    """

    lines: int
    sha256: str
    parts: tuple[Part, ...]


class TextWriter:
    """Cuts lines into objects; memory holds one object at a time.

    Args:
        store: Store that receives the objects.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._whole = hashlib.sha256()
        self._held = bytearray()
        self._lines = 0
        self._parts: list[Part] = []

    def write(self, line: bytes) -> None:
        """Add a line, which ends in a line feed and holds no other.

        Raises:
            Retry: The store is out of reach.
            Stop: The store refuses us.
        """
        self._whole.update(line)
        self._held += line
        self._lines += 1
        if len(self._held) >= _PART_BYTES:
            self._put()

    def close(self) -> Copied:
        """Write the rest; raises like `write`."""
        if self._held:
            self._put()
        return Copied(sum(p.lines for p in self._parts), self._whole.hexdigest(), (*self._parts,))

    def _put(self) -> None:
        self._parts.append(put_object(self._store, bytes(self._held), self._lines))
        self._held.clear()
        self._lines = 0


def put_object(store: ObjectStore, data: bytes, lines: int = 1) -> Part:
    """Compress bytes, always the same way, and write them under a name made from them."""
    packed = gzip.compress(data, 6, mtime=0)
    sha256 = sha256_hex(packed)
    path = f"objects/{sha256[:2]}/{sha256}.gz"
    store.put(path, packed)
    return Part(path, sha256, len(packed), lines)


def get_object(store: ObjectStore, part: Part) -> bytes:
    """Read and check the bytes of an object.

    Raises:
        Stop: The object is gone, or is not what was written.
        Retry: The store is out of reach.
    """
    try:
        return gzip.decompress(store.get(f"{store.base}/{part.path}", part.sha256))
    except DeadLetter as error:
        raise Stop(f"the backup is damaged: {error}") from error


def lines_of(store: ObjectStore, copied: Copied) -> Iterator[bytes]:
    """Read lines in order, and check them on the way.

    Raises:
        Stop: An object is gone or altered, or the lines are not those that were counted.
        Retry: The store is out of reach.
    """
    whole, found = hashlib.sha256(), 0
    for part in copied.parts:
        data = get_object(store, part)
        whole.update(data)
        lines = data.splitlines(keepends=True)
        found += len(lines)
        yield from lines
    if found != copied.lines or whole.hexdigest() != copied.sha256:
        raise Stop(f"the backup is damaged: {found} lines where {copied.lines} were counted")
