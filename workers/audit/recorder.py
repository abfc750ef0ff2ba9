"""What others need of the audit: something that records an act before its first byte."""

from typing import Protocol

from runtime.audit import Act
from runtime.errors import Retry


class AuditUnavailable(Retry):
    """An act could not be recorded, so it must not be done; the API answers 503.

    It may be in the audit all the same, where the broker took it and its answer was lost.
    """


class Recorder(Protocol):
    """Records acts of whoever uses the board."""

    async def record(self, act: Act, *, actor: str, why: str = "") -> None:
        """Record an act; returns once brokers hold the entry.

        Args:
            act: What is about to be done.
            actor: Subject of the actor.
            why: Its purpose, as the actor stated it.

        Raises:
            AuditUnavailable: It could not be recorded.
        """
        ...

    def record_now(self, act: Act, *, actor: str, why: str = "") -> None:
        """Record an act, and block until brokers hold the entry.

        Raises:
            AuditUnavailable: It could not be recorded.
        """
        ...


class NoAudit:
    """Where no audit is configured, nothing that must be in it is done."""

    async def record(self, act: Act, *, actor: str, why: str = "") -> None:  # noqa: ARG002
        """Record nothing.

        Raises:
            AuditUnavailable: Always.
        """
        raise AuditUnavailable(f"{act.action} must be in the audit, and this board keeps none")

    def record_now(self, act: Act, *, actor: str, why: str = "") -> None:  # noqa: ARG002
        """Record nothing.

        Raises:
            AuditUnavailable: Always.
        """
        raise AuditUnavailable(f"{act.action} must be in the audit, and this board keeps none")
