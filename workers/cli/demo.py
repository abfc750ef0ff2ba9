"""`wardstream demo`."""

import logging
import sys
from pathlib import Path
from typing import Annotated, Literal

import structlog
import typer
from rich.console import Console

from deploy.local.errors import LaunchError
from deploy.local.signals import TerminateAsExit
from runtime.errors import EXIT_REPLAY, EXIT_STOP, Retry, Stop
from runtime.redaction import redacted
from workers.cli.configuration import read_settings
from workers.ingest.feed import parse_start_time
from workers.local.demo.options import DemoOptions, choose_port, interactive
from workers.local.demo.playing import play

RUN_DIR = Path(".wardstream/demo")
ENDED = "Ended; nothing is left running."


def demo(
    video: Annotated[
        list[str] | None,
        typer.Option(
            help="File, rtsp:// URL or webcam:N; repeat for one camera each. With --cameras: "
            "CAMERA=FILE."
        ),
    ] = None,
    cameras: Annotated[
        Path | None,
        typer.Option(
            help="Calibrated cameras of one floor, as `wardstream fuse` reads them; `videos` in it "
            "names each camera's recording."
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="End when the clip has ended.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Stay up when the clip has ended.")] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Delete the data of earlier runs.")
    ] = False,
    fps: Annotated[
        float | None,
        typer.Option(help="Frames taken per second; chosen for this machine when left out."),
    ] = None,
    mode: Annotated[
        Literal["record", "live"],
        typer.Option(help="record infers every frame; live lets the newest frame win."),
    ] = "live",
    start_time: Annotated[
        str | None,
        typer.Option(help="Event time of the first frame, ISO 8601; starts with no data."),
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the board; another when it is taken.")] = 8080,
    backend: Annotated[
        str | None, typer.Option(help="Detector backend: auto, openvino, onnx, yolo, hog.")
    ] = None,
    weights: Annotated[str | None, typer.Option(help="Model weights: path or name.")] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Stop the sources after this many seconds.")
    ] = None,
    login: Annotated[
        bool,
        typer.Option("--login", help="Start Keycloak with one user per access role, and log in."),
    ] = False,
    badges: Annotated[
        bool,
        typer.Option(
            "--badges/--no-badges",
            help="Make up badge readers, badges and what is read of them; none with --start-time.",
        ),
    ] = True,
    run_dir: Annotated[Path, typer.Option(help="Where data and logs are kept.")] = RUN_DIR,
) -> None:
    """Start everything on this machine and play a video through it in real time."""
    read_settings()  # refuses wrong ones before anything starts
    structlog.configure(  # the console is for the demo's own words
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    console = Console()
    if once and keep:
        raise typer.BadParameter("--once and --keep contradict each other")
    detector = {"backend": backend, "weights": weights}
    try:
        options = DemoOptions(
            videos=video or [],
            run_dir=run_dir,
            fps=fps,
            start_us=None if start_time is None else parse_start_time(start_time),
            mode=mode,
            fresh=fresh,
            port=choose_port(port),
            detector={name: value for name, value in detector.items() if value},
            seconds=seconds,
            login=login,
            cameras=cameras,
            badges=badges and start_time is None,
        )
        stay = keep or (not once and interactive(console))
        with TerminateAsExit():
            summary = play(options, console, stay=stay)
    except (Stop, Retry, LaunchError, ConnectionError, ValueError) as error:
        console.print(redacted(str(error)), style="bold red", markup=False, highlight=False)
        code = EXIT_REPLAY if isinstance(error, Retry | ConnectionError) else EXIT_STOP
        raise typer.Exit(code) from error
    except KeyboardInterrupt as error:
        console.print(ENDED)
        raise typer.Exit(130) from error
    except SystemExit:  # SIGTERM or SIGHUP
        console.print(ENDED)
        raise
    raise typer.Exit(0 if summary.sound else 1)
