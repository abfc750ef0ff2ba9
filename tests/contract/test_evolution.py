"""A changed schema is harmless, or `make test` refuses it and names the topic and the field."""

import json

import pytest

from schemas.topics import Topic
from tests.support.compatibility import refusals
from tests.support.schema_evolution import AVRO_TOPICS, HARMLESS, breaking, schema_of


@pytest.mark.parametrize("topic", AVRO_TOPICS, ids=lambda topic: topic.name)
def test_harmless_changes_pass_alone_and_together(topic: Topic) -> None:
    released = schema_of(topic)
    changed = released
    for change in HARMLESS.values():
        alone = json.dumps(change(released))
        changed = change(changed)

        assert refusals(topic.name, {1: json.dumps(released)}, alone) == []
    assert refusals(topic.name, {1: json.dumps(released)}, json.dumps(changed)) == []


@pytest.mark.parametrize("topic", AVRO_TOPICS, ids=lambda topic: topic.name)
def test_breaking_changes_are_refused_by_topic_and_field(topic: Topic) -> None:
    released = schema_of(topic)
    for what, (candidate, field) in breaking(released).items():
        reported = refusals(topic.name, {1: json.dumps(released)}, json.dumps(candidate))

        assert reported, what
        assert any(line.startswith(f"{topic.name}: field {field}: ") for line in reported), reported
        assert all(line.endswith("(against version 1)") for line in reported), reported
