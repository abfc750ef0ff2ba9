"""A ward of coloured rectangles that walk to and fro, played through every process.

A graph made for it finds them, so that detections are known: one box for each person in each frame,
of the class of their colour.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from models.detectors.graph import sha256_of
from runtime.kafka.reader import read_topic
from schemas.records.evidence import BadgeRead
from schemas.registry import SchemaRegistry
from schemas.topics import FLOORS
from tests.support.builders.domain import S
from tests.support.builders.reads import badge_read
from tests.support.clusters import cluster_of, desk_of
from tests.support.onnx_files import write_colour_detector
from tests.support.played_pipeline import HOUR_US, START_US, PlayedPipeline, played_pipeline
from tests.support.ward_reads import append_reads
from workers.ingest.feed import WHOLE
from workers.ingest.sources.probe import probe_clip
from workers.local.demo.scenario import Scenario, VirtualCamera
from workers.local.demo.ward import register_ward
from workers.local.pipeline import prepare

WIDTH, HEIGHT = 320, 256
ACROSS, DOWN = 24, 40
FPS, SECONDS = 5, 36
LANES_PX = (12, 72, 132, 192)
"""Top of each person's lane, px: nobody hides anybody."""

SETTLE_S = 240.0
METRES_A_PX = 0.02
CAMERA, FLOOR = "cam", "ward"
HALVES = {"bay-1": (0, 140), "bay-2": (180, WIDTH)}
STAFF = {"ann": "nurse", "bob": "nurse", "cai": "doctor", "dee": "doctor"}
BADGES = {f"badge-of-{one}": one for one in STAFF}

RED, BLUE, WHITE = (0, 0, 255), (255, 0, 0), (255, 255, 255)
"""Colours as blue, green and red."""

COLOUR_OF = {"nurse": RED, "doctor": BLUE}
CLASSES = tuple(COLOUR_OF)
"""Labels of the classes of the graph that tells colours apart."""


def left_px(who: int, at_s: float) -> float:
    """Left side of a person, who walks to and fro."""
    period_s = 13.0 + who
    way = (at_s + 3.0 * who) % period_s / period_s * 2
    return 10 + (WIDTH - ACROSS - 20) * (way if way < 1 else 2 - way)


def picture(at_s: float, colours: Sequence[tuple[int, int, int]]) -> NDArray[np.uint8]:
    """What the camera sees, blue-green-red.

    Args:
        at_s: Time in the clip, seconds.
        colours: Colour of each person, as blue, green and red.
    """
    shown = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for who, (top, colour) in enumerate(zip(LANES_PX, colours, strict=True)):
        left = round(left_px(who, at_s))
        shown[top : top + DOWN, left : left + ACROSS] = colour
    return shown


def write_clip(path: Path, colours: Sequence[tuple[int, int, int]]) -> Path:
    """Write the clip; returns its path."""
    with av.open(str(path), "w") as clip:
        out = clip.add_stream("mpeg4", rate=FPS)
        out.width, out.height, out.pix_fmt, out.bit_rate = WIDTH, HEIGHT, "yuv420p", 4_000_000
        for number in range(FPS * SECONDS):
            shown = picture(number / FPS, colours)
            clip.mux(out.encode(av.VideoFrame.from_ndarray(shown, format="bgr24")))
        clip.mux(out.encode(None))
    return path


def ward(clip: Path) -> Scenario:
    """One camera that shows the whole clip, two bays, and staff with shifts and badges."""
    camera = VirtualCamera(CAMERA, probe_clip(str(clip)), WHOLE, WIDTH, HEIGHT, floor_id=FLOOR)
    scale = [METRES_A_PX, 0.0, 0.0, 0.0, METRES_A_PX, 0.0, 0.0, 0.0, 1.0]
    zones = [
        {
            "zone_id": zone_id,
            "camera_id": CAMERA,
            "polygon": [[left, 0], [right, 0], [right, HEIGHT], [left, HEIGHT]],
            "enter_after_ms": 400,
            "leave_after_ms": 600,
        }
        for zone_id, (left, right) in HALVES.items()
    ]
    shifts = [
        {
            "shift_id": f"shift-of-{one}",
            "staff_id": one,
            "zone_id": "bay-1",
            "starts": "2026-05-28 12:00",
            "ends": "2026-05-29 12:00",
        }
        for one in STAFF
    ]
    required = [{"requirement_id": "r", "zone_id": "bay-1", "role": "nurse", "count": 2}]
    rows = {
        "camera": [{**camera.row(), "homography": scale}],
        "zone": zones,
        "staff": [{"staff_id": one, "role": role} for one, role in STAFF.items()],
        "shift": shifts,
        "badge": [{"badge_id": one, "staff_ids": [who]} for one, who in BADGES.items()],
        "requirement": required,
    }
    return Scenario([camera], rows)


