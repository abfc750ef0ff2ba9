"""The edit of one request: judged for its author, audited, and kept together with its answer.

Blocking: the routes call it in threads.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

import psycopg

from runtime.audit import Act
from runtime.clock import Clock
from workers.access.principal import Principal
from workers.audit.recorder import Recorder
from workers.registry.change import Change, Options, Stamp
from workers.registry.edit import change_of
from workers.registry.editing.store import ROWS_ALONE, RegistryStore
from workers.registry.editing.wanted import (
    Applied,
    Conflict,
    Origin,
    Put,
    Remove,
    Restore,
    Wanted,
)
from workers.registry.files import ImportRefused
from workers.registry.registered import Key, Registered, kind_of
from workers.registry.vault.door import OPEN, Door
from workers.serving.editing.conditions import ABSENT, etag
from workers.serving.editing.judge import check_named, judge, no_such
from workers.serving.editing.reach import Reach
from workers.serving.editing.refusals import Changed, Unfit
from workers.serving.editing.repeats import Answer, Repeat, Repeated
from workers.serving.editing.requests import unfit

Answering: TypeAlias = Callable[[Applied, "dict[str, Any] | None"], Answer]
"""Makes the answer from what an edit did and the newest version before it of the first fact that
the request names."""

_LISTED: Final = 20
"""The audit lists this many facts of an edit; the others are counted."""

ELSEWHERE: Final = "does not fit something that is registered in other units than yours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One edit as it is asked for.

    Attributes:
        author: Who asks.
        changes: What to do; empty for the undoing of `undoes`.
        answering: Makes the answer.
        named: Facts that the request names.
        expect: Version that a fact must be at, `ABSENT` for none; by fact.
        undoes: Id of the edit to undo; None for any other edit.
        reason: Why, in the author's words; may be empty.
        options: What the edit may do beyond.
        dry_run: Whether to write nothing.
        repeat: The request, where its client may send it again.
        door: The door that the rows passed; it keeps what it gave just before the edit is kept.
    """

    author: Principal
    changes: Sequence[Wanted]
    answering: Answering
    named: Sequence[Key]
    expect: Mapping[Key, int] = field(default_factory=dict)
    undoes: int | None = None
    reason: str = ""
    options: Options = ROWS_ALONE
    dry_run: bool = False
    repeat: Repeat | None = None
    door: Door = OPEN


class Editor:
    """Makes the edits of the API.

    Args:
        store: Where they are kept.
        clock: Gives the time.
        recorder: Writes into the audit.
    """

    def __init__(self, store: RegistryStore, clock: Clock, recorder: Recorder) -> None:
        self._store = store
        self._clock = clock
        self._recorder = recorder

    def make(self, wish: Wish) -> Answer:
        """Make an edit, or say what it would do; the same request again is answered as before.

        Raises:
            Refusal: It is refused; nothing was written.
            Retry: The database or the audit is out of reach; nothing was written, unless the
                message says otherwise.
        """
        guard = _Guard(wish, self._clock)
        origin = Origin(author=wish.author.subject, name=wish.author.name, note=wish.reason)

        def also(transaction: psycopg.Connection, applied: Applied) -> None:
            if applied.facts:
                act = _act(applied, wish)
                self._recorder.record_now(act, actor=wish.author.subject, why=wish.reason)
            if wish.repeat is not None:
                answer = wish.answering(applied, guard.before)
                wish.repeat.keep(transaction, answer, self._clock.now_us())
            wish.door.keep()

        try:
            if wish.undoes is None:
                applied = self._store.apply(
                    wish.changes,
                    origin,
                    expect=guard.expect,
                    options=wish.options,
                    dry_run=wish.dry_run,
                    also=also,
                    guard=guard,
                    given=wish.door.given,
                )
            else:
                applied = self._store.undo(
                    wish.undoes, origin, dry_run=wish.dry_run, also=also, guard=guard
                )
        except Repeated as repeated:
            return repeated.answer
        except Conflict as conflict:
            raise _changed(conflict, wish) from conflict
        except ImportRefused as error:
            raise guard.explained(error) from error
        return wish.answering(applied, guard.before)


