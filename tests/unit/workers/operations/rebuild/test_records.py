"""Rebuilt records against those of the pipeline: every seq is the same, or reported by name."""

import pytest

from runtime.errors import Stop
from schemas.topics import ZONE_EVENTS
from workers.operations.rebuild.records import Made, Newest, TopicDifference, compare_records
from workers.storage.item import DIGEST_BYTES, Item


def item(seq: int, text_of: str = "as ever", key: str = "bay") -> Item:
    digest = text_of.encode().ljust(DIGEST_BYTES)[:DIGEST_BYTES]
    record = {"zone_id": key, "seq": seq, "says": text_of}
    return Item(ZONE_EVENTS, key, seq, digest, record, "topic", 0, seq, b"")


def made(*items: Item) -> dict[str, Made]:
    found: dict[str, Made] = {}
    for one in items:
        found.setdefault(one.key, Made(one.seq - 1)).take(one)
    return found


def compare(
    live: list[Item], rebuilt: dict[str, Made], after: int, through: int
) -> tuple[TopicDifference, list[Newest]]:
    difference = TopicDifference("zone-events")
    newest = compare_records(iter(live), rebuilt, {"bay": (after, through)}, difference)
    return difference, newest


def test_equal_records_between_the_bounds_are_equal_whatever_lies_around_them() -> None:
    line = [item(seq, text_of=f"{seq}") for seq in range(1, 9)]

    difference, newest = compare([*line, *line[2:5]], made(*line[3:6], line[3]), 3, 6)

    assert (difference.any, difference.expired, newest) == (False, 0, [])


def test_each_seq_that_differs_is_reported_and_so_is_the_newest_of_its_key() -> None:
    line = [item(4), item(5), item(6)]

    difference, newest = compare(line, made(item(4), item(5, "other"), item(6, "other")), 3, 6)

    assert difference.first == [("bay", 5, "changed"), ("bay", 6, "changed")]
    assert newest == [Newest(ZONE_EVENTS.name, "bay", 6, item(6, "other").record)]


def test_records_that_only_one_side_has_are_added_or_removed() -> None:
    longer, newest = compare([item(4)], made(item(4), item(5), item(6, "more")), 3, 4)
    shorter, _ = compare([item(4), item(5)], made(item(4)), 3, 5)

    assert (longer.added, longer.removed) == (2, 0)
    assert newest == [Newest(ZONE_EVENTS.name, "bay", 4, item(4, "more").record)]
    assert (shorter.added, shorter.removed) == (0, 1)


def test_records_that_the_topic_has_expired_are_reported_as_gone_and_not_as_different() -> None:
    rebuilt = made(*(item(seq) for seq in range(4, 9)))

    some, _ = compare([item(7), item(8)], rebuilt, 3, 8)
    all_of_it, _ = compare([], rebuilt, 3, 8)

    assert (some.any, some.expired) == (False, 3)
    assert (all_of_it.any, all_of_it.expired) == (False, 5)


def test_a_rebuilt_record_that_comes_again_must_be_the_same() -> None:
    with pytest.raises(Stop, match="other bytes"):
        made(item(4), item(4, "other"))
