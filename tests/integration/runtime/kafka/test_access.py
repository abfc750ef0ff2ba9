"""Secured brokers: what a process reports that has a wrong password or lacks a right.

Every process is started by its command against the secured listener; its supervisor sees one
sentence and exit code 78.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from deploy.local.certificates import Authority
from runtime.errors import EXIT_STOP, Stop
from runtime.kafka.access import check_access
from runtime.kafka.granted import message_of
from runtime.kafka.refusals import REPEATED_S
from runtime.kafka.rights import PROCESSES, Resource, Right, rights_of
from runtime.kafka.topics import create_topics
from runtime.process.settings import Settings
from tests.support.clusters import cluster_of
from tests.support.secured import SecuredBroker, password, user
from tests.support.servers.cutting_proxy import CuttingProxy
from tests.support.services import Services, new_prefix
from tests.support.waiting import eventually
from workers.observation.lease_log import CLAIM

COMMANDS: Final = {
    "ingest": ("ingest", "--camera", "bed-1", "--video", "rtsp://127.0.0.1:9/none"),
    "inference": ("infer", "--backend", "hog"),
    "guard": ("guard",),
    "clocks": ("clocks",),
    "stream": ("stream",),
    "sink-timescale": ("sink", "timescale"),
    "sink-redis": ("sink", "redis"),
    "serving": ("serve",),
    "relay": ("relay",),
    "notifier": ("notify", "run"),
    "anchor": ("audit", "anchor", "--daily", "--to", "file:///tmp/wardstream-anchors-of-a-test"),
    "watchdog": ("watchdog",),
}
LACKING: Final[dict[str, Resource]] = {
    "stream": "TRANSACTIONAL_ID",
    "watchdog": "GROUP",
}
"""What a process lacks a right on, where that is no topic."""

WITH_PASSWORD: Final = ("ingest", "stream", "serving")
"""Processes that `make test` starts with a wrong password too: a source, a consumer with
transactions and a server. All go through the same check, as the missing right of each one shows."""

WRONG = "planted-but-wrong-secret"
DEADLINE_S = 90


class End(NamedTuple):
    """How a process ended.

    Attributes:
        code: Exit code.
        output: Standard output and error.
        command_line: Its command line, as other users of the machine see it.
    """

    code: int
    output: str
    command_line: str


def missing_of(process: str, prefix: str) -> Right:
    """A right without which a process cannot work."""
    resource = LACKING.get(process, "TOPIC")
    needed = [one for one in rights_of(process).rights(prefix) if one.resource == resource]
    return next(one for one in needed if one.operation in {"WRITE", "READ"})


def run(process: str, environment: dict[str, str], folder: Path) -> End:
    """Run a process until it ends by itself."""
    own = {**os.environ, "WARDSTREAM_SERVING__PORT": "0", "NO_COLOR": "1", **environment}
    with subprocess.Popen(
        [sys.executable, "-m", "workers.cli", *COMMANDS[process]],
        env=own,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as started:
        seen = Path(f"/proc/{started.pid}/cmdline").read_text()
        try:
            output, _ = started.communicate(timeout=DEADLINE_S)
        finally:
            started.kill()
    (folder / f"{process}.log").write_text(output)
    return End(started.returncode, output, seen)


@pytest.fixture(scope="module")
def broker(services: Services) -> SecuredBroker:
    """The secured listener; under this module's prefix, every process lacks one right."""
    found = SecuredBroker.of(services.environment, new_prefix())
    create_topics(found.plain)
    found.make_users()
    prefix = found.plain.prefix
    found.grant(without=[missing_of(process, prefix) for process in COMMANDS])
    return found


Ends = Callable[[str, str], End]


