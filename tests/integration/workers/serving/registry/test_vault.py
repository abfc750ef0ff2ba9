"""Imports of employee and badge numbers through the API: pseudonyms alone are answered and kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from runtime.clock import SystemClock
from runtime.process.vault import Ids
from tests.integration.workers.serving.registry.conftest import BAY, LEFT
from tests.support.database_roles import DatabaseRoles, database_roles
from tests.support.registry_api import RegistryApi, registry_api
from workers.registry.editing.database import Database
from workers.registry.vault.door import Doors
from workers.registry.vault.erasures import ErasureList
from workers.registry.vault.external import is_of_the_vault
from workers.registry.vault.vault import Vault

NUMBERS = ("PN 90817", "04:A2:B3:C4")
PEOPLE: dict[str, list[dict[str, Any]]] = {
    "staff": [{"staff_id": NUMBERS[0], "role": "nurse"}],
    "shift": [
        {
            "shift_id": "early",
            "staff_id": NUMBERS[0],
            "zone_id": "bay",
            "starts": "2026-11-30T07:00",
            "ends": "15:00",
        }
    ],
    "badge": [{"badge_id": NUMBERS[1], "staff_ids": [NUMBERS[0]]}],
}


@pytest.fixture(scope="module")
def roles(registry_database: str) -> Iterator[DatabaseRoles]:
    with database_roles(registry_database) as found:
        yield found


@pytest.fixture
def board(registry_database: str, roles: DatabaseRoles, tmp_path: Path) -> Iterator[RegistryApi]:
    """The API of an installation that imports numbers, by the board's two accounts."""
    with psycopg.connect(registry_database) as owner:
        owner.execute("TRUNCATE vault.keys, vault.entries, registry.erased")
    with Database(roles.address("vault")) as own:
        doors = Doors(Ids.EXTERNAL, Vault(own, [b"k" * 32]), SystemClock())
        ErasureList(tmp_path / "list").create()
        with registry_api(
            registry_database, roles.address("serving"), vault=doors, erasures=tmp_path / "list"
        ) as api:
            assert api.put("/cameras/left", LEFT).status_code == 201
            assert api.put("/zones/bay", BAY).status_code == 201
            api.audit.kept.clear()
            yield api


def kept(url: str) -> str:
    """Every row of the registry, as text."""
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'registry'"
        ).fetchall()
        return " ".join(
            str(row)
            for (name,) in names
            for row in connection.execute(
                sql.SQL("SELECT t::text FROM registry.{} AS t").format(sql.Identifier(name))
            )
        )


def test_an_import_of_numbers_is_answered_kept_and_audited_by_pseudonym(
    board: RegistryApi, registry_database: str
) -> None:
    preview = board.ask("POST", "/imports?dry_run=true", PEOPLE)
    first = board.ask("POST", "/imports", PEOPLE, idempotency_key="one")
    again = board.ask("POST", "/imports", PEOPLE, idempotency_key="one")
    later = board.ask("POST", "/imports", PEOPLE)

    assert [one.status_code for one in (preview, first, again, later)] == [200] * 4
    assert first.content == again.content
    assert (later.json()["edit_id"], later.json()["changes"]) == (None, [])
    [nurse] = board.get("/staff")["items"]
    assert is_of_the_vault(nurse["id"])
    assert board.get("/shifts/early")["record"]["staff_id"] == nurse["id"]
    shown = [one.text for one in (preview, first, later)]
    audited = repr(board.audit.kept)
    for number in NUMBERS:
        assert not [text for text in (*shown, audited, kept(registry_database)) if number in text]


def test_a_refusal_names_the_row_and_no_number(board: RegistryApi) -> None:
    wrong = {"staff": [{"staff_id": NUMBERS[0], "role": "a nurse"}]}
    early = {"shift": [{**PEOPLE["shift"][0], "staff_id": "PN 1"}]}

    for body, row in ((wrong, "entry 1"), (early, "shift entry 1")):
        refused = board.ask("POST", "/imports", body)
        assert refused.status_code == 422
        assert {one["id"] for one in refused.json()["errors"]} == {row}, refused.text
        assert "PN" not in refused.text


def test_an_edit_of_one_fact_names_it_by_its_pseudonym(board: RegistryApi) -> None:
    refused = board.put("/staff/90817", {"role": "nurse"})
    board.ask("POST", "/imports", PEOPLE)
    [nurse] = board.get("/staff")["items"]

    assert refused.status_code == 422
    assert "is no pseudonym of the vault" in refused.text
    assert board.put(f"/staff/{nurse['id']}", {"role": "doctor"}, 1).status_code == 200


def test_a_person_is_erased_by_who_may_everywhere_and_by_nobody_else(
    board: RegistryApi, registry_database: str, tmp_path: Path
) -> None:
    board.ask("POST", "/imports", PEOPLE)
    [nurse] = [one["id"] for one in board.get("/staff")["items"]]
    person = {"number": NUMBERS[0]}
    refused = {
        by: board.erase(person, by=by).status_code for by in ("admin", "coordinator", "east-dpo")
    }
    assert set(refused.values()) == {403}

    would = board.erase(person, query="reason=asked&dry_run=true")
    assert would.json()["badges"] == [one["id"] for one in board.get("/badges")["items"]]
    assert board.get("/staff")["items"], "nothing was destroyed"
    done = board.erase(person)

    assert (done.status_code, done.json()["staff_id"]) == (200, nurse)
    assert board.get("/staff")["items"] == board.get("/badges")["items"] == []
    with psycopg.connect(registry_database) as owner:
        assert owner.execute("SELECT * FROM vault.entries").fetchall() == []
    listed = {one.pseudonym for one in ErasureList(tmp_path / "list").read().erased}
    assert listed == {nurse, *would.json()["badges"]}
    [act] = [kept for kept in board.audit.kept if kept.act.action == "person.erased"]
    assert (act.actor, act.act.subject, act.why) == ("dpo", f"staff.v1/{nurse}", "asked")
    assert board.erase({"staff_id": nurse}).status_code == 200, "the same again does no harm"
    assert board.erase(person).status_code == 404, "nobody has this number any more"
    assert "90817" not in repr(board.audit.kept)


@pytest.mark.parametrize(
    ("person", "query", "status"),
    [
        ({"number": "PN 1"}, "reason=asked", 404),
        ({"staff_id": "nobody"}, "reason=asked", 404),
        ({"number": "PN 1"}, "", 400),
        ({}, "reason=asked", 422),
        ({"number": 90817}, "reason=asked", 422),
        ({"number": "PN 90817", "staff_id": "n"}, "reason=asked", 422),
        ({"number": "PN 90817" + "0" * 200}, "reason=asked", 422),
    ],
)
def test_a_request_that_names_nobody_erases_nobody_and_is_not_repeated(
    board: RegistryApi, person: Any, query: str, status: int
) -> None:
    answer = board.erase(person, query=query)

    assert answer.status_code == status, answer.text
    assert "90817" not in answer.text
