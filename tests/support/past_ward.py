"""Ninety seconds of two floors with a zone each, in a database, every record of which is known."""

from typing import Any

from runtime.facts.log import Fact
from schemas.topics import FLOORS, OCCUPANCY, UNITS, ZONES, Topic
from tests.support.builders.outputs import at_us, ward
from tests.support.builders.revisions import revise
from tests.support.live_writer import floor_fact, unit_fact, zone_fact
from tests.support.recorded import record_all
from tests.support.services import Services
from workers.registry.view import RegistryView
from workers.storage.timescale.rows import at as to_moment

SECONDS = 90
REVISED_S = 33.3
"""The figure of `zone-r0` that holds then was corrected: 7 scheduled."""

Records = list[tuple[Topic, dict[str, Any]]]
_ALWAYS = {"valid_from_us": 0, "recorded_at_us": 0}


def facts() -> Records:
    """Two floors with a zone each, known before the first record."""
    return [
        (topic, {**fact, **_ALWAYS})
        for room in ("r0", "r1")
        for topic, fact in (
            (FLOORS, floor_fact(f"floor-{room}")),
            (ZONES, zone_fact(f"zone-{room}", floor_id=f"floor-{room}", camera_id=None)),
        )
    ]


def view() -> RegistryView:
    """The same as a board knows it, with a unit for each floor: `east` and `west`."""
    found = RegistryView()
    units = [
        Fact(UNITS, {**unit_fact(unit, floor_ids=[floor]), **_ALWAYS})
        for unit, floor in (("east", "floor-r0"), ("west", "floor-r1"))
    ]
    found.add([*(Fact(topic, fact) for topic, fact in facts()), *units], 0)
    return found


def newest(
    records: Records, topic: Topic, key: str, identity: str, seconds: float
) -> dict[str, Any]:
    """The newest record of a zone or floor that is of no later than a moment."""
    return [
        record
        for one, record in records
        if one is topic and record[key] == identity and record["as_of_us"] <= at_us(seconds)
    ][-1]


def fill(services: Services, url: str, seconds: int = SECONDS) -> Records:
    """Have facts and records written into a migrated database.

    Returns:
        What the pipeline wrote.
    """
    records = ward(seconds)
    record_all(services, url, [*facts(), *records])
    return records


def correct(url: str, records: Records) -> None:
    """Correct one figure by a revision, as a rebuild leaves it in the database."""
    figure = newest(records, OCCUPANCY, "zone_id", "zone-r0", REVISED_S)
    moment = to_moment(figure["as_of_us"])
    revise(url, "zone-r0", moment, scheduled=7, roles={"scheduled": 7})
