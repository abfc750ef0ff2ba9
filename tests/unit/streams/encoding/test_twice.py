"""A record that goes to two topics is encoded once, and neither can tell."""

from schemas.topics import OCCUPANCY, OCCUPANCY_LATEST
from streams.encoding.twice import Twice
from tests.support.builders.outputs import occupancy
from tests.support.fakes import SCHEMAS

MEASURED, LATEST = SCHEMAS.writer(OCCUPANCY), SCHEMAS.writer(OCCUPANCY_LATEST)


def test_both_topics_get_what_their_codecs_write() -> None:
    twice = Twice(MEASURED, LATEST)
    one, other = occupancy(1, 0.0, 2), occupancy(2, 1.0, 3)

    for record in (one, other, one):
        assert twice.first(record) == MEASURED.encode(record)
        assert twice.second(record) == LATEST.encode(record)


def test_another_record_is_encoded_by_itself() -> None:
    twice = Twice(MEASURED, LATEST)
    one, other = occupancy(1, 0.0, 2), occupancy(2, 1.0, 3)

    twice.first(one)

    assert twice.second(other) == LATEST.encode(other)
    assert twice.second(one) == LATEST.encode(one)
