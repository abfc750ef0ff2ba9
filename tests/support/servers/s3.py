"""A bucket on a real S3 server."""

import uuid
from dataclasses import dataclass
from pathlib import Path

from obstore.store import S3Store

from deploy.local import s3
from deploy.local.health import http_status
from tests.support.servers.standing import StandingServer

KEY = "wardstream"
BUCKET = "frames"


@dataclass(frozen=True)
class Bucket:
    """Address and credentials of a bucket.

    Attributes:
        endpoint: URL of the server.
        secret: Secret key of its only user.
    """

    endpoint: str
    secret: str

    @property
    def url(self) -> str:
        """URL for the setting `object_store_url`."""
        return f"s3://{BUCKET}/line"

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables with which every S3 client finds the bucket."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_REGION": "us-east-1",
        }

    def client(self) -> S3Store:
        """A client with which a test looks at objects and damages them."""
        return S3Store(
            BUCKET,
            endpoint=self.endpoint,
            access_key_id=KEY,
            secret_access_key=self.secret,
            region="us-east-1",
            client_options={"allow_http": True},
        )


class S3Server(StandingServer):
    """An S3 server with one bucket, for a `with` block.

    Args:
        folder: Folder for its data and log.
    """

    def __init__(self, folder: Path) -> None:
        installed, secret = s3.install(), uuid.uuid4().hex
        (folder / "buckets" / BUCKET).mkdir(parents=True)
        super().__init__(
            lambda port: s3.server(installed, folder, port, KEY, secret),
            lambda port: http_status(port, "/") is not None,
            folder / "s3.log",
        )
        self.bucket = Bucket(f"http://127.0.0.1:{self.port}", secret)
