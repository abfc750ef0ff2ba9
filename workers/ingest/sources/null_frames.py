"""Null frames of AVI: empty chunks that repeat the picture before them; FFmpeg passes over them."""

import struct
from pathlib import Path
from typing import BinaryIO, Final

_CHUNK: Final = struct.Struct("<4sI")
CHUNK_BYTES: Final = _CHUNK.size
"""Size of a null frame, bytes."""

_LISTS: Final = frozenset({b"LIST", b"RIFF"})
_TYPE_BYTES: Final = 4
_PICTURES: Final = (b"dc", b"db")


def null_frames_after(path: Path, stream_index: int, offset: int) -> int:
    """Number of null frames after a picture.

    Args:
        path: The AVI file.
        stream_index: Index of the video stream.
        offset: Offset in the file at which the chunk of that picture ends.
    """
    names = {b"%02d" % stream_index + kind for kind in _PICTURES}
    with path.open("rb") as file:
        file.seek(offset + offset % 2)
        return _count(file, names)


def _count(file: BinaryIO, names: set[bytes]) -> int:
    found = 0
    while len(head := file.read(CHUNK_BYTES)) == CHUNK_BYTES:
        name, size = _CHUNK.unpack(head)
        if name in names and size == 0:
            found += 1
        elif name in _LISTS:
            file.seek(_TYPE_BYTES, 1)
        elif not name.strip().isalnum():
            break
        else:
            file.seek(size + size % 2, 1)
    return found
