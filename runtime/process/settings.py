"""Every setting of Wardstream: typed, with its unit, default and effect.

Values come from the environment (`WARDSTREAM_KAFKA_BOOTSTRAP`, nested ones with two
underscores: `WARDSTREAM_INGEST__FPS`), then from one TOML file (`wardstream.toml`, or the path
in `WARDSTREAM_CONFIG`), then from the defaults here. `wardstream settings` prints them all.
"""

import os
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, Self, get_type_hints

from pydantic import BaseModel, SecretStr, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from runtime.process.declare import setting
from runtime.process.retired import refuse_retired
from runtime.process.secret_files import SecretFiles
from runtime.process.security import SecuritySettings, database_address, redis_address
from schemas.tracker_settings import TrackerSettings


class IngestSettings(BaseModel):
    """Cameras to frames.captured.v1."""

    fps: float = setting(10.0, "frames/s", "Frames taken per second of the source.", gt=0, le=60)
    mode: Literal["record", "live"] = setting(
        "live",
        "name",
        "record never skips a frame; live drops frames that a slow pipeline cannot take.",
    )
    max_width: int = setting(1280, "px", "Wider frames are shrunk to this width.", gt=0)
    jpeg_quality: int = setting(
        85, "1-100", "Higher keeps more detail and more bytes.", ge=1, le=100
    )
    inline_limit_bytes: int = setting(
        512 * 1024,
        "bytes",
        "Larger JPEGs go to the object store and the record carries a claim check.",
        ge=0,
        le=4_000_000,
    )
    object_store_url: str = setting(
        "file://.wardstream/objects",
        "URL",
        "Where claim-checked frames are stored: file:// or s3://.",
    )
    heartbeat_s: float = setting(1.0, "s", "A silent camera sends its time this often.", gt=0)
    future_limit_s: float = setting(
        5.0,
        "s",
        "Frames of an event time this far ahead of the wall clock are not sent, and a camera "
        "whose own clock is this far ahead is reported.",
        gt=0,
    )
    reconnect_initial_s: float = setting(0.5, "s", "First pause before a lost stream is reopened.")
    reconnect_max_s: float = setting(30.0, "s", "Longest pause before a lost stream is reopened.")


class InferenceSettings(BaseModel):
    """frames.captured.v1 to detections.made.v1."""

    backend: Literal["auto", "yolo", "openvino", "onnx", "hog"] = setting(
        "auto", "name", "Detector backend; auto takes the fastest that can run here."
    )
    weights: str | None = setting(
        None, "path or name", "Model weights; found by name when not a path."
    )
    models_folder: Path = setting(Path("models/weights"), "path", "Folder searched for weights.")
    score_threshold: float = setting(
        0.1, "0-1", "Boxes below it are dropped; the tracker has a higher threshold of its own."
    )
    nms_iou: float = setting(0.65, "0-1", "Overlap above which the weaker of two boxes is dropped.")
    threads: int = setting(1, "threads", "CPU threads of the network.", ge=1)
    batch_size: int = setting(8, "frames", "Frames inferred together at most.", ge=1)
    batch_wait_ms: float = setting(
        20.0, "ms", "A batch waits at most this long for more frames.", ge=0
    )
    mode: Literal["record", "live"] = setting(
        "live",
        "name",
        "record infers every frame; live infers the newest frame of a camera and marks the "
        "older ones skipped.",
    )


class StreamSettings(BaseModel):
    """detections.made.v1 to tracks, presence, occupancy and coverage."""

    batch_max: int = setting(1000, "records", "Records folded in one go at most.", ge=1, le=2000)
    batch_wait_s: float = setting(
        0.03, "s", "The broker collects records for a batch at most this long.", gt=0, le=1
    )
    checkpoint_s: float = setting(1.0, "s", "State is checkpointed this often.", gt=0)
    stall_s: float = setting(
        20.0, "s", "Restart after this long without progress while records wait.", gt=0
    )
    session_timeout_s: float = setting(
        8.0, "s", "A dead worker's partitions move after this.", gt=0
    )
    allowed_lateness_s: float = setting(
        2.0, "s", "A tick closes without the cameras whose input is later than this.", gt=0
    )


