"""Client for the requests that Wardstream makes to a schema registry, on the standard library.

Speaks the Confluent API: `docs.confluent.io/platform/current/schema-registry/develop/api.html`.
Other clients slow the start of every process: importing `httpx` takes 0.44 s on two cores,
Confluent's own client also needs an OAuth stack, and `http.client` takes 0.03 s.
"""

import json
from base64 import b64encode
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlsplit

from schemas.registry_address import RegistryAddress

NOT_FOUND = 404
CONFLICT = 409

_TIMEOUT_S = 10.0
_ONCE_S = 3.0
_STRANGE = "what answers there is no schema registry"
_MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"

Asking = Callable[[Callable[[], Any]], Any]
"""Makes a request by calling it, and returns what it returns.

It may call a request again, or raise `OSError` without a call while none should be made. A request
raises `RegistryRefusal` when the registry answered, and other errors when it did not."""


def once(request: Callable[[], Any]) -> Any:
    """Make a request once, without a retry."""
    return request()


class RegistryRefusal(Exception):
    """The registry answered, but refused the request.

    Attributes:
        status: HTTP status.
        reason: Message of the registry.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{reason} (HTTP status {status})")
        self.status = status
        self.reason = reason


class RegistryClient:
    """Client of one registry; each request has its own connection, so threads may share it.

    Every method raises `RegistryRefusal` when the registry refuses, and `OSError` or
    `http.client.HTTPException` when it cannot be reached.

    Args:
        address: Base URL of the API, and the client's credentials.
        asking: How each request is made.
    """

    def __init__(self, address: RegistryAddress, asking: Asking = once) -> None:
        self._asking = asking
        parts = urlsplit(address.url)
        self._host, self._port = parts.hostname or "", parts.port
        self._path = parts.path.rstrip("/")
        self._tls = address.tls_context()
        self._headers = {"Accept": _MEDIA_TYPE, "Content-Type": _MEDIA_TYPE}
        if address.user:
            user = f"{address.user}:{address.password}"
            self._headers["Authorization"] = f"Basic {b64encode(user.encode()).decode()}"

    def _connect(self, timeout_s: float) -> HTTPConnection:
        if self._tls is None:
            return HTTPConnection(self._host, self._port, timeout=timeout_s)
        return HTTPSConnection(self._host, self._port, timeout=timeout_s, context=self._tls)

    def id_of(self, subject: str, text: str) -> int:
        """Id of exactly this schema under a subject; refused with `NOT_FOUND` if it has none."""
        return _id(self._ask("POST", f"/subjects/{_part(subject)}", {"schema": text}))

    def text_of(self, schema_id: int) -> str:
        """Avro JSON of an id; refused with `NOT_FOUND` if there is none."""
        return _schema(self._ask("GET", f"/schemas/ids/{schema_id}"))

    def versions(self, subject: str) -> list[int]:
        """Numbers of a subject's versions; refused with `NOT_FOUND` if there is no subject."""
        numbers = self._ask("GET", f"/subjects/{_part(subject)}/versions")
        if not isinstance(numbers, list):
            raise HTTPException(_STRANGE)
        return numbers

    def version(self, subject: str, number: int) -> str:
        """Avro JSON of one version."""
        return _schema(self._ask("GET", f"/subjects/{_part(subject)}/versions/{number}"))

    def try_versions(self, subject: str) -> None:
        """Ask for a subject's versions one time, whatever `asking` would do."""
        self._ask_once("GET", f"/subjects/{_part(subject)}/versions", timeout_s=_ONCE_S)

    def set_compatibility(self, subject: str, level: str) -> None:
        """Set the compatibility level that new schemas of the subject must meet.

        A registry that is told by two clients at once refuses one of them, since it has just made
        the rule for the other; told again, it takes the level as a change of that rule.
        """
        path, body = f"/config/{_part(subject)}", {"compatibility": level}
        try:
            self._ask("PUT", path, body)
        except RegistryRefusal as error:
            if error.status != CONFLICT:
                raise
            self._ask("PUT", path, body)

    def register(self, subject: str, text: str) -> int:
        """Register a schema as the newest version; refused with `CONFLICT` if incompatible."""
        return _id(self._ask("POST", f"/subjects/{_part(subject)}/versions", {"schema": text}))

    def _ask(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        return self._asking(lambda: self._ask_once(method, path, body))

    def _ask_once(
        self,
        method: str,
        path: str,
        body: dict[str, str] | None = None,
        timeout_s: float = _TIMEOUT_S,
    ) -> Any:
        connection = self._connect(timeout_s)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, self._path + path, text, self._headers)
            answer = connection.getresponse()
            answer_text = answer.read()
        finally:
            connection.close()
        if not 200 <= answer.status < 300:
            raise RegistryRefusal(answer.status, _reason(answer_text) or answer.reason)
        try:
            return json.loads(answer_text)
        except ValueError as error:
            raise HTTPException(_STRANGE) from error


def _part(subject: str) -> str:
    """A subject, quoted as one segment of a path."""
    return quote(subject, safe="")


def _id(answer: Any) -> int:
    if isinstance(answer, dict) and isinstance(answer.get("id"), int):
        return int(answer["id"])
    raise HTTPException(_STRANGE)


def _schema(answer: Any) -> str:
    if not isinstance(answer, dict) or not isinstance(answer.get("schema"), str):
        raise HTTPException(_STRANGE)
    text = str(answer["schema"])
    if answer.get("schemaType", "AVRO") == "AVRO":
        try:
            json.loads(text)
        except ValueError as error:
            raise HTTPException(_STRANGE) from error
    return text


def _reason(answer_text: bytes) -> str:
    try:
        return str(json.loads(answer_text)["message"])
    except (ValueError, KeyError, TypeError):
        return ""
