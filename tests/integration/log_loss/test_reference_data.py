"""Facts that somebody deletes from their topic by hand are noticed, and named."""

from collections.abc import Iterator

import pytest

from runtime.clock import SystemClock
from runtime.errors import Stop
from runtime.facts.log import VISIBLE_AFTER_US, FactLog
from schemas.topics import CAMERAS, FLOORS, VERSIONED_TOPICS
from tests.integration.log_loss.logs import DEADLINE_S, delete, make
from tests.support.clusters import cluster_of
from tests.support.inference_ward import Ward
from tests.support.waiting import eventually
from workers.registry import follower as registry_follower
from workers.registry.follower import RegistryFollower
from workers.registry.view import RegistryView


@pytest.fixture
def facts(ward: Ward) -> Iterator[FactLog]:
    facts = FactLog(cluster_of(ward.settings), [CAMERAS])
    yield facts
    facts.close()


def put(ward: Ward, key: str, value: bytes | None) -> None:
    """Append to the cameras by hand."""
    producer = cluster_of(ward.settings).producer()
    producer.produce(cluster_of(ward.settings).name(CAMERAS), key=key, value=value, partition=0)
    assert producer.flush(30) == 0


def test_a_tombstone_is_refused_until_the_same_version_is_appended_again(
    ward: Ward, facts: FactLog
) -> None:
    known = facts.sync()
    put(ward, "bed-1@1", None)
    with pytest.raises(Stop, match=r"cameras\.v1 at offset \d+: bed-1@1 was deleted by a tombston"):
        facts.sync()

    [record] = [fact.record for fact in known if fact.record["camera_id"] == "bed-1"]
    put(ward, "bed-1@1", ward.registry.writer(CAMERAS).encode(record))
    whoever_starts_now = FactLog(cluster_of(ward.settings), [CAMERAS])
    again = whoever_starts_now.sync()
    whoever_starts_now.close()

    assert again == [*known, *(fact for fact in known if fact.record == record)]


def test_a_board_keeps_its_names_and_reads_on_once_the_version_is_there_again(
    ward: Ward, facts: FactLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(ward.settings, *(topic for topic in VERSIONED_TOPICS if topic not in (CAMERAS, FLOORS)))
    monkeypatch.setattr(registry_follower, "AGAIN_S", 0.5)
    [record] = [fact.record for fact in facts.sync() if fact.record["camera_id"] == "bed-1"]
    codec = ward.registry.writer(CAMERAS)
    view = RegistryView()
    follower = RegistryFollower(cluster_of(ward.settings), view)
    follower.start()

    def name() -> str:
        return view.cameras(SystemClock().now_us() + VISIBLE_AFTER_US)["bed-1"]["name"]

    try:
        eventually(lambda: view.synced_us is not None, DEADLINE_S, "the board has its names")
        put(ward, "bed-1@1", None)
        eventually(lambda: "deleted by a tombstone" in view.error, DEADLINE_S, "it says why not")
        assert name() == record["name"]
        put(ward, "bed-1@1", codec.encode(record))
        later = {**record, "version": 2, "name": "The one by the door"}
        put(ward, "bed-1@2", codec.encode(later))
        eventually(lambda: name() == later["name"], DEADLINE_S, "the new name is there")
        assert view.error == ""
    finally:
        follower.close()


def test_reference_topics_that_were_made_again_are_missed_by_who_knows_them(
    ward: Ward, facts: FactLog
) -> None:
    high_water = len(facts.sync())
    delete(ward.settings, CAMERAS)
    make(ward.settings, CAMERAS)

    with pytest.raises(
        Stop, match=rf"cameras\.v1\[0\] ends at 0 and was read up to {high_water + 1}:"
    ):
        facts.sync()
