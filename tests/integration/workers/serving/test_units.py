"""What a caller sees of a ward of two units over a real Redis, and nothing of the other."""

from collections.abc import Callable, Generator
from contextlib import closing
from typing import Any

import httpx
import pytest

from runtime.facts.log import Fact
from schemas.records.alerts import Alert
from schemas.topics import CAMERAS, FLOORS, UNITS, ZONES
from tests.support.board_server import BoardServer
from tests.support.callers import HEADER, NamedCallers, person
from tests.support.kept_audit import KeptAudit
from tests.support.live_writer import (
    LiveWriter,
    camera_fact,
    floor_fact,
    now_us,
    track,
    zone_fact,
)
from tests.support.live_writer import (
    alert as zone_alert,
)
from tests.support.waiting import eventually
from workers.access.rights import AccessRole
from workers.local.demo.sse_client import SseEvent, parse
from workers.registry.view import RegistryView
from workers.serving.live.pipeline_view import PipelineView

HOUR_US = 3_600_000_000

PEOPLE = {
    "east": person("east", AccessRole.COORDINATOR, units=("east",)),
    "viewer": person("viewer", AccessRole.VIEWER, units=("east",)),
    "wall": person("wall", AccessRole.WALL, units=("east",)),
    "all": person("all", AccessRole.COORDINATOR),
}


def unit_fact(unit_id: str, version: int = 1, **listed: Any) -> Fact:
    """A unit that was registered an hour ago."""
    at_us = now_us() - HOUR_US
    stamps = {"version": version, "valid_from_us": at_us, "recorded_at_us": at_us}
    lists: dict[str, Any] = {"floor_ids": [], "zone_ids": [], "neighbour_ids": []}
    lists |= {"name": "", "site": "north", "department": "surgery"}
    return Fact(UNITS, {"unit_id": unit_id, "removed": False, **stamps, **lists, **listed})


def alert(subject: str) -> Alert:
    at_us = now_us()
    return Alert(
        alert_id=f"silence/{subject}",
        seq=1,
        at_us=at_us,
        tier="WARNING",
        kind="silence",
        subject=subject,
        what=f"No new data from {subject}",
        value=1.0,
        threshold=1.0,
        unit="s",
        owner="",
        next_action="",
        since_us=at_us,
        state="RAISED",
        suppressed=0,
    )


@pytest.fixture
def ward() -> RegistryView:
    """East and west share floor f, with a camera each; `roof` is in no unit."""
    view = RegistryView()
    zones = [("east-1", "c-east"), ("west-1", "c-west"), ("roof", None)]
    view.add(
        [
            Fact(FLOORS, floor_fact("f")),
            Fact(FLOORS, floor_fact("g")),
            Fact(CAMERAS, camera_fact("c-east", floor_id="f")),
            Fact(CAMERAS, camera_fact("c-west", floor_id="f")),
            *(
                Fact(
                    ZONES,
                    zone_fact(zone_id, floor_id="f" if camera_id else "g", camera_id=camera_id),
                )
                for zone_id, camera_id in zones
            ),
            unit_fact("east", zone_ids=["east-1"]),
            unit_fact("west", zone_ids=["west-1"]),
        ],
        now_us(),
    )
    return view


@pytest.fixture
def audit() -> KeptAudit:
    return KeptAudit()


@pytest.fixture
def pipeline() -> PipelineView:
    view = PipelineView()
    view.show_alerts([alert("camera/c-east"), alert("camera/c-west"), alert("stage/infer")])
    return view


@pytest.fixture
def board(
    start_board: Callable[..., BoardServer],
    ward: RegistryView,
    pipeline: PipelineView,
    audit: KeptAudit,
    writer: LiveWriter,
) -> BoardServer:
    """A board with a value of everything."""
    write_all(writer)
    return start_board(
        registry=ward,
        pipeline=pipeline,
        recorder=audit,
        authenticator=NamedCallers(*PEOPLE.values()),
        max_streams_per_subject=2,
    )