@pytest.fixture(scope="module")
def ends(
    broker: SecuredBroker, services: Services, tmp_path_factory: pytest.TempPathFactory
) -> Ends:
    """How a process ended, by its name and its fault: `password` or `right`.

    Those of `make test` are started beside each other, any other one when it is asked for.
    """
    changes = {"password": {"password": WRONG}, "right": {}}

    def ended(process: str, fault: str) -> End:
        changed = changes[fault]
        own = {**services.environment, **broker.environment(process, **changed)}
        return run(process, own, tmp_path_factory.mktemp(fault))

    early = [(process, "password") for process in WITH_PASSWORD]
    early += [(process, "right") for process in COMMANDS]
    with ThreadPoolExecutor(2) as pool:
        started = {one: pool.submit(ended, *one) for one in early}
        found = {one: result.result() for one, result in started.items()}

    def found_or_ended(process: str, fault: str) -> End:
        if (process, fault) not in found:
            found[process, fault] = ended(process, fault)
        return found[process, fault]

    return found_or_ended


def messages(end: End) -> list[str]:
    """Message of the process about its end."""
    return [line for line in end.output.splitlines() if "service.stop" in line]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "process",
    [
        pytest.param(one, marks=[] if one in WITH_PASSWORD else pytest.mark.chaos_long)
        for one in COMMANDS
    ],
)
def test_a_wrong_password_is_one_sentence_and_exit_code_78(process: str, ends: Ends) -> None:
    end = ends(process, "password")

    assert end.code == EXIT_STOP, end.output
    [line] = messages(end)
    assert f"does not let user {user(process)} in: " in line
    assert "Traceback" not in end.output


@pytest.mark.parametrize("process", COMMANDS)
def test_a_missing_right_is_one_sentence_and_exit_code_78(
    process: str, ends: Ends, broker: SecuredBroker
) -> None:
    prefix = broker.plain.prefix
    withheld = [missing_of(one, prefix) for one in COMMANDS]  # from whoever needs it
    lacking = message_of(one for one in rights_of(process).rights(prefix) if one in withheld)

    end = ends(process, "right")

    assert end.code == EXIT_STOP, end.output
    [line] = messages(end)
    assert f"does not let user {user(process)} {lacking}: grant these rights" in line
    assert "Traceback" not in end.output


@pytest.mark.parametrize(
    ("process", "fault"),
    [
        *(pytest.param(one, "right", id=f"{one}-right") for one in COMMANDS),
        *(
            pytest.param(
                one,
                "password",
                id=f"{one}-password",
                marks=[] if one in WITH_PASSWORD else pytest.mark.chaos_long,
            )
            for one in COMMANDS
        ),
    ],
)
def test_no_secret_shows_in_what_a_process_prints_or_how_it_was_started(
    process: str, fault: str, ends: Ends
) -> None:
    end = ends(process, fault)

    for secret in (WRONG, password(process)):
        assert secret not in end.output
        assert secret not in end.command_line


def secured(broker: SecuredBroker, process: str = "stream", **changed: str) -> Settings:
    """Settings of a process at the listener."""
    names = broker.environment(process, **changed)
    prefix = "WARDSTREAM_SECURITY__KAFKA__"
    security = {k.removeprefix(prefix).lower(): v for k, v in names.items() if prefix in k}
    return Settings.model_validate(
        {
            "kafka_bootstrap": broker.bootstrap,
            "topic_prefix": broker.plain.prefix,
            "security": {"kafka": security},
        }
    )


@pytest.fixture(scope="module")
def without_groups(services: Services) -> SecuredBroker:
    """Rights of a run of its own, without one group of each process, and without claims."""
    found = SecuredBroker.of(services.environment, new_prefix())
    found.make_users()
    found.grant(without=withheld(found))
    return found


def withheld(broker: SecuredBroker) -> list[Right]:
    """Rights that nobody has in the run without groups."""
    found = []
    for process in COMMANDS:
        needed = list(rights_of(process).rights(broker.plain.prefix))
        found.append([one for one in needed if one.resource == "GROUP"][-1])
        found += [
            one for one in needed if one.resource == "TRANSACTIONAL_ID" and one.operation == "WRITE"
        ]
    return found


