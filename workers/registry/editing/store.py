"""The registry's store: what people edit, one transaction for each edit.

Every edit is judged by the checks of the imports, against the newest version of every fact. The
store keeps those in memory and reads only what other processes have edited since: an edit costs
what it touches, however much is registered.
"""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, Final, Protocol, TypeAlias, TypeVar

import psycopg

from runtime.clock import Clock
from runtime.process.vault import Ids
from workers.registry.change import Change, Options, Stamp
from workers.registry.edit import change_of
from workers.registry.editing.database import LOCK, Database
from workers.registry.editing.drawings import check_drawings
from workers.registry.editing.neighbourhood import Index
from workers.registry.editing.reading import Reading
from workers.registry.editing.rows import insert_edit, load_newer
from workers.registry.editing.undoing import undone
from workers.registry.editing.wanted import (
    Applied,
    Conflict,
    NotTakenOver,
    Origin,
    Put,
    Remove,
    Restore,
    Wanted,
)
from workers.registry.files import ImportRefused
from workers.registry.preview import effects_of, notes_of
from workers.registry.registered import Key, Registered
from workers.registry.vault.rule import check_ids

ROWS_ALONE: Final = Options()
"""An edit that does what it asks for and nothing beyond."""

_WHATEVER_IT_LEAVES: Final = Options(leaves_contradictions=True)

T = TypeVar("T")

WithEdit: TypeAlias = Callable[[psycopg.Connection, Applied], None]
"""Called in the transaction of an edit, before it is committed."""


class Guard(Protocol):
    """Lets an edit pass, or ends it with an error of its own."""

    def enter(self, transaction: psycopg.Connection, known: Registered) -> None:
        """Called before anything of the edit is judged.

        Args:
            transaction: Of the edit; no other edit runs beside it, except beside a dry run.
            known: The newest version of every fact; not to be changed, nor kept.
        """
        ...

    def judge(self, change: Change) -> None:
        """Called with what the edit would do, once the checks of imports have passed.

        Args:
            change: The edit, with everything that is registered before and after it.
        """
        ...


Expected: TypeAlias = Mapping[Key, int | None]
"""The version at which an editor saw each fact; None where it must not be registered."""


