"""Brokers that ask who connects: what a process says that they do not let in, or let do too little.

Every process is started by its command against the secured listener; a sentence and exit code 78
are what its supervisor sees.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from deploy.local.certificates import Authority
from runtime.errors import EXIT_STOP, Stop
from runtime.kafka.access import check_access
from runtime.kafka.rights import PROCESSES, Right, rights_of
from runtime.kafka.topics import create_topics
from runtime.process.settings import Settings
from tests.support.clusters import cluster_of
from tests.support.secured import SecuredBroker, password, user
from tests.support.services import Services, new_prefix

COMMANDS: Final = {
    "ingest": ("ingest", "--camera", "bed-1", "--video", "none.mp4"),
    "inference": ("infer", "--backend", "hog"),
    "stream": ("stream",),
    "sink-timescale": ("sink", "timescale"),
    "sink-redis": ("sink", "redis"),
    "serving": ("serve",),
    "watchdog": ("watchdog",),
}
WRONG = "planted-but-wrong-secret"
DEADLINE_S = 90


class End(NamedTuple):
    """How a process ended.

    Attributes:
        code: Exit code.
        output: Standard output and error.
        command_line: As other users of the machine saw it.
    """

    code: int
    output: str
    command_line: str


def missing_of(process: str, prefix: str) -> Right:
    """A right without which a process cannot work."""
    needed = list(rights_of(process).rights(prefix))
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
    """The secured listener; every process lacks one right under the prefix of this module."""
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
    """How each process ended, by its name and what was wrong: `password` or `right`."""
    with ThreadPoolExecutor(2) as pool:
        started = {
            (process, fault): pool.submit(
                run,
                process,
                {**services.environment, **broker.environment(process, **changed)},
                tmp_path_factory.mktemp(fault),
            )
            for process in COMMANDS
            for fault, changed in (("password", {"password": WRONG}), ("right", {}))
        }
        found = {key: one.result() for key, one in started.items()}
    return lambda process, fault: found[process, fault]


def messages(end: End) -> list[str]:
    """What the process says of its end."""
    return [line for line in end.output.splitlines() if "service.stop" in line]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("process", COMMANDS)
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
    lacking = missing_of(process, broker.plain.prefix)

    end = ends(process, "right")

    assert end.code == EXIT_STOP, end.output
    [line] = messages(end)
    assert re.search(
        f"does not let user {user(process)} {lacking.operation} topic {re.escape(lacking.name)}",
        line,
    ), line
    assert "Traceback" not in end.output


@pytest.mark.parametrize("process", COMMANDS)
def test_no_secret_shows_in_what_a_process_prints_or_how_it_was_started(
    process: str, ends: Ends
) -> None:
    for fault in ("password", "right"):
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


def test_a_host_name_may_be_left_unchecked(broker: SecuredBroker) -> None:
    port = broker.bootstrap.split(":")[1]
    settings = secured(broker, check_hostname="false").model_copy(
        update={"kafka_bootstrap": f"localhost:{port}"}
    )

    check_access(cluster_of(settings))

    assert cluster_of(settings).admin().list_topics(timeout=30).topics
