"""Dead letters on the real broker are shown, sent again once, resolved once, and audited."""

from pathlib import Path

import pytest

from runtime.audit import Act
from runtime.clock import SystemClock
from runtime.errors import Retry
from runtime.kafka.dead_letter_log import CHAIN
from runtime.storage.objects import ObjectStore
from schemas.topics import (
    AUDIT,
    CAMERAS,
    DEAD_LETTERS,
    DETECTIONS,
    FRAMES,
    LINKS,
    OCCUPANCY,
    PRESENCE,
    STAFF,
    TRACKS,
    ZONE_EVENTS,
)
from tests.integration.workers.operations.deadletters.conftest import Desk
from tests.support.clusters import cluster_of
from tests.support.waiting import eventually
from workers.operations.deadletters.audit import AuditWriter
from workers.serving.live.dead_letter_follower import DeadLetterFollower
from workers.serving.live.recent_dead_letters import RecentDeadLetters

BECAUSE = ("--why", "the rule is gone", "--by", "ada")


def test_dead_letters_are_counted_by_reason_and_listed_by_time(desk: Desk) -> None:
    for offset in range(3):
        desk.dead_letter(FRAMES, offset, b"x", reason="not_wire_format", stage="inference")
    desk.dead_letter(STAFF, 9, desk.staff("s1"))

    counts = desk.types("list", "--counts", "--json").lines
    all_of_them = desk.types("list", "--json").lines
    frames = desk.types("list", "--json", "--topic", FRAMES.name, "--limit", "2").lines
    recent = desk.types("list", "--json", "--since", "1h", "--reason", "database_refused").lines

    assert [(one["topic"], one["reason"], one["dead_letters"], one["open"]) for one in counts] == [
        (cluster_of(desk.settings).name(FRAMES), "not_wire_format", 3, 3),
        (cluster_of(desk.settings).name(STAFF), "database_refused", 1, 1),
    ]
    assert [one["id"] for one in all_of_them] == [0, 1, 2, 3]
    assert [one["offset"] for one in frames] == [1, 2]
    assert [(one["id"], one["state"], one["stage"]) for one in recent] == [
        (3, "open", "sink-timescale")
    ]
    assert desk.types("list", "--json", "--until", "1h").lines == []
    shown = desk.types("list").out
    assert "not_wire_format in a test" in shown
    assert desk.types("list", "--since", "yesterday").code == 78


def test_the_board_counts_those_of_the_last_hour_by_process_and_reason(desk: Desk) -> None:
    desk.dead_letter(FRAMES, 1, b"x", reason="corrupt_jpeg", stage="infer")
    recent = RecentDeadLetters()
    follower = DeadLetterFollower(cluster_of(desk.settings), recent)
    follower.start()
    try:
        eventually(lambda: recent.current, 60)
        desk.dead_letter(FRAMES, 2, b"x", reason="corrupt_jpeg", stage="infer")
        desk.leave_in_place(FRAMES, 3, 9)
        found = eventually(lambda: of_three(recent), 60)
    finally:
        follower.close()

    assert found == [("infer", "corrupt_jpeg", 2), ("stream", "not_wire_format", 1)]


def of_three(recent: RecentDeadLetters) -> list[tuple[str, str, int]]:
    """What was counted, once there are three."""
    found = recent.counts(SystemClock().now_us()) or []
    counts = [(one.stage, one.reason, one.number) for one in found]
    return counts if sum(number for _, _, number in counts) == 3 else []


def test_a_dead_letter_is_shown_with_headers_and_decoded_value(desk: Desk) -> None:
    desk.dead_letter(STAFF, 4, desk.staff("s1"), key=b"s1@1")
    desk.dead_letter(STAFF, 5, b"\x00\x7f\xff\xff\xffbody", reason="unknown_schema")
    desk.dead_letter(STAFF, 6, None, reason="no_value")

    [good] = desk.types("show", "0", "--json").lines
    [foreign] = desk.types("show", "1", "--json").lines
    [empty] = desk.types("show", "2", "--json").lines

    assert (good["value"]["staff_id"], good["key"], good["replay"]) == ("s1", "s1@1", "possible")
    assert good["headers"]["stage"] == "sink-timescale"
    assert "is not registered" in foreign["undecodable"]
    assert foreign["value"]["length"] == 9
    assert "still cannot be read" in foreign["replay"]
    assert empty["undecodable"] == "a tombstone: it has no value"
    assert desk.types("show", "3").err.startswith("no dead letter 3; ")


