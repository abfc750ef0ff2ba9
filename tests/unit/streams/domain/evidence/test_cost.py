"""How much work a tick is at most, in counts that are the same on every machine."""

from typing import Any

import pytest

from streams.domain.evidence.naming import identities
from streams.domain.evidence.readers import Read, Reader, reads
from streams.domain.evidence.settings import EvidenceSettings
from streams.domain.evidence.state import EvidenceState
from streams.domain.evidence.step import advance
from tests.support.builders.domain import MS, T0, S, facts_of
from tests.support.builders.evidence import Seen, moment
from tests.support.fakes import KnownReads
from tests.unit.streams.domain.floor.test_named_people import ROOM, at_person, fold, standing

RATES = EvidenceSettings()


def test_a_read_weighs_only_those_whom_its_reader_may_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """100 people 3 m apart and 100 reads in a tick: a dozen are within 6 m of a reader."""
    weighed = 0

    def counted(*given: Any) -> float:
        nonlocal weighed
        weighed += 1
        return reads(*given)

    monkeypatch.setattr("streams.domain.evidence.whereabouts.reads", counted)
    people = [Seen(f"p{n:02}", 3.0 * (n % 10), 3.0 * (n // 10)) for n in range(100)]
    readers = {f"r{n}": Reader(f"r{n}", 3.0 * n, 13.0) for n in range(10)}
    state = EvidenceState()
    advance(state, moment(10 * S, people), readers, RATES)
    burst = [Read(10 * S + n, f"r{n % 10}", f"b{n}") for n in range(100)]

    advance(state, moment(10 * S + 200 * MS, people, burst), readers, RATES)

    assert len(state.badges) == 100
    assert weighed <= 100 * 14


@pytest.mark.parametrize(("per_s", "most"), [(50, 8), (0, 4)], ids=["many-reads", "silence"])
def test_people_are_named_once_a_second_at_most_however_many_reads_come(
    per_s: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    named: list[int] = []

    def counted(state: EvidenceState, *given: Any) -> Any:
        named.append(state.at_us)
        return identities(state, *given)

    monkeypatch.setattr("streams.domain.floor.evidence.identities", counted)
    times = [8.0 + n / per_s for n in range(8 * per_s)] or [8.0]
    records = [at_person(1, "b2", x_m=7.0), *(at_person(one) for one in times)]

    fold(standing(21), facts_of(*ROOM), KnownReads(records))

    assert len([at_us for at_us in named if at_us > T0 + 13 * S]) <= most
