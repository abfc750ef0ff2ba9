"""What Redis says, and what the sink makes of it: what passes is waited out, by name."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import redis

from deploy.local.launcher import LocalServices
from runtime.errors import Retry, Stop
from runtime.process.settings import Settings
from schemas.live import index_key, state_key
from schemas.topics import OCCUPANCY
from tests.support.builders.outputs import item, occupancy
from tests.support.clusters import make_redis_sink
from tests.support.waiting import eventually
from workers.sinks.redis.sink import RedisSink

Client = redis.Redis


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServices]:
    """A Redis that these tests may fill, cut off and confuse."""
    with LocalServices(tmp_path_factory.mktemp("redis"), components=("redis",)) as services:
        yield services


@pytest.fixture
def client(own_redis: LocalServices) -> Iterator["Client"]:
    with Client.from_url(own_redis.environment["WARDSTREAM_REDIS_URL"]) as client:
        yield client
        client.flushall()


@pytest.fixture
def sink(own_redis: LocalServices) -> Iterator[RedisSink]:
    settings = Settings.model_validate(
        {"redis_url": own_redis.environment["WARDSTREAM_REDIS_URL"], "redis_prefix": "ward"}
    )
    sink = make_redis_sink(settings)
    yield sink
    sink.close()


@contextmanager
def full(client: "Client") -> Iterator[None]:
    before = str(client.config_get("maxmemory")["maxmemory"])
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", "1")
    yield
    client.config_set("maxmemory", before)


@contextmanager
def replica(client: "Client") -> Iterator[None]:
    client.replicaof("127.0.0.1", "1")
    yield
    client.replicaof("NO", "ONE")


@contextmanager
def without_replicas(client: "Client") -> Iterator[None]:
    client.config_set("min-replicas-to-write", 1)
    yield
    client.config_set("min-replicas-to-write", 0)


@contextmanager
def without_disk(client: "Client") -> Iterator[None]:
    """It cannot put its file where it belongs, as on a full disk."""
    settings = {name: str(client.config_get(name)[name]) for name in ("dir", "dbfilename")}
    in_the_way = Path(settings["dir"]) / settings["dbfilename"]
    in_the_way.mkdir()
    client.config_set("save", "3600 1")
    client.bgsave()
    eventually(lambda: client.info()["rdb_last_bgsave_status"] == "err", 30, "it has failed")
    yield
    client.config_set("save", "")
    in_the_way.rmdir()


@contextmanager
def busy(client: "Client") -> Iterator[None]:
    client.config_set("busy-reply-threshold", 1)
    other = threading.Thread(target=_loop_for_ever, args=(client,), daemon=True)
    other.start()
    eventually(lambda: _is_busy(client), 30, "it is busy")
    yield
    client.script_kill()
    other.join(30)
    client.config_set("busy-reply-threshold", 5_000)


def _loop_for_ever(client: "Client") -> None:
    with pytest.raises(redis.ResponseError, match="killed"):
        client.eval("while true do end", 0)


def _is_busy(client: "Client") -> bool:
    try:
        client.ping()
    except redis.ResponseError as error:
        return str(error).startswith("BUSY")
    return False


@pytest.mark.parametrize(
    ("trouble", "description"),
    [
        pytest.param(full, "full: raise its maxmemory", id="full"),
        pytest.param(replica, "read-only replica", id="replica"),
        pytest.param(without_replicas, "too few replicas", id="without-replicas"),
        pytest.param(without_disk, "cannot save", id="without-disk"),
        pytest.param(busy, "busy with somebody's script", id="busy"),
    ],
)
def test_a_passing_state_is_waited_out_and_named(
    trouble: Callable[["Client"], AbstractContextManager[None]],
    description: str,
    sink: RedisSink,
    client: "Client",
) -> None:
    sink.write([item(OCCUPANCY, occupancy(1, 0, 4))])
    with trouble(client), pytest.raises(Retry, match=description):
        sink.write([item(OCCUPANCY, occupancy(2, 1, 5))])
    sink.write([item(OCCUPANCY, occupancy(2, 1, 5))])

    assert client.hget(state_key("ward", "zone", "zone-1"), "seq") == b"2"


@pytest.mark.parametrize(
    "key", [state_key("ward", "zone", "zone-1"), index_key("ward", "zone")], ids=["value", "index"]
)
def test_a_key_that_somebody_else_has_taken_is_named(
    key: str, sink: RedisSink, client: "Client"
) -> None:
    client.set(key, "somebody's")
    with pytest.raises(Stop, match=f"{key} is a string.* delete the key") as caught:
        sink.write([item(OCCUPANCY, occupancy(1, 0, 4))])

    assert "json" not in str(caught.value)


def test_a_redis_that_an_older_copy_replaced_takes_what_is_newer(
    sink: RedisSink, client: "Client"
) -> None:
    """As after a failover to a replica that was behind: seq has gone back, and goes on."""
    key = state_key("ward", "zone", "zone-1")
    sink.write([item(OCCUPANCY, occupancy(1, 0, 4))])
    copy = client.dump(key)
    sink.write([item(OCCUPANCY, occupancy(2, 1, 5)), item(OCCUPANCY, occupancy(3, 2, 6))])
    assert copy is not None
    client.restore(key, 0, copy, replace=True)
    assert client.hget(key, "seq") == b"1"

    sink.write([item(OCCUPANCY, occupancy(4, 3, 7))])
    assert client.hget(key, "seq") == b"4"
