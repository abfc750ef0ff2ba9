"""A stream processor that is killed at the worst moments, between the two halves of a save."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGCONT, SIGSTOP

from deploy.local.launcher import Worker
from runtime.checkpoints.claim import TRANSACTION_TIMEOUT_S
from runtime.checkpoints.codec import HEAD_KEY, Head, decode_head
from runtime.errors import Retry
from runtime.kafka.lag import LogProbe
from runtime.kafka.reader import read_topic
from runtime.kafka.topics import create_topics
from schemas.topics import DETECTIONS, STREAM_CHECKPOINTS, TRACKS
from streams.stage import STAGE
from tests.support import simulated
from tests.support.clusters import cluster_of
from tests.support.played_pipeline import PlayedPipeline, played_pipeline
from tests.support.services import Services, delete_topics, new_prefix
from tests.support.waiting import eventually

CAMERAS = ["sim-0", "sim-1"]
PARTITION = 0
"""Partition of both cameras' floors, so that one checkpoint has changed and unchanged entities."""

SESSION = {"WARDSTREAM_STREAM__SESSION_TIMEOUT_S": "4", "WARDSTREAM_STREAM__CHECKPOINT_S": "0.3"}
ROUND = 20
"""Number of frames of each camera that are sent at once."""

BEFORE_THE_CRASH = 2 * ROUND * len(CAMERAS)
"""Number of records in the input when a process is killed in a save."""

CHANGED = {"WARDSTREAM_TRACKING__LOST_AFTER_S": "0.05"}
"""A person who is missed in one frame is lost at once, which shows in every tracks record."""
DEADLINE_S = 180.0


