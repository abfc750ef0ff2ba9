"""Templates of JSON bodies: a tree of JSON whose texts name values of the message in braces.

Values are put into the tree, and the tree is written as JSON afterwards: no value can end a text,
add a member or begin another. What the receiver reads in a text, such as Slack's `<!channel>`, is
escaped by the template's `escape`.

| in a template | becomes |
|---|---|
| `"{subject}"` | the value, escaped |
| `"{link:raw}"` | the value as it is |
| `{"$if": "link", ...}` | left out where the value is empty |
| `{"$each": "body", ...}` in a list | one for each sentence, which is `{item}` |
| `{"$tier": {"PAGE": 5, "WARNING": 4, "NOTICE": 3}}` | what the tier says |
| `{"$value": ...}` beside `$if` or `$each` | that, in place of an object |
"""

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from workers.notifier.delivery.message import Message

SHAPES: Final = ("webhook", "ntfy", "slack", "teams")
"""Templates that are shipped."""

NAMES: Final = (
    *("receipt_key", "occasion", "route", "tier", "subject", "text", "owner", "next_action"),
    *("link", "at", "topic"),
)
"""Values of a message that a template may name."""

MOST_BYTES: Final = 64 * 1024

_ITEM: Final = "item"
_TIERS: Final = ("PAGE", "WARNING", "NOTICE")
_KEYS: Final = ("$if", "$each", "$tier", "$value")
_DEEPEST: Final = 30
_FOLDER: Final = Path(__file__).parent / "shapes"
_NAMED = re.compile(r"\{([A-Za-z_]\w*)(:raw)?\}")
_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")

ESCAPES: Final[Mapping[str, Callable[[str], str]]] = {
    "none": lambda text: text,
    "slack": lambda text: html.escape(text, quote=False),
    "html": html.escape,
    "markdown": lambda text: _MARKDOWN.sub(r"\\\1", text),
}
"""How a value is escaped, by the name that a template gives."""


class TemplateRefused(ValueError):
    """A template that cannot be used; each line of the message names where and why."""


@dataclass(frozen=True, slots=True)
class Template:
    """A checked template.

    Attributes:
        body: Its tree.
        escape: How values are escaped, a key of `ESCAPES`.
    """

    body: Any
    escape: str

    def render(self, message: Message, topic: str = "") -> bytes:
        """The body for a message, UTF-8 JSON.

        Args:
            message: The message.
            topic: Topic of the destination, for those that have one.
        """
        made = _Rendering(values_of(message, topic), message, ESCAPES[self.escape])
        return json.dumps(made.of(self.body), ensure_ascii=False).encode()


