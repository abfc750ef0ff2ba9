"""Zones at the edge: people whose feet the picture does not show, through the whole fold.

A person is 90 px wide and 260 px high, in a picture of 800 x 600 px; the detector's box ends where
the picture or a mask does.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from schemas.records.frames import Detection, DetectionOutcome
from streams.domain.pipeline import Output, PartitionPipeline, UnusableOutcome
from tests.support.builders.domain import (
    MS,
    T0,
    camera,
    facts_of,
    fold,
    occupancies,
    outcome,
    presences,
    rectangle,
    zone,
    zone_events,
)

WIDTH, HEIGHT = 800.0, 600.0
FRAMES = 200
STEP_MS = 100

Path = Callable[[int], tuple[float, float] | None]
"""Feet of a person in a frame, px; None once they are gone."""


@dataclass(frozen=True)
class Scene:
    """A person before a camera.

    Attributes:
        path: Where the feet are.
        polygon: The zone.
        mask: A privacy mask: x_min, y_min, x_max, y_max, px; None for none.
        scale: Size of the captured frames over 800 x 600 px.
        size: Width and height of the person, px.
    """

    path: Path
    polygon: Sequence[dict[str, float]]
    mask: tuple[float, float, float, float] | None = None
    scale: float = 1.0
    size: tuple[float, float] = (90.0, 260.0)


def stays_at(x: float, y: float) -> Path:
    return lambda _: (x, y)


def walks(start: tuple[float, float], end: tuple[float, float], frames: int, then: bool) -> Path:
    """From one point to another; whether the person is still there afterwards."""

    def at(frame: int) -> tuple[float, float] | None:
        part = min(1.0, frame / frames)
        if frame > frames and not then:
            return None
        return start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1])

    return at


def detection(scene: Scene, frame: int, chance: random.Random) -> list[Detection]:
    feet = scene.path(frame)
    noise = [chance.gauss(0, 1.5) for _ in range(4)]
    if feet is None:
        return []
    (x, y), (wide, high) = feet, scene.size
    x_min, x_max = x - wide / 2 + noise[0], x + wide / 2 + noise[1]
    y_min, y_max = y - high + noise[2], y + noise[3]
    if scene.mask is not None and scene.mask[0] < x < scene.mask[2] and y > scene.mask[1]:
        y_max = min(y_max, scene.mask[1] + noise[3])
    x_min, y_min = max(0.0, x_min), max(0.0, y_min)
    x_max, y_max = min(WIDTH, x_max), min(HEIGHT, y_max)
    if x_max - x_min < 12 or y_max - y_min < 12:
        return []
    return [
        {
            "x_min": scene.scale * x_min,
            "y_min": scene.scale * y_min,
            "x_max": scene.scale * x_max,
            "y_max": scene.scale * y_max,
            "score": 0.9,
            "label": "person",
            "raw_score": 0.9,
        }
    ]


def frames_of(scene: Scene) -> list[DetectionOutcome]:
    chance = random.Random(1)
    frames = [
        outcome(T0 + (100 + frame * STEP_MS) * MS, detection(scene, frame, chance))
        for frame in range(FRAMES)
    ]
    for frame in frames:
        frame["width"], frame["height"] = round(WIDTH * scene.scale), round(HEIGHT * scene.scale)
    return frames


def outputs_of(scene: Scene, **zone_fields: Any) -> list[Output]:
    polygon = [{key: scene.scale * v for key, v in point.items()} for point in scene.polygon]
    masks = [] if scene.mask is None else [rectangle(*(scene.scale * e for e in scene.mask))]
    known = facts_of(
        camera(
            width=round(WIDTH * scene.scale),
            height=round(HEIGHT * scene.scale),
            privacy_masks=masks,
        ),
        zone(polygon=polygon, **zone_fields),
    )
    return fold(PartitionPipeline(), known, frames_of(scene))


def kinds(outputs: Sequence[Output]) -> list[str]:
    return [event["kind"] for event in zone_events(outputs)]


WALKS_IN = walks((200, 350), (200, 700), 60, then=True)
MASK = (100.0, 450.0, 300.0, 600.0)

STAYS = {
    **{
        f"{name}, zone to {bottom}": Scene(path, rectangle(0, 300, 400, bottom))
        for name, path in {
            "walks in until the feet leave the picture": WALKS_IN,
            "stands with the feet below the picture": stays_at(200, 640),
            "stands at the edge": stays_at(200, 601),
            "shows only head and shoulders": stays_at(200, 790),
            "comes in from below": walks((200, 900), (200, 640), 30, then=True),
        }.items()
        for bottom in (700, 600, 599, 594, 584)
    },
    **{
        f"stands half outside on the {side}, zone {inset} px short": Scene(
            stays_at(x, 450),
            rectangle(inset, 200, 400, 590) if x < 400 else rectangle(400, 200, 800 - inset, 590),
        )
        for side, x in {"left": -20.0, "right": 820.0}.items()
        for inset in (-40, 0, 1, 20)
    },
    "stands in the corner on the left": Scene(stays_at(-10, 660), rectangle(10, 300, 400, 590)),
    "stands in the corner on the right": Scene(stays_at(810, 660), rectangle(400, 300, 795, 599)),
    "fills the whole picture": Scene(
        stays_at(400, 1900), rectangle(1, 1, 799, 599), size=(1000.0, 2000.0)
    ),
    "fills the picture from top to bottom": Scene(
        stays_at(400, 900), rectangle(200, 300, 600, 590), size=(300.0, 1000.0)
    ),
    "stands in a strip at the edge": Scene(stays_at(200, 640), rectangle(0, 588, 800, 600)),
    **{
        f"stands behind a mask, zone to {bottom}": Scene(
            stays_at(200, 520), rectangle(0, 200, 400, bottom), mask=MASK
        )
        for bottom in (600, 450, 449, 440)
    },
    "walks behind a mask": Scene(
        walks((200, 380), (200, 520), 50, then=True), rectangle(0, 250, 400, 450), mask=MASK
    ),
    **{
        f"stands with the feet below a picture of {scale} times the size": Scene(
            stays_at(200, 640), rectangle(0, 300, 400, 594), scale=scale
        )
        for scale in (0.25, 0.5, 2.4)
    },
}
"""People who stay in the zone until the last frame."""

NEVER_IN = {
    "zone ends far above the edge": Scene(stays_at(200, 640), rectangle(0, 300, 400, 560)),
    "zone ends above the margin": Scene(stays_at(200, 640), rectangle(0, 300, 400, 578)),
    "zone begins beside the margin": Scene(stays_at(8, 500), rectangle(27, 200, 400, 600)),
    "zone ends beside the margin": Scene(stays_at(792, 500), rectangle(400, 200, 773, 600)),
    "zone is beside the person at the edge": Scene(
        stays_at(200, 640), rectangle(300, 300, 700, 600)
    ),
    "zone is above the mask": Scene(stays_at(200, 520), rectangle(0, 200, 400, 420), mask=MASK),
    "feet in view below the zone": Scene(stays_at(200, 560), rectangle(0, 200, 400, 550)),
    "zone outside the picture": Scene(stays_at(200, 500), rectangle(0, 610, 400, 700)),
}
"""People who are never in the zone."""

VISITS = {
    "walks out through the bottom": Scene(
        walks((200, 500), (200, 900), 60, then=False), rectangle(0, 400, 400, 599)
    ),
    "walks out on the left": Scene(
        walks((200, 500), (-80, 500), 60, then=False), rectangle(1, 300, 400, 599)
    ),
    "walks out on the right": Scene(
        walks((600, 500), (880, 500), 60, then=False), rectangle(400, 300, 799, 599)
    ),
    "walks in from below and on": Scene(
        walks((200, 880), (200, 340), 100, then=True), rectangle(0, 420, 400, 595)
    ),
    "walks along the edge": Scene(
        walks((100, 640), (700, 640), 120, then=True), rectangle(300, 300, 500, 594)
    ),
}
"""People who are in the zone once, and then no more."""


@pytest.mark.parametrize("name", STAYS)
def test_a_person_in_the_zone_counts_from_first_to_last(name: str) -> None:
    outputs = outputs_of(STAYS[name])

    assert kinds(outputs) == ["ENTERED"]
    assert occupancies(outputs)[-1]["people"] == 1


@pytest.mark.parametrize("name", NEVER_IN)
def test_a_person_beside_the_zone_never_counts(name: str) -> None:
    outputs = outputs_of(NEVER_IN[name])

    assert kinds(outputs) == []
    assert max(len(presence["people"]) for presence in presences(outputs)) == 1


@pytest.mark.parametrize("name", VISITS)
def test_a_person_who_passes_through_enters_and_leaves_once(name: str) -> None:
    scene = VISITS[name]
    shown = [frame["captured_us"] for frame in frames_of(scene) if frame["detections"]]

    outputs = outputs_of(scene, dwell_limit_s=13.0)

    assert kinds(outputs) == ["ENTERED", "LEFT"]
    entered, left = zone_events(outputs)
    assert left["at_us"] <= shown[-1]
    assert left["entered_us"] == entered["at_us"]
    assert occupancies(outputs)[-1]["people"] == 0


HALF = Scene(stays_at(200, 640), rectangle(0, 300, 400, 594), scale=0.5)


def test_people_in_a_frame_of_half_the_registered_size_are_refused_and_change_nothing() -> None:
    pipeline, facts = PartitionPipeline(), facts_of(camera(), zone())
    small = frames_of(HALF)[0]

    with pytest.raises(UnusableOutcome, match=r"400x300 px, but camera cam .* 800x600 px"):
        pipeline.advance(small, facts)

    assert pipeline.cameras == {}


@pytest.mark.parametrize("outcome_kind", ["SKIPPED", "FAILED"])
def test_a_frame_of_another_size_without_detections_lets_time_advance(outcome_kind: Any) -> None:
    pipeline, facts = PartitionPipeline(), facts_of(camera(), zone())
    small: DetectionOutcome = {**frames_of(HALF)[0], "outcome": outcome_kind, "detections": []}

    pipeline.advance(small, facts)

    assert pipeline.cameras["cam"].last_us == small["captured_us"]


def test_a_camera_registered_without_a_size_has_no_edges() -> None:
    known = facts_of(camera(width=0, height=0), zone(polygon=rectangle(0, 150, 200, 297)))

    outputs = fold(PartitionPipeline(), known, frames_of(HALF))

    assert kinds(outputs) == []
    assert max(len(presence["people"]) for presence in presences(outputs)) == 1
