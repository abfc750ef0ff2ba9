"""A detector that tells roles apart gives people their roles, through every process."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from runtime.kafka.reader import read_topic
from schemas.registry import SchemaRegistry
from schemas.topics import DETECTIONS, OCCUPANCY, PRESENCE, Topic
from tests.support.clusters import cluster_of
from tests.support.coloured_ward import (
    CLASSES,
    COLOUR_OF,
    STAFF,
    colour_detector,
    played_ward,
)
from tests.support.played_pipeline import PlayedPipeline
from tests.support.services import Services, separate_environment

ROLES = {
    "WARDSTREAM_CLASSES__ROLES": "nurse=nurse:0.95, doctor=doctor:0.95:uniform",
}


def records(played: PlayedPipeline, topic: Topic) -> list[Any]:
    codec = SchemaRegistry(played.settings.registry_url).reader(topic)
    return [codec.decode(one.value()) for one in read_topic(cluster_of(played.settings), topic)]


@pytest.mark.chaos_long
@pytest.mark.timeout(600)
def test_people_have_the_roles_that_their_classes_say_from_the_pixels_to_presence(
    services: Services, database_template: str, tmp_path: Path
) -> None:
    with (
        separate_environment(services, database_template) as environment,
        played_ward(
            {**environment, **ROLES},
            tmp_path,
            weights=colour_detector(tmp_path / "colours.onnx"),
            colours=[COLOUR_OF[role] for role in STAFF.values()],
        ) as played,
    ):
        assert played.difference_from_oracle() is None
        assert played.difference_of_tables() is None
        seen = Counter(
            box["label"] for one in records(played, DETECTIONS) for box in one["detections"]
        )
        people = [person for one in records(played, PRESENCE) for person in one["people"]]
        identified = max(one["identified"] for one in records(played, OCCUPANCY))

    assert seen.keys() == {*CLASSES}
    assert max(seen.values()) < 1.2 * min(seen.values())
    by_role = Counter((one["role"], tuple(one["role_evidence"])) for one in people)
    assert by_role.keys() == {
        ("", ()),
        ("nurse", ("DETECTOR_CLASS",)),
        ("doctor", ("UNIFORM",)),
    }
    assert by_role["", ()] < sum(by_role.values()) / 2, "most of the time their roles are known"
    assert identified >= 2
    assert {one["staff_id"] for one in people} == {None}, "a class names nobody"
