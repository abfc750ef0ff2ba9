"""Whether an edit stays within the units in which its author holds the right. Pure.

A right that is held in some units reaches a fact that is wholly in them, before the edit and after
it; and what the fact refers to must be in them too, else an edit would reach over the border: a
zone drawn into a camera that shows another unit, a shift of another unit's nurse.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from runtime.facts.log import Fact
from schemas.topics import CAMERAS, FLOORS, UNITS
from workers.access.principal import EVERYWHERE, Principal, Units
from workers.access.rights import Right
from workers.registry.files import FieldFault
from workers.registry.registered import STAMPS, Key, Registered, key_of, kind_of
from workers.serving.editing.reach import Reach
from workers.serving.editing.refusals import NotAllowed, NotFound, Unfit
from workers.serving.editing.resources import right_to_edit

_WHERE_IT_IS: Final = frozenset({"camera_id", "floor_id", "polygon"})
"""Fields of a zone that say which part of which picture or floor it is."""

_UNIT_TEXTS: Final = frozenset({"name", "site", "department"})
"""Fields of a unit that move nothing from one unit into another."""


def no_such(key: Key) -> NotFound:
    """What is said of an id that nobody registered, and of one out of reach."""
    return NotFound(f"there is no {kind_of(key.topic)} {key.identity!r}")


def check_named(
    principal: Principal, keys: Iterable[Key], reach: Reach, right: Right | None = None
) -> None:
    """Refuse to edit facts that are registered out of the editor's reach.

    Args:
        principal: The editor.
        keys: The facts.
        reach: What the editor reaches.
        right: The right to edit them; None for that of their kind.

    Raises:
        NotFound: One of them is hidden from the editor.
        NotAllowed: The editor may read one, and not edit it.
    """
    for key in keys:
        needed = right or right_to_edit(kind_of(key.topic))
        held = principal.units(needed)
        if (key.topic.name, key.identity) not in reach.ward.newest or reach.edits(held, key):
            continue
        if not reach.reads(key):
            raise no_such(key)
        raise NotAllowed(f"to edit {key} needs the right {needed} in every unit that it is in")


def judge(
    principal: Principal,
    facts: Sequence[Fact],
    named: Collection[Key],
    before: Reach,
    after: Reach,
) -> None:
    """Refuse an edit that reaches beyond the editor's units.

    Args:
        principal: The editor.
        facts: The new versions.
        named: Facts that the request names; the others follow from them.
        before: Reach of the editor before the edit.
        after: Its reach after the edit.

    Raises:
        NotFound: A named fact is hidden from the editor.
        Unfit: A fact refers to something that is hidden from the editor.
        NotAllowed: The edit would reach into other units in another way.
    """
    check_named(principal, named, before)
    for fact in facts:
        key = key_of(fact)
        held = principal.units(right_to_edit(kind_of(key.topic)))
        if EVERYWHERE in held:
            continue
        known = before.ward.newest.get((key.topic.name, key.identity))
        if known is not None and not before.edits(held, key):
            raise NotAllowed("this would also change something that is in other units than yours")
        if not fact.record["removed"]:
            _judge_new(held, fact, known, before, after)
        elif key.topic is UNITS:
            raise NotAllowed(f"to remove {key} needs the right registry.edit in every unit")


def _judge_new(
    held: Units,
    fact: Fact,
    known: Mapping[str, Any] | None,
    before: Reach,
    after: Reach,
) -> None:
    key = key_of(fact)
    kind = kind_of(key.topic)
    unreached = before.unreached(held, fact)
    if unreached:
        raise Unfit(
            "the edit does not fit what is registered",
            [
                FieldFault(kind, key.identity, field, f"{field} {other} is not registered")
                for field, other in unreached
            ],
        )
    if not after.edits(held, key):
        raise NotAllowed(
            f"{key} would be in no unit of yours, or in others too: that needs the right "
            f"{right_to_edit(kind)} in every unit"
        )
    changed = _changed(fact.record, known)
    if kind == "unit" and changed - _UNIT_TEXTS:
        raise NotAllowed(
            f"which floors and zones {key} has is changed with the right {right_to_edit(kind)} in "
            "every unit"
        )
    if kind == "zone" and changed & _WHERE_IT_IS:
        camera_id = fact.record["camera_id"]
        on_floor = camera_id is None
        shown = Key(FLOORS, fact.record["floor_id"]) if on_floor else Key(CAMERAS, camera_id)
        if not (before.edits(held, shown) and after.edits(held, shown)):
            raise NotAllowed(
                f"{shown} also shows other units than yours: to draw there needs the right "
                f"{right_to_edit(kind)} in all of them"
            )


def _changed(record: Mapping[str, Any], known: Mapping[str, Any] | None) -> frozenset[str]:
    """Names of the fields that are new."""
    old = {} if known is None or known["removed"] else known
    return frozenset(
        name
        for name, value in record.items()
        if name not in STAMPS and (name not in old or old[name] != value)
    )


def after_of(ward: Registered, facts: Iterable[Fact]) -> Registered:
    """What is registered after new versions."""
    after = ward.copy()
    after.add(facts)
    return after
