"""Poll the health endpoints of the stages, each in a thread of its own."""

import json
from collections.abc import Mapping
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from runtime.clock import Clock
from runtime.errors import Stop
from runtime.process.periodic import Periodic
from runtime.redaction import redacted_url
from workers.observation.signs import AuditAway, HealthSign

ANSWER_S: Final = 3.0
_SHOWN: Final = 200


class HealthProbes:
    """Polls health endpoints and keeps what each stage last reported.

    A stage that answers but has paused, as a sink does while its store is away, is not well.

    Args:
        endpoints: URL of the health endpoint, by process name.
        clock: Gives the time.
        every_s: Pause between two requests, s.

    Raises:
        Stop: An endpoint is not an http or https URL.
    """

    def __init__(self, endpoints: Mapping[str, str], clock: Clock, every_s: float) -> None:
        self._clock = clock
        started_us = clock.now_us()
        self._signs = {name: HealthSign(good_us=started_us) for name in endpoints}
        for name, url in endpoints.items():
            if not is_http(url):
                raise Stop(
                    f"health endpoint of {name}: {redacted_url(url)} is not an http:// or "
                    "https:// URL"
                )
        self._threads = [
            Periodic(
                f"health-{name}",
                partial(self._poll, name, url),
                partial(self._failed, name),
                every_s=every_s,
            )
            for name, url in endpoints.items()
        ]

    def start(self) -> None:
        """Start polling."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop polling."""
        for thread in self._threads:
            thread.close()

    def signs(self) -> dict[str, HealthSign]:
        """What each stage last reported, by process name."""
        return dict(self._signs)

    def _poll(self, name: str, url: str) -> None:
        answered = answer_of(url)
        self._note(name, answered.problem, answered.audit_away)

    def _failed(self, name: str, error: Exception) -> None:
        self._note(name, f"its health cannot be asked for: {error}")

    def _note(self, name: str, problem: str, audit_away: AuditAway | None = None) -> None:
        good_us = self._signs[name].good_us if problem else self._clock.now_us()
        self._signs[name] = HealthSign(good_us=good_us, problem=problem, audit_away=audit_away)


def is_http(url: str) -> bool:
    """Whether `url` is http or https and has a host and, if it names a port, a valid one."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class Answered(NamedTuple):
    """What a health endpoint reports.

    Attributes:
        problem: What is wrong with the process; empty when all is well.
        audit_away: Since when it cannot write the audit, and why; None while it can.
    """

    problem: str
    audit_away: AuditAway | None = None


def ask(url: str, within_s: float = ANSWER_S) -> str:
    """Ask a health endpoint what is wrong with its process; empty when all is well."""
    return answer_of(url, within_s).problem


def answer_of(url: str, within_s: float = ANSWER_S) -> Answered:
    """Ask a health endpoint for all that it reports."""
    parts = urlsplit(url)
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = connect(parts.hostname or "", parts.port, timeout=within_s)
    try:
        connection.request("GET", parts.path or "/healthz")
        answer = connection.getresponse()
        text = answer.read(65_536).decode(errors="replace")
    except (OSError, HTTPException) as error:
        where = parts.netloc.rpartition("@")[2]
        return Answered(f"no answer from {where} ({error or type(error).__name__})")
    finally:
        connection.close()
    body = _parsed(text)
    away = _away(body.get("audit_away"))
    paused = body.get("paused")
    if isinstance(paused, dict):
        dependency = str(paused.get("waits_for", "store"))
        problem = f"paused, {dependency} {body.get(dependency, 'out of reach')}"[:_SHOWN]
        return Answered(problem, away)
    problem = "" if answer.status == 200 else f"HTTP {answer.status}: {text[:_SHOWN]}"
    return Answered(problem, away)


def _away(reported: object) -> AuditAway | None:
    if not isinstance(reported, dict) or not isinstance(reported.get("since_us"), int):
        return None
    return AuditAway(reported["since_us"], str(reported.get("error", ""))[:_SHOWN])


def _parsed(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
