"""An S3 server with users, bucket policies and object lock (versitygw, by Go), for tests."""

import platform
from pathlib import Path

from deploy.local import golang
from deploy.local.cache import component
from deploy.local.process import Program

VERSION = "v1.8.0"
PACKAGE = "github.com/versity/versitygw/cmd/versitygw"
RECIPE = 1


def install() -> Path:
    """The server, built with Go when it is not there.

    Raises:
        InstallError: No network, or no Go and no Debian mirror.
    """
    name = f"versitygw-{VERSION}-{platform.machine()}-{RECIPE}"
    return component(name, lambda target: golang.build(PACKAGE, VERSION, target)) / "versitygw"


def server(program: Path, folder: Path, port: int, key: str, secret: str) -> Program:
    """An S3 server on 127.0.0.1 that keeps versions of objects.

    Args:
        program: What `install` returned.
        folder: Folder of its data; made if missing. Its file system needs extended attributes.
        port: Port on which it listens.
        key: Access key id of its administrator.
        secret: Secret access key of its administrator.
    """
    data, versions, users = (folder / name for name in ("data", "versions", "users"))
    for part in (data, versions, users):
        part.mkdir(parents=True, exist_ok=True)
    return Program(
        name="versitygw",
        command=(
            *(str(program), "--port", f"127.0.0.1:{port}", "--iam-dir", str(users), "--quiet"),
            *("posix", "--versioning-dir", str(versions), str(data)),
        ),
        environment={"ROOT_ACCESS_KEY_ID": key, "ROOT_SECRET_ACCESS_KEY": secret},
    )
