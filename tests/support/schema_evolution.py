"""Changes that a release may make to a topic's schema, derived from the schema itself."""

import copy
import json
from collections.abc import Callable
from typing import Any

from schemas.codec import schema_text
from schemas.topics import TOPICS, Topic

AVRO_TOPICS = [topic for topic in TOPICS.values() if topic.avro]
NEW_SYMBOL = "GROWN"

PLAIN: dict[str, Any] = {
    "string": "text",
    "bytes": b"bytes",
    "int": 11,
    "long": 12,
    "float": 0.5,
    "double": 0.25,
    "boolean": True,
}
"""A value of each plain type that is no field's default."""

Node = dict[str, Any]


def schema_of(topic: Topic) -> Node:
    """A topic's schema, as a copy that may be changed."""
    found: Node = json.loads(schema_text(topic))
    return found


def enums(node: Any) -> list[Node]:
    """Every enum defined in a schema."""
    if isinstance(node, dict):
        own = [node] if node.get("type") == "enum" else []
        return own + [enum for value in node.values() for enum in enums(value)]
    if isinstance(node, list):
        return [enum for item in node for enum in enums(item)]
    return []


def required(schema: Node) -> Node:
    """The first field without a default."""
    found: Node = next(field for field in schema["fields"] if "default" not in field)
    return found


def optional(schema: Node) -> Node:
    """The first field with a default whose type is a number or a string."""
    plain = {"string", "long", "int", "double"}
    return next(
        field
        for field in schema["fields"]
        if "default" in field and isinstance(field["type"], str) and field["type"] in plain
    )


def with_a_field(schema: Node, default: str = "") -> Node:
    """The schema with one more field, which has a default."""
    field = {"name": "wing", "type": "string", "doc": "Where.", "default": default}
    return {**copy.deepcopy(schema), "fields": [*copy.deepcopy(schema["fields"]), field]}


def with_another_default(schema: Node) -> Node:
    """The schema with another default."""
    changed = copy.deepcopy(schema)
    field = optional(changed)
    field["default"] = "changed" if field["type"] == "string" else 77
    return changed


def with_grown_enums(schema: Node) -> Node:
    """The schema with one more symbol in every enum; unchanged where there is none."""
    changed = copy.deepcopy(schema)
    for enum in enums(changed):
        enum["symbols"] = [*enum["symbols"], NEW_SYMBOL]
    return changed


HARMLESS: dict[str, Callable[[Node], Node]] = {
    "a-field-added": with_a_field,
    "a-default-changed": with_another_default,
    "an-enum-grown": with_grown_enums,
}


def breaking(schema: Node) -> dict[str, tuple[Node, str]]:
    """Changes that must be refused, by name: the schema, and the field that the refusal names."""
    renamed, moved, bare, retyped, demanding = (copy.deepcopy(schema) for _ in range(5))
    required(renamed)["name"] = "renamed"
    optional(moved)["name"] = "renamed"
    bare["fields"].remove(required(bare))
    target = optional(retyped)
    target["type"] = "boolean"
    target["default"] = False
    demanding["fields"].append({"name": "needed", "type": "string", "doc": "Needed."})
    return {
        "a-required-field-renamed": (renamed, required(schema)["name"]),
        "a-field-with-a-default-renamed": (moved, optional(schema)["name"]),
        "a-required-field-removed": (bare, required(schema)["name"]),
        "a-type-changed": (retyped, optional(schema)["name"]),
        "a-required-field-added": (demanding, "needed"),
    }


def sample(node: Any, names: dict[str, Any] | None = None) -> Any:
    """A value of a type in which no field has its default; enums take their last symbol."""
    known = {} if names is None else names
    if isinstance(node, list):
        node = next(branch for branch in node if branch != "null")
    if isinstance(node, str) and node in known:
        node = known[node]
    if isinstance(node, str):
        return PLAIN[node]
    if "name" in node:
        known[node["name"]] = node
    if node["type"] == "record":
        return {field["name"]: sample(field["type"], known) for field in node["fields"]}
    if node["type"] == "array":
        return [sample(node["items"], known)]
    return node["symbols"][-1] if node["type"] == "enum" else sample(node["type"], known)
