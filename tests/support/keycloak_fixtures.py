"""The Keycloak that all tests of a run share, and a gate to it for each test."""

import os
from collections.abc import Iterator

import pytest

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
