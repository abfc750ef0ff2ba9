"""Views of cameras that something happens to, for the guard: real recordings and a made-up room.

Pictures are greyscale. What happens is made here from the pictures of a fixed camera: a view is cut
out of them with a margin, so that a displaced camera sees what was beside its view.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.records.cameras import CameraVerdict
from workers.guard.pictures import Floats, Picture, small_picture
from workers.guard.watch import CameraWatch, Rhythm
from workers.ingest.sources.file import VideoFile

Pictures: TypeAlias = NDArray[np.uint8]
"""Shape `(T, H, W)`."""

START_US: Final = 1_700_000_000_000_000
FPS: Final = 2.0
MARGIN: Final = 48
"""Pixels on each side that a view leaves out."""

RHYTHM: Final = Rhythm(
    every_us=500_000, learn_us=10_000_000, after_us=3_000_000, frozen_after_us=10_000_000
)
"""The shipped settings."""

CLIPS: Final = {
    "vtest": "vtest/vtest.avi",
    "intel": "intel/one-by-one-person-detection.mp4",
    "epfl single": "epfl_lab_clips/Single1.mp4",
    "epfl double": "epfl_lab_clips/Double1.mp4",
    **{f"ufes cam{number}": f"ufes4cam/cam{number}.mp4" for number in range(4)},
}
"""Recordings of fixed cameras, below the folder of videos."""


class Fault(NamedTuple):
    """Something that happens to a camera.

    Attributes:
        verdict: The verdict that it must have.
        picture: Makes its picture from the pictures of the fixed camera and a number.
    """

    verdict: CameraVerdict
    picture: Callable[[Pictures, int], Picture]


class Change(NamedTuple):
    """A verdict, and when it was decided; s since the first picture."""

    at_s: float
    verdict: CameraVerdict


def recording(path: Path, seconds: float | None = None) -> Pictures:
    """A recording as greyscale pictures, `FPS` of them a second, without black bars."""
    taken: list[Picture] = []
    for frame in VideoFile(path).frames():
        at_s = (frame.pts_us or 0) / 1e6
        if frame.pixels is not None and at_s * FPS >= len(taken) - 0.01:
            taken.append(cast(Picture, cv2.cvtColor(frame.pixels(), cv2.COLOR_BGR2GRAY)))
        if seconds is not None and at_s > seconds:
            break
    found = np.stack(taken)
    columns = np.flatnonzero(found[0].max(axis=0) > 30)
    return found[:, :, columns[0] : columns[-1] + 1]


def room(count: int, seed: int = 7, width: int = 640, height: int = 360) -> Pictures:
    """A made-up room: furniture and patterns, three people who walk, and a sensor's noise."""
    random = np.random.default_rng(seed)
    empty = np.full((height, width), 120.0, np.float32)
    for _ in range(60):
        left, top = random.integers(0, width - 30), random.integers(0, height - 20)
        across, down = random.integers(20, 160), random.integers(15, 90)
        empty[top : top + down, left : left + across] = random.uniform(40, 210)
    blurred = np.asarray(cv2.GaussianBlur(empty, (0, 0), 0.8), np.float32)
    people = [
        (random.uniform(0, width), random.uniform(0.2, 0.4) * height, random.uniform(-40, 40))
        for _ in range(3)
    ]
    pictures = []
    for number in range(count):
        picture = blurred.copy()
        for start, from_top, speed in people:
            x, y = int(start + speed * number / FPS) % width, int(from_top)
            picture[y : y + height // 2, x : x + 36] = 60 + 20 * np.sin(0.3 * x)
        picture += random.normal(0, 2.0, picture.shape)
        pictures.append(np.clip(picture, 0, 255).astype(np.uint8))
    return np.stack(pictures)


def view(pictures: Pictures, number: int, right: int = 0, down: int = 0) -> Picture:
    """The view of the fixed camera, or of one that is displaced; recordings begin again."""
    picture: Picture = pictures[number % len(pictures)]
    height, width = picture.shape
    rows = slice(MARGIN + down, height - MARGIN + down)
    return picture[rows, MARGIN + right : width - MARGIN + right]


def warped(pictures: Pictures, number: int, degrees: float, zoom: float) -> Picture:
    """The view of a camera that was turned about its axis, or zoomed."""
    picture = pictures[number % len(pictures)]
    height, width = picture.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, zoom)
    return view(cast(Pictures, cv2.warpAffine(picture, matrix, (width, height)))[None], 0)


