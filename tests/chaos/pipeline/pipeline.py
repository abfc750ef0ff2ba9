"""The attacked pipeline: stream processors, both sinks and the board, with one input."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from signal import SIGKILL

from deploy.local import health
from deploy.local.launcher import Supervisor, Worker
from deploy.local.ports import free_ports
from runtime.kafka.topic_partition import Partition
from runtime.process.settings import Settings
from schemas.topics import DETECTIONS
from tests.chaos.pipeline.addresses import COMMANDS, LIVE_COMMANDS, SERVE, STREAMS
from tests.chaos.pipeline.arena import Arena
from tests.chaos.pipeline.clocks import Clocks
from tests.chaos.pipeline.feeder import Feeder
from tests.chaos.pipeline.progress import Progress
from tests.chaos.pipeline.read_feeder import RecordedReads, SentReads
from tests.chaos.pipeline.release import Release, install
from tests.chaos.pipeline.source_clocks import SourceClocks
from tests.support.clusters import cluster_of
from tests.support.large_ward import START_US, Camera, register
from tests.support.services import delete_topics
from tests.support.waiting import NotInTime, eventually
from tests.support.ward_reads import WardReads
from workers.local.pipeline import prepare, settings_of

START_S = 600.0
RECOVERY_S = 60.0
ORDERLY_S = 60.0
POLL_S = 0.1
FEW_SECONDS_AHEAD_US = 3_000_000
"""From the start of an input that is dated by the wall clock to its first frame, microseconds."""

QUICK_CLOCKS = {
    "WARDSTREAM_CLOCKS__SETTLE_S": "15",
    "WARDSTREAM_CLOCKS__JUMP_AFTER_S": "1.5",
    "WARDSTREAM_CLOCKS__AGAIN_AFTER_S": "5",
    "WARDSTREAM_CLOCKS__AHEAD_S": "7",
}
"""Clocks are settled soon, and decisions hold as soon as they may, so that a run sees many."""

WARDSTREAM = (sys.executable, "-m", "workers.cli")
"""This release."""


class PipelineStopped(AssertionError):
    """A process has ended for good, or the pipeline does not catch up."""


@dataclass(frozen=True)
class Moment:
    """The ends of the input at a moment.

    Attributes:
        ends: End offset of each partition of the input.
        at_s: Time of the moment, monotonic seconds.
    """

    ends: dict[int, int]
    at_s: float


@dataclass
class AttackedPipeline:
    """A pipeline, and everything that a fault may touch.

    Attributes:
        arena: Services of the pipeline.
        settings: Settings with which its outputs are found.
        supervisor: Runs its processes.
        feeder: Writes its input.
        progress: Follows its progress.
        board_url: URL of the board, without a slash at its end.
        streams: Names of its stream processors.
        source_clocks: Clocks of its cameras; None where the input is not dated by the wall clock.
        sent_reads: Reads of badges that are sent as they are made; None where they are recorded.
        expected_dead_letters: Number of dead letters that the attack itself has made.
        repeated: Number of input records that were appended twice.
        leaving: Processes that were asked to end, and must start again.
        workers: How each process is started.
    """

    arena: Arena
    settings: Settings
    environment: dict[str, str]
    supervisor: Supervisor
    feeder: Feeder
    progress: Progress
    clocks: Clocks | None
    board_url: str
    streams: tuple[str, ...]
    source_clocks: SourceClocks | None = None
    sent_reads: SentReads | None = None
    expected_dead_letters: int = 0
    repeated: int = 0
    leaving: list[str] = field(default_factory=list)
    workers: dict[str, Worker] = field(default_factory=dict)

    def kill(self, name: str, signal: int = SIGKILL) -> None:
        """Send a signal, and prevent a restart of the process."""
        self.supervisor.kill(name, signal)

    def restart(self, name: str) -> None:
        """Start a process again; returns at once."""
        self.supervisor.restart(name)

    def replace(self, name: str, program: Sequence[str]) -> None:
        """Start another program in the place of a process that has ended."""
        self.workers[name] = replace(self.workers[name], program=tuple(program))
        self.supervisor.start(self.workers[name])

    def revive(self) -> None:
        """Start the processes again that were asked to end."""
        while self.leaving:
            name = self.leaving.pop()
            self.supervisor.stop(name, deadline_s=ORDERLY_S)
            self.supervisor.restart(name)

    def wait(
        self,
        condition: Callable[[], bool],
        deadline_s: float,
        what: str,
        *,
        pause_s: float = POLL_S,
    ) -> None:
        """Wait for something.

        Raises:
            PipelineStopped: It does not come, or a process has stopped for good.
        """

        def came() -> bool:
            if self.supervisor.failure:
                raise PipelineStopped(self.supervisor.failure)
            return condition()

        try:
            eventually(came, deadline_s, what, pause_s=pause_s)
        except NotInTime as error:
            raise PipelineStopped(f"{error}; {self.where()}") from error

    def where(self) -> str:
        """The progress of everything, for a message."""
        alive = [name for name in LIVE_COMMANDS if self._runs(name)]
        return (
            f"sent {self.feeder.sent}, ends {self.progress.ends(DETECTIONS)}, "
            f"folded {self.progress.folded}, alive {alive}"
        )

    def _runs(self, name: str) -> bool:
        try:
            return self.supervisor.alive(name)
        except KeyError:
            return False

    def ready(self, name: str) -> None:
        """Wait until a process is ready, however often it restarts until then.

        Raises:
            PipelineStopped: It does not get ready.
        """
        _await_ready(self.supervisor, name)

    def idle(self, until_s: float) -> None:
        """Let it run undisturbed until a monotonic time, seconds.

        Raises:
            PipelineStopped: A process has stopped for good.
        """
        late_s = until_s - time.monotonic() + RECOVERY_S
        self.wait(lambda: time.monotonic() >= until_s, late_s, "time to pass")

    def await_records(self, deadline_s: float) -> None:
        """Wait until there are new derived records.

        Raises:
            PipelineStopped: None come.
        """
        before = self.progress.records
        self.wait(lambda: self.progress.records > before, deadline_s, "derived records")

    def mark(self, deadline_s: float) -> Moment:
        """The ends of the input now.

        Raises:
            PipelineStopped: The broker does not answer.
        """
        self.feeder.flush()
        found: dict[int, int] = {}

        def asked() -> bool:
            ends = self.progress.ends(DETECTIONS)
            found.update(ends or {})
            return ends is not None

        self.wait(asked, deadline_s, "the ends of the input")
        return Moment(found, time.monotonic())

    def catch_up(self, mark: Moment, deadline_s: float) -> float:
        """Wait until all input up to a mark is folded and stored; returns seconds since the mark.

        Raises:
            PipelineStopped: It does not get there.
        """
        self.wait(lambda: self.progress.has_folded(mark.ends), deadline_s, "the checkpoints")
        # Outputs are acknowledged before their checkpoint, so these ends hold all of them.
        written: dict[Partition, int] = self.progress.derived()
        self.wait(lambda: self.progress.have_written(written), deadline_s, "the sinks")
        return time.monotonic() - mark.at_s

    def settle(self, deadline_s: float) -> None:
        """Send the rest of the input, and wait until the pipeline is idle after it.

        Raises:
            PipelineStopped: It does not get there.
        """
        self.feeder.finish(deadline_s)
        if self.sent_reads is not None:
            self.sent_reads.close()
        self.catch_up(self.mark(deadline_s), deadline_s)
        still: list[object] = []

        def quiet() -> bool:
            now = [self.progress.records, self.progress.derived()]
            same = now == still and self.progress.have_written(self.progress.derived())
            still[:] = now
            return same

        self.wait(quiet, deadline_s, "silence", pause_s=0.4)


@contextmanager
def attacked_pipeline(
    arena: Arena,
    environment: dict[str, str],
    folder: Path,
    cameras: list[Camera],
    *,
    seconds: float,
    seed: int,
    pace: float,
    stream_workers: int = 3,
    program: Sequence[str] = (),
    clocks: Clocks | None = None,
    before: Release | None = None,
    live: bool = False,
) -> Iterator[AttackedPipeline]:
    """A pipeline that is ready and has no input yet; all of it ends with the block.

    Args:
        arena: Services of the pipeline.
        environment: Settings of the run: prefix and databases of its own.
        folder: Folder for logs.
        cameras: Cameras of the ward.
        seconds: Event time of the whole input, seconds.
        seed: Seed of the input.
        pace: Seconds of event time in one second.
        stream_workers: Number of stream processors.
        program: Program of the stream processor instead of `wardstream`.
        clocks: Clocks of the processes, or None for the real one.
        before: Earlier release that is installed before, and whose program every process runs.
        live: Whether the input is dated by the wall clock, and the cameras' clocks are followed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    objects = (folder / "objects").resolve().as_uri()  # for archived checkpoints
    environment = {"WARDSTREAM_INGEST__OBJECT_STORE_URL": objects, **environment}
    if live:
        environment |= QUICK_CLOCKS
    settings = settings_of(environment)
    commands = LIVE_COMMANDS if live else COMMANDS
    source_clocks = SourceClocks(cameras) if live else None
    start_us = time.time_ns() // 1_000 if live else START_US
    partitions = _installed(before, settings, environment, cameras, start_us)
    board_port = free_ports(1)[0]
    streams = STREAMS[:stream_workers]
    workers: dict[str, Worker] = {}
    with Supervisor(folder, environment) as supervisor:
        for name, command in commands.items():
            if name in STREAMS and name not in streams:
                continue
            own = arena.addresses(name, environment)
            if name == SERVE:
                own["WARDSTREAM_SERVING__PORT"] = str(board_port)
            if clocks is not None:
                own |= clocks.environment(name)
            release = WARDSTREAM if before is None else before.program
            chosen = program if program and name in STREAMS else release
            workers[name] = Worker(
                name=name, command=command, environment=own, program=tuple(chosen)
            )
            supervisor.start(workers[name])
        for name in commands:
            if name not in STREAMS or name in streams:
                _await_ready(supervisor, name)
        if live:
            start_us = time.time_ns() // 1_000 + FEW_SECONDS_AHEAD_US
        reads = WardReads(cameras, partitions, seconds, seed)
        sent_reads = SentReads(settings, reads, start_us) if live else None
        progress = Progress(settings, sorted(set(partitions.values())))
        feeder = Feeder(
            settings,
            cameras,
            partitions,
            seconds=seconds,
            seed=seed,
            pace=pace,
            start_us=start_us,
            source_clocks=source_clocks,
            reads=None if live else RecordedReads(settings, reads),
        )
        try:
            yield AttackedPipeline(
                arena=arena,
                settings=settings,
                environment=environment,
                supervisor=supervisor,
                feeder=feeder,
                progress=progress,
                clocks=clocks,
                board_url=f"http://127.0.0.1:{board_port}",
                streams=streams,
                source_clocks=source_clocks,
                sent_reads=sent_reads,
                workers=workers,
            )
        finally:
            feeder.close()
            if sent_reads is not None:
                sent_reads.close()
            progress.close()
    delete_topics(arena.services, settings.topic_prefix)


def _installed(
    before: Release | None,
    settings: Settings,
    environment: dict[str, str],
    cameras: list[Camera],
    start_us: int,
) -> dict[str, int]:
    """Make topics, schemas, tables and the ward as a release has them.

    Returns:
        The partition of each floor.
    """
    if before is not None:
        install(before.program, environment)
        return before.register(environment, cameras, start_us)
    prepare(cluster_of(settings), settings.database_url.get_secret_value())
    return register(settings, cameras, start_us)


def _await_ready(supervisor: Supervisor, name: str) -> None:
    """Wait until a process is ready, however often it asks to be started again on the way."""

    def ready_or_failed() -> bool:
        ready = health.http_status(supervisor.metrics_port(name), "/readyz") == 200
        return ready or supervisor.failure is not None

    try:
        eventually(ready_or_failed, START_S)
    except NotInTime as error:
        raise PipelineStopped(f"{name} is not ready: {supervisor.tail(name)}") from error
    if supervisor.failure:
        raise PipelineStopped(f"{name} is not ready: {supervisor.failure}")
