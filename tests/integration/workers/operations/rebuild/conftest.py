"""A pipeline that has folded all its input and is idle."""

from collections.abc import Iterator

import pytest

from tests.integration.workers.operations.rebuild.ward import Ward, ward
from tests.support.servers.s3 import Bucket
from tests.support.services import Services, separate_environment


@pytest.fixture(scope="module")
def folded(
    services: Services,
    database_template: str,
    bucket: Bucket,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Ward]:
    """Shared by a module; its checkpoints are archived in a bucket."""
    with (
        separate_environment(services, database_template) as environment,
        ward(
            {**environment, **bucket.environment}, tmp_path_factory.mktemp("rebuild"), bucket.url
        ) as made,
    ):
        yield made
