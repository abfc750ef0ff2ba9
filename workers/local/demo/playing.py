"""Start the pipeline on this machine, play clips through it, and end everything."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from rich.console import Console
from rich.markup import escape

from deploy.local.extras import clip as demo_clip
from runtime.clock import SystemClock
from runtime.process.settings import Settings
from runtime.redaction import redacted
from workers.ingest.sources.probe import probe_clip
from workers.local.demo.options import DemoOptions
from workers.local.demo.pace import RATES, Pace, measured_pace, processor_ticks, used_cores
from workers.local.demo.run import Demo
from workers.local.demo.scenario import VirtualCamera, Ward, separate_ward
from workers.local.demo.shared_floor import floor_ward, read_floor
from workers.local.demo.summary import Summary
from workers.local.demo.yard import yard_ward
from workers.local.logins import LocalLogins
from workers.local.pipeline import LocalPipeline

_LOAD_S = 0.3
"""Time over which the load by other programs is measured, before anything is started."""


def play(options: DemoOptions, console: Console, *, stay: bool) -> Summary:
    """Start everything, play the clips, end everything.

    Raises:
        Stop: A video or setting is unusable.
        LaunchError: A service or process could not be started or kept running.
        Retry: A service went out of reach.
    """
    began_s = time.monotonic()

    def report(step: str) -> None:
        console.print(f"[dim]{time.monotonic() - began_s:6.1f} s[/]  {escape(redacted(step))}")

    ward = ward_of(options, Settings().ingest.max_width)
    before = processor_ticks()
    SystemClock().sleep(_LOAD_S)
    load = used_cores(before, processor_ticks(), cores=1)
    logins: LocalLogins | None = None
    environment = {"WARDSTREAM_SERVING__PORT": str(options.port)}
    if options.login:
        unit = ward.units[-1].unit_id
        logins = LocalLogins(options.run_dir, options.port, unit, report).install()
        environment |= logins.environment
    pipeline = LocalPipeline(
        options.run_dir,
        fresh=options.fresh or options.start_us is not None,
        environment=environment,
        options={"infer": options.infer},
        report=report,
    )
    with ThreadPoolExecutor(max_workers=1) as pool:
        pace = pool.submit(pace_of, options, ward.cameras, load)  # beside the start of the services
        with pipeline, ExitStack() as stack:
            if logins is not None:
                stack.enter_context(logins)  # after the services: a fresh start empties the folder
            demo = Demo(options, pipeline, console, report, logins=logins)
            return demo.play(ward, pace, stay=stay)


def ward_of(options: DemoOptions, max_width: int) -> Ward:
    """What is played: recordings of one floor, separate videos, or the packaged clip.

    Args:
        options: Options of the demo.
        max_width: Width to which ingest shrinks wider frames, px.

    Raises:
        Stop: A video or the file of cameras is unusable.
    """
    if options.cameras is not None:
        floor, sources = read_floor(options.cameras, options.videos)
        clips = {name: probe_clip(source) for name, source in sources.items()}
        return floor_ward(floor, clips, max_width)
    if options.videos:
        return separate_ward([probe_clip(video) for video in options.videos], max_width)
    return yard_ward(probe_clip(str(demo_clip())), max_width)


def pace_of(options: DemoOptions, cameras: Sequence[VirtualCamera], load: float = 0.0) -> Pace:
    """The rate at which frames are taken: the best that the detector keeps up with here.

    A run that is to be the same everywhere skips no frame, so it needs no choice.

    Args:
        options: Options of the demo.
        cameras: The demo's cameras.
        load: Part of the cores that other programs use.

    Raises:
        Stop: The detector is not available here.
    """
    settings = Settings()
    if options.mode == "record":
        fps = options.fps or RATES[0]
        return Pace(fps=fps, threads=settings.inference.threads, reason="")
    inference = settings.inference.model_copy(update=options.detector)
    return measured_pace(inference, cameras, options.fps, used_share=load)
