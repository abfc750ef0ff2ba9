"""What a process restores from the checkpoints of the process before it."""

from collections.abc import Callable

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from runtime.checkpoints import StageTopics
from runtime.errors import EXIT_STOP, Stop
from tests.integration.runtime.checkpoints.stage import read, running, write
from tests.support.clusters import LOGGED
from tests.support.waiting import eventually


def test_a_second_process_resumes_where_the_first_one_saved(
    bootstrap: str, stage: StageTopics
) -> None:
    write(bootstrap, stage.input, 0, "a=1", "b=1", "a=2")
    with running(bootstrap, stage) as first:
        first.take_over(0)
        first.fold_all()
        first.save()
    write(bootstrap, stage.input, 0, "a=3", "b=", "c=1")

    with running(bootstrap, stage) as second:
        second.take_over(0)
        assert second.counts(0) == {"a": 2, "b": 1}
        assert second.owned[0].next_offset == 3
        second.fold_all()
        second.save()

    with running(bootstrap, stage) as third:
        third.take_over(0)
        assert third.counts(0) == {"a": 3, "c": 1}


def test_what_was_not_saved_is_folded_again_to_the_same_outputs(
    bootstrap: str, stage: StageTopics
) -> None:
    write(bootstrap, stage.input, 0, "a=1", "a=2")
    with running(bootstrap, stage) as crashed:
        crashed.take_over(0)
        crashed.fold_all()
        crashed.store.outputs.flush()

    with running(bootstrap, stage) as next_one:
        next_one.take_over(0)
        next_one.fold_all()
        next_one.save()

    outputs = [r.value for r in read(bootstrap, f"{stage.stage}-output", 0, 0)]
    assert outputs == [b"1", b"2", b"1", b"2"]


def test_an_uncommitted_checkpoint_does_not_count(bootstrap: str, stage: StageTopics) -> None:
    write(bootstrap, stage.input, 0, "a=1")
    with running(bootstrap, stage) as first:
        first.take_over(0)
        first.fold_all()
        first.save()
    torn = Producer(
        {
            **LOGGED,
            "bootstrap.servers": bootstrap,
            "transactional.id": f"{stage.stage}-0",
            "linger.ms": 0,
        }
    )
    torn.init_transactions(30)
    torn.begin_transaction()
    torn.produce(stage.checkpoints, key=b"a", value=b"\x01999", partition=0)
    torn.flush(30)
    await_end_offset(bootstrap, stage.checkpoints, 0, 4)

    with running(bootstrap, stage) as second:
        second.take_over(0)
        assert second.counts(0) == {"a": 1}


def await_end_offset(bootstrap: str, topic: str, partition: int, offset: int) -> None:
    """Wait until a partition holds `offset` records and markers, committed or not."""
    consumer = Consumer(
        {
            **LOGGED,
            "bootstrap.servers": bootstrap,
            "group.id": "test",
            "isolation.level": "read_uncommitted",
        }
    )
    asked = TopicPartition(topic, partition)
    eventually(
        lambda: consumer.get_watermark_offsets(asked, timeout=60)[1] >= offset,
        20,
        f"{topic} to end at {offset}",
    )
    consumer.close()


def test_no_checkpoint_is_written_when_an_output_was_not_delivered(
    bootstrap: str, stage: StageTopics, create: Callable[..., None]
) -> None:
    refusing = f"{stage.stage}-refusing"
    create(refusing, max_message_bytes="1")
    write(bootstrap, stage.input, 0, "a=1")
    with running(bootstrap, stage, output=refusing) as process:
        process.take_over(0)
        process.fold_all()

        with pytest.raises(Stop, match=f"refuses a record of {refusing}.*would again") as refused:
            process.save()
        assert refused.value.exit_code == EXIT_STOP

    assert read(bootstrap, stage.checkpoints, 0, 0) == []


def test_a_compacted_log_gives_the_same_state(
    bootstrap: str, stage: StageTopics, admin: AdminClient, create: Callable[..., None]
) -> None:
    """Segments roll and are compacted at once, so most records but the newest are gone."""
    topics = StageTopics(
        stage=stage.stage, input=stage.input, checkpoints=f"{stage.stage}-compacted"
    )
    create(
        topics.checkpoints,
        cleanup_policy="compact",
        segment_ms="50",
        min_cleanable_dirty_ratio="0.01",
        delete_retention_ms="50",
        max_compaction_lag_ms="100",
    )
    with running(bootstrap, topics) as first:
        write(bootstrap, topics.input, 0, "seldom=1", "gone=1")
        first.take_over(0)
        first.fold_all()
        first.save()
        write(bootstrap, topics.input, 0, "gone=")
        saves = 0

        def cleaned() -> bool:
            nonlocal saves
            write(bootstrap, topics.input, 0, "often=1")
            first.fold_all()
            first.save()
            saves += 1
            return saves >= 20 and len(read(bootstrap, topics.checkpoints, 0, 0)) <= saves

        eventually(cleaned, 90, "the log cleaner to run", pause_s=0.1)
        expected = first.counts(0)

    with running(bootstrap, topics) as second:
        second.take_over(0)
        assert second.counts(0) == expected
        assert expected == {"often": saves, "seldom": 1}
