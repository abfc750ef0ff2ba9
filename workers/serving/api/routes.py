"""The REST API, version 1: typed, every error documented."""

from typing import Any

from fastapi import APIRouter, FastAPI

from workers.serving.api import (
    alerts,
    alerts_per_rule,
    audit,
    badge_reads,
    cameras,
    changes,
    erasures,
    feedback,
    floors,
    me,
    past,
    past_export,
    past_hours,
    past_ranges,
    people,
    sessions,
    status,
    system,
    trends,
    units,
    why,
    zone_alerts,
    zones,
)
from workers.serving.api.board import PREFIX
from workers.serving.api.problems import Problem
from workers.serving.api.registry import routes as registry

RESOURCES = (
    zones,
    why,
    units,
    cameras,
    floors,
    trends,
    status,
    system,
    alerts,
    changes,
    people,
    past,
    past_export,
    past_hours,
    past_ranges,
    me,
    sessions,
    registry,
    erasures,
    badge_reads,
    feedback,
    zone_alerts,
    alerts_per_rule,
    audit,
)
"""One module per resource, in the order of the OpenAPI document."""


def router() -> APIRouter:
    """Every route of the API."""
    api = APIRouter(prefix=PREFIX)
    for resource in RESOURCES:
        api.include_router(resource.router)
    return api


def describe_problems(app: FastAPI) -> None:
    """Put the schema of a problem, which no route returns by type, into the OpenAPI document."""
    generate = app.openapi

    def with_problems() -> dict[str, Any]:
        document = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        for name, schema in {**problem.pop("$defs"), "Problem": problem}.items():
            schemas.setdefault(name, schema)
        return document

    app.openapi = with_problems  # type: ignore[method-assign]