class CheckpointArchiveSettings(BaseModel):
    """Checkpoints in object storage, from which `wardstream rebuild` starts."""

    every_s: float = setting(
        3600.0, "s", "Each partition's checkpoint is archived this often; 0 archives none.", ge=0
    )
    keep_s: float = setting(
        30 * 86_400.0,
        "s",
        "Older archived checkpoints are deleted, except the newest of each partition. At most as "
        "long as detections are kept: a checkpoint is of no use without them.",
        gt=0,
    )
    url: str = setting(
        "", "URL", "Where they are stored: file:// or s3://; empty for ingest.object_store_url."
    )


class CheckpointSettings(BaseModel):
    """Checkpoints of the stream processor."""

    archive: CheckpointArchiveSettings = CheckpointArchiveSettings()


class SinkSettings(BaseModel):
    """Derived topics to TimescaleDB and Redis."""

    batch_rows: int = setting(2000, "rows", "Rows in one database transaction at most.", ge=1)
    batch_wait_s: float = setting(0.25, "s", "A batch waits at most this long for more rows.", gt=0)
    position_interval_s: float = setting(
        1.0, "s", "Positions are kept once per this interval.", gt=0
    )
    live_expiry_s: float = setting(
        3600.0, "s", "A live value disappears when it is not renewed for this long.", gt=0
    )
    live_person_expiry_s: float = setting(
        5.0, "s", "A live person disappears when unseen for this long.", gt=0
    )
    changes_length: int = setting(10_000, "entries", "Length of the stream of live changes.", gt=0)
    session_timeout_s: float = setting(
        6.0, "s", "A dead sink's partitions move to another, or to its successor, after this.", gt=0
    )
    retry_max_s: float = setting(
        5.0, "s", "Longest pause before a store that is out of reach is tried again.", gt=0
    )
    retention_every_s: float = setting(
        3600.0, "s", "Rows older than their table's retention are dropped this often.", gt=0
    )


class DeadLetterSettings(BaseModel):
    """How many dead letters are too many: then the process stops, since the fault is elsewhere."""

    max_ratio: float = setting(
        0.5,
        "0-1",
        "Inference, stream and sinks stop when more of the window than this is dead letters, and "
        "leave the rest in its topic; 1 never stops.",
        gt=0,
        le=1,
    )
    window_records: int = setting(
        400, "records", "The last records of a process over which the ratio is taken.", ge=2
    )


class WatchdogSettings(BaseModel):
    """The process that watches the pipeline from outside."""

    after_s: float = setting(
        20.0, "s", "A camera, a stage or the pipeline that is silent for longer is reported.", gt=0
    )
    poll_s: float = setting(1.0, "s", "Pause between two observations of the pipeline.", gt=0)
    lag_s: float = setting(
        30.0, "s", "A stage whose oldest waiting record is older than this is reported.", gt=0
    )
    skipped_ratio: float = setting(
        0.5, "0-1", "More skipped pictures in the last minute than this are reported.", gt=0, le=1
    )
    takeover_s: float = setting(
        10.0,
        "s",
        "A watchdog that stands by takes over from a leader that is silent for so long; the same "
        "for all of one pipeline.",
        gt=0,
    )
    health: dict[str, str] = setting(
        {}, "URL by name", "Health endpoints to ask: of ingest, infer, stream, the sinks, serve."
    )
    webhook_url: SecretStr | None = setting(
        None, "URL", "Each alert is sent here as JSON by POST; nowhere when not set."
    )
    owner: str = setting("operators", "text", "Named in every alert as the one to mend it.")


class ServingSettings(BaseModel):
    """REST and the live board."""

    host: str = setting("127.0.0.1", "address", "Where the board listens.")
    port: int = setting(8080, "port", "Port of the board; 0 takes a free one.", ge=0, le=65535)
    stale_after_s: float = setting(5.0, "s", "A value older than this is shown as stale.", gt=0)
    max_clients: int = setting(
        200, "streams", "More event streams than this at once are refused with 503.", ge=1
    )
    board_title: str = setting("Ward occupancy", "text", "Heading of the board.")


