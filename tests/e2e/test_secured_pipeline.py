"""The whole pipeline on secured services, each process with its least rights and no other's."""

import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from subprocess import run
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
import pytest

from deploy.local.supervisor import Worker
from deploy.services import process
from runtime.kafka.reader import spans
from schemas.topics import CAMERAS, DEAD_LETTERS, TRACKS
from tests.support import planted
from tests.support.clusters import cluster_of
from tests.support.database_roles import DatabaseRoles, database_roles
from tests.support.issuer import SECRET, Issuer
from tests.support.planted import Output, found
from tests.support.played_pipeline import PlayedPipeline, cut_clip
from tests.support.redis_accounts import RedisAccounts, redis_accounts
from tests.support.secured import NAMES, SecuredBroker, password
from tests.support.waiting import eventually
from workers.registry.editing.database import Database
from workers.registry.editing.sealed import ADDRESSES, SealedTexts
from workers.registry.editing.sealed import NAMES as NAMES_OF_STAFF

HOG = ("--backend", "hog", "--mode", "record")
RECORDED = ("--mode", "record", "--fps", "2", "--pace", "asap", "--start-time", "1780000000")

PRINCIPALS = {
    "ingest": "ingest",
    "infer": "inference",
    "stream": "stream",
    "relay": "relay",
    "sink-timescale": "sink-timescale",
    "sink-redis": "sink-redis",
    "serve": "serving",
    "notifier": "notifier",
}
"""Principal of each process that the supervisor runs."""

CLIP_FRAMES = 80

ELSEWHERE = {
    "WARDSTREAM_WATCHDOG__WEBHOOK_URL": "https://127.0.0.1:1/hook/planted-secret-of-the-webhook",
    "WARDSTREAM_SECURITY__KAFKA__KEY_PASSWORD": "planted-secret-of-a-key",
    "WARDSTREAM_SECURITY__REGISTRY__USER": "registry-user",
    "WARDSTREAM_SECURITY__REGISTRY__PASSWORD": "planted-secret-of-the-registry",
}
"""Secrets of every process that is not about one of the stores."""

CLIENT_SECRET = SECRET
SESSION_KEY = b64encode(b"planted-secret-of-a-session-key!").decode()
NAME_KEY = b64encode(b"planted-secret-of-the-name-key!!").decode()
CAMERA_SECRET = "planted-secret-of-a-camera"
NURSE = "Planted Name of a Nurse"
WHO = "Planted Name of Somebody"
"""Name of the person who logs in: the board shows it to them alone, and keeps it sealed."""


class Secured:
    """The stores of one pipeline, each process with accounts of its own."""

    def __init__(
        self,
        broker: SecuredBroker,
        roles: DatabaseRoles,
        accounts: RedisAccounts,
        issuer: Issuer,
    ) -> None:
        self._broker = broker
        self._issuer = issuer
        self._roles = roles
        self._accounts = accounts

    def environment(self, process: str) -> dict[str, str]:
        """Settings of a process; where it has no account, it gets an address that nothing has."""
        nowhere = {
            "WARDSTREAM_DATABASE_URL": "postgresql://127.0.0.1:1/none",
            "WARDSTREAM_REDIS_URL": "redis://127.0.0.1:1/0",
        }
        own = self._broker.environment(process) | ELSEWHERE
        if process == "serving":
            own |= {
                "WARDSTREAM_LOGIN__ISSUER": self._issuer.url,
                "WARDSTREAM_LOGIN__CLIENT_SECRET": CLIENT_SECRET,
                "WARDSTREAM_LOGIN__SESSION_KEY": SESSION_KEY,
                "WARDSTREAM_REGISTRY__NAME_KEY": NAME_KEY,
            }
        if process in self._roles.passwords:
            own |= self._roles.environment(process)
            nowhere["WARDSTREAM_DATABASE_URL"] = without_password(self._roles.owner)
        if process in self._accounts.passwords:
            own |= self._accounts.environment(process)
            nowhere["WARDSTREAM_REDIS_URL"] = without_password(self._accounts.administrator)
        return own | nowhere

    @property
    def secrets(self) -> list[str]:
        """Every planted secret."""
        return [
            *map(password, NAMES),
            *self._roles.passwords.values(),
            *self._accounts.passwords.values(),
            *(value.rpartition("/")[2] for value in ELSEWHERE.values() if "planted" in value),
            CLIENT_SECRET,
            SESSION_KEY,
            NAME_KEY,
            CAMERA_SECRET,
        ]


