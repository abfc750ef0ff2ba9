"""Erase somebody: in the list, the vault, the names and what is registered, in this order.

The list is first, and durable, before anything is destroyed. So an erasure that is killed anywhere
is done again by the same command, or by `complete`, and a backup that is restored in between knows
of it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import psycopg
import structlog

from runtime.audit import Act
from runtime.clock import Clock
from runtime.errors import Stop
from schemas.topics import STAFF
from workers.audit.recorder import Recorder
from workers.registry.editing.store import RegistryStore
from workers.registry.editing.wanted import Applied, Origin, Wanted
from workers.registry.registered import Registered
from workers.registry.vault.belongings import Belongings, belongings
from workers.registry.vault.erasures import SETTING, Erased, ErasureList
from workers.registry.vault.external import Kind
from workers.registry.vault.vault import Vault

log = structlog.get_logger(__name__)

ACTION: Final = "person.erased"
"""Action in the audit."""

NOTE: Final = "erasure"

_TAKEN_IN: Final = """
    INSERT INTO registry.erased (pseudonym, kind, erased_at) VALUES (%s, %s, %s)
    ON CONFLICT (pseudonym) DO NOTHING
"""
_BACK: Final = """
    SELECT FROM registry.erased AS e
    CROSS JOIN LATERAL (
        SELECT removed FROM registry.versions AS v
        WHERE v.kind = e.kind AND v.id = e.pseudonym ORDER BY version DESC LIMIT 1
    ) AS newest
    WHERE NOT removed LIMIT 1
