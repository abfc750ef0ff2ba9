"""Stages of a pipeline whose shift is corrected twice: each stage builds on the one before.

A stage does its work and keeps what it found, for tests that share it.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner

from runtime.errors import Stop
from tests.integration.workers.operations.rebuild.observed import (
    TABLES,
    Rows,
    Tables,
    audited,
    everything,
    scheduled_now,
    topics_of_rebuilds,
    unaffected,
)
from tests.integration.workers.operations.rebuild.ward import (
    ABSENT_FROM,
    ABSENT_TO,
    HOUR_US,
    ZONE,
    Ward,
)
from tests.support.clusters import installation_of
from tests.support.simulated import START_US
from tests.support.waiting import eventually
from workers.cli.app import load
from workers.operations.rebuild.dropping import drop
from workers.operations.rebuild.opening import listed
from workers.operations.rebuild.result import Report
from workers.operations.rebuild.revert import revert
from workers.operations.verification.tables import compare
from workers.storage.timescale.rows import at


@dataclass(frozen=True)
class Revised:
    """A rebuild of the corrected shift, swapped in.

    Attributes:
        report: Report of the rebuild.
        live: Tables as the pipeline wrote them, before and after.
        unaffected: Rows that the correction does not touch, before and after.
        scheduled: What was scheduled while the shift lasts: revised, and as the pipeline wrote it.
        minutes: Scheduled time by minute: as the table has it, and summed from its measurements.
        differences: Differences of tables from their topics.
    """

    report: Report
    live: tuple[Tables, Tables]
    unaffected: tuple[Tables, Tables]
    scheduled: tuple[Rows, Rows]
    minutes: tuple[Rows, Rows]
    differences: list[str]


MINUTES = f"SELECT minute, scheduled_us FROM occupancy_minutes WHERE zone_id = '{ZONE}'"
SUMMED_MINUTES = f"""
    SELECT minute, sum(scheduled * us)::bigint FROM (
        SELECT scheduled, minute, (extract(epoch FROM least(until, minute + INTERVAL '1 minute')
            - greatest(as_of, minute)) * 1000000)::bigint AS us
        FROM (
            SELECT as_of, scheduled, least(lead(as_of, 1, as_of) OVER (ORDER BY as_of),
                as_of + occupancy_holds()) AS until
            FROM zone_occupancy WHERE zone_id = '{ZONE}'
        ) AS steps
        CROSS JOIN generate_series(time_bucket(INTERVAL '1 minute', as_of), until,
            INTERVAL '1 minute') AS minute
    ) AS pieces WHERE us > 0 GROUP BY minute
