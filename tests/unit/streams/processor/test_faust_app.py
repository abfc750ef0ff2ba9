"""The Faust app that checkpointing runs in."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import faust
import pytest
from faust.types import TP

from streams.processor.app import worker_of
from streams.processor.faust_app import checkpointed_app
from streams.processor.faust_consumer import CheckpointedConsumer, CheckpointedTransport, StockSeek
from tests.support.clusters import cluster_at


def test_the_app_leaves_no_folder_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    app = checkpointed_app("stage", cluster_at("127.0.0.1:9"))

    app._create_directories()  # as Faust does when it starts

    assert list(tmp_path.iterdir()) == []


def test_faust_leaves_the_log_lines_of_the_process_to_the_process() -> None:
    """They are redacted, and a debug message that nobody sees is not made, once for each fetch."""
    root = logging.getLogger()
    before = (root.level, list(root.handlers))

    async def start() -> None:
        worker = worker_of(checkpointed_app("stage", cluster_at("127.0.0.1:9")))
        await worker.on_first_start()

    asyncio.run(start())

    assert (root.level, root.handlers) == before
    assert not logging.getLogger("aiokafka").isEnabledFor(logging.DEBUG)


class Nowhere:
    """Read positions of a consumer that is never started."""

    def on_assigned(self) -> None:
        """Do nothing."""

    async def seek(self, consumer: CheckpointedConsumer, stock: StockSeek) -> Mapping[TP, int]:
        """Seek where Faust would."""
        return await stock()

    async def seek_again(self, consumer: CheckpointedConsumer) -> None:
        """Do nothing: nothing was fetched."""

    def folded(self) -> Mapping[TP, int]:
        """Return nothing: no partition is loaded."""
        return {}


def test_a_quiet_partition_keeps_a_busy_one_waiting_for_milliseconds_only() -> None:
    async def deliver(fetched: Any, generation: int) -> None:
        raise AssertionError(fetched)

    async def client_of(app: faust.App) -> Any:
        app.transport = CheckpointedTransport(app, Nowhere(), deliver, fetch_wait_s=0.02)
        thread = cast("CheckpointedConsumer", app.consumer)._new_consumer_thread()
        return thread._create_consumer(asyncio.get_running_loop())

    client = asyncio.run(
        client_of(checkpointed_app("stage", cluster_at("127.0.0.1:9"), max_batch=300))
    )

    assert client._fetch_max_wait_ms == 20
    assert client._fetch_min_bytes == 262_144
    assert client._max_poll_records == 300
