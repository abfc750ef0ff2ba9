"""An explanation in words, for the terminal."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from workers.explain.figure import CameraLink, Explanation, Known, Link, Row

_EVIDENCE = {"BADGE": "badge", "DETECTOR_CLASS": "what the detector sees", "UNIFORM": "uniform"}
_COUNTED = {"HEADS": "seen", "FLOW": "by entries less exits", "BADGES": "by badge"}


def lines_of(explained: Explanation) -> Iterator[str]:
    """Lines of the answer, from the figure back to the picture."""
    zone, clock = explained.zone, _Clock(explained.time_zone)
    where = f"zone {zone['zone_id']}, floor {explained.floor_id}"
    yield f"{zone['name'] or zone['zone_id']} ({where}) at {clock.full(explained.at)}"
    if explained.shown is None:
        yield "Nothing was known of this zone then."
    else:
        yield from _known(explained.shown, "As shown then", clock)
    if explained.revision is not None:
        title = f"As known now, by revision {explained.revision}"
        if explained.revised is None:
            yield f"{title}: no figure of this zone"
        else:
            yield from _known(explained.revised, title, clock)
    yield ""
    yield from _facts(explained, clock)
    yield "Cameras of the floor"
    yield from _indented(map(_camera, explained.cameras), "none")
    yield "Records"
    for link in explained.links:
        yield f"  {_link(link, clock)}"


class _Clock:
    """Shows times in the zone of the site.

    Args:
        name: Name of the time zone.
    """

    def __init__(self, name: str) -> None:
        self._zone = ZoneInfo(name)

    def full(self, at: datetime) -> str:
        """Day, time and name of the zone."""
        return f"{at.astimezone(self._zone):%a %d %b %Y %H:%M:%S} {self._zone.key}"

    def day(self, at: datetime) -> str:
        """Day and time."""
        return f"{at.astimezone(self._zone):%d %b %Y %H:%M}"

    def time(self, at: datetime) -> str:
        """Time of day."""
        return f"{at.astimezone(self._zone):%H:%M:%S}"


def _known(known: Known, title: str, clock: _Clock) -> Iterator[str]:
    figure = known.figure
    yield f"{title}: {_people(figure)}; {_gap(figure, clock)}"
    yield f"  measured at {clock.time(figure['as_of'])}, seq {figure['seq']}{_unsure(figure)}"
    for row in known.roles:
        yield f"  {_role(row, clock)}"
    if figure["counts"]:
        counts = ", ".join(_count(row) for row in figure["counts"])
        yield f"  counts: {counts}"
    if figure["person_ids"]:
        yield "  people counted"
        rows = {row["person_id"]: row for row in known.people}
        for person_id in figure["person_ids"]:
            yield f"    {_person(person_id, rows.get(person_id))}"


def _people(figure: Row) -> str:
    people = figure["people"]
    return f"{people} {'person' if people == 1 else 'people'}, {figure['identified']} identified"


def _gap(figure: Row, clock: _Clock) -> str:
    least, most = figure["gap_min"], figure["gap_max"]
    if not figure["required"]:
        return "none required"
    if least is None or most is None or most <= 0:
        return f"{figure['required']} required, none missing"
    required = f"{figure['required']} required, "
    if least <= 0:
        return f"{required}possibly {most} missing{_since(figure['possible_since'], clock)}"
    more = f", possibly {most}" if most > least else ""
    return f"{required}{least} missing for sure{_since(figure['sure_since'], clock)}{more}"


def _since(since: datetime | None, clock: _Clock) -> str:
    return "" if since is None else f" since {clock.time(since)}"


def _unsure(figure: Row) -> str:
    notes = []
    if figure["cameras_missing"]:
        notes.append(f"cameras that had not reported: {', '.join(figure['cameras_missing'])}")
    if figure["is_watched"] is False:
        notes.append("not all of the zone was seen, so more people may have been there")
    if figure["disagreement"]:
        notes.append(f"counts differ by {figure['disagreement']}")
    return "".join(f"; {note}" for note in notes)


def _role(row: Row, clock: _Clock) -> str:
    present = _span(row["present_min"], row["present_max"])
    parts = [f"{row['role'] or 'any role'}: {present} present, {row['scheduled']} scheduled"]
    if row["required"]:
        parts.append(_gap(row, clock))
    parts += [f"{one['people']} {one['role']} standing in" for one in row["substitutes"] or ()]
    return ", ".join(parts)


def _span(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"


def _count(row: Row) -> str:
    counted = f"{row['low']} or more" if row["high"] is None else _span(row["low"], row["high"])
    apart = " (apart from the others)" if row["is_apart"] else ""
    return f"{_COUNTED.get(row['source'], row['source'].lower())} {counted}{apart}"


def _person(person_id: str, row: Row | None) -> str:
    if row is None:
        return f"{person_id}: no position of this time is kept"
    parts = [_who(row)]
    if row["x_m"] is not None:
        sd = "" if row["position_sd_m"] is None else f" ± {row['position_sd_m']:.1f}"
        parts.append(f"at {row['x_m']:.1f}, {row['y_m']:.1f} m{sd}")
    if row["duty_status"]:
        parts.append(row["duty_status"].replace("_", " ").lower())
    parts.append(f"cameras {', '.join(row['camera_ids'])}" if row["camera_ids"] else "no camera")
    if not row["observed"]:
        parts.append("not seen at this moment")
    if row["calibration_suspect"]:
        parts.append("the camera may have moved")
    return f"{person_id}: {'; '.join(parts)}"


def _who(row: Row) -> str:
    if not row["role"]:
        return "role unknown"
    evidence = [_EVIDENCE.get(kind, kind.lower()) for kind in row["role_evidence"] or ()]
    by = f" by {' and '.join(evidence)}" if evidence else ""
    named = f", {row['staff_id']}" if row["staff_id"] else ""
    return f"{row['role']} {row['role_confidence']:.2f}{by}{named}"


def _facts(explained: Explanation, clock: _Clock) -> Iterator[str]:
    yield f"Zone: version {_version(explained.zone, clock)}"
    yield "Required then"
    yield from _indented((_requirement(row, clock) for row in explained.requirements), "nothing")
    yield "Scheduled then"
    yield from _indented((_shift(row, clock) for row in explained.shifts), "nobody")


def _indented(lines: Iterator[str], none: str) -> Iterator[str]:
    found = False
    for line in lines:
        found = True
        yield f"  {line}"
    if not found:
        yield f"  {none}"


def _version(row: Row, clock: _Clock) -> str:
    by = f" by {row['recorded_by']}" if row["recorded_by"] else ""
    return f"{row['version']}, recorded {clock.day(row['recorded_at'])}{by}"


def _requirement(row: Row, clock: _Clock) -> str:
    ratio = f" for each {row['per']}" if row["basis"] in ("CENSUS", "PRESENT") else ""
    hours = f"{_minutes(row['from_minute'])} to {_minutes(row['to_minute'])}"
    what = f"{row['count']} {row['role'] or 'staff'}{ratio}, {hours} {row['time_zone']}"
    return f"{row['requirement_id']}: {what}; version {_version(row, clock)}"


def _minutes(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _shift(row: Row, clock: _Clock) -> str:
    hours = f"{clock.day(row['starts_at'])} to {clock.day(row['ends_at'])}"
    who = row["staff_id"] or row["agency"] or "nobody named"
    kind = " ".join(word.replace("_", " ").lower() for word in (row["kind"], row["status"]) if word)
    return (
        f"{row['shift_id']}: {who}, {row['role']}, {kind}, {hours}; version {_version(row, clock)}"
    )


def _camera(link: CameraLink) -> str:
    camera = link.camera
    parts = [f"version {camera['version']}", _calibration(camera)]
    if link.view is not None:
        parts.append(f"view {link.view['state'].replace('_', ' ').lower()}")
    if link.clock is not None and link.clock["clock_offset"] is not None:
        parts.append(f"clock {link.clock['clock_offset'].total_seconds() * 1000:+.0f} ms")
    parts += [f"model {name}" for name in link.models]
    if link.saw:
        parts.append("saw people of this zone")
    if link.is_missing:
        parts.append("had not reported")
    return f"{camera['camera_id']}: {', '.join(parts)}"


def _calibration(camera: Row) -> str:
    for kind in ("projection", "homography"):
        if camera[kind]:
            return f"calibrated by {kind}"
    return "not calibrated"


def _link(link: Link, clock: _Clock) -> str:
    where = f"{link.what}: {link.store}, {link.key}"
    if link.offset is not None and link.at is not None:
        at = f"of {clock.time(link.at)}"
        return f"{where}: partition {link.partition}, offset {link.offset}, {at} (kept {link.kept})"
    if link.state == "expired" and link.since is not None:
        return f"{where}: expired since {clock.day(link.since)} (kept {link.kept})"
    note = f": {link.note}" if link.note else ""
    return f"{where}: {link.state}{note} (kept {link.kept})"


def to_values(explained: Explanation) -> dict[str, object]:
    """The same for a program: times in ISO 8601, UTC."""
    return {name: _plain(getattr(explained, name)) for name in Explanation.__dataclass_fields__}


def _plain(value: object) -> object:
    if isinstance(value, Known | CameraLink | Link):
        return {name: _plain(getattr(value, name)) for name in type(value).__dataclass_fields__}
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items() if name != "digest"}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool | None) else str(value)
