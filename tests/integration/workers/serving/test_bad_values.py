"""One value that is bad takes nothing else off the board, and no input makes the API stumble."""

from collections.abc import Callable

import httpx
import pytest

from runtime.facts.log import Fact
from schemas.live import index_key, state_key
from schemas.topics import ZONES
from tests.support.board_server import BoardServer
from tests.support.live_writer import LiveWriter, now_us, zone_fact
from workers.registry.view import RegistryView

Start = Callable[..., BoardServer]


@pytest.fixture
def ward() -> RegistryView:
    view = RegistryView()
    view.add([Fact(ZONES, zone_fact("bay-1")), Fact(ZONES, zone_fact("bay-2"))], now_us())
    return view


@pytest.mark.parametrize("kind", ["another-type", "cut-short", "evicted"])
def test_one_bad_value_is_no_number_and_the_others_stay(
    kind: str, start_board: Start, ward: RegistryView, writer: LiveWriter
) -> None:
    """Somebody else's key, half a value, and what an eviction policy took away."""
    writer.zone("bay-1", people=2, required=1)
    writer.zone("bay-2", people=3, required=1)
    key = state_key(writer.prefix, "zone", "bay-1")
    if kind == "cut-short":
        writer.client.hset(key, "json", '{"zone_id": "bay-1", "peo')
    else:
        writer.client.delete(key)
    if kind == "another-type":
        writer.client.set(key, "somebody's")
    board = start_board(registry=ward)

    answer = httpx.get(f"{board.url}api/v1/zones", timeout=60)
    assert answer.status_code == 200, answer.text
    bad, good = sorted(answer.json()["zones"], key=lambda zone: str(zone["zone_id"]))
    assert bad["people"] is None
    assert (bad["freshness"]["cause"], bad["coverage"]["state"]) == ("no_data", "no_data")
    assert (good["people"], good["freshness"]["stale"]) == (3, False)
    status = httpx.get(f"{board.url}api/v1/status", timeout=60).json()
    assert status["redis"]["reachable"]


def test_zones_of_an_evicted_index_show_no_number(
    start_board: Start, ward: RegistryView, writer: LiveWriter
) -> None:
    writer.zone("bay-1", people=2, required=1)
    writer.client.delete(index_key(writer.prefix, "zone"))
    board = start_board(registry=ward)

    zones = httpx.get(f"{board.url}api/v1/zones", timeout=60).json()["zones"]
    assert [zone["people"] for zone in zones] == [None, None]
    writer.zone("bay-1", people=4, required=1)
    zones = httpx.get(f"{board.url}api/v1/zones", timeout=60).json()["zones"]
    assert {zone["zone_id"]: zone["people"] for zone in zones} == {"bay-1": 4, "bay-2": None}


MALFORMED: dict[str, set[int]] = {
    "zones/%00": {404},
    "zones/%ff%fe": {404},
    "zones/" + "x" * 201: {422},
    "zones/..%2f..%2fetc": {404},
    "floors/%F0%9F%92%A9/presence": {404},
    "floors//presence": {404, 422},
    "changes?kind=rubbish": {400},
    "changes?last_event_id=1-1-1": {400},
    "changes?last_event_id=-1-0": {400},
    "changes?kind=&last_event_id=%00": {400},
    "zones/bay-1?x=%zz": {200},
}


def test_malformed_input_is_refused_by_name_and_never_an_error_of_ours(
    start_board: Start, ward: RegistryView
) -> None:
    board = start_board(registry=ward)
    for path, statuses in MALFORMED.items():
        answer = httpx.get(f"{board.url}api/v1/{path}", timeout=60)
        assert answer.status_code in statuses, (path, answer.text)
        if answer.status_code != 200:
            assert answer.json()["status"] == answer.status_code, path
            assert answer.json()["detail"], path


def test_the_api_only_reads(start_board: Start) -> None:
    board = start_board()
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = httpx.request(method, f"{board.url}api/v1/zones", content=b"\xff{", timeout=60)
        assert answer.status_code in {403, 405}, method
        assert answer.json()["detail"], method


def test_an_event_id_beyond_the_numbers_of_redis_gets_a_reset(
    start_board: Start, writer: LiveWriter
) -> None:
    writer.zone("bay-1", people=2)
    board = start_board()
    url = f"{board.url}api/v1/changes?last_event_id=99999999999999999999-0"
    with httpx.stream("GET", url, timeout=60) as stream:
        assert stream.status_code == 200
        for line in stream.iter_lines():
            if line == "event: reset":
                return
    raise AssertionError("it never said that changes are missing")
