"""A value of a message stays within its text, whatever it holds; a template is checked whole."""

import html
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders.messages import message
from workers.notifier.delivery.template import (
    ESCAPES,
    SHAPES,
    TemplateRefused,
    read_template,
    shipped,
)

TEXT = st.text(max_size=120)


def template(body: Any, escape: str = "none") -> Any:
    return read_template(json.dumps({"escape": escape, "body": body}).encode())


def shape_of(node: Any) -> Any:
    """A tree without its texts."""
    if isinstance(node, dict):
        return {key: shape_of(value) for key, value in node.items()}
    if isinstance(node, list):
        return [shape_of(one) for one in node]
    return type(node).__name__


def unescaped(shape: str, node: Any) -> set[str]:
    """Every text of a tree, as its receiver shows it."""
    if isinstance(node, dict | list):
        inner = node.values() if isinstance(node, dict) else node
        return {text for one in inner for text in unescaped(shape, one)}
    if not isinstance(node, str):
        return set()
    return {html.unescape(node) if shape == "slack" else node}


@pytest.mark.parametrize("shape", SHAPES)
@given(TEXT, TEXT, TEXT, TEXT)
def test_no_value_changes_the_form_of_a_body(
    shape: str, subject: str, text: str, owner: str, next_action: str
) -> None:
    usual = message(body=("a sentence",), owner="o", next_action="n")
    odd = message(subject=subject, body=(text,), owner=f"o{owner}", next_action=f"n{next_action}")

    made = [json.loads(shipped(shape).render(one, "ward-3")) for one in (usual, odd)]

    assert shape_of(made[0]) == shape_of(made[1])
    assert unescaped(shape, made[1]) >= {odd.subject}


@given(TEXT)
def test_slack_reads_no_command_in_a_value(text: str) -> None:
    given = message(subject=f"<!channel> {text} <http://evil.example|here>", body=(text,))
    body = json.loads(shipped("slack").render(given))

    texts = [body["text"], *(one["text"]["text"] for one in body["blocks"] if "text" in one)]
    assert not any(char in one for one in texts for char in "<>")
    assert html.unescape(body["text"]) == given.subject
    assert all(len(one) <= 3000 for one in texts)


@given(TEXT)
def test_escaped_markdown_has_no_bare_punctuation(text: str) -> None:
    escaped = ESCAPES["markdown"](text)

    assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escaped) == text
    assert not re.search(r"(?<!\\)[*_\[\]()`#<>|~]", re.sub(r"\\\\", "", escaped))


@given(TEXT)
def test_a_value_that_names_values_is_not_read_again(text: str) -> None:
    given = message(subject=f"{{owner}} {text} {{link:raw}}")

    assert json.loads(template({"a": "{subject}"}).render(given)) == {"a": given.subject}


def test_what_is_empty_is_left_out() -> None:
    none = message(link="", next_action="", owner="")

    assert "click" not in json.loads(shipped("ntfy").render(none, "t"))
    assert json.loads(shipped("teams").render(none))["attachments"][0]["content"]["actions"] == []
    kinds = [one["type"] for one in json.loads(shipped("slack").render(none))["blocks"]]
    assert kinds == ["section"] * 3


@pytest.mark.parametrize(
    ("tier", "priority"), [("PAGE", 5), ("WARNING", 4), ("NOTICE", 3), ("UNKNOWN", 3)]
)
def test_the_tier_chooses(tier: str, priority: int) -> None:
    assert json.loads(shipped("ntfy").render(message(tier=tier), "t"))["priority"] == priority


def test_a_template_of_ones_own_says_what_it_likes() -> None:
    own = template(
        {
            "say": ["{subject} at {at}", {"$each": "body", "$value": "- {item}"}],
            "urgent": {"$tier": {"PAGE": True, "WARNING": False, "NOTICE": None}},
            "kept": [1, 2.5, None, "{ }", "{}", "{ subject }"],
        }
    )

    assert json.loads(own.render(message())) == {
        "say": [
            "Bay 2: 2 nurses missing at 2025-12-01T02:04:00Z",
            *(f"- {one}" for one in message().body),
        ],
        "urgent": True,
        "kept": [1, 2.5, None, "{ }", "{}", "{ subject }"],
    }


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"a": "{zone}"}, "body.a: {zone} is no value"),
        ({"a": ["x", {"b": "{person_ids}"}]}, "body.a[1].b: {person_ids} is no value"),
        ({"a": "{item}"}, "body.a: {item} is no value"),
        ({"a": {"$each": "body", "$value": "{item}"}}, "body.a: $each"),
        ({"a": [{"$each": "people"}]}, "body.a[0]: $each"),
        ({"a": {"$if": "zone"}}, "body.a: $if names no value"),
        ({"a": {"$if": ["link"]}}, "body.a: $if names no value"),
        ({"a": {"$tier": {"PAGE": 1}}}, "body.a: $tier"),
        ({"a": {"$value": 1, "b": 2}}, "body.a: $value"),
        ({"a": {"$repeat": 1}}, "body.a: $repeat is none of"),
        ({"$if": "link", "a": 1}, "body: the body cannot be left out"),
        ("{subject}", "body: must be an object or a list"),
    ],
)
def test_a_fault_of_a_template_is_named_with_its_path(body: Any, fault: str) -> None:
    with pytest.raises(TemplateRefused) as refused:
        template(body)

    assert fault in str(refused.value)


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"[]", b"{", b"\xff", b'{"body": {}}', b'{"escape": "none", "body": {}, "c": 1}'),
        b'{"escape": "rot13", "body": {}}',
        b'{"escape": "none", "body": ' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"escape": "none", "body": {"a": NaN}}',
        b'{"escape": "none", "body": {"a": "\\ud800"}}',
        b"[" * 60_000,
        b" " * 70_000,
    ],
)
def test_what_is_no_template_is_refused(data: bytes) -> None:
    with pytest.raises(TemplateRefused):
        read_template(data)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=20)
        | st.sampled_from(["{subject}", "{link:raw}", "{item}", "$if", "body"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["a", "b", "$if", "$each", "$tier", "$value", "PAGE", "NOTICE"]),
                inner,
                max_size=3,
            )
        ),
        max_leaves=12,
    )
)
def test_a_template_that_was_accepted_makes_json_of_every_message(body: Any) -> None:
    try:
        own = template(body)
    except TemplateRefused:
        return
    for one in (message(), message(link="", body=(), owner="", tier="UNKNOWN")):
        json.loads(own.render(one))
