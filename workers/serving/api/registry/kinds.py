"""One router for each kind of fact, from the table of resources."""

import re
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from workers.access.principal import Principal
from workers.registry.change import OnResize, Options
from workers.registry.editing.store import RegistryStore
from workers.registry.editing.wanted import Applied, Put, Remove, Restore, Version, Wanted
from workers.registry.registered import Key
from workers.registry.text import MAX_ID
from workers.serving.api.caller import Caller
from workers.serving.api.problems import documented
from workers.serving.api.registry.parts import (
    PATH,
    AnyCall,
    AnyRegistry,
    Cursor,
    DryRun,
    IfMatch,
    IfNoneMatch,
    Limit,
    Registry,
    respond,
)
from workers.serving.editing import answers as views
from workers.serving.editing.body import json_text
from workers.serving.editing.conditions import ABSENT, etag, expected
from workers.serving.editing.cursors import after_id, after_number, cursor
from workers.serving.editing.editor import Wish
from workers.serving.editing.judge import no_such
from workers.serving.editing.reach import Reach
from workers.serving.editing.repeats import Answer
from workers.serving.editing.requests import row_of
from workers.serving.editing.resources import RESOURCES, Resource

_ID: Final = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_ID - 1}}}")

EDIT_PROBLEMS: Final = documented(400, 401, 403, 404, 412, 413, 415, 422, 428, 503)
READ_PROBLEMS: Final = documented(400, 401, 403, 404, 422, 503)


