"""Stream addresses and names of staff: set and removed here, and no address is read back."""

from dataclasses import dataclass, replace
from typing import Annotated, Final

from fastapi import APIRouter, Path
from starlette.responses import Response

from runtime.errors import Retry
from workers.access.rights import Right
from workers.registry.editing.sealed import SealedTexts
from workers.registry.rows import CameraRow, StaffRow
from workers.serving.api.caller import Caller
from workers.serving.api.registry.kinds import EDIT_PROBLEMS, READ_PROBLEMS, key_of
from workers.serving.api.registry.parts import (
    PATH,
    AnyCall,
    AnyRegistry,
    Call,
    IfMatch,
    IfNoneMatch,
    Registry,
    respond,
)
from workers.serving.editing.body import json_text
from workers.serving.editing.conditions import expected
from workers.serving.editing.resources import Resource
from workers.serving.editing.sealed import (
    AddressBody,
    NameBody,
    SealedBody,
    SealedView,
    SealedWish,
    check_registered,
    sealed_answer,
    text_of,
)

router = APIRouter(tags=["registry"])


@dataclass(frozen=True, slots=True)
class SealedResource:
    """A sealed text, as a resource of the API.

    Attributes:
        of: The kind of fact that has it.
        name: Last part of its path, and field of its body.
        form: Form of its body.
        right: The right to set and remove it.
    """

    of: Resource
    name: str
    form: type[SealedBody]
    right: Right

    @property
    def path(self) -> str:
        """Path below the API's prefix."""
        return f"{PATH}/{self.of.plural}/{{{self.of.parameter}}}/{self.name}"

    def texts(self, registry: Registry) -> SealedTexts:
        """Where the texts are kept.

        Raises:
            Retry: This board keeps none.
        """
        found = registry.sealed.get(self.name)
        if found is None:
            raise Retry(f"this board keeps no {self.name} of a {self.of.noun}")
        return found


ADDRESS: Final = SealedResource(
    Resource("camera", CameraRow), "address", AddressBody, Right.ADDRESSES
)
NAME: Final = SealedResource(Resource("staff", StaffRow), "name", NameBody, Right.EDIT_REGISTRY)


def _add_edits(resource: SealedResource) -> None:
    """The routes that set and remove a text."""
    path, parameter = resource.path, resource.of.parameter
    Identity = Annotated[str, Path(alias=parameter, max_length=1_000)]  # noqa: N806
    body = {
        "content": {"application/json": {"schema": resource.form.model_json_schema()}},
        "required": True,
    }

    @router.put(
        path,
        name=f"put_{resource.name}",
        status_code=200,
        response_model=SealedView,
        responses={201: {"model": SealedView}, **EDIT_PROBLEMS},
        openapi_extra={"requestBody": body},
        description=f"Set the {resource.name} of a {resource.of.noun}, or replace it.",
    )
    async def put(
        identity: Identity,
        registry: AnyRegistry,
        call: AnyCall,
        if_match: IfMatch = None,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        version = expected(if_match, if_none_match)
        key = key_of(resource.of, identity)
        text = text_of(
            resource.form, resource.texts(registry), key, json_text(call.request, call.body)
        )
        return await _keep(resource, registry, call, identity, text, version)

    @router.delete(
        path,
        name=f"remove_{resource.name}",
        response_model=SealedView,
        responses=EDIT_PROBLEMS,
        description=f"Remove the {resource.name} of a {resource.of.noun}.",
    )
    async def remove(
        identity: Identity, registry: AnyRegistry, call: AnyCall, if_match: IfMatch = None
    ) -> Response:
        version = expected(if_match, None, creates=False)
        return await _keep(resource, registry, call, identity, "", version)


async def _keep(
    resource: SealedResource,
    registry: Registry,
    call: Call,
    identity: str,
    text: str,
    version: int,
) -> Response:
    texts, repeat = resource.texts(registry), call.repeat
    if repeat is not None:
        repeat = replace(repeat, sha256=texts.keyed(repeat.sha256))
    wish = SealedWish(
        author=call.caller,
        right=resource.right,
        key=key_of(resource.of, identity),
        text=text,
        expect=version,
        location=call.request.url.path,
        reason=call.reason,
        repeat=repeat,
    )
    return respond(await registry.edit_sealed(texts, wish))


@router.get(ADDRESS.path, name="address", response_model=SealedView, responses=READ_PROBLEMS)
async def address(
    camera_id: Annotated[str, Path(max_length=1_000)], registry: AnyRegistry, caller: Caller
) -> Response:
    """Whether a camera has a stream address, and since when; nobody reads the address back."""
    key = key_of(ADDRESS.of, camera_id)
    check_registered(caller, ADDRESS.right, key, await registry.reach(caller, whole=True))
    texts = ADDRESS.texts(registry)
    held = await registry.read(lambda _store: texts.held(key.identity))
    return respond(sealed_answer(key, held))


for _resource in (ADDRESS, NAME):
    _add_edits(_resource)
