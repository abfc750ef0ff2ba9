"""`wardstream ingest`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from runtime.process.service import run_service
from workers.cli.configuration import with_options
from workers.ingest.feed import REGISTERED, Pace, Playback, pair_feeds, parse_start_time
from workers.ingest.worker import ingest_body


def ingest(
    camera: Annotated[
        list[str] | None,
        typer.Option(
            help="Camera id as registered; repeat for several cameras. Left out: every camera of "
            "which the registry keeps a stream address, now or later."
        ),
    ] = None,
    video: Annotated[
        list[str] | None,
        typer.Option(
            help="A file, a URL (rtsp://...) or webcam:N; one for all cameras, or one each. Left "
            "out: the stream address that the registry keeps of each camera, as it changes."
        ),
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option(help="x,y,width,height as fractions: the camera's part; one per camera."),
    ] = None,
    fps: Annotated[
        float | None, typer.Option(help="Frames per second taken, 5 to 10 is usual.")
    ] = None,
    mode: Annotated[
        Literal["record", "live"] | None,
        typer.Option(help="record never drops a frame, live drops what comes too late."),
    ] = None,
    start_time: Annotated[
        str | None,
        typer.Option(help="Event time of a file's first frame: ISO 8601 or epoch seconds."),
    ] = None,
    resume_since: Annotated[
        str | None,
        typer.Option(help="Resume an interrupted file only if it started since; as start time."),
    ] = None,
    pace: Annotated[
        Pace, typer.Option(help="How fast a file is played; asap needs record mode.")
    ] = "realtime",
    loop: Annotated[
        bool, typer.Option("--loop", help="Start a file again at its end; time goes on.")
    ] = False,
    end_heartbeats: Annotated[
        int, typer.Option(min=0, help="Heartbeats after a file's last frame, 5 s apart.")
    ] = 1,
    ledger: Annotated[
        Path | None, typer.Option(help="Write what became of every frame to this JSON file.")
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option(help="Append each frame of a recording, with its outcome, to this file."),
    ] = None,
) -> None:
    """Send the frames of cameras and files to frames.captured.v1."""
    try:
        feeds = pair_feeds(camera or [], video or [REGISTERED], region or [])
        playback = Playback(
            start_us=None if start_time is None else parse_start_time(start_time),
            resume_since_us=None if resume_since is None else parse_start_time(resume_since),
            pace=pace,
            loop=loop,
            end_heartbeats=end_heartbeats,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    settings = with_options("ingest", {"fps": fps, "mode": mode})
    raise typer.Exit(run_service("ingest", ingest_body(feeds, playback, ledger, journal), settings))