def lit(picture: Picture, gain: float, gamma: float = 1.0) -> Picture:
    """The view in another light, saturated like a sensor's."""
    levels = 255 * np.clip(gain * (np.arange(256) / 255) ** gamma, 0, 1)
    return np.round(levels).astype(np.uint8)[picture]


def defocused(picture: Picture, share: float) -> Picture:
    """The view out of focus, by a blur of this share of its width."""
    return cast(Picture, cv2.GaussianBlur(picture, (0, 0), share * picture.shape[1]))


def covered(picture: Picture, number: int, share: float) -> Picture:
    """The view behind a cloth that covers this share of it from the left."""
    height, width = picture.shape
    until = round(share * width)
    folds, noise = _cloth(height, width)
    cloth = np.clip(folds + np.roll(noise, 7 * number), 0, 255).astype(np.uint8)
    return np.hstack([cloth[:, :until], picture[:, until:]])


@cache
def _cloth(height: int, width: int) -> tuple[Floats, Floats]:
    """A cloth's folds, and the noise of a sensor that sees it."""
    random = np.random.default_rng(5)
    folds = random.normal(0, 1, (height, width)).astype(np.float32)
    folds = np.asarray(cv2.GaussianBlur(folds, (0, 0), 0.05 * width), np.float32)
    noise = random.normal(0, 2, (height, width)).astype(np.float32)
    return 90 + 30 * folds / folds.std(), noise


def elsewhere(pictures: Pictures, number: int) -> Picture:
    """Another view: this one upside down, and mirrored."""
    return cast(Picture, np.ascontiguousarray(view(pictures, number)[::-1, ::-1]))


def _displaced(right: int, down: int) -> Fault:
    return Fault("MOVED", lambda pictures, number: view(pictures, number, right, down))


def _blurred(share: float) -> Fault:
    return Fault("OUT_OF_FOCUS", lambda pictures, number: defocused(view(pictures, number), share))


def _behind_cloth(share: float) -> Fault:
    return Fault("COVERED", lambda pictures, number: covered(view(pictures, number), number, share))


FAULTS: Final[dict[str, Fault]] = {
    "displaced 5 px": _displaced(4, 3),
    "displaced 10 px": _displaced(8, -6),
    "displaced 20 px": _displaced(-16, 12),
    "displaced 40 px": _displaced(32, 24),
    "rolled by 2 degrees": Fault("MOVED", lambda p, n: warped(p, n, 2.0, 1.0)),
    "zoomed by 5 %": Fault("MOVED", lambda p, n: warped(p, n, 0.0, 1.05)),
    "another view": Fault("MOVED", elsewhere),
    "frozen": Fault("FROZEN", lambda p, _: view(p, 0)),
    "darkened to 5 %": Fault("DARK", lambda p, n: lit(view(p, n), 0.05)),
    "covered": _behind_cloth(1.0),
    "covered to 70 %": _behind_cloth(0.7),
    "defocused, 0.8 % of the width": _blurred(0.008),
    "defocused, 1.5 % of the width": _blurred(0.015),
}
"""What happens to a camera, by name."""


def _steps(number: int) -> tuple[float, float]:
    return (1.0, 0.55, 1.4, 0.3)[int(number / FPS / 15) % 4], 1.0


def _ramp(number: int) -> tuple[float, float]:
    return 1.0 - 0.6 * float(np.sin(np.pi * number / FPS / 60) ** 2), 1.0


