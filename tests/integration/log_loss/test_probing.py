"""A process that asks a broker for offsets survives the broker's restarts."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.launcher import LocalServices

RESTARTS = 3
ASKING = """
import sys
from runtime.clock import SystemClock
from runtime.errors import Retry
from runtime.kafka.cluster import Cluster
from runtime.kafka.lag import LogProbe
from runtime.process.settings import Settings

clock = SystemClock()
probe = LogProbe(Cluster.of(Settings(kafka_bootstrap=sys.argv[1]), clock), 5.0)
places = [("frames.captured.v1", number) for number in range(32)]
print("asking", flush=True)
while True:
    for number in range(5):
        try:
            probe.committed(f"group-{number}", places)
        except Retry:
            pass
    clock.sleep(0.02)
"""


@pytest.mark.chaos_long
def test_asking_for_offsets_while_a_broker_loads_its_groups_ends_no_process(
    tmp_path: Path,
) -> None:
    """It aborts an admin client of librdkafka 2.16: a watchdog, or the lag of a sink."""
    with LocalServices(tmp_path, components=("kafka",)) as services:
        bootstrap = services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"]
        command = [sys.executable, "-c", ASKING, bootstrap]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as asking:
            assert asking.stdout is not None
            assert asking.stdout.readline() == "asking\n"
            try:
                for _ in range(RESTARTS):
                    services.kill("kafka")
                    services.restart("kafka")
                    with pytest.raises(subprocess.TimeoutExpired):
                        asking.wait(8)
            finally:
                asking.kill()
