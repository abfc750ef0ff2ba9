"""The Keycloak that all tests of a run share, and a gate to it for each test."""

import os
import uuid
from collections.abc import Callable, Iterator

import pytest

from deploy.keycloak.realm import REALM
from runtime.process.login import LoginSettings
from tests.support.board_server import BoardServer
from tests.support.servers.gate_proxy import GateProxy
from tests.support.servers.keycloak import Provider, provider_of
from tests.support.servers.keycloak_admin import Administrator


@pytest.fixture(scope="session")
def provider(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Provider:
    """The Keycloak of this run."""
    own = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):  # all workers are children of one process
        return provider_of(own.parent / "keycloak", os.getppid())
    return provider_of(own / "keycloak", os.getpid())


@pytest.fixture
def gate(provider: Provider) -> Iterator[GateProxy]:
    """The way to the provider, which a test may shut."""
    with GateProxy(provider.port) as opened:
        yield opened


@pytest.fixture
def administrator(provider: Provider, gate: GateProxy) -> Administrator:
    """Whoever may change the realm."""
    return Administrator(provider, f"http://127.0.0.1:{gate.port}")


def issuer_of(gate: GateProxy) -> str:
    """Name of the provider as it is reached through a gate."""
    return f"http://127.0.0.1:{gate.port}/realms/{REALM}"


@pytest.fixture
def board_with_logins(
    start_board: Callable[..., BoardServer],
    provider: Provider,
    gate: GateProxy,
    administrator: Administrator,
) -> Callable[..., BoardServer]:
    """Starts boards that this Keycloak lets people in to."""

    def start(*, login: dict[str, object] | None = None, **options: object) -> BoardServer:
        name = f"board-{uuid.uuid4().hex[:8]}"
        settings = {
            "issuer": issuer_of(gate),
            "client_id": name,
            "client_secret": provider.board_secret,
            **(login or {}),
        }
        board = start_board(login=LoginSettings.model_validate(settings), **options)
        administrator.add_board(board.url, name)
        return board

    return start