class _Guard:
    """Judges one edit for its author; see `Guard` of the store."""

    def __init__(self, wish: Wish, clock: Clock) -> None:
        self._wish = wish
        self._clock = clock
        self._reach: Reach | None = None
        self.before: dict[str, Any] | None = None
        self.expect = {
            key: None if version == ABSENT else version for key, version in wish.expect.items()
        }

    def enter(self, transaction: psycopg.Connection, known: Registered) -> None:
        """Answer what was answered before, and hide what is out of the author's reach."""
        wish = self._wish
        if wish.repeat is not None:
            wish.repeat.find(transaction, self._clock.now_us())
        reach = Reach(wish.author, known, self._clock.now_us())
        if not reach.reads_all:  # which is asked later too, when other edits may have been made
            reach = Reach(wish.author, known.copy(), self._clock.now_us())
        self._reach = reach
        check_named(wish.author, wish.named, reach)
        if wish.named:
            self.before = known.newest.get((wish.named[0].topic.name, wish.named[0].identity))
        self._check_removed(known)

    def judge(self, change: Change) -> None:
        """Refuse what reaches out of the author's units."""
        wish, before = self._wish, self._reach
        assert before is not None
        after = Reach(wish.author, change.after, self._clock.now_us())
        try:
            judge(wish.author, change.facts, wish.named, before, after)
        except Unfit:
            self._check_as_known(before)
            raise

    def explained(self, error: ImportRefused) -> Unfit:
        """A refusal in words for the author, which name nothing of other units."""
        if self._reach is None or self._reach.reads_all:
            return unfit(error)
        try:
            self._check_as_known(self._reach)
        except Unfit as as_known:
            return as_known
        faults = [
            fault._replace(reason=ELSEWHERE)
            if (fault.kind, fault.identity) in self._named()
            else fault._replace(kind="", identity="", field="", reason=ELSEWHERE)
            for fault in error.faults
        ]
        return Unfit("the edit does not fit what is registered", list(dict.fromkeys(faults)))

    def _named(self) -> Collection[tuple[str, str]]:
        return {(kind_of(key.topic), key.identity) for key in self._wish.named}

    def _check_removed(self, known: Registered) -> None:
        """A condition may name the version that removed a fact, to bring it back."""
        for key, version in self._wish.expect.items():
            newest = known.newest.get((key.topic.name, key.identity))
            if newest is None:
                if version != ABSENT:
                    raise no_such(key)
            elif newest["removed"]:
                if version not in (ABSENT, newest["version"]):
                    raise Changed(f"{key} was removed meanwhile", headers=_tag(newest))
                if any(change == Remove(key) for change in self._wish.changes):
                    raise no_such(key)
                self.expect[key] = None

    def _check_as_known(self, reach: Reach) -> None:
        """Let the checks judge the edit by what the author knows: other units are as nothing.

        Raises:
            Unfit: They refuse it.
        """
        wish = self._wish
        now_us = self._clock.now_us()
        rows = [change.row for change in wish.changes if isinstance(change, Put)]
        groups: dict[str, list[Any]] = {}
        for row in rows:
            groups.setdefault(row.topic.name, []).append(row)
        try:
            change_of(
                groups.values(),
                reach.known(),
                Stamp(now_us, now_us, wish.author.subject),
                replace(wish.options, now_us=now_us),
                removals=[c.key for c in wish.changes if isinstance(c, Remove)],
                restored={c.key: c.record for c in wish.changes if isinstance(c, Restore)},
            )
        except ImportRefused as error:
            raise unfit(error) from error


def _changed(conflict: Conflict, wish: Wish) -> Changed:
    [(key, now), *_] = conflict.current.items()
    if now is None:
        return Changed(f"{key} is not registered; send If-None-Match: * to create it")
    if wish.expect.get(key) == ABSENT:
        return Changed(
            f"{key} is registered already, at version {now['version']}; to edit it, send If-Match",
            headers=_tag(now),
        )
    return Changed(
        f"somebody changed {key} meanwhile: it is at version {now['version']}, edited by "
        f"{now['recorded_by']}; read it again",
        headers=_tag(now),
    )


def _tag(record: Mapping[str, Any]) -> dict[str, str]:
    return {"ETag": etag(record["version"])}


def _act(applied: Applied, wish: Wish) -> Act:
    """The audit's entry of an edit."""
    effects = [
        f"{effect.action} {effect.key}@{effect.version}" for effect in applied.effects[:_LISTED]
    ]
    more = len(applied.effects) - _LISTED
    if more > 0:
        effects.append(f"and {more} more")
    subject = str(wish.named[0]) if len(wish.named) == 1 else "registry"
    undone = "" if wish.undoes is None else f", undoes {wish.undoes}"
    return Act("registry.edited", subject, f"edit {applied.edit_id}{undone}: {'; '.join(effects)}")
