"""Checkpoints as a stage saves them."""

from runtime.checkpoints import PartitionProgress, Snapshot
from tests.unit.checkpoints.test_progress import Journal, record


def checkpoint(through: int, partition: int = 0) -> Snapshot:
    """What is saved after the records up to an offset."""
    progress = PartitionProgress(partition, Journal(), input_id="id", claimed=True)
    for offset in range(through):
        progress.offer(record(offset))
        if offset == through // 2:
            progress.snapshot(generation=1, boot_id="earlier")
    snapshot = progress.snapshot(generation=1, boot_id="test")
    assert snapshot is not None
    return snapshot
