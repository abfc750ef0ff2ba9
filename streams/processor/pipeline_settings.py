"""Settings of the domain, taken from the settings of a process."""

from runtime.process.settings import Settings
from streams.domain.settings import FloorSettings, PipelineSettings


def pipeline_settings(settings: Settings) -> PipelineSettings:
    """The part of the settings that determines the outputs."""
    return PipelineSettings(
        tracker=settings.tracking,
        moving_tracker=settings.tracking_moving,
        floor=FloorSettings(
            allowed_lateness_us=round(settings.stream.allowed_lateness_s * 1_000_000),
            fuses_cameras=settings.stream.fuse_cameras,
            fusion=settings.fusion,
            takes_reads=settings.stream.take_badge_reads,
            badges=settings.badges,
            shifts=settings.shifts,
            census_max_age_us=round(settings.stream.census_max_age_h * 3_600_000_000),
            role_only=settings.privacy.mode == "role-only",
            classes=settings.classes,
        ),
    )
