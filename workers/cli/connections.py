"""What a command works on: the cluster, once its brokers accepted the user."""

from runtime.clock import Clock, SystemClock
from runtime.kafka.access import check_access
from runtime.kafka.cluster import Cluster
from workers.cli.configuration import read_settings


def open_cluster(clock: Clock | None = None) -> Cluster:
    """The cluster that the settings name.

    Raises:
        Stop: The brokers refuse this user.
        typer.Exit: A setting cannot be used.
    """
    cluster = Cluster.of(read_settings(), clock or SystemClock()).with_asker()
    check_access(cluster)
    return cluster
