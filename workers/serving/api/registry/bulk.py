"""Imports of many facts at once, and the edits that were made."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from runtime.process.vault import Ids
from workers.access.principal import Principal
from workers.registry.change import OnResize, Options
from workers.registry.editing.wanted import Applied, Edit, Put
from workers.registry.registered import Key
from workers.registry.row import Row
from workers.registry.vault.door import Door, Doors, known_ids
from workers.serving.api.caller import Caller
from workers.serving.api.registry.kinds import EDIT_PROBLEMS, READ_PROBLEMS
from workers.serving.api.registry.parts import (
    PATH,
    AnyCall,
    AnyRegistry,
    Call,
    Cursor,
    DryRun,
    Limit,
    Registry,
    respond,
)
from workers.serving.editing import answers as views
from workers.serving.editing.body import JSON, json_text, media_type
from workers.serving.editing.cursors import after_number, cursor
from workers.serving.editing.editor import Wish
from workers.serving.editing.reach import Reach
from workers.serving.editing.refusals import NotFound, Unfit, WrongForm
from workers.serving.editing.repeats import Answer
from workers.serving.editing.requests import Rows, files_of, rows_of, rows_of_files

router = APIRouter(tags=["registry"])

_MULTIPART = "multipart/form-data"
_LAST_EDIT = 2**63 - 1


@router.post(
    f"{PATH}/imports",
    name="import_facts",
    response_model=views.Imported,
    responses=EDIT_PROBLEMS,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                JSON: {
                    "schema": {
                        "type": "object",
                        "description": "A list of rows for each kind.",
                        "additionalProperties": {"type": "array", "items": {"type": "object"}},
                    },
                    "example": {"staff": [{"staff_id": "n-07", "role": "nurse"}]},
                },
                _MULTIPART: {
                    "schema": {
                        "type": "object",
                        "description": "A file of each kind: .csv, .xlsx, .ics, .yaml or .json.",
                        "additionalProperties": {"type": "string", "format": "binary"},
                    }
                },
            },
        }
    },
)
async def import_facts(
    registry: AnyRegistry,
    call: AnyCall,
    on_resize: Annotated[
        OnResize,
        Query(description="What becomes of zones of a camera whose frame changes its size."),
    ] = OnResize.REFUSE,
    dry_run: DryRun = False,
) -> Response:
    """Register or change many facts, all or none; with `dry_run` only say what would change."""
    door = await registry.read(
        lambda store: registry.doors.open(lambda: known_ids(store.registered()))
    )
    rows = await _rows(registry, call, door)
    repeat = call.repeat
    if repeat is not None:
        repeat = replace(repeat, sha256=registry.doors.keyed(repeat.sha256))
    wish = Wish(
        author=call.caller,
        changes=[Put(row) for row in rows.all],
        answering=partial(_imported, rows.counts, dry_run),
        named=[Key(row.topic, getattr(row, row.identity())) for row in rows.all],
        reason=call.reason,
        options=Options(on_resize=on_resize),
        dry_run=dry_run,
        repeat=repeat,
        door=door,
    )
    try:
        return respond(await registry.edit(wish))
    except Unfit as unfit:
        raise _by_row(unfit, rows.all, registry.doors) from unfit


@router.get(f"{PATH}/edits", name="edits", responses=READ_PROBLEMS)
async def edits(
    registry: AnyRegistry, caller: Caller, limit: Limit = 100, cursor: Cursor = None
) -> views.Edits:
    """Edits, the newest first; a page may hold fewer than `limit` where others are hidden."""
    return await _edits(registry, caller, limit, cursor)


@router.post(
    f"{PATH}/edits/{{edit_id}}/undo",
    name="undo_edit",
    response_model=views.Imported,
    responses=EDIT_PROBLEMS,
)
async def undo_edit(
    edit_id: Annotated[int, Path(ge=1, le=_LAST_EDIT)],
    registry: AnyRegistry,
    call: AnyCall,
    dry_run: DryRun = False,
) -> Response:
    """Bring every fact of an edit back to what it was before; refused if one changed since."""
    found = await registry.read(lambda store: store.edit(edit_id))
    missing = NotFound(f"there is no edit {edit_id}")
    if found is None:
        raise missing
    keys = [version.key for version in found[1]]
    reach = await registry.reach(call.caller)
    if not all(reach.reads(key) for key in keys):
        raise missing
    wish = Wish(
        author=call.caller,
        changes=[],
        answering=partial(_imported, {}, dry_run),
        named=keys,
        undoes=edit_id,
        reason=call.reason,
        dry_run=dry_run,
        repeat=call.repeat,
    )
    return respond(await registry.edit(wish))


async def _rows(registry: Registry, call: Call, door: Door) -> Rows:
    """The rows of a request's body.

    Raises:
        Refusal: They cannot be read.
    """
    form = media_type(call.request)
    if form == JSON:
        text = json_text(call.request, call.body)
        return await registry.compute(partial(rows_of, text, door))
    if form == _MULTIPART:
        files = await files_of(call.request.headers, call.body)
        return await registry.compute(partial(rows_of_files, files, registry.clock.now_us(), door))
    raise WrongForm(f"send {JSON} or {_MULTIPART}")


def _by_row(unfit: Unfit, rows: Sequence[Row], doors: Doors) -> Unfit:
    """A refusal that names facts by their rows: who sends external ids knows no pseudonym."""
    if doors.ids is Ids.PSEUDONYMS:
        return unfit
    rows_of = {(row.kind_of_fact(), getattr(row, row.identity())): row.where for row in rows}
    faults = [
        fault._replace(identity=rows_of.get((fault.kind, fault.identity), fault.identity))
        for fault in unfit.faults
    ]
    return Unfit(str(unfit), faults, unfit.headers)


async def _edits(
    registry: Registry, caller: Principal, limit: int, given: str | None
) -> views.Edits:
    before = after_number("edits", given) or None
    found = await registry.read(lambda store: store.edits(before=before, limit=limit + 1))
    following = cursor("edits", str(found[limit - 1].edit_id)) if len(found) > limit else None
    reach = await registry.reach(caller)
    shown = [
        views.edit_view(edit, keys, edit.versions if reach.reads_all else len(keys))
        for edit in found[:limit]
        for keys in (_readable(edit, reach),)
        if keys or reach.reads_all
    ]
    return views.Edits(items=shown, next=following)


def _readable(edit: Edit, reach: Reach) -> list[Key]:
    return [key for key in edit.keys if reach.reads(key)]


def _imported(
    rows: dict[str, int], dry_run: bool, applied: Applied, _before: dict[str, Any] | None
) -> Answer:
    answer = views.imported(rows, applied, dry_run=dry_run)
    return Answer(200, answer.model_dump_json().encode())
