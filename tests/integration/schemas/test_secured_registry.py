"""A schema registry behind TLS and basic authentication."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from deploy.local.certificates import Authority
from runtime.clock import SystemClock
from runtime.errors import EXIT_STOP, Stop
from runtime.kafka.access import check_access
from runtime.kafka.cluster import Cluster
from runtime.kafka.rights import PROCESSES, ProcessRights
from runtime.process.settings import Settings
from schemas.registry import RegistryDenied
from schemas.topics import DETECTIONS
from tests.support.servers.tls_proxy import TlsProxy
from tests.support.services import Services
from workers.operations.backup.registry import schema_ids
from workers.operations.doctor import check_registry

USER, PASSWORD = "ward", "planted-secret-of-the-registry"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def proxy(authority: Authority, registry_url: str) -> Iterator[TlsProxy]:
    identity = authority.issue("registry", ["IP:127.0.0.1"])
    with TlsProxy(registry_url, identity, USER, PASSWORD) as running:
        yield running


def cluster(url: str, authority: Authority, password: str = PASSWORD) -> Cluster:
    settings = Settings.model_validate(
        {
            "registry_url": url,
            "security": {
                "registry": {"ca": authority.ca, "user": USER, "password": SecretStr(password)}
            },
        }
    )
    return Cluster.of(settings, SystemClock())


def test_schemas_are_registered_and_read_through_tls_with_a_password(
    proxy: TlsProxy, authority: Authority
) -> None:
    registry = cluster(proxy.url, authority).registry

    known = registry.register(DETECTIONS)

    assert registry.lookup(DETECTIONS) == known
    assert check_registry(registry.address) == proxy.url
    assert known in {one.id for one in schema_ids(registry.address)}


def test_a_wrong_password_is_reported_without_it(proxy: TlsProxy, authority: Authority) -> None:
    with pytest.raises(RegistryDenied, match="who are you") as denied:
        cluster(proxy.url, authority, "planted-but-wrong").registry.lookup(DETECTIONS)

    assert "planted" not in str(denied.value)


@pytest.mark.parametrize("row", PROCESSES, ids=lambda row: row.process)
def test_a_process_with_a_wrong_password_is_stopped_at_its_start(
    row: ProcessRights, proxy: TlsProxy, authority: Authority
) -> None:
    with pytest.raises(Stop, match="who are you") as stopped:
        check_access(cluster(proxy.url, authority, "planted-but-wrong"), row)

    assert "planted" not in str(stopped.value)


@pytest.mark.timeout(120)
def test_a_watchdog_with_a_wrong_password_ends_with_one_sentence(
    proxy: TlsProxy, authority: Authority, services: Services, run_prefix: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "workers.cli", "watchdog"],
        env={
            **os.environ,
            **services.environment,
            "WARDSTREAM_TOPIC_PREFIX": run_prefix,
            "WARDSTREAM_REGISTRY_URL": proxy.url,
            "WARDSTREAM_SECURITY__REGISTRY__CA": str(authority.ca),
            "WARDSTREAM_SECURITY__REGISTRY__USER": USER,
            "WARDSTREAM_SECURITY__REGISTRY__PASSWORD": "planted-but-wrong",
        },
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )

    output = ended.stdout + ended.stderr
    assert ended.returncode == EXIT_STOP, output
    [line] = [line for line in output.splitlines() if "service.stop" in line]
    assert f"schema registry at {proxy.url}: who are you" in line
    assert "Traceback" not in output
    assert "planted" not in output


def test_the_right_password_and_a_registry_that_is_away_stop_no_process(
    proxy: TlsProxy, authority: Authority
) -> None:
    for url in (proxy.url, "https://127.0.0.1:9/apis/ccompat/v7"):
        for row in PROCESSES:
            check_access(cluster(url, authority), row)


def test_a_registry_that_another_authority_signed_is_not_asked(
    proxy: TlsProxy, tmp_path: Path
) -> None:
    with pytest.raises(RegistryDenied, match="certificate verify failed"):
        cluster(proxy.url, Authority(tmp_path, "other")).registry.lookup(DETECTIONS)


def test_a_registry_under_another_name_than_its_certificate_has_is_not_asked(
    proxy: TlsProxy, authority: Authority
) -> None:
    url = proxy.url.replace("127.0.0.1", "localhost")

    with pytest.raises(RegistryDenied, match="Hostname mismatch"):
        cluster(url, authority).registry.lookup(DETECTIONS)
    with pytest.raises(Exception, match="no answer") as unanswered:
        check_registry(cluster(url, authority).registry.address)
    assert isinstance(unanswered.value.__cause__, httpx.HTTPError)
