"""Find the fields that make two versions of a schema incompatible.

The registry decides with FULL_TRANSITIVE; its answers use Avro's internal terms, so this module
names the topic's field and the remedy, in both directions (Avro 1.12, "Schema Resolution"). It is
stricter in one point: it refuses a rename, which Avro sees as one field removed and another added,
since every reader of the old name would get its default from then on.
"""

from collections.abc import Iterable, Iterator
from typing import Any

_PROMOTIONS = {
    "int": {"long", "float", "double"},
    "long": {"float", "double"},
    "float": {"double"},
    "string": {"bytes"},
    "bytes": {"string"},
}


def differences(released: Any, candidate: Any) -> list[str]:
    """Reasons why readers and writers of the two schemas cannot understand each other.

    Args:
        released: Avro JSON of a released version.
        candidate: Avro JSON of the version to register.

    Returns:
        One sentence per field, empty when the two are fully compatible.
    """
    return list(dict.fromkeys(_compare(released, candidate, "", {}, {})))


def _names(node: Any, table: dict[str, Any]) -> None:
    if isinstance(node, dict):
        if node.get("type") in ("record", "enum", "fixed"):
            table[node["name"]] = node
        for value in node.values():
            _names(value, table)
    elif isinstance(node, list):
        for item in node:
            _names(item, table)


def _kind(node: Any, table: dict[str, Any]) -> tuple[str, Any]:
    """Name of the type and the node that defines it, references resolved."""
    if isinstance(node, list):
        return "union", node
    if isinstance(node, dict):
        inner = node["type"]
        return (inner, node) if isinstance(inner, str) else _kind(inner, table)
    if node in table:
        return _kind(table[node], table)
    return str(node), node


def _compare(
    old: Any, new: Any, path: str, old_names: dict[str, Any], new_names: dict[str, Any]
) -> Iterator[str]:
    _names(old, old_names)
    _names(new, new_names)
    old_kind, old = _kind(old, old_names)
    new_kind, new = _kind(new, new_names)
    if old_kind != new_kind:
        if new_kind in _PROMOTIONS.get(old_kind, ()) and old_kind in _PROMOTIONS.get(new_kind, ()):
            return
        yield f"field {path or 'value'}: type changed from {old_kind} to {new_kind}"
        return
    if old_kind == "record":
        yield from _compare_records(old, new, path, old_names, new_names)
    elif old_kind == "array":
        yield from _compare(old["items"], new["items"], path, old_names, new_names)
    elif old_kind == "map":
        yield from _compare(old["values"], new["values"], path, old_names, new_names)
    elif old_kind == "enum":
        yield from _compare_enums(old, new, path)
    elif old_kind == "union":
        yield from _compare_unions(old, new, path, old_names, new_names)


def _compare_records(
    old: Any, new: Any, path: str, old_names: dict[str, Any], new_names: dict[str, Any]
) -> Iterator[str]:
    if old["name"] != new["name"]:
        yield f"field {path or 'value'}: record renamed from {old['name']} to {new['name']}"
        return
    before = {field["name"]: field for field in old["fields"]}
    after = {field["name"]: field for field in new["fields"]}
    prefix = f"{path}." if path else ""
    come = [name for name in after if name not in before]
    for name, field in before.items():
        if name not in after:
            if "default" not in field:
                yield f"field {prefix}{name}: removed, but it has no default"
            yield from _renames(field, [after[other] for other in come], prefix)
        else:
            yield from _compare(
                field["type"], after[name]["type"], prefix + name, old_names, new_names
            )
    for name in come:
        if "default" not in after[name]:
            yield f"field {prefix}{name}: added without a default"


def _renames(gone: Any, come: Iterable[Any], prefix: str) -> Iterator[str]:
    """Treat an added field of the same type as a removed one as its new name."""
    for field in come:
        if field["type"] == gone["type"]:
            yield (
                f"field {prefix}{gone['name']}: renamed to {field['name']}; add the new name, "
                "fill both, and retire the old one in the next major version"
            )
            return


def _compare_enums(old: Any, new: Any, path: str) -> Iterator[str]:
    removed = [symbol for symbol in old["symbols"] if symbol not in new["symbols"]]
    added = [symbol for symbol in new["symbols"] if symbol not in old["symbols"]]
    if removed and added:
        yield f"field {path}: enum symbol {removed[0]} renamed to {added[0]}; only add symbols"
    elif removed and "default" not in new:
        yield f"field {path}: enum lost {', '.join(removed)} and has no default"
    if added and "default" not in old:
        yield f"field {path}: enum grew {', '.join(added)}, but the released one has no default"


def _compare_unions(
    old: Any, new: Any, path: str, old_names: dict[str, Any], new_names: dict[str, Any]
) -> Iterator[str]:
    before = {_kind(branch, old_names)[0]: branch for branch in old}
    after = {_kind(branch, new_names)[0]: branch for branch in new}
    for kind in before.keys() ^ after.keys():
        verb = "lost" if kind in before else "gained"
        yield f"field {path}: union {verb} {kind}"
    for kind in sorted(before.keys() & after.keys()):
        yield from _compare(before[kind], after[kind], path, old_names, new_names)
