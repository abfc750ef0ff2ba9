"""The page of the REST API, from its OpenAPI document."""

from typing import Any

from docs.generate.markdown import code, table
from runtime.clock import SystemClock
from runtime.process.settings import Settings
from workers.serving.app import create_app

INTRODUCTION = """\
# REST API

Every route of `wardstream serve`, from its OpenAPI document, which the server gives at
`/api/v1/openapi.json`. Times are UTC microseconds of event time
unless a field says otherwise. An error is a problem document (RFC 9457).

```sh
curl -s http://127.0.0.1:8080/api/v1/zones | jq '.zones[] | {name, people, s: .coverage.sentence}'
curl -N 'http://127.0.0.1:8080/api/v1/changes?kind=zone'
```

A reader of the event stream that comes back with `Last-Event-ID` gets exactly the changes that
it missed. When those are no longer kept it is sent `reset`, and reads the current state again.
"""


def page() -> str:
    """The whole page."""
    settings = Settings()
    document: dict[str, Any] = create_app(
        settings.redis_address,
        settings.live_prefix,
        settings.serving,
        SystemClock(),
    ).openapi()
    routes = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    parts = [INTRODUCTION]
    parts.append(table(("route", "answer", "parameters", "codes"), map(_route, routes)))
    schemas = document["components"]["schemas"]
    for name, schema in sorted(schemas.items()):
        if "properties" in schema:
            parts.append(f"## {name}\n")
            if schema.get("description"):
                parts.append(schema["description"].split("\n\n")[0].replace("\n", " ") + "\n")
            parts.append(table(("field", "type", "meaning"), _fields(schema, schemas)))
    return "\n".join(parts)


def _route(route: tuple[str, str, dict[str, Any]]) -> tuple[str, str, str, str]:
    path, method, operation = route
    parameters = [code(one["name"]) for one in operation.get("parameters", [])]
    about = operation.get("description", "").split("\n\n")[0]
    return code(f"{method.upper()} {path}"), about, ", ".join(parameters), _codes(operation)


def _codes(operation: dict[str, Any]) -> str:
    return ", ".join(sorted(operation["responses"]))


def _fields(schema: dict[str, Any], schemas: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (code(name), _type(field, schemas), field.get("description", ""))
        for name, field in schema["properties"].items()
    ]


def _type(field: dict[str, Any], schemas: dict[str, Any]) -> str:
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        # An enumeration has no heading of its own.
        has_heading = "properties" in schemas[name]
        return f"[{name}](#{name.lower()})" if has_heading else _type(schemas[name], schemas)
    if "anyOf" in field:
        return " or ".join(_type(one, schemas) for one in field["anyOf"])
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}), schemas)}"
    if "enum" in field:
        return " or ".join(code(one) for one in field["enum"])
    if "const" in field:
        return code(field["const"])
    return str(field.get("type", "any"))
