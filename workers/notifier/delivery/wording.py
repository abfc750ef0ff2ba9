"""Messages about alerts in plain English: who acts on a ward reads them once and knows what to do.

No message names a person, by name, staff id or pseudonym: it goes to phones and through servers of
others. An alert's id may name one, so it is in no message either; the receipt key is a digest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from schemas.records.alerts import Alert
from schemas.records.rules import ZoneAlert
from workers.notifier.delivery.message import Message, Route

OPENED: Final = "OPENED"
CHANGED: Final = "CHANGED"
AGAIN: Final = "AGAIN"
ESCALATED: Final = "ESCALATED"
CLOSED: Final = "CLOSED"
TEST: Final = "TEST"

MOST_PARTS: Final = 10
"""A message about several alerts says of so many what they are."""

_OF_CAMERAS: Final = frozenset({"CAMERA_MISSING", "CAMERA_SUSPECT"})
_DOUBTS: Final = {
    "STALE": "Cameras that report do not see it now, so nobody knows whether it is still so.",
    "NOT_SURE": "It is possible, and not sure.",
    "COUNTS_DISAGREE": "Another way of counting says that nothing is wrong.",
    "CALIBRATION_SUSPECT": "A camera there may have moved.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """What people call the parts of an alert.

    Attributes:
        zone: Name of the zone; empty for a whole floor.
        floor: Name of the floor.
        time_zone: IANA name of the site's time zone.
        others: Who else gets the message, as owners are called.
        link: Where it is shown; empty for nowhere.
    """

    zone: str
    floor: str
    time_zone: str
    others: Sequence[str] = ()
    link: str = ""


def zone_message(
    alert: ZoneAlert, occasion: str, scene: Scene, route: Route, owner: str, receipt_key: str
) -> Message:
    """The message about an alert of a zone or floor.

    Args:
        alert: What was decided last.
        occasion: OPENED, CHANGED, AGAIN, ESCALATED or CLOSED.
        scene: What people call its parts.
        route: To whom: WARD hears what it means there, OPERATIONS which cameras it is about.
        owner: Who gets it: the rule's owner, or who is asked when nobody acknowledges.
        receipt_key: Key of the occasion at the destination.
    """
    matter = _matter(alert, scene, route)
    return Message(
        receipt_key=receipt_key,
        occasion=occasion,
        route=route,
        tier=alert["tier"],
        subject=f"{_LEADS.get(occasion, '')}{_subject(alert, scene, route)}",
        body=tuple(_zone_body(alert, occasion, scene, matter)),
        owner=owner,
        next_action="" if occasion == CLOSED else _next_action(alert, route),
        link=scene.link,
        at_us=alert["decided_us"],
    )


class Part(NamedTuple):
    """One alert of a message about several.

    Attributes:
        alert: What was decided last.
        occasion: Why it is part of the message.
        scene: What people call its parts.
    """

    alert: ZoneAlert
    occasion: str
    scene: Scene


def group_message(parts: Sequence[Part], route: Route, owner: str, receipt_key: str) -> Message:
    """The message about one alert or several of one owner, on any floor.

    Args:
        parts: The alerts, at least one, the most urgent first; the link is that of the first.
        route: To whom.
        owner: Who gets it.
        receipt_key: Key of the occasion at the destination.
    """
    first = parts[0]
    if len(parts) == 1:
        return zone_message(first.alert, first.occasion, first.scene, route, owner, receipt_key)
    subjects = [
        f"{_LEADS.get(one.occasion, '')}{_subject(one.alert, one.scene, route)}" for one in parts
    ]
    actions = [_next_action(one.alert, route) for one in parts if one.occasion != CLOSED]
    shared = actions[0] if len({*actions}) == 1 else ""
    body = [_in_short(one, route, with_action=not shared) for one in parts[:MOST_PARTS]]
    if len(parts) > MOST_PARTS:
        body.append(f"And {len(parts) - MOST_PARTS} more: see the board.")
    body += _of_others(first.scene.others)
    occasions = {one.occasion for one in parts}
    return Message(
        receipt_key=receipt_key,
        occasion=first.occasion if len(occasions) == 1 else CHANGED,
        route=route,
        tier=first.alert["tier"],
        subject=f"{len(parts)} alerts: {'; '.join(subjects)}",
        body=tuple(body),
        owner=owner,
        next_action=shared,
        link=first.scene.link,
        at_us=max(one.alert["decided_us"] for one in parts),
    )


def _in_short(part: Part, route: Route, *, with_action: bool) -> str:
    """One alert of several in one line: what, since when, and what to do if that differs."""
    alert, scene = part.alert, part.scene
    lead = _LEADS.get(part.occasion, "")
    if part.occasion == CLOSED:
        when = f"Until {_at(alert['decided_us'], scene.time_zone)}."
    else:
        when = f"Since {_at(alert['since_us'], scene.time_zone)}."
    action = _next_action(alert, route) if with_action and part.occasion != CLOSED else ""
    return f"{lead}{_matter(alert, scene, route)} {when}{f' Next: {action}.' if action else ''}"


def route_of(alert: Alert) -> Route:
    """By which route an alert of the watchdog goes: of badges to who the rule names on the ward."""
    return "WARD" if alert["subject"].startswith(_OF_FLOORS) else "OPERATIONS"


def pipeline_message(
    alert: Alert, time_zone: str, link: str, others: Sequence[str], receipt_key: str
) -> Message:
    """The message about an alert of the watchdog.

    Args:
        alert: The alert.
        time_zone: IANA name of the site's time zone.
        link: Where it is shown; empty for nowhere.
        others: Who else gets it.
        receipt_key: Key of the occasion at the destination.
    """
    over = alert["state"] == "CLEARED"
    named = alert["subject"] in alert["what"] or alert["subject"].startswith(_OF_FLOORS)
    what = alert["what"] if named else f"{alert['subject']}: {alert['what']}"
    body = [f"{what}.", f"Since {_at(alert['since_us'], time_zone)}."]
    if over:
        body.append(f"It is over since {_at(alert['at_us'], time_zone)}.")
    body += _of_suppressed(alert["suppressed"])
    body += _of_others(others)
    return Message(
        receipt_key=receipt_key,
        occasion=CLOSED if over else OPENED,
        route=route_of(alert),
        tier=alert["tier"],
        subject=f"{_LEADS[CLOSED] if over else ''}{what}",
        body=tuple(body),
        owner=alert["owner"],
        next_action="" if over else alert["next_action"],
        link=link,
        at_us=alert["at_us"],
    )


def trial_message(name: str, owner: str, route: Route, receipt_key: str, at_us: int) -> Message:
    """The message of `wardstream notify test`."""
    return Message(
        receipt_key=receipt_key,
        occasion=TEST,
        route=route,
        tier="NOTICE",
        subject="Test of Wardstream's messages",
        body=(f"This is a test of the destination {name}. Nothing is wrong on the ward.",),
        owner=owner,
        next_action="Nothing",
        link="",
        at_us=at_us,
    )


_OF_FLOORS: Final = "floors/"
_LEADS: Final = {CLOSED: "Over: ", ESCALATED: "Not acknowledged: ", AGAIN: "Again: "}


def _zone_body(alert: ZoneAlert, occasion: str, scene: Scene, matter: str) -> Iterator[str]:
    since = f"Since {_at(alert['since_us'], scene.time_zone)}."
    if occasion == CLOSED:
        yield f"It is over since {_at(alert['decided_us'], scene.time_zone)}. It was:"
    elif occasion == ESCALATED and alert["escalate_after_s"] is not None:
        yield f"Nobody has acknowledged it for {_lasting(alert['escalate_after_s'])}."
    yield matter
    yield since
    if occasion != CLOSED:
        yield from (_DOUBTS[one] for one in alert["held_back_by"] if one in _DOUBTS)
        if alert["confidence"] < 1.0:
            yield f"Who is there is known with a probability of {alert['confidence']:.0%} or more."
    yield from _of_suppressed(alert["suppressed"])
    yield from _of_others(scene.others)


def _next_action(alert: ZoneAlert, route: Route) -> str:
    """What the rule says, to those whom it is for; to the others, what their part is."""
    of_cameras = alert["kind"] in _OF_CAMERAS
    if of_cameras and route == "WARD":
        return "Count by eye until this is over"
    if not of_cameras and route == "OPERATIONS":
        return "Look at the cameras that should see it"
    return alert["next_action"]


def _subject(alert: ZoneAlert, scene: Scene, route: Route) -> str:
    where = scene.zone or scene.floor
    if route == "OPERATIONS" and alert["kind"] not in _OF_CAMERAS:
        return f"{where}: not seen by cameras that report"
    least, most = alert["figure_min"], alert["figure_max"]
    span = str(least) if least == most else f"{least} to {most}"
    kind = alert["kind"]
    if kind == "COVERAGE_GAP":
        return f"{where}: {_of_role(most, alert['role'], span)} missing"
    what = {
        "OVER_CAPACITY": f"{span} people",
        "DWELL": f"{_people(most, span)} too long",
        "OFF_SHIFT": f"{_people(most, span)} not expected",
        "ALONE": f"{_people(most, span)} alone",
        "BADGE_CONTRADICTION": "badges and cameras disagree"
        if alert["zone_id"]
        else f"{_badges(most)} in two places at once",
        "CAMERA_MISSING": f"{_cameras(most)} not reporting",
        "CAMERA_SUSPECT": f"{_cameras(most)} in doubt",
    }
    return f"{where}: {what.get(kind, alert['rule_name'] or 'an alert')}"


def _matter(alert: ZoneAlert, scene: Scene, route: Route) -> str:
    """What is wrong, where and how sure, in one sentence."""
    where = f"{scene.zone}, {scene.floor}" if scene.zone else scene.floor
    least, most = alert["figure_min"], alert["figure_max"]
    kind = alert["kind"]
    if kind in _OF_CAMERAS:
        return _of_cameras(alert, scene, route)
    if route == "OPERATIONS":
        return f"{where}: cameras that report do not see it, so its figures are not known."
    if kind == "COVERAGE_GAP":
        return f"{where}: {_gap(alert['role'], least, most)}."
    sure = least if least > 0 else most
    count = _people(sure, str(sure))
    more = f", possibly {most}" if 0 < least < most else ", possibly" if least <= 0 else ""
    limit, verb = alert["threshold"], "is" if sure == 1 else "are"
    has = "has" if sure == 1 else "have"
    matter = {
        "OVER_CAPACITY": f"{count} {verb} there{more}; {limit} is the limit",
        "DWELL": f"{count} {has} been there for longer than {_lasting(limit)}{more}",
        "OFF_SHIFT": f"{count} there {verb} not expected now{more}",
        "ALONE": f"{count} {verb} there with no staff beside them{more}",
        "BADGE_CONTRADICTION": f"badges put {sure} more there than cameras see{more}"
        if alert["zone_id"]
        else f"{_badges(sure)} read in two places faster than anybody walks",
    }
    return f"{where}: {matter.get(kind, alert['rule_name'] or 'a rule is broken')}."


def _gap(role: str, least: int, most: int) -> str:
    if least <= 0:
        return f"possibly {_of_role(most, role)} missing"
    verb = "is" if least == 1 else "are"
    more = f", possibly {most - least} more" if most > least else ""
    return f"{_of_role(least, role)} {verb} missing for sure{more}"


def _of_cameras(alert: ZoneAlert, scene: Scene, route: Route) -> str:
    """The ward hears what to rely on; who runs the cameras hears which they are."""
    count = max(alert["figure_max"], len(alert["camera_ids"]), 1)
    missing = alert["kind"] == "CAMERA_MISSING"
    if route == "WARD":
        why = "not all cameras there report" if missing else "a camera there may have moved"
        return f"{scene.floor}: do not rely on the numbers of this floor, since {why}."
    what = "not reporting" if missing else "in doubt: moved, covered or not plausible"
    ids = ", ".join(alert["camera_ids"])
    return f"{scene.floor}: {_cameras(count)} {what}{f' ({ids})' if ids else ''}."


def _of_role(number: int, role: str, span: str = "") -> str:
    """People of a role: 2 care assistants."""
    name = " ".join(role.replace("_", " ").replace("-", " ").split()) or "staff"
    shown = span or str(number)
    if name == "staff" or number == 1:
        return f"{shown} {name}"
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{shown} {name[:-1]}ies"
    return f"{shown} {name}{'es' if name.endswith(('s', 'x', 'ch', 'sh')) else 's'}"


def _people(number: int, span: str) -> str:
    return f"{span} {'person' if number == 1 else 'people'}"


def _badges(number: int) -> str:
    return f"{number} {'badge' if number == 1 else 'badges'}"


def _cameras(number: int) -> str:
    return f"{number} {'camera' if number == 1 else 'cameras'}"


def _lasting(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def _of_suppressed(suppressed: int) -> Iterator[str]:
    if suppressed > 0:
        yield f"Times that it happened in between and nobody was notified: {suppressed}."


def _of_others(others: Sequence[str]) -> Iterator[str]:
    if others:
        yield f"Also sent to: {', '.join(others)}."


def _at(at_us: int, name: str) -> str:
    """A time on the site's clock, with the zone named."""
    zone: tzinfo
    try:
        zone = ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        zone, name = UTC, "UTC"
    at = datetime.fromtimestamp(at_us // 1_000_000, UTC).astimezone(zone)
    return f"{at:%H:%M} on {at:%a} {at.day} {at:%b} ({name})"