"""
_COMPLETE: Final = "run `wardstream vault complete` before anything starts"
_NAMES: Final = "DELETE FROM registry.staff_names WHERE staff_id = ANY(%s)"


class NobodyKnown(Exception):
    """The pseudonym is of nobody who is or was registered, and the vault does not have it."""


class Erasure(NamedTuple):
    """What an erasure did, or would do.

    Attributes:
        staff_id: Whom.
        badges: Badges that went with them.
        shifts: Shifts that had not ended.
        edit_id: The edit that took away what was registered; None where nothing was, or for a
            preview.
    """

    staff_id: str
    badges: Sequence[str]
    shifts: Sequence[str]
    edit_id: int | None


class Eraser:
    """Erases people.

    Args:
        store: What is registered.
        vault: The vault.
        erasures: The list; None where none is set, and nobody can be erased.
        recorder: Writes into the audit.
        clock: Gives the time.
    """

    def __init__(
        self,
        store: RegistryStore,
        vault: Vault,
        erasures: ErasureList | None,
        recorder: Recorder,
        clock: Clock,
    ) -> None:
        self._store = store
        self._vault = vault
        self._erasures = erasures
        self._recorder = recorder
        self._clock = clock

    def erase(self, staff_id: str, origin: Origin, *, dry_run: bool = False) -> Erasure:
        """Erase one person for good, or say what would go.

        Args:
            staff_id: The pseudonym.
            origin: Who erases, and why.
            dry_run: Whether to write nothing.

        Raises:
            NobodyKnown: There is nobody of that pseudonym.
            Stop: There is no list, or it was altered.
            Retry: A store, the disk or the audit is out of reach. What was done stays; the same
                again does the rest.
        """
        erasures = self._listed()
        # Read before anything is done. Who is on it is known, also where an erasure that was killed
        # has destroyed all else.
        listed = {one.pseudonym for one in erasures.read().erased}
        gone: list[Belongings] = []

        def wanted(_transaction: psycopg.Connection, known: Registered) -> Sequence[Wanted]:
            registered = (STAFF.name, staff_id) in known.newest
            known_here = registered or staff_id in listed
            if not known_here and not self._vault.held([staff_id]):
                raise NobodyKnown(f"nobody has the pseudonym {staff_id}")
            gone[:] = [belongings(known, [staff_id], self._clock.now_us())]
            return gone[0].changes

        def also(transaction: psycopg.Connection, _applied: Applied) -> None:
            act = Act(ACTION, f"{STAFF.name}/{staff_id}", _counts(gone[0]))
            self._recorder.record_now(act, actor=origin.author, why=origin.note)
            now_us = self._clock.now_us()
            erased = [
                Erased(Kind.STAFF, staff_id, now_us),
                *(Erased(Kind.BADGE, one, now_us) for one in gone[0].badges),
            ]
            erasures.append(erased)
            self._destroy(transaction, erased)

        applied = self._store.derive(wanted, origin, dry_run=dry_run, also=also)
        return Erasure(staff_id, gone[0].badges, gone[0].shifts, applied.edit_id)

    def complete(self, author: str) -> tuple[int, int | None]:
        """Erase everybody of the list who is still, or again, there: after a restore or a crash.

        Returns:
            Number of pseudonyms of the list, and the edit that took away what was registered; None
            where nothing was.

        Raises:
            Stop: There is no list, or it was altered.
            Retry: A store or the audit is out of reach.
        """
        erased = self._listed().read().erased
        origin = Origin(author=author, via="command", note=NOTE)

        def wanted(_transaction: psycopg.Connection, known: Registered) -> Sequence[Wanted]:
            return of_the_erased(erased, known, self._clock.now_us())

        def also(transaction: psycopg.Connection, applied: Applied) -> None:
            if applied.facts:
                detail = f"{len(applied.facts)} facts of people who were erased before"
                self._recorder.record_now(Act(ACTION, STAFF.name, detail), actor=author, why=NOTE)
            self._destroy(transaction, erased)

        applied = self._store.derive(wanted, origin, also=also)
        return len(erased), applied.edit_id

    def _destroy(self, transaction: psycopg.Connection, erased: Sequence[Erased]) -> None:
        take_in(transaction, erased)
        self._vault.destroy([one.pseudonym for one in erased])

    def _listed(self) -> ErasureList:
        if self._erasures is None:
            raise Stop(f"nobody can be erased without a list of erasures: set {SETTING}")
        return self._erasures


def of_the_erased(erased: Sequence[Erased], known: Registered, now_us: int) -> Sequence[Wanted]:
    """The edit that takes away what is registered of people who were erased."""
    staff = [one.pseudonym for one in erased if one.kind is Kind.STAFF]
    badges = {one.pseudonym for one in erased if one.kind is Kind.BADGE}
    return belongings(known, staff, now_us, badges).changes


def take_in(transaction: psycopg.Connection, erased: Sequence[Erased]) -> None:
    """Note who was erased, so that nobody registers them again, and destroy their names."""
    with transaction.cursor() as cursor:
        cursor.executemany(
            _TAKEN_IN,
            [(one.pseudonym, one.kind, _at(one.at_us)) for one in erased],
        )
    transaction.execute(_NAMES, [[one.pseudonym for one in erased if one.kind is Kind.STAFF]])


def warn_without_list(erasures: ErasureList | None) -> None:
    """Say in the log of a process that starts that nobody can be erased."""
    if erasures is None:
        log.warning(
            "vault.no_list_of_erasures",
            setting=SETTING,
            because="nobody can be erased, and a restored backup brings back whoever is in it",
        )


def refuse_the_erased(transaction: psycopg.Connection, erasures: ErasureList | None) -> None:
    """Let a process start only where nobody is back who was erased.

    Args:
        transaction: To the registry.
        erasures: The list; None where this process has none.

    Raises:
        Stop: Somebody is, as after a restore by other means, or the registry has not taken in
            what the list holds; or the list is missing or was altered.
    """
    if transaction.execute(_BACK).fetchone() is not None:
        raise Stop(f"somebody who was erased is registered again: {_COMPLETE}")
    if erasures is None:
        return
    listed = {one.pseudonym for one in erasures.read().erased}
    known = {one for (one,) in transaction.execute("SELECT pseudonym FROM registry.erased")}
    if not listed <= known:
        raise Stop(
            f"the database does not know of {len(listed - known)} erasures of {erasures}: "
            f"{_COMPLETE}"
        )


def _counts(gone: Belongings) -> str:
    return f"{len(gone.badges)} badges, {len(gone.shifts)} shifts to come"


def _at(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us / 1e6, UTC)
