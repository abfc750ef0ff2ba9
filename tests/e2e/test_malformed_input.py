"""The stream processor with malformed records."""

import pytest

from deploy.local.launcher import Worker
from runtime.errors import EXIT_STOP
from runtime.kafka.dead_letter_log import read_dead_letters
from runtime.kafka.producer import ReliableProducer
from schemas.topics import DETECTIONS
from tests.support import simulated
from tests.support.clusters import cluster_of
from tests.support.played_pipeline import PlayedPipeline
from workers.local.pipeline import prepare

MALFORMED = 300


@pytest.mark.timeout(300)
def test_the_stream_processor_leaves_a_topic_of_malformed_records_where_it_is(
    pipeline: PlayedPipeline,
) -> None:
    """A few become dead letters; when all records are malformed, the process ends for good."""
    prepare(cluster_of(pipeline.settings), pipeline.settings.database_url.get_secret_value())
    simulated.register(pipeline.settings, ["sim-0"])
    simulated.Feed(pipeline.settings, ["sim-0"], 5, seed=3).send()
    producer = ReliableProducer(cluster_of(pipeline.settings))
    name = cluster_of(pipeline.settings).name(DETECTIONS)
    for _ in range(MALFORMED):
        producer.produce(name, key="sim-0", value=b"poison", partition=0)
    producer.flush()
    limit = {"WARDSTREAM_DEAD_LETTERS__WINDOW_RECORDS": "40"}
    pipeline.supervisor.start(Worker(name="stream", command=("stream",), environment=limit))

    status = pipeline.supervisor.wait("stream", 240)

    assert status == EXIT_STOP
    text = pipeline.supervisor.log("stream").read_text()
    assert "stream: 21 of the last 40 records are dead letters" in text
    assert len(read_dead_letters(cluster_of(pipeline.settings))) <= 21
