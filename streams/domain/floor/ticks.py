"""When the ticks of a floor close.

A tick closes when every camera of the floor has reported an event time at or beyond its end.
A camera that is further behind the floor's newest input than the allowed lateness is not waited
for, and is reported as missing. Both depend only on the order of the log and on the facts.

Ticks go by the floor's time of each frame, and the wait by its event time: a camera whose frames
are dated back, as its clock or its delay ask for, may come as late as any other.
"""

from collections.abc import Mapping
from typing import Final

from streams.domain.evidence.waiting import NO_READS, Reads
from streams.domain.facts.snapshot import Snapshot
from streams.domain.facts.timeline import Facts
from streams.domain.floor.closing import close_tick, next_due
from streams.domain.floor.state import FloorState
from streams.domain.floor.tick import TICK_US, last_tick_end
from streams.domain.output import Output
from streams.domain.settings import FloorSettings

NONE_DATED_BACK: Final[Mapping[str, int]] = {}


def close_ticks(
    floor: FloorState,
    facts: Facts,
    settings: FloorSettings,
    dated_back: Mapping[str, int] = NONE_DATED_BACK,
    reads: Reads = NO_READS,
) -> list[Output]:
    """Close every tick that need not wait, and give its records.

    Ticks in which nothing can happen are skipped in one jump, however many there are.

    Args:
        floor: State of the floor, changed in place.
        facts: Reference data.
        settings: Settings of the floor.
        dated_back: How far the floor's time of a camera's newest frame is before its event time,
            microseconds, by camera; those only where it is.
        reads: Reads of badges, at least those that are visible by the floor's newest event.
    """
    outputs: list[Output] = []
    while (first_us := floor.closed_us + TICK_US) <= floor.newest_us:
        snapshot = facts.at(first_us)
        through_us = closable_through(floor, snapshot, settings, dated_back)
        # Ticks beyond this snapshot are judged by the next one.
        last_us = last_tick_end(min(through_us, snapshot.until_us - 1))
        if last_us < first_us:
            break
        due_us = next_due(floor, snapshot, settings, reads)
        if due_us > last_us:
            floor.closed_us = last_us
        else:
            outputs += close_tick(floor, due_us, snapshot, settings, reads)
    return outputs


def closable_through(
    floor: FloorState, snapshot: Snapshot, settings: FloorSettings, dated_back: Mapping[str, int]
) -> int:
    """The floor's time up to which ticks need not wait for a camera, microseconds.

    Where the next tick has to wait, it is the time of a camera that the tick waits for.
    """
    first_us = floor.closed_us + TICK_US
    through_us = newest_us = floor.newest_us
    cameras = snapshot.cameras_of(floor.floor_id)
    for camera_id in cameras if dated_back else ():
        newest_us = max(newest_us, floor.heard.get(camera_id, 0) + dated_back.get(camera_id, 0))
    heard, opened_us, lateness_us = floor.heard, floor.opened_us, settings.allowed_lateness_us
    for camera_id in cameras:
        heard_us = heard.get(camera_id, 0)
        silent_us = newest_us - (heard_us or opened_us)
        if dated_back:
            silent_us -= dated_back.get(camera_id, 0)
        if silent_us <= lateness_us:
            if heard_us < first_us:
                return heard_us
            through_us = min(through_us, heard_us)
    return through_us
