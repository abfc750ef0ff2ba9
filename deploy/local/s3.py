"""An S3 server over a folder (S3Proxy, from Maven): buckets for tests."""

from pathlib import Path

from deploy.local.cache import component
from deploy.local.java import FAST_START, java, maven
from deploy.local.process import Program
from deploy.local.shell import run

VERSION = "2.6.0"
RECIPE = 1
POM = Path(__file__).parent / "s3" / "pom.xml"
HEAP = "-Xmx192m"
LOGGING = """<configuration>
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d %level %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="OUT"/></root>
</configuration>
"""


def install() -> Path:
    """The folder with the jars.

    Raises:
        InstallError: Java, Maven or the network is missing.
    """
    return component(f"s3-{VERSION}-{RECIPE}", _fetch)


def server(installed: Path, folder: Path, port: int, key: str, secret: str) -> Program:
    """An S3 server on 127.0.0.1; each folder below `folder/buckets` is a bucket.

    Args:
        installed: What `install` returned.
        folder: Folder of its data and configuration; made if missing.
        port: Port on which it listens.
        key: Access key id of its only user.
        secret: Secret access key of its only user.
    """
    buckets = folder / "buckets"
    buckets.mkdir(parents=True, exist_ok=True)
    settings = {
        "s3proxy.endpoint": f"http://127.0.0.1:{port}",
        "s3proxy.authorization": "aws-v2-or-v4",
        "s3proxy.identity": key,
        "s3proxy.credential": secret,
        # Clients may ask for checksums that it does not compute; ours are in the records.
        "s3proxy.ignore-unknown-headers": "true",
        "jclouds.provider": "filesystem-nio2",
        "jclouds.identity": key,
        "jclouds.credential": secret,
        "jclouds.filesystem.basedir": str(buckets),
    }
    configuration = folder / "s3.properties"
    configuration.touch(mode=0o600)
    configuration.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    logging = folder / "logback.xml"
    logging.write_text(LOGGING)
    return Program(
        name="s3",
        command=(
            java().path,
            *FAST_START,
            HEAP,
            f"-Dlogback.configurationFile={logging}",
            "-cp",
            f"{installed}/libs/*",
            "org.gaul.s3proxy.Main",
            "--properties",
            str(configuration),
        ),
    )


def _fetch(target: Path) -> None:
    run(
        [
            *(maven(), "-q", "-B", "-f", str(POM)),
            *("dependency:copy-dependencies", f"-DoutputDirectory={target / 'libs'}"),
        ],
        what="fetching the S3 server from Maven",
    )
