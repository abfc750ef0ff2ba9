"""Which ids of staff and badges may be registered: whatever the way by which an edit comes.

Imports pass a door that gives pseudonyms. Other edits name ids as they are, so an employee number
must not pass here either; nor may somebody who was erased come back.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import psycopg

from runtime.facts.log import Fact
from runtime.process.vault import Ids
from workers.registry.badge_reads import KIND as READ
from workers.registry.badge_reads import BadgeReadRow, Held
from workers.registry.files import FieldFault, refuse
from workers.registry.registered import Registered, identity_field, key_of
from workers.registry.vault.external import Kind, is_of_the_vault

NO_PSEUDONYM: Final = (
    "is no pseudonym of the vault: register people and badges by an import, which gives them one "
    "(WARDSTREAM_VAULT__IDS)"
)
MIXTURE: Final = (
    "is no pseudonym of the vault, as others here are: to import external ids, set "
    "WARDSTREAM_VAULT__IDS to external"
)
ERASED: Final = "was erased, and is not registered again"

_ERASED: Final = "SELECT pseudonym FROM registry.erased WHERE pseudonym = ANY(%s)"


def check_ids(
    transaction: psycopg.Connection,
    facts: Sequence[Fact],
    known: Registered,
    ids: Ids,
    given: Collection[str] = (),
) -> None:
    """Refuse an edit that registers people or badges by an id that they may not have.

    Args:
        transaction: Of the edit.
        facts: What it registers.
        known: The newest version of every fact before it.
        ids: What ids are in imports.
        given: Pseudonyms that the door of the edit gave.

    Raises:
        ImportRefused: There are; the message names them by pseudonym only where they are erased.
        Retry: The database is out of reach.
    """
    registering = [
        fact
        for fact in facts
        if fact.topic in _TOPICS and not fact.record["removed"] and known.find(key_of(fact)) is None
    ]
    if not registering:
        return
    named = {key_of(fact).identity for fact in registering}
    erased = {one for (one,) in transaction.execute(_ERASED, [sorted(named)])}
    faults = [
        *(FieldFault(kind, one, field, ERASED) for kind, one, field in _of(registering, erased)),
        *_of_another_form(registering, known, ids, given),
    ]
    refuse([f"{f'{field} {one}'.strip()}: {reason}" for _, one, field, reason in faults], faults)


def check_reads(rows: Sequence[BadgeReadRow], badges: Mapping[str, Held]) -> None:
    """Refuse reads with the numbers of badges where the registered ones are pseudonyms.

    Args:
        rows: Reads, as they would go on.
        badges: Registered badges, by id.

    Raises:
        ImportRefused: There are such reads; the message names them by their line.
    """
    if not any(map(is_of_the_vault, badges)):
        return
    staff = {staff_id for badge in badges.values() for staff_id in badge.staff_ids}
    faults = [
        FieldFault(READ, row.where, field, MIXTURE)
        for row in rows
        for field, given, known in (
            ("badge_id", [row.badge_id], badges.keys()),
            ("staff_ids", row.staff_ids or (), staff),
        )
        if not all(one in known or is_of_the_vault(one) for one in given)
    ]
    refuse([f"{where}: {field}: {reason}" for _, where, field, reason in faults], faults)


_TOPICS: Final = tuple(kind.topic for kind in Kind)


def _of(facts: Sequence[Fact], those: set[str]) -> Iterator[tuple[str, str, str]]:
    """Kind, id and name of the id's field of facts with some ids."""
    for fact in facts:
        identity, field = key_of(fact).identity, identity_field(fact.topic)
        if identity in those:
            yield field.removesuffix("_id"), identity, field


def _of_another_form(
    registering: Sequence[Fact], known: Registered, ids: Ids, given: Collection[str]
) -> Iterator[FieldFault]:
    for topic in _TOPICS:
        new = {
            key_of(fact).identity
            for fact in registering
            if fact.topic is topic
            and not is_of_the_vault(key_of(fact).identity)
            and key_of(fact).identity not in given
            and (topic.name, key_of(fact).identity) not in known.newest
        }
        if not new:
            continue
        reason = NO_PSEUDONYM if ids is Ids.EXTERNAL else ""
        if not reason and any(
            is_of_the_vault(identity) for name, identity in known.newest if name == topic.name
        ):
            reason = MIXTURE
        field = identity_field(topic)
        # What the id is goes into no message: it may be an employee number.
        if reason:
            yield FieldFault(field.removesuffix("_id"), "", field, reason)
