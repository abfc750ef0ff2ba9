"""What is known of each camera, stage and model, the worst first; nothing unmeasured is a zero."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.records.cameras import CameraClock
from schemas.records.facts import Camera, Floor
from workers.observation.findings import STAGES
from workers.observation.signs import StageSign
from workers.serving.live.answers import AlertView
from workers.serving.live.pipeline_view import LATE_FROM_S
from workers.serving.live.shared_pulses import CameraPulse
from workers.serving.live.state import Live
from workers.serving.live.system_answers import (
    CameraState,
    CameraSystem,
    ClockView,
    ModelSystem,
    StageState,
    StageSystem,
)

CAMERA_ORDER: Final[tuple[CameraState, ...]] = (
    "SILENT",
    "TROUBLE",
    "LATE",
    "CLOCK",
    "UNKNOWN",
    "GOOD",
)
STAGE_ORDER: Final[tuple[StageState, ...]] = ("STOPPED", "LATE", "UNKNOWN", "GOOD")
LEAST_SILENT_S: Final = 10.0
"""A camera is not called silent sooner, s: a picture or two may come late."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownCameras:
    """What is known of cameras.

    Attributes:
        registered: Cameras that are shown, by id.
        floors: Floors in force, by id.
        pulses: Newest live values, by camera; None while the store of live values is away.
        rates: Frames per second, by camera.
        clocks: Decisions about clocks, by camera.
        suspects: Since when positions are in doubt, UTC microseconds, by camera.
        alerts: Raised alerts.
    """

    registered: Mapping[str, Camera]
    floors: Mapping[str, Floor]
    pulses: Mapping[str, Live[CameraPulse]] | None
    rates: Mapping[str, float | None]
    clocks: Mapping[str, CameraClock]
    suspects: Mapping[str, int]
    alerts: Sequence[AlertView]


def cameras_now(known: KnownCameras, now_us: int, silent_after_s: float) -> list[CameraSystem]:
    """Every registered camera, the worst first, and of equal ones the longest unseen.

    Args:
        known: What is known of them.
        now_us: Wall clock, UTC microseconds.
        silent_after_s: Age of the newest frame from which a camera is silent, s.
    """
    alerts: dict[str, list[AlertView]] = {}
    for alert in known.alerts:
        alerts.setdefault(alert.subject, []).append(alert)
    cameras = [
        _camera(known, camera, alerts.get(f"camera/{camera_id}", []), now_us, silent_after_s)
        for camera_id, camera in known.registered.items()
    ]
    return sorted(
        cameras,
        key=lambda one: (CAMERA_ORDER.index(one.state), one.last_us or 0, one.name, one.camera_id),
    )


def _camera(
    known: KnownCameras,
    camera: Camera,
    alerts: list[AlertView],
    now_us: int,
    silent_after_s: float,
) -> CameraSystem:
    camera_id, floor_id = camera["camera_id"], camera["floor_id"]
    live = (known.pulses or {}).get(camera_id)
    clock = known.clocks.get(camera_id)
    suspect_since_us = known.suspects.get(camera_id)
    lag_s = (live.written_us - live.record.captured_us) / 1e6 if live else None
    state: CameraState = "GOOD"
    if known.pulses is None:
        state = "TROUBLE" if alerts or suspect_since_us is not None else "UNKNOWN"
    elif live is None or now_us - live.record.captured_us >= silent_after_s * 1e6:
        state = "SILENT"
    elif alerts or suspect_since_us is not None:
        state = "TROUBLE"
    elif lag_s is not None and lag_s >= LATE_FROM_S:
        state = "LATE"
    elif clock is not None and clock["state"] == "UNSETTLED":
        state = "CLOCK"
    floor = known.floors.get(floor_id)
    return CameraSystem(
        camera_id=camera_id,
        name=camera["name"] or camera_id,
        floor_id=floor_id,
        floor_name=floor["name"] or floor_id if floor else floor_id,
        state=state,
        last_us=live.record.captured_us if live else None,
        lag_s=lag_s,
        frames_per_s=known.rates.get(camera_id),
        clock=_clock(clock),
        suspect_since_us=suspect_since_us,
        alerts=alerts,
        model_name=live.record.model_name if live else "",
        model_version=live.record.model_version if live else "",
    )


def _clock(record: CameraClock | None) -> ClockView | None:
    if record is None:
        return None
    return ClockView(
        state=record["state"],
        offset_s=record["offset_us"] / 1e6,
        drift_ppm=record["drift_ppm"],
        jitter_s=record["jitter_us"] / 1e6,
        since_us=record["since_us"],
        observed_until_us=record["observed_until_us"],
    )


def stages_now(
    signs: Mapping[str, StageSign],
    rates: Mapping[str, float],
    alerts: Iterable[AlertView],
    is_known: bool,
) -> list[StageSystem]:
    """Every stage, the worst first, and of equal ones in the order of the pipeline.

    Args:
        signs: How far stages have come, where that is measured.
        rates: Records per second, where that is measured.
        alerts: Raised alerts.
        is_known: Whether the log can be read, so that signs are of now.
    """
    about: dict[str, list[AlertView]] = {}
    for alert in alerts:
        about.setdefault(alert.subject, []).append(alert)
    stages = []
    for stage in STAGES:
        own, sign = about.get(f"stage/{stage}", []), signs.get(stage)
        state: StageState = "GOOD"
        if any(alert.kind == "silence" for alert in own):
            state = "STOPPED"
        elif own or (sign is not None and sign.lag_s >= LATE_FROM_S):
            state = "LATE"
        elif sign is None or not is_known:
            state = "UNKNOWN"
        stages.append(
            StageSystem(
                stage=stage,
                state=state,
                records_per_s=rates.get(stage),
                lag_records=sign.lag_records if sign else None,
                lag_s=sign.lag_s if sign else None,
                alerts=own,
            )
        )
    return sorted(stages, key=lambda one: STAGE_ORDER.index(one.state))


def models_now(cameras: Iterable[CameraSystem], cautions: Mapping[str, str]) -> list[ModelSystem]:
    """Models by number of cameras, those of most cameras first.

    Args:
        cameras: Cameras that are shown.
        cautions: Why not to trust a model, by its name.
    """
    counts = Counter((one.model_name, one.model_version) for one in cameras if one.model_name)
    return [
        ModelSystem(name=name, version=version, cameras=number, caution=cautions.get(name, ""))
        for (name, version), number in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    ]