class Settings(BaseSettings):
    """All settings; see the module docstring for where values come from."""

    model_config = SettingsConfigDict(
        env_prefix="WARDSTREAM_",
        env_nested_delimiter="__",
        extra="forbid",
        hide_input_in_errors=True,  # the input may hold a secret
    )

    kafka_bootstrap: str = setting("127.0.0.1:9092", "host:port", "Kafka brokers, comma-separated.")
    registry_url: str = setting(
        "http://127.0.0.1:8081/apis/ccompat/v7", "URL", "Schema registry, Confluent-compatible API."
    )
    database_url: SecretStr = setting(
        SecretStr("postgresql://wardstream@127.0.0.1:5432/wardstream"), "URL", "TimescaleDB."
    )
    redis_url: SecretStr = setting(SecretStr("redis://127.0.0.1:6379/0"), "URL", "Redis.")
    redis_prefix: str = setting(
        "wardstream", "name", "Leads every Redis key, after the topic prefix."
    )
    topic_prefix: str = setting(
        "", "name", "Leads every topic, group, transactional id and Redis key: a run apart."
    )
    metrics_host: str = setting("127.0.0.1", "address", "Where /metrics and /healthz listen.")
    metrics_port: int = setting(0, "port", "Port of /metrics and /healthz; 0 takes a free one.")
    log_format: Literal["console", "json"] = setting("console", "name", "Shape of log lines.")
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "name", "Least level logged."
    )

    ingest: IngestSettings = IngestSettings()
    inference: InferenceSettings = InferenceSettings()
    tracking: TrackerSettings = TrackerSettings()
    stream: StreamSettings = StreamSettings()
    checkpoints: CheckpointSettings = CheckpointSettings()
    sink: SinkSettings = SinkSettings()
    dead_letters: DeadLetterSettings = DeadLetterSettings()
    watchdog: WatchdogSettings = WatchdogSettings()
    serving: ServingSettings = ServingSettings()
    security: SecuritySettings = SecuritySettings()

    @model_validator(mode="before")
    @classmethod
    def _refuse_retired(cls, values: Any) -> Any:
        refuse_retired(values, os.environ, "WARDSTREAM_")
        return values

    @property
    def checkpoint_archive_url(self) -> str:
        """Where archived checkpoints are stored."""
        return self.checkpoints.archive.url or self.ingest.object_store_url

    @property
    def database_address(self) -> str:
        """Address of TimescaleDB for its client; holds the password."""
        return database_address(self.database_url.get_secret_value(), self.security.database)

    @property
    def redis_address(self) -> str:
        """Address of Redis for its client; holds the password."""
        return redis_address(self.redis_url.get_secret_value(), self.security.redis)

    @property
    def live_prefix(self) -> str:
        """Prefix of every Redis key: a run with its own topics has its own live values."""
        return self.topic_prefix + self.redis_prefix

    @model_validator(mode="after")
    def _addresses_hold(self) -> Self:
        """Refuse certificates that would not be used."""
        redis_address(self.redis_url.get_secret_value(), self.security.redis)
        database_address(self.database_url.get_secret_value(), self.security.database)
        registry = self.security.registry
        if (registry.ca or registry.certificate) and not self.registry_url.startswith("https://"):
            raise ValueError("certificates for the registry need a registry_url with https://")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - one file is enough
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Rank the sources: environment, then secret files, then TOML, then defaults."""
        path = Path(os.environ.get("WARDSTREAM_CONFIG", "wardstream.toml"))
        return (
            init_settings,
            env_settings,
            SecretFiles(settings_cls, "WARDSTREAM_"),
            file_secret_settings,
            TomlConfigSettingsSource(settings_cls, toml_file=path),
        )


def describe(section: type = Settings, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting with its dotted name, depth first, in order of declaration."""
    for name, info in fields_of(section).items():
        annotation = info.annotation
        if isinstance(annotation, type) and fields_of(annotation):
            yield from describe(annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", info


def fields_of(section: type) -> dict[str, FieldInfo]:
    """The fields of a pydantic model or a dataclass; empty for any other type."""
    if issubclass(section, BaseModel):
        return section.model_fields
    if not is_dataclass(section):
        return {}
    hints = get_type_hints(section)
    return {
        field.name: FieldInfo.from_annotated_attribute(hints[field.name], field)
        for field in fields(section)
    }
