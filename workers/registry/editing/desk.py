"""Edits from the command line: kept in the registry, and in the topics when the command ends."""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self

import psycopg

from runtime.audit import Act
from runtime.errors import Retry
from runtime.kafka.cluster import Cluster
from runtime.retry import Tries, comes_true, constant
from workers.audit.recorder import Recorder
from workers.registry.change import Options
from workers.registry.editing.database import Database
from workers.registry.editing.relay import Relay
from workers.registry.editing.store import ROWS_ALONE, Expected, RegistryStore
from workers.registry.editing.takeover import ensure_taken_over
from workers.registry.editing.wanted import Applied, Origin, Wanted
from workers.registry.registered import Key, Registered
from workers.registry.vault.door import AS_THEY_ARE, OPEN, Door, Doors

_PATIENCE_S: Final = 60.0
_ASK_S: Final = 0.05
_LISTED: Final = 20
"""The audit lists this many facts of an edit; `wardstream edits show` has all of them."""


class EditingDesk:
    """The registry's store for one command, which appends by itself where no relay runs.

    Args:
        cluster: Where the topics are.
        dsn: Address of the database; holds the password.
        recorder: Where each edit is recorded before it is kept; None for the demo's own ward.
        doors: Opens the door that ids of staff and badges pass in an import.
        patience_s: Longest wait until an edit is appended, s.
    """

    def __init__(
        self,
        cluster: Cluster,
        dsn: str,
        *,
        recorder: Recorder | None = None,
        doors: Doors = AS_THEY_ARE,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._recorder = recorder
        self.doors = doors
        self.cluster = cluster
        self._dsn = dsn
        self._patience_s = patience_s
        self._database = Database(dsn, "wardstream-command")
        self.store = RegistryStore(self._database, cluster.clock, doors.ids)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    def find(self, key: Key) -> dict[str, Any] | None:
        """The newest version of a fact; None where it is not registered.

        Raises:
            Retry: A service is out of reach.
            RegistryUnavailable: The schema registry is out of reach.
        """
        return self.registered().find(key)

    def registered(self) -> Registered:
        """The newest version of every fact.

        Raises:
            Retry: A service is out of reach.
            RegistryUnavailable: The schema registry is out of reach.
        """
        ensure_taken_over(self.cluster, self._database)
        return self.store.registered()

    def apply(
        self,
        changes: Sequence[Wanted],
        origin: Origin,
        *,
        expect: Expected | None = None,
        options: Options = ROWS_ALONE,
        dry_run: bool = False,
        door: Door = OPEN,
    ) -> Applied:
        """Edit as `RegistryStore.apply`, and wait until the topics have it.

        Args:
            changes: As `RegistryStore.apply`.
            origin: As `RegistryStore.apply`.
            expect: As `RegistryStore.apply`.
            options: As `RegistryStore.apply`.
            dry_run: As `RegistryStore.apply`.
            door: The door that the rows passed; it keeps what it gave just before the edit is kept.

        Raises:
            ImportRefused: As `RegistryStore.apply`.
            Conflict: As `RegistryStore.apply`.
            Retry: A service is out of reach; the message says whether the edit is kept.
            RegistryUnavailable: The schema registry is out of reach.
        """
        ensure_taken_over(self.cluster, self._database)

        def record(_transaction: psycopg.Connection, edit: Applied) -> None:
            if self._recorder is not None and edit.edit_id is not None:
                self._recorder.record_now(act_of(edit), actor=origin.author, why=origin.note)
            door.keep()

        applied = self.store.apply(
            changes,
            origin,
            expect=expect,
            options=options,
            dry_run=dry_run,
            also=record,
            given=door.given,
        )
        if not dry_run:  # also where nothing changed: an earlier run may have ended too early
            self.append(applied.edit_id or self.store.newest_edit())
        return applied

    def append(self, edit_id: int) -> None:
        """Wait until the topics have an edit; append it here where no relay runs.

        Raises:
            Retry: They do not have it in time; it is kept.
        """
        if self.store.is_appended(edit_id):
            return
        tries = Tries(constant(_ASK_S, deadline_s=self._patience_s), self.cluster.clock)
        try:
            with Relay(self.cluster, self._dsn) as relay:
                done = comes_true(lambda: self._is_appended(relay, edit_id), tries)
        except Retry as error:
            raise Retry(f"{_KEPT.format(edit_id)}: {error}") from error
        if not done:
            raise Retry(f"{_KEPT.format(edit_id)}: a relay runs, and has not appended it yet")

    def _is_appended(self, relay: Relay, edit_id: int) -> bool:
        while not self.store.is_appended(edit_id):
            if not relay.lead():
                return False
            relay.step()
        return True


def act_of(edit: Applied) -> Act:
    """The audit's entry of an edit from the command line."""
    changed = [f"{e.action} {e.key}@{e.version}" for e in edit.effects[:_LISTED]]
    if len(edit.effects) > _LISTED:
        changed.append(f"and {len(edit.effects) - _LISTED} more")
    return Act("registry.edited", "registry", f"edit {edit.edit_id}: {'; '.join(changed)}")


_KEPT: Final = (
    "edit {} is kept, and takes effect when it is appended: start `wardstream relay`, or run the "
    "command again"
)