"""


def correct(folded: Ward) -> Revised:
    """Correct the shift, rebuild, and swap in what differs."""
    folded.edit(2, ABSENT_FROM, ABSENT_TO)
    live, untouched = everything(folded, live=True), unaffected(folded)
    report = folded.rebuild(swap=True)
    scheduled = (
        f"SELECT DISTINCT scheduled FROM zone_occupancy WHERE zone_id = '{ZONE}'"
        f" AND as_of >= '{at(ABSENT_FROM)}' AND as_of < '{at(ABSENT_TO)}'"
    )
    return Revised(
        report=report,
        live=(live, everything(folded, live=True)),
        unaffected=(untouched, unaffected(folded)),
        scheduled=(folded.rows(scheduled), folded.rows(scheduled, live=True)),
        minutes=(sorted(folded.rows(MINUTES)), sorted(folded.rows(SUMMED_MINUTES))),
        differences=[
            t.difference for t in compare(installation_of(folded.settings)) if t.difference
        ],
    )


@dataclass(frozen=True)
class Continued:
    """A rebuild of a pipeline that runs, while a revision is in force.

    Attributes:
        measured: Measurements of the zone before and after.
        report: What the rebuild found.
    """

    measured: tuple[int, int]
    report: Report


def go_on(folded: Ward) -> Continued:
    """Rebuild while the pipeline runs and a revision is in force."""
    count = f"SELECT count(*) FROM zone_occupancy WHERE zone_id = '{ZONE}'"
    before = folded.rows(count)[0][0]
    with ThreadPoolExecutor(1) as pool:
        feeding = pool.submit(folded.trickle, 90)
        report = folded.rebuild()
        feeding.result()
    folded.settle()
    return Continued((before, folded.rows(count)[0][0]), report)


@dataclass(frozen=True)
class Second:
    """A second revision over the first.

    Attributes:
        report: What the rebuild found.
        numbers: Both revisions.
        states: Their states in the ledger.
        scheduled: What the board shows for the zone, and what the pipeline had written.
        undroppable: Why each of them cannot be dropped.
    """

    report: Report
    numbers: tuple[int, int]
    states: tuple[str, str]
    scheduled: tuple[int, int]
    undroppable: list[str]


def revise_again(folded: Ward) -> Second:
    """Correct the shift again, and swap in a second revision."""
    folded.edit(3, ABSENT_FROM, START_US + HOUR_US)
    report = folded.rebuild(swap=True)
    installation = installation_of(folded.settings)
    one, two = listed(installation)
    undroppable = []
    for number in (one.revision, two.revision):
        with pytest.raises(Stop) as refused:
            drop(installation, number, "ward manager", "?")
        undroppable.append(str(refused.value))
    return Second(
        report=report,
        numbers=(one.revision, two.revision),
        states=(one.state, two.state),
        scheduled=(scheduled_now(folded), scheduled_now(folded, field="unrevised")),
        undroppable=undroppable,
    )


@dataclass(frozen=True)
class Reverted:
    """Both revisions, reverted one by one.

    Attributes:
        answers: What each revert answered: revisions taken back, and live values put back.
        scheduled_us: Scheduled time of the zone after the first revert, microseconds.
        scheduled: What the board shows after the first revert.
        unknown: Why the revert to a revision that does not exist is refused.
        tables: Tables in the end, as analysts read them, and as the pipeline wrote them.
        audit: Entries of the audit chain.
    """

    answers: list[tuple[list[int], int]]
    scheduled_us: Rows
    scheduled: int
    unknown: str
    tables: tuple[Tables, Tables]
    audit: list[Any]


def take_back(folded: Ward, second: Second) -> Reverted:
    """Take both revisions back, one by one."""
    installation = installation_of(folded.settings)
    total = f"SELECT sum(scheduled_us)::bigint FROM occupancy_minutes WHERE zone_id = '{ZONE}'"
    first_answer = revert(installation, second.numbers[0], "ward manager", "wrong again")
    scheduled_us, scheduled = folded.rows(total), scheduled_now(folded)
    with pytest.raises(Stop) as unknown:
        revert(installation, 99, "ward manager", "?")
    second_answer = revert(installation, 0, "ward manager", "as the pipeline had it")
    return Reverted(
        answers=[first_answer, second_answer],
        scheduled_us=scheduled_us,
        scheduled=scheduled,
        unknown=str(unknown.value),
        tables=(everything(folded), everything(folded, live=True)),
        audit=audited(folded),
    )


def text_of(ward: Ward, *description: str, code: int = 0) -> str:
    """Output of `wardstream rebuild WORDS`, which must end with the exit code."""
    result = CliRunner().invoke(load("rebuild"), list(description), env=ward.environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


@dataclass(frozen=True)
class Dropped:
    """The first revision, dropped after it was reverted.

    Attributes:
        listed: Topics, prefix, records and rows of each revision, as `rebuild list` shows them.
        topics: Topics of all revisions before.
        answer: What `rebuild drop` prints.
        again: What it prints the second time.
        left: Revisions of which each table still holds rows.
        tables: Tables before and after.
        entry: Last entry of the audit chain.
    """

    listed: list[tuple[str, ...]]
    topics: int
    answer: str
    again: str
    left: dict[str, Rows]
    tables: tuple[Tables, Tables]
    entry: Any


def drop_first(folded: Ward, second: Second) -> Dropped:
    """Drop the first revision, twice."""
    number = str(second.numbers[0])
    before, shown = everything(folded), text_of(folded, "list")
    revisions = re.findall(r"(\d+) topics (\S+)\* with (\d+) records; (\d+) rows", shown)
    prefix, there = revisions[0][1], len(topics_of_rebuilds(folded))
    answer = text_of(folded, "drop", number, "--why", "nobody asks for it")
    eventually(
        lambda: not any(name.startswith(prefix) for name in topics_of_rebuilds(folded)),
        what="the topics to be gone",
    )
    tables = (*(f"revised_{table}" for table in TABLES), "revision_ranges", "revisions")
    return Dropped(
        listed=revisions,
        topics=there,
        answer=answer,
        again=text_of(folded, "drop", number, "--why", "again", code=78),
        left={table: folded.rows(f"SELECT DISTINCT revision FROM {table}") for table in tables},
        tables=(before, everything(folded)),
        entry=audited(folded)[-1],
    )
