"""A badge that is read on two floors at once, from a file of reads to the alert on the board."""

from datetime import UTC, datetime
from pathlib import Path
from signal import SIGKILL

import pytest

from deploy.local.launcher import Supervisor, Worker
from runtime.clock import SystemClock
from runtime.facts.log import Fact
from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import read_topic
from runtime.kafka.topics import create_topics
from runtime.process.sections import WatchdogSettings
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import ALERTS, FLOORS, RULES, TOPICS
from tests.support.builders.alerts import rule
from tests.support.clusters import cluster_of
from tests.support.facts import publish_facts
from tests.support.live_writer import floor_fact
from tests.support.waiting import eventually
from workers.observation.finding import Finding
from workers.observation.findings import judge
from workers.operations.badges import import_reads
from workers.serving.live.pipeline_follower import PipelineFollower
from workers.serving.live.pipeline_view import PipelineView
from workers.watchdog.observer import Observer

DEADLINE_S = 120.0
HEADER = "reader_id,badge_id,read_at,floor_id,x_m,y_m\n"


def at(now_us: int, ago_s: float) -> str:
    return datetime.fromtimestamp(now_us / 1e6 - ago_s, UTC).isoformat(timespec="seconds")


@pytest.fixture
def cluster(environment: dict[str, str]) -> Cluster:
    """A run with all topics, three floors and a rule about badges."""
    settings = Settings(
        kafka_bootstrap=environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
        registry_url=environment["WARDSTREAM_REGISTRY_URL"],
        topic_prefix=environment["WARDSTREAM_TOPIC_PREFIX"],
    )
    found = cluster_of(settings)
    create_topics(found)
    SchemaRegistry(settings.registry_url).register_all(
        topic for topic in TOPICS.values() if topic.avro
    )
    asked = {"kind": "BADGE_CONTRADICTION", "owner": "Security", "next_action": "Ask who has it"}
    floors = (("west", 5, "Ward West"), ("east", 9, "Ward East"), ("roof", 2, "Roof"))
    publish_facts(
        found,
        [
            *(
                Fact(FLOORS, floor_fact(floor_id, partition=number, name=name))
                for floor_id, number, name in floors
            ),
            Fact(RULES, rule("badges", **asked)),
        ],
    )
    return found


def import_two(cluster: Cluster, folder: Path, badge_id: str, *floors: str) -> None:
    """Import reads of a badge by a reader on each floor, 3 s apart."""
    now_us = SystemClock().now_us()
    rows = [
        f"door-{one},{badge_id},{at(now_us, 9 - 3 * number)},{one},1,2\n"
        for number, one in enumerate(floors)
    ]
    path = folder / f"{badge_id}.csv"
    path.write_text(HEADER + "".join(rows))
    import_reads(path, cluster, by="ann")


def test_reads_of_a_file_are_found_by_a_watchdog_and_again_by_the_next(
    cluster: Cluster, tmp_path: Path
) -> None:
    settings = WatchdogSettings()
    import_two(cluster, tmp_path, "b-0117", "west", "east")

    def found() -> list[Finding]:
        observer = Observer(cluster, settings)
        observer.start()
        try:
            eventually(lambda: "badges" not in observer.observe().unseen, DEADLINE_S)
            return [one for one in judge(observer.observe(), settings, 0) if one.kind == "badges"]
        finally:
            observer.close()

    [finding] = found()
    assert (finding.owner, finding.next_action) == ("Security", "Ask who has it")
    assert found() == [finding]


@pytest.mark.chaos_long
@pytest.mark.timeout(400)
def test_an_import_opens_one_alert_of_the_rule_s_owner_and_a_kill_repeats_none(
    cluster: Cluster, supervisor: Supervisor, tmp_path: Path
) -> None:
    codec = cluster.registry.reader(ALERTS)

    def written() -> list[tuple[str, str]]:
        alerts = [codec.decode(message.value()) for message in read_topic(cluster, ALERTS)]
        found = [(one["alert_id"], one["state"]) for one in alerts]
        return [one for one in found if one[0].startswith("badges/")]

    timing = {"WARDSTREAM_WATCHDOG__POLL_S": "0.3", "WARDSTREAM_WATCHDOG__TAKEOVER_S": "2"}
    worker = Worker(name="watchdog", command=("watchdog",), environment=timing)
    supervisor.start(worker, ready_deadline_s=DEADLINE_S)
    import_two(cluster, tmp_path, "b-0117", "west", "east")
    first = ("badges/floors/east+west", "RAISED")
    eventually(lambda: written() == [first], DEADLINE_S)

    supervisor.kill("watchdog", SIGKILL)
    import_two(cluster, tmp_path, "b-0120", "roof", "east")
    supervisor.restart("watchdog")
    second = ("badges/floors/east+roof", "RAISED")
    eventually(lambda: second in written(), DEADLINE_S)
    assert written() == [first, second], "what was raised before the kill is not raised again"

    view = PipelineView()
    follower = PipelineFollower(cluster, view, WatchdogSettings())
    follower.start()
    try:
        eventually(lambda: len(shown(view)) == 2, DEADLINE_S)
    finally:
        follower.close()
    assert set(shown(view)) == {
        "A badge was read on Ward West and Ward East within 3 s (readers door-west and door-east)",
        "A badge was read on Roof and Ward East within 3 s (readers door-roof and door-east)",
    }
    assert set(shown(view).values()) == {("Security", "Ask who has it")}


def shown(view: PipelineView) -> dict[str, tuple[str, str]]:
    """Owner and next action of each such alert on the board."""
    return {
        one.what: (one.owner, one.next_action)
        for one in view.alerts()
        if one.alert_id.startswith("badges/")
    }