def without_password(url: str) -> str:
    """An address without the name and password of its user."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


@pytest.fixture
def secured(environment: dict[str, str], run_prefix: str, issuer: Issuer) -> Iterator[Secured]:
    broker = SecuredBroker.of(environment, run_prefix)
    broker.make_users()
    broker.grant()
    live_prefix = f"{run_prefix}wardstream"
    with (
        database_roles(environment["WARDSTREAM_DATABASE_URL"]) as roles,
        redis_accounts(environment["WARDSTREAM_REDIS_URL"], live_prefix) as accounts,
    ):
        yield Secured(broker, roles, accounts, issuer)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as provider:
        provider.user |= {"name": WHO, "wardstream_roles": ["admin", "coordinator", "auditor"]}
        yield provider


@pytest.mark.timeout(180)
def test_a_clip_passes_with_least_rights_and_leaves_no_secret_anywhere(
    pipeline: PlayedPipeline,
    secured: Secured,
    issuer: Issuer,
    environment: dict[str, str],
    run_prefix: str,
    clip: Path,
    tmp_path: Path,
) -> None:
    pipeline.environments = {
        name: secured.environment(account) for name, account in PRINCIPALS.items()
    }

    pipeline.register(cut_clip(clip, tmp_path / "short.mp4", CLIP_FRAMES))
    pipeline.start(HOG)
    row = process("notifier")
    notifier = Worker(
        name=row.name, command=row.command, environment=pipeline.environments["notifier"]
    )
    pipeline.supervisor.start(notifier)
    pipeline.play(*RECORDED)
    pipeline.settle()

    eventually(lambda: "notifier.leads" in log_of(pipeline), what="a notifier that works")
    assert pipeline.difference_from_oracle() is None
    assert pipeline.difference_of_tables() is None
    with psycopg.connect(pipeline.settings.database_address) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM tracks").fetchone() == (True,)
    visitor = httpx.Client(base_url=pipeline.board_url, timeout=30)
    tokens = log_in(visitor, issuer)
    assert visitor.get("api/v1/zones").json()["zones"]
    assert spans(cluster_of(pipeline.settings), CAMERAS)
    edit_a_zone(visitor, issuer)
    seal_a_name_and_an_address(pipeline, visitor)

    break_something(pipeline, issuer)
    outputs = [
        *planted.logs(pipeline.folder),
        *planted.answers(urls(pipeline), visitor),
        *planted.topics(environment["WARDSTREAM_KAFKA_BOOTSTRAP"], run_prefix),
        *planted.cached(environment["WARDSTREAM_REDIS_URL"]),
        *planted.rows(environment["WARDSTREAM_DATABASE_URL"]),
        *printed(secured.environment("operator")),
    ]
    assert found(outputs, [*secured.secrets, *tokens]) == []
    sessions = f"answer {pipeline.board_url}api/v1/sessions"  # is shown to administrators
    assert found(outputs, [WHO, NURSE]) == [f"{WHO} in {sessions}"]
    kinds = {output.name.split()[0] for output in holding(outputs, camera_of(pipeline))}
    assert kinds == {"log", "answer", "topic", "key", "table"}, "the search sees what is there"
    text = b"".join(output.content for output in outputs if output.name.startswith("log"))
    assert b"authoriz" not in text.lower(), "a right is missing that the table should have"
    assert b"permission" not in text.lower()


def log_of(pipeline: PlayedPipeline) -> str:
    """What the notifier has logged."""
    return pipeline.supervisor.log("notifier").read_text()


def log_in(visitor: httpx.Client, issuer: Issuer) -> list[str]:
    """Log in as a person does; returns every secret of the session that the person holds."""
    sent = visitor.get("login")
    back = issuer.approve(sent.headers["location"])
    assert visitor.get(back).status_code == 303
    me = visitor.get("api/v1/me").json()
    assert me["name"] == WHO
    return [me["csrf_token"], *(cookie for cookie in visitor.cookies.values() if len(cookie) > 20)]


def edit_a_zone(visitor: httpx.Client, issuer: Issuer) -> None:
    """Rename a zone, and wait until the topics hold the edit."""
    token = issuer.signed(issuer.access_claims(sub="editor", name="Editor"))
    bearer = {"Authorization": f"Bearer {token}"}
    zone = visitor.get("api/v1/registry/zones").json()["items"][0]["id"]
    url = f"api/v1/registry/zones/{zone}"
    held = visitor.get(url)
    row = held.json()["record"] | {"name": "Renamed"}
    answer = httpx.put(
        f"{visitor.base_url}{url}", json=row, headers=bearer | {"If-Match": held.headers["etag"]}
    )
    assert answer.status_code == 200, answer.text
    eventually(
        lambda: visitor.get(url).json()["appended_at"] is not None, what="the relay to append it"
    )


def seal_a_name_and_an_address(pipeline: PlayedPipeline, visitor: httpx.Client) -> None:
    """Keep a name and a camera's address, and read the name as who may."""
    staff = visitor.get("api/v1/registry/staff").json()["items"][0]["id"]
    with Database(pipeline.settings.database_address, "planting") as database:
        for table, identity, text in (
            (NAMES_OF_STAFF, staff, NURSE),
            (ADDRESSES, camera_of(pipeline), f"rtsp://ward:{CAMERA_SECRET}@127.0.0.1:1/none"),
        ):
            SealedTexts(database, table, [b64decode(NAME_KEY)]).put(
                identity, text, by="planting", now_us=pipeline.now_us()
            )
    answer = visitor.get(f"api/v1/registry/staff/{staff}/name", headers={"X-Purpose": "a test"})
    assert answer.status_code == 200, answer.text
    assert NURSE in answer.text


