"""Compare what a run wrote with the fold of its log by one process from the start."""

import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from runtime.checkpoints import CheckpointDamaged
from runtime.checkpoints.codec import HEAD_KEY, assemble
from tests.chaos.checkpoint.counting import DELETE, STATE_VERSION, chained
from tests.chaos.checkpoint.worker import topics
from tests.support.clusters import LOGGED


class Verdict(msgspec.Struct, kw_only=True):
    """Comparison of a run with its oracle; every count but `events` and `repeated` is a fault.

    Attributes:
        events: Number of records in the input.
        repeated: Number of outputs that came more than once with the same bytes.
        missing: Number of input records without an output.
        wrong: Number of outputs that differ from the oracle's.
        conflicting: Number of outputs that came again with other bytes.
        reordered: Number of outputs whose count does not follow the last one of their key, after
            a consumer has dropped repeats.
        went_back: Number of checkpoints that resume before an earlier one of the same partition.
        states_wrong: Number of keys whose saved state differs, is missing or is left over.
        not_at_end: Number of partitions whose checkpoint is not at the end of the log.
        damaged: Number of partitions whose checkpoint contradicts itself.
        saved: Number of checkpoints written.
    """

    events: int = 0
    repeated: int = 0
    missing: int = 0
    wrong: int = 0
    conflicting: int = 0
    reordered: int = 0
    went_back: int = 0
    states_wrong: int = 0
    not_at_end: int = 0
    damaged: int = 0
    saved: int = 0

    @property
    def faults(self) -> dict[str, int]:
        """The counts that must be zero and are not."""
        return {
            name: value
            for name, value in msgspec.structs.asdict(self).items()
            if value and name not in {"events", "repeated", "saved"}
        }


def ends(bootstrap: str, topic: str, partitions: int) -> list[int]:
    """End offset of each partition; waits while the broker is away."""
    consumer = Consumer({**LOGGED, "bootstrap.servers": bootstrap, "group.id": "oracle"})
    until_s = time.monotonic() + 60
    try:
        while True:
            try:
                return [
                    consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=10)[1]
                    for p in range(partitions)
                ]
            except KafkaException:
                if time.monotonic() > until_s:
                    raise
                time.sleep(0.1)
    finally:
        consumer.close()


def records(bootstrap: str, topic: str, partitions: int, isolation: str) -> Iterator[Any]:
    """All records of a topic, each partition in order."""
    consumer = Consumer(
        {
            **LOGGED,
            "bootstrap.servers": bootstrap,
            "group.id": "oracle",
            "enable.auto.commit": False,
            "isolation.level": isolation,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 20,
        }
    )
    for partition in range(partitions):
        consumer.assign([TopicPartition(topic, partition, 0)])
        while True:
            message = consumer.poll(30)
            assert message is not None, f"{topic}[{partition}] cannot be read to its end"
            error = message.error()
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:
                break
            else:
                raise AssertionError(error)
    consumer.close()


def judge(bootstrap: str, run: str, partitions: int) -> Verdict:
    """Fold the input again, and compare outputs and checkpoints with the result."""
    verdict = Verdict()
    outputs, states = _expected(bootstrap, run, partitions)
    verdict.events = len(outputs)
    _judge_outputs(bootstrap, run, partitions, outputs, verdict)
    _judge_checkpoints(bootstrap, run, partitions, states, verdict)
    return verdict


Outputs = dict[bytes, tuple[bytes, bytes]]
States = list[dict[bytes, bytes]]


def _expected(bootstrap: str, run: str, partitions: int) -> tuple[Outputs, States]:
    outputs: Outputs = {}
    folded: list[dict[bytes, tuple[int, bytes]]] = [{} for _ in range(partitions)]
    for message in records(bootstrap, topics(run).input, partitions, "read_uncommitted"):
        keys, key, value = folded[message.partition()], message.key(), message.value()
        count, chain = keys.get(key, (0, b""))
        count, chain = count + 1, chained(chain, value)
        if value.startswith(DELETE):
            keys.pop(key, None)
        else:
            keys[key] = count, chain
        name = b"%d:%d" % (message.partition(), message.offset())
        outputs[name] = key, b"%d|%s" % (count, chain.hex().encode())
    states = [
        {b"key/" + k: b"%d|%s" % (n, c.hex().encode()) for k, (n, c) in keys.items()}
        for keys in folded
    ]
    return outputs, states


def _judge_outputs(
    bootstrap: str, run: str, partitions: int, expected: Outputs, verdict: Verdict
) -> None:
    seen: dict[bytes, tuple[bytes, bytes]] = {}
    newest: dict[bytes, int] = defaultdict(lambda: -1)
    successor: dict[bytes, list[int]] = defaultdict(list)
    for name in expected:
        successor[name.split(b":")[0] + b"/" + expected[name][0]].append(int(name.split(b":")[1]))
    position: dict[bytes, int] = defaultdict(int)
    for message in records(bootstrap, f"{run}-output", partitions, "read_uncommitted"):
        name, value = message.value().split(b"|", 1)
        output = message.key(), value
        if name in seen:
            verdict.repeated += 1
            verdict.conflicting += seen[name] != output
        seen[name] = output
        verdict.wrong += expected.get(name) != output
        partition, offset = name.split(b":")
        series = partition + b"/" + message.key()
        if int(offset) > newest[series]:  # as a consumer that drops repeats
            newest[series] = int(offset)
            follows = successor[series]
            index = position[series]
            verdict.reordered += index >= len(follows) or follows[index] != int(offset)
            position[series] = index + 1
    verdict.missing = len(expected.keys() - seen.keys())


def _judge_checkpoints(
    bootstrap: str, run: str, partitions: int, states: States, verdict: Verdict
) -> None:
    newest: list[dict[bytes, bytes]] = [{} for _ in range(partitions)]
    progress = [0] * partitions
    for message in records(bootstrap, topics(run).checkpoints, partitions, "read_committed"):
        partition, key, value = message.partition(), message.key(), message.value()
        if value is None:
            newest[partition].pop(key, None)
            continue
        newest[partition][key] = value
        if key == HEAD_KEY:
            verdict.saved += 1
            next_offset = msgspec.json.decode(value)["next_offset"]
            verdict.went_back += next_offset < progress[partition]
            progress[partition] = max(progress[partition], next_offset)
    log = ends(bootstrap, topics(run).input, partitions)
    for partition, found in enumerate(newest):
        if not found:
            verdict.not_at_end += log[partition] > 0
            continue
        try:
            checkpoint = assemble(partition, found, max_version=STATE_VERSION)
        except CheckpointDamaged:
            verdict.damaged += 1
            continue
        verdict.not_at_end += checkpoint.head.next_offset != log[partition]
        verdict.states_wrong += checkpoint.head.side_offsets["seen"] != log[partition]
        saved = {key: state.data for key, state in checkpoint.entities.items()}
        keys = saved.keys() | states[partition].keys()
        verdict.states_wrong += sum(saved.get(k) != states[partition].get(k) for k in keys)
