"""Offsets that are missing from the input: markers of transactions, or records that are gone."""

from collections.abc import Callable

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from runtime.checkpoints import InputGone, StageTopics
from tests.integration.runtime.checkpoints.stage import running, write
from tests.support.clusters import LOGGED
from tests.support.waiting import eventually


def test_an_input_that_was_made_again_stops_the_process(
    bootstrap: str, stage: StageTopics, admin: AdminClient, create: Callable[..., None]
) -> None:
    write(bootstrap, stage.input, 0, "a=1")
    with running(bootstrap, stage) as first:
        first.take_over(0)
        first.fold_all()
        first.save()
    admin.delete_topics([stage.input])[stage.input].result(timeout=30)
    await_topic_gone(admin, stage.input)
    create(stage.input)
    write(bootstrap, stage.input, 0, "other=1", "other=2")

    with running(bootstrap, stage) as second, pytest.raises(InputGone, match="made again"):
        second.take_over(0)


def await_topic_gone(admin: AdminClient, topic: str) -> None:
    eventually(lambda: topic not in admin.list_topics(timeout=60).topics, 20, f"{topic} to be gone")


def test_an_input_that_retention_has_passed_stops_the_process(
    bootstrap: str, stage: StageTopics, admin: AdminClient
) -> None:
    write(bootstrap, stage.input, 0, "a=1")
    with running(bootstrap, stage) as first:
        first.take_over(0)
        first.fold_all()
        first.save()
    write(bootstrap, stage.input, 0, "a=2", "a=3")
    trim(admin, stage.input, 0, 2)

    with running(bootstrap, stage) as second, pytest.raises(InputGone, match="1 comes next"):
        second.take_over(0)


def trim(admin: AdminClient, topic: str, partition: int, offset: int) -> None:
    """Delete the records before `offset`."""
    target = TopicPartition(topic, partition, offset)
    admin.delete_records([target])[target].result(timeout=30)


def test_markers_of_transactions_explain_a_gap(bootstrap: str, stage: StageTopics) -> None:
    upstream = Producer({**LOGGED, "bootstrap.servers": bootstrap, "transactional.id": "upstream"})
    upstream.init_transactions(30)
    for value in (b"1", b"2"):
        upstream.begin_transaction()
        upstream.produce(stage.input, key=b"a", value=value, partition=0)
        upstream.commit_transaction(30)

    with running(bootstrap, stage) as process:
        process.take_over(0)
        assert process.store.explains_gap(0, expected=1, received=2)


def test_a_record_that_the_log_holds_does_not_explain_a_gap(
    bootstrap: str, stage: StageTopics
) -> None:
    write(bootstrap, stage.input, 0, "a=1", "a=2", "a=3")

    with running(bootstrap, stage) as process:
        process.take_over(0)
        assert not process.store.explains_gap(0, expected=1, received=2)


def test_retention_does_not_explain_a_gap(
    bootstrap: str, stage: StageTopics, admin: AdminClient
) -> None:
    write(bootstrap, stage.input, 0, "a=1", "a=2", "a=3")

    with running(bootstrap, stage) as process:
        process.take_over(0)
        trim(admin, stage.input, 0, 2)
        with pytest.raises(InputGone, match="begins at 2; 1 comes next"):
            process.store.explains_gap(0, expected=1, received=2)
