"""The fold's settings as a checkpoint keeps them, and which of them hold at an offset."""

from collections.abc import Sequence
from typing import Any, Final, cast

import msgspec

from runtime.checkpoints import SettingsSpan
from runtime.errors import Stop
from schemas import class_settings, evidence_settings, fusion_settings, shift_settings
from schemas.tracker_settings import with_neutral_values
from streams.domain.settings import PipelineSettings

_FLOOR_SECTIONS: Final = {
    "fusion": fusion_settings.NEUTRAL,
    "badges": evidence_settings.NEUTRAL,
    "classes": class_settings.NEUTRAL,
    "shifts": shift_settings.NEUTRAL,
}
"""Sections of a floor's settings, each with those that later releases added to it."""

_LEARNT: Final = msgspec.json.Decoder(PipelineSettings)
"""Has msgspec learn the type before there are threads; see `codec`."""

_CENSUS_MAX_AGE_US: Final = 26 * 3_600_000_000
"""Age up to which a census is believed, under settings of a release that knew of none."""


def to_values(settings: PipelineSettings) -> dict[str, Any]:
    """Settings as a checkpoint's head holds them: JSON, by name."""
    return cast("dict[str, Any]", msgspec.to_builtins(settings))


def from_values(values: dict[str, Any]) -> PipelineSettings:
    """Read settings back from a checkpoint's head.

    A setting that a later release added takes the value under which the fold works as before it.
    A release that did not know of moving cameras had one tracker for all, and one that does not say
    whether it fuses cameras, takes reads of badges, shows roles only, follows gaps, decides about
    alerts, finds the longest stay or doubts badges did not.

    Raises:
        Stop: A setting is unknown here, is missing, or has a value of another type.
    """
    whole = dict(values)
    whole.setdefault("moving_tracker", values.get("tracker"))
    if isinstance(whole.get("floor"), dict):
        without = {"fuses_cameras": False, "fusion": {}, "takes_reads": False, "badges": {}}
        without |= {"shifts": {}, "census_max_age_us": _CENSUS_MAX_AGE_US, "classes": {}}
        without |= {"role_only": False, "follows_gaps": False, "widens_flow": False}
        without |= {"decides_alerts": False, "finds_longest": False, "doubts_badges": False}
        whole["floor"] = {**without, **whole["floor"]}
        for section, neutral in _FLOOR_SECTIONS.items():
            if isinstance(whole["floor"][section], dict):
                whole["floor"][section] = {**neutral, **whole["floor"][section]}
    for tracker in ("tracker", "moving_tracker"):
        if isinstance(whole.get(tracker), dict):
            whole[tracker] = with_neutral_values(whole[tracker])
    try:
        settings = msgspec.convert(whole, PipelineSettings)
    except msgspec.ValidationError as error:
        raise _unreadable(str(error)) from error
    saved, known = _names(whole), _names(to_values(settings))
    for name in sorted(saved - known):
        raise _unreadable(f"{name!r} is not a setting of this release")
    for name in sorted(known - saved):
        raise _unreadable(f"it does not hold {name!r}")
    return settings


class SettingsByOffset:
    """Steps through the settings of a partition as its offsets rise.

    Attributes:
        current: Settings that hold now.
        next_change: Offset from which other settings hold; None when no change is to come.
    """

    def __init__(self, settings: PipelineSettings) -> None:
        self.current = settings
        self.next_change: int | None = None
        self._coming: list[SettingsSpan] = []

    def follow(self, spans: Sequence[SettingsSpan], offset: int) -> None:
        """Begin at an offset; without a span that holds there, `current` stays.

        Raises:
            Stop: The settings of a span that is still needed cannot be read.
        """
        before = [span for span in spans if span.from_offset <= offset]
        if before:
            self.current = from_values(before[-1].values)
        self._coming = [span for span in spans if span.from_offset > offset]
        self._look_ahead()

    def step(self, offset: int) -> PipelineSettings:
        """Settings that hold at an offset that is not below `next_change`."""
        while self._coming and self._coming[0].from_offset <= offset:
            self.current = from_values(self._coming.pop(0).values)
        self._look_ahead()
        return self.current

    def _look_ahead(self) -> None:
        self.next_change = self._coming[0].from_offset if self._coming else None


def _names(values: dict[str, Any], prefix: str = "") -> set[str]:
    names = set()
    for name, value in values.items():
        names.add(prefix + name)
        if isinstance(value, dict):
            names |= _names(value, f"{prefix}{name}.")
    return names


def _unreadable(why: str) -> Stop:
    return Stop(
        f"the settings that a checkpoint was folded under cannot be read: {why}. Let the release "
        "that wrote it go on, or fold the detections again: `wardstream rebuild checkpoints`, see "
        "docs/runbooks/upgrade.md"
    )
