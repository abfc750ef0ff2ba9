"""Play the demo: register a ward, send clips through the pipeline, watch and summarise."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live

from deploy.local.errors import LaunchError
from runtime.clock import Clock, SystemClock
from runtime.errors import EXIT_STOP
from runtime.kafka.cluster import Cluster
from schemas.topics import DETECTIONS, FRAMES
from workers.local.demo.ingest_records import IngestRecords
from workers.local.demo.latency_probe import LatencyProbe
from workers.local.demo.observe import Observation, Observer
from workers.local.demo.options import DemoOptions
from workers.local.demo.pace import RATES, Pace
from workers.local.demo.scenario import Scenario, Ward
from workers.local.demo.settling import Patience, Stages, condition_of, settle
from workers.local.demo.summary import Summary, summarise
from workers.local.demo.table import detector_of, live_view
from workers.local.demo.ward import register_ward
from workers.local.logins import LocalLogins
from workers.local.pipeline import WORKERS, LocalPipeline
from workers.operations.simulated_reads import Badges, SimulatedReads
from workers.registry.editing.desk import EditingDesk

_REFRESH_S = 1.0
_REPORT_S = 10.0
"""Where there is no terminal, a line is printed this often, s."""
_LEAD_US = 6_000_000
"""Time between the ward's registration and the first frame: facts are visible after 5 s.

