"""A person confirms the view of a camera through the API: judged, audited, and written to Kafka."""

from collections.abc import Iterator

import pytest

from runtime.facts.log import FactLog
from runtime.kafka.cluster import Cluster
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import CAMERA_VIEWS
from tests.integration.log_loss.logs import make
from tests.support.clusters import cluster_of
from tests.support.registry_api import RegistryApi, registry_api
from tests.support.services import Services, new_prefix
from tests.support.two_units import ROWS_OF_TWO_UNITS
from workers.registry.camera_views import suspect

CONFIRM = "/cameras/east-cam/confirm"


@pytest.fixture(scope="module")
def cluster(services: Services) -> Cluster:
    """A run with the topic of decisions about views."""
    settings = Settings(
        kafka_bootstrap=services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
        registry_url=services.environment["WARDSTREAM_REGISTRY_URL"],
        topic_prefix=new_prefix(),
    )
    SchemaRegistry(settings.registry_url).register(CAMERA_VIEWS)
    make(settings, CAMERA_VIEWS)
    return cluster_of(settings)


@pytest.fixture(scope="module")
def ward(registry_database: str, cluster: Cluster) -> Iterator[RegistryApi]:
    """The API over a ward of two units."""
    with registry_api(registry_database, cluster=cluster) as found:
        assert found.ask("POST", "/imports", ROWS_OF_TWO_UNITS).status_code == 200
        yield found


@pytest.fixture
def api(ward: RegistryApi) -> RegistryApi:
    """The same, with an empty audit."""
    ward.audit.kept.clear()
    ward.audit.away = False
    return ward


def decided(cluster: Cluster) -> list[tuple[int, str, str, str]]:
    """Every decision: version, state, who and why."""
    log = FactLog(cluster, [CAMERA_VIEWS])
    try:
        return [
            (one["version"], one["state"], one["recorded_by"], one["reason"])
            for one in (fact.record for fact in log.sync())
        ]
    finally:
        log.close()


def test_a_suspect_camera_is_confirmed_with_a_reason_by_name_and_in_the_audit(
    api: RegistryApi, cluster: Cluster
) -> None:
    first = suspect(cluster, "east-cam", "MOVED", since_us=5, camera_version=1, known=0)
    later = suspect(cluster, "east-cam", "MOVED", since_us=7, camera_version=1, known=0)

    answer = api.ask("POST", f"{CONFIRM}?reason=put+back", by="east-admin")

    assert first is not None
    assert (first["valid_from_us"], first["since_us"]) == (5, 5)
    assert later is None, "what it knew is not the newest decision"
    assert answer.status_code == 200, answer.text
    assert (answer.json()["version"], answer.json()["recorded_by"]) == (2, "east-admin")
    assert decided(cluster) == [
        (1, "SUSPECT", "guard", "MOVED"),
        (2, "TRUSTED", "east-admin", "put back"),
    ]
    [kept] = api.audit.kept
    assert (kept.act.action, kept.actor, kept.why) == ("camera.confirmed", "east-admin", "put back")


@pytest.mark.parametrize(
    ("path", "by", "status"),
    [
        pytest.param(CONFIRM, "admin", 422, id="without-a-reason"),
        pytest.param(f"{CONFIRM}?reason=ok", "coordinator", 403, id="without-the-right"),
        pytest.param("/cameras/west-cam/confirm?reason=ok", "east-admin", 404, id="elsewhere"),
        pytest.param("/cameras/both-cam/confirm?reason=ok", "east-admin", 404, id="in-part"),
        pytest.param("/cameras/no-cam/confirm?reason=ok", "admin", 404, id="unknown"),
    ],
)
def test_what_is_refused_writes_nothing(
    api: RegistryApi, cluster: Cluster, path: str, by: str, status: int
) -> None:
    before = decided(cluster)

    assert api.ask("POST", path, by=by).status_code == status
    assert decided(cluster) == before
    assert "camera.confirmed" not in api.audit.actions()


def test_without_the_audit_nothing_is_confirmed(api: RegistryApi, cluster: Cluster) -> None:
    before = decided(cluster)
    api.audit.away = True

    assert api.ask("POST", f"{CONFIRM}?reason=ok").status_code == 503
    assert decided(cluster) == before
