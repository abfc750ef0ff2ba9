"""The registry's API over a database of one module, emptied for each test."""

from collections.abc import Iterator

import pytest

from tests.support.registry_api import RegistryApi, registry_api
from tests.support.services import Services, empty_database

LEFT = {"width": 1280, "height": 720, "time_zone": "Europe/Berlin"}
BAY = {"camera_id": "left", "polygon": [[0, 0], [600, 0], [600, 500], [0, 500]]}


@pytest.fixture(scope="module")
def registry_database(services: Services, database_template: str) -> Iterator[str]:
    """A migrated database of one module."""
    with empty_database(services, database_template) as url:
        yield url


@pytest.fixture
def api(registry_database: str) -> Iterator[RegistryApi]:
    """The API, with a camera `left` and a zone `bay`."""
    with registry_api(registry_database) as found:
        assert found.put("/cameras/left", LEFT).status_code == 201
        assert found.put("/zones/bay", BAY).status_code == 201
        found.audit.kept.clear()
        yield found
