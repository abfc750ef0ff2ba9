"""Play a clip through the real pipeline, kill processes if asked to, and digest its outputs."""

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av

from deploy.local.launcher import Supervisor, Worker
from deploy.services import process
from runtime.checkpoints.codec import HEAD_KEY, decode_head
from runtime.clock import SystemClock
from runtime.kafka.reader import read_topic
from runtime.process.settings import Settings
from schemas.topics import DETECTIONS, FRAMES, OCCUPANCY_LATEST, STREAM_CHECKPOINTS, TOPICS, Topic
from streams.processor.pipeline_settings import pipeline_settings
from streams.stage import OUTPUTS
from tests.support.clusters import cluster_of, desk_of, installation_of
from tests.support.waiting import eventually
from workers.ingest.sources.probe import probe_clip
from workers.local.demo.observe import Observer
from workers.local.demo.options import choose_port
from workers.local.demo.scenario import Scenario, make_scenario
from workers.local.demo.ward import register_ward
from workers.local.pipeline import WORKERS, prepare, settings_of
from workers.operations.verification.oracle import (
    Fold,
    first_difference,
    fold_detections,
    fold_topic,
)
from workers.operations.verification.tables import compare

START_US = 1_780_000_000_000_000
HOUR_US = 3_600_000_000
SETTLE_S = 90.0


def cut_clip(source: Path, target: Path, frames: int) -> Path:
    """Copy the first frames of a clip into a clip of their own."""
    with av.open(str(source)) as original, av.open(str(target), "w") as cut:
        video = original.streams.video[0]
        out = cut.add_stream("mpeg4", rate=round(float(video.average_rate or 10)))
        out.width, out.height, out.pix_fmt = video.width, video.height, "yuv420p"
        out.bit_rate = 4_000_000
        for number, frame in enumerate(original.decode(video)):
            if number == frames:
                break
            fresh = av.VideoFrame.from_ndarray(frame.to_ndarray(format="bgr24"), format="bgr24")
            cut.mux(out.encode(fresh))
        cut.mux(out.encode(None))
    return target


