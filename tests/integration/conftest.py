"""A real S3 server for tests that ask for one."""

from collections.abc import Iterator

import pytest

from tests.support.servers.s3 import Bucket, S3Server


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server, started once for a module."""
    with S3Server(tmp_path_factory.mktemp("s3")) as started:
        yield started


@pytest.fixture(scope="module")
def bucket(s3: S3Server) -> Iterator[Bucket]:
    """A bucket that this process and its child processes may use."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in s3.bucket.environment.items():
            patched.setenv(name, value)
        yield s3.bucket