def router_of(resource: Resource) -> APIRouter:
    """The routes of one kind of fact."""
    router = APIRouter(tags=["registry"])
    kind, base = resource.kind, f"{PATH}/{resource.plural}"
    one = f"{base}/{{{resource.parameter}}}"
    Identity = Annotated[str, Path(alias=resource.parameter, max_length=1_000)]  # noqa: N806
    body = {"content": {"application/json": {"schema": _form(resource)}}, "required": True}

    @router.get(base, name=f"registered_{resource.plural}", responses=READ_PROBLEMS)
    async def page(
        registry: AnyRegistry,
        caller: Caller,
        limit: Limit = 100,
        cursor: Cursor = None,
        unit: Annotated[
            str | None, Query(max_length=1_000, description="Only what is in this unit.")
        ] = None,
    ) -> views.Facts:
        return await _page(registry, caller, resource, limit, cursor, unit)

    @router.get(one, name=f"registered_{kind}", responses=READ_PROBLEMS)
    async def get(
        identity: Identity, registry: AnyRegistry, caller: Caller, response: Response
    ) -> views.FactView:
        found = await readable(registry, caller, resource, identity)
        if found.removed:
            raise no_such(found.key)
        response.headers["ETag"] = etag(found.version)
        return views.fact_view(found)

    @router.put(
        one,
        name=f"put_{kind}",
        status_code=200,
        response_model=views.Edited,
        responses={201: {"model": views.Edited}, **EDIT_PROBLEMS},
        openapi_extra={"requestBody": body},
    )
    async def put(
        identity: Identity,
        registry: AnyRegistry,
        call: AnyCall,
        if_match: IfMatch = None,
        if_none_match: IfNoneMatch = None,
        on_resize: Annotated[
            OnResize,
            Query(description="What becomes of zones of a camera whose frame changes its size."),
        ] = OnResize.REFUSE,
        dry_run: DryRun = False,
    ) -> Response:
        version = expected(if_match, if_none_match)
        text = json_text(call.request, call.body)
        row = await registry.compute(partial(row_of, resource.row, identity, text))
        key = Key(resource.topic, identity)
        wish = Wish(
            author=call.caller,
            changes=[Put(row)],
            answering=partial(_edited, call.request, key, version, dry_run),
            named=[key],
            expect={key: version},
            reason=call.reason,
            options=Options(on_resize=on_resize),
            dry_run=dry_run,
            repeat=call.repeat,
        )
        return respond(await registry.edit(wish))

    @router.delete(one, name=f"remove_{kind}", response_model=views.Edited, responses=EDIT_PROBLEMS)
    async def remove(
        identity: Identity,
        registry: AnyRegistry,
        call: AnyCall,
        if_match: IfMatch = None,
        cascade: Annotated[
            bool, Query(description="Whether what rests on it is removed too.")
        ] = False,
        dry_run: DryRun = False,
    ) -> Response:
        version = expected(if_match, None, creates=False)
        key = key_of(resource, identity)
        wish = Wish(
            author=call.caller,
            changes=[Remove(key)],
            answering=partial(_edited, call.request, key, version, dry_run),
            named=[key],
            expect={key: version},
            reason=call.reason,
            options=Options(cascade=cascade),
            dry_run=dry_run,
            repeat=call.repeat,
        )
        return respond(await registry.edit(wish))

    @router.get(f"{one}/versions", name=f"versions_of_{kind}", responses=READ_PROBLEMS)
    async def versions(
        identity: Identity,
        registry: AnyRegistry,
        caller: Caller,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> views.Facts:
        found = await readable(registry, caller, resource, identity)
        return await _versions(registry, caller, found.key, limit, cursor)

    @router.post(
        f"{one}/undo", name=f"undo_{kind}", response_model=views.Edited, responses=EDIT_PROBLEMS
    )
    async def undo(
        identity: Identity,
        registry: AnyRegistry,
        call: AnyCall,
        if_match: IfMatch = None,
        dry_run: DryRun = False,
    ) -> Response:
        version = expected(if_match, None, creates=False)
        key = key_of(resource, identity)
        found = await registry.read(lambda store: _undoing(store, key, version))
        wish = Wish(
            author=call.caller,
            changes=found,
            answering=partial(_edited, call.request, key, version, dry_run),
            named=[key],
            expect={key: version},
            reason=call.reason,
            dry_run=dry_run,
            repeat=call.repeat,
        )
        return respond(await registry.edit(wish))

    noun, every = resource.noun, f"Every {resource.noun} that is registered"
    texts = {
        page: f"{every}, by id.",
        get: f"One {noun}: the newest version, with its ETag.",
        put: f"Register one {noun}, or change it.",
        remove: f"Remove one {noun}.",
        versions: f"Every version of one {noun}, the newest first.",
        undo: f"Bring one {noun} back to what it was before its newest version.",
    }
    for function, text in texts.items():
        function.__doc__ = text
    for route, text in zip(router.routes, texts.values(), strict=True):
        route.description = text  # type: ignore[attr-defined]
    return router


def key_of(resource: Resource, identity: str) -> Key:
    """Key of the fact that a path names.

    Raises:
        NotFound: No fact can have this id.
    """
    key = Key(resource.topic, identity)
    if not _ID.fullmatch(identity):
        raise no_such(key)
    return key


async def readable(
    registry: Registry, caller: Principal, resource: Resource, identity: str
) -> Version:
    """The newest version of a fact that a caller may read; it may have been removed.

    Raises:
        NotFound: There is none, or it is out of reach.
    """
    key = key_of(resource, identity)
    found = await registry.read(lambda store: store.newest(key))
    if found is None or not (await registry.reach(caller)).reads(key):
        raise no_such(key)
    return found


async def _page(
    registry: Registry,
    caller: Principal,
    resource: Resource,
    limit: int,
    given: str | None,
    unit: str | None,
) -> views.Facts:
    after = after_id(resource.plural, given)
    reach = await registry.reach(caller, whole=unit is not None)
    kind = resource.kind
    if reach.reads_all and unit is None:
        found = await registry.read(lambda store: store.page(kind, after=after, limit=limit + 1))
    else:
        wanted = await registry.compute(lambda: _ids(reach, resource, unit, after)[: limit + 1])
        found = await registry.read(lambda store: store.named(kind, wanted))
        found.sort(key=lambda version: version.key.identity)
    following = (
        cursor(resource.plural, found[limit - 1].key.identity) if len(found) > limit else None
    )
    return views.Facts(items=[views.fact_view(one) for one in found[:limit]], next=following)


def _ids(reach: Reach, resource: Resource, unit: str | None, after: str) -> list[str]:
    """Ids of the facts of a kind that are reached, and in a unit if one is named."""
    keys = (Key(resource.topic, identity) for identity in reach.ward.current(resource.topic))
    return sorted(
        key.identity
        for key in keys
        if key.identity > after
        and reach.reads(key)
        and (unit is None or (reach.reads_unit(unit) and unit in (reach.units_of(key) or ())))
    )


async def _versions(
    registry: Registry, caller: Principal, key: Key, limit: int, given: str | None
) -> views.Facts:
    listing = f"{key}/versions"
    before = after_number(listing, given) or None
    found = await registry.read(lambda store: store.versions(key, before=before, limit=limit + 1))
    following = cursor(listing, str(found[limit - 1].version)) if len(found) > limit else None
    reach = await registry.reach(caller)
    shown = [one for one in found[:limit] if reach.reads_version(key, one.record)]
    return views.Facts(items=[views.fact_view(one) for one in shown], next=following)


def _undoing(store: RegistryStore, key: Key, version: int) -> list[Wanted]:
    """The change that undoes a version of a fact.

    Raises:
        NotFound: There is no such fact.
    """
    found = store.versions(key, limit=2) if version != ABSENT else []
    if not found:
        raise no_such(key)
    newest, *before = found
    if not before or before[0].removed:
        return [] if newest.removed else [Remove(key)]
    return [Restore(key, before[0].record)]


def _edited(
    request: Request,
    key: Key,
    version: int,
    dry_run: bool,
    applied: Applied,
    before: dict[str, Any] | None,
) -> Answer:
    """The answer to an edit of one fact."""
    answer = views.edited(key, applied, before, dry_run=dry_run)
    headers = {}
    if answer.version is not None and not dry_run:
        headers["ETag"] = etag(answer.version)
    created = version == ABSENT and not dry_run
    if created:
        headers["Location"] = request.url.path
    return Answer(201 if created else 200, answer.model_dump_json().encode(), headers)


def _form(resource: Resource) -> dict[str, Any]:
    """JSON Schema of a row, without references; times and lists are checked further."""
    schema = resource.row.model_json_schema()
    schema["description"] = (resource.row.__doc__ or "").strip().splitlines()[0]
    schema["required"] = [name for name in schema.get("required", []) if name != resource.parameter]
    return schema


def routers() -> list[APIRouter]:
    """A router for each kind."""
    return [router_of(resource) for resource in RESOURCES]
