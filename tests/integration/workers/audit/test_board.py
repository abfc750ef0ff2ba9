"""The board and its audit: on real brokers, a real Redis and a real database."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from runtime.audit import Act, next_entry
from runtime.facts.log import Fact
from runtime.kafka.cluster import Cluster
from schemas.records.alerts import AuditEntry
from schemas.topics import AUDIT, CAMERAS, FLOORS, ZONES
from tests.support.audit_away import audit_away
from tests.support.board_fixtures import live_url, redis_prefix, redis_service, start_board, writer
from tests.support.board_server import BoardServer
from tests.support.builders.outputs import at_us, item
from tests.support.callers import HEADER, NamedCallers, person
from tests.support.kept_audit import KeptAudit
from tests.support.live_writer import LiveWriter, camera_fact, floor_fact, now_us, zone_fact
from tests.support.waiting import eventually
from workers.access.rights import AccessRole
from workers.audit.writer import AuditLog
from workers.registry.view import RegistryView
from workers.serving.audit_reader import AuditReader
from workers.sinks.timescale.sink import TimescaleSink

__all__ = ["live_url", "redis_prefix", "redis_service", "start_board", "writer"]

Start = Callable[..., BoardServer]

CALLERS = NamedCallers(person("cora", AccessRole.COORDINATOR), person("audra", AccessRole.AUDITOR))


@pytest.fixture
def ward() -> RegistryView:
    view = RegistryView()
    facts = [
        Fact(FLOORS, floor_fact("ward-3", name="Ward 3")),
        Fact(CAMERAS, camera_fact("left", name="Left half")),
        Fact(ZONES, zone_fact("bay-1", name="Bay 1", order=1)),
    ]
    view.add(facts, now_us())
    return view


def get(board: BoardServer, path: str, by: str) -> httpx.Response:
    return httpx.get(f"{board.url}api/v1/{path}", headers={HEADER: by}, timeout=60)


@contextmanager
def opened(board: BoardServer, query: str = "") -> Iterator[Iterator[str]]:
    url = f"{board.url}api/v1/changes{query}"
    with httpx.stream("GET", url, headers={HEADER: "cora"}, timeout=60) as answer:
        assert answer.status_code == 200
        yield answer.iter_lines()


def test_people_are_refused_while_the_audit_cannot_be_written_and_zone_figures_go_on(
    cluster: Cluster,
    start_board: Start,
    ward: RegistryView,
    writer: LiveWriter,
    entries: Callable[[], list[AuditEntry]],
) -> None:
    writer.zone("bay-1", people=12, identified=4, required=4)
    writer.floor("ward-3")
    with AuditLog(cluster, "serving") as audit:
        board = start_board(registry=ward, authenticator=CALLERS, recorder=audit)
        seen = eventually(lambda: get(board, "floors/ward-3/presence", "cora").status_code == 200)
        with audit_away(cluster):
            refused = eventually(lambda: _refused(board), what="brokers take no entry")
            figures = get(board, "zones", "cora")
            one = get(board, "zones/bay-1", "cora")
        eventually(lambda: audit.away_since_us is None, what="the audit is back")
        again = get(board, "floors/ward-3/presence", "cora")

    assert seen
    assert refused is not None
    assert refused.headers["content-type"] == "application/problem+json"
    assert "the audit cannot be written" in refused.json()["detail"]
    assert int(refused.headers["retry-after"]) >= 1
    assert figures.json()["zones"][0]["people"] == 12
    assert one.json()["people"] == 12
    assert again.status_code == 200
    viewed = [entry for entry in entries() if entry["action"] == "presence.viewed"]
    assert {(entry["actor"], *entry["floors"]) for entry in viewed} == {("cora", "ward-3")}


def _refused(board: BoardServer) -> httpx.Response | None:
    answer = get(board, "floors/ward-3/presence", "cora")
    return answer if answer.status_code == 503 else None


def test_a_stream_of_people_is_in_the_audit_with_its_purpose_when_it_opens_and_ends(
    start_board: Start, ward: RegistryView, writer: LiveWriter
) -> None:
    board = start_board(registry=ward, authenticator=CALLERS)
    kept = board.recorder
    assert isinstance(kept, KeptAudit)

    with opened(board, "?purpose=Night%20round&kind=floor") as lines:
        next(lines)
        [first] = kept.kept
        writer.floor("ward-3")
        assert any(line.startswith("data:") for line in lines)
    eventually(lambda: len(kept.kept) == 2, what="the entry of the end")

    last = kept.kept[1]
    assert (first.act.action, first.actor, first.why) == ("stream.opened", "cora", "Night round")
    assert first.act.floors == ("ward-3",)
    assert "kinds floor" in first.act.detail
    assert (first.act.until_us, last.act.action) == (None, "stream.closed")
    assert last.act.from_us == first.act.from_us is not None
    assert (last.act.until_us or 0) > (last.act.from_us or 0)


def test_a_stream_of_other_floors_shows_no_camera_and_no_floor_in_the_audit(
    start_board: Start, ward: RegistryView
) -> None:
    board = start_board(registry=ward, authenticator=CALLERS)
    kept = board.recorder
    assert isinstance(kept, KeptAudit)

    with opened(board, "?purpose=Night%20round&floor_id=ward-4") as lines:
        next(lines)
        [elsewhere] = kept.kept
    with opened(board, "?purpose=Night%20round&floor_id=ward-3") as lines:
        next(lines)
        here = eventually(lambda: next((e for e in kept.kept if e.act.floors), None))

    assert (elsewhere.act.floors, elsewhere.act.cameras) == ((), ())
    assert here is not None
    assert here.act.floors == ("ward-3",)


def test_a_purpose_that_says_nothing_is_refused(start_board: Start, ward: RegistryView) -> None:
    board = start_board(registry=ward, authenticator=CALLERS)

    answer = get(board, "changes?purpose=-", "cora")

    assert answer.status_code == 400
    assert "X-Purpose" in answer.json()["detail"]


def test_an_auditor_reads_who_saw_whom_page_by_page_and_that_is_in_the_audit(
    start_board: Start, ward: RegistryView, database_url: str, timescale_sink: TimescaleSink
) -> None:
    last: AuditEntry | None = None
    for second in range(5):
        act = Act("frame.viewed", "camera/left", persons=("left:7",))
        last = next_entry(last, "c", act, actor="idp#cora", why="care", at_us=at_us(second))
        timescale_sink.write([item(AUDIT, dict(last), second)])
    with AuditReader(database_url) as seen:
        board = start_board(registry=ward, authenticator=CALLERS, seen=seen)
        kept = board.recorder
        assert isinstance(kept, KeptAudit)
        first = get(board, "audit/persons/left:7?limit=3", "audra").json()
        rest = get(board, f"audit/persons/left:7?limit=3&cursor={first['next']}", "audra").json()
        by_subject = get(board, "audit/subjects/idp%23cora", "audra").json()
        forged = get(board, "audit/persons/left:7?cursor=eW91", "audra")
        zero = b64encode(b'["2026-11-30T00:00:00Z","\\u0000",1]').decode()
        odd = [
            get(board, path, "audra").status_code
            for path in (
                f"audit/persons/left:7?cursor={zero}",
                "audit/persons/%00",
                "audit/subjects/idp%00",
            )
        ]
        del kept.kept[-len(odd) :]
        nobody = get(board, "audit/persons/left:8", "audra").json()
        forbidden = get(board, "audit/persons/left:7", "cora")
        asked = [one.act.subject for one in kept.kept if one.act.action == "audit.viewed"]
        kept.away = True
        refused = get(board, "audit/persons/left:7", "audra")

    assert [entry["seq"] for entry in first["entries"] + rest["entries"]] == [5, 4, 3, 2, 1]
    assert rest["next"] is None
    assert {(entry["actor"], entry["purpose"], entry["how"]) for entry in first["entries"]} == {
        ("idp#cora", "care", "named")
    }
    assert [entry["persons"] for entry in by_subject["entries"]] == [["left:7"]] * 5
    assert forged.status_code == 400
    assert odd == [400, 400, 400]
    assert nobody["entries"] == []
    assert forbidden.status_code == 403
    assert asked == [
        *["person/left:7"] * 2,
        "subject/idp#cora",
        "person/left:7",
        "person/left:8",
    ]
    assert refused.status_code == 503
