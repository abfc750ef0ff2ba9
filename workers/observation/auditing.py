"""Findings about the audit: it cannot be written, or nobody has kept a copy of its heads."""

from runtime.process.sections import WatchdogSettings
from workers.observation.finding import Finding
from workers.observation.signs import Signs


def audit_away(signs: Signs, settings: WatchdogSettings) -> list[Finding]:
    """Processes that have not been able to write the audit for a while."""
    found = []
    for stage, health in sorted(signs.health.items()):
        if health.audit_away is None:
            continue
        lasted_s = (signs.now_us - health.audit_away.since_us) / 1e6
        if lasted_s < settings.after_s:
            continue
        found.append(
            Finding(
                key=f"audit/stage/{stage}",
                tier="WARNING",
                what="People are not shown: nobody could tell later who saw them",
                since_us=health.audit_away.since_us,
                value=round(lasted_s, 1),
                threshold=settings.after_s,
                unit="s",
                next_action=f"{stage} cannot write the audit: {health.audit_away.error}",
            )
        )
    return found


def anchor_late(signs: Signs, settings: WatchdogSettings, started_us: int) -> list[Finding]:
    """The newest anchor is too old, where anchors are expected.

    Args:
        signs: What was observed.
        settings: How old it may be.
        started_us: Start of the watchdog, UTC microseconds; counts as the first anchor's time.
    """
    within_s = settings.anchored_within_s
    since_us = started_us if signs.anchored_us is None else signs.anchored_us
    age_s = (signs.now_us - since_us) / 1e6
    if not within_s or age_s < within_s:
        return []
    return [
        Finding(
            key="anchor/audit",
            tier="WARNING",
            what="The record of who saw what has no safe copy of today",
            since_us=since_us,
            value=round(age_s, 1),
            threshold=within_s,
            unit="s",
            next_action="`wardstream audit verify` says whether it was altered; then "
            "`wardstream audit anchor`",
        )
    ]
