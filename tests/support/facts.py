"""Write facts with versions and times that a test gives."""

from collections.abc import Iterable

from runtime.facts.log import Fact
from runtime.facts.writer import FactWriter
from runtime.kafka.cluster import Cluster


def publish_facts(cluster: Cluster, facts: Iterable[Fact]) -> int:
    """Append facts, all or none; returns how many."""
    with FactWriter(cluster) as writer:
        return writer.publish(facts)
