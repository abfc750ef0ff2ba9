"""A fold that shows every mistake: a count and a chained hash for each key.

A record that is skipped, folded twice or folded out of order changes the chain of its key for
good. One record in two hundred deletes its key, so that tombstones are tested too.
"""

import hashlib
from collections.abc import Mapping

from runtime.checkpoints import Checkpoint, Emit, EntityState, OutputRecord, Record

STATE_VERSION = 1
DELETE = b"delete"


def chained(chain: bytes, value: bytes) -> bytes:
    """The next link: 8 bytes of BLAKE2b over the last link and the value."""
    return hashlib.blake2b(chain + value, digest_size=8).digest()


class CountingFold:
    """Counts the records of each key and chains their values."""

    def __init__(self, emit: Emit, output: str) -> None:
        self._emit = emit
        self._output = output
        self._keys: dict[bytes, tuple[int, bytes]] = {}
        self._seen = 0
        self._changed: set[bytes] = set()

    def restore(self, checkpoint: Checkpoint) -> None:
        """Read each key's count and chain."""
        for entity, state in checkpoint.entities.items():
            count, chain = state.data.split(b"|", 1)
            self._keys[entity.removeprefix(b"key/")] = int(count), bytes.fromhex(chain.decode())
        self._seen = checkpoint.head.side_offsets["seen"]

    def advance(self, record: Record) -> None:
        """Count, chain, emit `partition:offset|count|chain`."""
        assert record.key is not None
        assert record.value is not None
        count, chain = self._keys.get(record.key, (0, b""))
        count, chain = count + 1, chained(chain, record.value)
        self._seen += 1
        self._changed.add(record.key)
        if record.value.startswith(DELETE):
            self._keys.pop(record.key, None)
        else:
            self._keys[record.key] = count, chain
        value = b"%d:%d|%d|%s" % (record.partition, record.offset, count, chain.hex().encode())
        self._emit(OutputRecord(self._output, record.key, value, record.partition))

    def changed(self) -> Mapping[bytes, EntityState | None]:
        """Every key that has changed since the last call."""
        changed = {b"key/" + key: self._encoded(key) for key in sorted(self._changed)}
        self._changed.clear()
        return changed

    def side_offsets(self) -> Mapping[str, int]:
        """Number of records folded, in place of a side input's offset."""
        return {"seen": self._seen}

    def _encoded(self, key: bytes) -> EntityState | None:
        if key not in self._keys:
            return None
        count, chain = self._keys[key]
        return EntityState(STATE_VERSION, b"%d|%s" % (count, chain.hex().encode()))
