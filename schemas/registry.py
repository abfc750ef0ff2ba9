"""The schema registry: `wardstream registry register` writes to it, every process only reads.

Works with any registry that has the Confluent API. Compatibility is FULL_TRANSITIVE for every
subject: every version reads every other, in both directions.
"""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from ssl import SSLCertVerificationError
from typing import Protocol

from schemas.codec import Codec, schema_text
from schemas.compatibility import differences
from schemas.registry_address import RegistryAddress
from schemas.registry_client import (
    CONFLICT,
    NOT_FOUND,
    Asking,
    RegistryClient,
    RegistryRefusal,
    once,
)
from schemas.topics import Topic

COMPATIBILITY = "FULL_TRANSITIVE"

_PARALLEL = 6
_DENIED = frozenset({401, 403})
_OUT_OF_REACH = (OSError, HTTPException)


class IncompatibleSchema(ValueError):
    """A schema is incompatible with a released one; the message names the topic and field."""


class NotRegistered(LookupError):
    """A process needs a schema that is not registered."""


class RegistryError(Exception):
    """The registry did not answer as asked, so a schema is not known."""


class RegistryUnavailable(RegistryError, ConnectionError):
    """The registry cannot be reached, or answers with an unexpected error."""


class RegistryDenied(RegistryError, PermissionError):
    """The registry denies this process access, or its certificate cannot be verified."""


class RegistryRequests(Protocol):
    """Requests to a registry; `RegistryClient` makes them over HTTP and documents the errors."""

    def id_of(self, subject: str, text: str) -> int:
        """Id of exactly this schema under a subject."""
        ...

    def text_of(self, schema_id: int) -> str:
        """Avro JSON of an id."""
        ...

    def versions(self, subject: str) -> list[int]:
        """Numbers of a subject's versions."""
        ...

    def version(self, subject: str, number: int) -> str:
        """Avro JSON of one version."""
        ...

    def try_versions(self, subject: str) -> None:
        """Ask once for a subject's versions."""
        ...

    def set_compatibility(self, subject: str, level: str) -> None:
        """Set the compatibility level that new schemas of the subject must meet."""
        ...

    def register(self, subject: str, text: str) -> int:
        """Register a schema as the subject's newest version; returns its id."""
        ...


