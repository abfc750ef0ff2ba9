"""Our own addresses never go through a proxy, whichever client asks and however it is set."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from deploy.compose import READY
from runtime.proxies import client_for, exempt, is_inside, own_client
from runtime.storage.objects import ObjectStore
from schemas.registry_address import RegistryAddress
from tests.support.paths import ROOT
from tests.support.servers.video import VideoServer, video_server
from workers.operations.doctor import check_registry
from workers.watchdog.endpoints import ask

DEAD = "http://127.0.0.1:9"
PRODUCT = ("schemas", "runtime", "models", "streams", "workers", "deploy")


@pytest.fixture(params=["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy", "socks"])
def proxy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment that answers nobody."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    if request.param == "socks":
        monkeypatch.setenv("ALL_PROXY", "socks5h://127.0.0.1:9")
    else:
        monkeypatch.setenv(request.param, DEAD)


@pytest.fixture
def server() -> Iterator[VideoServer]:
    with video_server() as started:
        started.files |= {"/subjects": b"[]", "/healthz": b"{}"}
        yield started


@pytest.mark.usefixtures("proxy")
def test_our_own_services_are_asked_without_a_proxy(server: VideoServer) -> None:
    assert check_registry(RegistryAddress.of(server.url)) == server.url
    assert ask(f"{server.url}/healthz") == ""
    with own_client() as client, client_for(server.url) as guest:
        assert client.get(f"{server.url}/subjects").status_code == 200
        assert guest.get(f"{server.url}/subjects").status_code == 200


@pytest.mark.usefixtures("proxy")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_object_store_with_an_address_of_its_own_is_asked_without_a_proxy(
    host: str, server: VideoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url.replace("127.0.0.1", host))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.setenv(name, "x")

    assert ObjectStore("s3://frames/ward").put("raw/a", b"1") == "s3://frames/ward/raw/a"


@pytest.mark.usefixtures("proxy")
def test_a_container_asks_itself_whether_it_is_ready_without_a_proxy(server: VideoServer) -> None:
    server.files["/readyz"] = b"{}"
    program = READY.replace(READY.split("'")[1], f"{server.url}/readyz")

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_what_is_outside_goes_as_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", DEAD)

    with client_for("http://video.example.org/a.mp4") as outside:
        assert outside.trust_env
    with client_for("http://viewer:secret@10.0.0.7:80/a.mp4") as inside:
        assert not inside.trust_env


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        ("127.0.0.1", True),
        ("[::1]", True),
        ("[fe80::1%eth0]", True),
        ("192.168.3.4", True),
        ("169.254.1.1", True),
        ("camera-3", True),
        ("cam.ward.local", True),
        ("localhost.", True),
        ("8.8.8.8", False),
        ("[2606:4700::1111]", False),
        ("video.example.org", False),
    ],
)
def test_a_host_is_inside_by_its_address_or_name(host: str, inside: bool) -> None:
    assert is_inside(host) is inside


def test_ffmpeg_is_sent_past_the_proxy_to_cameras_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "a.example.org, 10.0.0.7")

    for url in ("http://u:p@10.0.0.8:80/s", "http://10.0.0.7/s", "http://b.example.org/s"):
        exempt(url)

    assert os.environ["no_proxy"] == os.environ["NO_PROXY"] == "a.example.org,10.0.0.7,10.0.0.8"


@pytest.mark.parametrize("folder", PRODUCT)
def test_no_client_is_made_elsewhere(folder: str) -> None:
    """One that is made by hand would take the environment's proxy."""
    made = [
        f"{path.relative_to(ROOT)}: {ast.unparse(node)}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path != ROOT / "runtime" / "proxies.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if _makes_a_client(node)
    ]

    assert made == []


def _makes_a_client(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module in {"requests", "urllib.request", "httpx"}
    if isinstance(node, ast.Import):
        return any(alias.name in {"requests", "urllib.request"} for alias in node.names)
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "httpx"
        and node.func.attr in {"Client", "AsyncClient", "get", "post", "put", "request", "stream"}
    )
