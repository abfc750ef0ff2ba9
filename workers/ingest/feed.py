"""Feed configuration: the cameras that a process serves, and their sources."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Self

Pace = Literal["realtime", "asap"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """The part of a picture that one camera shows, as fractions of width and height.

    Attributes:
        x: Left edge, 0 to 1.
        y: Upper edge, 0 to 1.
        width: Width, above 0; `x + width` is at most 1.
        height: Height, above 0; `y + height` is at most 1.
    """

    x: float = 0.0
    y: float = 0.0
    width: float = 1.0
    height: float = 1.0

    def __post_init__(self) -> None:
        slack = 1e-9
        sound = (
            self.x >= 0
            and self.y >= 0
            and self.width > 0
            and self.height > 0
            and self.x + self.width <= 1 + slack
            and self.y + self.height <= 1 + slack
        )
        if not sound:
            raise ValueError(
                f"region {self.x:g},{self.y:g},{self.width:g},{self.height:g} is not inside the "
                "picture: give x,y,width,height as fractions, such as 0,0,0.5,1 for the left half"
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `x,y,width,height`.

        Raises:
            ValueError: It is not four fractions inside the picture.
        """
        try:
            x, y, width, height = (float(part) for part in text.split(","))
        except ValueError as error:
            raise ValueError(
                f"region {text!r} is not four numbers: give x,y,width,height as fractions, "
                "such as 0,0,0.5,1 for the left half"
            ) from error
        return cls(x=x, y=y, width=width, height=height)

    def pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """The region as `(left, upper, right, lower)` in pixels of a picture of this size.

        Edges are rounded, not sizes, so regions that share an edge share no pixel and leave none
        out.
        """
        return (
            round(self.x * width),
            round(self.y * height),
            round(min(self.x + self.width, 1.0) * width),
            round(min(self.y + self.height, 1.0) * height),
        )


WHOLE = Region()
"""The whole picture."""


def captured_size(width: int, height: int, region: Region, max_width: int) -> tuple[int, int]:
    """Width and height of the captured frame, from the size of the source's picture."""
    left, upper, right, lower = region.pixels(width, height)
    cut_width, cut_height = right - left, lower - upper
    if cut_width <= max_width:
        return cut_width, cut_height
    return max_width, max(1, round(cut_height * max_width / cut_width))


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedConfig:
    """One camera of this process.

    Attributes:
        camera_id: Id of the camera in cameras.v1.
        source: A path, a URL (`rtsp://`, `tcp://`, `http://`, ...) or `webcam:N`. Feeds of the
            same source share one decoder.
        region: The part of the picture that this camera shows.
    """

    camera_id: str
    source: str
    region: Region = WHOLE


@dataclass(frozen=True, kw_only=True, slots=True)
class Playback:
    """How recordings are played; live sources ignore these settings.

    Attributes:
        start_us: Event time of the first frame, UTC microseconds; None for the wall clock at the
            start.
        resume_since_us: Earliest start of an interrupted playing that is resumed, UTC microseconds;
            None for any.
        pace: `realtime` sends each frame when it is due, `asap` as fast as the pipeline takes it.
        loop: Start again at the end; event time goes on.
        end_heartbeats: Heartbeats after the last frame, each 5 s of event time after the one
            before, so that the stream processor closes what was open.
    """

    start_us: int | None = None
    resume_since_us: int | None = None
    pace: Pace = "realtime"
    loop: bool = False
    end_heartbeats: int = 1


def parse_start_time(text: str) -> int:
    """Parse an ISO 8601 time with offset, or epoch seconds; returns UTC microseconds.

    >>> parse_start_time("2026-01-31T10:05:00+00:00") == parse_start_time("1769853900")
    True

    Raises:
        ValueError: It is neither, or the time has no offset.
    """
    try:
        return round(float(text) * 1_000_000)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is not a time: give 2026-01-31T10:05:00+00:00 or seconds since the epoch"
        ) from error
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone: add Z, or an offset such as +01:00")
    return round(moment.timestamp() * 1_000_000)


REGISTERED: Final = "registered:"
"""In place of a source: the stream address that the registry keeps."""


def pair_feeds(cameras: list[str], videos: list[str], regions: list[str]) -> list[FeedConfig]:
    """Pair each camera with its source and region, in the order of the options.

    Without a camera there is no feed: every camera that has an address is served.

    Raises:
        ValueError: The numbers of options do not fit together, or a region is wrong.
    """
    if not cameras and (regions or videos != [REGISTERED]):
        raise ValueError("give the --camera that --video and --region belong to")
    if len(videos) not in {1, len(cameras)}:
        raise ValueError(
            f"{len(cameras)} cameras and {len(videos)} videos: give one for all, or one each"
        )
    if len(regions) not in {0, len(cameras)}:
        raise ValueError(
            f"{len(cameras)} cameras and {len(regions)} regions: give none, or one each"
        )
    sources = videos * len(cameras) if len(videos) == 1 else videos
    parts = [Region.parse(text) for text in regions] or [WHOLE] * len(cameras)
    return [
        FeedConfig(camera_id=camera, source=source, region=part)
        for camera, source, part in zip(cameras, sources, parts, strict=True)
    ]
