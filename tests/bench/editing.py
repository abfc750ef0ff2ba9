"""How many edits a board takes in a second through its API, and how soon each is answered.

    .venv/bin/python -m tests.bench.editing

Prints markdown. A board on a real socket, a real database with many requirements registered, and
an audit in memory: what Kafka adds to it is in the benchmarks of the audit.
"""

import argparse
import logging
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import psycopg
import structlog

from deploy.local.launcher import LocalServices
from tests.support.registry_api import RegistryApi, served_registry
from workers.storage.timescale.migrate import migrate

CHUNK: Final = 5_000
"""Rows of one import; a body has at most 5 MiB."""

LEFT: Final = {"width": 1280, "height": 720, "time_zone": "Europe/Berlin"}
SQUARE: Final = [[0, 0], [400, 0], [400, 400], [0, 400]]


def row(number: int, count: int) -> dict[str, Any]:
    """A requirement."""
    return {"zone_id": f"bay-{number % 50}", "role": "nurse", "count": count}


def register(api: RegistryApi, requirements: int) -> float:
    """Register a ward with many requirements; gives the time of the last import, s."""
    zones = [
        {"zone_id": f"bay-{n}", "camera_id": "left", "polygon": SQUARE, "order": n}
        for n in range(50)
    ]
    cameras, units = [{"camera_id": "left", **LEFT}], [{"unit_id": "east", "floor_ids": ["left"]}]
    made = api.ask("POST", "/imports", {"camera": cameras, "zone": zones, "unit": units})
    assert made.status_code == 200, made.text
    took_s = 0.0
    for first in range(0, requirements, CHUNK):
        rows = [
            {"requirement_id": f"r-{number}", **row(number, 1)}
            for number in range(first, min(first + CHUNK, requirements))
        ]
        started_s = time.perf_counter()
        made = api.ask("POST", "/imports", {"requirement": rows})
        took_s = time.perf_counter() - started_s
        assert made.status_code == 200, made.text
    return took_s


def measure(work: Callable[[int], None], times: int, clients: int) -> tuple[float, list[float]]:
    """Do something many times; gives how often in a second, and how long each took, s."""
    took_s: list[float] = []

    def one_client(client: int) -> None:
        for number in range(client, times, clients):
            started_s = time.perf_counter()
            work(number)
            took_s.append(time.perf_counter() - started_s)

    threads = [threading.Thread(target=one_client, args=(client,)) for client in range(clients)]
    started_s = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(took_s) == times, "a request was refused"
    return times / (time.perf_counter() - started_s), took_s


def shown(name: str, clients: int, rate: float, took_s: Sequence[float]) -> str:
    """A line of the table."""
    cuts = statistics.quantiles(took_s, n=20)
    return (
        f"| {name} | {clients} | {rate:.0f} | {1000 * statistics.median(took_s):.1f} | "
        f"{1000 * cuts[-1]:.1f} |"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requirements", type=int, default=20_000)
    parser.add_argument("--edits", type=int, default=400)
    options = parser.parse_args()
    warnings_alone = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=warnings_alone)
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalServices(Path(folder), components=("timescale",)) as services,
    ):
        url = services.environment["WARDSTREAM_DATABASE_URL"]
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        migrate(url)
        with served_registry(url) as (api, _):
            imported_s = register(api, options.requirements)
            print(f"## Edits through the API, {options.requirements:,} requirements registered\n")
            print("| request | clients | per second | p50, ms | p95, ms |\n|---|---|---|---|---|")
            version = 1
            for clients in (1, 4):

                def change(number: int, version: int = version) -> None:
                    answer = api.put(f"/requirements/r-{number}", row(number, version + 1), version)
                    assert answer.status_code == 200, answer.text

                print(shown("change one", clients, *measure(change, options.edits, clients)))
                version += 1

            def change_in_unit(number: int) -> None:
                path = f"/requirements/r-{number}"
                answer = api.put(path, row(number, 9), 3, by="east")
                assert answer.status_code == 200, answer.text

            in_unit = measure(change_in_unit, 40, 1)
            print(shown("change one, bound to a unit", 1, *in_unit))
            for name, path in (
                ("read one", "/requirements/r-7"),
                ("a page of 100", "/requirements"),
            ):
                found = measure(lambda _, path=path: api.get(path), options.edits, 1)  # type: ignore[misc]
                print(shown(name, 1, *found))
            bound = measure(lambda _: api.get("/requirements", by="east"), 20, 1)
            print(shown("a page of 100, bound to a unit", 1, *bound))
            print(f"\nThe last import of {CHUNK:,} rows took {imported_s:.1f} s.")


if __name__ == "__main__":
    main()
