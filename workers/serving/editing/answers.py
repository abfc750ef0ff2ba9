"""What the registry's API answers."""

from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, Field, JsonValue

from runtime.facts.log import VISIBLE_AFTER_US
from workers.registry.editing.wanted import Applied, Edit, Version
from workers.registry.forms import form_of, iso
from workers.registry.preview import Effect
from workers.registry.registered import Key, kind_of

SOON: Final = f"in about {VISIBLE_AFTER_US // 1_000_000} s"
"""When an edit takes effect."""

NO_CHANGE: Final = "nothing changed"


class FactView(BaseModel):
    """The newest version of a fact, or an older one."""

    kind: str = Field(description="Kind of the fact.", examples=["zone"])
    id: str = Field(description="Its id.", examples=["bay-2"])
    version: int = Field(description="Number of the version, from 1.", examples=[3])
    record: dict[str, JsonValue] = Field(description="Its fields, as PUT takes them.")
    removed: bool = Field(description="Whether this version removed it.")
    edited_by: str = Field(description="The authenticated subject who made this version.")
    edited_by_name: str = Field(description="Name of the author then; empty when not known.")
    edited_at: str = Field(description="When, ISO 8601 UTC.", examples=["2026-11-30T07:00:00Z"])
    edit_id: int = Field(description="The edit that made it.")
    reason: str = Field(
        description="Why this version was made, in its author's words; may be empty."
    )
    recorded_at: str | None = Field(
        description="Time of record, ISO 8601 UTC; null until the relay has begun to append it."
    )
    valid_from: str | None = Field(description="Start of its validity, ISO 8601 UTC.")
    appended_at: str | None = Field(
        description=f"When the topics held it, ISO 8601 UTC; it takes effect {SOON} after."
    )


class Facts(BaseModel):
    """A page of facts."""

    items: list[FactView] = Field(description="The facts of this page.")
    next: str | None = Field(description="`cursor` of the next page; null after the last.")


class EffectView(BaseModel):
    """What happens to one fact."""

    change: str = Field(description="added, changed, cancelled or removed.")
    kind: str = Field(description="Kind of the fact.", examples=["zone"])
    id: str = Field(description="Its id.", examples=["bay-2"])
    version: int = Field(description="Number of the version that it makes, from 1.")
    details: list[str] = Field(description="Its fields, or those that change.")
    cause: str = Field(description="Why it changes although the request does not name it.")


class Edited(BaseModel):
    """What an edit of one fact did, or would do."""

    kind: str = Field(description="Kind of the fact.", examples=["zone"])
    id: str = Field(description="Its id.", examples=["bay-2"])
    version: int | None = Field(description="Its newest version; the ETag names it.")
    record: dict[str, JsonValue] | None = Field(description="Its fields, as PUT takes them.")
    removed: bool = Field(description="Whether it is removed now.")
    takes_effect: str = Field(
        description="When boards and stages use it, in words.", examples=[SOON, NO_CHANGE]
    )
    edit_id: int | None = Field(description="The edit; null where nothing changed or on a dry run.")
    dry_run: bool = Field(description="Whether nothing was written.")
    changes: list[EffectView] = Field(description="This fact, and what follows from it.")
    warnings: list[str] = Field(description="What is odd and was taken, in sentences.")


class Imported(BaseModel):
    """What an import did, or would do."""

    rows: dict[str, int] = Field(description="Number of rows by kind.")
    takes_effect: str = Field(
        description="When boards and stages use it, in words.", examples=[SOON, NO_CHANGE]
    )
    edit_id: int | None = Field(description="The edit; null where nothing changed or on a dry run.")
    dry_run: bool = Field(description="Whether nothing was written.")
    changes: list[EffectView] = Field(description="What happens to each fact.")
    warnings: list[str] = Field(description="What is odd and was taken, in sentences.")


class FactName(BaseModel):
    """Which fact."""

    kind: str = Field(description="Kind of the fact.", examples=["zone"])
    id: str = Field(description="Its id.", examples=["bay-2"])


class EditView(BaseModel):
    """One edit."""

    edit_id: int = Field(description="Number of the edit; later ones have higher numbers.")
    author: str = Field(description="The authenticated subject, or the user of a command.")
    at: str = Field(description="ISO 8601 UTC.")
    via: str = Field(description="api, command, or takeover of what the topics held.")
    reason: str = Field(description="Why, in the author's words; may be empty.")
    reverses: int | None = Field(description="The edit that it undoes.")
    appended_at: str | None = Field(description="When the topics held it; null while it waits.")
    facts: list[FactName] = Field(description="What it changed, the first hundred.")
    versions: int = Field(description="Number of versions that it made.")


class Edits(BaseModel):
    """A page of edits, the newest first."""

    items: list[EditView] = Field(description="The edits of this page.")
    next: str | None = Field(description="`cursor` of the next page; null after the last.")


def fact_view(version: Version) -> FactView:
    """One version of a fact."""
    record = version.record
    return FactView(
        kind=kind_of(version.key.topic),
        id=version.key.identity,
        version=version.version,
        record=form_of(version.key.topic, record),
        removed=version.removed,
        edited_by=version.edited_by,
        edited_by_name=version.edited_by_name,
        edited_at=iso(version.edited_at_us),
        edit_id=version.edit_id,
        reason=record.get("reason") or version.reason,
        recorded_at=_time(record["recorded_at_us"]),
        valid_from=_time(record["valid_from_us"]),
        appended_at=_time(version.appended_at_us),
    )


def edit_view(edit: Edit, keys: list[Key], versions: int) -> EditView:
    """One edit, with the facts and the number of versions that the reader may know of."""
    return EditView(
        edit_id=edit.edit_id,
        author=edit.author,
        at=iso(edit.at_us),
        via=edit.via,
        reason=edit.note,
        reverses=edit.reverses,
        appended_at=_time(edit.appended_at_us),
        facts=[FactName(kind=kind_of(key.topic), id=key.identity) for key in keys],
        versions=versions,
    )


def edited(
    key: Key, applied: Applied, before: dict[str, JsonValue] | None, *, dry_run: bool
) -> Edited:
    """What an edit of one fact did.

    Args:
        key: The fact.
        applied: The edit.
        before: The newest version before it; None where there was none.
        dry_run: Whether nothing was written.
    """
    record = applied.record(key) or before
    return Edited(
        kind=kind_of(key.topic),
        id=key.identity,
        version=None if record is None else int(str(record["version"])),
        record=None if record is None else form_of(key.topic, record),
        removed=record is None or bool(record["removed"]),
        takes_effect=takes_effect(applied),
        edit_id=applied.edit_id,
        dry_run=dry_run,
        changes=effects(applied.effects),
        warnings=list(applied.notes),
    )


def imported(rows: dict[str, int], applied: Applied, *, dry_run: bool) -> Imported:
    """What an import did."""
    return Imported(
        rows=rows,
        takes_effect=takes_effect(applied),
        edit_id=applied.edit_id,
        dry_run=dry_run,
        changes=effects(applied.effects),
        warnings=list(applied.notes),
    )


def takes_effect(applied: Applied) -> str:
    """When an edit takes effect."""
    return SOON if applied.facts else NO_CHANGE


def effects(found: Sequence[Effect]) -> list[EffectView]:
    """What happens to each fact."""
    return [EffectView.model_validate(effect.as_json()) for effect in found]


def _time(at_us: int | None) -> str | None:
    return iso(at_us) if at_us else None
