"""The registry's API over a database of the test, with callers that the test names."""

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import psycopg
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from runtime.clock import SystemClock
from runtime.kafka.cluster import Cluster
from runtime.process.sections import ServingSettings
from tests.support.callers import HEADER, NamedCallers, person
from tests.support.kept_audit import KeptAudit
from workers.access.rights import AccessRole
from workers.registry.editing.database import Database
from workers.registry.editing.drawings import Drawings
from workers.registry.editing.sealed import ADDRESSES, NAMES, SealedTexts
from workers.registry.editing.store import RegistryStore
from workers.registry.vault.door import AS_THEY_ARE, Doors
from workers.registry.vault.erasing import Eraser
from workers.registry.vault.erasures import ErasureList
from workers.serving.api.registry.parts import Registry
from workers.serving.app import create_app
from workers.serving.editing.erasing import ErasureDesk
from workers.serving.process import address, bind

CALLERS: Final = (
    person("admin", AccessRole.ADMIN),
    person("coordinator", AccessRole.COORDINATOR),
    person("viewer", AccessRole.VIEWER),
    person("east", AccessRole.COORDINATOR, units=("east",)),
    person("east-admin", AccessRole.ADMIN, units=("east",)),
    person("dpo", AccessRole.DATA_PROTECTION),
    person("east-dpo", AccessRole.DATA_PROTECTION, units=("east",)),
)

KEY: Final = bytes(range(32))
"""Seals addresses and names."""


class RegistryApi:
    """Asks the registry's API.

    Args:
        client: Client of the application.

    Attributes:
        audit: What was audited.
    """

    def __init__(self, client: httpx.Client, audit: KeptAudit) -> None:
        self._client = client
        self.audit = audit

    def ask(
        self, method: str, path: str, row: Any = None, *, by: str = "admin", **headers: str
    ) -> Response:
        """Send a request; `if_match="v3"` and the like are headers.

        Args:
            method: GET, PUT, POST or DELETE.
            path: Path below the registry's.
            row: The body, JSON; bytes and texts are sent as they are; None for none.
            by: Who asks.
            headers: Further headers, with underscores for hyphens.
        """
        content = row if row is None or isinstance(row, bytes | str) else json.dumps(row)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if content is not None:
            sent.setdefault("content-type", "application/json")
        return self._client.request(
            method, f"/api/v1/registry{path}", content=content, headers={HEADER: by, **sent}
        )

    def ask_any(
        self,
        method: str,
        path: Sequence[str],
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        *,
        by: str,
    ) -> Response:
        """Send a request with texts that no honest client sends, percent-encoded."""
        parts = "/".join(quote(part, safe="", errors="surrogatepass") for part in path)
        asked = "&".join(
            f"{name}={quote(value, safe='', errors='surrogatepass')}"
            for name, value in query.items()
        )
        sent = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        return self._client.request(
            method,
            f"/api/v1/registry/{parts}?{asked}",
            content=body,
            headers=[(HEADER.encode(), by.encode()), *sent],
        )

    def erase(self, person: Any, *, query: str = "reason=asked", by: str = "dpo") -> Response:
        """Ask to erase a person."""
        return self._client.post(f"/api/v1/erasures?{query}", json=person, headers={HEADER: by})

    def put(self, path: str, row: Any, version: int = 0, **more: str) -> Response:
        """Create something, or edit it at a version."""
        condition = {"if_match": f'"v{version}"'} if version else {"if_none_match": "*"}
        return self.ask("PUT", path, row, **{**condition, **more})

    def get(self, path: str, **more: str) -> Any:
        """The body of an answer that must be 200."""
        response = self.ask("GET", path, **more)
        assert response.status_code == 200, response.text
        return response.json()


@contextmanager
def registry_api(
    database_url: str,
    board_url: str = "",
    cluster: Cluster | None = None,
    vault: Doors = AS_THEY_ARE,
    erasures: Path | None = None,
) -> Iterator[RegistryApi]:
    """The API over a registry in a database, which is emptied first.

    Args:
        database_url: The database, as the owner of its tables.
        board_url: The same as the role of the board; empty for the owner's.
        cluster: Where decisions about cameras are written.
        vault: What ids of staff and badges are.
        erasures: The list of erasures; None where nobody can be erased.
    """
    with (
        _application(database_url, board_url, cluster, vault, erasures) as (app, audit),
        TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client,
    ):
        yield RegistryApi(client, audit)


@contextmanager
def served_registry(database_url: str) -> Iterator[tuple[RegistryApi, str]]:
    """The same on a real socket; gives its URL too."""
    with (
        _application(database_url) as (app, audit),
        contextlib.closing(bind("127.0.0.1", 0)) as listener,
    ):
        url = address(listener).rstrip("/")
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, log_level="critical"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            with httpx.Client(base_url=url, timeout=60.0) as client:
                yield RegistryApi(client, audit), url
        finally:
            server.should_exit = True
            thread.join(30.0)


@contextmanager
def _application(
    database_url: str,
    board_url: str = "",
    cluster: Cluster | None = None,
    vault: Doors = AS_THEY_ARE,
    erasures: Path | None = None,
) -> Iterator[tuple[FastAPI, KeptAudit]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "TRUNCATE registry.edits, registry.idempotency, registry.stream_addresses,"
            " registry.staff_names, registry.drawings RESTART IDENTITY CASCADE"
        )
        connection.execute(
            "INSERT INTO registry.taken_over (topic_prefix, facts) VALUES ('', 0)"
            " ON CONFLICT DO NOTHING"
        )
    audit, clock = KeptAudit(), SystemClock()
    with Database(board_url or database_url) as database:
        store = RegistryStore(database, clock, vault.ids)
        desk = None
        if vault.vault is not None and erasures is not None:
            eraser = Eraser(store, vault.vault, ErasureList(erasures), audit, clock)
            desk = ErasureDesk(eraser, vault.vault)
        sealed = {table.field: SealedTexts(database, table, [KEY]) for table in (ADDRESSES, NAMES)}
        yield (
            create_app(
                "redis://127.0.0.1:1",
                "none",
                ServingSettings(),
                clock,
                authenticator=NamedCallers(*CALLERS),
                editing=Registry(
                    store, clock, audit, sealed, cluster, vault, desk, Drawings(database)
                ),
            ),
            audit,
        )