def break_something(pipeline: PlayedPipeline, issuer: Issuer) -> None:
    """Make dead letters, refused requests, and log lines about faults."""
    url = pipeline.board_url
    good = issuer.signed(issuer.access_claims(sub="machine"))
    late = issuer.signed(issuer.access_claims(exp=1))
    for token in (good, late, issuer.unsigned(issuer.access_claims())):
        bearer = {"Authorization": f"Bearer {token}"}
        httpx.get(f"{url}api/v1/zones/none", headers=bearer)
        httpx.put(f"{url}api/v1/registry/zones/none", headers=bearer, json={"name": 1})
        httpx.get(f"{url}api/v1/audit/persons/nobody", headers=bearer, timeout=30)
    httpx.get(f"{url}login/callback", params={"code": "no-code", "state": "no-state"})
    cluster = cluster_of(pipeline.settings)
    producer = cluster.producer()
    producer.produce(cluster.name(TRACKS), key=b"nothing", value=b"not a record")
    producer.flush(30.0)
    eventually(lambda: spans(cluster, DEAD_LETTERS), what="dead letters")


def urls(pipeline: PlayedPipeline) -> Iterator[str]:
    """Everything that may be asked of the running processes."""
    schema = httpx.get(f"{pipeline.board_url}api/v1/openapi.json").json()
    for path in schema["paths"]:
        if "{" not in path and path not in {"/api/v1/changes", "/api/v1/me"}:
            yield pipeline.board_url.rstrip("/") + path
    for name in PRINCIPALS:
        if name != "ingest":
            for path in ("metrics", "healthz", "readyz"):
                yield f"http://127.0.0.1:{pipeline.supervisor.metrics_port(name)}/{path}"


def printed(environment: dict[str, str]) -> Iterator[Output]:
    """What commands print that show settings, or try every address."""
    for command in ("settings", "doctor"):
        done = run(
            [sys.executable, "-m", "workers.cli", command],
            capture_output=True,
            env={"PATH": "/usr/bin:/bin", **environment},
            timeout=90,
            check=False,
        )
        yield Output(f"command {command}", done.stdout + done.stderr)


def camera_of(pipeline: PlayedPipeline) -> str:
    """Id of a camera, which is in every output."""
    assert pipeline.scenario is not None
    return pipeline.scenario.cameras[0].camera_id


def holding(outputs: list[Output], needle: str) -> list[Output]:
    """What holds a needle."""
    return [output for output in outputs if needle.encode() in output.content]