def not_granted(process: str, broker: SecuredBroker) -> list[Right]:
    """Rights that a process lacks in the run without groups; some, because others share them."""
    missing = withheld(broker)
    return [one for one in rights_of(process).rights(broker.plain.prefix) if one in missing]


@pytest.mark.parametrize("process", COMMANDS)
def test_missing_rights_on_groups_and_transactional_ids_are_named_at_the_start(
    process: str, without_groups: SecuredBroker
) -> None:
    cluster = cluster_of(secured(without_groups, process))
    lacking = message_of(not_granted(process, without_groups))

    def refused() -> str:
        try:
            check_access(cluster, rights_of(process))
        except Stop as error:
            return str(error)
        return ""

    expected = f"Kafka does not let user {user(process)} {lacking}: grant these rights"
    assert eventually(lambda: refused() == expected, deadline_s=30.0), refused()


def test_the_check_claims_no_transactional_id_of_the_process(without_groups: SecuredBroker) -> None:
    """A claim would end that of a watchdog that leads."""
    without_groups.grant()
    process = "watchdog"
    cluster = cluster_of(secured(without_groups, process))
    leader = without_groups.plain.transactional(f"{cluster.prefix}{CLAIM}", within_s=30.0)
    leader.init_transactions(30.0)

    check_access(cluster, rights_of(process))

    leader.begin_transaction()
    leader.abort_transaction(30.0)


def test_every_row_of_the_table_is_a_process_that_was_tried() -> None:
    assert {row.process for row in PROCESSES} == set(COMMANDS)


def test_an_authority_that_did_not_sign_the_broker_is_not_trusted(
    broker: SecuredBroker, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "other")

    with pytest.raises(Stop, match=r"is not who it must be: .*certificate verify failed"):
        check_access(cluster_of(secured(broker, ca=str(other.ca))))


def test_a_broker_under_another_name_than_its_certificate_has_is_refused(
    broker: SecuredBroker,
) -> None:
    port = broker.bootstrap.split(":")[1]
    settings = secured(broker).model_copy(update={"kafka_bootstrap": f"localhost:{port}"})

    with pytest.raises(Stop, match=r"is not who it must be: .*certificate verify failed"):
        check_access(cluster_of(settings))


def test_a_wrong_password_is_final_within_ten_seconds(broker: SecuredBroker) -> None:
    started_s = time.monotonic()

    with pytest.raises(Stop, match="does not let user"):
        check_access(cluster_of(secured(broker, password=WRONG)))

    assert REPEATED_S <= time.monotonic() - started_s < 10.0


def test_a_user_who_is_refused_for_a_moment_is_let_in(broker: SecuredBroker) -> None:
    """As by a broker that starts, and does not know its users yet."""
    late = f"late-{broker.plain.prefix}"
    found = cluster_of(secured(broker, user=late, password=WRONG))
    later = threading.Timer(2.0, lambda: broker.make_user(late, WRONG))
    later.start()

    check_access(found)

    later.join()
    assert found.admin().list_topics(timeout=30).brokers


def test_connections_that_drop_while_they_are_made_are_no_refusal(broker: SecuredBroker) -> None:
    with CuttingProxy(broker.bootstrap) as proxy:
        settings = secured(broker).model_copy(update={"kafka_bootstrap": proxy.address})

        check_access(cluster_of(settings))

    assert proxy.dropped > 10


def test_a_host_name_may_be_left_unchecked(broker: SecuredBroker) -> None:
    port = broker.bootstrap.split(":")[1]
    settings = secured(broker, check_hostname="false").model_copy(
        update={"kafka_bootstrap": f"localhost:{port}"}
    )

    check_access(cluster_of(settings))

    assert cluster_of(settings).admin().list_topics(timeout=30).topics
