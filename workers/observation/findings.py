"""Turn observations into findings, in words for ward staff: what is silent, late or overloaded."""

from dataclasses import replace
from typing import Final, NamedTuple

from runtime.process.sections import WatchdogSettings
from workers.observation.auditing import anchor_late, audit_away
from workers.observation.badge_findings import badges_on_two_floors
from workers.observation.finding import Finding, Tier
from workers.observation.log_changes import log_changes
from workers.observation.signs import Signs
from workers.observation.views import views

__all__ = ["STAGES", "Finding", "StageTexts", "judge"]


class StageTexts(NamedTuple):
    """Texts for ward staff about a stage in trouble.

    Attributes:
        silent: Text for a stage that does nothing.
        late: Text for a stage that lags.
        tier: Urgency of the silence.
    """

    silent: str
    late: str
    tier: Tier = "PAGE"


STAGES: Final[dict[str, StageTexts]] = {
    "ingest": StageTexts("Cameras are no longer read", "Pictures come late"),
    "infer": StageTexts("Looking for people has stopped", "Looking for people is late"),
    "guard": StageTexts(
        "Nobody watches whether cameras were moved or covered",
        "Moved or covered cameras are found out late",
        "WARNING",
    ),
    "clocks": StageTexts(
        "Nobody follows the cameras' clocks",
        "Clocks that jumped are found out late",
        "WARNING",
    ),
    "stream": StageTexts("Counting has stopped", "Counting is late"),
    "relay": StageTexts("Edits do not take effect", "Edits take effect late", "WARNING"),
    "sink-redis": StageTexts("The board's numbers have stopped", "The board's numbers come late"),
    "sink-timescale": StageTexts(
        "History is not being written", "History is written late", "WARNING"
    ),
    "serve": StageTexts("The board does not answer", "The board is slow"),
    "notifier": StageTexts("Nobody is told of alerts", "People are told of alerts late"),
}
"""Texts by process name, in pipeline order."""

LEAST_PICTURES: Final = 20
"""With fewer pictures in the last minute, the share of skipped pictures is not judged."""


def judge(signs: Signs, settings: WatchdogSettings, started_us: int) -> list[Finding]:
    """All findings, most urgent first; a finding that another one explains is left out.

    Args:
        signs: What was observed.
        settings: Limits of silence and lag.
        started_us: Start of the watchdog, UTC microseconds; a subject without any sign counts as
            silent from then on.
    """
    stages = _silent_stages(signs, settings)
    audit = [*audit_away(signs, settings), *anchor_late(signs, settings, started_us)]
    changes = [*log_changes(signs), *audit, *badges_on_two_floors(signs)]
    if signs.kafka_error:  # nothing in Kafka can be judged, maybe because a topic is missing
        return [*_log_away(signs, settings), *stages, *changes]
    cameras = _silent_cameras(signs, settings, started_us)
    others = [
        *cameras,
        *views(signs),
        *_late_stages(signs, settings),
        *_overload(signs, settings),
    ]
    pipeline = _no_pictures(signs, settings, started_us)
    if pipeline is not None:
        pipeline = replace(pipeline, explains=tuple(found.key for found in others))
        # A stage that has nothing to do is rightly silent, and not in this list.
        return [pipeline, *stages, *changes]
    stages = [replace(stage, explains=_explained(stage, others)) for stage in stages]
    explained = {key for stage in stages for key in stage.explains}
    return [*stages, *changes, *(found for found in others if found.key not in explained)]


def _explained(stage: Finding, others: list[Finding]) -> tuple[str, ...]:
    """Keys of the findings that a silent stage explains."""
    return tuple(
        found.key
        for found in others
        if (found.kind == "lag" and found.subject == stage.subject)
        # Cameras are observed by the outcomes that inference writes.
        or (stage.key == "silence/stage/infer" and found.key.startswith("silence/camera/"))
    )


def _log_away(signs: Signs, settings: WatchdogSettings) -> list[Finding]:
    silent_s = (signs.now_us - signs.kafka_us) / 1e6
    if silent_s < settings.after_s:
        return []
    return [
        Finding(
            key="silence/log",
            tier="PAGE",
            what="Nothing is known of the ward: its data store (Kafka) does not answer",
            since_us=signs.kafka_us,
            value=round(silent_s, 1),
            threshold=settings.after_s,
            unit="s",
            next_action=f"Kafka is out of reach ({signs.kafka_error}): read its log, restart it",
        )
    ]


def _no_pictures(signs: Signs, settings: WatchdogSettings, started_us: int) -> Finding | None:
    if not signs.cameras and signs.pictures_us is None:
        return None  # none are expected
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
        next_action="nothing arrives in frames.captured.v1, not even heartbeats: check ingest",
    )


def _silent_stages(signs: Signs, settings: WatchdogSettings) -> list[Finding]:
    found = []
    for stage, texts in STAGES.items():
        sign, health = signs.stages.get(stage), signs.health.get(stage)
        reasons = []
        if sign is not None and sign.waiting_since_us is not None:
            why = f"{sign.lag_records} records wait and it commits none"
            reasons.append((sign.waiting_since_us, why))
        if health is not None and health.problem:
            reasons.append((health.good_us, f"its health endpoint reports: {health.problem}"))
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
                tier=texts.tier,
                what=texts.silent,
                since_us=since_us,
                value=round((signs.now_us - since_us) / 1e6, 1),
                threshold=settings.after_s,
                unit="s",
                next_action=f"{stage}: {reason}; read its log, start it again",
            )
        )
    return found


def _silent_cameras(signs: Signs, settings: WatchdogSettings, started_us: int) -> list[Finding]:
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
                next_action=f"check camera {camera_id}: its power, its network, its ingest process",
            )
        )
    return found


def _late_stages(signs: Signs, settings: WatchdogSettings) -> list[Finding]:
    return [
        Finding(
            key=f"lag/stage/{stage}",
            tier="WARNING",
            what=texts.late,
            since_us=signs.now_us - round(sign.lag_s * 1e6),
            value=round(sign.lag_s, 1),
            threshold=settings.lag_s,
            unit="s",
            next_action=f"{sign.lag_records} records wait for {stage}: give it more CPU",
        )
        for stage, texts in STAGES.items()
        if (sign := signs.stages.get(stage)) is not None and sign.lag_s >= settings.lag_s
    ]


def _overload(signs: Signs, settings: WatchdogSettings) -> list[Finding]:
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