@dataclass(slots=True)
class PlayedPipeline:
    """The processes of a pipeline with one test's services and prefix.

    Attributes:
        settings: Settings with which the test finds what the pipeline wrote.
        supervisor: Runs the processes.
        folder: Folder for logs, ledger and import files.
        board_url: URL of the live board.
        environments: Further settings of single processes, by the name of the process.
    """

    settings: Settings
    supervisor: Supervisor
    folder: Path
    board_url: str
    observer: Observer
    scenario: Scenario | None = None
    environments: dict[str, dict[str, str]] = field(default_factory=dict)

    def register(self, clip: Path, starts_us: int = START_US) -> Scenario:
        """Register the demo's ward for a clip."""
        prepare(cluster_of(self.settings), self.settings.database_url.get_secret_value())
        scenario = make_scenario([probe_clip(str(clip))], starts_us, 1280)
        with desk_of(self.settings) as desk:
            register_ward(scenario, self.folder / "ward", desk, starts_us - HOUR_US)
        self.scenario = scenario
        return scenario

    def start(
        self, infer: Sequence[str], *, programs: dict[str, Sequence[str]] | None = None
    ) -> None:
        """Start everything but ingest and wait until it is ready."""
        default = Worker(name="", command=()).program
        for name in WORKERS:
            row = process(name)
            command = (*row.command, *(infer if name == "infer" else ()))
            environment = {
                "WARDSTREAM_SERVING__PORT": self.board_url.rstrip("/").split(":")[-1],
                **self.environments.get(name, {}),
            }
            self.supervisor.start(
                Worker(
                    name=name,
                    command=command,
                    environment=environment,
                    program=(programs or {}).get(name, default),
                )
            )
        for name in WORKERS:
            self.supervisor.wait_ready(name, 90)

    def play(self, *extra: str, video: str | None = None) -> None:
        """Start ingest of the registered clip, or of a camera stream that shows it."""
        assert self.scenario is not None
        arguments = [*extra, "--ledger", str(self.folder / "ledger.json")]
        for camera in self.scenario.cameras:
            part = camera.region
            arguments += ["--camera", camera.camera_id, "--video", video or camera.clip.source]
            arguments += ["--region", f"{part.x},{part.y},{part.width},{part.height}"]
        self.supervisor.start(
            Worker(
                name="ingest",
                command=("ingest", *arguments),
                environment=self.environments.get("ingest", {}),
            )
        )

    def now_us(self) -> int:
        """Wall clock, UTC microseconds."""
        return SystemClock().now_us()

    def ended(self) -> bool:
        """Whether ingest has reached the end of the clip."""
        assert self.supervisor.failure is None, self.supervisor.failure
        return not self.supervisor.alive("ingest") and (self.folder / "ledger.json").exists()

    def ledgers(self) -> list[dict[str, Any]]:
        """Ingest's account of the frames that it has read since its last start, one per camera."""
        data: Any = json.loads((self.folder / "ledger.json").read_text())
        return list(data if isinstance(data, list) else data["cameras"])

    def settle(self, deadline_s: float = SETTLE_S) -> None:
        """Wait until every stage has caught up with the one before it, each within `deadline_s`."""
        eventually(self.ended, deadline_s, "ingest to end")
        eventually(self._answered, deadline_s, "every frame's outcome")
        eventually(self.checkpointed, deadline_s, "the stream's checkpoints")
        last: list[Any] = []

        def still() -> bool:
            poll = self.observer.poll(time.monotonic(), (), 0)
            lags = (poll.lags.get("sink-timescale"), poll.lags.get("sink-redis"))
            now = [poll.ends, lags]
            quiet = now == last and lags == (0, 0)
            last[:] = now
            return quiet

        eventually(still, deadline_s, "the sinks to catch up", pause_s=0.5)

    def _answered(self) -> bool:
        """Whether every frame has an outcome; after a crash, some have two."""
        poll = self.observer.poll(time.monotonic(), (), 0)
        frames = self.observer.total(poll.ends, FRAMES)
        answered = poll.lags.get("infer") == 0
        return answered and 0 < frames <= self.observer.total(poll.ends, DETECTIONS)

    def frames(self) -> int:
        """Records in the frames log."""
        ends = self.observer.poll(time.monotonic(), (), 0).ends
        return self.observer.total(ends, FRAMES)

    def outcomes(self) -> int:
        """Records in the detections log."""
        ends = self.observer.poll(time.monotonic(), (), 0).ends
        return self.observer.total(ends, DETECTIONS)

    def checkpointed(self) -> bool:
        """Whether every detection is folded into a checkpoint."""
        ends = self.observer.poll(time.monotonic(), (), 0).ends
        name = self.observer.name(DETECTIONS)
        done = {
            message.partition(): decode_head(value).next_offset
            for message in read_topic(cluster_of(self.settings), STREAM_CHECKPOINTS)
            if message.key() == HEAD_KEY and (value := message.value()) is not None
        }
        wanted = {p: end for (topic, p), end in ends.items() if topic == name}
        return bool(wanted) and all((done.get(p) or 0) >= end for p, end in wanted.items())

    def folds(self) -> dict[str, Fold]:
        """The state that a subscriber of each derived topic keeps."""
        return {topic.name: self.fold(topic) for topic in OUTPUTS}

    def fold(self, topic: Topic) -> Fold:
        """The state that a subscriber of one topic keeps."""
        fold = fold_topic(cluster_of(self.settings), topic)
        if topic is OCCUPANCY_LATEST:
            return {key: bodies[-1:] for key, bodies in fold.items()}
        return fold

    def difference_from_oracle(self) -> str | None:
        """Where the pipeline first differs from a one-process fold of its own detections."""
        for name, expected in fold_detections(
            cluster_of(self.settings), pipeline_settings(self.settings)
        ).items():
            ours = expected
            if name == OCCUPANCY_LATEST.name:
                ours = {key: bodies[-1:] for key, bodies in expected.items()}
            found = first_difference(cluster_of(self.settings), name, ours, self.fold(TOPICS[name]))
            if found:
                return found
        return None

    def difference_of_tables(self) -> str | None:
        """Where a table first differs from its topic."""
        for table in compare(installation_of(self.settings)):
            if table.difference is not None:
                return f"{table.table}: {table.difference}"
        return None


def digest(fold: Fold) -> str:
    """One digest over a topic's fold."""
    whole = hashlib.blake2b(digest_size=16)
    for key in sorted(fold):
        whole.update(repr((key, fold[key])).encode())
    return whole.hexdigest()


@contextmanager
def played_pipeline(environment: dict[str, str], folder: Path) -> Iterator[PlayedPipeline]:
    """A pipeline with the given services; all its processes end with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    board_url = f"http://127.0.0.1:{choose_port(0)}/"
    objects = (folder / "objects").resolve().as_uri()
    own = {"WARDSTREAM_INGEST__OBJECT_STORE_URL": objects, **environment}
    settings = settings_of(own)
    with Supervisor(folder, own) as supervisor:
        observer = Observer(cluster_of(settings), supervisor, board_url)
        yield PlayedPipeline(settings, supervisor, folder, board_url, observer)
        observer.close()
