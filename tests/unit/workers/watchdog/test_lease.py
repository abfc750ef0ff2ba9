"""Alerts that are given up while the log is out of reach are counted."""

import pytest

from runtime.process.metrics import ALERTS_REPORTED
from runtime.process.settings import Settings
from tests.support.clusters import cluster_of
from tests.unit.workers.observation.test_alerts import AT_US, finding
from workers.observation.alerts import make_alert
from workers.watchdog import lease
from workers.watchdog.lease import LeaderLease


def given_up() -> float:
    return float(ALERTS_REPORTED.labels("topic", "given_up")._value.get())


def test_the_oldest_alerts_are_given_up_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "MOST_WAITING", 3)
    written, before = LeaderLease(cluster_of(Settings()), Settings().watchdog), given_up()
    for number in range(5):
        written.report(make_alert(finding(f"silence/camera/{number}"), "RAISED", AT_US, ""))

    assert given_up() - before == 2
    assert [alert["alert_id"] for alert in written._waiting] == [
        f"silence/camera/{number}" for number in (2, 3, 4)
    ]
