"""The broker under attack, and the file for outcomes."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from deploy.local.launcher import LocalServices
from tests.chaos.checkpoint.attack import Outcome
from tests.chaos.checkpoint.pipeline import Broker


class SharedBroker:
    """The session's Kafka, which other tests use too."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    def kill(self) -> None:
        pytest.fail("the session's broker is not to be killed")

    def restart(self) -> None:
        pytest.fail("the session's broker is not to be killed")


class OwnBroker:
    """A Kafka that the attack may take down."""

    def __init__(self, services: LocalServices) -> None:
        self._services = services
        self.bootstrap = services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"]

    def kill(self) -> None:
        self._services.kill("kafka")

    def restart(self) -> None:
        self._services.restart("kafka")


@pytest.fixture
def shared_broker(kafka: str) -> Broker:
    return SharedBroker(kafka)


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with LocalServices(tmp_path_factory.mktemp("kafka"), components=("kafka",)) as services:
        yield OwnBroker(services)


@pytest.fixture
def keep() -> Callable[[Outcome], Outcome]:
    """Appends an outcome to the file that `CHAOS_RESULTS` names, if it is set."""

    def keep_outcome(outcome: Outcome) -> Outcome:
        name = os.environ.get("CHAOS_RESULTS")
        if name:
            with Path(name).open("ab") as results:
                results.write(msgspec.json.encode(outcome) + b"\n")
        return outcome

    return keep_outcome