class RegistryStore(Reading):
    """Edits and reads what is registered; needs the database alone.

    May be used by several threads; edits of all processes follow one another.

    Args:
        database: Where the schema `registry` is.
        clock: Gives the time.
        ids: What ids of staff and badges are in imports.
    """

    def __init__(self, database: Database, clock: Clock, ids: Ids = Ids.PSEUDONYMS) -> None:
        super().__init__(database)
        self._clock = clock
        self._ids = ids
        self._lock = threading.Lock()
        self._known = Index()
        self._until = 0

    def apply(
        self,
        changes: Sequence[Wanted],
        origin: Origin,
        *,
        expect: Expected | None = None,
        options: Options = ROWS_ALONE,
        dry_run: bool = False,
        also: WithEdit | None = None,
        guard: Guard | None = None,
        given: Collection[str] = (),
    ) -> Applied:
        """Make all changes in one edit, or none.

        The edit is kept when this returns; the relay appends it to the topics, and it takes
        effect 5 s after that.

        Args:
            changes: What to do; rows of one kind together, later ones may refer to earlier ones.
            origin: Who edits, and how.
            expect: Versions at which the editor saw the facts.
            options: What the edit may do beyond; its time is filled in.
            dry_run: Whether to write nothing, and only say what would change.
            also: Written in the same transaction, so that both are kept or neither is.
            guard: Decides whether the author may; asked of a dry run too.
            given: Pseudonyms that the door of an import gave, for people or badges who are new.

        Raises:
            ImportRefused: What is wanted contradicts itself or what is registered; the message
                names id and field.
            Conflict: A fact is not at the version that was expected.
            NotTakenOver: The database does not yet hold what the topics held.
            Retry: The database is out of reach; nothing was written, unless the message says
                otherwise.
        """
        return self._edit(
            lambda _tx, _now: changes, origin, expect, options, dry_run, also, guard, given
        )

    def derive(
        self,
        wanted: Callable[[psycopg.Connection, Registered], Sequence[Wanted]],
        origin: Origin,
        *,
        dry_run: bool = False,
        also: WithEdit | None = None,
    ) -> Applied:
        """Make an edit that follows from what is registered, whatever that leaves of others' facts.

        Args:
            wanted: Called within the edit's transaction, with what is registered, which it neither
                changes nor keeps; says what to do.
            origin: Who edits, and how.
            dry_run: Whether to write nothing, and only say what would change.
            also: Called in the same transaction, before it is kept.

        Raises:
            ImportRefused: As in `apply`.
            NotTakenOver: As in `apply`.
            Retry: As in `apply`.
        """
        return self._edit(wanted, origin, None, _WHATEVER_IT_LEAVES, dry_run, also, None)

    def undo(
        self,
        edit_id: int,
        origin: Origin,
        *,
        expect: Expected | None = None,
        options: Options = ROWS_ALONE,
        dry_run: bool = False,
        also: WithEdit | None = None,
        guard: Guard | None = None,
    ) -> Applied:
        """Bring every fact of an edit back to what it was before, as a new edit.

        A floor that the edit registered stays: it keeps its partition for life.

        Raises:
            ImportRefused: There is no such edit, a later one changed the same facts, or what was
                before does not fit any more.
            Conflict: As in `apply`.
            NotTakenOver: As in `apply`.
            Retry: As in `apply`.
        """
        reversing = replace(origin, reverses=edit_id)
        return self._edit(
            lambda transaction, now: undone(transaction, edit_id, now),
            reversing,
            expect,
            options,
            dry_run,
            also,
            guard,
        )

    def _edit(
        self,
        wanted: Callable[[psycopg.Connection, Registered], Sequence[Wanted]],
        origin: Origin,
        expect: Expected | None,
        options: Options,
        dry_run: bool,
        also: WithEdit | None,
        guard: Guard | None,
        given: Collection[str] = (),
    ) -> Applied:
        with self._lock:
            with self._database.transaction() as transaction:
                if not dry_run:
                    transaction.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
                self._refresh(transaction)
                if guard is not None:
                    guard.enter(transaction, self._known.all)
                _meet(expect or {}, self._known.all)
                changes = wanted(transaction, self._known.all)
                change = self._judged(changes, origin, options)
                check_drawings(transaction, change.facts, self._known.all)
                check_ids(transaction, change.facts, self._known.all, self._ids, given)
                if guard is not None:
                    after = self._known.all.copy()
                    after.add(change.facts)
                    guard.judge(replace(change, before=self._known.all, after=after))
                applied = Applied(
                    edit_id=None,
                    facts=change.facts,
                    effects=effects_of(change),
                    notes=notes_of(change),
                )
                if change.facts and not dry_run:
                    edit_id = insert_edit(transaction, change.facts, origin, self._clock.now_us())
                    applied = replace(applied, edit_id=edit_id)
                if also is not None and not dry_run:
                    also(transaction, applied)
            if applied.edit_id is not None:
                self._known.add(change.facts)
                self._until = applied.edit_id
        return applied

    def alone(self, work: Callable[[psycopg.Connection, Registered], T]) -> T:
        """Do something in a transaction that no edit runs beside.

        Args:
            work: Gets the transaction and the newest version of every fact, which it neither
                changes nor keeps.

        Raises:
            NotTakenOver: The database does not yet hold what the topics held.
            Retry: The database is out of reach; nothing was written, unless the message says
                otherwise.
        """
        with self._lock, self._database.transaction() as transaction:
            transaction.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            self._refresh(transaction)
            return work(transaction, self._known.all)

    def registered(self) -> Registered:
        """The newest version of every fact now.

        Raises:
            NotTakenOver: The database does not yet hold what the topics held.
            Retry: The database is out of reach.
        """
        with self._lock, self._database.transaction() as transaction:
            self._refresh(transaction)
            return self._known.all.copy()

    def _refresh(self, transaction: psycopg.Connection) -> None:
        """Take in what was edited since; the first time everything.

        Raises:
            NotTakenOver: The database does not yet hold what the topics held.
        """
        if not self._until:
            found = transaction.execute("SELECT 1 FROM registry.taken_over").fetchone()
            if found is None:
                raise NotTakenOver(
                    "the registry does not yet hold what the topics held: start `wardstream relay`"
                )
        self._until = load_newer(transaction, self._known, self._until)

    def _judged(self, changes: Sequence[Wanted], origin: Origin, options: Options) -> Change:
        """What it takes to make the changes.

        Raises:
            ImportRefused: They contradict something.
        """
        now_us = self._clock.now_us()
        recorded_us = now_us if origin.recorded_at_us is None else origin.recorded_at_us
        stamp = Stamp(
            valid_from_us=recorded_us if origin.valid_from_us is None else origin.valid_from_us,
            recorded_at_us=recorded_us,
            recorded_by=origin.author,
            reason=origin.note,
        )
        options = replace(options, now_us=now_us)
        around = None if options.replace else self._known.around(changes, recorded_us)
        if around is not None:
            try:
                return change_for(changes, around, stamp, options)
            except ImportRefused:
                pass  # judged again with everything: the message names what else was meant
        return change_for(changes, self._known.all, stamp, options)


def change_for(
    changes: Sequence[Wanted], registered: Registered, stamp: Stamp, options: Options
) -> Change:
    """What it takes to make changes; see `workers.registry.edit.change_of`.

    Raises:
        ImportRefused: They contradict something.
    """
    rows = [change.row for change in changes if isinstance(change, Put)]
    return change_of(
        [list(group) for _, group in groupby(rows, key=lambda row: row.topic.name)],
        registered,
        stamp,
        options,
        removals=[change.key for change in changes if isinstance(change, Remove)],
        restored={c.key: c.record for c in changes if isinstance(c, Restore)},
    )


def _meet(expect: Expected, known: Registered) -> None:
    """Refuse an edit of versions that its author has not seen.

    Raises:
        Conflict: There are.
    """
    found: dict[Key, dict[str, Any] | None] = {key: known.find(key) for key in expect}
    wrong = {
        key: found[key]
        for key, version in expect.items()
        if version != (None if (now := found[key]) is None else now["version"])
    }
    if wrong:
        raise Conflict(wrong)