def test_a_value_in_the_object_store_is_fetched_and_checked(desk: Desk, tmp_path: Path) -> None:
    from runtime.errors import DeadLetter
    from runtime.kafka.dead_letters import DeadLetterBox

    url = (tmp_path / "objects").as_uri()
    desk.environment["WARDSTREAM_INGEST__OBJECT_STORE_URL"] = url
    box = DeadLetterBox(
        desk.producer,
        cluster_of(desk.settings),
        desk.settings.dead_letters,
        "infer",
        ObjectStore(url),
    )
    box.put_raw("elsewhere.v1", 3, 7, b"long " * 200_000, DeadLetter("not_avro", "no"))
    desk.producer.flush(30)

    [whole] = desk.types("show", "0", "--json").lines
    (tmp_path / "objects" / "dead-letters" / "elsewhere.v1" / "3" / "7").write_bytes(b"other")
    [altered] = desk.types("show", "0", "--json").lines

    assert whole["value"]["length"] == 1_000_000
    assert "its SHA-256 is another" in altered["undecodable"]


def test_an_oversized_record_that_stayed_in_its_topic_is_shown_from_there(desk: Desk) -> None:
    oversized = b"giant " * 200_000
    name = cluster_of(desk.settings).name(STAFF)
    desk.producer.produce(name, key=b"giant", value=oversized, partition=0)
    desk.producer.flush(30)
    for offset, length in ((0, len(oversized)), (0, 7), (12, len(oversized))):
        desk.leave_in_place(STAFF, offset, length)

    [there], [other], [gone] = (desk.types("show", str(i), "--json").lines for i in range(3))
    refused = desk.types("replay", "0", *BECAUSE)

    assert there["value"]["length"] == there["bytes"] == len(oversized)
    assert there["value_lies"].endswith(f"{name} partition 0 offset 0")
    assert (other["value"], gone["value"]) == (None, None)
    assert "is another record by now" in other["undecodable"]
    assert "1200000 bytes stayed in" in gone["undecodable"]
    assert "no longer has them" in gone["undecodable"]
    assert refused.code == 1
    assert "lie in" in refused.err
    assert "import the fact again" in refused.err
    assert [key for key, _ in desk.facts()] == [b"giant"]


def test_a_fact_is_replayed_once_and_who_did_it_is_on_record(desk: Desk) -> None:
    desk.dead_letter(STAFF, 4, desk.staff("s1"), key=b"s1@1")
    desk.dead_letter(STAFF, 4, desk.staff("s1"), key=b"s1@1", stage="sink-redis")
    desk.dead_letter(STAFF, 5, desk.staff("s2"))

    first = desk.types("replay", "--topic", STAFF.name, *BECAUSE)
    again = desk.types("replay", "0", "2", "--why", "once more", "--by", "bob")
    late = desk.types("resolve", "0", "--why", "tidy", "--by", "bob")

    assert (first.code, again.code, late.code) == (0, 0, 0), first.err + again.err + late.err
    assert list(desk.facts()) == [(b"s1@1", desk.staff("s1")), (b"s2@1", desk.staff("s2"))]
    assert [line.split(":")[0] for line in first.out.splitlines()] == ["0", "2"]
    for line in [*again.out.splitlines(), *late.out.splitlines()]:
        assert "nothing done, handled before: replayed by ada" in line
        assert line.endswith(": the rule is gone")
    entries = desk.types("history", "--json").lines
    name = cluster_of(desk.settings).name(STAFF)
    assert [(one["seq"], one["actor"], one["action"], one["subject"]) for one in entries] == [
        (1, "ada", "dead_letter.replayed", f"{name}/0/4"),
        (2, "ada", "dead_letter.replayed", f"{name}/0/5"),
    ]
    assert desk.types("list", "--json").lines == []
    assert {one["state"] for one in desk.types("list", "--all", "--json").lines} == {"replayed"}


def test_a_dead_letter_is_discarded_once_and_then_left_alone(desk: Desk) -> None:
    desk.dead_letter(STAFF, 1, desk.staff("s1"))

    first = desk.types("resolve", "0", *BECAUSE)
    again = desk.types("resolve", "0", *BECAUSE)
    replayed = desk.types("replay", "0", *BECAUSE)

    assert first.out == f"0: resolved ({cluster_of(desk.settings).name(STAFF)}/0/1)\n"
    for answer in (again, replayed):
        assert answer.code == 0
        assert answer.out.startswith("0: nothing done, handled before: resolved by ada")
    assert list(desk.facts()) == []
    assert len(desk.types("history", "--json").lines) == 1
    assert desk.types("list", "--counts", "--json").lines[0]["open"] == 0


