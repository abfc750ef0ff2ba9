"""Judge what was seen of a line: what is silent, behind or overloaded, in words for a ward."""

from dataclasses import replace
from typing import Final, NamedTuple

from runtime.process.settings import DeadmanSettings
from workers.observation.finding import Finding, Tier
from workers.observation.log_changes import log_changes
from workers.observation.signs import Signs

__all__ = ["STAGES", "Finding", "Words", "judge"]


class Words(NamedTuple):
    """How a stage's trouble is told.

    Attributes:
        silent: When it stands still.
        late: When it is behind.
        tier: Of its silence.
    """

    silent: str
    late: str
    tier: Tier = "PAGE"


STAGES: Final[dict[str, Words]] = {
    "ingest": Words("Cameras are no longer read", "Pictures come late"),
    "infer": Words("Looking for people has stopped", "Looking for people is behind"),
    "stream": Words("Counting has stopped", "Counting is behind"),
    "sink-redis": Words("The numbers on the board stand still", "The board's numbers come late"),
    "sink-timescale": Words("History is not being written", "History is written late", "WARNING"),
    "serve": Words("The board does not answer", "The board is slow"),
}
"""By name of the process, in the order of the line."""

LEAST_PICTURES: Final = 20
"""Fewer in the last minute are no measure of how many are skipped."""


def judge(signs: Signs, settings: DeadmanSettings, started_us: int) -> list[Finding]:
    """Everything that is wrong now, most urgent first; what is explained by another is left out.

    Args:
        signs: What was seen.
        settings: From when on silence and lag are told.
        started_us: When watching began; nothing is said to be silent for longer than that
            without a sign.
    """
    stages = _silent_stages(signs, settings)
    changes = log_changes(signs)
    if signs.kafka_said:  # the log tells nothing of what is in it, maybe as a topic is missing
        return [*_log_away(signs, settings), *stages, *changes]
    cameras = _silent_cameras(signs, settings, started_us)
    others = [*cameras, *_late_stages(signs, settings), *_overload(signs, settings)]
    line = _no_pictures(signs, settings, started_us)
    if line is not None:
        line = replace(line, explains=tuple(found.key for found in others))
        # a stage that has nothing to do is silent by rights, and not here
        return [line, *stages, *changes]
    stages = [replace(stage, explains=_explained(stage, others)) for stage in stages]
    explained = {key for stage in stages for key in stage.explains}
    return [*stages, *changes, *(found for found in others if found.key not in explained)]


def _explained(stage: Finding, others: list[Finding]) -> tuple[str, ...]:
    """Keys of what is no news beside a silent stage."""
    return tuple(
        found.key
        for found in others
        if (found.kind == "lag" and found.subject == stage.subject)
        # Cameras are seen by what inference makes of them.
        or (stage.key == "silence/stage/infer" and found.key.startswith("silence/camera/"))
    )


def _log_away(signs: Signs, settings: DeadmanSettings) -> list[Finding]:
    silent_s = (signs.now_us - signs.kafka_us) / 1e6
    if silent_s < settings.after_s:
        return []
    return [
        Finding(
            key="silence/log",
            tier="PAGE",
            what="Nothing is known of the ward: the line's log does not answer",
            since_us=signs.kafka_us,
            value=round(silent_s, 1),
            threshold=settings.after_s,
            unit="s",
            next_action=f"Kafka does not answer ({signs.kafka_said}): see its log, start it again",
        )
    ]


def _no_pictures(signs: Signs, settings: DeadmanSettings, started_us: int) -> Finding | None:
    if not signs.cameras and signs.pictures_us is None:
        return None  # nobody expects any
    since_us = started_us if signs.pictures_us is None else signs.pictures_us
    silent_s = (signs.now_us - since_us) / 1e6
    if silent_s < settings.after_s:
        return None
    return Finding(
        key="silence/line",
        tier="PAGE",
        what="No new data from any camera",
        since_us=since_us,
        value=round(silent_s, 1),
        threshold=settings.after_s,
        unit="s",
        next_action="nothing comes into frames.captured.v1, not even heartbeats: see ingest",
    )


def _silent_stages(signs: Signs, settings: DeadmanSettings) -> list[Finding]:
    found = []
    for stage, words in STAGES.items():
        sign, health = signs.stages.get(stage), signs.health.get(stage)
        reasons = []
        if sign is not None and sign.waiting_since_us is not None:
            why = f"{sign.lag_records} records wait and it commits none"
            reasons.append((sign.waiting_since_us, why))
        if health is not None and health.said:
            reasons.append((health.good_us, f"its health says: {health.said}"))
        overdue = [
            (since_us, why)
            for since_us, why in reasons
            if (signs.now_us - since_us) / 1e6 >= settings.after_s
        ]
        if not overdue:
            continue
        since_us = min(overdue)[0]
        reason = "; ".join(why for _, why in overdue)
        found.append(
            Finding(
                key=f"silence/stage/{stage}",
                tier=words.tier,
                what=words.silent,
                since_us=since_us,
                value=round((signs.now_us - since_us) / 1e6, 1),
                threshold=settings.after_s,
                unit="s",
                next_action=f"{stage}: {reason}; see its log, start it again",
            )
        )
    return found


def _silent_cameras(signs: Signs, settings: DeadmanSettings, started_us: int) -> list[Finding]:
    found = []
    for camera_id, sign in sorted((signs.cameras or {}).items()):
        since_us = started_us if sign.last_us is None else sign.last_us
        silent_s = (signs.now_us - since_us) / 1e6
        if silent_s < settings.after_s:
            continue
        found.append(
            Finding(
                key=f"silence/camera/{camera_id}",
                tier="WARNING",
                what=f"No new data from camera {sign.name}",
                since_us=since_us,
                value=round(silent_s, 1),
                threshold=settings.after_s,
                unit="s",
                next_action=f"camera {camera_id}: its power, its network, its ingest process",
            )
        )
    return found


def _late_stages(signs: Signs, settings: DeadmanSettings) -> list[Finding]:
    return [
        Finding(
            key=f"lag/stage/{stage}",
            tier="WARNING",
            what=words.late,
            since_us=signs.now_us - round(sign.lag_s * 1e6),
            value=round(sign.lag_s, 1),
            threshold=settings.lag_s,
            unit="s",
            next_action=f"{stage} has {sign.lag_records} records before it: give it more room",
        )
        for stage, words in STAGES.items()
        if (sign := signs.stages.get(stage)) is not None and sign.lag_s >= settings.lag_s
    ]


def _overload(signs: Signs, settings: DeadmanSettings) -> list[Finding]:
    if signs.pictures < LEAST_PICTURES or signs.skipped < settings.skipped_ratio:
        return []
    percent = round(100 * signs.skipped)
    return [
        Finding(
            key="overload/stage/infer",
            tier="NOTICE",
            what=f"{percent} % of the pictures are skipped: too many for this machine",
            since_us=signs.now_us,
            value=round(signs.skipped, 3),
            threshold=settings.skipped_ratio,
            unit="0-1",
            next_action="fewer frames a second (ingest.fps), fewer cameras, or more inference",
        )
    ]
