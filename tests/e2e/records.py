"""What the topics of a played pipeline hold, and what always holds of it."""

import itertools
from collections import Counter, defaultdict
from typing import Any

import psycopg
from confluent_kafka import Message

from runtime.errors import Retry
from runtime.kafka.reader import read_topic
from schemas.registry import SchemaRegistry
from schemas.topics import DETECTIONS, FRAMES, TRACKS, Topic
from tests.support.clusters import cluster_of
from tests.support.played_pipeline import PlayedPipeline
from tests.support.waiting import eventually

Records = dict[str, list[dict[str, Any]]]


def records(pipeline: PlayedPipeline, topic: Topic, by: str = "camera_id") -> Records:
    """All records of a topic by camera, or by another field, in log order."""
    codec = SchemaRegistry(pipeline.settings.registry_url).reader(topic)
    found: Records = defaultdict(list)
    for message in messages(pipeline, topic):
        record = codec.decode(message.value())
        found[record[by]].append(record)
    return found


def messages(pipeline: PlayedPipeline, topic: Topic) -> list[Message]:
    """All messages of a topic; waits for a busy broker."""
    read: list[Message] = []

    def complete() -> bool:
        try:
            read[:] = read_topic(cluster_of(pipeline.settings), topic)
        except Retry:
            return False
        return True

    eventually(complete, what=f"{topic.name} to be read")
    return read


def count(pipeline: PlayedPipeline, topic: Topic, **kind: str) -> int:
    """Number of records of a kind."""
    return sum(
        all(record[name] == value for name, value in kind.items())
        for found in records(pipeline, topic).values()
        for record in found
    )


def arrive(pipeline: PlayedPipeline, topic: Topic, number: int, **kind: str) -> None:
    """Wait for a number of further records of a kind."""
    goal = count(pipeline, topic, **kind) + number
    what = f"{number} more {kind} in {topic.name}"
    eventually(lambda: count(pipeline, topic, **kind) >= goal, what=what, pause_s=0.5)


def check_every_frame_has_one_outcome(pipeline: PlayedPipeline) -> Counter[tuple[str, str]]:
    """Compare the frames and the detections; returns frames by outcome and reason."""
    frames, outcomes = records(pipeline, FRAMES), records(pipeline, DETECTIONS)
    counted: Counter[tuple[str, str]] = Counter()
    for camera_id, sent in frames.items():
        assert [frame["seq"] for frame in sent] == list(range(1, len(sent) + 1))
        times_us = [frame["captured_us"] for frame in sent]
        assert all(a < b for a, b in itertools.pairwise(times_us)), "event time rises"
        answered = Counter((each["frame_seq"], each["captured_us"]) for each in outcomes[camera_id])
        assert answered == Counter((frame["seq"], frame["captured_us"]) for frame in sent)
        counted += Counter((each["outcome"], each["reason"]) for each in outcomes[camera_id])
    return counted


def check_derived(pipeline: PlayedPipeline) -> None:
    """Check that topics and tables are the fold of the pipeline's detections."""
    assert pipeline.difference_from_oracle() is None
    assert pipeline.difference_of_tables() is None
    tracks = sum(map(len, records(pipeline, TRACKS).values()))
    with psycopg.connect(pipeline.settings.database_url.get_secret_value()) as connection:
        rows = connection.execute("SELECT count(*) FROM tracks").fetchone()
    assert tracks > 0
    assert rows is not None
    assert rows[0] > 0, "people became rows"