def test_what_would_be_late_is_refused_with_its_time_and_the_advice_to_discard(desk: Desk) -> None:
    topics = (FRAMES, DETECTIONS, TRACKS, PRESENCE, LINKS, ZONE_EVENTS, OCCUPANCY)
    times = {"captured_us": 10**15, "as_of_us": 10**15, "at_us": 10**15}
    names = {"camera_id": "c", "floor_id": "f", "zone_id": "z", "frame_seq": 1, "seq": 1}
    desk.registry.register_all(topics)
    for topic in topics:
        desk.dead_letter(topic, 7, desk.registry.writer(topic).encode({**times, **names}))

    answer = desk.types("replay", "--since", "1h", *BECAUSE)

    assert answer.code == 1
    assert answer.out == ""
    reported = answer.err.splitlines()
    assert len(reported) == len(topics)
    for number, (topic, line) in enumerate(zip(topics, reported, strict=True)):
        assert line.startswith(f"{number}: refused: {topic.name} is ")
        assert "the record of 2001-09-09T01:46:40Z would be" in line
        assert line.endswith("; resolve it")
        assert ("`wardstream rebuild run --from " in line) == (topic is DETECTIONS)
    assert desk.types("history", "--json").lines == [], "a refusal is no act"


def test_a_fact_that_still_cannot_be_read_is_not_sent_to_stop_its_readers(desk: Desk) -> None:
    desk.dead_letter(STAFF, 1, b"garbage", reason="not_wire_format", key=b"s1@1")
    desk.dead_letter(STAFF, 2, desk.staff("s1"), reason="key_mismatch", key=b"s2@1")
    desk.dead_letter(AUDIT, 3, b"x")

    answer = desk.types("replay", "0", "1", "2", *BECAUSE)

    assert answer.code == 1
    reported = answer.err.splitlines()
    assert [line.split(" (")[0] for line in reported[:2]] == [
        "0: refused: it still cannot be read",
        "1: refused: it still cannot be read",
    ]
    assert reported[2] == "2: refused: nothing says that audit.v1 may be sent again; resolve it"
    assert list(desk.facts()) == []


def test_of_two_operators_at_once_one_learns_that_nothing_was_done(desk: Desk) -> None:
    first = AuditWriter(cluster_of(desk.settings), CHAIN)
    first.history()
    second = AuditWriter(cluster_of(desk.settings), CHAIN)
    second.history()

    with pytest.raises(Retry, match="somebody else did this at the same time, so nothing was done"):
        first.append([Act("dead_letter.discarded", "x/0/1")], actor="ada", why="late")
    second.append([Act("dead_letter.discarded", "x/0/2")], actor="bob", why="first")

    assert [one["actor"] for one in desk.types("history", "--json").lines] == ["bob"]


def test_an_entry_that_somebody_slipped_in_breaks_the_chain(desk: Desk) -> None:
    desk.dead_letter(STAFF, 1, desk.staff("s1"))
    desk.types("resolve", "0", *BECAUSE)
    [entry] = desk.types("history", "--json").lines
    forged = {**entry, "seq": 2, "previous_sha256": entry["sha256"], "actor": "mallory"}
    name = cluster_of(desk.settings).name(AUDIT)
    value = desk.registry.writer(AUDIT).encode(forged)
    desk.producer.produce(name, key=CHAIN, value=value)
    desk.producer.flush(30)

    answer = desk.types("history")

    assert answer.code == 78
    assert "chain dead-letters, entry 2: its contents are not what was sealed" in answer.err


def test_a_dead_letter_with_broken_headers_is_listed_and_can_be_resolved(desk: Desk) -> None:
    headers = [("topic", b"\xff\xfe"), ("partition", b"one"), ("at_us", b"")]
    name = cluster_of(desk.settings).name(DEAD_LETTERS)
    desk.producer.produce(name, key=None, value=b"?", headers=headers)
    desk.producer.flush(30)

    [line] = desk.types("list", "--json").lines

    assert (line["partition"], line["offset"], line["reason"]) == (-1, -1, "")
    assert "is not a topic of this run; resolve it" in desk.types("replay", "0", *BECAUSE).err
    assert desk.types("resolve", "0", *BECAUSE).code == 0


def test_a_command_without_dead_letters_or_reason_does_nothing(desk: Desk) -> None:
    desk.dead_letter(CAMERAS, 1, b"x")

    assert desk.types("resolve", *BECAUSE).err.startswith("name dead letters by id, or by --topic")
    assert desk.types("resolve", "0", "--why", " ").err.startswith("--why is empty")
    assert desk.types("resolve", "0").code == 2
    assert desk.types("history").out == "0 entries, the chain is whole\n"
