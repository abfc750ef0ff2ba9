"""Losses of the log follow from dead letters alone, once both topics have been read."""

import pytest
from confluent_kafka import Message

from runtime.clock import SystemClock
from runtime.process.settings import Settings
from schemas.registry import RegistryUnavailable
from schemas.topics import AUDIT, DEAD_LETTERS
from tests.support.clusters import cluster_of
from workers.observation.losses import LossFollower

NOBODY = Settings(kafka_bootstrap="127.0.0.1:1", registry_url="http://127.0.0.1:1")
LOST_RECORDS, ENTRIES = cluster_of(NOBODY).name(DEAD_LETTERS), cluster_of(NOBODY).name(AUDIT)
WIRE_FORMAT = b"\x00\x00\x00\x00\x01"


@pytest.fixture
def follower() -> LossFollower:
    return LossFollower(cluster_of(NOBODY))


def dead_letter(offset: int, lost: str, at_us: int) -> Message:
    fields = {
        "stage": "inference",
        "topic": "frames.captured.v1",
        "partition": "3",
        "lost": lost,
        "records": "2",
        "error": f"offsets {lost} expired",
        "at_us": str(at_us),
    }
    headers: list[tuple[str, str | bytes | None]] = [
        (name, text.encode()) for name, text in fields.items()
    ]
    stamp = (1, at_us // 1_000)
    return Message(LOST_RECORDS, 0, offset, value=b"", headers=headers, timestamp=stamp)


def test_an_entry_that_cannot_be_read_keeps_no_later_dead_letter_waiting(
    follower: LossFollower,
) -> None:
    now_us = SystemClock().now_us()
    entry = Message(ENTRIES, 0, 0, value=WIRE_FORMAT)

    with pytest.raises(RegistryUnavailable):
        follower.take([dead_letter(0, "3-5", now_us), entry, dead_letter(1, "8-10", now_us)], False)

    assert [loss.records for loss in follower.open(now_us)] == [2, 2]
    assert {loss.process for loss in follower.open(now_us)} == {"infer"}
    with pytest.raises(RegistryUnavailable):
        follower.take([], True)
    assert not follower.current, "nobody knows who put them away"


def test_losses_are_known_when_both_topics_have_been_read_to_their_ends(
    follower: LossFollower,
) -> None:
    now_us = SystemClock().now_us()
    known = []
    for read, at_end in (
        ([dead_letter(0, "3-5", now_us)], False),  # somebody may have resolved it
        ([], True),
        ([dead_letter(1, "8-10", now_us)], False),
    ):
        follower.take(read, at_end)
        known.append((follower.current, len(follower.open(now_us))))

    assert known == [(False, 0), (True, 1), (True, 2)]
