"""Start the pipeline on this machine, play clips through it, and end everything."""

import time

from rich.console import Console

from deploy.local.extras import clip as demo_clip
from workers.ingest.sources.probe import probe_clip
from workers.local.demo.options import DemoOptions
from workers.local.demo.run import Demo
from workers.local.pipeline import LocalPipeline


def play(options: DemoOptions, console: Console, *, stay: bool) -> int:
    """Start everything, play the clips, end everything; returns frames unaccounted for.

    Raises:
        Stop: A video or setting is unusable.
        LaunchError: A service or process could not be started or kept running.
        Retry: A service went out of reach.
    """
    began_s = time.monotonic()

    def report(step: str) -> None:
        console.print(f"[dim]{time.monotonic() - began_s:6.1f} s[/]  {step}")

    clips = [probe_clip(video) for video in options.videos or [str(demo_clip())]]
    pipeline = LocalPipeline(
        options.run_dir,
        fresh=options.fresh or options.start_us is not None,
        environment={"WARDSTREAM_SERVING__PORT": str(options.port)},
        options={"infer": ["--mode", options.mode, *options.infer]},
        report=report,
    )
    with pipeline:
        return Demo(options, pipeline, console, report).play(clips, stay=stay).drops
