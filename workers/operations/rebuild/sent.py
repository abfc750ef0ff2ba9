"""Records of a partition that the derived topics already hold."""

from collections.abc import Mapping

from runtime.checkpoints import EntityState
from runtime.checkpoints.codec import encode_entity
from runtime.checkpoints.log import LogReader
from runtime.kafka.cluster import Cluster
from schemas.topics import TRACKS, Topic
from streams.domain.camera.step import CameraState
from streams.domain.entity import raise_seqs
from streams.state.codec import decode_state, encode_state


class Sent:
    """The newest record of each key.

    Args:
        cluster: Where the topics are.
        log: Reads backwards.
        partition: Partition of the detections and of all derived topics.
    """

    def __init__(self, cluster: Cluster, log: LogReader, partition: int) -> None:
        self._cluster = cluster
        self._log = log
        self._partition = partition
        self._newest: dict[tuple[str, str], Mapping[str, object]] = {}
        self._asked: set[tuple[str, str]] = set()

    def is_ahead_of(self, states: Mapping[bytes, EntityState]) -> bool:
        """Whether tracks were sent for frames not folded yet, as after a crash."""
        for key, state in states.items():
            entity = decode_state(key.decode(), state)
            if isinstance(entity, CameraState):
                record = self._newest_record(TRACKS, entity.camera_id)
                if record is not None and int(str(record["captured_us"])) > entity.last_us:
                    return True
        return False

    def renumbered(self, states: Mapping[bytes, EntityState]) -> dict[bytes, bytes]:
        """The records of a checkpoint that holds these states, with seqs above what was sent."""
        records = {}
        for key, state in sorted(states.items()):
            entity = decode_state(key.decode(), state)
            raise_seqs(entity, self._newest_seq)
            records[key] = encode_entity(encode_state(entity))
        return records

    def _newest_seq(self, topic: Topic, key: str) -> int:
        record = self._newest_record(topic, key)
        return 0 if record is None else int(str(record["seq"]))

    def _newest_record(self, topic: Topic, key: str) -> Mapping[str, object] | None:
        """The record of the highest seq of a key; one question serves all keys that it passes.

        That need not be the last one in the log: a process that was killed while it repeated what
        its predecessor had sent leaves a lower seq after it. So one more window is looked through
        than the key was found in.
        """
        wanted = (topic.name, key)
        if wanted in self._asked:
            return self._newest.get(wanted)
        codec = self._cluster.registry.reader(topic)
        met: set[tuple[str, str]] = set()
        name = self._cluster.name(topic)
        for window in self._log.windows(name, self._partition):
            before = set(met)
            for message in window:
                found = (topic.name, message.key().decode())
                if found in self._asked:
                    continue
                record = codec.decode(message.value())
                if found not in met or record["seq"] > int(str(self._newest[found]["seq"])):
                    self._newest[found] = record
                met.add(found)
            if wanted in before:
                break
        else:
            before = met
        self._asked |= before | {wanted}
        return self._newest.get(wanted)