def _flicker(number: int) -> tuple[float, float]:
    random = np.random.default_rng(number)
    return random.uniform(0.85, 1.15), random.uniform(0.7, 1.4)


LIGHTS: Final[dict[str, Callable[[int], tuple[float, float]]]] = {
    "as recorded": lambda _: (1.0, 1.0),
    "switched between 30 % and 140 %": _steps,
    "fading to 40 % and back": _ramp,
    "flickering, 30 % of gain and gamma": _flicker,
}
"""Gain and gamma of each picture, by name."""


def in_light(pictures: Pictures, light: str, count: int) -> Iterator[Picture]:
    """The view of the fixed camera in changing light."""
    for number in range(count):
        yield lit(view(pictures, number), *LIGHTS[light](number))


def happening(pictures: Pictures, fault: Fault, before: int, after: int) -> Iterator[Picture]:
    """The view of a camera to which something happens after `before` pictures."""
    for number in range(before):
        yield view(pictures, number)
    for number in range(before, before + after):
        yield fault.picture(pictures, number)


def day(pictures: Pictures, seed: int, hours: float, every_s: float) -> Iterator[Picture]:
    """A simulated day before a real background: light, people, a bed that is pushed.

    Daylight comes and goes, lamps are switched, the sun draws a bright patch across the view, and
    the sensor's noise grows in the dark. People are plain upright shapes. Starts at noon.

    Args:
        pictures: Recording whose median is the background.
        seed: Another day for every seed.
        hours: How long it lasts.
        every_s: Time between two pictures, s.
    """
    random = np.random.default_rng(seed)
    every = max(1, len(pictures) // 40)
    still = small_picture(view(np.median(pictures[::every], axis=0).astype(np.uint8)[None], 0))
    empty = still.astype(np.float32)
    height, width = empty.shape
    rows, columns = np.mgrid[0:height, 0:width]
    lamps = np.cumsum(random.exponential(1.5, 60))  # h after noon at which they are switched
    for number in range(round(hours * 3600 / every_s)):
        hour = number * every_s / 3600
        daylight = max(0.0, float(np.cos(2 * np.pi * hour / 24)))
        lamp = 0.45 if np.searchsorted(lamps, hour) % 2 else 0.0
        gain = 0.15 + 0.75 * daylight + lamp
        at = width * ((hour / 3) % 1.0)
        patch = np.exp(-((((columns - at) / 45) ** 2 + ((rows - 0.6 * height) / 30) ** 2) ** 2))
        picture = empty.copy()
        if hour > 0.4 * hours:  # a bed is pushed aside
            bed = np.s_[height // 2 : height // 2 + 40, 20:90]
            picture[bed] = empty[bed][:, ::-1]
        for person in range(random.integers(0, 4)):
            x, y = random.integers(0, width - 20), random.integers(0, height // 2)
            picture[y : y + height // 3, x : x + 18] = 50 + 50 * person
        picture = gain * picture * (1 + 0.8 * daylight * patch)
        picture += random.normal(0, 1 + 1.5 / (0.3 + gain), picture.shape)
        yield np.clip(picture, 0, 255).astype(np.uint8)


def jpeg_of(picture: Picture, quality: int = 85) -> bytes:
    """The picture as a JPEG of the shipped quality."""
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality]
    data: bytes = cv2.imencode(".jpg", picture, settings)[1].tobytes()
    return data


def sent(picture: Picture) -> Picture:
    """The picture as it arrives."""
    data = np.frombuffer(jpeg_of(picture), np.uint8)
    return cast(Picture, cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))


def changes(pictures: Iterable[Picture], watch: CameraWatch | None = None) -> list[Change]:
    """Every change of the verdict, where pictures come `FPS` times a second."""
    watch = watch or CameraWatch(RHYTHM)
    found = []
    for number, picture in enumerate(pictures):
        at_us = START_US + round(number / FPS * 1e6)
        if watch.step(at_us, small_picture(sent(picture))):
            found.append(Change(number / FPS, watch.finding.verdict))
    return found
