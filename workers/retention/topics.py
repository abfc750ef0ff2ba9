"""What each topic holds of people, and why it is kept; for how long, its row says."""

from typing import Final, NamedTuple

from schemas.topics import (
    ALERT_ACTIONS,
    ALERTS,
    AUDIT,
    BADGE_READS,
    BADGES,
    CAMERA_CLOCK,
    CAMERA_HEALTH,
    CAMERA_VIEWS,
    CAMERAS,
    CENSUS,
    DEAD_LETTERS,
    DETECTIONS,
    FEEDBACK,
    FLOORS,
    FRAMES,
    LINKS,
    OCCUPANCY,
    OCCUPANCY_LATEST,
    PRESENCE,
    READERS,
    REQUIREMENTS,
    ROLES,
    RULES,
    SHIFTS,
    STAFF,
    STREAM_CHECKPOINTS,
    TOPICS,
    TRACKS,
    UNITS,
    ZONE_ALERTS,
    ZONE_EVENTS,
    ZONES,
    Topic,
)
from workers.access.rights import Right
from workers.retention.entry import Entry, span

_FACTS: Final = (
    "a record is read with the facts that were in force at its time, and an edit can be undone, so "
    "every version stays"
)


class _Purpose(NamedTuple):
    holds: str
    of_people: str
    because: str
    seen_by: tuple[Right, ...] = ()
    until: str = ""


