"""The schema registry's contents with their ids, without which no message can be read.

The registry assigns the ids, so registering the schemas again gives new ones. A backup carries
the whole registry instead: Apicurio exports and imports its contents, ids included.
"""

from typing import Any

import httpx

from runtime.errors import Retry, Stop
from runtime.proxies import own_client
from runtime.storage.objects import sha256_hex
from schemas.registry_address import RegistryAddress
from workers.operations.backup.manifest import SchemaId

_TIMEOUT_S = 60.0
_OURS = "/apis/ccompat/"
_THEIRS = "/apis/registry/v3/admin/"


def schema_ids(address: RegistryAddress) -> tuple[SchemaId, ...]:
    """Every version of every subject, in order.

    Args:
        address: Base URL of the Confluent-compatible API, and the user.

    Raises:
        Retry: The registry is out of reach.
        Stop: What answers is no registry.
    """
    found = []
    with _client(address) as client:  # one for all: each new client reads the system's certificates
        for subject in _ask(client, address.url, "/subjects"):
            for version in _ask(client, address.url, f"/subjects/{subject}/versions"):
                held = _ask(client, address.url, f"/subjects/{subject}/versions/{version}")
                text = sha256_hex(str(held["schema"]).encode())
                found.append(SchemaId(subject, version, held["id"], text))
    return tuple(sorted(found))


def export(address: RegistryAddress) -> bytes | None:
    """The registry's own archive; None when it is not Apicurio and so exports none.

    Raises:
        Retry: The registry is out of reach.
        Stop: The registry refuses.
    """
    base, found, _ = address.url.partition(_OURS)
    if not found:
        return None
    with _client(address) as client:
        return _request(client, "GET", f"{base}{_THEIRS}export").content


def is_missing(address: RegistryAddress, wanted: tuple[SchemaId, ...]) -> bool:
    """Whether the registry must be filled; False when it holds all schemas under the same ids.

    Args:
        address: Base URL of the Confluent-compatible API, and the user.
        wanted: Result of `schema_ids` at the time of the backup.

    Raises:
        Stop: The registry holds something else.
        Retry: The registry is out of reach.
    """
    there = set(schema_ids(address))
    missing = sorted(set(wanted) - there)
    if missing and there:
        raise Stop(
            f"the schema registry is not empty, and has not {missing[0].subject} version "
            f"{missing[0].version} under id {missing[0].id}: give it an empty database, start it "
            "again and restore before anything else"
        )
    return bool(missing)


def fill(address: RegistryAddress, archive: bytes | None, wanted: tuple[SchemaId, ...]) -> None:
    """Give an empty registry its contents.

    Args:
        address: Base URL of the Confluent-compatible API, and the user.
        archive: Result of `export`.
        wanted: Result of `schema_ids` at the time of the backup.

    Raises:
        Stop: The registry cannot be filled, or does not keep the same ids.
        Retry: The registry is out of reach.
    """
    base, found, _ = address.url.partition(_OURS)
    if archive is None or not found:
        raise Stop(
            "this schema registry cannot be filled from here: restore it by its own means first"
        )
    with _client(address) as client:
        _request(client, "POST", f"{base}{_THEIRS}import", archive)
    if is_missing(address, wanted):
        raise Stop("the schema registry took its archive and holds nothing: see its own log")


def _client(address: RegistryAddress) -> httpx.Client:
    user = httpx.BasicAuth(address.user, address.password) if address.user else None
    return own_client(timeout=_TIMEOUT_S, auth=user, verify=address.tls_context() or True)


def _ask(client: httpx.Client, url: str, path: str) -> Any:
    try:
        return _request(client, "GET", url.rstrip("/") + path).json()
    except ValueError as error:
        raise Stop(f"schema registry at {url}: what answers there is none") from error


def _request(
    client: httpx.Client, method: str, url: str, body: bytes | None = None
) -> httpx.Response:
    kind = {"Content-Type": "application/zip"} if body is not None else {}
    try:
        answer = client.request(method, url, content=body, headers=kind)
    except httpx.HTTPError as error:
        raise Retry(f"schema registry: {method} {url}: {error}") from error
    if answer.is_server_error:
        raise Retry(f"schema registry: {method} {url}: {answer.status_code} {answer.text[:200]}")
    if answer.is_error:
        raise Stop(
            f"schema registry refuses {method} {url}: {answer.status_code} {answer.text[:200]}"
        )
    return answer
