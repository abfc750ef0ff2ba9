"""What one caller sees of the live state: the units of its rights, held against every answer.

A list leaves out what belongs to other units. A camera or floor that several units share is listed
for each of them, but people on it are shown one by one only where the right reaches them.
"""

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from typing import Any, Final

from workers.access.principal import EVERYWHERE, Principal, Units
from workers.access.reach import UnitsOf, reaches_all, reaches_part
from workers.access.rights import Right
from workers.serving.live import answers as views
from workers.serving.live.alert_records import FloorAlerts
from workers.serving.live.alert_visibility import shown_alerts
from workers.serving.live.event import Event, frame
from workers.serving.live.records import Person, Presence

_ZONE_FIGURES: Final = frozenset(
    {
        "zone_id", "seq", "as_of_us", "inputs_through_us", "floor_id", "reason", "people",
        "identified", "scheduled", "required", "gap_min", "gap_max", "roles",
        "least_required", "possible_since_us", "sure_since_us", "is_watched", "count", "census",
        "longest_since_us",
    }
)  # fmt: skip
_EVENT_FIGURES: Final = frozenset(
    {"zone_id", "seq", "at_us", "kind", "floor_id", "as_of_us", "inputs_through_us", "corrects"}
)
"""Fields that show no person; one that is added later is shown to nobody without `presence.read`
until it is named here."""


