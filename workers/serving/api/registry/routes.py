"""Every route of the registry."""

from fastapi import APIRouter

from workers.serving.api.registry import (
    bulk,
    confirm,
    drawings,
    kinds,
    masks,
    preview,
    rule_trials,
    sealed,
)

router = APIRouter()
for _router in (
    *kinds.routers(),
    masks.router,
    drawings.router,
    preview.router,
    confirm.router,
    sealed.router,
    bulk.router,
    rule_trials.router,
):
    router.include_router(_router)
