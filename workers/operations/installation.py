"""One run of Wardstream with all its stores, as an operator's command needs it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from runtime.clock import Clock
from runtime.kafka.cluster import Cluster
from runtime.process.registry import keys_of
from runtime.process.sections import SinkSettings
from runtime.process.settings import Settings
from streams.domain.settings import PipelineSettings
from streams.processor.pipeline_settings import pipeline_settings
from workers.registry.editing.sealed import ADDRESSES, NAMES
from workers.registry.vault.erasures import ErasureList, erasure_list


@dataclass(frozen=True, kw_only=True)
class Installation:
    """The stores of one run, and the settings that decide their contents.

    Attributes:
        cluster: Topics and schemas.
        database_url: URL of TimescaleDB, with its password.
        redis_url: URL of Redis, with its password.
        live_prefix: Prefix of every key in Redis.
        archive_url: URL of the checkpoint archive.
        objects_url: URL of the store of claim-checked frames and long dead letters.
        pipeline: Settings of the fold.
        sink: Settings for making rows and live values from records.
        sealing_keys: Keys of what the registry keeps sealed, by name of the table.
        vault_url: URL of the database for who uses the vault, with its password.
        vault_keys: Keys of the vault.
        erasures: The list of who was erased; None where none is set.
    """

    cluster: Cluster
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    live_prefix: str
    archive_url: str
    objects_url: str
    pipeline: PipelineSettings
    sink: SinkSettings
    sealing_keys: Mapping[str, Sequence[bytes]] = field(repr=False)
    vault_url: str = field(repr=False)
    vault_keys: Sequence[bytes] = field(repr=False)
    erasures: ErasureList | None

    @classmethod
    def of(cls, settings: Settings, clock: Clock) -> Self:
        """The installation that the settings name; connects to nothing yet."""
        return cls(
            cluster=Cluster.of(settings, clock).with_asker(),
            database_url=settings.database_address,
            redis_url=settings.redis_address,
            live_prefix=settings.live_prefix,
            archive_url=settings.checkpoint_archive_url,
            objects_url=settings.ingest.object_store_url,
            pipeline=pipeline_settings(settings),
            sink=settings.sink,
            sealing_keys={
                ADDRESSES.name: keys_of(settings.registry.address_key),
                NAMES.name: keys_of(settings.registry.name_key),
            },
            vault_url=settings.vault_address,
            vault_keys=keys_of(settings.vault.key),
            erasures=erasure_list(settings.vault.erasures),
        )