class Visibility:
    """Leaves out of answers and events what a caller may not see.

    Args:
        principal: Who asks.
        units: Gives the units of everything, now; asked again for every answer and event, so that
            an edit of units counts while a stream is open.
    """

    def __init__(self, principal: Principal, units: Callable[[], UnitsOf]) -> None:
        self._figures = principal.units(Right.BOARD)
        self._people = principal.units(Right.PRESENCE)
        self._roster = principal.units(Right.REGISTRY)
        self._past = principal.units(Right.HISTORY)
        self._pipeline = principal.units(Right.PIPELINE)
        self._everything = EVERYWHERE in self._figures & self._people & self._pipeline
        self._now = units

    def _units(self, kind: str, identity: str) -> Iterable[str]:
        return self._now().units_of(kind, identity) or ()

    def sees(self, kind: str, identity: str) -> bool:
        """Whether the caller sees figures of a zone, or a part of a camera or floor."""
        reaches = reaches_all if kind == "zone" else reaches_part
        return reaches(self._figures, self._units(kind, identity))

    def sees_figures_of(self, units: Iterable[str]) -> bool:
        """Whether the caller sees figures of a zone that these units have, or had."""
        return reaches_all(self._figures, units)

    def sees_pipeline_of(self, kind: str, identity: str) -> bool:
        """Whether the caller sees how the pipeline does for a part of a camera or floor."""
        return reaches_part(self._pipeline, self._units(kind, identity))

    def sees_people(self, kind: str, identity: str) -> bool:
        """Whether the caller sees all people of a zone, camera or floor one by one."""
        return reaches_all(self._people, self._units(kind, identity))

    def sees_past(self, kind: str, identity: str) -> bool:
        """Whether the caller sees all people of a zone, camera or floor as they were."""
        return reaches_all(self._past, self._units(kind, identity))

    def sees_roster(self, kind: str, identity: str) -> bool:
        """Whether the caller sees what is registered for a thing, such as whose its shifts are."""
        return reaches_all(self._roster, self._units(kind, identity))

    def past(self, floor_id: str, zone_ids: Iterable[str]) -> list[str] | None:
        """Of the zones in which somebody was, those that the caller sees into the past.

        Returns:
            None where it sees none of it: neither the whole floor nor one of the zones.
        """
        seen = [
            zone_id for zone_id in zone_ids if reaches_all(self._past, self._units("zone", zone_id))
        ]
        whole = reaches_all(self._past, self._units("floor", floor_id))
        return seen if seen or whole else None

    def without_people(self) -> "Visibility":
        """The same without single people, for when the audit cannot be written."""
        figures = copy(self)
        figures._people = figures._roster = frozenset()
        figures._everything = False
        return figures

    def sees_some_people(self, kind: str, identity: str) -> bool:
        """Whether the caller sees some people of a camera or floor, where several units meet."""
        return reaches_part(self._people, self._units(kind, identity))

    @property
    def sees_everything(self) -> bool:
        """Whether nothing of an event is left out."""
        return self._everything

    @property
    def rights(self) -> tuple[Units, ...]:
        """The units of each right that decides what an event shows; equal ones show the same."""
        return self._figures, self._people, self._pipeline

    @property
    def units_now(self) -> UnitsOf:
        """The units of everything, as they hold for the next event."""
        return self._now()

    @property
    def may_see_people(self) -> bool:
        """Whether the caller sees people one by one in some unit."""
        return bool(self._people)

    @property
    def sees_pipeline(self) -> bool:
        """Whether the caller sees how the pipeline does."""
        return bool(self._pipeline)

    def only(self, kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Of values by id, those that the caller sees."""
        return {identity: one for identity, one in values.items() if self.sees(kind, identity)}

    def zones(self, answer: views.Zones) -> views.Zones:
        """All zones that the caller sees."""
        zones = [zone for zone in answer.zones if self.sees("zone", zone.zone_id)]
        return answer.model_copy(update={"zones": zones})

    def zone(self, answer: views.ZoneDetail) -> views.ZoneDetail:
        """A zone; who is there and who is rostered only where the caller sees people."""
        update: dict[str, Any] = {}
        if not self.sees_people("zone", answer.zone_id):
            update["person_ids"] = []
        if not self.sees_roster("zone", answer.zone_id):
            update["shifts"] = []
        return answer.model_copy(update=update)

    def cameras(self, answer: views.Cameras) -> views.Cameras:
        """All cameras that the caller sees, with people only where it sees all of the camera's."""
        cameras = [
            camera
            if camera.live is None or self.sees_people("camera", camera.camera_id)
            else camera.model_copy(update={"live": camera.live.model_copy(update={"tracks": []})})
            for camera in answer.cameras
            if self.sees("camera", camera.camera_id)
        ]
        return answer.model_copy(update={"cameras": cameras})

    def floor(self, answer: views.FloorPresence) -> views.FloorPresence:
        """A floor, with the people whom the caller sees."""
        if answer.presence is None:
            return answer
        return answer.model_copy(update={"presence": self._presence(answer.presence)})

    def alerts(self, answer: views.OpenAlerts) -> views.OpenAlerts:
        """Alerts of the zones and floors that the caller sees."""
        floors = [
            FloorAlerts.model_validate(self._floor_alerts(one.model_dump()))
            for one in answer.floors
            if self.sees("floor", one.floor_id)
        ]
        return answer.model_copy(update={"floors": floors})

    def trends(self, answer: views.Trends) -> views.Trends:
        """Trends of the zones that the caller sees."""
        return answer.model_copy(update={"zones": self.only("zone", answer.zones)})

    def pipeline(self, answer: views.PipelineNow) -> views.PipelineNow:
        """Alerts about the pipeline, and about the cameras that the caller sees."""
        alerts = [alert for alert in answer.alerts if self._sees_alert(alert.subject)]
        return answer.model_copy(update={"alerts": alerts})

    def frame(self, event: Event) -> bytes | None:
        """The bytes of an event as the caller gets it; None for an event that it does not get."""
        if event.body is None or (self._everything and event.name != "alerts"):
            return event.frame
        if event.name == "line":
            return self._line(event.body, event.frame)
        identity = event.body["id"]
        if event.name == "alerts":
            return self._alerts(event)
        if event.name in {"zone", "zone-event"}:
            whole = self.sees_people("zone", identity)
            seen = whole or self.sees("zone", identity)
        else:
            whole = self.sees_people(event.name, identity)
            seen = self.sees(event.name, identity)
        if not seen:
            return None
        data = event.body["data"] if whole else self._part(event.name, event.body["data"])
        if "cameras_missing" in data:
            data = {**data, "cameras_missing": self._cameras_of(data["cameras_missing"])}
        if data == event.body["data"]:
            return event.frame
        return frame(event.name, {**event.body, "data": data}, event.stream_id)

    def _alerts(self, event: Event) -> bytes | None:
        body = event.body or {}
        if not self.sees("floor", body["id"]):
            return None
        data = self._floor_alerts(body["data"])
        if data == body["data"]:
            return event.frame
        return frame(event.name, {**body, "data": data}, event.stream_id)

    def _floor_alerts(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Of a floor's alerts, those that the caller sees.

        The floor's own fields are of no person; those that are not known yet are left out.
        """
        floor_id = data["floor_id"]
        part = {name: value for name, value in data.items() if name in FloorAlerts.model_fields}
        for name in ("decided", "open"):
            part[name] = shown_alerts(data.get(name, []), floor_id, self.sees, self.sees_people)
        return part

    def _line(self, body: Mapping[str, Any], whole: bytes) -> bytes | None:
        if not self.sees_pipeline:
            return None
        alerts = [alert for alert in body["alerts"] if self._sees_alert(alert["subject"])]
        return whole if alerts == body["alerts"] else frame("line", {**body, "alerts": alerts})

    def _sees_alert(self, subject: str) -> bool:
        kind, _, identity = subject.partition("/")
        if not identity or kind == "stage":
            return self.sees_pipeline
        if kind == "floors":  # who is on one of them has to know
            units = (self._units("floor", one) for one in identity.split("+"))
            return any(reaches_part(self._pipeline, one) for one in units)
        if kind not in {"camera", "zone", "floor", "unit"}:
            return reaches_all(self._pipeline, ())
        return reaches_part(self._pipeline, self._units(kind, identity))

    def _part(self, kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """What an event shows of a thing whose people the caller does not all see."""
        if kind == "camera":
            return {**data, "tracks": []}
        if kind == "floor" and not self._people:
            covered = data.get("coverage") if self._covers(data["floor_id"]) else None
            return {**data, "people": [], "coverage": covered}
        if kind == "floor":
            return self._presence(Presence.model_validate(data)).model_dump()
        figures = _ZONE_FIGURES if kind == "zone" else _EVENT_FIGURES
        return {name: value for name, value in data.items() if name in figures}

    def _presence(self, presence: Presence) -> Presence:
        people: list[Person] = list(presence.people)
        if not self.sees_people("floor", presence.floor_id):
            people = [seen for person in people if (seen := self._person(person)) is not None]
        shown: dict[str, Any] = {"people": people}
        shown["cameras_missing"] = self._cameras_of(presence.cameras_missing)
        if not self._covers(presence.floor_id):
            shown["coverage"] = None
        return presence.model_copy(update=shown)

    def _covers(self, floor_id: str) -> bool:
        """Whether the caller sees figures of all zones of a floor, so of their sum."""
        return reaches_all(self._figures, self._units("floor", floor_id))

    def _person(self, person: Person) -> Person | None:
        """A person in a zone whose people the caller sees, as far as it sees where."""
        zone_ids = [one for one in person.zone_ids if self.sees_people("zone", one)]
        if not zone_ids:
            return None
        camera_ids = self._cameras_of(person.camera_ids)
        return person.model_copy(update={"zone_ids": zone_ids, "camera_ids": camera_ids})

    def _cameras_of(self, camera_ids: Iterable[str]) -> list[str]:
        return [camera_id for camera_id in camera_ids if self.sees("camera", camera_id)]
