"""Entries of the audit about revisions."""

from collections.abc import Sequence
from typing import Final

from runtime.audit import Act
from runtime.kafka.cluster import Cluster
from workers.operations.deadletters.audit import AuditWriter

CHAIN: Final = "revisions"
"""Chain of audit.v1 that says which revision was put in force or taken back."""

SWAPPED, TAKEN_BACK = "revision.swapped", "revision.taken_back"


def audit(cluster: Cluster, acts: Sequence[Act], actor: str, why: str) -> None:
    """Record acts in `audit.v1`.

    Raises:
        Retry: The broker or the registry is out of reach.
        Stop: Somebody altered the chain.
    """
    with AuditWriter(cluster, CHAIN) as writer:
        writer.history()
        writer.append(acts, actor=actor, why=why)