class SchemaRegistry:
    """Reads and writes the schemas of topics.

    Schemas once read are kept, so an outage of the registry does not stop a running process.

    Args:
        address: Base URL of the Confluent-compatible API, and the client's credentials.
        asking: How each request is made, such as several times and inside a circuit breaker.
        requests: Client for the requests; None for one over HTTP.
    """

    def __init__(
        self,
        address: str | RegistryAddress,
        asking: Asking = once,
        requests: RegistryRequests | None = None,
    ) -> None:
        self.address = RegistryAddress.of(address) if isinstance(address, str) else address
        self._client = requests or RegistryClient(self.address, asking)
        self._texts: dict[int, str] = {}

    def register(self, topic: Topic, text: str | None = None) -> int:
        """Register the schema of a topic's values and return its id; idempotent.

        Args:
            topic: The topic.
            text: Avro JSON; the topic's own from `avsc/` when None.

        Raises:
            IncompatibleSchema: A released version and this one cannot read each other.
            RegistryUnavailable: The registry cannot be reached.
        """
        text = schema_text(topic) if text is None else text
        known = self._lookup(topic, text)
        if known is not None:
            return known
        reasons = [
            f"{reason} (against version {version})"
            for version, released in self._versions(topic)
            for reason in differences(json.loads(released), json.loads(text))
        ]
        if reasons:
            raise IncompatibleSchema(f"{topic.name}: schema refused: {'; '.join(reasons)}")
        try:
            self._client.set_compatibility(topic.subject, COMPATIBILITY)
            return self._client.register(topic.subject, text)
        except RegistryRefusal as error:
            if error.status == CONFLICT:
                raise IncompatibleSchema(
                    f"{topic.name}: the registry refused the schema: {error.reason}"
                ) from error
            raise self._unavailable(error) from error
        except _OUT_OF_REACH as error:
            raise self._unavailable(error) from error

    def register_all(self, topics: Iterable[Topic]) -> dict[str, int]:
        """Register the schemas of several topics in parallel; returns ids by topic name.

        Raises:
            IncompatibleSchema: As `register`; the others may have been registered.
            RegistryUnavailable: The registry cannot be reached.
        """
        wanted = list(topics)
        with ThreadPoolExecutor(_PARALLEL) as pool:
            ids = pool.map(self.register, wanted)
            return {topic.name: known for topic, known in zip(wanted, ids, strict=True)}

    def _versions(self, topic: Topic) -> list[tuple[int, str]]:
        try:
            numbers = self._client.versions(topic.subject)
            return [(number, self._client.version(topic.subject, number)) for number in numbers]
        except RegistryRefusal as error:
            if error.status == NOT_FOUND:
                return []
            raise self._unavailable(error) from error
        except _OUT_OF_REACH as error:
            raise self._unavailable(error) from error

    def _lookup(self, topic: Topic, text: str) -> int | None:
        """Id of exactly this schema under the topic's subject; None when it is not there."""
        try:
            return self._client.id_of(topic.subject, text)
        except RegistryRefusal as error:
            if error.status == NOT_FOUND:
                return None
            raise self._unavailable(error) from error
        except _OUT_OF_REACH as error:
            raise self._unavailable(error) from error

    def lookup(self, topic: Topic) -> int:
        """Id under which exactly this schema of the topic is registered.

        Raises:
            IncompatibleSchema: Another schema is registered, and the two cannot read each other.
            NotRegistered: The schema is not registered; the message says how to register it.
            RegistryUnavailable: The registry cannot be reached.
        """
        found = self._lookup(topic, schema_text(topic))
        if found is not None:
            return found
        reasons = [
            reason
            for _, released in self._versions(topic)
            for reason in differences(json.loads(released), json.loads(schema_text(topic)))
        ]
        if reasons:
            raise IncompatibleSchema(
                f"{topic.name}: schema refused: {'; '.join(dict.fromkeys(reasons))}"
            )
        raise NotRegistered(
            f"{topic.name}: its schema is not registered; run `wardstream registry register`"
        )

    def find(self, schema_id: int) -> str:
        """Avro JSON of a schema id.

        Raises:
            KeyError: No such id.
            RegistryUnavailable: The registry cannot be reached.
        """
        if schema_id not in self._texts:
            try:
                self._texts[schema_id] = self._client.text_of(schema_id)
            except RegistryRefusal as error:
                if error.status == NOT_FOUND:
                    raise KeyError(schema_id) from error
                raise self._unavailable(error) from error
            except _OUT_OF_REACH as error:
                raise self._unavailable(error) from error
        return self._texts[schema_id]

    def check_access(self, topic: Topic) -> None:
        """Make sure that the registry does not deny this process access.

        A registry that is out of reach denies nothing: the process waits for it in its own way.

        Args:
            topic: A topic of the process; its schema need not be registered.

        Raises:
            RegistryDenied: The password is wrong, or the certificate cannot be verified.
        """
        try:
            self._client.try_versions(topic.subject)
        except (RegistryRefusal, *_OUT_OF_REACH) as error:
            if _is_denied(error):
                raise self._unavailable(error) from error

    def writer(self, topic: Topic) -> Codec:
        """Codec that writes and reads a topic's values; its schema must be registered."""
        return Codec(topic, schema_id=self.lookup(topic), find_schema=self.find)

    def reader(self, topic: Topic) -> Codec:
        """Codec that only reads a topic's values."""
        return Codec(topic, schema_id=None, find_schema=self.find)

    def _unavailable(self, exc: Exception) -> RegistryUnavailable | RegistryDenied:
        kind = RegistryDenied if _is_denied(exc) else RegistryUnavailable
        return kind(f"schema registry at {self.address.url}: {exc}")


def _is_denied(error: Exception) -> bool:
    """Whether a retry would fail in the same way: a password or a certificate is wrong."""
    if isinstance(error, RegistryRefusal):
        return error.status in _DENIED
    return isinstance(error, SSLCertVerificationError)
