"""Which records of a batch are written, given what was written before."""

import pytest

from runtime.errors import Stop
from schemas.topics import OCCUPANCY, TRACKS
from tests.support.builders.outputs import camera_tracks, item, items, occupancy
from workers.sinks.timescale.admission import admit


def test_a_record_twice_in_a_batch_is_written_once() -> None:
    batch = items(OCCUPANCY, [occupancy(n, n, 1) for n in (1, 2, 2, 1, 3)])

    admission = admit(batch, {})

    assert [new.seq for new in admission.new] == [1, 2, 3]
    assert admission.duplicates == {OCCUPANCY.name: 2}


def test_what_an_earlier_batch_wrote_is_dropped() -> None:
    batch = items(OCCUPANCY, [occupancy(n, n, 1) for n in (1, 2)])
    before = admit(batch, {}).after

    admission = admit([*batch, item(OCCUPANCY, occupancy(3, 3, 1))], before)

    assert [new.seq for new in admission.new] == [3]


def test_keys_and_topics_do_not_meet() -> None:
    batch = [
        item(OCCUPANCY, occupancy(1, 0, 1, zone_id="a")),
        item(OCCUPANCY, occupancy(1, 0, 1, zone_id="b")),
        item(TRACKS, camera_tracks(1, 0, [], camera_id="a")),
    ]
    assert len(admit(batch, {}).new) == 3


def test_other_bytes_under_a_known_seq_stop_the_process_and_say_where() -> None:
    batch = items(OCCUPANCY, [occupancy(1, 0, 1), occupancy(1, 0, 2)])

    with pytest.raises(Stop, match=r"key zone-1 seq 1 of zone-occupancy\.measured\.v1") as caught:
        admit(batch, {})

    assert caught.value.exit_code == 78


def test_a_gap_is_counted_and_reading_continues() -> None:
    admission = admit(items(OCCUPANCY, [occupancy(n, n, 1) for n in (1, 2, 6)]), {})

    assert [new.seq for new in admission.new] == [1, 2, 6]
    assert admission.missing[OCCUPANCY.name] == 3
