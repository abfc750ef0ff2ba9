"""A reader whose clock or position is wrong shows itself, and names nobody who is near."""

import pytest

from streams.domain.evidence.naming import identities
from streams.domain.evidence.reader_fit import uninformative_share
from streams.domain.evidence.readers import Badge, Holder, Read, Reader
from streams.domain.evidence.settings import EvidenceSettings
from streams.domain.evidence.state import EvidenceState
from streams.domain.evidence.step import advance
from tests.support.builders.evidence import Seen, moment

RATES = EvidenceSettings()
STATED_ALONE = EvidenceSettings(unseen_counted=0.0)
READERS = {"door": Reader("door", 0.0, 0.0), "desk": Reader("desk", 50.0, 0.0)}
BADGES = {f"b{n}": Badge(f"b{n}", (Holder(f"s{n}", "nurse"),)) for n in range(99)}
SECOND_US = 1_000_000


def passed(
    wrong: int, right: int, reader_id: str = "door", settings: EvidenceSettings = RATES
) -> EvidenceState:
    """Everybody passes a reader that reads them when they are gone, then others in time."""
    state = EvidenceState()
    at_us = 0
    for number in range(wrong + right):
        person = f"p{number}"
        for step, x_m in enumerate((0.0, 12.0)):
            at_us += 20 * SECOND_US
            seen = [Seen(person, READERS[reader_id].x_m + x_m, 0.0)]
            due = step == 1 if number < wrong else step == 0
            reads = [Read(at_us, reader_id, f"b{number}")] if due else []
            advance(state, moment(at_us, seen, reads), READERS, settings)
    return state


def named_next(state: EvidenceState, settings: EvidenceSettings = RATES) -> str | None:
    """Whose name somebody has who is at the door when a badge is read."""
    at_us = state.at_us + 20 * SECOND_US
    advance(
        state, moment(at_us, [Seen("q", 0.1, 0.0)], [Read(at_us, "door", "b90")]), READERS, settings
    )
    return identities(state, ["q"], BADGES, settings)[0].staff_id


def test_a_reader_that_finds_people_names_them() -> None:
    state = passed(0, 10)

    assert uninformative_share(state, "door", RATES) == 0.0
    assert named_next(state) == "s90"


def test_a_reader_that_found_nobody_names_nobody_who_is_near_by_chance() -> None:
    state = passed(8, 0)

    assert uninformative_share(state, "door", RATES) > 0.4
    assert named_next(state) is None
    assert named_next(passed(8, 0, settings=STATED_ALONE), STATED_ALONE) == "s90"


def test_a_reader_that_was_mended_is_believed_again() -> None:
    assert uninformative_share(passed(8, 80), "door", RATES) < 0.1


def test_what_other_readers_show_counts_until_a_reader_was_read_itself() -> None:
    state = passed(8, 0, "desk")

    assert uninformative_share(state, "door", RATES) > 0.2
    assert uninformative_share(state, "door", RATES) == pytest.approx(
        uninformative_share(EvidenceState(readers={"desk": [8.0, 8.0]}), "door", RATES)
    )


def test_reads_of_a_time_without_positions_say_nothing_of_a_reader() -> None:
    state = EvidenceState()

    advance(state, moment(SECOND_US, [], [Read(SECOND_US, "door", "b1")]), READERS, RATES)

    assert state.readers == {}


def test_a_read_that_says_nothing_leaves_who_carries_a_badge_as_it_was() -> None:
    state = passed(9, 1)  # the last is near a reader that found nobody before
    at_us = state.at_us
    before = dict(state.badges["b9"].carriers)
    seen = [Seen("p9", 12.0, 0.0), Seen("q", 0.0, 0.0)]

    advance(state, moment(at_us, seen, [Read(at_us, "door", "b9")]), READERS, RATES)

    after = state.badges["b9"].carriers
    assert after["p9"] > 0.5 * before["p9"]
