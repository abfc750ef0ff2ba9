"""Checkpoints as a stage saves them."""

from collections.abc import Mapping

from runtime.checkpoints import Checkpoint, EntityState, PartitionProgress, Record, Snapshot

KEYS = (b"a", b"b", b"c")


class Journal:
    """Keeps the offsets that each key was folded at; `forget` deletes the key."""

    def __init__(self) -> None:
        self.offsets: dict[bytes, list[int]] = {}
        self.touched: set[bytes] = set()

    def restore(self, checkpoint: Checkpoint) -> None:
        for key, state in checkpoint.entities.items():
            self.offsets[key] = [int(n) for n in state.data.split()]

    def advance(self, record: Record) -> None:
        assert record.key is not None
        self.touched.add(record.key)
        if record.value == b"forget":
            self.offsets.pop(record.key, None)
        else:
            self.offsets.setdefault(record.key, []).append(record.offset)

    def changed(self) -> Mapping[bytes, EntityState | None]:
        touched, self.touched = sorted(self.touched), set()
        return {key: self._state(key) for key in touched}

    def side_offsets(self) -> Mapping[str, int]:
        return {"side": len(self.offsets)}

    def _state(self, key: bytes) -> EntityState | None:
        if key not in self.offsets:
            return None
        return EntityState(1, b" ".join(b"%d" % n for n in self.offsets[key]))


def record(offset: int, value: bytes = b"note", key: bytes | None = None) -> Record:
    return Record("input", 0, offset, key or KEYS[offset % 3], value, 0, ())


def checkpoint(through: int, partition: int = 0) -> Snapshot:
    """The checkpoint that is saved after the records up to an offset."""
    progress = PartitionProgress(partition, Journal(), input_id="id", claimed=True)
    for offset in range(through):
        progress.offer(record(offset))
        if offset == through // 2:
            progress.snapshot(generation=1, boot_id="earlier")
    snapshot = progress.snapshot(generation=1, boot_id="test")
    assert snapshot is not None
    return snapshot
