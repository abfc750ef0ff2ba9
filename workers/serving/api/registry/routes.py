"""Every route of the registry."""

from fastapi import APIRouter

from workers.serving.api.registry import bulk, kinds, masks

router = APIRouter()
for _router in (*kinds.routers(), masks.router, bulk.router):
    router.include_router(_router)