def values_of(message: Message, topic: str = "") -> dict[str, str]:
    """Values that a template may name."""
    at = datetime.fromtimestamp(message.at_us // 1_000_000, UTC)
    return {
        "receipt_key": message.receipt_key,
        "occasion": message.occasion,
        "route": message.route,
        "tier": message.tier,
        "subject": message.subject,
        "text": message.text,
        "owner": message.owner,
        "next_action": message.next_action,
        "link": message.link,
        "at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "topic": topic,
    }


@cache
def shipped(shape: str) -> Template:
    """One of `SHAPES`."""
    return read_template((_FOLDER / f"{shape}.json").read_bytes())


def read_template(data: bytes) -> Template:
    """Read and check a template: JSON with `escape` and `body`.

    Raises:
        TemplateRefused: It is none; the message names every fault with its path in the tree.
    """
    if len(data) > MOST_BYTES:
        raise TemplateRefused(f"has more than {MOST_BYTES // 1024} KiB")
    try:
        found = json.loads(data.decode("utf-8-sig"))
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except json.JSONDecodeError as error:
        raise TemplateRefused(f"line {error.lineno}: not valid JSON: {error.msg}") from error
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise TemplateRefused("not valid JSON in UTF-8") from error
    if not isinstance(found, dict) or found.keys() != {"escape", "body"}:
        raise TemplateRefused("must be an object with escape and body, and nothing else")
    faults = []
    if found["escape"] not in ESCAPES:
        faults.append(f"escape: is not one of {', '.join(ESCAPES)}")
    if not isinstance(found["body"], dict | list):
        faults.append("body: must be an object or a list")
    try:
        faults += _faults(found["body"], "body", 0, in_list=False, names=frozenset(NAMES))
    except RecursionError:
        faults.append("body: is nested too deeply")
    if faults:
        raise TemplateRefused("\n".join(faults))
    return Template(found["body"], found["escape"])


@dataclass(frozen=True, slots=True)
class _Rendering:
    values: Mapping[str, str]
    message: Message
    escape: Callable[[str], str]

    def of(self, node: Any) -> Any:
        if isinstance(node, str):
            return _NAMED.sub(self._named, node)
        if isinstance(node, list):
            return [made for one in node for made in self._several(one)]
        if isinstance(node, dict):
            return self._object(node)
        return node

    def _several(self, node: Any) -> Iterator[Any]:
        """What an element of a list becomes: none, one or several."""
        if not isinstance(node, dict):
            yield self.of(node)
        elif "$each" in node:
            rest = {key: value for key, value in node.items() if key != "$each"}
            for text in self.message.body:
                each = _Rendering({**self.values, _ITEM: text}, self.message, self.escape)
                yield from each._several(rest)
        elif self._is_there(node):
            yield self.of(node)

    def _object(self, node: Mapping[str, Any]) -> Any:
        if "$tier" in node:
            tiers = node["$tier"]
            return self.of(tiers.get(self.message.tier, tiers["NOTICE"]))
        if "$value" in node:
            return self.of(node["$value"])
        return {
            key: self.of(value)
            for key, value in node.items()
            if key != "$if" and self._is_there(value)
        }

    def _is_there(self, node: Any) -> bool:
        return not isinstance(node, dict) or "$if" not in node or bool(self.values[node["$if"]])

    def _named(self, found: re.Match[str]) -> str:
        value = self.values[found[1]]
        return value if found[2] else self.escape(value)


def _faults(
    node: Any, path: str, depth: int, *, in_list: bool, names: frozenset[str]
) -> Iterator[str]:
    if depth > _DEEPEST:
        yield f"{path[:60]}…: is nested too deeply"
    elif isinstance(node, str):
        for found in _NAMED.finditer(node):
            if found[1] not in names:
                yield f"{path}: {{{found[1]}}} is no value; the values are {', '.join(NAMES)}"
    elif isinstance(node, list):
        for number, one in enumerate(node):
            yield from _faults(one, f"{path}[{number}]", depth + 1, in_list=True, names=names)
    elif isinstance(node, dict):
        yield from _object_faults(node, path, in_list=in_list, names=names)
        inner = names | {_ITEM} if "$each" in node else names
        for key, value in node.items():
            if key not in {"$if", "$each"}:
                yield from _faults(value, f"{path}.{key}", depth + 1, in_list=False, names=inner)


def _object_faults(
    node: Mapping[str, Any], path: str, *, in_list: bool, names: frozenset[str]
) -> Iterator[str]:
    for key in node:
        if key.startswith("$") and key not in {*_KEYS, "$schema"}:
            yield f"{path}: {key} is none of {', '.join(_KEYS)}"
    if "$each" in node and (node["$each"] != "body" or not in_list):
        yield f'{path}: $each is "body", in an element of a list'
    if "$if" in node and (not isinstance(node["$if"], str) or node["$if"] not in names):
        yield f"{path}: $if names no value; the values are {', '.join(NAMES)}"
    if "$if" in node and path == "body":
        yield f"{path}: the body cannot be left out"
    others = node.keys() - {"$if", "$each", "$value"}
    if "$value" in node and others:
        yield f"{path}: $value stands beside $if or $each alone"
    if "$tier" in node:
        tiers = node["$tier"]
        if len(node) > 1 or not isinstance(tiers, dict) or tiers.keys() != {*_TIERS}:
            yield f"{path}: $tier stands alone, with {', '.join(_TIERS)}"
