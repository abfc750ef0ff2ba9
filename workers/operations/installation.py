"""What an operator's command works on: one run of Wardstream with all its stores."""

from dataclasses import dataclass, field
from typing import Self

from runtime.clock import Clock
from runtime.kafka.cluster import Cluster
from runtime.process.settings import Settings, SinkSettings
from streams.domain.settings import PipelineSettings
from streams.processor.pipeline_settings import pipeline_settings


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Where everything of one run lies, and the settings that decide what is in it.

    Attributes:
        cluster: Topics and schemas.
        database_url: TimescaleDB; with its password.
        redis_url: Redis; with its password.
        live_prefix: Leads every key in Redis.
        archive_url: Where checkpoints are archived.
        objects_url: Where claim-checked frames and long dead letters lie.
        pipeline: Settings of the fold.
        sink: How rows and live values are made from records.
    """

    cluster: Cluster
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    live_prefix: str
    archive_url: str
    objects_url: str
    pipeline: PipelineSettings
    sink: SinkSettings

    @classmethod
    def of(cls, settings: Settings, clock: Clock) -> Self:
        """The installation that the settings name; nothing is connected yet."""
        return cls(
            cluster=Cluster.of(settings, clock),
            database_url=settings.database_address,
            redis_url=settings.redis_address,
            live_prefix=settings.live_prefix,
            archive_url=settings.checkpoint_archive_url,
            objects_url=settings.ingest.object_store_url,
            pipeline=pipeline_settings(settings),
            sink=settings.sink,
        )