@dataclass
class HeldPipeline:
    """One stage over a partition of simulated detections.

    Attributes:
        pipeline: Topics and processes.
        mutation: Mutation of its processes, which takes a guard out; `intact` for none.
        feed: Source of its detections.
        crashes: Number of processes killed so far, for names.
    """

    pipeline: PlayedPipeline
    mutation: str
    feed: simulated.Feed
    crashes: int = field(default=0)

    def start(self, name: str = "stream", **settings: str) -> None:
        """Start a stream processor, with settings of its own if given."""
        program = (
            sys.executable,
            "-m",
            "tests.support.mutant",
            self.mutation,
            str(self.pipeline.folder),
        )
        self.pipeline.supervisor.start(
            Worker(name=name, command=("stream",), program=program, environment=SESSION | settings)
        )

    def await_checkpoint(self) -> None:
        """Wait until all input is in a checkpoint, or until a mutant has given up."""
        eventually(
            lambda: self.high_water() >= self.feed.sent or self.broken, DEADLINE_S, "a checkpoint"
        )

    @property
    def broken(self) -> bool:
        """Whether a mutant has failed and cannot continue; the intact program never does."""
        if self.mutation == "intact":
            return False
        return bool(self.pipeline.supervisor.failure) or "was delivered" in self.text

    @property
    def text(self) -> str:
        """What the processes have logged."""
        logs = sorted((self.pipeline.folder / "logs").glob("*.log"))
        return "".join(log.read_text(errors="replace") for log in logs)

    def hold(self, order: str = "hold") -> None:
        """Stop the next save between its halves; a save that another order holds continues."""
        complete = self.pipeline.folder / "hold.new"
        complete.write_text(order)
        complete.replace(self.pipeline.folder / "hold")

    def await_held(self) -> None:
        """Wait until a save has stopped between its halves."""
        held = self.pipeline.folder / "held"
        eventually(lambda: held.exists() or self.broken, DEADLINE_S, "a save to be held")

    def release(self) -> None:
        """Let saves continue."""
        for name in ("hold", "held"):
            (self.pipeline.folder / name).unlink(missing_ok=True)

    def kill_in_a_save(self) -> None:
        """Kill a process when the group's offset is committed and one half of a save is done.

        There is more input when the next process starts: one that resumes at the wrong offset
        reads that at once, before it commits the offset of its checkpoint.
        """
        self.fold_past_a_checkpoint()
        self.pipeline.supervisor.kill("stream")
        self.release()
        self.feed.send(ROUND)
        self.pipeline.supervisor.restart("stream")
        self.await_checkpoint()

    def change_settings_behind_a_crash(self) -> None:
        """Kill a process in a save; the next one tracks with other settings."""
        self.fold_past_a_checkpoint()
        self.pipeline.supervisor.kill("stream")
        self.release()
        self.start("changed", **CHANGED)
        for _ in range(2):
            self.await_checkpoint()
            self.feed.send(ROUND)
        self.await_checkpoint()

    def upgrade_behind_a_crash(self, *, twice: bool) -> None:
        """Kill one release in a save; with `twice`, also the next one before its first save."""
        self.fold_past_a_checkpoint()
        self.pipeline.supervisor.kill("stream")
        (self.pipeline.folder / "held").unlink()
        self.mutation = "intact"
        if twice:
            self.start("killed-too")
            self.await_held()
            self.pipeline.supervisor.kill("killed-too")
        self.release()
        self.start("heir")
        self.feed.send(ROUND)
        self.await_checkpoint()

    def upgrade_while_one_is_frozen(self) -> None:
        """Stop a release in the middle of a batch, let the next one fold that, and wake the first.

        The first release must be one that can be held there.
        """
        self.feed.send(ROUND)
        self.await_checkpoint()
        reported = self.reported()
        self.feed.send(3 * ROUND)
        eventually(
            lambda: self.reported() > reported, DEADLINE_S, "the batch to be begun", pause_s=0.05
        )
        self.hold()
        self.await_held()
        self.pipeline.supervisor.kill("stream", SIGSTOP)
        self.release()
        zombie = self.pipeline.supervisor.pid("stream")
        self.mutation = "intact"
        self.start("successor")
        self.await_checkpoint()
        assert self.owner() != zombie, "the successor has not taken over"
        self.pipeline.supervisor.kill("stream", SIGCONT)
        eventually(
            lambda: not self.pipeline.supervisor.alive("stream"), DEADLINE_S, "the zombie's end"
        )
        self.feed.send(ROUND)
        self.await_checkpoint()

    def fold_past_a_checkpoint(self) -> None:
        """Commit one half of a save: outputs without their checkpoint, or the reverse."""
        self.feed.send(ROUND)
        self.await_checkpoint()
        self.hold()
        self.feed.send(ROUND)
        self.await_held()
        eventually(
            lambda: self.committed() >= self.feed.sent or self.broken,
            DEADLINE_S,
            "the group's offset",
        )

    def wake_a_zombie(self) -> None:
        """Stop an owner in a save of one camera, let another fold both, and wake it again."""
        self.feed.send(ROUND)
        self.await_checkpoint()
        self.hold()
        self.feed.send(10, CAMERAS[:1])
        self.await_held()
        self.pipeline.supervisor.kill("stream", SIGSTOP)
        self.release()
        zombie = self.pipeline.supervisor.pid("stream")
        self.start("successor")
        self.feed.send(ROUND)
        self.await_checkpoint()
        assert self.owner() != zombie, "the successor has not taken over"
        self.hold("one save and no more")  # otherwise it would fold on and repair its damage
        self.pipeline.supervisor.kill("stream", SIGCONT)
        eventually(
            lambda: not self.pipeline.supervisor.alive("stream") or self.owner() == zombie,
            DEADLINE_S,
            "the zombie's save to be refused or written",
        )

    def replace_all(self) -> None:
        """Kill all processes, and let a new one read the checkpoints."""
        for name in ("successor", "stream"):
            if self.pipeline.supervisor.alive(name):
                self.pipeline.supervisor.kill(name)
        self.release()
        self.start("heir")
        self.feed.send()
        self.await_checkpoint()

    def committed(self) -> int:
        """The group's committed offset of the input; -1 while it is unknown."""
        settings = self.pipeline.settings
        source = (self.pipeline.observer.name(DETECTIONS), PARTITION)
        try:
            found = LogProbe(cluster_of(settings), answer_s=30).committed(
                cluster_of(settings).group(STAGE), [source]
            )
        except Retry:  # the coordinator may be moving or busy
            return -1
        return found.get(source, -1)

    def high_water(self) -> int:
        """Offset of the newest checkpoint; 0 while none can be read."""
        return max((head.next_offset for head in self._readable_heads()[-1:]), default=0)

    def heads(self) -> list[Head]:
        """Every head that was ever written, in order.

        A transaction that a stopped process left open hides them until the broker aborts it.
        """
        aborted_s = TRANSACTION_TIMEOUT_S + 60.0  # the broker looks for old ones now and then
        return eventually(self._readable_heads, aborted_s, "heads of checkpoints to be readable")

    def _readable_heads(self) -> list[Head]:
        """Heads in the log; none while it cannot be read to its end."""
        messages = read_topic(cluster_of(self.pipeline.settings), STREAM_CHECKPOINTS, [PARTITION])
        try:
            return [
                decode_head(value)
                for message in messages
                if message.key() == HEAD_KEY and (value := message.value()) is not None
            ]
        except Retry:  # nor has a topic that was just created a leader at once
            return []

    def reported(self) -> int:
        """Number of tracks records sent."""
        ends = self.pipeline.observer.poll(time.monotonic(), (), 0).ends
        return self.pipeline.observer.total(ends, TRACKS)

    def owner(self) -> int:
        """Process id of the last writer of a checkpoint."""
        return int(self.heads()[-1].boot_id.rpartition("-")[2])

    def difference(self) -> str | None:
        """Where the topics first differ from a one-process fold of the detections."""
        self.heads()  # the comparison reads checkpoints too, and gives up on an open transaction
        return self.pipeline.difference_from_oracle()


@contextmanager
def held_pipeline(services: Services, folder: Path, mutation: str) -> Iterator[HeldPipeline]:
    """A pipeline of a mutant, with topics of its own; its first process is started."""
    prefix = new_prefix()
    environment = {**services.environment, "WARDSTREAM_TOPIC_PREFIX": prefix}
    try:
        with played_pipeline(environment, folder) as pipeline:
            create_topics(cluster_of(pipeline.settings))
            simulated.register(pipeline.settings, CAMERAS)
            feed = simulated.Feed(pipeline.settings, CAMERAS, 20, seed=3, partition=PARTITION)
            held = HeldPipeline(pipeline, mutation, feed)
            held.start()
            yield held
    finally:
        delete_topics(services, prefix)
