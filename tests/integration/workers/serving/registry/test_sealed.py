"""Stream addresses and names through the API, over a real database: set, and not read back."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from tests.support.database_roles import DatabaseRoles, database_roles
from tests.support.registry_api import KEY, RegistryApi, registry_api
from tests.support.two_units import ROWS_OF_TWO_UNITS
from workers.registry.editing.database import Database
from workers.registry.editing.sealed import ADDRESSES, NAMES, SealedTexts
from workers.registry.editing.sealing import Sealer
from workers.serving.editing.repeats import digest

SECRET = "hunter2"
ADDRESS = {"address": f"rtsp://viewer:{SECRET}@10.0.0.7/stream"}
OTHER = {"address": f"rtsp://viewer:{SECRET}@10.0.0.8/stream"}
CAMERA, NURSE = "/cameras/east-cam/address", "/staff/east-nurse/name"
SET = [
    pytest.param(CAMERA, ADDRESS, id="address"),
    pytest.param(NURSE, {"name": f"Ann {SECRET}"}, id="name"),
]


@pytest.fixture(scope="module")
def roles(registry_database: str) -> Iterator[DatabaseRoles]:
    """The roles of the database, each with its least rights."""
    with database_roles(registry_database) as found:
        yield found


@pytest.fixture(scope="module")
def ward(roles: DatabaseRoles) -> Iterator[RegistryApi]:
    """The API over a ward of two units, with the rights of the board's role in the database."""
    with registry_api(roles.owner, roles.address("serving")) as found:
        assert found.ask("POST", "/imports", ROWS_OF_TWO_UNITS).status_code == 200
        yield found


@pytest.fixture
def api(ward: RegistryApi, registry_database: str) -> RegistryApi:
    """The same, with no address and no name."""
    for table in ("stream_addresses", "staff_names", "idempotency"):
        ask(registry_database, f"DELETE FROM registry.{table}")
    ward.audit.kept.clear()
    ward.audit.away = False
    return ward


def ask(url: str, statement: str) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def kept(url: str, path: str) -> str | None:
    """The text that is kept, opened."""
    table = ADDRESSES if path.endswith("address") else NAMES
    with Database(url) as database:
        return SealedTexts(database, table, [KEY]).get(path.split("/")[2])


@pytest.mark.parametrize(("path", "body"), SET)
def test_a_text_is_set_replaced_and_removed_and_no_answer_or_table_holds_it(
    api: RegistryApi, registry_database: str, path: str, body: dict[str, str]
) -> None:
    [text] = body.values()
    made = api.put(f"{path}?reason=new+device", body, idempotency_key="k1")
    assert (made.status_code, made.json()["is_set"]) == (201, True)
    assert made.headers["location"] == f"/api/v1/registry{path}"
    assert kept(registry_database, path) == text
    replaced = api.ask("PUT", path, body, if_match=made.headers["etag"])
    assert replaced.status_code == 200
    removed = api.ask("DELETE", path, if_match=replaced.headers["etag"])
    assert (removed.json()["is_set"], removed.json()["since"]) == (False, None)
    assert kept(registry_database, path) is None

    field = path.rpartition("/")[2]
    assert api.audit.actions() == [f"registry.{field}_{done}" for done in ("set", "set", "removed")]
    assert (api.audit.kept[0].actor, api.audit.kept[0].why) == ("admin", "new device")
    answers = [made.text, replaced.text, removed.text, str(api.audit.kept)]
    answers.append(str(ask(registry_database, "SELECT i::text, body FROM registry.idempotency i")))
    assert not [answer for answer in answers if SECRET in answer]


def test_whether_there_is_an_address_and_since_when_is_all_that_is_read(
    api: RegistryApi,
) -> None:
    absent = api.ask("GET", CAMERA)
    made = api.put(CAMERA, ADDRESS)
    present = api.ask("GET", CAMERA)

    assert absent.json() == {"kind": "camera", "id": "east-cam", "is_set": False, "since": None}
    assert "etag" not in absent.headers
    assert present.json() == made.json()
    assert present.json().keys() == absent.json().keys()
    assert present.headers["etag"] == made.headers["etag"]


def test_the_role_of_the_board_sets_an_address_and_cannot_read_it(
    api: RegistryApi, roles: DatabaseRoles
) -> None:
    assert api.put(CAMERA, ADDRESS).status_code == 201

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(roles.address("serving"), "SELECT sealed FROM registry.stream_addresses")


def test_an_address_that_somebody_else_set_is_not_overwritten(
    api: RegistryApi, registry_database: str
) -> None:
    seen = api.put(CAMERA, ADDRESS).headers["etag"]
    api.ask("DELETE", CAMERA, if_match=seen)
    again = api.put(CAMERA, OTHER).headers["etag"]

    for method, headers in (
        ("PUT", {"if_match": seen}),
        ("PUT", {"if_none_match": "*"}),
        ("DELETE", {"if_match": seen}),
    ):
        refused = api.ask(method, CAMERA, ADDRESS, **headers)
        assert (refused.status_code, refused.headers["etag"]) == (412, again)
    assert api.ask("PUT", CAMERA, ADDRESS).status_code == 428
    assert kept(registry_database, CAMERA) == OTHER["address"]


