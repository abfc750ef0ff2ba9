"""A real S3 server whose users have rights of their own, with a bucket that forgets nothing."""

import hashlib
import hmac
import json
import subprocess
import uuid
from base64 import b64encode
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Final, NamedTuple

from deploy.local import versity
from deploy.local.health import http_status
from tests.support.servers.standing import StandingServer

ROOT_KEY: Final = "root"
BUCKET: Final = "audit"
REGION: Final = "us-east-1"

POLICY: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": ["anchor"]},
            "Action": ["s3:PutObject", "s3:GetObject"],
            "Resource": f"arn:aws:s3:::{BUCKET}/*",
        },
        {
            "Effect": "Allow",
            "Principal": {"AWS": ["anchor"]},
            "Action": "s3:ListBucket",
            "Resource": f"arn:aws:s3:::{BUCKET}",
        },
    ],
}
"""What docs/audit.md tells an administrator to set: the anchoring principal may not delete."""

LOCK: Final = (
    '<ObjectLockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>"
    "<Mode>COMPLIANCE</Mode><Days>400</Days></DefaultRetention></Rule></ObjectLockConfiguration>"
)
"""Whatever is written stays for 400 days, for the administrator too."""


class Answer(NamedTuple):
    """What the server answered."""

    status: int
    body: bytes
    version: str


class User(NamedTuple):
    """A user of the server, who signs requests (AWS Signature Version 4)."""

    port: int
    key: str
    secret: str

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables with which every S3 client is this user."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_REGION": REGION,
        }

    def asks(
        self, method: str, path: str, query: str = "", body: bytes = b"", **headers: str
    ) -> Answer:
        """Send one request; `_` in a header's name stands for `-`."""
        now = datetime.now(UTC)
        stamp, digest = now.strftime("%Y%m%dT%H%M%SZ"), hashlib.sha256(body).hexdigest()
        sent = {"host": f"127.0.0.1:{self.port}", "x-amz-content-sha256": digest}
        sent |= {"x-amz-date": stamp, "content-md5": b64encode(_md5(body)).decode()}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        names = sorted(sent)
        canonical = [method, path, query, *(f"{name}:{sent[name]}" for name in names)]
        canonical += ["", ";".join(names), digest]
        parts = (stamp[:8], REGION, "s3", "aws4_request")
        whole = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, "/".join(parts), whole])
        key = f"AWS4{self.secret}".encode()
        for part in (*parts, text):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        credential = f"Credential={self.key}/{'/'.join(parts)}"
        signed = f"SignedHeaders={';'.join(names)}, Signature={key.hex()}"
        sent["authorization"] = f"AWS4-HMAC-SHA256 {credential}, {signed}"
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, f"{path}?{query}" if query else path, body, sent)
            answer = connection.getresponse()
            version = answer.getheader("x-amz-version-id", "")
            return Answer(answer.status, answer.read(), version)
        finally:
            connection.close()


class VersityServer(StandingServer):
    """The server with one bucket under `LOCK` and `POLICY`, for a `with` block.

    Args:
        folder: Folder for its data and log.

    Attributes:
        root: The administrator.
        anchor: The user whom the policy names.
    """

    url = f"s3://{BUCKET}"

    def __init__(self, folder: Path) -> None:
        self._program = versity.install()
        secret = uuid.uuid4().hex
        super().__init__(
            lambda port: versity.server(self._program, folder, port, ROOT_KEY, secret),
            lambda port: http_status(port, "/") is not None,
            folder / "versity.log",
        )
        self.root = User(self.port, ROOT_KEY, secret)
        self.anchor = User(self.port, "anchor", uuid.uuid4().hex)

    def start(self) -> None:
        super().start()
        made = self.root.asks("PUT", f"/{BUCKET}", x_amz_bucket_object_lock_enabled="true")
        assert made.status == 200, made
        self._add_user(self.anchor)
        for query, body in (("object-lock=", LOCK), ("policy=", json.dumps(POLICY))):
            answer = self.root.asks("PUT", f"/{BUCKET}", query, body.encode())
            assert answer.status in {200, 204}, answer

    def _add_user(self, user: User) -> None:
        administrator = ("-a", self.root.key, "-s", self.root.secret)
        where = ("--er", f"http://127.0.0.1:{self.port}")
        made = ("create-user", "-r", "user", "-a", user.key, "-s", user.secret)
        command = (str(self._program), "admin", *administrator, *where, *made)
        subprocess.run(command, check=True, timeout=30)


def _md5(body: bytes) -> bytes:
    return hashlib.md5(body, usedforsecurity=False).digest()