_PURPOSES: Final[dict[Topic, _Purpose]] = {
    FRAMES: _Purpose(
        "pictures of cameras, with privacy masks blackened, or where they are stored",
        "pictures of people",
        "a detector that was down for a night catches up; nothing later needs the pictures",
        (Right.FRAMES,),
    ),
    DETECTIONS: _Purpose(
        "boxes around people in each picture, without ids",
        "where somebody was, pseudonymous for who can compare times",
        "the past can be folded again for as long as positions are kept",
    ),
    BADGE_READS: _Purpose(
        "which badge was read by which reader, when",
        "pseudonyms of badges and of their holders, with time and position",
        "as long as detections, with which they are folded again",
    ),
    TRACKS: _Purpose(
        "boxes that belong to one person before one camera",
        "pseudonymous movements",
        "sinks and subscribers that were down for a weekend catch up",
        (Right.PRESENCE,),
    ),
    PRESENCE: _Purpose(
        "the people on a floor, five times a second: position, zones, role, staff id",
        "pseudonymous movements, and who somebody may be",
        "sinks and subscribers that were down for a weekend catch up",
        (Right.PRESENCE,),
    ),
    LINKS: _Purpose(
        "which id continues which, and which reads of badges name nobody",
        "joins pseudonymous movements; pseudonyms of badges",
        "as long as the zone events whose ids it joins",
    ),
    ZONE_EVENTS: _Purpose(
        "who entered and left which zone",
        "pseudonymous stays",
        "a quarter of a year of stays can be compared",
        (Right.BOARD,),
    ),
    OCCUPANCY: _Purpose(
        "how many people are in a zone, and the gap by role",
        "ids of the people in it",
        "a quarter of a year of occupancy can be compared",
        (Right.BOARD,),
    ),
    OCCUPANCY_LATEST: _Purpose(
        "the newest occupancy of each zone",
        "ids of the people in it",
        "a new subscriber begins with what holds now",
        (Right.BOARD,),
        "until the next one of the zone; that of a removed zone, which holds nobody, for ever",
    ),
    ZONE_ALERTS: _Purpose(
        "alerts of zones and floors: what, since when, why, and who is to act",
        "ids of the people who are meant or are there",
        "a quarter of a year of alerts can be compared",
    ),
    STREAM_CHECKPOINTS: _Purpose(
        "what the fold remembers: tracks, who is where, who may carry which badge",
        "pseudonymous movements of the last minutes, pseudonyms of badges and staff",
        "the fold goes on after a restart",
        (),
        "until the next checkpoint of the camera or floor, about a second later while it runs; the "
        "last one of a removed camera or floor for ever",
    ),
    STAFF: _Purpose(
        "members of staff: pseudonym and role, never a name",
        "pseudonyms of staff",
        _FACTS,
        (Right.REGISTRY,),
    ),
    SHIFTS: _Purpose(
        "who is planned where, from when to when",
        "working times of pseudonymous staff",
        _FACTS,
        (Right.REGISTRY,),
    ),
    BADGES: _Purpose(
        "whose badge is whose, from when to when",
        "pseudonyms of badges and staff",
        _FACTS,
        (Right.REGISTRY,),
    ),
    CAMERAS: _Purpose("cameras and their calibration", "", _FACTS, (Right.REGISTRY,)),
    FLOORS: _Purpose("floors", "", _FACTS, (Right.REGISTRY,)),
    ZONES: _Purpose("zones", "", _FACTS, (Right.REGISTRY,)),
    REQUIREMENTS: _Purpose("how many of which role a zone needs", "", _FACTS, (Right.REGISTRY,)),
    UNITS: _Purpose("units, and the zones of each", "", _FACTS, (Right.REGISTRY,)),
    READERS: _Purpose("where readers of badges are", "", _FACTS, (Right.REGISTRY,)),
    ROLES: _Purpose("roles, and which may stand in for which", "", _FACTS, (Right.REGISTRY,)),
    RULES: _Purpose("rules of alerts, and who is to act", "", _FACTS, (Right.REGISTRY,)),
    CENSUS: _Purpose(
        "how many people a zone had by another count", "", _FACTS,
        (Right.REGISTRY,),
    ),
    CAMERA_CLOCK: _Purpose("how far cameras' clocks are off", "", _FACTS),
    CAMERA_VIEWS: _Purpose("cameras whose view is in doubt", "", _FACTS, (Right.REGISTRY,)),
    CAMERA_HEALTH: _Purpose("what the guard found of cameras", "", "to find when a camera moved"),
    ALERTS: _Purpose(
        "alerts about the pipeline", "", "what went wrong in a year can be compared",
        (Right.PIPELINE,),
    ),
    FEEDBACK: _Purpose(
        "what people said is wrong on the board, of which figure and frame",
        "ids of people; who said it; a text, which may name somebody",
        "a month to read it and look at the frames; its text may name somebody, so no longer",
    ),
    ALERT_ACTIONS: _Purpose(
        "what was done about alerts, by whom, and what was sent to which destination",
        "who logged in and did it; ids of people whom an alert is about",
        "how a rule was answered is compared with the year before",
        (Right.BOARD,),
    ),
    AUDIT: _Purpose(
        "who saw and did what",
        "who logged in and for what purpose, and ids of who was shown",
        "whoever was seen may ask by whom for a year, and some time to answer",
        (Right.AUDIT,),
    ),
    DEAD_LETTERS: _Purpose(
        "records that a stage could not use, or where they are",
        "what the record held",
        "two weeks to mend the fault and take the records in again",
    ),
}  # fmt: skip

_FOREVER: Final = "for ever"


def _entry(topic: Topic, purpose: _Purpose) -> Entry:
    by_age = topic.cleanup == "delete"
    until = purpose.until or _FOREVER
    if by_age:
        until = f"and up to {span(topic.segment_ms // 1000)} more, in whole pieces of the log"
    return Entry(
        name=topic.name,
        store="Kafka",
        holds=purpose.holds,
        of_people=purpose.of_people,
        keep_s=topic.retention_ms // 1000 if by_age else None,
        until=until,
        because=purpose.because,
        deleted_by="the brokers" if by_age or purpose.until else "nobody",
        seen_by=purpose.seen_by,
    )


TOPIC_ENTRIES: Final = tuple(
    _entry(topic, _PURPOSES[topic]) for topic in TOPICS.values() if topic in _PURPOSES
)
"""One entry for each topic, in the order of their table."""
