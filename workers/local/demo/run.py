"""Play the demo: register a ward, send clips through the pipeline, watch and summarise."""

import json
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.live import Live

from deploy.local.errors import LaunchError
from runtime.clock import Clock, SystemClock
from runtime.kafka.cluster import Cluster
from schemas.topics import DETECTIONS, FRAMES
from workers.ingest.sources.probe import Clip
from workers.local.demo.latency_probe import LatencyProbe
from workers.local.demo.observe import Observation, Observer
from workers.local.demo.options import DemoOptions
from workers.local.demo.scenario import Scenario, make_scenario
from workers.local.demo.summary import Summary, summarise
from workers.local.demo.table import detector_of, live_view
from workers.local.demo.ward import register_ward
from workers.local.pipeline import WORKERS, LocalPipeline

_REFRESH_S = 1.0
_SETTLE_S = 120.0
_LEAD_US = 6_000_000
"""Time between the ward's registration and the first frame: facts are visible after 5 s.

With more, a changed ward would reach back into an earlier run."""


class Demo:
    """One run of the demo over a prepared pipeline.

    Args:
        options: Options of the demo.
        pipeline: Services that run, and processes yet to start.
        console: Console to write to.
        report: Receives each step as a short message.
        clock: Clock of the demo.
    """

    def __init__(
        self,
        options: DemoOptions,
        pipeline: LocalPipeline,
        console: Console,
        report: Callable[[str], None],
        clock: Clock | None = None,
    ) -> None:
        self.options = options
        self.console = console
        self.pipeline = pipeline
        self.report = report
        self.board_url = f"http://127.0.0.1:{options.port}/"
        self._clock = clock or SystemClock()
        self._ledger = options.run_dir / "ledger.json"
        self._sources_began_s: float | None = None

    def play(self, clips: list[Clip], *, stay: bool) -> Summary:
        """Play once, print the summary, and stay up when asked to.

        Args:
            clips: Clips to play.
            stay: Keep the board up afterwards, until interrupted.

        Raises:
            LaunchError: A process could not be started or kept running.
            Retry: A service went out of reach.
        """
        settings = self.pipeline.settings
        cluster = Cluster.of(settings, self._clock)
        starts_us = self.options.start_us or self._clock.now_us()
        scenario = make_scenario(clips, starts_us, settings.ingest.max_width)
        observer = Observer(cluster, self.pipeline.supervisor, self.board_url)
        before = observer.poll(self._clock.monotonic_s(), (), 0)
        dead_before = observer.dead_letters()
        self.pipeline.start()  # they read the ward as it is registered
        self.report("registering cameras, zones, roster and requirements")
        register_ward(scenario, self.options.run_dir / "ward", cluster, starts_us - _LEAD_US)
        self.pipeline.start_and_wait()
        self.report(f"live board at {self.board_url}")
        folded_before = observer.total(before.ends, DETECTIONS)
        with LatencyProbe(self.board_url, since_us=self._clock.now_us()) as probe:
            self._start_sources(scenario, starts_us)
            since = (dict(before.ends), folded_before)
            self._watch(observer, folded_before, self._sources_ended)
            latency = (
                probe.summary()
            )  # before the end's heartbeat, which closes the last ticks late
            settled = self._settle(observer, *since)
        summary = summarise(
            cluster,
            settings.database_address,
            before.ends,
            starts_us,
            self._ledgers(),
        )
        if all(clip.frames is not None for clip in clips) and self.options.seconds is None:
            summary.source_frames = sum(camera.clip.frames or 0 for camera in scenario.cameras)
        if self.options.start_us is None:
            summary.latency = {
                kind: one for kind, one in latency.items() if kind in ("camera", "zone")
            }
        summary.dead_letters = observer.dead_letters() - dead_before
        summary.detector, summary.caution = detector_of(observer.poll(0.0, ("infer",), 0))
        self.console.print(
            "\n[bold]The clip has ended.[/]" if settled else "\n[bold]Not settled.[/]"
        )
        for text in summary.text_lines():
            self.console.print(f"  {text}", highlight=False)
        if stay:
            self.console.print(f"\nThe board stays at {self.board_url}; Ctrl-C ends everything.")
            self._watch(observer, folded_before, lambda: False)
        observer.close()
        return summary

    def _start_sources(self, scenario: Scenario, starts_us: int) -> None:
        arguments = ["--mode", self.options.mode, "--fps", str(self.options.fps)]
        for camera in scenario.cameras:
            part = camera.region
            arguments += ["--camera", camera.camera_id, "--video", camera.clip.source]
            arguments += ["--region", f"{part.x},{part.y},{part.width},{part.height}"]
        if self.options.start_us is not None:
            arguments += ["--start-time", str(self.options.start_us / 1e6)]
        else:  # a demo that was stopped is not resumed: the board shows now
            arguments += ["--resume-since", f"{starts_us / 1e6:.6f}"]
        self._ledger.unlink(missing_ok=True)
        self.pipeline.start_ingest("ingest", [*arguments, "--ledger", str(self._ledger)])

    def _sources_ended(self) -> bool:
        supervisor = self.pipeline.supervisor
        if supervisor.failure:
            raise LaunchError(supervisor.failure)
        stopped = self.options.seconds is not None and self._played_s() > self.options.seconds
        if stopped:
            supervisor.stop("ingest")
        return not supervisor.alive("ingest") and (stopped or self._ledger.exists())

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
                elif earlier is None or found.at_s - earlier.at_s > 10:
                    frames = observer.total(found.ends, FRAMES)
                    people = [f"{z['name']} {z['people']}" for z in found.zones]
                    self.report(f"{frames} frames, {detections} outcomes; {', '.join(people)}")
                else:
                    found = earlier
                earlier = found
                self._clock.sleep(_REFRESH_S)

    def _settle(
        self, observer: Observer, ends: dict[tuple[str, int], int], folded_before: int
    ) -> bool:
        """Wait until every stage has caught up with the stage before it."""
        self.report("waiting for the pipeline to catch up")
        deadline_s = self._clock.monotonic_s() + _SETTLE_S
        quiet = 0
        previous = ends
        while self._clock.monotonic_s() < deadline_s:
            found = observer.poll(self._clock.monotonic_s(), WORKERS, folded_before)
            caught_up = bool(found.lags) and not any(found.lags.values())
            quiet = quiet + 1 if caught_up and found.ends == previous else 0
            previous = found.ends
            if quiet >= 2:
                return True
            self._clock.sleep(0.3)
        return False

    def _ledgers(self) -> list[dict[str, Any]]:
        if not self._ledger.exists():
            return []
        data: Any = json.loads(self._ledger.read_text())
        return list(data if isinstance(data, list) else data["cameras"])


class _NoLive:
    """Replaces the live display where there is no terminal."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...
