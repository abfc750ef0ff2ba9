"""The shared fixtures keep what they promise to tests."""

import psycopg
import pytest
import redis

from tests.support.clusters import cluster_at


def test_each_service_answers_a_client(kafka: str, registry_url: str, redis_url: str) -> None:
    import httpx

    assert cluster_at(kafka).admin().list_topics(timeout=60).brokers
    assert httpx.get(f"{registry_url}/subjects").status_code == 200
    assert redis.Redis.from_url(redis_url).ping()


def test_a_test_gets_a_migrated_database_with_timescale(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        hypertables = connection.execute(
            "SELECT count(*) FROM timescaledb_information.hypertables"
        ).fetchone()

    assert hypertables is not None
    assert hypertables[0] > 0


@pytest.mark.parametrize("turn", ["first", "second"])
def test_what_one_test_writes_the_next_does_not_see(
    turn: str, database_url: str, redis_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT to_regclass('left_behind')").fetchone()
        connection.execute("CREATE TABLE left_behind (x int)")
    left = redis.Redis.from_url(redis_url).getset("left_behind", turn)

    assert found == (None,)
    assert left is None
