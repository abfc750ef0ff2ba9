"""Every setting of Wardstream, and where it comes from; those of a stage are in `sections`.

Values come from the environment (`WARDSTREAM_KAFKA_BOOTSTRAP`, nested ones with two
underscores: `WARDSTREAM_INGEST__FPS`), then from one TOML file (`wardstream.toml`, or the path
in `WARDSTREAM_CONFIG`), then from the defaults here. `wardstream settings` prints them all.
"""

import os
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, Self

from pydantic import SecretStr, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from runtime.process.addresses import check_addresses, full_brokers
from runtime.process.backup import BackupSettings
from runtime.process.declare import described, nested, setting
from runtime.process.delivery import DeliverySettings
from runtime.process.login import LoginSettings
from runtime.process.notifier import NotifierSettings
from runtime.process.refusal import as_meant, refuse_wrong
from runtime.process.registry import RegistrySettings
from runtime.process.retired import refuse_retired
from runtime.process.secret_files import SecretFiles, secrets_of
from runtime.process.sections import (
    AuditSettings,
    CheckpointSettings,
    ClocksSettings,
    DeadLetterSettings,
    ExperimentSettings,
    GuardSettings,
    InferenceSettings,
    IngestSettings,
    PrivacySettings,
    ServingSettings,
    SinkSettings,
    StreamSettings,
    WatchdogSettings,
)
from runtime.process.security import SecuritySettings, database_address, redis_address
from runtime.process.sources import given_variables, read_file
from runtime.process.vault import VaultSettings
from schemas.class_settings import ClassSettings
from schemas.evidence_settings import BadgeSettings
from schemas.fusion_settings import FusedFloorSettings
from schemas.shift_settings import ShiftSettings
from schemas.tracker_settings import MovingTrackerSettings, TrackerSettings


class Settings(BaseSettings):
    """All settings; see the module docstring for where values come from."""

    model_config = SettingsConfigDict(
        env_prefix="WARDSTREAM_",
        env_nested_delimiter="__",
        extra="forbid",
        allow_inf_nan=False,
        hide_input_in_errors=True,  # the input may hold a secret
    )

    kafka_bootstrap: str = setting(
        "127.0.0.1:9092", "host:port", "Kafka brokers, comma-separated; port 9092 may be left out."
    )
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
    metrics_port: int = setting(
        0, "port", "Port of /metrics and /healthz; 0 takes a free one.", ge=0, le=65535
    )
    log_format: Literal["console", "json"] = setting("console", "name", "Shape of log lines.")
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "name", "Least level logged."
    )

    ingest: IngestSettings = IngestSettings()
    inference: InferenceSettings = InferenceSettings()
    guard: GuardSettings = GuardSettings()
    clocks: ClocksSettings = ClocksSettings()
    tracking: TrackerSettings = TrackerSettings()
    tracking_moving: MovingTrackerSettings = MovingTrackerSettings()
    stream: StreamSettings = StreamSettings()
    fusion: FusedFloorSettings = FusedFloorSettings()
    badges: BadgeSettings = BadgeSettings()
    classes: ClassSettings = ClassSettings()
    shifts: ShiftSettings = ShiftSettings()
    privacy: PrivacySettings = PrivacySettings()
    checkpoints: CheckpointSettings = CheckpointSettings()
    sink: SinkSettings = SinkSettings()
    dead_letters: DeadLetterSettings = DeadLetterSettings()
    watchdog: WatchdogSettings = WatchdogSettings()
    delivery: DeliverySettings = DeliverySettings()
    notifier: NotifierSettings = NotifierSettings()
    audit: AuditSettings = AuditSettings()
    experiments: ExperimentSettings = ExperimentSettings()
    serving: ServingSettings = ServingSettings()
    registry: RegistrySettings = RegistrySettings()
    vault: VaultSettings = VaultSettings()
    backup: BackupSettings = BackupSettings()
    login: LoginSettings = LoginSettings()
    security: SecuritySettings = SecuritySettings()

    @field_validator("topic_prefix")
    @classmethod
    def _leads_names_of_topics(cls, prefix: str) -> str:
        if re.fullmatch(r"[A-Za-z0-9._-]{0,150}", prefix) is None:
            raise ValueError("give at most 150 of A-Z, a-z, 0-9, '.', '_' and '-', as Kafka names")
        return prefix

    @model_validator(mode="before")
    @classmethod
    def _refuse_what_is_none(cls, values: Any) -> Any:
        refuse_retired(values, os.environ, "WARDSTREAM_")
        known = known_settings()
        refuse_wrong(values, known, secrets_of(cls))
        return as_meant(values, known)

    @model_validator(mode="after")
    def _addresses_can_be_read(self) -> Self:
        check_addresses(self)
        if (full := full_brokers(self.kafka_bootstrap)) != self.kafka_bootstrap:
            self.kafka_bootstrap = full
        return self

    @property
    def checkpoint_archive_url(self) -> str:
        """Where archived checkpoints are stored."""
        return self.checkpoints.archive.url or self.ingest.object_store_url

    @property
    def database_address(self) -> str:
        """Address of TimescaleDB for its client; holds the password."""
        return database_address(self.database_url.get_secret_value(), self.security.database)

    @property
    def vault_address(self) -> str:
        """Address of TimescaleDB for whoever uses the vault; by its own account if there is one."""
        own = self.security.vault
        user = own if own.user or own.certificate else self.security.database
        return database_address(self.database_url.get_secret_value(), user)

    @property
    def redis_address(self) -> str:
        """Address of Redis for its client; holds the password."""
        return redis_address(self.redis_url.get_secret_value(), self.security.redis)

    @property
    def link_url(self) -> str:
        """Where messages lead to, with `/` at its end; empty for nowhere."""
        url = self.delivery.board_url or self.login.public_url or ""
        return f"{url.rstrip('/')}/" if url else ""

    @property
    def live_prefix(self) -> str:
        """Prefix of every Redis key: a run with its own topics has its own live values."""
        return self.topic_prefix + self.redis_prefix

    @model_validator(mode="after")
    def _addresses_hold(self) -> Self:
        """Refuse certificates that would not be used."""
        redis_address(self.redis_url.get_secret_value(), self.security.redis)
        database_address(self.database_url.get_secret_value(), self.security.database)
        database_address(self.database_url.get_secret_value(), self.security.vault)
        self.security.registry.refuse_unused(
            "the schema registry",
            tls=self.registry_url.startswith("https://"),
            remedy="give a registry_url that begins with https://",
        )
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
        if isinstance(env_settings, EnvSettingsSource):
            env_settings.env_vars = given_variables(
                secrets_of(settings_cls), nested(known_settings())
            )
        return (
            init_settings,
            env_settings,
            SecretFiles(settings_cls, "WARDSTREAM_"),
            file_secret_settings,
            InitSettingsSource(settings_cls, read_file()),
        )


@cache
def known_settings() -> dict[str, FieldInfo]:
    """Every setting by its dotted name, depth first, in order of declaration."""
    return described(Settings)


def describe() -> Iterator[tuple[str, FieldInfo]]:
    """Every setting with its dotted name."""
    yield from known_settings().items()