def reads() -> list[BadgeRead]:
    """Whoever walks past a reader in the middle of their lane is read; some reads are too late."""
    found: list[BadgeRead] = []
    for second in range(1, SECONDS):
        for who, (badge_id, staff_id) in enumerate(BADGES.items()):
            middle_px = left_px(who, second) + ACROSS / 2
            if abs(middle_px - WIDTH / 2) > 60:
                continue
            at_us = START_US + second * S
            found.append(
                badge_read(
                    at_us,
                    badge_id,
                    reader_id=f"reader-{who}",
                    recorded_at_us=at_us + (20 if second % 7 == 0 else -5) * S,
                    staff_ids=[staff_id],
                    floor_id=FLOOR,
                    x_m=middle_px * METRES_A_PX,
                    y_m=(LANES_PX[who] + DOWN) * METRES_A_PX,
                    range_m=0.4,
                )
            )
    return found


def colour_detector(path: Path) -> Path:
    """A detector that tells the colours of roles apart; its card names the classes."""
    weights = np.array([COLOUR_OF[one] for one in CLASSES], np.float32) / np.float32(255)
    write_colour_detector(path, weights, size=(WIDTH, HEIGHT), box=(ACROSS, DOWN))
    card = {
        "name": path.stem,
        "weights_sha256": sha256_of(path),
        "fitted": "",
        "score_map": [[0.0, 0.0], [1.0, 1.0]],
        "precision": [],
        "classes": list(CLASSES),
    }
    path.with_name(f"{path.stem}.card.json").write_text(json.dumps(card))
    return path


def white_detector(path: Path) -> Path:
    """A detector of people who are white, and of one class."""
    third = np.full((1, 3), 1 / 3, np.float32)
    return write_colour_detector(path, third, size=(WIDTH, HEIGHT), box=(ACROSS, DOWN))


DETECTION = {
    "WARDSTREAM_INFERENCE__SCORE_THRESHOLD": "0.55",
    "WARDSTREAM_INFERENCE__NMS_IOU": "0.2",
}
"""Settings with which these graphs give one box for each rectangle."""


@contextmanager
def played_ward(
    environment: Mapping[str, str],
    folder: Path,
    *,
    weights: Path,
    colours: Sequence[tuple[int, int, int]],
    reads: Sequence[BadgeRead] = (),
) -> Iterator[PlayedPipeline]:
    """The ward's clip through every process, to its end; they run until the block ends.

    Args:
        environment: Settings of every process.
        folder: Folder for clip, logs and import files.
        weights: The detector.
        colours: Colour of each person, as blue, green and red.
        reads: Reads of badges that are in the log before the first frame.
    """
    clip = write_clip(folder / "clip.mp4", colours)
    own = {"WARDSTREAM_INFERENCE__WEIGHTS": str(weights), **DETECTION, **environment}
    with played_pipeline(own, folder / "line") as played:
        cluster = cluster_of(played.settings)
        prepare(cluster, played.settings.database_address)
        played.scenario = ward(clip)
        with desk_of(played.settings) as desk:
            register_ward(played.scenario, folder / "line" / "ward", desk, START_US - HOUR_US)
        codec = SchemaRegistry(played.settings.registry_url).reader(FLOORS)
        [floor] = [codec.decode(one.value()) for one in read_topic(cluster, FLOORS)]
        append_reads(played.settings, [(floor["partition"], one) for one in reads])
        played.start(("--backend", "onnx", "--mode", "record"))
        played.play(
            "--mode", "record", "--fps", "5", "--start-time", "1780000000", "--pace", "asap"
        )
        played.settle(SETTLE_S)
        yield played