def write_all(writer: LiveWriter) -> None:
    """Somebody stands in each zone, and one in none."""
    for unit in ("east", "west"):
        writer.zone(f"{unit}-1", people=1, person_ids=[f"c-{unit}:1"], floor_id="f")
        writer.camera(f"c-{unit}", [track(1, 10.0, 10.0)], floor_id="f")
        writer.zone_event(f"{unit}-1", "ENTERED", person_id=f"c-{unit}:1", floor_id="f")
    writer.zone("roof", people=1, person_ids=["c:1"], floor_id="g")
    people = [("c-east:1", ["east-1"]), ("c-west:1", ["west-1"]), ("c-west:2", [])]
    writer.floor(
        "f",
        people=[{"person_id": one, "zone_ids": zone_ids} for one, zone_ids in people],
        cameras_missing=["c-west"],
    )


def get(board: BoardServer, name: str, path: str) -> Any:
    answer = httpx.get(f"{board.url}api/v1/{path}", headers={HEADER: name}, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def follow(board: BoardServer, name: str, **query: str) -> Generator[SseEvent, None, None]:
    """Events of a stream, opened as somebody."""
    headers = {HEADER: name, "Last-Event-ID": query.get("after", "")}
    with httpx.stream(
        "GET", f"{board.url}api/v1/changes", headers=headers, timeout=httpx.Timeout(20)
    ) as answer:
        assert answer.status_code == 200
        yield from parse(answer.iter_lines())


def opened(board: BoardServer, name: str) -> Generator[SseEvent, None, None]:
    """A stream whose first event was read, so that nothing after it is missed."""
    events = follow(board, name)
    assert next(events).name == "clock"
    return events


def until(events: Generator[SseEvent, None, None], identity: str) -> list[SseEvent]:
    """Changes up to the one of an id, which everybody here sees."""
    found: list[SseEvent] = []
    for event in events:
        if event.event_id:
            found.append(event)
            if event.data["id"] == identity and event.name == "zone":
                return found
    raise AssertionError(f"{identity} never came")


def zone_ids(board: BoardServer, name: str) -> set[str]:
    return {zone["zone_id"] for zone in get(board, name, "zones")["zones"]}


def test_lists_hold_what_is_in_the_callers_units(board: BoardServer) -> None:
    trends = eventually(lambda: get(board, "all", "trends")["zones"] or None)

    assert trends is not None
    assert set(trends) == {"east-1", "west-1", "roof"}
    assert zone_ids(board, "all") == {"east-1", "west-1", "roof"}
    assert zone_ids(board, "viewer") == {"east-1"}
    assert set(get(board, "viewer", "trends")["zones"]) == {"east-1"}
    assert [one["camera_id"] for one in get(board, "wall", "cameras")["cameras"]] == ["c-east"]
    assert {one["subject"] for one in get(board, "viewer", "line")["alerts"]} == {
        *("camera/c-east", "stage/infer")
    }


def test_status_counts_what_is_in_the_callers_units(board: BoardServer) -> None:
    whole, part, wall = (get(board, name, "status") for name in ("all", "viewer", "wall"))

    assert [stage["values"] for stage in whole["stages"]] == [2, 1, 3]
    assert [stage["values"] for stage in part["stages"]] == [1, 1, 1]
    assert part["detectors"][0]["camera_ids"] == ["c-east"]
    assert (wall["lags"], wall["clients"]) == ([], 0)


def test_people_are_shown_one_by_one_only_with_their_right_and_in_its_units(
    board: BoardServer,
) -> None:
    def tracks(name: str) -> dict[str, int]:
        found = get(board, name, "cameras")["cameras"]
        return {one["camera_id"]: len(one["live"]["tracks"]) for one in found}

    assert tracks("all") == {"c-east": 1, "c-west": 1}
    assert tracks("east") == {"c-east": 1}
    assert tracks("viewer") == {"c-east": 0}
    assert get(board, "east", "zones/east-1")["person_ids"] == ["c-east:1"]
    assert get(board, "viewer", "zones/east-1")["person_ids"] == []
    presence = get(board, "east", "floors/f/presence")["presence"]
    assert [one["person_id"] for one in presence["people"]] == ["c-east:1"]
    assert presence["cameras_missing"] == []
    assert len(get(board, "all", "floors/f/presence")["presence"]["people"]) == 3


def test_a_camera_of_two_units_shows_no_people_to_one_of_them(
    board: BoardServer, ward: RegistryView
) -> None:
    ward.add([unit_fact("east", 2, zone_ids=["east-1"], floor_ids=["f"])], now_us())

    cameras = get(board, "east", "cameras")["cameras"]

    assert {one["camera_id"]: len(one["live"]["tracks"]) for one in cameras} == {
        "c-east": 1,
        "c-west": 0,
    }


def test_the_stream_holds_what_is_in_the_callers_units(
    board: BoardServer, writer: LiveWriter
) -> None:
    with (
        closing(opened(board, "east")) as east,
        closing(opened(board, "viewer")) as viewer,
        closing(opened(board, "all")) as everywhere,
    ):
        write_all(writer)
        writer.zone("east-1", people=7, person_ids=["c-east:1"], floor_id="f")
        # The first of `until` is in the middle: the second is the last one written.
        seen = {
            name: until(events, "east-1") + until(events, "east-1")
            for name, events in (("east", east), ("viewer", viewer), ("all", everywhere))
        }

    def ids(name: str) -> set[tuple[str, str]]:
        return {(event.name, event.data["id"]) for event in seen[name]}

    ours = {("zone", "east-1"), ("camera", "c-east"), ("zone-event", "east-1"), ("floor", "f")}
    assert ids("all") >= ours | {("zone", "west-1"), ("camera", "c-west"), ("zone", "roof")}
    assert ids("east") == ids("viewer") == ours
    [floor] = [event for event in seen["east"] if event.name == "floor"]
    assert [one["person_id"] for one in floor.data["data"]["people"]] == ["c-east:1"]
    for event in seen["viewer"]:
        data = event.data["data"]
        people = [*data.get("people", []), *data.get("tracks", [])] if event.name != "zone" else []
        assert people == []
        assert not {"person_ids", "person_id", "cameras_missing"} & {
            name for name, value in data.items() if value
        }


def test_alerts_of_the_stream_are_those_of_the_callers_units(
    board: BoardServer, pipeline: PipelineView
) -> None:
    with closing(opened(board, "viewer")) as viewer, closing(opened(board, "wall")) as wall:
        pipeline.show_alerts([alert("camera/c-west"), alert("stage/infer")])
        seen = next(
            event for event in viewer if event.name == "line" and len(event.data["alerts"]) == 1
        )
        names = [next(wall).name for _ in range(2)]

    assert [one["subject"] for one in seen.data["alerts"]] == ["stage/infer"]
    assert "line" not in names


def test_an_edit_of_units_counts_while_a_stream_is_open(
    board: BoardServer, ward: RegistryView, writer: LiveWriter
) -> None:
    with closing(opened(board, "viewer")) as events:
        ward.add(
            [unit_fact("east", 2, zone_ids=["west-1"]), unit_fact("west", 2, zone_ids=["east-1"])],
            now_us(),
        )
        writer.zone("east-1", people=1, floor_id="f")
        writer.zone("west-1", people=2, floor_id="f")

        assert [event.data["id"] for event in until(events, "west-1")] == ["west-1"]


def test_a_resumed_stream_leaves_out_the_same(board: BoardServer, writer: LiveWriter) -> None:
    after = writer.zone("east-1", people=1, floor_id="f")
    writer.zone("west-1", people=2, floor_id="f")
    writer.zone("east-1", people=3, floor_id="f")

    with closing(follow(board, "wall", after=after)) as events:
        assert [event.data["id"] for event in until(events, "east-1")] == ["east-1"]


def test_a_stream_of_people_is_in_the_audit_when_it_starts_and_when_it_ends(
    board: BoardServer, audit: KeptAudit
) -> None:
    with closing(opened(board, "viewer")), closing(opened(board, "east")):
        [first] = [kept for kept in audit.kept if kept.act.action == "stream.opened"]
        assert (first.actor, first.act.cameras, first.act.floors) == ("east", ("c-east",), ("f",))
        assert first.act.until_us is None

    eventually(lambda: "stream.closed" in audit.actions() or None)
    [ended] = [kept for kept in audit.kept if kept.act.action == "stream.closed"]
    assert (ended.actor, ended.act.from_us) == ("east", first.act.from_us)
    assert ended.act.until_us is not None


def test_without_the_audit_people_are_left_out_and_figures_go_on(
    board: BoardServer, audit: KeptAudit, writer: LiveWriter
) -> None:
    audit.away = True

    refused = httpx.get(f"{board.url}api/v1/floors/f/presence", headers={HEADER: "all"}, timeout=60)
    with closing(opened(board, "all")) as events:
        write_all(writer)
        seen = until(events, "roof")

    assert refused.status_code == 503
    assert "audit" in refused.json()["detail"]
    assert zone_ids(board, "all") == {"east-1", "west-1", "roof"}
    assert get(board, "all", "zones/east-1")["person_ids"] == []
    assert [one["live"]["tracks"] for one in get(board, "all", "cameras")["cameras"]] == [[], []]
    assert {event.data["data"].get("people") for event in seen if event.name == "zone"} == {1}
    assert all(not event.data["data"]["tracks"] for event in seen if event.name == "camera")


def test_each_view_of_people_is_in_the_audit(board: BoardServer, audit: KeptAudit) -> None:
    get(board, "viewer", "cameras")
    get(board, "viewer", "zones/east-1")
    without = get(board, "east", "cameras?people=false")["cameras"]
    assert [one["live"]["tracks"] for one in without] == [[] for _ in without]
    assert audit.kept == []

    get(board, "east", "cameras")
    get(board, "east", "zones/east-1")
    get(board, "east", "floors/f/presence")

    assert [(kept.act.action, kept.act.subject, kept.act.persons) for kept in audit.kept] == [
        ("people.viewed", "cameras", ("c-east:1",)),
        ("people.viewed", "zone/east-1", ("c-east:1",)),
        ("presence.viewed", "floor/f", ("c-east:1",)),
    ]


def test_one_subject_has_no_more_streams_than_it_may(board: BoardServer) -> None:
    with closing(opened(board, "viewer")), closing(opened(board, "viewer")):
        refused = httpx.get(f"{board.url}api/v1/changes", headers={HEADER: "viewer"}, timeout=60)
        with closing(opened(board, "east")) as other:
            assert next(other).name in {"clock", "line"}

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")


def nurses(present: int, unknown: int, required: int) -> dict[str, Any]:
    """A zone's numbers where only nurses are required."""
    role = {
        "role": "nurse",
        "present_min": present,
        "present_max": present + unknown,
        "scheduled": present,
        "required": required,
        "gap_min": max(0, required - present - unknown),
        "gap_max": max(0, required - present),
    }
    return {
        "people": present + unknown,
        "identified": present,
        "scheduled": present,
        "required": required,
        "roles": [role],
    }


def test_units_are_as_of_one_moment_and_name_who_could_help(
    start_board: Callable[..., BoardServer], ward: RegistryView, writer: LiveWriter
) -> None:
    """East is short of a nurse and west can spare one; 2 s later somebody comes to east, but what
    is known of west does not reach so far yet. The roof has no value."""
    at_us = now_us() - 3_000_000
    ward.add([unit_fact("west", 2, zone_ids=["west-1"], neighbour_ids=["east"])], now_us())
    writer.zone("east-1", as_of_us=at_us, person_ids=["c:1"], floor_id="f", **nurses(0, 1, 2))
    writer.zone("west-1", as_of_us=at_us, person_ids=["c:2"], floor_id="f", **nurses(2, 0, 1))
    writer.floor("f", as_of_us=at_us + 400_000)
    writer.zone("east-1", as_of_us=at_us + 2_000_000, floor_id="f", **nurses(2, 0, 2))
    board = start_board(registry=ward, authenticator=NamedCallers(*PEOPLE.values()))
    eventually(lambda: get(board, "all", "trends")["zones"] or None)

    whole = get(board, "all", "units")

    assert whole["as_of_us"] == at_us + 400_000
    east, west = whole["units"]
    assert (east["people"], east["gap"]) == (1, {"min": 1, "max": 2})
    assert east["nearest"] == [
        {"role": "nurse", "unit_id": "west", "name": "west", "spare": 1, "steps": 1}
    ]
    assert (west["roles"][0]["spare"], west["nearest"]) == (1, [])
    [department], [site] = whole["departments"], whole["sites"]
    assert department["unit_ids"] == site["unit_ids"] == ["east", "west"]
    assert (site["people"], site["gap"]) == (2, {"min": 1, "max": 2})
    assert whole["zone_ids_without_unit"] == ["roof"]

    part = get(board, "viewer", "units")
    assert [unit["unit_id"] for unit in part["units"]] == ["east"]
    assert part["units"][0]["nearest"] == part["departments"] == part["sites"] == []


def test_a_zone_that_is_stale_is_named_and_adds_nothing(
    start_board: Callable[..., BoardServer], ward: RegistryView, writer: LiveWriter
) -> None:
    writer.zone("east-1", floor_id="f", **nurses(1, 0, 2))
    writer.zone("west-1", as_of_us=now_us() - 60_000_000, floor_id="f", **nurses(1, 0, 2))
    board = start_board(registry=ward, authenticator=NamedCallers(*PEOPLE.values()))

    found = get(board, "all", "units")

    east, west = found["units"]
    assert (east["required"], east["stale_zone_ids"]) == (2, [])
    assert (west["required"], west["zone_ids"], west["stale_zone_ids"]) == (0, [], ["west-1"])
    assert (found["sites"][0]["required"], found["sites"][0]["stale_zone_ids"]) == (2, ["west-1"])


def test_open_alerts_are_those_of_the_callers_units_and_name_people_to_none_who_sees_none(
    board: BoardServer, writer: LiveWriter, audit: KeptAudit
) -> None:
    writer.alerts(
        "f",
        zone_alert("east-1", person_ids=["c-east:1"]),
        zone_alert("west-1", person_ids=["c-west:1"]),
    )

    whole, east, viewer = (
        get(board, name, "open-alerts")["floors"] for name in ("all", "east", "viewer")
    )

    assert [alert["zone_id"] for alert in whole[0]["open"]] == ["east-1", "west-1"]
    assert [alert["person_ids"] for alert in east[0]["open"]] == [["c-east:1"]]
    assert [alert["person_ids"] for alert in viewer[0]["open"]] == [[]]
    seen = {one.actor: set(one.act.persons) for one in audit.kept}
    assert seen == {"all": {"c-east:1", "c-west:1"}, "east": {"c-east:1"}}
    with closing(opened(board, "viewer")) as events:
        writer.alerts("f", zone_alert("west-1"), zone_alert("east-1", person_ids=["c-east:1"]))
        writer.zone("east-1", people=0, floor_id="f")
        changes = until(events, "east-1")
    (sent,) = (event.data["data"] for event in changes if event.name == "alerts")
    assert [alert["zone_id"] for alert in sent["open"]] == ["east-1"]
    assert "person_ids" not in sent["open"][0]


def test_how_the_pipeline_does_shows_cameras_of_the_callers_units_and_is_refused_without_the_right(
    board: BoardServer,
) -> None:
    east, everybody = get(board, "east", "system"), get(board, "all", "system")
    refused = httpx.get(f"{board.url}api/v1/system", headers={HEADER: "wall"}, timeout=60)

    assert refused.status_code == 403
    assert [one["camera_id"] for one in east["cameras"]] == ["c-east"]
    assert [one["camera_id"] for one in everybody["cameras"]] == ["c-east", "c-west"]
    (camera,) = east["cameras"]
    assert (camera["state"], camera["frames_per_s"], camera["clock"]) == ("TROUBLE", None, None)
    assert [one["subject"] for one in camera["alerts"]] == ["camera/c-east"]
    assert camera["last_us"] > now_us() - 60_000_000
    assert camera["lag_s"] is not None
    assert [(one["stage"], one["state"]) for one in east["stages"]][:2] == [
        ("infer", "STOPPED"),
        ("ingest", "UNKNOWN"),
    ]
    assert [(one["name"], one["cameras"]) for one in everybody["models"]] == [("yolox-nano", 2)]
