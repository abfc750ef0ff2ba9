"""Record what a command line does: each run has a chain of its own, of one entry."""

import os
import platform
from typing import Final
from uuid import uuid4

from runtime.audit import Act
from runtime.kafka.cluster import Cluster
from runtime.process.user import user_name
from schemas.topics import AUDIT
from workers.audit.chain_producer import ChainProducer, Recorded

WITHIN_S: Final = 30.0
"""Longest wait of a command for its entry, s."""


def record_command(cluster: Cluster, act: Act, *, why: str = "", actor: str = "") -> None:
    """Record what a command is about to do; returns once brokers hold the entry.

    Args:
        cluster: Where the topics are.
        act: What it is about to do.
        why: The operator's reason.
        actor: Who does it; the user of this process when empty.

    Raises:
        AuditUnavailable: It could not be recorded, so it must not be done.
        NotRegistered: The schema of audit.v1 is not registered.
        RegistryUnavailable: The registry is out of reach.
    """
    codec = cluster.registry.writer(AUDIT)
    known = act._replace(client=f"command line of process {os.getpid()} on {platform.node()}")
    chain = ChainProducer(cluster, codec, f"command-{uuid4()}", WITHIN_S)
    try:
        chain.append([Recorded(known, actor or user_name(), why, cluster.clock.now_us())])
    finally:
        chain.close()
