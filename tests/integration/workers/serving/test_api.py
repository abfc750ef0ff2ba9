"""The REST API over a real Redis: what it answers, and how it refuses."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from redis import Redis

from runtime.facts.log import Fact
from schemas.topics import CAMERAS, FLOORS, ZONES
from tests.support.board_server import BoardServer
from tests.support.live_log import LiveLog
from tests.support.live_writer import (
    LiveWriter,
    camera_fact,
    floor_fact,
    now_us,
    track,
    zone_fact,
)
from workers.registry.view import RegistryView


def get(board: BoardServer, path: str, **headers: str) -> httpx.Response:
    return httpx.get(board.url + path, headers=headers, timeout=60.0)


def answer(board: BoardServer, path: str) -> Any:
    response = get(board, path)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.fixture
def ward() -> RegistryView:
    view = RegistryView()
    view.add(
        [
            Fact(FLOORS, floor_fact("ward-3", name="Ward 3")),
            Fact(CAMERAS, camera_fact("left", name="Left half")),
            Fact(ZONES, zone_fact("bay-1", name="Bay 1", order=2)),
            Fact(ZONES, zone_fact("bay-2", name="Bay 2", order=1)),
        ],
        now_us(),
    )
    return view


def test_zones_come_in_the_order_of_the_board_with_names_numbers_and_texts(
    start_board: Callable[..., BoardServer], ward: RegistryView, writer: LiveWriter
) -> None:
    writer.zone("bay-1", people=12, identified=4, scheduled=5, required=4)
    writer.zone("bay-2", people=2, required=4)

    first, second = answer(start_board(registry=ward), "api/v1/zones")["zones"]

    assert (first["name"], first["floor_name"], first["camera_id"]) == ("Bay 2", "Ward 3", "left")
    assert (first["gap"]["min"], first["gap"]["max"]) == (2, 4)
    assert first["coverage"]["sentence"] == "2 to 4 short"
    assert not first["freshness"]["stale"]
    assert [second[name] for name in ("people", "identified", "scheduled", "required")] == [
        *(12, 4, 5, 4)
    ]
    assert second["coverage"]["because"] == "12 people, 4 identified staff"


def test_many_who_ask_about_the_system_at_once_read_the_cameras_once(
    start_board: Callable[..., BoardServer],
    ward: RegistryView,
    writer: LiveWriter,
    live_url: str,
) -> None:
    writer.camera("left", [])
    board = start_board(registry=ward)
    redis = Redis.from_url(live_url)

    def listings() -> int:
        return int(redis.info("commandstats").get("cmdstat_zrange", {}).get("calls", 0))

    before, since_s = listings(), time.monotonic()
    with ThreadPoolExecutor(8) as pages:
        answers = list(pages.map(lambda _: answer(board, "api/v1/system"), range(24)))
    seconds = time.monotonic() - since_s

    assert {one["cameras"][0]["state"] for one in answers} == {"GOOD"}
    assert 1 <= listings() - before <= 1 + seconds


def test_a_registered_zone_without_a_value_shows_no_number(
    start_board: Callable[..., BoardServer], ward: RegistryView
) -> None:
    zone = answer(start_board(registry=ward), "api/v1/zones/bay-1")

    assert zone["people"] is None
    assert zone["coverage"]["state"] == "no_data"
    assert zone["freshness"] == {
        "as_of_us": None,
        "through_us": None,
        "age_s": None,
        "stale": True,
        "cause": "no_data",
    }


def test_a_removed_zone_is_gone_although_its_value_is_still_there(
    start_board: Callable[..., BoardServer], ward: RegistryView, writer: LiveWriter
) -> None:
    writer.zone("bay-1", people=3)
    ward.add([Fact(ZONES, zone_fact("bay-1", version=2, removed=True))], now_us())
    board = start_board(registry=ward)

    assert [zone["zone_id"] for zone in answer(board, "api/v1/zones")["zones"]] == ["bay-2"]
    assert get(board, "api/v1/zones/bay-1").status_code == 404


def test_an_old_number_says_that_it_is_stale(
    start_board: Callable[..., BoardServer], writer: LiveWriter
) -> None:
    writer.zone("bay-1", people=3, as_of_us=now_us() - 7_000_000)

    freshness = answer(start_board(stale_after_s=5.0), "api/v1/zones/bay-1")["freshness"]

    assert (freshness["stale"], freshness["cause"]) == (True, "old")
    assert 7.0 <= freshness["age_s"] < 60.0


def test_a_quiet_zone_is_fresh_while_its_floor_ticks(
    board: BoardServer, writer: LiveWriter
) -> None:
    writer.zone("bay-1", people=3, as_of_us=now_us() - 7_000_000)
    writer.floor("ward-3")

    assert not answer(board, "api/v1/zones/bay-1")["freshness"]["stale"]


def test_a_zone_whose_camera_is_silent_is_stale_although_its_floor_ticks(
    start_board: Callable[..., BoardServer], ward: RegistryView, writer: LiveWriter
) -> None:
    writer.zone("bay-1", people=3)
    writer.floor("ward-3", cameras_missing=["left"])

    freshness = answer(start_board(registry=ward), "api/v1/zones/bay-1")["freshness"]

    assert (freshness["stale"], freshness["cause"]) == (True, "camera_silent")


def test_cameras_give_positions_of_people_and_never_pixels(
    start_board: Callable[..., BoardServer], ward: RegistryView, writer: LiveWriter
) -> None:
    writer.camera("left", [track(7, 100.0, 200.0)], width=384, height=576)

    [camera] = answer(start_board(registry=ward), "api/v1/cameras")["cameras"]

    assert (camera["name"], camera["width"], camera["height"]) == ("Left half", 384, 576)
    [person] = camera["live"]["tracks"]
    assert ((person["x_min"] + person["x_max"]) / 2, person["y_max"]) == (100.0, 200.0)


def test_presence_names_who_is_on_a_floor(board: BoardServer, writer: LiveWriter) -> None:
    writer.floor("ward-3", people=[{"person_id": "left:7", "role": "nurse"}])

    presence = answer(board, "api/v1/floors/ward-3/presence")["presence"]

    assert [(p["person_id"], p["role"]) for p in presence["people"]] == [("left:7", "nurse")]


def test_status_gives_each_stages_age_and_which_detector_runs(
    board: BoardServer, writer: LiveWriter
) -> None:
    writer.zone("bay-1", people=3)
    writer.floor("ward-3", as_of_us=now_us() - 60_000_000)
    writer.camera("left", [])
    writer.camera("right", [], model_name="opencv-hog", model_version="1")

    status = answer(board, "api/v1/status")

    stale = {stage["stage"]: stage["stale"] for stage in status["stages"]}
    assert stale == {"tracks": 0, "presence": 1, "occupancy": 0}
    detectors = {d["name"]: (d["camera_ids"], d["caution"]) for d in status["detectors"]}
    assert detectors["yolox-nano"] == (["left"], "")
    assert "misses many people" in detectors["opencv-hog"][1]
    assert status["redis"] == {"reachable": True, "error": "", "since_us": None}


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("api/v1/zones/bay-9", 404, "there is no zone 'bay-9'"),
        ("api/v1/floors/ward-9/presence", 404, "there is no floor 'ward-9'"),
        ("api/v1/changes?kind=zones", 400, "there is no kind 'zones'"),
        ("api/v1/changes?last_event_id=yesterday", 400, "'yesterday' is not an event id"),
        ("api/v1/nothing", 404, "Not Found"),
    ],
)
def test_a_refusal_says_what_is_wrong(
    board: BoardServer, path: str, status: int, detail: str
) -> None:
    response = get(board, path)

    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert detail in response.json()["detail"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(board: BoardServer, method: str) -> None:
    response = httpx.request(method, board.url + "api/v1/zones")

    assert response.status_code == 405
    assert response.headers["content-type"] == "application/problem+json"


def test_ids_reach_the_reader_unharmed(board: BoardServer, writer: LiveWriter) -> None:
    """The API escapes nothing and drops nothing; the page writes text, never markup."""
    hostile = "<img src=x onerror=alert(1)>"
    writer.zone(hostile, people=1)

    assert answer(board, "api/v1/zones")["zones"][0]["name"] == hostile


@pytest.mark.parametrize("path", ["", "board.js", "api/v1/zones", "api/v1/nothing"])
def test_every_answer_forbids_foreign_code(board: BoardServer, path: str) -> None:
    headers = get(board, path).headers

    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "access-control-allow-origin" not in headers


def test_a_web_page_that_points_its_name_here_reads_nothing(board: BoardServer) -> None:
    response = get(board, "api/v1/zones", Host="rebound.example")

    assert response.status_code == 421
    assert "WARDSTREAM_SERVING__HOST" in response.json()["detail"]


def test_every_route_documents_its_answer_and_its_errors(board: BoardServer) -> None:
    document = answer(board, "api/v1/openapi.json")

    routes = {
        path: item["get"]["responses"] for path, item in document["paths"].items() if "get" in item
    }
    assert set(routes) >= {
        "/api/v1/zones",
        "/api/v1/zones/{zone_id}",
        "/api/v1/cameras",
        "/api/v1/floors/{floor_id}/presence",
        "/api/v1/trends",
        "/api/v1/status",
        "/api/v1/line",
        "/api/v1/changes",
    }
    assert set(routes["/api/v1/zones/{zone_id}"]) >= {"200", "404", "503"}
    assert "text/event-stream" in routes["/api/v1/changes"]["200"]["content"]
    assert "Problem" in document["components"]["schemas"]
    undescribed = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, value in schema.get("properties", {}).items()
        if "description" not in value
    ]
    assert undescribed == []


@pytest.mark.parametrize("path", ["api/v1/zones", "api/v1/zones/nowhere", "api/v1/status"])
def test_head_answers_as_get_without_a_body(board: BoardServer, path: str) -> None:
    asked = get(board, path)
    head = httpx.head(board.url + path, timeout=60.0)

    assert (head.status_code, head.content) == (asked.status_code, b"")
    assert head.headers["content-type"] == asked.headers["content-type"]
    assert head.headers["x-content-type-options"] == "nosniff"


def test_head_of_the_endless_stream_ends(board: BoardServer) -> None:
    head = httpx.head(board.url + "api/v1/changes", timeout=60.0)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")


def test_a_run_apart_has_a_board_apart(
    live_log: LiveLog,
    live_url: str,
    redis_prefix: str,
    start_board: Callable[..., BoardServer],
    writer: LiveWriter,
) -> None:
    """A candidate's values never come onto the live board, nor the other way round."""
    candidate = LiveWriter(live_log, live_url, redis_prefix, topic_prefix="candidate-7.")
    writer.zone("bay-1", people=3)
    candidate.zone("bay-1", people=8)

    for topic_prefix, people in (("", 3), ("candidate-7.", 8)):
        [zone] = answer(start_board(topic_prefix=topic_prefix), "api/v1/zones")["zones"]
        assert zone["people"] == people
