"""A fact that the database refused comes back once whatever stood against it is mended."""

import threading

import psycopg

from runtime.kafka.dead_letter_log import DeadLetterRecord, read_dead_letters
from runtime.process.health import Health
from runtime.process.service import Service
from runtime.process.settings import Settings
from schemas.topics import STAFF
from tests.support.clusters import cluster_of, make_timescale_sink
from tests.support.sink_topics import TOPICS, SinkTopics
from tests.support.tables import rows
from tests.support.waiting import eventually
from workers.operations.deadletters.handling import replay
from workers.sinks.loop import SinkLoop

SITE_RULE = """
    CREATE FUNCTION refuse_doctors() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.role = 'doctor' THEN
            RAISE EXCEPTION 'no doctors here' USING ERRCODE = '22000';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER site_rule BEFORE INSERT ON staff FOR EACH ROW EXECUTE FUNCTION refuse_doctors();
"""


def staff(staff_id: str, role: str) -> dict[str, object]:
    stamp = {"valid_from_us": 1, "recorded_at_us": 1, "removed": False, "recorded_by": "t"}
    return {"staff_id": staff_id, "version": 1, "role": role, **stamp}


def test_a_fact_that_the_database_refused_is_written_after_its_replay(
    pipeline: SinkTopics, pipeline_settings: Settings, database_url: str
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(SITE_RULE)
    service = Service(pipeline_settings, Health("sink-timescale"))
    sink = make_timescale_sink(pipeline_settings)
    loop = SinkLoop(
        service, cluster_of(service.settings), sink, TOPICS, max_records=40, linger_s=0.02
    )
    running = threading.Thread(target=loop.run, daemon=True)
    running.start()
    pipeline.send([(STAFF, staff("s1", "nurse")), (STAFF, staff("s2", "doctor"))])
    dead_letters: list[DeadLetterRecord] = []

    def dead_lettered() -> bool:
        dead_letters[:] = read_dead_letters(cluster_of(pipeline_settings))
        return bool(dead_letters)

    def written() -> list[tuple[object, ...]]:
        return rows(database_url, "SELECT staff_id FROM staff ORDER BY 1")

    eventually(dead_lettered, what="the refused fact is a dead letter")
    eventually(lambda: written() == [("s1",)], what="the other fact is written")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP TRIGGER site_rule ON staff")
    reported = {"actor": "ada", "why": "the rule is gone"}
    first = replay(
        dead_letters,
        cluster_of(pipeline_settings),
        objects_url=pipeline_settings.ingest.object_store_url,
        **reported,
    )
    again = replay(
        dead_letters,
        cluster_of(pipeline_settings),
        objects_url=pipeline_settings.ingest.object_store_url,
        **reported,
    )
    eventually(lambda: written() == [("s1",), ("s2",)], what="the replayed fact is written")
    service.stop.set()
    running.join(60)

    assert [
        (dead_letter.reason, dead_letter.stage, dead_letter.key) for dead_letter in dead_letters
    ] == [("database_refused", "sink-timescale", b"s2@1")]
    assert (len(first.done), len(again.done), len(again.before)) == (1, 0, 1)
    assert len(read_dead_letters(cluster_of(pipeline_settings))) == 1
