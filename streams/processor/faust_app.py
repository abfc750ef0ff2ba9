"""The Faust app that checkpointing needs."""

import faust

from runtime.kafka.cluster import Cluster
from runtime.kafka.security import MECHANISM, tls_context
from runtime.process.security import KafkaSecurity

SESSION_TIMEOUT_S = 8.0
"""Seconds after which the group gives a dead worker's partitions to others."""


class _App(faust.App):
    """An app that leaves nothing on disk: only tables on RocksDB would need a folder."""

    def _create_directories(self) -> None:
        """Make none; Faust makes three empty ones, and those of a killed process would stay."""


def _credentials(security: KafkaSecurity) -> faust.types.auth.CredentialsT | None:
    """Credentials for the brokers; None for connections in the clear."""
    context = tls_context(security)
    if security.user:
        return faust.SASLCredentials(
            username=security.user,
            password=security.secret,
            ssl_context=context,
            mechanism=MECHANISM,
        )
    return None if context is None else faust.SSLCredentials(context=context)


def checkpointed_app(
    app_id: str,
    cluster: Cluster,
    *,
    session_timeout_s: float = SESSION_TIMEOUT_S,
    max_batch: int = 1_000,
) -> faust.App:
    """Make an app without tables, leader or web server, whose topics exist already.

    Args:
        app_id: Consumer group of the stage.
        cluster: Cluster that holds the topics.
        session_timeout_s: Seconds until a dead worker's partitions move.
        max_batch: Most records in one batch.
    """
    return _App(
        app_id,
        broker=[f"kafka://{address}" for address in cluster.bootstrap.split(",")],
        broker_credentials=_credentials(cluster.security),
        store="memory://",
        autodiscover=False,
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        # with a table or a standby, recovery takes another path, which undoes seeks
        table_standby_replicas=0,
        stream_wait_empty=True,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=session_timeout_s,
        broker_heartbeat_interval=min(3.0, session_timeout_s / 4),
        broker_commit_interval=1.0,
        broker_request_timeout=90.0,
        broker_max_poll_records=max_batch,
        stream_buffer_maxsize=4096,
    )