def test_equal_requests_with_one_key_set_an_address_once(
    api: RegistryApi, registry_database: str
) -> None:
    start = threading.Barrier(3)

    def send(_: int) -> tuple[int, bytes, str]:
        start.wait()
        answer = api.put(CAMERA, ADDRESS, idempotency_key="k")
        return answer.status_code, answer.content, answer.headers["etag"]

    with ThreadPoolExecutor(3) as threads:
        [answer] = set(threads.map(send, range(3)))

    assert answer[0] == 201
    assert api.audit.actions() == ["registry.address_set"]
    other = api.put(CAMERA, OTHER, idempotency_key="k")
    assert (other.status_code, "another request" in other.text) == (422, True)
    assert kept(registry_database, CAMERA) == ADDRESS["address"]


def test_the_digest_of_a_request_is_kept_under_the_key_so_that_no_name_is_found_by_trying(
    api: RegistryApi, registry_database: str
) -> None:
    body = '{"name": "Ann"}'
    assert api.put(NURSE, body, idempotency_key="k").status_code == 201

    plain = digest(["PUT", f"/api/v1/registry{NURSE}", "", "", "*", body])
    [[stored]] = ask(registry_database, "SELECT request_sha256 FROM registry.idempotency")
    assert stored == Sealer([KEY], "").keyed(plain) != plain


def test_what_cannot_be_audited_is_not_set(api: RegistryApi, registry_database: str) -> None:
    api.audit.away = True
    assert api.put(CAMERA, ADDRESS, idempotency_key="k").status_code == 503
    assert kept(registry_database, CAMERA) is None

    api.audit.away = False
    assert api.put(CAMERA, ADDRESS, idempotency_key="k").status_code == 201


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        pytest.param(CAMERA, {"address": f"file:///{SECRET}"}, 422, "address", id="scheme"),
        pytest.param(CAMERA, {"address": SECRET}, 422, "address", id="no-url"),
        pytest.param(CAMERA, {"address": f"rtsp://{SECRET}\n@h/"}, 422, "address", id="line-end"),
        pytest.param(
            CAMERA, {"address": "rtsp://h/" + SECRET * 400}, 422, "address", id="long-address"
        ),
        pytest.param(CAMERA, {"address": f"rtsp://viewer:{SECRET}@"}, 422, "address", id="host"),
        pytest.param(CAMERA, {"address": f"rtsp://h:{SECRET}/"}, 422, "address", id="port"),
        pytest.param(CAMERA, {"address": ""}, 422, "address", id="empty"),
        pytest.param(CAMERA, {"address": [SECRET]}, 422, "address", id="no-text"),
        pytest.param(CAMERA, {}, 422, "address", id="missing"),
        pytest.param(CAMERA, {**ADDRESS, "user": SECRET}, 422, "", id="another-field"),
        pytest.param(CAMERA, [SECRET], 422, "", id="no-object"),
        pytest.param(NURSE, {"name": f"{SECRET}\0"}, 422, "name", id="control-character"),
        pytest.param(NURSE, {"name": SECRET * 20}, 422, "name", id="long-name"),
        pytest.param(NURSE, f'{{"name": "{SECRET}', 400, None, id="no-json"),
        pytest.param(NURSE, '{"name": "' + SECRET + '\\ud800"}', 400, None, id="half-a-pair"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_field_without_a_word_of_it(
    ward: RegistryApi, path: str, body: Any, status: int, field: str | None
) -> None:
    refused = ward.put(path, body)

    assert refused.status_code == status, refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    assert SECRET not in refused.text
    found = [(error["kind"], error["field"]) for error in refused.json().get("errors", [])]
    kind = "camera" if path is CAMERA else "staff"
    assert found == ([] if field is None else [(kind, field)])


@pytest.mark.parametrize(
    ("by", "path", "status"),
    [
        ("east-admin", "/cameras/east-cam/address", 412),
        ("east-admin", "/cameras/west-cam/address", 404),
        ("east-admin", "/cameras/both-cam/address", 404),
        ("east-admin", "/cameras/none-cam/address", 404),
        ("east-admin", "/staff/east-nurse/name", 412),
        ("east-admin", "/staff/west-nurse/name", 404),
        ("east-admin", "/staff/both-nurse/name", 403),
        ("coordinator", "/cameras/east-cam/address", 403),
        ("coordinator", "/staff/east-nurse/name", 403),
        ("nobody", "/cameras/east-cam/address", 401),
    ],
)
def test_who_may_not_edit_the_whole_of_it_neither_sets_nor_removes_it(
    ward: RegistryApi, by: str, path: str, status: int
) -> None:
    """412 is for who may: there is none of that version."""
    body = {path.rpartition("/")[2]: "rtsp://h/a"}
    answers = {
        method: ward.ask(method, path, body, by=by, if_match='"v999"')
        for method in ("PUT", "DELETE")
    }

    assert {answer.status_code for answer in answers.values()} == {status}
    if path.endswith("address"):
        read = ward.ask("GET", path, by=by).status_code
        assert read == (200 if status == 412 else status)
    if status == 404:
        known, unknown = (
            ward.ask("PUT", one, body, by=by, if_match='"v999"').text
            for one in (path, path.replace(path.split("/")[2], "nobody"))
        )
        assert known.replace(path.split("/")[2], "nobody") == unknown
