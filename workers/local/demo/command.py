"""`wardstream demo`: one clip through the whole line, live."""

import time
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from deploy.local.errors import LaunchError
from deploy.local.extras import clip as demo_clip
from runtime.errors import EXIT_REPLAY, EXIT_STOP, Retry, Stop
from workers.local.demo.clips import probe_clip
from workers.local.demo.options import DemoOptions, choose_port, interactive
from workers.local.pipeline import LocalPipeline

RUN_DIR = Path(".wardstream/demo")


def demo(
    video: Annotated[
        list[str] | None,
        typer.Option(help="File, rtsp:// URL or webcam:N; repeat for one camera each."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="End when the clip has ended.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Stay up when the clip has ended.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget earlier runs.")] = False,
    fps: Annotated[float, typer.Option(help="Frames taken per second.")] = 10.0,
    mode: Annotated[
        Literal["record", "live"],
        typer.Option(help="record infers every frame; live lets the newest frame win."),
    ] = "live",
    start_time: Annotated[
        str | None,
        typer.Option(help="Event time of the first frame, ISO 8601; begins with nothing."),
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the board; another when it is taken.")] = 8080,
    backend: Annotated[
        str | None, typer.Option(help="Detector backend: auto, openvino, onnx, yolo, hog.")
    ] = None,
    weights: Annotated[str | None, typer.Option(help="Model weights: path or name.")] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Stop the sources after this many seconds.")
    ] = None,
    run_dir: Annotated[Path, typer.Option(help="Where data and logs lie.")] = RUN_DIR,
) -> None:
    """Start everything on this machine and play a clip through it in real time."""
    console = Console()
    if once and keep:
        raise typer.BadParameter("--once and --keep contradict each other")
    infer = [f"--backend={backend}"] if backend else []
    infer += [f"--weights={weights}"] if weights else []
    try:
        options = DemoOptions(
            videos=video or [],
            run_dir=run_dir,
            fps=fps,
            start_us=_start_us(start_time),
            mode=mode,
            fresh=fresh,
            port=choose_port(port),
            infer=infer,
            seconds=seconds,
        )
        stay = keep or (not once and interactive(console))
        drops = play(options, console, stay=stay)
    except (Stop, Retry, LaunchError, ConnectionError, ValueError) as exc:
        console.print(f"[bold red]{exc}[/]", highlight=False)
        code = EXIT_REPLAY if isinstance(exc, Retry | ConnectionError) else EXIT_STOP
        raise typer.Exit(code) from exc
    except KeyboardInterrupt as exc:
        console.print("Ended; nothing is left running.")
        raise typer.Exit(130) from exc
    raise typer.Exit(1 if drops else 0)


def play(options: DemoOptions, console: Console, *, stay: bool) -> int:
    """Start the line, play the clips, end everything; returns how many frames are unaccounted for.

    Raises:
        Stop: A video or setting is unusable.
        LaunchError: A service or process could not be started or kept running.
        Retry: A service went out of reach.
    """
    began_s = time.monotonic()

    def report(step: str) -> None:
        console.print(f"[dim]{time.monotonic() - began_s:6.1f} s[/]  {step}")

    clips = [probe_clip(video) for video in options.videos or [str(demo_clip())]]
    line = LocalPipeline(
        options.run_dir,
        fresh=options.fresh or options.start_us is not None,
        environment={"WARDSTREAM_SERVING__PORT": str(options.port)},
        options={"infer": ["--mode", options.mode, *options.infer]},
        preload=["workers.local.demo.run"],
        report=report,
    )
    with line:
        from workers.local.demo.run import Demo  # noqa: PLC0415 - loaded while the services started

        return Demo(options, line, console, report).play(clips, stay=stay).drops


def _start_us(text: str | None) -> int | None:
    if text is None:
        return None
    from workers.ingest.command import parse_start_time  # noqa: PLC0415 - slow to load

    return parse_start_time(text)