With more, a changed ward would reach back into an earlier run."""
_BADGES = Badges(coverage=0.85, again_us=3_000_000, kept_us=20_000_000)
"""People of a clip pass quickly, and few badges go round."""


class Demo:
    """One run of the demo over a prepared pipeline.

    Args:
        options: Options of the demo.
        pipeline: Services that run, and processes yet to start.
        console: Console to write to.
        report: Receives each step as a short message.
        clock: Clock of the demo.
        logins: The provider of logins, where people log in.
    """

    def __init__(
        self,
        options: DemoOptions,
        pipeline: LocalPipeline,
        console: Console,
        report: Callable[[str], None],
        clock: Clock | None = None,
        logins: LocalLogins | None = None,
    ) -> None:
        self._logins = logins
        self._auth = None if logins is None else logins.auth
        self.options = options
        self.console = console
        self.pipeline = pipeline
        self.report = report
        self.board_url = f"http://127.0.0.1:{options.port}/"
        self._clock = clock or SystemClock()
        self._ingest = IngestRecords(options.run_dir)
        self._cameras: set[str] = set()
        self._sources_began_s: float | None = None
        self._pace = Pace(fps=RATES[0], threads=1, reason="")

    def play(self, ward: Ward, pace: Future[Pace], *, stay: bool) -> Summary:
        """Play once, print the summary, and stay up when asked to.

        Args:
            ward: Cameras, zones and staff, and the clips that the cameras show.
            pace: Rate of the frames, once it is chosen.
            stay: Keep the board up afterwards, until interrupted.

        Raises:
            LaunchError: A process could not be started or kept running.
            Retry: A service went out of reach.
        """
        settings = self.pipeline.settings
        cluster = Cluster.of(settings, self._clock)
        starts_us = self.options.start_us or self._clock.now_us()
        scenario = ward.scenario(starts_us, badges=self.options.badges)
        observer = Observer(cluster, self.pipeline.supervisor, self.board_url, self._auth)
        since = observer.ends()
        self._pace = pace.result()
        if self._pace.reason:
            self.report(self._pace.reason)
        self.pipeline.start(
            infer=("--threads", str(self._pace.threads))
        )  # they read the ward as it is registered
        self.report("registering cameras, zones, roster, requirements and rules of alerts")
        with EditingDesk(cluster, settings.database_address) as desk:
            register_ward(scenario, self.options.run_dir / "ward", desk, starts_us - _LEAD_US)
        self.pipeline.start_guard()
        self.pipeline.start_and_wait()
        self._report_who_may_log_in()
        self.report(f"live board at {self.board_url}")
        self.pipeline.start_notifier()  # it has nothing to say before a rule was broken for 20 s
        folded_before = observer.total(since, DETECTIONS)
        since_us = self._clock.now_us()
        with (
            LatencyProbe(self.board_url, since_us=since_us, auth=self._auth) as probe,
            self._made_up_reads(cluster),
        ):
            self._start_sources(scenario, starts_us)
            self._watch(observer, folded_before, self._sources_ended)
            latency = (
                probe.summary()
            )  # before the end's heartbeat, which closes the last ticks late
            unsettled = self._settle(cluster)
        summary = summarise(
            cluster,
            settings.database_address,
            since,
            starts_us,
            scenario.cameras,
            self._ingest,
        )
        summary.unsettled = unsettled
        if self.options.start_us is None:
            summary.latency = {
                kind: one for kind, one in latency.items() if kind in ("camera", "zone")
            }
        summary.detector, summary.caution = detector_of(observer.poll(0.0, ("infer",), 0))
        self.console.print(
            "\n[bold]Not settled.[/]" if unsettled else "\n[bold]The clip has ended.[/]"
        )
        for text in summary.text_lines():
            self.console.print(f"  {text}", highlight=False)
        if stay:
            self.console.print(f"\nThe board stays at {self.board_url}; Ctrl-C ends everything.")
            self._watch(observer, folded_before, lambda: False)
        observer.close()
        return summary

    @contextmanager
    def _made_up_reads(self, cluster: Cluster) -> Iterator[None]:
        """Make up what badge readers read while the clip plays, where that is wanted."""
        if not self.options.badges:
            yield
            return
        made_up = SimulatedReads(cluster, badges=_BADGES)
        made_up.start()
        self.report(f"making up reads of {len(made_up.ward.readers)} badge readers")
        try:
            yield
        finally:
            made_up.close()
            self.report(f"{made_up.sent} reads of badges were made up")

    def _report_who_may_log_in(self) -> None:
        if self._logins is None:
            return
        self._logins.wait_ready()
        for line in self._logins.lines():
            self.console.print(f"  {line}", markup=False, highlight=False)

    def _start_sources(self, scenario: Scenario, starts_us: int) -> None:
        arguments = ["--mode", self.options.mode, "--fps", str(self._pace.fps)]
        for camera in scenario.cameras:
            part = camera.region
            arguments += ["--camera", camera.camera_id, "--video", camera.clip.source]
            arguments += ["--region", f"{part.x},{part.y},{part.width},{part.height}"]
        if self.options.start_us is not None:
            arguments += ["--start-time", str(self.options.start_us / 1e6)]
        else:  # a demo that was stopped is not resumed: the board shows now
            arguments += ["--resume-since", f"{starts_us / 1e6:.6f}"]
        self._cameras = {camera.camera_id for camera in scenario.cameras}
        self._ingest.clear()
        self.pipeline.start_ingest(
            "ingest", [*arguments, *self._ingest.arguments], lambda: self._ingest.complete
        )

    def _sources_ended(self) -> bool:
        """Whether the sources have ended; ingest is then not started again, whatever ends it."""
        self._check()
        status = self.pipeline.supervisor.exit_status("ingest")  # read before what it wrote
        stopped = self.options.seconds is not None and self._played_s() > self.options.seconds
        if stopped and not self._ingest.complete:
            self._ingest.stopped |= self._cameras
        if stopped or self._ingest.complete:
            self.pipeline.supervisor.stop("ingest")
            return True
        if status == EXIT_STOP:
            raise LaunchError(f"ingest stopped:\n{self.pipeline.supervisor.tail('ingest')}")
        return False

    def _check(self) -> None:
        """Raise when a process has ended for good."""
        failure = self.pipeline.failure or (self._logins and self._logins.failure)
        if failure:
            raise LaunchError(failure)

    def _played_s(self) -> float:
        """How long the sources have been playing, s: they start when ingest is ready."""
        now_s = self._clock.monotonic_s()
        if self._sources_began_s is None and self.pipeline.supervisor.ready("ingest"):
            self._sources_began_s = now_s
        return 0.0 if self._sources_began_s is None else now_s - self._sources_began_s

    def _watch(self, observer: Observer, folded_before: int, ended: Callable[[], bool]) -> None:
        """Refresh the table until `ended`; print plain lines where there is no terminal."""
        earlier: Observation | None = None
        live = Live(console=self.console, refresh_per_second=2, transient=True)
        with live if self.console.is_terminal else _NoLive():
            while not ended():
                found = observer.poll(
                    self._clock.monotonic_s(), (*WORKERS, "ingest"), folded_before
                )
                detections = observer.total(found.ends, DETECTIONS)
                if self.console.is_terminal:
                    view = live_view(
                        found, earlier, self.board_url, detections, "Ctrl-C ends everything"
                    )
                    live.update(view)
                elif earlier is None or found.at_s - earlier.at_s > _REPORT_S:
                    frames = observer.total(found.ends, FRAMES)
                    people = [f"{z['name']} {z['people']}" for z in found.zones]
                    counts = f"{frames} frames, {detections} outcomes"
                    counts = counts if found.answered else "Kafka does not answer"
                    self.report("; ".join([counts, *([", ".join(people)] if people else [])]))
                else:
                    found = earlier
                earlier = found
                self._clock.sleep(_REFRESH_S)

    def _settle(self, cluster: Cluster) -> list[str]:
        """Wait until every stage has processed everything; returns why one has not."""
        self.report("waiting for the pipeline to catch up")
        supervisor = self.pipeline.supervisor
        return settle(
            Stages(cluster).standings,
            self._clock,
            self._check,
            lambda process: condition_of(supervisor, process),
            Patience(),
            self.report,
        )


class _NoLive:
    """Replaces the live display where there is no terminal."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...
